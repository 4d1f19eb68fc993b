//! Gates: a command of the developer's that must succeed before an update of a module is announced.
//!
//! The command is a line for the system's shell. It runs in the package's folder, in a process group of its own, with the
//! environment of [`environment`], and ends with all that it started when its [`CancelToken`] is cancelled.
//!
//! A gate ends with its command, and processes that the command left running are ended then. Where there is no supervisor (on
//! Windows, and in programs that do not call [`process::supervise_if_asked`]), that is waited for as long as it has the command's output open,
//! up to the limit.

use std::process::Command;
use std::time::Duration;

use camino::Utf8Path;

use crate::process::{self, CancelToken, Ended};
use crate::tail::Tail;
use crate::{Failure, environment};

/// How a gate ended.
#[derive(Debug)]
pub enum GateOutcome {
    /// The command succeeded.
    Passed,
    /// It did not, or could not be started; the diagnostic is the end of its output.
    Failed(Failure),
    /// The token was cancelled.
    Cancelled,
}

/// Runs `line`, the gate of `module`, in `folder`. Blocks until it has ended, was cancelled, or has taken longer than `limit`, which
/// is a failure.
#[must_use]
pub fn gate(
    module: &str,
    line: &str,
    folder: &Utf8Path,
    limit: Duration,
    cancel: &CancelToken,
) -> GateOutcome {
    let mut command = shell(line);
    environment::clean(&mut command);
    command.current_dir(folder);
    let mut output = Tail::default();
    let read = |stdout| Tail::read(stdout, |bytes| output.push(bytes));
    let reason = match process::run(command, cancel, Some(limit), read, &mut |_| {}) {
        Ok(Ended::Cancelled) => return GateOutcome::Cancelled,
        Ok(Ended::Exited { success: true, .. }) => return GateOutcome::Passed,
        Ok(Ended::Exited { success: false, stderr }) => {
            output.push(stderr.as_bytes());
            output.text()
        }
        Ok(Ended::Late) => {
            let late = format!(
                "it was ended after {} s\nhint: set `gate-limit` to a larger number of seconds, or see what it waits for",
                limit.as_secs_f64()
            );
            format!("{}\n{late}", output.text().trim_end()).trim_start().to_owned()
        }
        Err(error) => format!("the shell could not be started: {error}"),
    };
    let reason = if reason.trim().is_empty() { "it printed nothing" } else { reason.trim_end() };
    let title = format!("the gate of `{module}` failed");
    GateOutcome::Failed(Failure::plain(&title, &format!("`{line}` failed\n{reason}")))
}

/// The shell that runs `line`, with both outputs in one, so that they are read in the order of writing.
#[cfg(unix)]
fn shell(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("exec 2>&1\n{line}"));
    command
}

/// The shell that runs `line`.
#[cfg(not(unix))]
fn shell(line: &str) -> Command {
    let mut command = Command::new("cmd");
    command.arg("/C").arg(line);
    command
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::tail::KEPT;

    fn run(line: &str, cancel: &CancelToken) -> GateOutcome {
        gate("board", line, Utf8Path::new("/"), Duration::from_mins(5), cancel)
    }

    #[test]
    fn one_that_takes_too_long_fails() {
        ends_late("echo waiting; sleep 600");
    }

    /// These tests have no supervisor. How the tool ends what a gate leaves is in `tests/tests/processes.rs`.
    #[test]
    fn without_a_supervisor_what_it_leaves_running_is_waited_for_up_to_the_limit() {
        ends_late("sleep 600 & echo waiting");
    }

    fn ends_late(line: &str) {
        let limit = Duration::from_millis(200);
        let ended = gate("board", line, Utf8Path::new("/"), limit, &CancelToken::new());
        let GateOutcome::Failed(failure) = ended else { panic!("it fails") };
        let rendered = &failure.diagnostics[0].rendered;
        assert!(rendered.contains("waiting\nit was ended after 0.2 s"), "{rendered}");
    }

    #[test]
    fn a_command_that_succeeds_lets_the_update_pass() {
        let outcome = run("echo fine && test \"$PWD\" = /", &CancelToken::new());
        assert!(matches!(outcome, GateOutcome::Passed), "{outcome:?}");
    }

    #[test]
    fn a_failure_shows_the_end_of_both_outputs_in_order() {
        let line = "seq 1 9000; echo wrong >&2; echo last; exit 3";
        let GateOutcome::Failed(failure) = run(line, &CancelToken::new()) else {
            panic!("it fails");
        };
        assert_eq!(failure.title, "the gate of `board` failed");
        let rendered = &failure.diagnostics[0].rendered;
        assert!(rendered.ends_with("8999\n9000\nwrong\nlast"), "{rendered}");
        assert!(rendered.starts_with("`seq 1 9000;") && rendered.contains("\n…\n"), "{rendered}");
        assert!(rendered.len() < KEPT + 200, "{}", rendered.len());
    }

    #[test]
    fn a_silent_failure_says_so() {
        let GateOutcome::Failed(failure) = run("exit 1", &CancelToken::new()) else {
            panic!("it fails");
        };
        assert_eq!(failure.diagnostics[0].rendered, "`exit 1` failed\nit printed nothing");
    }

    #[test]
    fn cancelling_ends_it_with_all_that_it_started() {
        let cancel = CancelToken::new();
        let token = cancel.clone();
        let keep = tempfile::tempdir().expect("a temporary folder");
        let started = keep.path().join("started");
        let line = format!("sh -c 'mkfifo {0} && echo on > {0}; sleep 600'", started.display());
        let gate = std::thread::spawn(move || run(&line, &token));
        // Reading ends once the inner shell has written, so that there is something to end.
        while !started.exists() {
            std::thread::yield_now();
        }
        assert_eq!(std::fs::read_to_string(&started).expect("a pipe"), "on\n");
        cancel.cancel();
        let outcome = gate.join().expect("the gate ends");
        assert!(matches!(outcome, GateOutcome::Cancelled), "{outcome:?}");
    }
}
