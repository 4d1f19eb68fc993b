//! `cargo hmr build`: everything that a page needs, in one folder for any server of static files.
//!
//! In: an app and where it will be served. Out: a folder ([`dist`]) with pages ([`markup`], [`pages`]), modules ([`modules`], [`applications`]), styles and files, all with
//! compressed copies ([`compress`]). It is written beside the old one and takes its place at the end, so that a build that fails changes nothing.

mod applications;
mod compress;
mod dist;
mod markup;
mod modules;
mod natives;
mod pages;
mod serve;

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use hmr_build::{
    App, AppError, BindError, CancelToken, Failure, HookOutcome, Site, Toolchain, ToolchainError,
};
use hmr_trunk::Stage;

use self::dist::DIST_FILE;
pub use self::dist::DistError;
pub use self::markup::PublicUrl;
use self::modules::Modules;
pub use self::serve::{ServeError, ServeOptions, serve};
use crate::events::Event;

/// The folder that is written, unless another one is named.
const DIST: &str = "dist";

/// What the command line asks for.
#[derive(Debug, Clone)]
pub struct Options {
    /// The app's folder or manifest.
    pub path: Utf8PathBuf,
    /// A profile of the user's; else the one that the page names, else `release`.
    pub profile: Option<String>,
    /// The folder to write; else that of the settings, else `dist` in the app's folder.
    pub dist: Option<Utf8PathBuf>,
    /// What the URLs of all files begin with; else that of the settings, else `/`.
    pub public_url: Option<PublicUrl>,
    /// Whether `wasm-opt` is used if it is installed.
    pub wasm_opt: bool,
    /// More arguments for cargo.
    pub cargo_arguments: Vec<String>,
}

/// What was built.
#[derive(Debug, serde::Serialize)]
pub struct Summary {
    /// The folder.
    pub dist: Utf8PathBuf,
    /// What the URLs of all files begin with.
    pub public_url: String,
    /// The files, the largest first.
    pub files: Vec<FileSize>,
    /// The modules, with what is largest in them.
    pub modules: Vec<ModuleSize>,
    /// What should be known, in one sentence each.
    pub notes: Vec<String>,
}

/// The size of a file, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FileSize {
    /// Its path in the folder.
    pub path: String,
    /// As it is.
    pub raw: usize,
    /// Compressed with gzip; as it is if that does not help.
    pub gzip: usize,
    /// Compressed with brotli; as it is if that does not help.
    pub brotli: usize,
}

/// What is largest in a module.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ModuleSize {
    /// The module's name.
    pub module: String,
    /// The path of its wasm file in the folder.
    pub file: String,
    /// Crates with the size of their code as the compiler made it, in bytes, the largest first. Empty if the profile strips names.
    pub crates: Vec<(String, usize)>,
}

/// Why nothing was built.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The app cannot be read.
    #[error(transparent)]
    App(#[from] AppError),
    /// There is no toolchain for it.
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
    /// It does not compile.
    #[error("{}", failure_text(.0))]
    NotCompiled(Box<Failure>),
    /// A hook or another program failed.
    #[error("{}", failure_text(.0))]
    Failed(Box<Failure>),
    /// Something is wrong with a page or one of its files.
    #[error("{0}")]
    Page(String),
    /// The folder cannot be written.
    #[error(transparent)]
    Dist(#[from] DistError),
    /// It was interrupted.
    #[error("interrupted; nothing was changed")]
    Cancelled,
}

impl DeployError {
    /// Whether the compiler has refused the code, as cargo's own exit code says it.
    #[must_use]
    pub fn is_compile_error(&self) -> bool {
        matches!(self, Self::NotCompiled(_))
    }
}

impl From<Failure> for DeployError {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

impl From<BindError> for DeployError {
    fn from(error: BindError) -> Self {
        match error {
            BindError::Failed(failure) => failure.into(),
            BindError::Cancelled => Self::Cancelled,
        }
    }
}

fn failure_text(failure: &Failure) -> String {
    let errors = failure.diagnostics.iter().filter(|it| it.level == hmr_build::Level::Error);
    let mut text = failure.title.clone();
    for error in errors {
        text.push('\n');
        text.push_str(error.rendered.trim_end());
    }
    text
}

/// Builds an app. Blocks until that is done. `on` is called with what takes time.
///
/// # Errors
/// What is wrong, with what to do. The folder from before is as it was.
pub fn run(
    options: &Options,
    cancel: &CancelToken,
    on: &(dyn Fn(Event) + Sync),
) -> Result<Summary, DeployError> {
    let mut app = App::load_with_progress(&options.path, &mut |what| on(Event::Waiting { what }))?;
    let public_url = public_url(&app, options);
    app.site = app.site.map(|site| site_below(&site, &public_url)).transpose()?;
    let target = dist::absolute(&dist_folder(&app, options.dist.as_ref()));
    // Before the minutes that a build may take.
    let mut dist = dist::Dist::prepare(&target)?;
    let toolchain = Toolchain::find(&app.root, &mut |progress| {
        on(Event::Progress { message: progress.to_string() });
    })?;
    let mut notes = app.notes.clone();
    notes.extend(note_for_dioxus(&app, &public_url));
    hooks(&app, Stage::PreBuild, dist.folder(), cancel)?;
    hooks(&app, Stage::Build, dist.folder(), cancel)?;
    if let Some((_, Some(error))) = app.site.as_ref().map(|site| site.build()) {
        return Err(DeployError::Page(error.to_string()));
    }
    let modules = Modules::build(&app, &toolchain, options, cancel, on)?;
    notes.extend(modules.notes.iter().cloned());
    let pages = pages::write(&app, &modules, &public_url, &mut dist)?;
    notes.extend(pages);
    dist.flush()?;
    hooks(&app, Stage::PostBuild, dist.folder(), cancel)?;
    let paths = hmr_build::deploy::MachinePaths::of(&app);
    on(Event::Progress { message: "compressing".to_owned() });
    let (files, named) = compress::folder(dist.folder(), &paths, cancel)?;
    notes.extend(named);
    let info =
        dist::DistInfo { public_url: public_url.as_str().to_owned(), spa: pages::has_router(&app) };
    dist.finish(&info)?;
    let modules = modules.sizes();
    Ok(Summary { dist: target, public_url: public_url.as_str().to_owned(), files, modules, notes })
}

/// The folder that `cargo hmr build` writes for the app at `path`, unless another one is named; absolute.
///
/// # Errors
/// The app cannot be read.
pub fn dist_of(path: &Utf8Path) -> Result<Utf8PathBuf, AppError> {
    // A folder that was built needs no manifest to be served.
    if path.join(DIST_FILE).is_file() {
        return Ok(dist::absolute(path));
    }
    Ok(dist::absolute(&dist_folder(&App::load(path)?, None)))
}

fn dist_folder(app: &App, chosen: Option<&Utf8PathBuf>) -> Utf8PathBuf {
    let of_settings = || app.site.as_ref().map(|site| site.trunk.build.dist.clone());
    chosen.cloned().or_else(of_settings).unwrap_or_else(|| app.root.join(DIST))
}

fn public_url(app: &App, options: &Options) -> PublicUrl {
    if let Some(url) = &options.public_url {
        return url.clone();
    }
    let site = app.site.as_ref();
    let of_dioxus = site.and_then(|site| site.dioxus.as_ref()?.base_path.clone());
    let of_settings = of_dioxus.or_else(|| site.map(|site| site.trunk.build.public_url.clone()));
    of_settings.and_then(|url| url.parse().ok()).unwrap_or_default()
}

/// The site as it is deployed.
fn site_below(site: &Site, public_url: &PublicUrl) -> Result<Arc<Site>, AppError> {
    let path = public_url.path().map(|path| path.trim_matches('/')).filter(|path| !path.is_empty());
    Ok(Arc::new(site.to_deploy(path)?))
}

/// What Dioxus cannot do with this address.
fn note_for_dioxus(app: &App, public_url: &PublicUrl) -> Option<String> {
    let dioxus = app.site.as_ref()?.dioxus.as_ref()?;
    if public_url.as_str().starts_with('/') {
        return None;
    }
    let base = dioxus.base_path.as_ref().map_or("/".to_owned(), |base| format!("/{base}/"));
    Some(format!(
        "Dioxus loads files of `asset!` and reads routes below a path of the page's own host, here `{base}`; another one is named with `--public-url /path/`"
    ))
}

fn hooks(
    app: &App,
    stage: Stage,
    folder: &Utf8Path,
    cancel: &CancelToken,
) -> Result<(), DeployError> {
    let Some(site) = &app.site else { return Ok(()) };
    let mut config = site.trunk.clone();
    config.build.release = true;
    match hmr_build::run_hooks(&config, stage, folder, cancel) {
        HookOutcome::Passed => Ok(()),
        HookOutcome::Failed(failure) => Err(failure.into()),
        HookOutcome::Cancelled => Err(DeployError::Cancelled),
    }
}
