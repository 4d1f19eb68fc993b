//! The connection to the process `hmr-preflight`. Two threads read and write, so a process that hangs does not block the others.

use std::{
    io::{self, BufReader, BufWriter},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
};

use axum::body::Bytes;
use hmr_protocol::preflight::{Answer, Request, read_frame, write_frame};

/// A running process, which ends when this is dropped.
pub(super) struct Process {
    child: Child,
    to: mpsc::Sender<(Request, Bytes)>,
}

impl Process {
    /// Starts the program. `on_answer` is called with each answer, and with `None` when the process has ended.
    pub(super) fn start(
        program: &Path,
        on_answer: impl Fn(Option<Answer>) + Send + 'static,
    ) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (stdin, stdout) = pipes.ok_or_else(|| io::Error::from(io::ErrorKind::BrokenPipe))?;
        thread::spawn(move || {
            let mut from = BufReader::new(stdout);
            while let Ok(Some((answer, _))) = read_frame::<Answer>(&mut from) {
                on_answer(Some(answer));
            }
            on_answer(None);
        });
        let (to, requests) = mpsc::channel::<(Request, Bytes)>();
        thread::spawn(move || {
            let mut to = BufWriter::new(stdin);
            for (request, bytes) in requests {
                // The other thread notices that the process has ended.
                if write_frame(&mut to, &request, &bytes).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, to })
    }

    /// Sends a request to the process.
    pub(super) fn send(&self, request: Request, bytes: Bytes) {
        _ = self.to.send((request, bytes));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
