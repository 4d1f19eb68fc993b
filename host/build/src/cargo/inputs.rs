//! What a build was made from: what must be watched so that the next change is noticed.

use std::collections::BTreeSet;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::build_scripts::{self, Watched};
use super::messages::Messages;
use super::{dep_info, units};
use crate::{App, Module};

/// The files, and the folders with everything in them, that `module` was made from.
pub(super) fn of_built(
    app: &App,
    module: &Module,
    wasm: &Utf8Path,
    messages: &Messages,
) -> io::Result<(Vec<Utf8PathBuf>, Vec<Utf8PathBuf>)> {
    let read = dep_info::read(&wasm.with_extension("d"), &app.workspace_root)?;
    let read = read.into_iter().filter(|path| !app.is_output(path));
    // cargo lists what build scripts watch among the files.
    let (files, folders): (Vec<_>, Vec<_>) = read.partition(|path| path.is_file());
    let mut folders = BTreeSet::from_iter(folders);
    let names = app.packages_of(module);
    for package in app.packages.iter().filter(|package| names.contains(&package.name.as_str())) {
        let runs = messages.runs(&package.name).iter();
        let mut runs = runs.filter_map(|run| build_scripts::watched(run, &package.folder));
        if runs.any(|watched| watched == Watched::Package) {
            folders.insert(package.folder.clone());
        }
    }
    Ok((files, folders.into_iter().collect()))
}

/// The files that a failed build of `modules` has read, or wanted to.
///
/// The compiler lists what it has read if it got as far as checking types. Otherwise its errors name files.
pub(super) fn of_failed(app: &App, modules: &[&Module], messages: &Messages) -> Vec<Utf8PathBuf> {
    let names: BTreeSet<&str> = modules.iter().flat_map(|module| app.packages_of(module)).collect();
    let units = units::of(app).into_iter().filter(|unit| names.contains(unit.package.as_str()));
    let mut files: BTreeSet<Utf8PathBuf> = units.flat_map(|unit| unit.files).collect();
    let bases = app.packages.iter().filter(|package| names.contains(package.name.as_str()));
    let bases: Vec<&Utf8Path> =
        bases.map(|package| &*package.folder).chain([&*app.workspace_root]).collect();
    for path in messages.paths_in_errors() {
        files.extend(bases.iter().map(|base| dep_info::resolve(&base.join(path))));
    }
    // Missing files are kept: they may be created later.
    files.retain(|file| !app.is_output(file) && !file.is_dir());
    files.into_iter().collect()
}
