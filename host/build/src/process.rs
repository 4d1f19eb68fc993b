//! The one place that starts processes: compilers, gates, questions to other programs.
//!
//! Everything that is started here ends with the tool. On Unix a command is not started by the tool itself but by a
//! [`supervisor`], a small process that ends it, with all that it has started, as soon as the tool has ended, for any reason.
//! For that, the tool's executable is started a second time: its `main` calls [`supervise_if_asked`] first. A program that
//! does not (a test, say) starts commands directly, and can only end those that it cancels.
//!
//! A process that a command has put into a session of its own (`setsid`) is meant to run on after it, such as the server of a
//! compiler cache: it is not ended.

#[expect(clippy::disallowed_methods, reason = "commands are started here")]
mod run;
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "commands are started here")]
mod supervisor;

use std::io::{self, Read};
use std::process::Command;

use self::run::run_in;
pub use self::run::{CancelToken, Ended, run};

/// Which process group a child is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    /// One of its own: a terminal sends its signals to the tool alone, which decides what they mean.
    Own,
    /// That of the tool, so that it can ask for a password.
    Shared,
}

/// What a program has answered.
pub(crate) struct Answer {
    pub(crate) success: bool,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

/// Runs a command to its end for what it prints.
pub(crate) fn ask(command: Command) -> io::Result<Answer> {
    ask_with(command, &mut |_| {})
}

/// Runs a command to its end for what it prints; `on_line` gets the lines of its standard error as they come.
pub(crate) fn ask_with(
    command: Command,
    on_line: &mut (dyn FnMut(&str) + Send),
) -> io::Result<Answer> {
    let mut stdout = Vec::new();
    let read = |mut from: std::process::ChildStdout| {
        // If the pipe breaks, the output ends; the exit status shows whether the program succeeded.
        _ = from.read_to_end(&mut stdout);
    };
    match run_in(Group::Shared, command, &CancelToken::new(), None, read, on_line)? {
        Ended::Exited { success, stderr } => Ok(Answer { success, stdout, stderr }),
        // It is never cancelled, and there is no limit.
        Ended::Cancelled | Ended::Late => Err(io::ErrorKind::Interrupted.into()),
    }
}

/// Runs a command to its end for its effect; `on_line` gets the lines of its standard error as they come.
pub(crate) fn perform(
    command: Command,
    on_line: &mut (dyn FnMut(&str) + Send),
) -> io::Result<bool> {
    let read = |mut from: std::process::ChildStdout| _ = io::copy(&mut from, &mut io::sink());
    let ended = run(command, &CancelToken::new(), None, read, on_line)?;
    Ok(matches!(ended, Ended::Exited { success: true, .. }))
}

/// Does the work of a supervisor if this process was started as one, and gives its exit code. Otherwise commands are started
/// through this executable from now on. For the first line of a `main`.
#[must_use]
pub fn supervise_if_asked() -> Option<std::process::ExitCode> {
    #[cfg(unix)]
    return supervisor::supervise_if_asked();
    #[cfg(not(unix))]
    None
}
