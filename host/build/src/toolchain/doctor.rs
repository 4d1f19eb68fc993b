//! Checks everything that the tool needs on this machine, without changing anything.

use std::process::Command;

use camino::Utf8Path;

use super::compiler::Compiler;
use super::{Toolchain, debian, linker, remedy, rustup};
use crate::{environment, process};

/// How one thing that the tool needs is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is there.
    Ok,
    /// It is missing, and the tool does not work without it.
    Missing,
    /// It is not as it should be, but the tool works.
    Warning,
}

/// The result of [`doctor`] for one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The thing.
    pub what: String,
    /// How it is.
    pub status: Status,
    /// What was seen.
    pub detail: String,
    /// The exact command that fixes it.
    pub remedy: Option<String>,
}

/// Checks everything that the tool needs on this machine. Changes nothing and installs nothing.
#[must_use]
pub fn doctor(app_folder: &Utf8Path) -> Vec<Finding> {
    let active = match Compiler::active(app_folder) {
        Ok(active) => active,
        Err(error) => {
            let remedy = "curl https://sh.rustup.rs -sSf | sh".to_owned();
            return vec![missing("Rust compiler", error.to_string(), Some(remedy))];
        }
    };
    vec![
        fine("Rust compiler", format!("{} in `{}`", active.version, active.sysroot)),
        cargo(&active, app_folder),
        standard_library(&active),
        linker_of(&active),
        host_linker(),
    ]
}

fn cargo(active: &Compiler, folder: &Utf8Path) -> Finding {
    let mut command = Command::new(&active.cargo);
    command.arg("--version").current_dir(folder);
    environment::clean(&mut command);
    match process::ask(command) {
        Ok(output) if output.success => {
            fine("cargo", String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        Ok(output) => missing("cargo", output.stderr.trim().to_owned(), None),
        Err(error) => missing("cargo", error.to_string(), Some(remedy(active))),
    }
}

fn standard_library(active: &Compiler) -> Finding {
    const WHAT: &str = "wasm32 standard library";
    if active.has_wasm() {
        return fine(WHAT, "part of the compiler's toolchain".into());
    }
    if let Some(toolchain) = Toolchain::cached(active) {
        return fine(WHAT, toolchain.describe());
    }
    let source = [Some(active.clone()), debian::compiler(active)]
        .into_iter()
        .flatten()
        .find(Compiler::has_library_source);
    let (status, detail, remedy) = if rustup::manages(active) {
        (Status::Warning, "not there; the first start adds it".into(), Some(remedy(active)))
    } else if let Some(compiler) = source {
        let detail =
            format!("not there; the first start builds it from the source of {}", compiler.version);
        (Status::Warning, detail, None)
    } else {
        let detail = "not there, and there is no source to build it from".into();
        (Status::Missing, detail, Some(remedy(active)))
    };
    Finding { what: WHAT.into(), status, detail, remedy }
}

fn linker_of(active: &Compiler) -> Finding {
    match linker::find(active, active) {
        Some(path) => fine("wasm linker", format!("`{path}`")),
        None => missing("wasm linker", "no `rust-lld` or `wasm-ld`".into(), Some(remedy(active))),
    }
}

/// Build scripts and proc macros are programs of this machine, and are linked by its C compiler.
fn host_linker() -> Finding {
    const WHAT: &str = "C compiler, for build scripts and proc macros";
    if cfg!(windows) {
        return fine(WHAT, "Rust finds it by itself".into());
    }
    let remedy = || debian::is_here().then(|| "sudo apt-get install gcc libc6-dev".to_owned());
    which::which("cc").map_or_else(
        |_| missing(WHAT, "there is no `cc` on the path".into(), remedy()),
        |file| fine(WHAT, format!("`{}`", file.display())),
    )
}

fn fine(what: &str, detail: String) -> Finding {
    Finding { what: what.into(), status: Status::Ok, detail, remedy: None }
}

fn missing(what: &str, detail: String, remedy: Option<String>) -> Finding {
    Finding { what: what.into(), status: Status::Missing, detail, remedy }
}
