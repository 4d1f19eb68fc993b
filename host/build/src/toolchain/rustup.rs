//! rustup: the ordinary way to a target.

use std::process::Command;

use camino::Utf8Path;

use super::compiler::Compiler;
use super::{Progress, TARGET};
use crate::{environment, process};

/// The command that adds the target, as a person would type it.
pub(super) const ADD_TARGET: &str = "rustup target add wasm32-unknown-unknown";

/// Whether the compiler is one of rustup's toolchains.
pub(super) fn manages(compiler: &Compiler) -> bool {
    compiler.sysroot.parent().is_some_and(|folder| folder.file_name() == Some("toolchains"))
}

/// Adds the target to the toolchain that is active in `folder`. The error explains why that is not possible.
pub(super) fn add_target(
    compiler: &Compiler,
    folder: &Utf8Path,
    on: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), String> {
    if !manages(compiler) {
        return Err(format!("{} is not managed by rustup", compiler.version));
    }
    on(Progress::Step(format!("adding the target {TARGET} with rustup")));
    let mut command = Command::new("rustup");
    command.args(["target", "add", TARGET]).current_dir(folder);
    environment::clean(&mut command);
    let failed = |reason: &dyn std::fmt::Display| format!("`{ADD_TARGET}` failed: {reason}");
    let mut last = String::from("it gave no reason");
    let success = process::perform(command, &mut |line| {
        if let Some(error) = line.strip_prefix("error: ") {
            error.clone_into(&mut last);
        }
        on(Progress::Detail(line.to_owned()));
    });
    let success = success.map_err(|error| failed(&error))?;
    if success { Ok(()) } else { Err(failed(&last)) }
}
