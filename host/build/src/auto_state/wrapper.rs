//! The compiler that cargo starts for packages of the workspace.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};

use hmr_auto_state::Framework;

use super::arguments::Arguments;
use super::ignored::Ignored;
use super::messages::{Files, Messages, named, note};
use super::runtime::{self, Runtime, Used};
use super::shadow::Shadow;
use crate::App;
use crate::hash::hash_of;

/// The name of the link to the tool that makes it a compiler.
const NAME: &str = "hmr-rustc";

/// The folder of the runtimes, next to the link.
const RUNTIME: &str = "runtime";

/// The variable with a wrapper of the user's own.
const INNER: &str = "HMR_RUSTC_WORKSPACE_WRAPPER";

/// The variables with which the user may have set one.
const USERS: [&str; 2] = ["RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER"];

/// How often a crate is compiled with fewer sites, after which it is compiled as it is.
const ATTEMPTS: usize = 8;

/// What begins a warning about a crate.
const NOT_KEPT: &str = "the state of components is not kept";

/// What begins a warning about sites.
const LEFT_OUT: &str =
    "the state of these is not kept, because their rewritten code does not compile";

/// Makes `command`, a call of cargo, compile packages of the workspace with their state kept.
pub(crate) fn set(command: &mut Command, app: &App) -> io::Result<()> {
    let own = std::env::current_exe()?;
    // The file may have been replaced by another build since this process was started.
    let running = Path::new("/proc/self/exe");
    let running = if running.exists() { running } else { &own };
    let metadata = fs::metadata(running)?;
    // Another build of the tool may rewrite differently: cargo compiles again if the path of the wrapper changes.
    let ignored = Ignored::of(app);
    let version = format!(
        "{} {:?} {} {:?}",
        metadata.len(),
        metadata.modified().ok(),
        runtime::version(),
        ignored.globs()
    );
    let folder = app.target_dir().join("auto-state").join(&hash_of(version.as_bytes())[..16]);
    let link = folder.join(NAME);
    if !link.exists() {
        // A link to a file that is gone.
        _ = fs::remove_file(&link);
        fs::create_dir_all(&folder)?;
        ignored.save(folder.as_std_path())?;
        let made = if own.exists() {
            make_link(&own, link.as_std_path())
        } else {
            fs::copy(running, &link).map(|_| ())
        };
        match made {
            // Another server has just made it.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
    }
    let users = users_wrapper(command, app);
    for name in USERS {
        command.env_remove(name);
    }
    match users {
        Some(users) => command.env(INNER, users),
        None => command.env_remove(INNER),
    };
    command.env(USERS[0], link);
    Ok(())
}

#[cfg(unix)]
fn make_link(own: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(own, link)
}

#[cfg(not(unix))]
fn make_link(_: &Path, _: &Path) -> io::Result<()> {
    let text = "`auto-state` does not work on this system yet\nhint: remove it from the settings";
    Err(io::Error::new(io::ErrorKind::Unsupported, text))
}

/// The wrapper that the user has set: in the environment, or in cargo's configuration.
fn users_wrapper(command: &Command, app: &App) -> Option<OsString> {
    let set = command.get_envs().find_map(|(name, value)| {
        USERS.iter().any(|it| name == *it).then(|| value.map(ToOwned::to_owned)).flatten()
    });
    let inherited = || USERS.iter().find_map(std::env::var_os);
    set.or_else(inherited).filter(|it| !it.is_empty()).or_else(|| {
        app.settings().cargo.iter().find_map(|file| {
            let text = fs::read_to_string(file).ok()?;
            let settings: toml::Table = text.parse().ok()?;
            let found = settings.get("build")?.get("rustc-workspace-wrapper")?.as_str()?.to_owned();
            // A path is relative to the folder around `.cargo`.
            let is_path = found.contains(['/', '\\']);
            let around = file.parent().and_then(camino::Utf8Path::parent);
            Some(match around.filter(|_| is_path) {
                Some(around) => around.join(found).into_string().into(),
                None => found.into(),
            })
        })
    })
}

/// Does the work of the compiler, if the program was started as that.
#[must_use]
pub fn wrap_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os();
    let own = PathBuf::from(arguments.next()?);
    if own.file_stem()? != NAME {
        return None;
    }
    let folder = own.parent()?.to_owned();
    let rest: Vec<OsString> = arguments.collect();
    let (rustc, rest) = rest.split_first()?;
    Some(wrap(&folder, Path::new(rustc), rest).unwrap_or_else(|error| {
        _ = writeln!(io::stderr(), "error: the compiler cannot be started: {error}");
        ExitCode::FAILURE
    }))
}

fn wrap(folder: &Path, rustc: &Path, rest: &[OsString]) -> io::Result<ExitCode> {
    let texts: Option<Vec<String>> =
        rest.iter().map(|it| it.to_str().map(ToOwned::to_owned)).collect();
    let compilation = texts.and_then(|texts| Compilation::of(folder, rustc, Arguments::new(texts)));
    match compilation {
        Some(compilation) => compilation.run(),
        None => plain(folder, rustc, rest).status().map(exit_code),
    }
}

/// The compiler, through the user's own wrapper if there is one.
fn compiler<S: AsRef<OsStr>>(rustc: &Path, arguments: &[S]) -> Command {
    let mut command = match std::env::var_os(INNER) {
        Some(inner) => {
            let mut command = Command::new(inner);
            command.arg(rustc);
            command
        }
        None => Command::new(rustc),
    };
    command.args(arguments);
    command
}

/// The compiler for a crate that is not rewritten. It may depend on crates that are, and so on their runtime.
fn plain<S: AsRef<OsStr>>(folder: &Path, rustc: &Path, arguments: &[S]) -> Command {
    let mut command = compiler(rustc, arguments);
    let is_wasm =
        arguments.iter().any(|it| it.as_ref().to_str().is_some_and(|it| it.contains("wasm32")));
    for runtime in
        fs::read_dir(folder.join(RUNTIME)).into_iter().flatten().flatten().filter(|_| is_wasm)
    {
        command.arg(format!("-Ldependency={}", runtime.path().display()));
    }
    command
}

fn exit_code(status: std::process::ExitStatus) -> ExitCode {
    status
        .code()
        .and_then(|it| u8::try_from(it & 0xff).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from)
}

/// The libraries that rewritten code uses.
struct Libraries<'a> {
    runtime: &'a Runtime,
    with_serde: Option<&'a Path>,
}

impl Libraries<'_> {
    /// What rustc must be given for them. `are_own`: the crate depends on them by itself.
    fn arguments(&self, framework: Framework, are_own: bool) -> Vec<String> {
        let mut arguments = vec![format!("--check-cfg=cfg({})", runtime::WITH_SERDE)];
        if self.with_serde.is_some() {
            arguments.extend(["--cfg".to_owned(), runtime::WITH_SERDE.to_owned()]);
        }
        if are_own {
            return arguments;
        }
        let mut extern_crate = |name: &str, library: &Path| {
            arguments.extend(["--extern".to_owned(), format!("{name}={}", library.display())]);
        };
        extern_crate(&runtime::name(framework), &self.runtime.library);
        if let Some(library) = self.with_serde {
            extern_crate(runtime::WITH_SERDE, library);
        }
        arguments.push(format!("-Ldependency={}", self.runtime.folder.display()));
        arguments
    }
}

/// The compilation of a crate that can be rewritten.
struct Compilation<'a> {
    folder: &'a Path,
    rustc: &'a Path,
    arguments: Arguments,
    framework: Used,
    /// Where cargo has started it: paths are relative to this.
    current: PathBuf,
    /// The crate's root file; absolute.
    root: PathBuf,
}

impl<'a> Compilation<'a> {
    /// None if it is not for wasm, or does not use a framework that is known.
    fn of(folder: &'a Path, rustc: &'a Path, arguments: Arguments) -> Option<Self> {
        let is_wasm = arguments.value("--target").is_some_and(|it| it.starts_with("wasm32"));
        let framework = Used::of(&arguments).filter(|_| is_wasm)?;
        let current = std::env::current_dir().ok()?;
        let root = current.join(arguments.root()?);
        root.is_file().then_some(Self { folder, rustc, arguments, framework, current, root })
    }

    fn run(&self) -> io::Result<ExitCode> {
        let runtime = match self.runtime() {
            Ok(runtime) => runtime,
            Err(error) => {
                let reason = error.is_new().then(|| error.to_string());
                return self.run_plain(reason.as_deref());
            }
        };
        let with_serde = self.with_serde(&runtime)?;
        let libraries = Libraries { runtime: &runtime, with_serde: with_serde.as_deref() };
        let mut shadow = Shadow::open(
            self.shadow_folder(),
            self.framework.framework,
            Ignored::read(self.folder).matcher(),
        );
        let mut left_out = BTreeSet::new();
        for _ in 0..ATTEMPTS {
            let Some(output) = self.attempt(&mut shadow, &libraries)? else {
                // Nothing in it is rewritten.
                return self.run_plain(None);
            };
            let messages = Messages::read(&output.stderr);
            if output.status.success() {
                if !left_out.is_empty() {
                    shadow.save_excluded()?;
                    emit(&note(&format!("{LEFT_OUT}: {}", Vec::from_iter(left_out).join(", "))))?;
                }
                emit(&messages.mapped(&mut Files::new(&shadow, &self.current)))?;
                return Ok(ExitCode::SUCCESS);
            }
            // The user's own errors are shown as the compiler shows them without this tool.
            let plain = self.plain().stdin(Stdio::null()).output()?;
            let sites = messages.sites_of_errors(&mut Files::new(&shadow, &self.current));
            if !plain.status.success() || !shadow.exclude(&sites) {
                if plain.status.success() {
                    let reason =
                        format!("the rewritten code does not compile: {}", messages.first_error());
                    emit(&note(&format!("{NOT_KEPT}: {reason}")))?;
                }
                emit(&plain.stderr)?;
                return Ok(exit_code(plain.status));
            }
            left_out.extend(named(&sites, &self.current));
        }
        self.run_plain(Some("the rewritten code does not compile"))
    }

    /// The runtime, where the crate depends on it by itself.
    fn own_runtime(&self) -> Option<PathBuf> {
        self.arguments.dependency(&runtime::name(self.framework.framework))
    }

    fn runtime(&self) -> Result<Runtime, runtime::RuntimeError> {
        if let Some(library) = self.own_runtime() {
            let folder = library.parent().map(ToOwned::to_owned).unwrap_or_default();
            return Ok(Runtime { library, folder });
        }
        runtime::prepare(&self.folder.join(RUNTIME), self.rustc, &self.arguments, &self.framework)
    }

    /// The crate for types that serde can write and read.
    fn with_serde(&self, runtime: &Runtime) -> io::Result<Option<PathBuf>> {
        if self.own_runtime().is_some() {
            return Ok(self.arguments.dependency(runtime::WITH_SERDE));
        }
        runtime::with_serde(self.rustc, &self.arguments, &self.framework, runtime).or_else(
            |error| {
                if error.is_new() {
                    let reason = "values of types from other crates are not kept";
                    emit(&note(&format!("{reason}: {error}")))?;
                }
                Ok(None)
            },
        )
    }

    /// A library and a binary of one package may be compiled at once, and applications in different folders may have one target
    /// folder: each has a copy of its own.
    fn shadow_folder(&self) -> PathBuf {
        let name = self.arguments.value("--crate-name").unwrap_or("crate");
        let suffix = self.arguments.codegen("extra-filename").unwrap_or_default();
        let place = hash_of(self.root.as_os_str().as_encoded_bytes());
        self.folder.join("copies").join(format!("{name}{suffix}-{}", &place[..8]))
    }

    fn plain(&self) -> Command {
        plain(self.folder, self.rustc, self.arguments.all())
    }

    /// Compiles the crate as it is. `reason` is why its state is not kept.
    fn run_plain(&self, reason: Option<&str>) -> io::Result<ExitCode> {
        if let Some(reason) = reason {
            emit(&note(&format!("{NOT_KEPT}: {reason}")))?;
        }
        self.plain().status().map(exit_code)
    }

    /// Compiles the copy. None if nothing in it is rewritten.
    fn attempt(
        &self,
        shadow: &mut Shadow,
        libraries: &Libraries<'_>,
    ) -> io::Result<Option<Output>> {
        let source = self.root.parent().unwrap_or(&self.root).to_owned();
        if shadow.update(&source, &self.around(&source))? == 0 {
            return Ok(None);
        }
        let files = shadow.files();
        let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}/={to}", from.display());
        let mut further = vec![remap(&files, "/")];
        // The later one counts. Paths below the folder in which cargo starts are relative.
        if self.arguments.root().is_some_and(Path::is_relative) {
            further.push(remap(&shadow.path(&self.current), ""));
        }
        further.extend(libraries.arguments(self.framework.framework, self.own_runtime().is_some()));
        let arguments = self.arguments.with(&shadow.path(&self.root), further);
        let output = compiler(self.rustc, &arguments).stdin(Stdio::null()).output()?;
        io::stdout().write_all(&output.stdout)?;
        if output.status.success() {
            self.clean_dep_info(shadow)?;
        }
        Ok(Some(output))
    }

    /// The folders between the workspace, or else the package, and the sources: their other entries may be included.
    fn around(&self, source: &Path) -> Vec<PathBuf> {
        let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let package = package.unwrap_or_else(|| source.to_owned());
        let outermost = if package.starts_with(&self.current) { &self.current } else { &package };
        let inside = source.ancestors().skip(1).take_while(|it| it.starts_with(outermost));
        let mut around: Vec<PathBuf> = inside.map(ToOwned::to_owned).collect();
        around.reverse();
        around
    }

    /// Lets cargo watch the user's files instead of their copies.
    fn clean_dep_info(&self, shadow: &Shadow) -> io::Result<()> {
        let Some(path) = self.arguments.dep_info().filter(|it| it.exists()) else { return Ok(()) };
        let escaped = |path: &Path| format!("{}/", path.display()).replace(' ', "\\ ");
        let text = fs::read_to_string(&path)?;
        let mut cleaned = text.clone();
        if self.arguments.root().is_some_and(Path::is_relative) {
            cleaned = cleaned.replace(&escaped(&shadow.path(&self.current)), "");
        }
        cleaned = cleaned.replace(&escaped(&shadow.files()), "/");
        if cleaned == text { Ok(()) } else { fs::write(path, cleaned) }
    }
}

fn emit(messages: &[u8]) -> io::Result<()> {
    io::stderr().write_all(messages)
}
