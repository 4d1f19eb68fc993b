//! rustup: the ordinary way to a target.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use camino::Utf8Path;

use super::compiler::Compiler;
use super::{Progress, TARGET};
use crate::environment;

/// The command that adds the target, as a person would type it.
pub(super) const ADD_TARGET: &str = "rustup target add wasm32-unknown-unknown";

/// Whether the compiler is one of rustup's toolchains.
pub(super) fn manages(compiler: &Compiler) -> bool {
    compiler.sysroot.parent().is_some_and(|folder| folder.file_name() == Some("toolchains"))
}

/// Adds the target to the toolchain that is active in `folder`. The error says why that cannot be.
pub(super) fn add_target(
    compiler: &Compiler,
    folder: &Utf8Path,
    on: &mut dyn FnMut(Progress),
) -> Result<(), String> {
    if !manages(compiler) {
        return Err(format!("{} is not managed by rustup", compiler.version));
    }
    on(Progress::Step(format!("adding the target {TARGET} with rustup")));
    let mut command = Command::new("rustup");
    command
        .args(["target", "add", TARGET])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    environment::clean(&mut command);
    let failed = |reason: &dyn std::fmt::Display| format!("`{ADD_TARGET}` failed: {reason}");
    let mut child = command.spawn().map_err(|error| failed(&error))?;
    let mut last = String::from("it gave no reason");
    for line in child.stderr.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let Ok(line) = line else { break };
        if let Some(error) = line.strip_prefix("error: ") {
            error.clone_into(&mut last);
        }
        on(Progress::Detail(line));
    }
    let status = child.wait().map_err(|error| failed(&error))?;
    if status.success() { Ok(()) } else { Err(failed(&last)) }
}
