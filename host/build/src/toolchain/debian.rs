//! Debian and distributions that are based on it: a compiler with its library source comes from the distribution's packages.
//!
//! Packages are installed only by root, and never if another package would have to be removed.

use std::io::{BufRead, BufReader};
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use super::compiler::Compiler;
use super::{Progress, ToolchainError, linker};
use crate::environment;
use crate::process::{self, CancelToken, Ended};

/// A compiler that is new enough, its cargo, and the library source, at the same version.
const PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// Whether packages are managed by apt here.
pub(super) fn is_here() -> bool {
    Utf8Path::new("/etc/debian_version").is_file() && Utf8Path::new("/usr/bin/apt-get").is_file()
}

/// The command that installs the packages, without `sudo`.
pub(super) fn install_command() -> String {
    format!("apt-get install --no-install-recommends {}", PACKAGES.join(" "))
}

/// The distribution's own compiler, if there is one besides `active`.
pub(super) fn compiler(active: &Compiler) -> Option<Compiler> {
    if active.sysroot == "/usr" || !Utf8Path::new("/usr/bin/rustc").is_file() {
        return None;
    }
    Compiler::ask("/usr/bin/rustc".into(), "/usr/bin/cargo".into(), Utf8Path::new("/")).ok()
}

/// Installs the packages. The error explains why that is not possible.
pub(super) fn install_compiler(on: &mut (dyn FnMut(Progress) + Send)) -> Result<(), String> {
    install(&PACKAGES, on)
}

/// Installs a linker that reads what `compiler` writes.
pub(super) fn install_linker(
    compiler: &Compiler,
    on: &mut (dyn FnMut(Progress) + Send),
) -> Result<Utf8PathBuf, ToolchainError> {
    let major =
        compiler.version.field("LLVM version").and_then(|version| version.split('.').next());
    let matching = format!("lld-{}", major.unwrap_or("19"));
    let found = [matching.as_str(), "lld-19", "lld"].iter().find_map(|package| {
        install(&[package], on).ok()?;
        linker::find(compiler, compiler)
    });
    let remedy = if is_here() {
        format!("sudo apt-get install --no-install-recommends {matching}")
    } else {
        "rustup toolchain install stable".into()
    };
    found.ok_or(ToolchainError::NoLinker { remedy })
}

fn install(packages: &[&str], on: &mut (dyn FnMut(Progress) + Send)) -> Result<(), String> {
    if !is_here() {
        return Err("this is not Debian, so no packages of it can be installed".into());
    }
    if !is_root() {
        return Err(format!("only root can install the packages {}", packages.join(", ")));
    }
    on(Progress::Step(format!("installing the packages {}", packages.join(", "))));
    let mut query = Command::new("apt-cache");
    query.args(["show", "--no-all-versions"]).args(packages);
    let known = process::ask(query).is_ok_and(|answer| answer.success);
    if !known {
        apt_get(&["update"], on)?;
    }
    let mut arguments = vec!["install", "--yes", "--no-install-recommends", "--no-remove"];
    arguments.extend(packages);
    apt_get(&arguments, on)
}

fn apt_get(arguments: &[&str], on: &mut (dyn FnMut(Progress) + Send)) -> Result<(), String> {
    let mut command = Command::new("apt-get");
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    environment::clean(&mut command);
    let failed = |reason: &str| format!("`apt-get {}` failed: {reason}", arguments[0]);
    let mut read = |stdout| {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            on(Progress::Detail(line));
        }
    };
    match process::run(command, &CancelToken::new(), None, &mut read, &mut |_| {}) {
        Ok(Ended::Exited { success: true, .. }) => Ok(()),
        Ok(Ended::Exited { success: false, stderr }) => Err(failed(stderr.trim())),
        // It is never cancelled, and there is no limit.
        Ok(Ended::Cancelled | Ended::Late) => Err(failed("it was ended")),
        Err(error) => Err(failed(&error.to_string())),
    }
}

fn is_root() -> bool {
    let mut command = Command::new("id");
    command.arg("-u");
    process::ask(command).is_ok_and(|answer| answer.stdout.trim_ascii() == b"0")
}
