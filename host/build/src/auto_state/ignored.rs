//! The files whose state is not kept, as the settings name them.

use std::fs;
use std::io;
use std::path::Path;

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::App;

/// Where the compiler that cargo starts finds them, next to the link to it.
const FILE: &str = "ignored.json";

/// Globs of absolute paths.
pub(super) struct Ignored(Vec<String>);

impl Ignored {
    /// What the settings of an app name.
    pub(super) fn of(app: &App) -> Self {
        let folder = globset::escape(app.root.as_str());
        let globs = app.config.auto_state_ignore.iter();
        Self(globs.map(|glob| format!("{folder}/{glob}")).collect())
    }

    pub(super) fn globs(&self) -> &[String] {
        &self.0
    }

    pub(super) fn save(&self, folder: &Path) -> io::Result<()> {
        fs::write(folder.join(FILE), serde_json::to_vec(&self.0)?)
    }

    /// What [`Ignored::save`] has written.
    pub(super) fn read(folder: &Path) -> Self {
        let bytes = fs::read(folder.join(FILE)).unwrap_or_default();
        Self(serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// The settings have been checked: each of these is a glob.
    pub(super) fn matcher(&self) -> GlobSet {
        let mut all = GlobSetBuilder::new();
        for glob in self.0.iter().filter_map(|it| Glob::new(it).ok()) {
            all.add(glob);
        }
        all.build().unwrap_or_default()
    }
}
