//! How to compile for wasm32 here.
//!
//! The input is the app's folder, because a `rust-toolchain.toml` there counts; the output is a [`Toolchain`]:
//! which cargo to call with which settings. It is the first of these that works:
//!
//! 1. the compiler that is active in that folder already has the target;
//! 2. a standard library that was built here before, for that compiler or the distribution's;
//! 3. `rustup target add` obtains the target;
//! 4. the standard library is built from the compiler's own source, once, into the user's cache
//!    ([`standard_library`]); on Debian the packages for that are installed if they may be.
//!
//! Settings are passed for the wasm target alone, so that build scripts and proc macros are compiled
//! as usual, and never as `RUSTFLAGS`.

mod compiler;
mod debian;
mod doctor;
mod linker;
mod rustup;
mod standard_library;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use camino::Utf8Path;

use self::compiler::Compiler;
pub use self::doctor::{Finding, Status, doctor};
use crate::environment;

/// The target that modules are compiled for.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// How to call cargo so that it compiles for `wasm32-unknown-unknown`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    cargo: PathBuf,
    rustc: Option<PathBuf>,
    arguments: Vec<OsString>,
    description: String,
}

/// Progress while a toolchain is prepared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A new step, for people: `building the wasm32 standard library (once, about a minute)`.
    Step(String),
    /// More about the step: another program's output, or why an option was not possible.
    Detail(String),
    /// A crate of the standard library is being compiled.
    Compiling {
        /// How many are done.
        done: usize,
        /// How many there are, if that is known.
        total: Option<usize>,
        /// The crate.
        name: String,
    },
}

impl std::fmt::Display for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Step(text) | Self::Detail(text) => f.write_str(text),
            Self::Compiling { done, total: Some(total), name } => {
                write!(f, "compiling {name} ({done}/{total})")
            }
            Self::Compiling { done, total: None, name } => write!(f, "compiling {name} ({done})"),
        }
    }
}

/// Why no toolchain could be found.
#[derive(Debug, thiserror::Error)]
pub enum ToolchainError {
    /// Rust is not installed.
    #[error("no Rust compiler was found: {0}\nhint: install Rust from https://rustup.rs")]
    NoRust(std::io::Error),
    /// The compiler does not work.
    #[error(
        "`{program}` does not work\n{message}\nhint: `{program} -vV` in the app's folder says the same"
    )]
    Compiler {
        /// What was called.
        program: String,
        /// The error message of the program.
        message: String,
    },
    /// No way to get a standard library works.
    #[error(
        "there is no standard library for `wasm32-unknown-unknown`\n{tried}\nhint: run `{remedy}`"
    )]
    NoStandardLibrary {
        /// What was tried, a line each.
        tried: String,
        /// The command that fixes it.
        remedy: String,
    },
    /// The standard library could not be compiled.
    #[error(
        "the wasm32 standard library could not be built from the source of {compiler}\n{message}\nhint: {hint}"
    )]
    Build {
        /// The compiler.
        compiler: String,
        /// The end of cargo's output.
        message: String,
        /// What to do.
        hint: String,
    },
    /// There is nothing that links wasm.
    #[error("there is no linker for wasm\nhint: run `{remedy}`")]
    NoLinker {
        /// The command that fixes it.
        remedy: String,
    },
    /// The cache cannot be written.
    #[error(
        "the cache folder `{folder}` cannot be used: {source}\nhint: make it writable, or set `XDG_CACHE_HOME`"
    )]
    Cache {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Toolchain {
    /// Finds a way to compile for wasm32 in `app_folder`, making one if there is none yet. That may
    /// download, and compile for a minute; `on` is called with the progress.
    pub fn find(
        app_folder: &Utf8Path,
        on: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Toolchain, ToolchainError> {
        let active = Compiler::active(app_folder)?;
        if active.has_wasm() {
            return Ok(Self::of(&active));
        }
        if let Some(toolchain) = Self::cached(&active) {
            return Ok(toolchain);
        }
        let mut tried = Vec::new();
        match rustup::add_target(&active, app_folder, on) {
            Ok(()) => {
                let active = Compiler::active(app_folder)?;
                if active.has_wasm() {
                    return Ok(Self::of(&active));
                }
                tried
                    .push("`rustup target add` reported success, but the target is missing".into());
            }
            Err(reason) => tried.push(reason),
        }
        for reason in &tried {
            on(Progress::Detail(reason.clone()));
        }
        let compiler = source_of_library(&active, &mut tried, on)?;
        Self::with_built_library(&compiler, on)
    }

    /// Describes for people which compiler and which standard library are used.
    #[must_use]
    pub fn describe(&self) -> String {
        self.description.clone()
    }

    /// A cargo call, to be completed with a subcommand's further arguments and a folder.
    pub(crate) fn command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.cargo);
        environment::clean(&mut command);
        if let Some(rustc) = &self.rustc {
            command.env("RUSTC", rustc);
        }
        command.arg(subcommand).args(&self.arguments);
        command
    }

    /// The toolchain of a compiler that needs no further settings.
    fn of(compiler: &Compiler) -> Self {
        Self {
            cargo: compiler.cargo.clone(),
            rustc: compiler.explicit_rustc(),
            arguments: Vec::new(),
            description: format!("{} with its own wasm32 standard library", compiler.version),
        }
    }

    /// A library that an earlier run built, for the active compiler or else the distribution's.
    fn cached(active: &Compiler) -> Option<Self> {
        let usable = |compiler: &Compiler| {
            let sysroot = standard_library::cached(compiler)?;
            Some(Self::with_sysroot(compiler, &sysroot, &linker::find(compiler, active)?))
        };
        usable(active).or_else(|| usable(&debian::compiler(active)?))
    }

    fn with_built_library(
        compiler: &Compiler,
        on: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Self, ToolchainError> {
        let linker = match linker::find(compiler, compiler) {
            Some(linker) => linker,
            None => debian::install_linker(compiler, on)?,
        };
        let sysroot = standard_library::build(compiler, on)?;
        Ok(Self::with_sysroot(compiler, &sysroot, &linker))
    }

    fn with_sysroot(compiler: &Compiler, sysroot: &Utf8Path, linker: &Utf8Path) -> Self {
        let setting = |key: &str, value: serde_json::Value| {
            // A JSON string or array of strings is TOML as well.
            ["--config".into(), format!("target.{TARGET}.{key}={value}").into()]
        };
        let flags = setting("rustflags", serde_json::json!(["--sysroot", sysroot]));
        let linker = setting("linker", serde_json::json!(linker));
        Self {
            cargo: compiler.cargo.clone(),
            rustc: compiler.explicit_rustc(),
            arguments: flags.into_iter().chain(linker).collect(),
            description: format!(
                "{} with a wasm32 standard library built from its source in `{sysroot}`",
                compiler.version
            ),
        }
    }
}

/// A compiler whose library source is available; installs Debian's packages if necessary.
fn source_of_library(
    active: &Compiler,
    tried: &mut Vec<String>,
    on: &mut (dyn FnMut(Progress) + Send),
) -> Result<Compiler, ToolchainError> {
    if active.has_library_source() {
        return Ok(active.clone());
    }
    tried.push(format!("{} has no library source to build from", active.version));
    if let Some(compiler) = debian::compiler(active).filter(Compiler::has_library_source) {
        return Ok(compiler);
    }
    match debian::install_compiler(on) {
        Ok(()) => match debian::compiler(active).filter(Compiler::has_library_source) {
            Some(compiler) => return Ok(compiler),
            None => tried.push("Debian's packages have no library source".into()),
        },
        Err(reason) => tried.push(reason),
    }
    Err(ToolchainError::NoStandardLibrary { tried: tried.join("\n"), remedy: remedy(active) })
}

/// The command that most likely installs a standard library.
fn remedy(active: &Compiler) -> String {
    if rustup::manages(active) {
        rustup::ADD_TARGET.into()
    } else if debian::is_here() {
        format!("sudo {}", debian::install_command())
    } else {
        "curl https://sh.rustup.rs -sSf | sh".into()
    }
}
