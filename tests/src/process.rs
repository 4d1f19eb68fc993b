//! A child process that cannot outlive the test that started it.
//!
//! In: a command. Out: its standard output line by line, its standard error as text, and its end. Each child leads a
//! process group of its own, and dropping the value ends the group, so a test that panics leaves nothing behind.

use process_wrap::std::{ChildWrapper, CommandWrap, ProcessGroup};
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// SIGTERM, which ends a process as its user would.
const TERMINATE: i32 = 15;

/// How often the state of a process is checked.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A running child process and what it has printed.
#[derive(Debug)]
pub struct Process {
    child: Box<dyn ChildWrapper>,
    /// Whole lines of standard output, as they are written. Disconnected when the process closes it.
    pub lines: Receiver<String>,
    errors: Arc<Mutex<String>>,
    /// Copies standard error until the process closes it.
    reader: JoinHandle<()>,
}

impl Process {
    /// Starts `command` without standard input.
    ///
    /// # Panics
    ///
    /// If it does not start.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let line = format!("{command:?}");
        let mut child = CommandWrap::from(command)
            .wrap(ProcessGroup::leader())
            .spawn()
            .unwrap_or_else(|error| panic!("{line} did not start: {error}"));

        let (sender, lines) = mpsc::channel();
        let output = child.stdout().take().expect("standard output is piped");
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });

        let errors = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&errors);
        let stream = child.stderr().take().expect("standard error is piped");
        let reader = thread::spawn(move || keep(stream, &kept));
        Self { child, lines, errors, reader }
    }

    /// Everything that it has written to standard error so far.
    #[must_use]
    pub fn errors(&self) -> String {
        self.errors.lock().map(|text| text.clone()).unwrap_or_default()
    }

    /// Its number in the system.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has written `part` to standard error.
    ///
    /// # Panics
    ///
    /// If it has not before the deadline.
    pub fn wait_error(&self, part: &str, deadline: Duration) {
        let last = Instant::now() + deadline;
        while !self.errors().contains(part) {
            assert!(
                Instant::now() < last,
                "no `{part}` within {deadline:?}; it wrote:\n{}",
                self.errors()
            );
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Terminates it, and waits until it has ended.
    ///
    /// # Panics
    ///
    /// If it has not ended before the deadline.
    pub fn terminate(&mut self, deadline: Duration) -> ExitStatus {
        drop(self.child.signal(TERMINATE));
        self.end(deadline)
    }

    /// Waits until it ends by itself and everything that it wrote to standard error has been read.
    ///
    /// # Panics
    ///
    /// If it has not ended before the deadline.
    pub fn end(&mut self, deadline: Duration) -> ExitStatus {
        let last = Instant::now() + deadline;
        loop {
            let status = self.child.try_wait().expect("the status of a child can be read");
            if let (Some(status), true) = (status, self.reader.is_finished()) {
                return status;
            }
            assert!(
                Instant::now() < last,
                "still running after {deadline:?}; it wrote:\n{}",
                self.errors()
            );
            thread::sleep(POLL_INTERVAL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.start_kill());
        drop(self.child.wait());
    }
}

fn keep(mut stream: impl Read, kept: &Mutex<String>) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        let text = String::from_utf8_lossy(&buffer[..length]);
        if let Ok(mut kept) = kept.lock() {
            kept.push_str(&text);
        }
    }
}
