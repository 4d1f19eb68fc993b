//! A Rust compiler: what it is, where it keeps its libraries, and the cargo that goes with it.

use std::fmt;
use std::path::PathBuf;
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use super::{TARGET, ToolchainError};
use crate::environment;
use crate::process::{self, Answer};

/// A compiler that answered.
#[derive(Debug, Clone)]
pub(super) struct Compiler {
    /// The cargo to call with it.
    pub(super) cargo: PathBuf,
    /// Its version.
    pub(super) version: Version,
    /// Where it keeps its libraries.
    pub(super) sysroot: Utf8PathBuf,
    rustc: PathBuf,
}

/// The output of `rustc -vV`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    /// The first line: `rustc 1.96.0 (ac68faa20 2026-05-25)`.
    pub(super) line: String,
    /// All lines.
    pub(super) text: String,
}

impl Compiler {
    /// The compiler that is active in `folder`.
    pub(super) fn active(folder: &Utf8Path) -> Result<Self, ToolchainError> {
        Self::ask("rustc".into(), "cargo".into(), folder)
    }

    /// Asks `rustc` what it is. Both questions are asked at once, because a start of the tool waits for
    /// the answers.
    pub(super) fn ask(
        rustc: PathBuf,
        cargo: PathBuf,
        folder: &Utf8Path,
    ) -> Result<Self, ToolchainError> {
        let call = |arguments: &[&str]| {
            let mut command = Command::new(&rustc);
            command.args(arguments).current_dir(folder);
            environment::clean(&mut command);
            process::ask(command)
        };
        let (version, sysroot) = std::thread::scope(|scope| {
            let version = scope.spawn(|| call(&["-vV"]));
            let sysroot = call(&["--print", "sysroot"]);
            (version.join(), sysroot)
        });
        let version = version.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let answer = |output: std::io::Result<Answer>| {
            let output = output.map_err(ToolchainError::NoRust)?;
            if output.success {
                return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
            }
            let message = output.stderr.trim().to_owned();
            Err(ToolchainError::Compiler { program: rustc.display().to_string(), message })
        };
        let text = answer(version)?;
        let line = text.lines().next().unwrap_or_default().to_owned();
        let sysroot = answer(sysroot)?.into();
        Ok(Self { cargo, version: Version { line, text }, sysroot, rustc })
    }

    /// Whether its own sysroot has a standard library for wasm.
    pub(super) fn has_wasm(&self) -> bool {
        let folder = self.sysroot.join("lib/rustlib").join(TARGET).join("lib");
        folder.read_dir_utf8().is_ok_and(|files| {
            files.flatten().any(|file| {
                file.file_name().starts_with("libstd-") && file.path().extension() == Some("rlib")
            })
        })
    }

    /// Whether the source that its standard library was built from is there.
    pub(super) fn has_library_source(&self) -> bool {
        self.sysroot.join("lib/rustlib/src/rust/library/std/Cargo.toml").is_file()
    }

    /// The compiler's path, if cargo would not find it without help.
    pub(super) fn explicit_rustc(&self) -> Option<PathBuf> {
        self.rustc.is_absolute().then(|| self.rustc.clone())
    }
}

impl Version {
    /// The value of a line like `host: x86_64-unknown-linux-gnu`.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}
