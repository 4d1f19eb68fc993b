//! Runs `wasm-opt`, the optimiser of [Binaryen](https://github.com/WebAssembly/binaryen).

use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use crate::process::{self, CancelToken, Ended};
use crate::wasm::Binary;
use crate::{Failure, environment};

/// How to get a version that can read what compilers make today.
pub const NEWER: &str = "install a newer version, for instance with `npm install -g binaryen`";

/// The arguments unless a page names a level: for size, which is what matters most to visitors. The compiler has inlined what is worth
/// it; more of that makes compressed files larger: those of an application with Dioxus by 4 %, of a small native module by 6 %.
const DEFAULT: [&str; 2] = ["-Os", "--one-caller-inline-max-function-size=0"];

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
    /// It fails, and the page has not asked for it: what it says, in one line.
    Failed(String),
    /// It was cancelled.
    Cancelled,
}

impl Optimiser {
    /// Looks for the program on the `PATH` and where npm has installed it, in a folder above `folder`.
    #[must_use]
    pub fn find(folder: &Utf8Path) -> Self {
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
    /// A program that happens to be installed may be too old for what the compiler makes. So it is only an error that it fails if the page has a
    /// level or arguments for it.
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
        let level = level.filter(|level| !level.is_empty());
        if level == Some("0") {
            return Ok(Optimised::Off);
        }
        let Some(program) = &self.program else { return Ok(Optimised::NotInstalled) };
        let levels =
            level.map_or_else(|| DEFAULT.map(str::to_owned).to_vec(), |it| vec![format!("-O{it}")]);
        match optimise(program, wasm, &[&levels[..], arguments].concat(), cancel) {
            Ok(done) => Ok(done),
            Err(text) if level.is_none() && arguments.is_empty() => {
                let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
                Ok(Optimised::Failed(format!("{}: {}", version(program), first.trim())))
            }
            Err(text) => Err(Failure::plain(
                &format!("wasm-opt fails for `{module}`"),
                &format!(
                    "`{program}` ({}): {}\nhint: {NEWER}, or build with `--no-wasm-opt`",
                    version(program),
                    text.trim()
                ),
            )),
        }
    }
}

/// Runs the program. The error is what it says.
fn optimise(
    program: &Utf8Path,
    wasm: &[u8],
    arguments: &[String],
    cancel: &CancelToken,
) -> Result<Optimised, String> {
    let file_error = |error: std::io::Error| format!("a temporary file: {error}");
    let folder = tempfile::tempdir().map_err(file_error)?;
    let (input, output) = (folder.path().join("input.wasm"), folder.path().join("output.wasm"));
    std::fs::write(&input, wasm).map_err(file_error)?;
    let mut command = Command::new(program);
    command.args(FEATURES).args(arguments).arg(&input).arg("-o").arg(&output);
    environment::clean(&mut command);
    match process::run(command, cancel, None, drop, &mut |_| {}) {
        Ok(Ended::Exited { success: true, .. }) => {
            let optimised = std::fs::read(&output).map_err(file_error)?;
            Binary::read(&optimised)
                .map_err(|reason| format!("it has written no wasm: {reason}"))?;
            Ok(Optimised::Done(optimised))
        }
        Ok(Ended::Exited { stderr, .. }) => Err(stderr),
        Ok(Ended::Cancelled | Ended::Late) => Ok(Optimised::Cancelled),
        Err(error) => Err(format!("it cannot be started: {error}")),
    }
}

/// What the program says about its version.
fn version(program: &Utf8Path) -> String {
    let mut command = Command::new(program);
    command.arg("--version");
    let said =
        process::ask(command).map(|answer| String::from_utf8_lossy(&answer.stdout).into_owned());
    let said = said.unwrap_or_default();
    let line = said.lines().next().unwrap_or_default().trim();
    if line.is_empty() { "an unknown version".to_owned() } else { line.to_owned() }
}
