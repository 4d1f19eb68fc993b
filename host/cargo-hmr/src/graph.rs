//! The module graph: from changed files to what must be done about them.
//!
//! The input is the application as cargo describes it, the files that each module was last compiled from, and a batch
//! of changes; the output is an [`UpdatePlan`]. Pure: nothing here touches a disk.
//!
//! A file belongs to a module if rustc read it (dep-info: sources, `include_str!`, path dependencies), or if it is in a folder
//! that a build script watches. A Rust file that no module reads belongs to the package whose folder contains it, since the next
//! compilation may want it; while a build is failing, so does any other file there, and every file that the failed build read.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use globset::{Glob, GlobSet, GlobSetBuilder};
use hmr_build::{App, LocalPackage, app::Settings};

/// The file in a module's package folder with what the next update does to the state, once.
pub const TRANSFORM: &str = "hmr-transform.json";

use crate::{
    served::is_served,
    watch::{Change, ChangeBatch},
};

/// Files → packages → modules, for one application.
#[derive(Debug)]
pub struct Graph {
    root: Utf8PathBuf,
    static_folder: Utf8PathBuf,
    packages: Vec<LocalPackage>,
    settings: Settings,
    modules: BTreeMap<String, String>,
    inputs: BTreeMap<String, Inputs>,
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

/// What a batch of changes asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct UpdatePlan {
    /// The page must be loaded again once the code is built, for this reason.
    pub reload: Option<String>,
    /// Files of the page itself, which must be loaded again; they need no build.
    pub markup: BTreeSet<String>,
    /// What must be read again.
    pub scan: Option<Scan>,
    /// Modules to build, each with the chain that leads to it: `ui/src/lib.rs → ui → board`.
    pub modules: BTreeMap<String, String>,
    /// Stylesheets, as URL paths.
    pub styles: Vec<String>,
    /// Other static files, as URL paths.
    pub assets: Vec<String>,
    /// Every changed file that counted, relative to the application where that is possible.
    pub changed: Vec<String>,
    /// Changes of files that are nothing to the application, as far as is known.
    pub without_role: Vec<Change>,
}

impl UpdatePlan {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty()
    }

    /// Whether something must be built, or read again.
    #[must_use]
    pub fn needs_build(&self) -> bool {
        self.scan.is_some() || !self.modules.is_empty() || self.reload.is_some()
    }
}

fn globs(patterns: &[String]) -> Result<GlobSet, globset::Error> {
    let mut globs = GlobSetBuilder::new();
    for pattern in patterns {
        globs.add(Glob::new(pattern)?);
    }
    globs.build()
}

/// What one file is to the application.
enum Role {
    Toolchain,
    Manifest,
    BuildScript,
    Page,
    Style(String),
    Asset(String),
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
            packages: app.packages.clone(),
            settings: app.settings(),
            modules: app
                .modules
                .iter()
                .map(|module| (module.name.clone(), module.package.clone()))
                .collect(),
            inputs: BTreeMap::new(),
            unfinished: BTreeMap::new(),
            manifests: app.manifests(),
            root_globs: globs(&app.config.root_files)?,
            threshold: app.config.full_reload_threshold,
        })
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

    /// Notes what a module was compiled from: absolute paths of files, and of folders with all that is in them.
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

    /// Notes what a failed build of `modules` has read.
    pub fn set_unfinished<'a>(
        &mut self,
        modules: impl IntoIterator<Item = &'a String>,
        files: &[Utf8PathBuf],
    ) {
        for module in modules {
            self.unfinished.insert(module.clone(), files.iter().cloned().collect());
        }
    }

    /// Takes over what `old` knew of modules that are still there.
    pub fn adopt_inputs(&mut self, old: &mut Self) {
        self.inputs = std::mem::take(&mut old.inputs);
        self.unfinished = std::mem::take(&mut old.unfinished);
        self.inputs.retain(|module, _| self.modules.contains_key(module));
        self.unfinished.retain(|module, _| self.modules.contains_key(module));
    }

    /// Decides what `batch` asks for. `failing`: whether the last build failed.
    #[must_use]
    pub fn plan(&self, batch: &ChangeBatch, failing: bool) -> UpdatePlan {
        let mut plan = UpdatePlan::default();
        let mut sources = 0;
        for change in &batch.changes {
            let path = &change.path;
            let shown = self.shown(path);
            let affected = self.affected(path, failing);
            let role = self.role(path);
            if role.is_none() && affected.is_empty() {
                plan.without_role.push(change.clone());
                continue;
            }
            plan.changed.push(shown.clone());
            sources += usize::from(!affected.is_empty());
            for (module, chain) in affected {
                plan.modules.entry(module).or_insert(chain);
            }
            match role {
                Some(Role::Toolchain) => plan.scan = Some(Scan::Toolchain),
                Some(Role::Manifest) => {
                    plan.scan = plan.scan.max(Some(Scan::App));
                    plan.reload.get_or_insert(format!("`{shown}` changed"));
                }
                Some(Role::BuildScript) => {
                    plan.reload.get_or_insert(format!("`{shown}` changed"));
                }
                Some(Role::Page) => _ = plan.markup.insert(shown),
                Some(Role::Style(url)) => plan.styles.push(url),
                Some(Role::Asset(url)) => plan.assets.push(url),
                None => {}
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

    /// What a file is besides being compiled into modules.
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

    /// Whether the next compilation of `package` may want a file that no compilation has read yet.
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

    /// The packages from `from` to `to` along dependencies, both included; the shortest way.
    fn path_between(&self, from: &str, to: &str) -> Option<Vec<&str>> {
        let start = self.packages.iter().find(|package| package.name == from)?;
        let mut seen = BTreeSet::from([from]);
        let mut ways = std::collections::VecDeque::from([vec![start.name.as_str()]]);
        while let Some(way) = ways.pop_front() {
            let last = *way.last()?;
            if last == to {
                return Some(way);
            }
            let Some(package) = self.packages.iter().find(|package| package.name == last) else {
                continue;
            };
            for next in &package.dependencies {
                if seen.insert(next) {
                    ways.push_back(way.iter().copied().chain([next.as_str()]).collect());
                }
            }
        }
        None
    }

    /// `ui/src/lib.rs → ui → board`: the file, the packages that pass it on, the module.
    fn chain(&self, path: &Utf8Path, package: Option<&LocalPackage>, module: &str) -> String {
        let own = self.modules.get(module).map_or(module, String::as_str);
        let mut links = vec![self.shown(path)];
        if let Some(way) = package.and_then(|package| self.path_between(own, &package.name)) {
            links.extend(way.iter().skip(1).rev().map(|name| (*name).to_owned()));
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
mod tests {
    use super::*;
    use crate::watch::ChangeKind;

    pub(super) fn package(name: &str, folder: &str, dependencies: &[&str]) -> LocalPackage {
        LocalPackage {
            name: name.into(),
            folder: folder.into(),
            manifest_path: format!("{folder}/Cargo.toml").into(),
            dependencies: dependencies.iter().map(|&name| name.to_owned()).collect(),
            build_script: (name == "board").then(|| format!("{folder}/build.rs").into()),
        }
    }

    pub(super) fn graph_of(modules: &[&str], packages: Vec<LocalPackage>) -> Graph {
        Graph {
            root: "/app".into(),
            static_folder: "/app/static".into(),
            packages,
            settings: Settings {
                toolchain: vec!["/rust-toolchain.toml".into()],
                cargo: vec!["/.cargo/config.toml".into()],
            },
            modules: modules.iter().map(|&name| (name.into(), name.into())).collect(),
            inputs: BTreeMap::new(),
            unfinished: BTreeMap::new(),
            manifests: ["Cargo.toml", "Cargo.lock", ".cargo/config.toml"]
                .map(|name| Utf8Path::new("/app").join(name))
                .into(),
            root_globs: globs(&["data/*.json".into()]).expect("globs"),
            threshold: 10,
        }
    }

    /// `board` and `list` use `ui`, `ui` uses `text`, which is outside; `clock` has no dependencies.
    fn graph() -> Graph {
        let mut graph = graph_of(
            &["board", "list", "clock"],
            vec![
                package("board", "/app/board", &["ui"]),
                package("list", "/app/list", &["ui"]),
                package("clock", "/app/clock", &[]),
                package("ui", "/app/ui", &["text"]),
                package("text", "/elsewhere/text", &[]),
            ],
        );
        let ui = ["/app/ui/src/lib.rs", "/elsewhere/text/src/lib.rs", "/app/board/names.txt"];
        let files = |own: &str, more: &[&str]| -> Vec<Utf8PathBuf> {
            [own].iter().chain(more).map(Utf8PathBuf::from).collect()
        };
        let templates = ["/far/templates".into(), "/app/board/.parts".into()];
        graph.set_inputs("board", files("/app/board/src/lib.rs", &ui), templates);
        graph.set_inputs("list", files("/app/list/src/lib.rs", &ui[..2]), []);
        graph.set_inputs("clock", files("/app/clock/src/lib.rs", &[]), ["/app/clock".into()]);
        graph
    }

    fn plan(paths: &[&str], failing: bool) -> UpdatePlan {
        let changes = paths
            .iter()
            .map(|path| Change { path: (*path).into(), kind: ChangeKind::Modified })
            .collect();
        graph().plan(&ChangeBatch { changes, ..ChangeBatch::default() }, failing)
    }

    fn chains(plan: &UpdatePlan) -> Vec<&str> {
        plan.modules.values().map(String::as_str).collect()
    }

    #[test]
    fn a_module_s_own_file_is_a_hot_update_of_it_alone() {
        let plan = plan(&["/app/clock/src/lib.rs"], false);
        assert_eq!(chains(&plan), ["clock/src/lib.rs → clock"]);
        assert_eq!((plan.reload, plan.scan), (None, None));
    }

    #[test]
    fn a_shared_crate_updates_all_that_use_it_by_name() {
        assert_eq!(
            chains(&plan(&["/elsewhere/text/src/lib.rs"], false)),
            [
                "/elsewhere/text/src/lib.rs → text → ui → board",
                "/elsewhere/text/src/lib.rs → text → ui → list"
            ]
        );
    }

    #[test]
    fn an_included_file_counts() {
        assert_eq!(chains(&plan(&["/app/board/names.txt"], false)), ["board/names.txt → board"]);
    }

    #[test]
    fn a_file_in_a_folder_that_a_build_script_watches_counts() {
        for (path, chain) in [
            ("/far/templates/deep/a.html", "/far/templates/deep/a.html → board"),
            ("/app/board/.parts/a", "board/.parts/a → board"),
            ("/app/clock/face.svg", "clock/face.svg → clock"),
        ] {
            assert_eq!(chains(&plan(&[path], false)), [chain]);
        }
        assert!(plan(&["/far/templates.txt"], false).is_empty());
        let graph = graph();
        let trees: Vec<_> = graph.trees().map(|tree| tree.as_str()).collect();
        assert_eq!(trees, ["/app/board/.parts", "/far/templates"], "packages are watched anyway");
    }

    #[test]
    fn what_a_failed_build_has_read_counts_until_a_build_succeeds() {
        let mut graph = graph();
        let path = Utf8PathBuf::from("/far/new.rs");
        let plan = |graph: &Graph| {
            let change = Change { path: path.clone(), kind: ChangeKind::Modified };
            graph.plan(&ChangeBatch { changes: vec![change], ..ChangeBatch::default() }, true)
        };
        assert!(plan(&graph).is_empty());
        graph.set_unfinished([&"list".to_owned()], std::slice::from_ref(&path));
        assert_eq!(chains(&plan(&graph)), ["/far/new.rs → list"]);
        graph.set_inputs("list", [], []);
        assert!(plan(&graph).is_empty());
    }

    #[test]
    fn a_transform_belongs_to_its_module_alone() {
        assert_eq!(
            chains(&plan(&["/app/board/hmr-transform.json"], false)),
            ["board/hmr-transform.json → board"]
        );
        assert!(plan(&["/app/ui/hmr-transform.json"], false).is_empty(), "`ui` is no module");
    }

    #[test]
    fn a_new_source_belongs_to_its_package() {
        assert_eq!(
            chains(&plan(&["/app/ui/src/new.rs"], false)),
            ["ui/src/new.rs → ui → board", "ui/src/new.rs → ui → list"]
        );
    }

    #[test]
    fn an_unread_data_file_counts_only_while_a_build_is_failing() {
        assert!(plan(&["/app/board/other.txt"], false).is_empty());
        assert!(
            plan(&["/app/board/tests/board.rs"], true).is_empty(),
            "tests are no part of a module"
        );
        assert_eq!(chains(&plan(&["/app/board/other.txt"], true)), ["board/other.txt → board"]);
    }

    #[test]
    fn root_files_reload_with_the_reason() {
        for path in ["/app/index.html", "/app/about.html", "/app/data/x.json"] {
            let plan = plan(&[path], false);
            assert_eq!(plan.markup, [path[5..].to_owned()].into());
            assert!(!plan.needs_build(), "{path}");
        }
        let plan = plan(&["/app/board/build.rs"], false);
        assert_eq!(plan.reload, Some("`board/build.rs` changed".into()));
        assert!(plan.scan.is_none() && plan.needs_build());
    }

    #[test]
    fn manifests_read_the_application_again_and_build_everything() {
        for path in [
            "/app/Cargo.toml",
            "/app/Cargo.lock",
            "/elsewhere/text/Cargo.toml",
            "/app/.cargo/config.toml",
        ] {
            let plan = plan(&[path], false);
            assert!(plan.scan == Some(Scan::App) && plan.reload.is_some(), "{path}");
            assert_eq!(plan.modules.len(), 3);
        }
    }

    #[test]
    fn a_toolchain_file_has_the_toolchain_found_again_and_everything_built() {
        let plan = plan(&["/rust-toolchain.toml", "/.cargo/config.toml"], false);
        assert_eq!(plan.scan, Some(Scan::Toolchain));
        assert_eq!(plan.modules.len(), 3);
        assert_eq!(plan.reload, Some("`/.cargo/config.toml` changed".into()));
    }

    #[test]
    fn static_files_never_touch_rust() {
        let plan = plan(&["/app/static/a/style.css", "/app/static/logo.svg"], true);
        assert_eq!(
            (plan.styles, plan.assets),
            (vec!["/a/style.css".into()], vec!["/logo.svg".into()])
        );
        assert!(plan.modules.is_empty() && plan.reload.is_none());
    }

    #[test]
    fn more_files_than_the_threshold_reload() {
        let paths: Vec<String> = (0..11).map(|n| format!("/app/clock/src/{n}.rs")).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        assert_eq!(plan(&paths[..10], false).reload, None);
        assert_eq!(plan(&paths, false).reload, Some("11 source files changed at once".into()));
    }
}
