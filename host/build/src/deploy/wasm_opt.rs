//! Runs `wasm-opt`, the optimiser of [Binaryen](https://github.com/WebAssembly/binaryen).

use std::process::Command;

use camino::Utf8PathBuf;

use crate::process::{self, CancelToken, Ended};
use crate::{Failure, environment};

/// The level unless a page names another: for size, which is also the profile that matters most to visitors.
const LEVEL: &str = "s";

/// Features that rustc turns on for wasm32-unknown-unknown, or that wasm-bindgen uses. The section in which the compiler lists them
/// does not survive wasm-bindgen.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// The program `wasm-opt`, if there is one.
#[derive(Debug, Clone)]
pub struct Optimiser {
    program: Option<Utf8PathBuf>,
}

/// What came of an optimisation.
#[derive(Debug)]
pub enum Optimised {
    /// The optimised binary.
    Done(Vec<u8>),
    /// The program is not installed.
    NotInstalled,
    /// The page turns it off.
    Off,
    /// It was cancelled.
    Cancelled,
}

impl Optimiser {
    /// Looks for the program on the `PATH` and where npm has installed it, in a folder above `folder`.
    #[must_use]
    pub fn find(folder: &camino::Utf8Path) -> Self {
        let installed = folder.ancestors().map(|folder| folder.join("node_modules/.bin"));
        let folders = std::env::join_paths(installed.map(Utf8PathBuf::into_std_path_buf)).ok();
        let found = which::which("wasm-opt")
            .or_else(|_| which::which_in("wasm-opt", folders, folder))
            .ok()
            .and_then(|path| Utf8PathBuf::try_from(path).ok());
        Self { program: found }
    }

    /// Optimises a binary. `level` is that of the page, `0` to `4`, `s` or `z`; `arguments` are more of them.
    ///
    /// # Errors
    /// The program fails; the failure says how to do without it.
    pub fn run(
        &self,
        module: &str,
        wasm: &[u8],
        level: Option<&str>,
        arguments: &[String],
        cancel: &CancelToken,
    ) -> Result<Optimised, Failure> {
        let level = level.filter(|level| !level.is_empty()).unwrap_or(LEVEL);
        if level == "0" {
            return Ok(Optimised::Off);
        }
        let Some(program) = &self.program else { return Ok(Optimised::NotInstalled) };
        let failed = |text: &str| {
            Failure::plain(
                &format!("wasm-opt fails for `{module}`"),
                &format!(
                    "{}\nhint: use a newer version of it, or build with `--no-wasm-opt`",
                    text.trim()
                ),
            )
        };
        let file_error = |error: std::io::Error| failed(&format!("a temporary file: {error}"));
        let folder = tempfile::tempdir().map_err(file_error)?;
        let (input, output) = (folder.path().join("input.wasm"), folder.path().join("output.wasm"));
        std::fs::write(&input, wasm).map_err(file_error)?;
        let mut command = Command::new(program);
        command.arg(format!("-O{level}")).args(FEATURES).args(arguments);
        command.arg(&input).arg("-o").arg(&output);
        environment::clean(&mut command);
        match process::run(command, cancel, None, drop, &mut |_| {}) {
            Ok(Ended::Exited { success: true, .. }) => {
                std::fs::read(&output).map(Optimised::Done).map_err(file_error)
            }
            Ok(Ended::Exited { stderr, .. }) => Err(failed(&stderr)),
            Ok(Ended::Cancelled | Ended::Late) => Ok(Optimised::Cancelled),
            Err(error) => Err(failed(&format!("it cannot be started: {error}"))),
        }
    }
}
