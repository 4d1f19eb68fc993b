//! Debian and its kin: a compiler with its library source comes from the distribution's packages.
//!
//! Packages are installed only by root, and never if another package had to go for them.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};

use super::compiler::Compiler;
use super::{Progress, ToolchainError, linker};
use crate::environment;

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

/// Installs the packages. The error says why that cannot be.
pub(super) fn install_compiler(on: &mut dyn FnMut(Progress)) -> Result<(), String> {
    install(&PACKAGES, on)
}

/// Installs a linker that reads what `compiler` writes.
pub(super) fn install_linker(
    compiler: &Compiler,
    on: &mut dyn FnMut(Progress),
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

fn install(packages: &[&str], on: &mut dyn FnMut(Progress)) -> Result<(), String> {
    if !is_here() {
        return Err("this is not Debian, so no packages of it can be installed".into());
    }
    if !is_root() {
        return Err(format!("only root can install the packages {}", packages.join(", ")));
    }
    on(Progress::Step(format!("installing the packages {}", packages.join(", "))));
    let known = Command::new("apt-cache")
        .args(["show", "--no-all-versions"])
        .args(packages)
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success());
    if !known {
        apt_get(&["update"], on)?;
    }
    let mut arguments = vec!["install", "--yes", "--no-install-recommends", "--no-remove"];
    arguments.extend(packages);
    apt_get(&arguments, on)
}

fn apt_get(arguments: &[&str], on: &mut dyn FnMut(Progress)) -> Result<(), String> {
    let mut command = Command::new("apt-get");
    command
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // Its errors join its output below through the exit status; the terminal is not apt's here.
        .stderr(Stdio::piped());
    environment::clean(&mut command);
    let failed = |reason: &str| format!("`apt-get {}` failed: {reason}", arguments[0]);
    let mut child = command.spawn().map_err(|error| failed(&error.to_string()))?;
    let errors = child.stderr.take().map(|errors| {
        std::thread::spawn(move || std::io::read_to_string(errors).unwrap_or_default())
    });
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let Ok(line) = line else { break };
        on(Progress::Detail(line));
    }
    let status = child.wait().map_err(|error| failed(&error.to_string()))?;
    let errors = errors.and_then(|thread| thread.join().ok()).unwrap_or_default();
    if status.success() { Ok(()) } else { Err(failed(errors.trim())) }
}

fn is_root() -> bool {
    let answer = Command::new("id").arg("-u").stdin(Stdio::null()).output();
    answer.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
