//! A child process that can be killed from another thread, with all that it started.

use std::io::{self, Read};
use std::process::{ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use process_wrap::std::{ChildWrapper, CommandWrap};

/// How much of a child's standard error is kept, in bytes.
const STDERR_LIMIT: u64 = 1 << 20;

/// Cancels a build from another thread. Clones are one token; a cancelled one stays cancelled.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    cancelled: bool,
    child: Option<Box<dyn ChildWrapper>>,
}

/// How a child ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// By itself.
    Exited {
        /// Whether its exit status is 0.
        success: bool,
        /// What it wrote to its standard error.
        stderr: String,
    },
    /// By the token.
    Cancelled,
    /// It took longer than it may, and was killed.
    Late,
}

impl CancelToken {
    /// A token that is not cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the build that the token was given to, at once, and any that it will be given to.
    pub fn cancel(&self) {
        let mut state = self.state();
        state.cancelled = true;
        if let Some(child) = &mut state.child {
            // A child that has just ended by itself cannot be killed, and need not be.
            let _ = child.start_kill();
        }
    }

    /// Whether it was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.state().cancelled
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Kills the child if it is still there when `run` is left by a panic of its reader.
struct Guard<'a>(&'a CancelToken);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.state().child.take() {
            let _ = child.start_kill();
            let _ = child.wait();
        }
    }
}

/// Runs a command in a process group of its own until it ends, handing its output to `read`. With a limit, it is killed after that
/// time, and so is what it has left running with its output open.
pub(crate) fn run(
    mut command: Command,
    cancel: &CancelToken,
    limit: Option<Duration>,
    read: impl FnOnce(ChildStdout),
) -> io::Result<Ended> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut command = CommandWrap::from(command);
    #[cfg(unix)]
    command.wrap(process_wrap::std::ProcessGroup::leader());
    #[cfg(windows)]
    command.wrap(process_wrap::std::JobObject);

    let (stdout, stderr) = {
        let mut state = cancel.state();
        if state.cancelled {
            return Ok(Ended::Cancelled);
        }
        let mut child = command.spawn()?;
        let pipes = (child.stdout().take(), child.stderr().take());
        state.child = Some(child);
        pipes
    };
    let guard = Guard(cancel);
    let (over, waiting) = mpsc::channel::<()>();
    let watch = limit.map(|limit| {
        let token = cancel.clone();
        std::thread::spawn(move || {
            let late = waiting.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
            if let Some(child) = token.state().child.as_mut().filter(|_| late) {
                // One that has just ended by itself cannot be killed, and need not be.
                let _ = child.start_kill();
            }
            late
        })
    });
    let stderr = std::thread::spawn(move || stderr.map(text).unwrap_or_default());
    if let Some(stdout) = stdout {
        read(stdout);
    }
    let stderr = stderr.join().unwrap_or_default();
    drop(over);
    let late = watch.is_some_and(|watch| watch.join().unwrap_or_default());
    // Taken out before waiting, so that `cancel` never waits for this.
    let child = cancel.state().child.take();
    drop(guard);
    let success =
        child.map_or(Ok(false), |mut child| child.wait().map(|status| status.success()))?;
    Ok(match (cancel.is_cancelled(), late) {
        (true, _) => Ended::Cancelled,
        (false, true) => Ended::Late,
        (false, false) => Ended::Exited { success, stderr },
    })
}

/// Reads to the end, keeping the beginning.
fn text(mut from: impl Read) -> String {
    let mut bytes = Vec::new();
    // A pipe that breaks ends the text; whether the child succeeded is told by its status.
    let _ = from.by_ref().take(STDERR_LIMIT).read_to_end(&mut bytes);
    let _ = io::copy(&mut from, &mut io::sink());
    String::from_utf8_lossy(&bytes).into_owned()
}
