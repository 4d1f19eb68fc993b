//! What to build: an app's modules and the packages on this machine.
//!
//! The input is a path that the user named; the output is an [`App`], or an [`AppError`] that explains
//! what is wrong with which manifest and how to fix it. Everything comes from `cargo metadata`: no manifest is
//! read here, so cargo and the tool always agree.

mod applications;
mod error;
pub(crate) mod metadata;
mod module;
mod settings;
mod static_folder;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use cargo_metadata::{Metadata, Package};

pub use self::applications::imports_glue;
pub use self::error::AppError;
pub use self::module::{ApplicationTarget, Features, Module, ModuleKind};
pub use self::settings::Settings;
use crate::config::{Config, Table};
use crate::environment;
use crate::site::Site;

/// The package that a module depends on.
const SDK: &str = "hmr-sdk";

/// An app: a folder with an `index.html`, and the modules of the workspace around it.
#[derive(Debug, Clone)]
pub struct App {
    /// The folder that holds `index.html`; absolute.
    pub root: Utf8PathBuf,
    /// The folder of the workspace's manifest; absolute.
    pub workspace_root: Utf8PathBuf,
    /// The modules, by name.
    pub modules: Vec<Module>,
    /// Every package that comes from a folder rather than a registry, by name.
    pub packages: Vec<LocalPackage>,
    /// The settings of the workspace, those of the root package over them.
    pub config: Config,
    /// The page and its settings, if it has an application.
    pub site: Option<Arc<Site>>,
    /// What of it cannot be supported, with what to do.
    pub notes: Vec<String>,
    /// The folder into which cargo compiles this workspace; absolute.
    pub target_directory: Utf8PathBuf,
    /// The folder into which cargo writes intermediate files, if it is a separate one; absolute.
    pub build_directory: Option<Utf8PathBuf>,
}

/// A package whose source is in a folder on this machine, so its files can change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPackage {
    /// The package's name.
    pub name: String,
    /// The folder of its manifest; absolute.
    pub folder: Utf8PathBuf,
    /// Its manifest; absolute.
    pub manifest_path: Utf8PathBuf,
    /// The names of the local packages that it is built with, those of its build script included.
    pub dependencies: Vec<String>,
    /// The source of its build script; absolute.
    pub build_script: Option<Utf8PathBuf>,
    /// Whether it is a member of the workspace.
    pub is_member: bool,
}

impl App {
    /// Finds the app at `path`, a folder or a manifest. May download what the workspace depends on.
    pub fn load(path: &Utf8Path) -> Result<App, AppError> {
        Self::load_with_progress(path, &mut |_| {})
    }

    /// Finds the app at `path` as [`App::load`] does; `on_wait` is called with what cargo waits for.
    pub fn load_with_progress(
        path: &Utf8Path,
        on_wait: &mut (dyn FnMut(String) + Send),
    ) -> Result<App, AppError> {
        let mut on_line = |line: &str| {
            if let Some(what) = crate::cargo_status::waits_for(line) {
                on_wait(what);
            }
        };
        let mut manifest = manifest_at(path)?;
        let mut seen = BTreeSet::new();
        loop {
            let metadata = metadata::query(&manifest, &mut on_line)?;
            let workspace_manifest = metadata.workspace_root.join("Cargo.toml");
            let mut config = Config::default();
            config.read(&workspace_manifest, Table::Workspace, &metadata.workspace_metadata)?;
            let at_root = manifest == workspace_manifest;
            let Some(folder) = config.app.clone().filter(|_| at_root) else {
                return assemble(&manifest, &metadata, config, None);
            };
            let folder = normalise(&metadata.workspace_root.join(folder));
            if !folder.is_dir() {
                return Err(AppError::NoAppFolder { manifest, folder });
            }
            // A folder without a manifest only contains the page: the modules come from the current workspace.
            if !folder.join("Cargo.toml").is_file() || folder == metadata.workspace_root {
                return assemble(&manifest, &metadata, config, Some(folder));
            }
            if !seen.insert(manifest.clone()) {
                return Err(AppError::Circle(manifest));
            }
            manifest = folder.join("Cargo.toml");
        }
    }

    /// Where modules are compiled: a folder of its own, so that neither the user's builds nor an
    /// editor's checks wait for the tool's or undo them.
    #[must_use]
    pub fn target_dir(&self) -> Utf8PathBuf {
        self.target_directory.join("hmr")
    }

    /// The folder of files that are served as they are; absolute.
    #[must_use]
    pub fn static_folder(&self) -> Utf8PathBuf {
        normalise(&self.root.join(&self.config.static_folder))
    }

    /// Whether builds of the tool write `path`: such a file never counts as changed, even if a compilation reads it.
    #[must_use]
    pub fn is_output(&self, path: &Utf8Path) -> bool {
        path.starts_with(self.target_dir())
    }

    /// Folders that cargo writes to in the user's builds of this workspace: a file there counts only if a compilation read it.
    /// `CARGO_TARGET_DIR` and similar variables do not reach the tool's own builds, but the user's builds follow them.
    #[must_use]
    pub fn caches(&self) -> Vec<Utf8PathBuf> {
        let mut caches = vec![self.target_directory.clone()];
        caches.extend(self.build_directory.clone());
        let here = std::env::current_dir().ok().and_then(|here| Utf8PathBuf::try_from(here).ok());
        for variable in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_BUILD_BUILD_DIR"] {
            let Ok(folder) = std::env::var(variable) else { continue };
            // Relative paths start where cargo is called, which is usually one of these folders.
            let bases = here.iter().chain([&self.root, &self.workspace_root]);
            caches.extend(bases.map(|base| normalise(&base.join(&folder))));
        }
        caches
    }

    /// The manifests and lock files of the application and its workspace, whether they exist or not; absolute.
    #[must_use]
    pub fn manifests(&self) -> BTreeSet<Utf8PathBuf> {
        let folders = [&self.root, &self.workspace_root];
        let names = ["Cargo.toml", "Cargo.lock", ".cargo/config.toml", ".cargo/config"];
        let own = names.iter().flat_map(|name| folders.map(|folder| folder.join(name)));
        own.chain(self.site.iter().flat_map(|site| site.settings())).collect()
    }

    /// The files that decide how it is compiled and are not part of it.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings::of(&self.root, self.cargo_folder())
    }

    /// Where cargo is started: it looks from there upwards for `.cargo/config.toml`.
    pub(crate) fn cargo_folder(&self) -> &Utf8Path {
        if self.root.starts_with(&self.workspace_root) { &self.root } else { &self.workspace_root }
    }

    /// The modules that are made from `package`, directly or through what they depend on.
    #[must_use]
    pub fn modules_using(&self, package: &str) -> Vec<&Module> {
        let uses = |module: &&Module| reachable(&self.packages, &module.package).contains(package);
        self.modules.iter().filter(uses).collect()
    }

    /// The names of the local packages that `module` is made from, its own among them.
    pub(crate) fn packages_of<'a>(&'a self, module: &'a Module) -> Vec<&'a str> {
        reachable(&self.packages, &module.package).into_iter().collect()
    }
}

/// The manifest that `path` means; absolute and without `..`.
fn manifest_at(path: &Utf8Path) -> Result<Utf8PathBuf, AppError> {
    let absolute = camino::absolute_utf8(path).unwrap_or_else(|_| path.to_owned());
    let path = normalise(&absolute);
    if path.is_file() {
        return if path.file_name() == Some("Cargo.toml") {
            Ok(path)
        } else {
            Err(AppError::NotManifest(path))
        };
    }
    let manifest = path.join("Cargo.toml");
    if manifest.is_file() { Ok(manifest) } else { Err(AppError::NoManifest(path)) }
}

/// Resolves `.` and `..` by name alone, as cargo does, so that paths compare equal to cargo's.
fn normalise(path: &Utf8Path) -> Utf8PathBuf {
    let mut normal = Utf8PathBuf::new();
    for component in path.components() {
        match component {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

/// What of an app cannot be supported, with what to do.
fn notes(site: Option<&Site>, modules: &[Module], metadata: &Metadata) -> Vec<String> {
    let mut notes = environment::not_used(|name| std::env::var_os(name).is_some());
    if let Some(site) = site {
        notes.extend(applications::notes(modules, metadata));
        notes.extend(site.notes());
    }
    notes
}

/// Makes the app from cargo's metadata of `manifest`. `page` is the page's folder, if that is set.
fn assemble(
    manifest: &Utf8Path,
    metadata: &Metadata,
    mut config: Config,
    page: Option<Utf8PathBuf>,
) -> Result<App, AppError> {
    let folder = manifest.parent().unwrap_or(manifest);
    let root_package = metadata.packages.iter().find(|package| package.manifest_path == manifest);
    if let Some(package) = root_package {
        config.read(manifest, Table::Package, &package.metadata)?;
    }
    let packages = local_packages(metadata);
    let whole_workspace = folder == metadata.workspace_root;
    let wanted = match root_package {
        Some(package) if !whole_workspace => Some(reachable(&packages, &package.name)),
        _ => None,
    };
    let members: Vec<&Package> = metadata
        .workspace_packages()
        .into_iter()
        .filter(|package| wanted.as_ref().is_none_or(|names| names.contains(package.name.as_str())))
        .collect();
    let root = page.unwrap_or_else(|| page_folder(folder, &metadata.workspace_root));
    let Found { root, modules, site } = modules_of(root, &members, root_package, metadata)?;
    if modules.is_empty() {
        return Err(AppError::NoModules {
            path: folder.to_owned(),
            incomplete: incomplete(&members, metadata),
        });
    }
    let app = App {
        root,
        workspace_root: metadata.workspace_root.clone(),
        notes: notes(site.as_deref(), &modules, metadata),
        site,
        modules,
        packages,
        config,
        target_directory: metadata.target_directory.clone(),
        build_directory: metadata
            .build_directory
            .clone()
            .filter(|folder| *folder != metadata.target_directory),
    };
    static_folder::check(&app)?;
    Ok(app)
}

/// The modules of both kinds, and the folder of the page: where no page was found, that of the only application that has one.
fn modules_of(
    root: Utf8PathBuf,
    members: &[&Package],
    root_package: Option<&Package>,
    metadata: &Metadata,
) -> Result<Found, AppError> {
    let own = root_package.filter(|package| folder_of(package) == root);
    let site = Site::read(&root, own.map(|package| (package.name.as_str(), &package.metadata)))?;
    let links = site.links();
    let page = applications::Page { folder: &root, html: site.html(), links: &links };
    let found = applications::find(members, root_package, metadata, &page)?;
    if let [only] = &*found
        && site.html().is_empty()
    {
        let own = folder_of(only.package);
        if own != root && applications::has_page(own) {
            return modules_of(own.to_owned(), members, Some(only.package), metadata);
        }
    }
    let uses_dioxus = |it: &applications::Found<'_>| metadata::uses(metadata, it.package, "dioxus");
    let site = if found.iter().any(uses_dioxus) { site.for_dioxus()? } else { site };
    let site = (!found.is_empty()).then(|| Arc::new(site));
    let modules = modules(members, found, metadata)?;
    Ok(Found { root, modules, site })
}

/// What [`modules_of`] finds.
struct Found {
    root: Utf8PathBuf,
    modules: Vec<Module>,
    site: Option<Arc<Site>>,
}

fn folder_of(package: &Package) -> &Utf8Path {
    package.manifest_path.parent().unwrap_or(&package.manifest_path)
}

/// The folder of the page: the one that was named, unless only the workspace's has an `index.html`.
fn page_folder(folder: &Utf8Path, workspace: &Utf8Path) -> Utf8PathBuf {
    let has_page = |folder: &Utf8Path| folder.join("index.html").is_file();
    if !has_page(folder) && has_page(workspace) { workspace } else { folder }.to_owned()
}

fn modules(
    members: &[&Package],
    applications: Vec<applications::Found<'_>>,
    metadata: &Metadata,
) -> Result<Vec<Module>, AppError> {
    let native = members.iter().filter(|package| metadata::uses(metadata, package, SDK));
    let native = native.filter_map(|package| {
        let wasm_bindgen = metadata::uses(metadata, package, applications::BINDGEN)
            .then(|| applications::wasm_bindgen(metadata))
            .flatten();
        Some((*package, cdylib(package)?, ModuleKind::Native { wasm_bindgen }))
    });
    let applications = applications
        .into_iter()
        .map(|found| (found.package, found.target, ModuleKind::Application(found.compiled)));
    let mut modules: BTreeMap<String, Module> = BTreeMap::new();
    for (package, target, kind) in native.chain(applications) {
        let mut config = Config::default();
        config.read(&package.manifest_path, Table::Package, &package.metadata)?;
        let name = config.name.unwrap_or_else(|| package.name.to_string());
        let module = Module {
            name: name.clone(),
            package: package.name.to_string(),
            manifest_path: package.manifest_path.clone(),
            target: target.name.clone(),
            kind,
            gate: config.gate,
            gate_limit: config.gate_limit,
        };
        if let Some(first) = modules.insert(name.clone(), module) {
            let second = package.name.to_string();
            return Err(AppError::SameName { name, first: first.package, second });
        }
    }
    Ok(modules.into_values().collect())
}

fn cdylib(package: &Package) -> Option<&cargo_metadata::Target> {
    package.targets.iter().find(|target| target.is_cdylib())
}

/// Explains, for packages that are almost modules, what is missing.
fn incomplete(members: &[&Package], metadata: &Metadata) -> String {
    let mut text = String::new();
    for package in members {
        let missing = match (cdylib(package).is_some(), metadata::uses(metadata, package, SDK)) {
            (true, false) => {
                "is a `cdylib`, but depends neither on `wasm-bindgen` nor on `hmr-sdk`"
            }
            (false, true) => "depends on `hmr-sdk`, but its `crate-type` has no `\"cdylib\"`",
            _ => continue,
        };
        text.extend(["\n`", &package.name, "` ", missing]);
    }
    text
}

/// Every package without a source: workspace members and path dependencies, in any folder.
fn local_packages(metadata: &Metadata) -> Vec<LocalPackage> {
    let local: BTreeMap<_, _> = metadata
        .packages
        .iter()
        .filter(|package| package.source.is_none())
        .map(|package| (&package.id, package))
        .collect();
    let mut packages: Vec<LocalPackage> = local
        .values()
        .map(|package| LocalPackage {
            name: package.name.to_string(),
            folder: package.manifest_path.parent().unwrap_or(&package.manifest_path).to_owned(),
            manifest_path: package.manifest_path.clone(),
            dependencies: metadata::built_with(metadata, &package.id)
                .filter_map(|id| local.get(id))
                .map(|dependency| dependency.name.to_string())
                .collect(),
            build_script: package
                .targets
                .iter()
                .find(|target| target.is_custom_build())
                .map(|target| target.src_path.clone()),
            is_member: metadata.workspace_members.contains(&package.id),
        })
        .collect();
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    packages
}

/// The names of `package` and of all local packages that it is made from.
fn reachable<'a>(packages: &'a [LocalPackage], package: &'a str) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    let mut open = vec![package];
    while let Some(name) = open.pop() {
        if names.insert(name) {
            let found = packages.iter().find(|package| package.name == name);
            open.extend(found.iter().flat_map(|package| &package.dependencies).map(String::as_str));
        }
    }
    names
}
