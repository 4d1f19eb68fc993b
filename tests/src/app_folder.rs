//! A temporary folder with an application in `app`, beside which tests may put files of their own.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The folder. It is deleted when this is dropped.
#[derive(Debug)]
pub struct AppFolder {
    folder: TempDir,
}

impl AppFolder {
    /// An empty folder.
    ///
    /// # Panics
    ///
    /// If the temporary folder cannot be written.
    #[must_use]
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// Where `path`, relative to the folder around the application, is.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Writes a file in one step, creating its parent folders, so that it is never seen half written.
    ///
    /// # Panics
    ///
    /// If it cannot be written.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let (path, new) = (self.path(path), self.path(".new"));
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("folders can be made");
        fs::write(&new, content)
            .and_then(|()| fs::rename(&new, &path))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

impl Default for AppFolder {
    fn default() -> Self {
        Self::new()
    }
}
