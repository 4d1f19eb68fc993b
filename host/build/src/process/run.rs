//! A child process that can be ended from another thread, with all that it started.

use std::io::{self, BufReader, Read};
use std::process::{ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use process_wrap::std::{ChildWrapper, CommandWrap};

use super::Group;
#[cfg(unix)]
use super::supervisor::{self, Supervised};

/// How much of a child's standard error is kept, in bytes.
const STDERR_LIMIT: usize = 1 << 20;

/// Cancels a build from another thread. Clones are one token; a cancelled one stays cancelled.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    cancelled: bool,
    child: Option<Running>,
    /// Tokens that are cancelled with this one.
    dependents: Vec<Weak<Mutex<State>>>,
}

/// A child process.
#[derive(Debug)]
enum Running {
    /// A supervisor has started it.
    #[cfg(unix)]
    Supervised(Supervised),
    /// This process has started it.
    Direct(Box<dyn ChildWrapper>),
}

/// How a child ended.
#[derive(Debug)]
pub enum Ended {
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
            child.end();
        }
        for dependent in state.dependents.iter().filter_map(Weak::upgrade) {
            Self(dependent).cancel();
        }
    }

    /// Another token, for a process that runs beside others: it is cancelled with this one, and can be cancelled alone.
    #[must_use]
    pub fn child(&self) -> Self {
        let child = Self::new();
        let mut state = self.state();
        child.state().cancelled = state.cancelled;
        state.dependents.retain(|dependent| dependent.strong_count() > 0);
        state.dependents.push(Arc::downgrade(&child.0));
        child
    }

    /// Whether it was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.state().cancelled
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is consistent between any two statements, so it can be used after a panic elsewhere.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn start(command: Command, group: Group) -> io::Result<Self> {
        #[cfg(unix)]
        if let Some(supervised) = supervisor::start(&command, group) {
            return supervised.map(Self::Supervised);
        }
        let mut command = CommandWrap::from(command);
        command.command_mut().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        confine(&mut command, group);
        command.spawn().map(Self::Direct)
    }

    fn pipes(&mut self) -> (Option<ChildStdout>, Option<std::process::ChildStderr>) {
        match self {
            #[cfg(unix)]
            Self::Supervised(supervised) => supervised.pipes(),
            Self::Direct(child) => (child.stdout().take(), child.stderr().take()),
        }
    }

    /// Ends it and all that it has started. One that has just ended cannot be killed, and need not be.
    fn end(&mut self) {
        match self {
            #[cfg(unix)]
            Self::Supervised(supervised) => supervised.end(),
            Self::Direct(child) => _ = child.start_kill(),
        }
    }

    /// Waits for the process to end. Returns whether it succeeded.
    fn wait(&mut self) -> io::Result<bool> {
        match self {
            #[cfg(unix)]
            Self::Supervised(supervised) => supervised.wait(),
            Self::Direct(child) => child.wait().map(|status| status.success()),
        }
    }
}

/// Has a command started so that it can be ended with what it starts.
#[cfg(unix)]
fn confine(command: &mut CommandWrap, group: Group) {
    if group == Group::Own {
        command.wrap(process_wrap::std::ProcessGroup::leader());
    }
}

/// Has a command started so that it can be ended with what it starts. Both groups are a job of their own here.
#[cfg(windows)]
fn confine(command: &mut CommandWrap, _: Group) {
    command.wrap(process_wrap::std::JobObject);
}

/// Ends the child if it is still there when `run` is left by a panic of its reader.
struct Guard<'a>(&'a CancelToken);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let child = self.0.state().child.take();
        if let Some(mut child) = child {
            child.end();
            let _ = child.wait();
        }
    }
}

/// Runs a command until it ends, handing its output to `read` and each line of its standard error to `on_line`. With a limit, it
/// is ended after that time. With a supervisor, processes that it left running are ended with it. Without one, every process that
/// has its output open is part of it: they are waited for, and ended with it after the limit.
///
/// # Errors
/// It cannot be started.
pub fn run(
    command: Command,
    cancel: &CancelToken,
    limit: Option<Duration>,
    read: impl FnOnce(ChildStdout),
    on_line: &mut (dyn FnMut(&str) + Send),
) -> io::Result<Ended> {
    run_in(Group::Own, command, cancel, limit, read, on_line)
}

/// Runs a command as [`run`] does, in this process group.
pub(super) fn run_in(
    group: Group,
    command: Command,
    cancel: &CancelToken,
    limit: Option<Duration>,
    read: impl FnOnce(ChildStdout),
    on_line: &mut (dyn FnMut(&str) + Send),
) -> io::Result<Ended> {
    let (stdout, stderr) = {
        let mut state = cancel.state();
        if state.cancelled {
            return Ok(Ended::Cancelled);
        }
        let mut child = Running::start(command, group)?;
        let pipes = child.pipes();
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
                child.end();
            }
            late
        })
    });
    let stderr = std::thread::scope(|scope| {
        let stderr =
            scope.spawn(move || stderr.map(|from| lines(from, on_line)).unwrap_or_default());
        if let Some(stdout) = stdout {
            read(stdout);
        }
        stderr.join().unwrap_or_default()
    });
    drop(over);
    let late = watch.is_some_and(|watch| watch.join().unwrap_or_default());
    // Taken out before waiting, so that `cancel` never waits for this.
    let child = cancel.state().child.take();
    drop(guard);
    let success = child.map_or(Ok(false), |mut child| child.wait());
    match (cancel.is_cancelled(), late) {
        (true, _) => Ok(Ended::Cancelled),
        (false, true) => Ok(Ended::Late),
        (false, false) => success.map(|success| Ended::Exited { success, stderr }),
    }
}

/// Reads to the end, keeping the beginning, and calls `on_line` with each line. A carriage return ends one too: progress bars
/// use it.
fn lines(from: impl Read, on_line: &mut dyn FnMut(&str)) -> String {
    let (mut kept, mut line) = (Vec::new(), Vec::new());
    // If the pipe breaks, the text ends; the exit status shows whether the child succeeded.
    for byte in BufReader::new(from).bytes().map_while(Result::ok) {
        if kept.len() < STDERR_LIMIT {
            kept.push(byte);
        }
        if byte != b'\n' && byte != b'\r' {
            if line.len() < STDERR_LIMIT {
                line.push(byte);
            }
            continue;
        }
        let text = String::from_utf8_lossy(&line);
        if !text.trim().is_empty() {
            on_line(text.trim_end());
        }
        line.clear();
    }
    String::from_utf8_lossy(&kept).into_owned()
}
