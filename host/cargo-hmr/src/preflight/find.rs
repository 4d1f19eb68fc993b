//! Where the program `hmr-preflight` is, and how it is made in a checkout of this repository.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use hmr_build::cargo::waits_for;
use hmr_build::process::{self, CancelToken, Ended};

/// The program's name.
const NAME: &str = "hmr-preflight";

/// The environment variable with the path of the program, which may have any name.
const VARIABLE: &str = "HMR_PREFLIGHT";

/// The message if there is neither the program nor a checkout to build it from.
pub(super) fn missing() -> String {
    format!(
        "swaps are not rehearsed: there is no `{NAME}`\nhint: `cargo install --path host/preflight` in a clone of cargo-hmr installs it; `--no-preflight` does without"
    )
}

/// The program that the environment names, else next to the tool's executable, else on the `PATH`.
pub(super) fn installed() -> Option<PathBuf> {
    if let Some(named) = env::var_os(VARIABLE) {
        return Some(named.into());
    }
    let file = Path::new(NAME).with_extension(env::consts::EXE_EXTENSION);
    let beside = env::current_exe().ok().and_then(|own| Some(own.parent()?.join(file)));
    beside.filter(|path| path.is_file()).or_else(|| which::which(NAME).ok())
}

/// The checkout that this tool was built from, if it still exists and the tool is in a target folder.
pub(super) fn checkout() -> Option<Checkout> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().ok()?;
    if !workspace.join("host/preflight/Cargo.toml").is_file() {
        return None;
    }
    let own = env::current_exe().ok()?;
    let folder = own.parent()?;
    let release = match folder.file_name()?.to_str()? {
        "debug" => false,
        "release" => true,
        _ => return None,
    };
    Some(Checkout { workspace, target: folder.parent()?.to_owned(), release })
}

/// Sources of the program, and where to build it.
pub(super) struct Checkout {
    workspace: PathBuf,
    target: PathBuf,
    release: bool,
}

/// The build of the program, which can be stopped from elsewhere.
#[derive(Debug, Clone, Default)]
pub(super) struct Builder {
    cancel: CancelToken,
}

impl Builder {
    /// Builds the program with the lowest priority, so that it does not slow down other work.
    /// Calls `on_wait` with what cargo waits for.
    pub(super) fn build(
        &self,
        checkout: &Checkout,
        mut on_wait: impl FnMut(String) + Send,
    ) -> Result<PathBuf, String> {
        let failed = |why: &str| {
            format!(
                "swaps are not rehearsed: `{NAME}` does not build: {why}\nhint: `cargo build --package {NAME}` in `{}` shows more; `--no-preflight` does without",
                checkout.workspace.display()
            )
        };
        let mut run = |command| {
            let read = |mut from: std::process::ChildStdout| {
                _ = std::io::copy(&mut from, &mut std::io::sink());
            };
            let mut on_line = |line: &str| _ = waits_for(line).map(&mut on_wait);
            process::run(command, &self.cancel, None, read, &mut on_line)
        };
        match run(command(checkout)).or_else(|_| run(plain_command(checkout))) {
            Ok(Ended::Exited { success: true, .. }) => {
                let folder = if checkout.release { "release" } else { "debug" };
                let file = Path::new(NAME).with_extension(env::consts::EXE_EXTENSION);
                Ok(checkout.target.join(folder).join(file))
            }
            Ok(Ended::Exited { success: false, stderr }) => {
                let error = stderr.lines().find(|line| line.starts_with("error"));
                Err(failed(error.unwrap_or("cargo failed")))
            }
            Ok(Ended::Cancelled | Ended::Late) => Err(failed("it was stopped")),
            Err(error) => Err(failed(&format!("cargo cannot be started: {error}"))),
        }
    }

    /// Ends the build, if there is one.
    pub(super) fn stop(&self) {
        self.cancel.cancel();
    }
}

/// cargo behind `nice`, where there is such a program.
fn command(checkout: &Checkout) -> Command {
    let mut command = Command::new("nice");
    command.args(["-n", "19", "cargo"]);
    arguments(command, checkout)
}

fn plain_command(checkout: &Checkout) -> Command {
    arguments(Command::new("cargo"), checkout)
}

fn arguments(mut command: Command, checkout: &Checkout) -> Command {
    hmr_build::environment::clean(&mut command);
    command.current_dir(&checkout.workspace);
    command.args(["build", "--package", NAME, "--target-dir"]).arg(&checkout.target);
    if checkout.release {
        command.arg("--release");
    }
    command
}
