//! The one place that compiles modules.
//!
//! The input is the modules of an app to build; the output is a [`CompiledModule`] for each, or the compiler's diagnostics,
//! as data. One cargo call compiles them all, into a target folder of the tool's own and with a
//! profile that is passed on the command line, so that users do not need to change a manifest.
//!
//! A build ends early when its [`CancelToken`] is cancelled: cargo and all that it started are killed.

mod build_scripts;
mod dep_info;
mod freshness;
mod inputs;
mod messages;
mod small;
mod units;

use std::sync::{Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};

use self::messages::Messages;
pub use self::small::small_settings;
use crate::app::{ApplicationTarget, Features};
pub use crate::cargo_status::waits_for;
use crate::cargo_status::without_status;
use crate::process::{self, CancelToken, Ended};
use crate::toolchain::TARGET;
use crate::{App, Diagnostic, Module, ModuleKind, Toolchain, auto_state};

/// The profile's name, which is the name of its folder in the target folder too.
const PROFILE: &str = "hmr";

/// The profile: what makes an incremental build short and its result small.
///
/// Debug information is limited to line tables for traps, and only for the user's own packages; nothing else is
/// shown.
const PROFILE_SETTINGS: [&str; 7] = [
    "debug=\"line-tables-only\"",
    "strip=\"none\"",
    "package.\"*\".debug=0",
    "debug-assertions=true",
    "overflow-checks=true",
    "incremental=true",
    "panic=\"abort\"",
];

/// The variable by which the SDK knows that it is compiled for deployment.
const DEPLOYED: &str = "CARGO_HMR_DEPLOYED";

/// What to compile.
#[derive(Debug, Clone, Copy)]
pub struct BuildRequest<'a> {
    /// The app.
    pub app: &'a App,
    /// How to compile.
    pub toolchain: &'a Toolchain,
    /// The names of the modules to compile.
    pub modules: &'a [String],
    /// The profile.
    pub profile: Profile<'a>,
    /// More arguments for cargo, such as `--locked`.
    pub arguments: &'a [String],
    /// Variables for the compiler, which code may read with `env!`.
    pub environment: &'a [(&'a str, String)],
    /// Whether the state of applications is kept ([`crate::auto_state`]). It counts for [`Profile::Development`] alone.
    pub auto_state: bool,
}

impl<'a> BuildRequest<'a> {
    /// Asks for modules with the profile for development.
    #[must_use]
    pub fn new(app: &'a App, toolchain: &'a Toolchain, modules: &'a [String]) -> Self {
        let profile = Profile::Development;
        let auto_state = app.config.auto_state;
        Self { app, toolchain, modules, profile, arguments: &[], environment: &[], auto_state }
    }
}

/// How modules are compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile<'a> {
    /// With the tool's own profile: for short builds, with line tables.
    Development,
    /// For deployment, with one of the user's profiles: this one, else the one that the page names, else `release`.
    Deployment(Option<&'a str>),
}

/// What happens during a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildEvent {
    /// A package was compiled.
    Compiling {
        /// Its name.
        package: String,
        /// How many packages were compiled so far, this one included; fresh ones do not count.
        done: usize,
    },
    /// cargo waits for another process, or for the network.
    Waiting {
        /// For what, in cargo's words: `file lock on build directory`.
        what: String,
    },
}

/// How a build ended.
#[derive(Debug)]
pub enum BuildOutcome {
    /// Every module was compiled; in the order of the request.
    Built(Vec<CompiledModule>),
    /// At least one was not.
    Failed(Failure),
    /// The token was cancelled.
    Cancelled,
}

/// A module as the compiler and the linker made it; [`crate::prepare`] makes it into a [`crate::PreparedModule`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledModule {
    /// The module's name.
    pub module: String,
    /// The wasm binary as the linker wrote it; absolute.
    pub wasm: Utf8PathBuf,
    /// Whether nothing had to be compiled for it.
    pub fresh: bool,
    /// Every file of local packages that its code was made from, included files among them, but nothing that the build itself
    /// wrote; absolute, without `..`, sorted.
    pub files: Vec<Utf8PathBuf>,
    /// What build scripts of local packages watch with all that is below it: folders, and paths at which nothing is yet; absolute,
    /// sorted.
    pub folders: Vec<Utf8PathBuf>,
    /// What the compiler warned about in the local packages that it is made from.
    pub warnings: Vec<Diagnostic>,
}

/// Why a build failed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Failure {
    /// A headline: `board does not compile`.
    pub title: String,
    /// The compiler's diagnostics; at least one entry.
    pub diagnostics: Vec<Diagnostic>,
    /// Files that the failed build has read or wanted to read, as far as they are known; absolute.
    #[serde(skip)]
    pub files: Vec<Utf8PathBuf>,
}

/// Compiles modules in one cargo call. Blocks until it has ended or was cancelled.
pub fn build(
    request: &BuildRequest<'_>,
    cancel: &CancelToken,
    on: &mut (dyn FnMut(BuildEvent) + Send),
) -> BuildOutcome {
    let modules = match wanted(request) {
        Ok(modules) => modules,
        Err(failure) => return BuildOutcome::Failed(failure),
    };
    if request.profile != Profile::Development {
        return compile(request, &modules, cancel, on);
    }
    match freshness::prepare(request.app) {
        Ok(started) => {
            let outcome = compile(request, &modules, cancel, on);
            // Files that were not recorded are compiled again the next time.
            _ = freshness::learn(request.app, started);
            outcome
        }
        Err(error) => BuildOutcome::Failed(Failure::plain(
            "the target folder cannot be written",
            &format!(
                "`{}` cannot be written: {error}\nhint: see whether the disk is full and whether the folder is yours",
                request.app.target_dir()
            ),
        )),
    }
}

fn compile(
    request: &BuildRequest<'_>,
    modules: &[&Module],
    cancel: &CancelToken,
    on: &mut (dyn FnMut(BuildEvent) + Send),
) -> BuildOutcome {
    let mut messages = Messages::default();
    let mut output = String::new();
    for group in groups(modules) {
        match run(request, &group, &mut messages, cancel, on) {
            // Without a limit, it is never late.
            Ok(Ended::Cancelled | Ended::Late) => return BuildOutcome::Cancelled,
            Ok(Ended::Exited { success: true, stderr }) => {
                output.push_str(&without_status(&stderr));
            }
            Ok(Ended::Exited { success: false, stderr }) => {
                let files = inputs::of_failed(request.app, modules, &messages);
                let failure = messages.into_failure(&without_status(&stderr));
                return BuildOutcome::Failed(Failure { files, ..failure });
            }
            Err(error) => {
                return BuildOutcome::Failed(Failure::plain(
                    "cargo could not be started",
                    &format!("cargo could not be started: {error}"),
                ));
            }
        }
    }
    compiled_modules(request.app, modules, &mut messages, &output)
        .map_or_else(BuildOutcome::Failed, BuildOutcome::Built)
}

/// The modules that one call of cargo can compile, since its arguments count for all of them.
fn groups<'a>(modules: &[&'a Module]) -> Vec<Vec<&'a Module>> {
    let (native, applications): (Vec<_>, Vec<_>) =
        modules.iter().copied().partition(|module| module.is_native());
    let mut groups: Vec<Vec<&Module>> = applications.into_iter().map(|one| vec![one]).collect();
    if !native.is_empty() {
        groups.insert(0, native);
    }
    groups
}

fn run(
    request: &BuildRequest<'_>,
    modules: &[&Module],
    messages: &mut Messages,
    cancel: &CancelToken,
    on: &mut (dyn FnMut(BuildEvent) + Send),
) -> std::io::Result<Ended> {
    // Both outputs are read at once.
    let on = Mutex::new(on);
    let notify = |event| on.lock().unwrap_or_else(PoisonError::into_inner)(event);
    let mut command = command(request, modules);
    let is_application = modules.iter().any(|it| matches!(it.kind, ModuleKind::Application(_)));
    if request.profile == Profile::Development && is_application && request.auto_state {
        auto_state::set(&mut command, request.app)?;
    }
    process::run(
        command,
        cancel,
        None,
        |stdout| messages.read(stdout, &mut |event| notify(event)),
        &mut |line| {
            if let Some(what) = waits_for(line) {
                notify(BuildEvent::Waiting { what });
            }
        },
    )
}

fn wanted<'a>(request: &BuildRequest<'a>) -> Result<Vec<&'a Module>, Failure> {
    let find = |name: &String| {
        request.app.modules.iter().find(|module| module.name == *name).ok_or_else(|| {
            Failure::plain("unknown module", &format!("there is no module `{name}` in this app"))
        })
    };
    request.modules.iter().map(find).collect()
}

fn command(request: &BuildRequest<'_>, modules: &[&Module]) -> std::process::Command {
    let app = request.app;
    // A running `cargo hmr dev` holds the lock of its folder while it compiles.
    let target_dir = match request.profile {
        Profile::Development => app.target_dir(),
        Profile::Deployment(_) => app.target_dir().join("deploy"),
    };
    let mut command = request.toolchain.command("build");
    command
        // Not `--quiet`: what cargo waits for is among its status lines.
        .args(["--color=never", "--message-format=json-diagnostic-rendered-ansi"])
        .args(["--target", TARGET])
        .args(request.arguments)
        .args(["--target-dir", target_dir.as_str()])
        .args(["--manifest-path", app.workspace_root.join("Cargo.toml").as_str()])
        .envs(request.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(app.cargo_folder());
    let application = modules.iter().find_map(|module| match &module.kind {
        ModuleKind::Application(target) => Some(target),
        ModuleKind::Native { .. } => None,
    });
    match request.profile {
        Profile::Development => {
            command.args(["--profile", PROFILE]);
            for setting in profile_settings(app, application) {
                command.arg("--config").arg(format!("profile.{PROFILE}.{setting}"));
            }
        }
        Profile::Deployment(profile) => {
            let of_page = || application.and_then(|target| target.release_profile.as_deref());
            command.args(["--profile", profile.or_else(of_page).unwrap_or(small::PROFILE)]);
            if application.is_none() {
                // The SDK leaves out what only a swap needs.
                command.env(DEPLOYED, "1");
                for (key, value) in small_settings(app, profile) {
                    command
                        .arg("--config")
                        .arg(format!("profile.{}.{key}={value}", small::PROFILE));
                }
            }
        }
    }
    if app.build_directory.is_some() {
        // Where a folder for intermediate files is set, `--target-dir` is not all that is written to.
        command.arg("--config").arg(format!("build.build-dir={}", toml_string(&target_dir)));
    }
    for module in modules {
        command.args(["--package", &module.package]);
    }
    match modules {
        [Module { kind: ModuleKind::Application(target), target: name, .. }] => {
            if target.is_binary {
                command.args(["--bin", name]);
            } else {
                command.arg("--lib");
            }
            add_features(&mut command, &target.features);
        }
        _ => _ = command.arg("--lib"),
    }
    command
}

/// The settings of the profile. An application may ask for the profile that it begins from.
///
/// Dependencies rarely change, so they are optimised: less for an application, which has many more of them than a native module. The
/// level is set for the whole profile, with exceptions for the members of the workspace. `package."*"` would also optimise procedural
/// macros and build scripts, which makes a first build much longer.
fn profile_settings(app: &App, application: Option<&ApplicationTarget>) -> Vec<String> {
    let base = application.and_then(|target| target.profile.as_deref()).unwrap_or("dev");
    let dependencies = if application.is_some() { "1" } else { "\"s\"" };
    let mut settings = vec![
        format!("inherits={}", serde_json::Value::from(base)),
        format!("opt-level={dependencies}"),
    ];
    let members = app.packages.iter().filter(|package| package.is_member);
    settings.extend(members.map(|member| {
        format!("package.{}.opt-level=0", serde_json::Value::from(member.name.as_str()))
    }));
    settings.extend(PROFILE_SETTINGS.map(ToOwned::to_owned));
    settings
}

fn add_features(command: &mut std::process::Command, features: &Features) {
    if features.all {
        command.arg("--all-features");
    }
    if features.no_default {
        command.arg("--no-default-features");
    }
    if !features.named.is_empty() {
        command.args(["--features", &features.named.join(",")]);
    }
}

/// `path` as TOML writes a text.
fn toml_string(path: &Utf8Path) -> String {
    serde_json::Value::from(path.as_str()).to_string()
}

fn compiled_modules(
    app: &App,
    modules: &[&Module],
    messages: &mut Messages,
    stderr: &str,
) -> Result<Vec<CompiledModule>, Failure> {
    let compiled = |module: &&Module| {
        let file = messages.wasm_file(module).ok_or_else(|| {
            let text = format!(
                "cargo built `{}` without a wasm file\n{stderr}\nhint: its `crate-type` must have `\"cdylib\"`",
                module.package
            );
            Failure::plain(&format!("{} has no wasm file", module.name), &text)
        })?;
        let (files, folders) =
            inputs::of_built(app, module, &file.wasm, messages).map_err(|error| {
                let text = format!("the dependency file of `{}`: {error}", module.package);
                Failure::plain(&format!("{} cannot be followed", module.name), &text)
            })?;
        Ok(CompiledModule {
            module: module.name.clone(),
            fresh: file.fresh,
            files,
            folders,
            warnings: messages.warnings(&app.packages_of(module)),
            wasm: file.wasm,
        })
    };
    modules.iter().map(compiled).collect()
}

impl Failure {
    /// A failure that is not the compiler's.
    #[must_use]
    pub fn plain(title: &str, text: &str) -> Self {
        Self { title: title.into(), diagnostics: vec![Diagnostic::error(text)], files: Vec::new() }
    }
}

impl From<&Failure> for hmr_protocol::Failure {
    fn from(failure: &Failure) -> Self {
        Self { title: failure.title.clone(), diagnostics: failure.diagnostics.clone() }
    }
}
