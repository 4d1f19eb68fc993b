//! The wasm32 standard library, built from the compiler's own source, once for each compiler.
//!
//! It is in the user's cache, in a folder whose name identifies the compiler exactly, because a
//! compiler accepts only libraries that it made itself. The folder is built next to its final path and moved
//! there in one step, with a file in it that marks it as complete, under a lock: two processes do not build at
//! once, and the next one removes what an interrupted one left.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use super::compiler::Compiler;
use super::{Progress, TARGET, ToolchainError};
use crate::hash::hash_of;
use crate::{environment, process};

/// The file that marks a sysroot as complete.
const COMPLETE: &str = "complete";

/// What the names of folders that are being built begin with.
const BUILDING: &str = "building-";

/// An empty crate: compiling it compiles the standard library.
const MANIFEST: &str = r#"[package]
name = "hmr-wasm-std"
version = "0.0.0"
edition = "2021"
publish = false

[workspace]

[profile.release]
panic = "abort"
"#;

/// The sysroot that was built for `compiler`, if it was.
pub(super) fn cached(compiler: &Compiler) -> Option<Utf8PathBuf> {
    let sysroot = cache_folder().ok()?.join(key(compiler));
    sysroot.join(COMPLETE).is_file().then_some(sysroot)
}

/// Builds the sysroot for `compiler`, or waits for another process that does.
pub(super) fn build(
    compiler: &Compiler,
    on: &mut (dyn FnMut(Progress) + Send),
) -> Result<Utf8PathBuf, ToolchainError> {
    let cache = cache_folder()?;
    let cache_error = |source| ToolchainError::Cache { folder: cache.clone().into(), source };
    fs::create_dir_all(&cache).map_err(cache_error)?;
    let key = key(compiler);
    let lock = File::create(cache.join(format!("{key}.lock"))).map_err(cache_error)?;
    if lock.try_lock().is_err() {
        on(Progress::Step("waiting for another process that builds the standard library".into()));
        lock.lock().map_err(cache_error)?;
    }
    if let Some(sysroot) = cached(compiler) {
        return Ok(sysroot);
    }
    remove_leftovers(&cache, &key).map_err(cache_error)?;
    on(Progress::Step(format!(
        "building the wasm32 standard library from the source of {} (once, about a minute)",
        compiler.version
    )));
    let work = tempfile::Builder::new()
        .prefix(&format!("{BUILDING}{key}-"))
        .tempdir_in(&cache)
        .map_err(cache_error)?;
    let folder = Utf8Path::from_path(work.path()).expect("below a folder whose name is UTF-8");
    write_crate(folder).map_err(cache_error)?;
    compile(compiler, folder, on)?;
    let made = collect(folder).map_err(cache_error)?;
    let sysroot = cache.join(&key);
    fs::rename(made, &sysroot).map_err(cache_error)?;
    Ok(sysroot)
}

/// Names the compiler: its version for people, and a hash of everything that it reports about itself.
fn key(compiler: &Compiler) -> String {
    let hash = hash_of(compiler.version.text.as_bytes());
    format!("{}-{}", compiler.version.field("release").unwrap_or("unknown"), &hash[..12])
}

fn cache_folder() -> Result<Utf8PathBuf, ToolchainError> {
    let set =
        std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = set.or_else(dirs::cache_dir).unwrap_or_else(std::env::temp_dir);
    let folder = folder.join("cargo-hmr").join("wasm-std");
    Utf8PathBuf::from_path_buf(folder).map_err(|folder| ToolchainError::Cache {
        folder,
        source: io::Error::new(io::ErrorKind::InvalidFilename, "its name is not UTF-8"),
    })
}

/// Removes what interrupted runs left for this key. The caller holds the key's lock.
fn remove_leftovers(cache: &Utf8Path, key: &str) -> io::Result<()> {
    let building = format!("{BUILDING}{key}-");
    for entry in cache.read_dir_utf8()? {
        let entry = entry?;
        if entry.file_name() == key || entry.file_name().starts_with(&building) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

fn write_crate(folder: &Utf8Path) -> io::Result<()> {
    fs::create_dir(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "#![no_std]\n")?;
    fs::write(folder.join("Cargo.toml"), MANIFEST)
}

fn compile(
    compiler: &Compiler,
    folder: &Utf8Path,
    on: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), ToolchainError> {
    let mut command = Command::new(&compiler.cargo);
    environment::clean(&mut command);
    if let Some(rustc) = compiler.explicit_rustc() {
        command.env("RUSTC", rustc);
    }
    command
        .args(["build", "--release", "--color=never", "-Zbuild-std=std,panic_abort"])
        .args(["--target", TARGET, "--target-dir", "target"])
        // `-Z` flags need a nightly compiler, or this variable.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TERM_PROGRESS_WHEN", "always")
        .env("CARGO_TERM_PROGRESS_WIDTH", "120")
        .current_dir(folder);
    let failed = |message: String| ToolchainError::Build {
        compiler: compiler.version.to_string(),
        hint: format!(
            "the library's own dependencies come from crates.io: check the network and proxy settings; `{}` is the other way to \
             the library",
            super::rustup::ADD_TARGET
        ),
        message,
    };
    let mut output: Vec<String> = Vec::new();
    let success = process::perform(command, &mut |line| match progress(line) {
        Some(progress) => on(progress),
        None => output.push(line.trim().to_owned()),
    });
    if success.map_err(|error| failed(error.to_string()))? {
        return Ok(());
    }
    let tail = output.len().saturating_sub(20);
    Err(failed(output[tail..].join("\n")))
}

/// Reads cargo's progress bar: `Building [===>   ] 12/23: core, alloc`.
fn progress(line: &str) -> Option<Progress> {
    let (_, rest) = line.split_once("Building [")?.1.split_once("] ")?;
    let (counts, names) = rest.split_once(':').unwrap_or((rest, ""));
    let (done, total) = counts.trim().split_once('/')?;
    let name = names.trim_end_matches('\u{1b}').trim();
    Some(Progress::Compiling {
        done: done.parse().ok()?,
        total: total.trim().parse().ok(),
        name: name.to_owned(),
    })
}

/// Moves the libraries into a sysroot, marks it as complete, and returns its folder.
fn collect(folder: &Utf8Path) -> io::Result<Utf8PathBuf> {
    let sysroot = folder.join("sysroot");
    let libraries = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    fs::create_dir_all(&libraries)?;
    let built = folder.join("target").join(TARGET).join("release/deps");
    for entry in built.read_dir_utf8()? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.path().extension() == Some("rlib") && !name.starts_with("libhmr_wasm_std") {
            fs::rename(entry.path(), libraries.join(name))?;
        }
    }
    fs::write(sysroot.join(COMPLETE), "")?;
    Ok(sysroot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_cargos_progress_bar() {
        assert_eq!(
            progress("Building [=====>                   ] 12/23: core, alloc"),
            Some(Progress::Compiling { done: 12, total: Some(23), name: "core, alloc".into() })
        );
        assert_eq!(progress("   Compiling core v0.0.0"), None);
    }

    #[test]
    fn only_leftovers_of_the_key_are_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Utf8Path::from_path(folder.path()).expect("UTF-8");
        for name in ["building-1.96.0-aa-x1", "1.96.0-aa", "1.95.0-bb", "building-1.95.0-bb-x2"] {
            fs::create_dir(cache.join(name)).expect("a folder");
        }
        remove_leftovers(cache, "1.96.0-aa").expect("they can be removed");
        let mut left: Vec<_> = cache
            .read_dir_utf8()
            .expect("readable")
            .map(|entry| entry.expect("an entry").file_name().to_owned())
            .collect();
        left.sort();
        assert_eq!(left, ["1.95.0-bb", "building-1.95.0-bb-x2"]);
    }
}
