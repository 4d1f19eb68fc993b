//! What would be rewritten, for people to read.

use std::fs;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use hmr_auto_state::{Framework, Options, Site, rewrite};

use super::ignored::Ignored;
use super::shadow;
use crate::app::metadata;
use crate::{App, AppError, ModuleKind};

/// A file that would be rewritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// Its path, relative to the workspace if it is inside.
    pub path: Utf8PathBuf,
    /// What would be rewritten in it.
    pub sites: Vec<Site>,
    /// The lines that would differ.
    pub lines: Vec<ChangedLine>,
}

/// A line that would be rewritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedLine {
    /// Its number, from 1.
    pub number: usize,
    /// As the user wrote it.
    pub old: String,
    /// As it would be compiled.
    pub new: String,
}

/// Why nothing can be shown.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The app cannot be loaded.
    #[error(transparent)]
    App(#[from] AppError),
    /// No package of it uses a framework whose state can be kept.
    #[error(
        "no application at {0} uses a framework whose state can be kept\nhint: that is possible for Dioxus, Leptos, Sycamore and Yew"
    )]
    NoFramework(Utf8PathBuf),
    /// A source cannot be read.
    #[error("{path} cannot be read: {error}")]
    Source {
        /// Its path.
        path: Utf8PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// The files of the application at `path` that would be rewritten. Nothing is compiled.
pub fn inspect(path: &Utf8Path) -> Result<Vec<Inspected>, InspectError> {
    let app = App::load(path)?;
    let metadata = metadata::query(&app.workspace_root.join("Cargo.toml"), &mut |_| {})?;
    let used = |name: &str| {
        let mut modules = app.modules_using(name).into_iter();
        modules.any(|module| matches!(module.kind, ModuleKind::Application(_)))
    };
    let mut folders = Vec::new();
    for package in metadata.workspace_packages() {
        let depends = |framework: &Framework| {
            let mut all = package.dependencies.iter();
            all.any(|it| it.name == framework.name() && it.rename.is_none())
        };
        let Some(framework) = Framework::ALL.into_iter().find(depends) else { continue };
        if used(&package.name) {
            let code =
                package.targets.iter().filter(|it| it.is_bin() || it.is_lib() || it.is_cdylib());
            let code = code.filter_map(|it| it.src_path.parent());
            folders.extend(code.map(|folder| (folder.to_owned(), framework)));
        }
    }
    if folders.is_empty() {
        return Err(InspectError::NoFramework(app.root));
    }
    folders.sort();
    folders.dedup();
    let ignored = Ignored::of(&app).matcher();
    let mut inspected = Vec::new();
    for (folder, framework) in folders {
        let files = shadow::sources(folder.as_std_path()).into_iter();
        for file in files.filter(|it| !ignored.is_match(it)) {
            let path = Utf8PathBuf::from(file.to_string_lossy().into_owned());
            let text = fs::read_to_string(&file)
                .map_err(|error| InspectError::Source { path: path.clone(), error })?;
            let shown =
                path.strip_prefix(&app.workspace_root).map(ToOwned::to_owned).unwrap_or(path);
            inspected.extend(inspected_file(shown, &text, framework));
        }
    }
    Ok(inspected)
}

fn inspected_file(path: Utf8PathBuf, text: &str, framework: Framework) -> Option<Inspected> {
    let excluded = std::collections::BTreeSet::new();
    let rewritten =
        rewrite(text, &Options { framework, unit: "file", excluded: &excluded, earlier: &[] });
    let pairs = text.lines().zip(rewritten.text.lines()).enumerate();
    let lines = pairs.filter(|(_, (old, new))| old != new).map(|(at, (old, new))| ChangedLine {
        number: at + 1,
        old: old.to_owned(),
        new: new.to_owned(),
    });
    let lines: Vec<_> = lines.collect();
    (!lines.is_empty()).then_some(Inspected { path, sites: rewritten.sites, lines })
}
