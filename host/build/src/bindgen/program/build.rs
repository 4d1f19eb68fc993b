//! Builds the program of wasm-bindgen once per version, into the tool's cache.
//!
//! It is a package of a few lines that uses the library behind wasm-bindgen's command line: that takes about half as long as
//! building the whole command line.

use std::fs::{self, File};
use std::io;
use std::process::Command;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::super::BindError;
use crate::process::{self, CancelToken, Ended};
use crate::{Failure, environment};

/// The source of the program.
const SOURCE: &str = include_str!("main.rs.txt");

/// The name of its package. rustc refuses old versions of a package called `wasm-bindgen`, so it has another name.
const PACKAGE: &str = "hmr-wasm-bindgen";

/// How often the lock of another process is tried.
const LOCK_INTERVAL: Duration = Duration::from_millis(100);

/// Builds the program of `version` into the folder `cache`, unless it is there. Returns its path.
///
/// # Errors
/// The cache cannot be written, or cargo cannot build the program; or it was cancelled.
pub(super) fn build(
    version: &str,
    cache: &Utf8Path,
    cancel: &CancelToken,
    on: &mut (dyn FnMut(String) + Send),
) -> Result<Utf8PathBuf, BindError> {
    let path = cache.join(version).join(format!("wasm-bindgen{}", std::env::consts::EXE_SUFFIX));
    if path.is_file() {
        return Ok(path);
    }
    let failed = |error: io::Error| {
        let text = format!(
            "`{cache}` cannot be written: {error}\nhint: check whether the disk is full and whether you may write to that folder"
        );
        Failure::plain(&title(version), &text)
    };
    fs::create_dir_all(cache).map_err(failed)?;
    let lock = File::create(cache.join(format!("{version}.lock"))).map_err(failed)?;
    acquire(&lock, version, cancel, on)?;
    if path.is_file() {
        return Ok(path);
    }
    on(format!("building wasm-bindgen {version}, once: this takes a minute or two"));
    let source = cache.join(format!("{version}.build"));
    // An interrupted build may have left it.
    remove(&source).map_err(failed)?;
    write_package(&source, version).map_err(failed)?;
    let built = compile(&source, version, cancel, on);
    let moved = built.and_then(|built| {
        fs::create_dir_all(cache.join(version))
            .and_then(|()| fs::rename(built, &path))
            .map_err(|error| failed(error).into())
    });
    let removed = remove(&source).map_err(failed);
    moved?;
    removed?;
    Ok(path)
}

/// Waits until no other process builds this version.
fn acquire(
    lock: &File,
    version: &str,
    cancel: &CancelToken,
    on: &mut (dyn FnMut(String) + Send),
) -> Result<(), BindError> {
    let mut reported = false;
    while let Err(error) = lock.try_lock() {
        if let fs::TryLockError::Error(error) = error {
            let text = format!("the lock of the cache cannot be taken: {error}");
            return Err(Failure::plain(&title(version), &text).into());
        }
        if cancel.is_cancelled() {
            return Err(BindError::Cancelled);
        }
        if !reported {
            on(format!("waiting for another process that builds wasm-bindgen {version}"));
            reported = true;
        }
        std::thread::sleep(LOCK_INTERVAL);
    }
    Ok(())
}

/// Compiles the package in the folder `source`. Returns the path of the program.
fn compile(
    source: &Utf8Path,
    version: &str,
    cancel: &CancelToken,
    on: &mut (dyn FnMut(String) + Send),
) -> Result<Utf8PathBuf, BindError> {
    let failed = |reason: &str| {
        let text = format!(
            "{}\nhint: connect to the network once, or install it yourself: `cargo install wasm-bindgen-cli --version {version}`",
            reason.trim()
        );
        BindError::from(Failure::plain(&title(version), &text))
    };
    // Cargo's configuration in a folder above may name another target.
    let host = host_target(source).map_err(|reason| failed(&reason))?;
    let mut reason = String::new();
    // First without the network: all sources may have been downloaded before.
    for arguments in [&["--offline"][..], &[]] {
        let mut command = Command::new("cargo");
        environment::clean(&mut command);
        command
            .args(["build", "--release", "--color=never", "--target", &host])
            .args(["--target-dir", source.join("target").as_str()])
            .args(arguments)
            .current_dir(source);
        let mut compiled = 0;
        let ended = process::run(command, cancel, None, drop, &mut |line| {
            if let Some(package) = line.trim_start().strip_prefix("Compiling ") {
                compiled += 1;
                let name = package.split_whitespace().next().unwrap_or(package);
                on(format!("building wasm-bindgen {version}: compiling {name} ({compiled})"));
            }
        });
        match ended.map_err(|error| failed(&format!("cargo cannot be started: {error}")))? {
            Ended::Exited { success: true, .. } => {
                let folder = source.join("target").join(&host).join("release");
                return Ok(folder.join(format!("{PACKAGE}{}", std::env::consts::EXE_SUFFIX)));
            }
            Ended::Exited { stderr, .. } => reason = stderr,
            Ended::Cancelled | Ended::Late => return Err(BindError::Cancelled),
        }
    }
    Err(failed(&reason))
}

/// The target of this machine, as the compiler that is active in `folder` names it.
fn host_target(folder: &Utf8Path) -> Result<String, String> {
    let mut command = Command::new("rustc");
    environment::clean(&mut command);
    command.arg("-vV").current_dir(folder);
    let answer =
        process::ask(command).map_err(|error| format!("rustc cannot be started: {error}"))?;
    let text = String::from_utf8_lossy(&answer.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(|host| host.trim().to_owned())
        .ok_or_else(|| format!("`rustc -vV` has named no host: {}", answer.stderr.trim()))
}

fn write_package(folder: &Utf8Path, version: &str) -> io::Result<()> {
    let manifest = format!(
        "[package]\nname = \"{PACKAGE}\"\nversion = \"{version}\"\nedition = \"2021\"\n\n[dependencies]\nwasm-bindgen-cli-support = \"={version}\"\n\n[profile.release]\ndebug = false\nincremental = false\n\n[workspace]\n"
    );
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::write(folder.join("src/main.rs"), SOURCE)
}

/// Removes a folder that may not exist.
fn remove(folder: &Utf8Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn title(version: &str) -> String {
    format!("wasm-bindgen {version} cannot be built")
}
