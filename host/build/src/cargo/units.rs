//! What cargo has compiled and run for the local packages, and what each of these was made from: read from the target folder.
//!
//! This knows the layout of cargo's target folder. Where it is another one, nothing is found, and cargo decides alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use walkdir::{DirEntry, WalkDir};

use super::PROFILE;
use super::build_scripts::{self, Watched};
use super::dep_info;
use crate::noise::{is_leftover, is_private};
use crate::toolchain::TARGET;
use crate::{App, LocalPackage};

/// Something that cargo has done for a package: compiled its library, a binary or its build script, or run that.
#[derive(Debug)]
pub(super) struct Unit {
    /// The name of the package.
    pub(super) package: String,
    /// The file without which cargo does it again.
    pub(super) mark: Utf8PathBuf,
    /// What it was made from, outputs of builds left out; absolute.
    pub(super) files: BTreeSet<Utf8PathBuf>,
}

/// All units of local packages, for the application and for the machine that compiles it.
pub(super) fn of(app: &App) -> Vec<Unit> {
    let target = app.target_dir();
    [target.join(TARGET).join(PROFILE), target.join(PROFILE)]
        .iter()
        .flat_map(|folder| in_folder(app, folder))
        .collect()
}

/// A folder of cargo's outputs: those of one profile for one target.
struct Layout<'a> {
    app: &'a App,
    folder: &'a Utf8Path,
    /// The dependency files of rustc, by crate.
    crates: BTreeMap<String, Vec<Utf8PathBuf>>,
    /// The folders of build scripts and of their runs, by package.
    scripts: BTreeMap<String, Vec<Utf8PathBuf>>,
}

fn in_folder(app: &App, folder: &Utf8Path) -> Vec<Unit> {
    let mut crates = BTreeMap::<_, Vec<_>>::new();
    for file in entries(&folder.join("deps")) {
        if file.extension() == Some("d") {
            let stem = file.file_stem().unwrap_or_default();
            crates.entry(without_hash(stem).to_owned()).or_default().push(file);
        }
    }
    let mut scripts = BTreeMap::<_, Vec<_>>::new();
    for run in entries(&folder.join("build")) {
        let name = without_hash(run.file_name().unwrap_or_default()).to_owned();
        scripts.entry(name).or_default().push(run);
    }
    let layout = Layout { app, folder, crates, scripts };
    app.packages.iter().flat_map(|package| layout.units(package)).collect()
}

impl Layout<'_> {
    fn units(&self, package: &LocalPackage) -> Vec<Unit> {
        let fingerprints = entries(&self.folder.join(".fingerprint"));
        let own = fingerprints.iter().filter(|fingerprint| {
            fingerprint.file_name().is_some_and(|name| without_hash(name) == package.name)
        });
        let mut units = Vec::new();
        for mark in own.flat_map(|fingerprint| entries(fingerprint)) {
            // Next to each mark is a `.json` file with the data of its hash.
            let Some(name) = mark.file_name().and_then(|name| name.strip_suffix(".json")) else {
                continue;
            };
            let mut files = if name.starts_with("run-build-script-") {
                self.watched_by_script(package)
            } else if name.starts_with("build-script-") {
                self.script_sources(package)
            } else if let Some(name) = name.strip_prefix("lib-") {
                self.read(package, self.crates.get(name).into_iter().flatten())
            } else if let Some(name) = name.strip_prefix("bin-") {
                let name = name.replace('-', "_");
                self.read(package, self.crates.get(&name).into_iter().flatten())
            } else {
                continue;
            };
            files.retain(|file| !self.app.is_output(file));
            units.push(Unit {
                package: package.name.clone(),
                mark: mark.with_extension(""),
                files,
            });
        }
        units
    }

    fn read<'f>(
        &self,
        package: &LocalPackage,
        dep_infos: impl Iterator<Item = &'f Utf8PathBuf>,
    ) -> BTreeSet<Utf8PathBuf> {
        // Where cargo starts the compiler.
        let root = &self.app.workspace_root;
        let base = if package.folder.starts_with(root) { root } else { &package.folder };
        dep_infos.flat_map(|file| dep_info::read(file, base).unwrap_or_default()).collect()
    }

    fn script_sources(&self, package: &LocalPackage) -> BTreeSet<Utf8PathBuf> {
        let folders = self.scripts.get(&package.name).into_iter().flatten();
        let files: Vec<Utf8PathBuf> = folders
            .flat_map(|folder| entries(folder))
            .filter(|file| file.extension() == Some("d"))
            .collect();
        self.read(package, files.iter())
    }

    fn watched_by_script(&self, package: &LocalPackage) -> BTreeSet<Utf8PathBuf> {
        let mut files = BTreeSet::new();
        for run in self.scripts.get(&package.name).into_iter().flatten() {
            match build_scripts::watched(run, &package.folder) {
                Some(Watched::Paths(paths)) => {
                    files.extend(paths.iter().flat_map(|path| below(path, |_| true)));
                }
                Some(Watched::Package) => files.extend(self.package_files(package)),
                None => {}
            }
        }
        files
    }

    /// The files of a package as cargo sees them: without packages in it, and without what builds wrote.
    fn package_files(&self, package: &LocalPackage) -> BTreeSet<Utf8PathBuf> {
        let caches = self.app.caches();
        below(&package.folder, |entry| {
            let name = entry.file_name().to_string_lossy();
            let folder = entry.file_type().is_dir();
            let output = entry.depth() == 1 && name == "target"
                || caches.iter().any(|cache| cache.as_std_path() == entry.path())
                || entry.path().join("CACHEDIR.TAG").exists();
            !(folder && (is_private(&name) || output || entry.path().join("Cargo.toml").exists()))
        })
    }
}

/// The file at `path`, or the files below it, links followed.
fn below(path: &Utf8Path, enter: impl Fn(&DirEntry) -> bool) -> BTreeSet<Utf8PathBuf> {
    let walk = WalkDir::new(path).follow_links(true).into_iter().filter_entry(|entry| {
        entry.depth() == 0 || !is_leftover(&entry.file_name().to_string_lossy()) && enter(entry)
    });
    // What cannot be read now is not there.
    walk.flatten()
        .filter(|entry| !entry.file_type().is_dir())
        .filter_map(|entry| Utf8PathBuf::try_from(entry.into_path()).ok())
        .collect()
}

/// The entries of a folder; empty if it does not exist.
fn entries(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().filter_map(|entry| Utf8PathBuf::try_from(entry.path()).ok()).collect()
}

/// `board-8f57e237e24fe06f` without its hash. Names of wasm files have none.
fn without_hash(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|it| it.is_ascii_hexdigit()) => {
            name
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::without_hash;

    #[test]
    fn only_a_hash_is_taken_from_a_name() {
        assert_eq!(without_hash("my-app-8f57e237e24fe06f"), "my-app");
        assert_eq!(without_hash("my-app"), "my-app");
        assert_eq!(without_hash("my_app"), "my_app");
    }
}
