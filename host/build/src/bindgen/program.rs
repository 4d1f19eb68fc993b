//! The program of wasm-bindgen, in the version that an application needs.
//!
//! It is looked for on the `PATH`, and in the folders where Trunk and dx put it. If it is in none of them, it is [built](build)
//! once.

mod build;

use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use self::build::build;
use super::BindError;
use crate::process::{self, CancelToken};
use crate::{Failure, environment};

/// The oldest version that works.
pub(super) const OLDEST: (u64, u64, u64) = (0, 2, 93);

/// How a program is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The command line of wasm-bindgen itself.
    Official,
    /// The program that was built here.
    Ours,
}

/// A program that does wasm-bindgen's work, in one version.
#[derive(Debug, Clone)]
pub(super) struct Program {
    path: Utf8PathBuf,
    kind: Kind,
}

impl Program {
    /// Finds the program of a version, or builds it.
    ///
    /// # Errors
    /// The version is too old, or its program cannot be built; or it was cancelled.
    pub(super) fn obtain(
        version: &str,
        cancel: &CancelToken,
        on: &mut (dyn FnMut(String) + Send),
    ) -> Result<Self, BindError> {
        check_wasm_bindgen(version)?;
        if let Some(path) = installed(version) {
            return Ok(Self { path, kind: Kind::Official });
        }
        let cache = folder(dirs::cache_dir()).ok_or_else(|| {
            Failure::plain(
                "wasm-bindgen cannot be obtained",
                &format!(
                    "there is no folder for caches on this machine\nhint: set `XDG_CACHE_HOME`, or install it: `cargo install wasm-bindgen-cli --version {version}`"
                ),
            )
        })?;
        let path = build(version, &cache.join("cargo-hmr/wasm-bindgen"), cancel, on)?;
        Ok(Self { path, kind: Kind::Ours })
    }

    /// The command that processes `input` into the folder `output`.
    pub(super) fn command(&self, input: &Utf8Path, output: &Utf8Path, name: &str) -> Command {
        let mut command = Command::new(&self.path);
        match self.kind {
            Kind::Official => command
                .args(["--target", "web", "--no-typescript", "--out-dir", output.as_str()])
                .args(["--out-name", name, input.as_str()]),
            Kind::Ours => command.args([input.as_str(), output.as_str(), name]),
        };
        environment::clean(&mut command);
        command
    }
}

/// Whether a version of wasm-bindgen works.
///
/// # Errors
/// It is too old; the failure says what to do.
pub fn check_wasm_bindgen(version: &str) -> Result<(), Failure> {
    let mut parts = version.split(['.', '-', '+']).map(|part| part.parse::<u64>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    let found = (next(), next(), next());
    if found >= OLDEST {
        return Ok(());
    }
    let (major, minor, patch) = OLDEST;
    Err(Failure::plain(
        "wasm-bindgen is too old",
        &format!(
            "the lock file has wasm-bindgen {version}, and {major}.{minor}.{patch} is the oldest version that works\nhint: `cargo update -p wasm-bindgen`"
        ),
    ))
}

/// The official program of this version, if it is installed.
fn installed(version: &str) -> Option<Utf8PathBuf> {
    let on_path = folder(which::which("wasm-bindgen").ok());
    let name = format!("wasm-bindgen{}", std::env::consts::EXE_SUFFIX);
    let of_tools = [trunk_tools(), dx_tools()]
        .into_iter()
        .flatten()
        .map(|tools| tools.join(format!("wasm-bindgen-{version}")).join(&name));
    on_path.into_iter().chain(of_tools).find(|path| path.is_file() && has_version(path, version))
}

/// Where Trunk puts the programs that it downloads: `cache_dir` in its `src/tools.rs`.
fn trunk_tools() -> Option<Utf8PathBuf> {
    let name = if cfg!(windows) {
        "trunkrs/trunk/cache"
    } else if cfg!(target_os = "macos") {
        "dev.trunkrs.trunk"
    } else {
        "trunk"
    };
    Some(folder(dirs::cache_dir())?.join(name))
}

/// Where dx puts the programs that it downloads: `dioxus_data_dir` in its `packages/cli/src/workspace.rs`.
fn dx_tools() -> Option<Utf8PathBuf> {
    let data = if let Some(set) = std::env::var_os("DX_HOME") {
        folder(Some(set.into()))?
    } else {
        let in_home = cfg!(any(windows, target_os = "macos"));
        let above = if in_home { None } else { dirs::data_dir() };
        folder(above.or_else(dirs::home_dir))?.join(".dx")
    };
    Some(data.join("tools"))
}

/// `path`, if its name is UTF-8.
fn folder(path: Option<std::path::PathBuf>) -> Option<Utf8PathBuf> {
    Utf8PathBuf::try_from(path?).ok()
}

fn has_version(path: &Utf8Path, version: &str) -> bool {
    let mut command = Command::new(path);
    command.arg("--version");
    process::ask(command).is_ok_and(|answer| {
        let text = String::from_utf8_lossy(&answer.stdout);
        answer.success && text.split_whitespace().nth(1) == Some(version)
    })
}

#[cfg(test)]
mod tests {
    use super::check_wasm_bindgen;

    #[test]
    fn an_old_version_is_refused_with_what_to_do() {
        for version in ["0.2.93", "0.2.130", "0.3.0", "1.0.0"] {
            assert!(check_wasm_bindgen(version).is_ok(), "{version}");
        }
        let failure = check_wasm_bindgen("0.2.84").expect_err("it is too old");
        let text = &failure.diagnostics[0].rendered;
        assert!(text.contains("0.2.84") && text.contains("cargo update -p wasm-bindgen"), "{text}");
    }
}
