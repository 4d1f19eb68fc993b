//! The crates that rewritten code calls, compiled against the framework that a crate uses.
//!
//! In: the arguments of the crate's compilation. Out: the runtime's library. It is compiled once for each build of the framework, by
//! the same rustc, and kept. It has no dependencies but the framework, so that nothing is added to the application's own.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use hmr_auto_state::Framework;

use super::arguments::Arguments;
use crate::hash::hash_of;

/// The sources of a crate: file names and texts. The first is the root.
type Sources = [(&'static str, &'static str)];

macro_rules! sources {
    ($folder:literal: $($file:literal),*) => {
        &[$(($file, include_str!(concat!("../../../../guest-sdk/adapters/", $folder, "/src/", $file)))),*]
    };
}

const STATE: &Sources = sources!("state": "lib.rs", "codec.rs", "exports.rs", "fields.rs", "frameworks.rs", "keep.rs", "node.rs", "parse.rs", "registry.rs", "rendering.rs", "slot.rs", "value.rs", "variables.rs");
const SERDE: &Sources = sources!("serde": "lib.rs", "read.rs", "write.rs");
const DIOXUS: &Sources = sources!("dioxus": "lib.rs", "instances.rs", "made.rs");
const LEPTOS: &Sources = sources!("leptos": "lib.rs", "lists.rs", "made.rs");
const SYCAMORE: &Sources = sources!("sycamore": "lib.rs", "lists.rs");
const YEW: &Sources = sources!("yew": "lib.rs", "fields.rs");

/// The crate that rewritten code calls.
fn sources(framework: Framework) -> &'static Sources {
    match framework {
        Framework::Dioxus => DIOXUS,
        Framework::Leptos => LEPTOS,
        Framework::Sycamore => SYCAMORE,
        Framework::Yew => YEW,
    }
}

/// The name of that crate.
pub(super) fn name(framework: Framework) -> String {
    format!("hmr_{}", framework.name())
}

/// What the runtimes consist of, for the name of their folder.
pub(super) fn version() -> String {
    let crates = Framework::ALL.map(sources);
    let files = STATE.iter().chain(SERDE).chain(crates.into_iter().flatten());
    let texts: Vec<&str> = files.map(|(_, text)| *text).collect();
    hash_of(texts.concat().as_bytes())
}

/// The framework that a crate uses.
pub(super) struct Used {
    pub(super) framework: Framework,
    /// Its library.
    pub(super) library: PathBuf,
}

impl Used {
    /// The framework among the dependencies of a crate.
    pub(super) fn of(arguments: &Arguments) -> Option<Self> {
        Framework::ALL.into_iter().find_map(|framework| {
            arguments.dependency(framework.name()).map(|library| Self { framework, library })
        })
    }
}

/// The runtime for one build of the framework.
pub(super) struct Runtime {
    /// The library that rewritten code names.
    pub(super) library: PathBuf,
    /// Where the libraries are that it uses.
    pub(super) folder: PathBuf,
}

/// The name of the crate for types that serde can write and read, and of the `cfg` with which it is used.
pub(super) const WITH_SERDE: &str = "hmr_serde";

/// Why there is no runtime.
#[derive(Debug, thiserror::Error)]
pub(super) enum RuntimeError {
    #[error("the files of the runtime cannot be written: {0}")]
    Files(#[from] io::Error),
    /// What was compiled, and the first error.
    #[error(
        "the runtime is for {0}, and does not compile with the version that the application uses: {1}"
    )]
    Compiler(&'static str, String),
    /// It was reported before.
    #[error("it did not compile before")]
    Known,
}

impl RuntimeError {
    /// Whether it should be reported.
    pub(super) fn is_new(&self) -> bool {
        !matches!(self, Self::Known)
    }
}

/// Compiles the runtime, unless that was done before.
pub(super) fn prepare(
    folder: &Path,
    rustc: &Path,
    arguments: &Arguments,
    framework: &Used,
) -> Result<Runtime, RuntimeError> {
    let key = key(rustc, arguments, &framework.library);
    let folder = folder.join(key);
    fs::create_dir_all(&folder)?;
    // Several crates of a workspace may ask for it at once.
    let lock = File::create(folder.join("lock"))?;
    lock.lock()?;
    let name = name(framework.framework);
    let library = folder.join(format!("lib{name}.rlib"));
    once(&folder.join("done"), &folder.join("failed"), || {
        let supported = framework.framework.supported();
        let compile = Compile { folder: &folder, rustc, arguments, framework, supported };
        let feature = format!("feature=\"{}\"", framework.framework.name());
        compile.run("hmr_state", STATE, &["--cfg", &feature])?;
        let state = format!("hmr_state={}", folder.join("libhmr_state.rlib").display());
        compile.run(&name, sources(framework.framework), &["--extern", &state])
    })?;
    Ok(Runtime { library, folder })
}

/// Compiles, unless it was done before. What failed once is not tried again, since each save would wait for it.
fn once(
    done: &Path,
    failed: &Path,
    compile: impl FnOnce() -> Result<(), RuntimeError>,
) -> Result<(), RuntimeError> {
    if done.exists() {
        return Ok(());
    }
    if failed.exists() {
        return Err(RuntimeError::Known);
    }
    let result = compile();
    match &result {
        Ok(()) => fs::write(done, "")?,
        Err(RuntimeError::Compiler(..)) => fs::write(failed, "")?,
        Err(_) => {}
    }
    result
}

/// Compiles the crate for types that serde can write and read, unless that was done before. None if the application's crate does not depend
/// on serde by itself.
pub(super) fn with_serde(
    rustc: &Path,
    arguments: &Arguments,
    framework: &Used,
    runtime: &Runtime,
) -> Result<Option<PathBuf>, RuntimeError> {
    let Some(serde) = arguments.dependency("serde") else { return Ok(None) };
    let folder = &*runtime.folder;
    // Crates of one workspace may use several versions of serde.
    let suffix = format!("-{}", key(rustc, arguments, &serde));
    let lock = File::create(folder.join("lock"))?;
    lock.lock()?;
    let library = folder.join(format!("lib{WITH_SERDE}{suffix}.rlib"));
    let mark = |name: &str| folder.join(format!("serde{suffix}-{name}"));
    once(&mark("done"), &mark("failed"), || {
        let supported = "serde 1";
        let compile = Compile { folder, rustc, arguments, framework, supported };
        let state = format!("hmr_state={}", folder.join("libhmr_state.rlib").display());
        let serde = format!("serde={}", serde.display());
        let extra = format!("-Cextra-filename={suffix}");
        let further = ["--extern", &state, "--extern", &serde, &extra];
        compile.run(WITH_SERDE, SERDE, &further)
    })?;
    Ok(Some(library))
}

/// Stays the same for as long as a dependency is the same build. Whether a crate gets its `.rmeta` or its `.rlib` makes no difference.
fn key(rustc: &Path, arguments: &Arguments, dependency: &Path) -> String {
    let library = dependency.with_extension("rmeta");
    let modified = fs::metadata(&library).and_then(|it| it.modified()).ok();
    let modified = modified.and_then(|it| it.duration_since(SystemTime::UNIX_EPOCH).ok());
    let parts =
        format!("{} {} {modified:?} {:?}", rustc.display(), library.display(), passed(arguments));
    hash_of(parts.as_bytes())[..16].to_owned()
}

/// The arguments that count for all crates of a build.
fn passed(arguments: &Arguments) -> Vec<String> {
    let mut passed = Vec::new();
    for option in ["--target", "--sysroot"] {
        passed.extend(arguments.value(option).map(|it| format!("{option}={it}")));
    }
    let codegen = arguments.values("-C").filter(|it| it.starts_with("target-"));
    passed.extend(codegen.map(|it| format!("-C{it}")));
    passed.extend(arguments.values("-Z").map(|it| format!("-Z{it}")));
    passed.extend(arguments.values("-L").map(|it| format!("-L{it}")));
    passed
}

struct Compile<'a> {
    folder: &'a Path,
    rustc: &'a Path,
    arguments: &'a Arguments,
    framework: &'a Used,
    /// What the sources are written for.
    supported: &'static str,
}

impl Compile<'_> {
    fn run(&self, name: &str, sources: &Sources, further: &[&str]) -> Result<(), RuntimeError> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder)?;
        for (file, text) in sources {
            fs::write(folder.join(file), text)?;
        }
        let mut command = Command::new(self.rustc);
        command
            .args(["--crate-name", name, "--crate-type", "lib", "--edition=2021"])
            .args(["-Copt-level=1", "-Cdebuginfo=0", "--cap-lints=allow"])
            // Panics in it do not show where the tool keeps its files.
            .arg(format!("--remap-path-prefix={}=cargo-hmr", self.folder.display()))
            .args(passed(self.arguments))
            .args(further)
            .arg("--extern")
            .arg(format!(
                "{}={}",
                self.framework.framework.name(),
                self.framework.library.display()
            ))
            .arg("--out-dir")
            .arg(self.folder)
            .arg(folder.join("lib.rs"));
        let output = command.output()?;
        if output.status.success() {
            return Ok(());
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        let first = errors.lines().find(|line| line.starts_with("error"));
        let first = first.unwrap_or("rustc failed").to_owned();
        Err(RuntimeError::Compiler(self.supported, first))
    }
}
