//! The program of wasm-bindgen, in the version that an application needs.
//!
//! It is looked for on the `PATH`, in Trunk's cache and in our own. If none has it, it is built once, into our cache: a package
//! of a few lines that uses the library behind wasm-bindgen's command line, which takes about half as long as the whole of that.

use std::io;
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use super::BindError;
use crate::process::{self, CancelToken, Ended};
use crate::{Failure, environment};

/// The oldest version that works.
pub(super) const OLDEST: (u64, u64, u64) = (0, 2, 93);

/// The source of the program that is built.
const SOURCE: &str = include_str!("program/main.rs.txt");

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
    pub(super) fn obtain(
        version: &str,
        cancel: &CancelToken,
        on: &mut (dyn FnMut(String) + Send),
    ) -> Result<Self, BindError> {
        check_version(version)?;
        if let Some(path) = installed(version) {
            return Ok(Self { path, kind: Kind::Official });
        }
        let cache = cache_folder().ok_or_else(|| {
            Failure::plain(
                "wasm-bindgen cannot be obtained",
                &format!(
                    "there is no folder for caches on this machine\nhint: set `XDG_CACHE_HOME`, or install it: `cargo install wasm-bindgen-cli --version {version}`"
                ),
            )
        })?;
        let name = format!("wasm-bindgen{}", std::env::consts::EXE_SUFFIX);
        let folder = cache.join(version);
        let path = folder.join(name);
        if !path.is_file() {
            build(version, &cache, &path, cancel, on)?;
        }
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

fn check_version(version: &str) -> Result<(), Failure> {
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
    let on_path =
        which::which("wasm-bindgen").ok().and_then(|path| Utf8PathBuf::try_from(path).ok());
    let trunk = dirs::cache_dir()
        .and_then(|folder| Utf8PathBuf::try_from(folder).ok())
        .map(|folder| folder.join(format!("trunk/wasm-bindgen-{version}/wasm-bindgen")));
    on_path.into_iter().chain(trunk).find(|path| path.is_file() && has_version(path, version))
}

fn has_version(path: &Utf8Path, version: &str) -> bool {
    let mut command = Command::new(path);
    command.arg("--version");
    process::ask(command).is_ok_and(|answer| {
        let text = String::from_utf8_lossy(&answer.stdout);
        answer.success && text.split_whitespace().nth(1) == Some(version)
    })
}

fn cache_folder() -> Option<Utf8PathBuf> {
    let folder = Utf8PathBuf::try_from(dirs::cache_dir()?).ok()?;
    Some(folder.join("cargo-hmr/wasm-bindgen"))
}

/// Builds the program of a version to `path`, in the cache.
fn build(
    version: &str,
    cache: &Utf8Path,
    path: &Utf8Path,
    cancel: &CancelToken,
    on: &mut (dyn FnMut(String) + Send),
) -> Result<(), BindError> {
    let title = format!("wasm-bindgen {version} cannot be built");
    let failed = |error: io::Error| {
        Failure::plain(
            &title,
            &format!(
                "`{cache}` cannot be written: {error}\nhint: see whether the disk is full and whether the folder is yours"
            ),
        )
    };
    std::fs::create_dir_all(cache).map_err(failed)?;
    // Two tools that need the same version build it once.
    let lock = std::fs::File::create(cache.join(format!("{version}.lock"))).map_err(failed)?;
    if lock.try_lock().is_err() {
        on(format!("waiting for another process that builds wasm-bindgen {version}"));
        lock.lock().map_err(failed)?;
    }
    if path.is_file() {
        return Ok(());
    }
    on(format!("building wasm-bindgen {version}, once: this takes a minute or two"));
    let source = tempfile::tempdir_in(cache).map_err(failed)?;
    let source = Utf8Path::from_path(source.path())
        .ok_or_else(|| Failure::plain(&title, "the name of the cache folder is not UTF-8"))?;
    write_package(source, version).map_err(failed)?;
    let mut stderr = String::new();
    // First without the network: all sources may have been downloaded before.
    for arguments in [&["--offline"][..], &[]] {
        match cargo(source, arguments, cancel, on).map_err(failed)? {
            Ended::Exited { success: true, .. } => {
                let built = source
                    .join("target/release/wasm-bindgen")
                    .with_extension(std::env::consts::EXE_EXTENSION);
                std::fs::create_dir_all(path.parent().unwrap_or(cache)).map_err(failed)?;
                std::fs::rename(built, path).map_err(failed)?;
                return Ok(());
            }
            Ended::Exited { stderr: text, .. } => stderr = text,
            Ended::Cancelled | Ended::Late => return Err(BindError::Cancelled),
        }
    }
    let text = format!(
        "{}\nhint: connect to the network once, or install it yourself: `cargo install wasm-bindgen-cli --version {version}`",
        stderr.trim()
    );
    Err(Failure::plain(&title, &text).into())
}

fn write_package(folder: &Utf8Path, version: &str) -> io::Result<()> {
    let manifest = format!(
        "[package]\nname = \"wasm-bindgen\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[dependencies]\nwasm-bindgen-cli-support = \"={version}\"\n\n[profile.release]\ndebug = false\nincremental = false\n\n[workspace]\n"
    );
    std::fs::write(folder.join("Cargo.toml"), manifest)?;
    std::fs::create_dir(folder.join("src")).or_else(|error| {
        (error.kind() == io::ErrorKind::AlreadyExists).then_some(()).ok_or(error)
    })?;
    std::fs::write(folder.join("src/main.rs"), SOURCE)
}

fn cargo(
    folder: &Utf8Path,
    arguments: &[&str],
    cancel: &CancelToken,
    on: &mut (dyn FnMut(String) + Send),
) -> io::Result<Ended> {
    let mut command = Command::new("cargo");
    environment::clean(&mut command);
    command.args(["build", "--release", "--color=never"]).args(arguments);
    command.args(["--target-dir", folder.join("target").as_str()]).current_dir(folder);
    let mut compiled = 0;
    process::run(command, cancel, None, drop, &mut |line| {
        if let Some(package) = line.trim_start().strip_prefix("Compiling ") {
            compiled += 1;
            let name = package.split_whitespace().next().unwrap_or(package);
            on(format!("building wasm-bindgen: compiling {name} ({compiled})"));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::check_version;

    #[test]
    fn an_old_version_is_refused_with_what_to_do() {
        for version in ["0.2.93", "0.2.130", "0.3.0", "1.0.0"] {
            assert!(check_version(version).is_ok(), "{version}");
        }
        let failure = check_version("0.2.84").expect_err("it is too old");
        let text = &failure.diagnostics[0].rendered;
        assert!(text.contains("0.2.84") && text.contains("cargo update -p wasm-bindgen"), "{text}");
    }
}
