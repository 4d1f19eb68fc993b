//! Starting programs: where from, with which environment, and how their failure is reported.
//!
//! Invariants: a program gets no standard input, so that nothing waits for an answer; and none of the variables that
//! `cargo run` set for this program, so that the fingerprints of what it builds are those of a plain `cargo` call.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Variables that cargo sets for the program that it runs, by the start of their names.
const SET_BY_CARGO_RUN: [&str; 5] =
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE"];

/// One thing to do, with its name in the summary.
pub(crate) struct Step {
    /// Shown above its output and in the summary.
    pub(crate) name: String,
    action: Action,
}

enum Action {
    Program(Command),
    Function(Box<dyn FnOnce() -> Result<(), String>>),
}

impl Step {
    /// Passes if the program exits with zero.
    pub(crate) fn program(name: impl Into<String>, command: Command) -> Self {
        Self { name: name.into(), action: Action::Program(command) }
    }

    /// Passes if the function does.
    pub(crate) fn function(
        name: impl Into<String>,
        function: impl FnOnce() -> Result<(), String> + 'static,
    ) -> Self {
        Self { name: name.into(), action: Action::Function(Box::new(function)) }
    }

    /// Runs it. The error is one line for people.
    pub(crate) fn run(self) -> Result<(), String> {
        match self.action {
            Action::Program(command) => run(command),
            Action::Function(function) => function(),
        }
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// A program that is to run in `folder`.
pub(crate) fn program(name: &str, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    for (variable, _) in env::vars_os() {
        let text = variable.to_string_lossy();
        if SET_BY_CARGO_RUN.iter().any(|start| text.starts_with(start)) {
            command.env_remove(&variable);
        }
    }
    command
}

/// A cargo call in the root of the repository.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    program("cargo", &root(), arguments)
}

/// Runs a program with its output shown; an error reports how it ended.
pub(crate) fn run(mut command: Command) -> Result<(), String> {
    let line = line(&command);
    eprintln!("    {line}");
    let status = command.status().map_err(|error| format!("`{line}` did not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` ended with {status}")) }
}

/// What a program prints, if it starts and succeeds. For queries, whose failure is an answer too.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether a program of this name is on the path.
pub(crate) fn on_path(name: &str) -> bool {
    which::which(name).is_ok()
}

/// The command as one would type it.
fn line(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}
