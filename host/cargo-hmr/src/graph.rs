//! The module graph: from changed files to what must be done about them.
//!
//! The input is the application as cargo describes it, the files that each module was last compiled from, and a batch
//! of changes; the output is an [`UpdatePlan`]. Pure: nothing here touches a disk.
//!
//! A file belongs to a module if rustc read it (dep-info: sources, `include_str!`, path dependencies), or if it is in a folder
//! that a build script watches. A Rust file that no module reads belongs to the package whose folder contains it, since the next
//! compilation may read it; while a build is failing, so does any other file there, and every file that the failed build read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use globset::{Glob, GlobSet, GlobSetBuilder};
use hmr_build::{App, LocalPackage, app::Settings};

mod plan;

use self::plan::Role;
pub use self::plan::UpdatePlan;

/// The file in a module's package folder with what the next update does to the state, once.
pub const TRANSFORM: &str = "hmr-transform.json";

use crate::{
    served::is_served,
    site::{BuiltSite, SiteRole},
    watch::{ChangeBatch, HookWrite},
};

/// Files → packages → modules, for one application.
#[derive(Debug)]
pub struct Graph {
    root: Utf8PathBuf,
    static_folder: Utf8PathBuf,
    site: Option<Arc<BuiltSite>>,
    packages: Vec<LocalPackage>,
    settings: Settings,
    modules: BTreeMap<String, String>,
    inputs: BTreeMap<String, Inputs>,
    /// The files that modules fetch while they run, with their URL paths.
    assets: BTreeMap<String, Vec<(Utf8PathBuf, String)>>,
    /// What modules whose build has failed have read since.
    unfinished: BTreeMap<String, BTreeSet<Utf8PathBuf>>,
    manifests: BTreeSet<Utf8PathBuf>,
    root_globs: GlobSet,
    threshold: usize,
}

/// Data to read again before the next build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scan {
    /// The application: its manifests and settings.
    App,
    /// The application, and the toolchain that compiles it.
    Toolchain,
}

/// What a module was made from; absolute.
#[derive(Debug, Default)]
struct Inputs {
    files: BTreeSet<Utf8PathBuf>,
    /// Folders that count with all that is in them.
    folders: BTreeSet<Utf8PathBuf>,
}

fn globs(patterns: &[String]) -> Result<GlobSet, globset::Error> {
    let mut globs = GlobSetBuilder::new();
    for pattern in patterns {
        globs.add(Glob::new(pattern)?);
    }
    globs.build()
}

impl Graph {
    /// The graph of `app`, before anything was compiled.
    ///
    /// # Errors
    /// A `root-files` entry of the configuration that is not a valid glob.
    pub fn new(app: &App) -> Result<Self, globset::Error> {
        Ok(Self {
            root: app.root.clone(),
            static_folder: app.static_folder(),
            site: None,
            packages: app.packages.clone(),
            settings: app.settings(),
            modules: app
                .modules
                .iter()
                .map(|module| (module.name.clone(), module.package.clone()))
                .collect(),
            inputs: BTreeMap::new(),
            assets: BTreeMap::new(),
            unfinished: BTreeMap::new(),
            manifests: app.manifests(),
            root_globs: globs(&app.config.root_files)?,
            threshold: app.config.full_reload_threshold,
        })
    }

    /// Sets the page and its files, as they are served.
    pub fn set_site(&mut self, site: Option<Arc<BuiltSite>>) {
        self.site = site;
    }

    /// The names of all modules.
    pub fn modules(&self) -> impl Iterator<Item = &str> {
        self.modules.keys().map(String::as_str)
    }

    /// Every file whose changes matter in any folder: what modules were compiled from, and the settings of the
    /// application itself.
    pub fn files(&self) -> impl Iterator<Item = &Utf8PathBuf> {
        let read = self.inputs.values().flat_map(|inputs| &inputs.files);
        read.chain(self.unfinished.values().flatten()).chain(&self.manifests)
    }

    /// Every folder in which anything counts, those of packages aside.
    pub fn trees(&self) -> impl Iterator<Item = &Utf8PathBuf> {
        let folders = self.inputs.values().flat_map(|inputs| &inputs.folders);
        folders.filter(|folder| !self.packages.iter().any(|package| package.folder == **folder))
    }

    /// Sets what a module was compiled from: absolute paths of files, and of folders with all that is in them.
    pub fn set_inputs(
        &mut self,
        module: &str,
        files: impl IntoIterator<Item = Utf8PathBuf>,
        folders: impl IntoIterator<Item = Utf8PathBuf>,
    ) {
        let (files, folders) = (files.into_iter().collect(), folders.into_iter().collect());
        self.inputs.insert(module.to_owned(), Inputs { files, folders });
        self.unfinished.remove(module);
    }

    /// Sets the files that an application fetches while it runs.
    pub fn set_assets<'a>(
        &mut self,
        module: &str,
        assets: impl Iterator<Item = &'a hmr_build::BoundAsset>,
    ) {
        let base = self.site.as_ref().map_or("", |site| site.site().base());
        let base = if base.is_empty() { String::new() } else { format!("/{base}") };
        let assets =
            assets.map(|asset| (asset.source.clone(), format!("{base}/assets/{}", asset.path)));
        self.assets.insert(module.to_owned(), assets.collect());
    }

    /// Sets what a failed build of `modules` has read.
    pub fn set_unfinished<'a>(
        &mut self,
        modules: impl IntoIterator<Item = &'a String>,
        files: &[Utf8PathBuf],
    ) {
        for module in modules {
            self.unfinished.insert(module.clone(), files.iter().cloned().collect());
        }
    }

    /// Takes over the inputs that `old` has for modules that still exist.
    pub fn adopt_inputs(&mut self, old: &mut Self) {
        self.inputs = std::mem::take(&mut old.inputs);
        self.unfinished = std::mem::take(&mut old.unfinished);
        self.inputs.retain(|module, _| self.modules.contains_key(module));
        self.unfinished.retain(|module, _| self.modules.contains_key(module));
        self.assets = std::mem::take(&mut old.assets);
        self.assets.retain(|module, _| self.modules.contains_key(module));
    }

    /// Decides what to do about `batch`. `failing`: whether the last build failed.
    #[must_use]
    pub fn plan(&self, batch: &ChangeBatch, failing: bool) -> UpdatePlan {
        let mut plan = UpdatePlan::default();
        let mut sources = 0;
        for change in &batch.changes {
            let path = &change.path;
            let shown = self.shown(path);
            let by_hook = batch.by_hooks.get(path);
            let mut affected = match by_hook {
                Some(HookWrite::Compiled) => BTreeMap::new(),
                _ => self.affected(path, failing),
            };
            let mut roles = self.roles(path);
            if roles.is_empty() && affected.is_empty() {
                roles.extend(self.neighbour_role(path));
            }
            sources += usize::from(!affected.is_empty());
            match by_hook {
                None if affected.is_empty() => affected = self.for_hooks(path),
                // Decided when the build has ended.
                Some(HookWrite::Perhaps) => plan.without_role.push(change.clone()),
                _ => {}
            }
            if roles.is_empty() && affected.is_empty() {
                if by_hook.is_none() {
                    plan.without_role.push(change.clone());
                }
                continue;
            }
            plan.changed.push(shown.clone());
            for (module, chain) in affected {
                plan.modules.entry(module).or_insert(chain);
            }
            for role in roles {
                plan.note_role(role, &shown);
            }
        }
        if sources > self.threshold {
            plan.reload.get_or_insert(format!("{sources} source files changed at once"));
        }
        if plan.scan.is_some() {
            plan.modules =
                self.modules().map(|name| (name.to_owned(), "manifest".to_owned())).collect();
        }
        plan
    }

    /// The roles of a file, apart from being compiled into modules.
    fn roles(&self, path: &Utf8PathBuf) -> Vec<Role> {
        if let Some(role) = self.role(path) {
            return vec![role];
        }
        let assets = self.assets.values().flatten().filter_map(|(source, url)| {
            let inside = path.strip_prefix(source).ok()?;
            Some(if inside.as_str().is_empty() { url.clone() } else { format!("{url}/{inside}") })
        });
        let assets: BTreeSet<String> = assets.collect();
        let assets = assets.into_iter().map(|url| match path.extension() {
            Some("css") => SiteRole::Style(url),
            _ => SiteRole::Asset(url),
        });
        let roles = self.site.iter().flat_map(|site| site.roles(path));
        assets.chain(roles).map(Role::from).collect()
    }

    /// The role of a file that is only served because it is next to the page. A file that is compiled into a module has none.
    fn neighbour_role(&self, path: &Utf8Path) -> Option<Role> {
        self.site.as_ref()?.neighbour_role(path).map(Role::from)
    }

    /// The role of a file, apart from those of the page's links.
    fn role(&self, path: &Utf8Path) -> Option<Role> {
        if self.settings.toolchain.iter().any(|file| file == path) {
            return Some(Role::Toolchain);
        }
        if self.is_manifest(path) {
            return Some(Role::Manifest);
        }
        if let Ok(inside) = path.strip_prefix(&self.static_folder) {
            let url = format!("/{}", inside.as_str().replace('\\', "/"));
            match path.extension() {
                // Another role is possible: it may be among the `root-files`.
                _ if !is_served(inside) => {}
                Some("css") => return Some(Role::Style(url)),
                _ => return Some(Role::Asset(url)),
            }
        }
        let page = path.parent() == Some(&*self.root) && path.extension() == Some("html");
        let configured =
            path.strip_prefix(&self.root).is_ok_and(|inside| self.root_globs.is_match(inside));
        if page || configured {
            return Some(Role::Page);
        }
        let script =
            self.packages.iter().any(|package| package.build_script.as_deref() == Some(path));
        script.then_some(Role::BuildScript)
    }

    fn is_manifest(&self, path: &Utf8Path) -> bool {
        self.manifests.contains(path)
            || self.settings.cargo.iter().any(|file| file == path)
            || self.packages.iter().any(|package| package.manifest_path == path)
    }

    /// The modules that have read a file, or whose build scripts watch it.
    fn readers(&self, path: &Utf8Path, package: Option<&LocalPackage>) -> BTreeSet<&String> {
        let watches = |folder: &Utf8PathBuf| {
            // A build script that watches its package does not watch packages in it.
            let whole = self.packages.iter().any(|package| package.folder == *folder);
            path.starts_with(folder) && (!whole || package.is_some_and(|it| it.folder == *folder))
        };
        let inputs = self.inputs.iter().filter(|(_, inputs)| {
            inputs.files.contains(path) || inputs.folders.iter().any(watches)
        });
        let unfinished = self.unfinished.iter().filter(|(_, files)| files.contains(path));
        inputs.map(|(name, _)| name).chain(unfinished.map(|(name, _)| name)).collect()
    }

    /// The modules that a file is compiled into, with the chain that leads to each.
    fn affected(&self, path: &Utf8Path, failing: bool) -> BTreeMap<String, String> {
        let package = self.package_of(path);
        let readers = self.readers(path, package);
        if let Some(package) = package
            && path == package.folder.join(TRANSFORM)
        {
            let own = self.modules.iter().filter(|(_, own)| **own == package.name);
            return own
                .map(|(name, _)| (name.clone(), self.chain(path, Some(package), name)))
                .collect();
        }
        if !readers.is_empty() {
            return readers
                .into_iter()
                .map(|name| (name.clone(), self.chain(path, package, name)))
                .collect();
        }
        let Some(package) = package.filter(|package| self.may_be_read(path, package, failing))
        else {
            return BTreeMap::new();
        };
        self.modules
            .iter()
            .filter(|(_, own)| self.depends_on(own, &package.name))
            .map(|(name, _)| (name.clone(), self.chain(path, Some(package), name)))
            .collect()
    }

    /// All modules, if the project has hooks that may read the file: they run with each build.
    fn for_hooks(&self, path: &Utf8Path) -> BTreeMap<String, String> {
        let read = self.site.as_ref().is_some_and(|site| site.site().is_for_hooks(path));
        let chain = |name: &String| (name.clone(), format!("{} → hooks", self.shown(path)));
        self.modules.keys().filter(|_| read).map(chain).collect()
    }

    /// Whether the next compilation of `package` may read a file that no compilation has read yet.
    fn may_be_read(&self, path: &Utf8Path, package: &LocalPackage, failing: bool) -> bool {
        // Other targets' sources, which no module contains.
        let other_target = ["tests", "benches", "examples"]
            .iter()
            .any(|name| path.starts_with(package.folder.join(name)));
        (path.extension() == Some("rs") || failing)
            && !other_target
            && !path.starts_with(&self.static_folder)
    }

    /// The package whose folder contains a file: the innermost, if folders are nested.
    fn package_of(&self, path: &Utf8Path) -> Option<&LocalPackage> {
        self.packages
            .iter()
            .filter(|package| path.starts_with(&package.folder))
            .max_by_key(|package| package.folder.as_str().len())
    }

    fn depends_on(&self, from: &str, to: &str) -> bool {
        self.path_between(from, to).is_some()
    }

    /// The packages from `from` to `to` along dependencies, both included; the shortest one.
    fn path_between(&self, from: &str, to: &str) -> Option<Vec<&str>> {
        let start = self.packages.iter().find(|package| package.name == from)?;
        let mut seen = BTreeSet::from([from]);
        let mut routes = std::collections::VecDeque::from([vec![start.name.as_str()]]);
        while let Some(route) = routes.pop_front() {
            let last = *route.last()?;
            if last == to {
                return Some(route);
            }
            let Some(package) = self.packages.iter().find(|package| package.name == last) else {
                continue;
            };
            for next in &package.dependencies {
                if seen.insert(next) {
                    routes.push_back(route.iter().copied().chain([next.as_str()]).collect());
                }
            }
        }
        None
    }

    /// `ui/src/lib.rs → ui → board`: the file, the packages that pass it on, the module.
    fn chain(&self, path: &Utf8Path, package: Option<&LocalPackage>, module: &str) -> String {
        let own = self.modules.get(module).map_or(module, String::as_str);
        let mut links = vec![self.shown(path)];
        if let Some(route) = package.and_then(|package| self.path_between(own, &package.name)) {
            links.extend(route.iter().skip(1).rev().map(|name| (*name).to_owned()));
        }
        links.push(module.to_owned());
        links.join(" → ")
    }

    fn shown(&self, path: &Utf8Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).to_string()
    }
}

#[cfg(test)]
impl Graph {
    /// An application in `/app` with the modules `board` and `list`, which share the crate `ui`.
    pub(crate) fn example() -> Self {
        tests::graph_of(
            &["board", "list"],
            vec![
                tests::package("board", "/app/board", &["ui"]),
                tests::package("list", "/app/list", &["ui"]),
                tests::package("ui", "/app/ui", &[]),
            ],
        )
    }
}

#[cfg(test)]
mod tests;
