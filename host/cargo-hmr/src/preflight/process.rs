//! The connection to the process `hmr-preflight`. Two threads read and write, so a process that hangs blocks no one else.

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
    /// Starts the program. `said` is called with each answer, and with none once it has ended.
    pub(super) fn start(
        program: &Path,
        said: impl Fn(Option<Answer>) + Send + 'static,
    ) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (stdin, stdout) = pipes.ok_or_else(|| io::Error::from(io::ErrorKind::BrokenPipe))?;
        thread::spawn(move || {
            let mut from = BufReader::new(stdout);
            while let Ok(Some((answer, _))) = read_frame::<Answer>(&mut from) {
                said(Some(answer));
            }
            said(None);
        });
        let (to, requests) = mpsc::channel::<(Request, Bytes)>();
        thread::spawn(move || {
            let mut to = BufWriter::new(stdin);
            for (request, bytes) in requests {
                // One that does not listen any more is found dead by the other thread.
                if write_frame(&mut to, &request, &bytes).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, to })
    }

    /// Sends a request to the process.
    pub(super) fn say(&self, request: Request, bytes: Bytes) {
        _ = self.to.send((request, bytes));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
