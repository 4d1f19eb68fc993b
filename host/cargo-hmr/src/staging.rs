//! The folder into which the hooks of one build write files that are served.
//!
//! Each build has a folder of its own, so that pages get the files of the last build that succeeded until the next one has. It is deleted
//! when nothing uses it any more.

use std::fs;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;
use walkdir::WalkDir;

/// The folder of one build.
#[derive(Debug)]
pub struct Staging {
    path: Utf8PathBuf,
    _folder: TempDir,
}

impl Staging {
    /// Makes an empty one in `parent`, which need not exist.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new(parent: &Utf8Path) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        let folder = TempDir::with_prefix_in("build-", parent)?;
        let path = Utf8PathBuf::from_path_buf(folder.path().to_owned());
        let path = path.map_err(|_| io::Error::from(io::ErrorKind::InvalidFilename))?;
        Ok(Self { path, _folder: folder })
    }

    /// Where it is; absolute.
    #[must_use]
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// The files that are not the same in an earlier one, as paths in this one.
    #[must_use]
    pub fn changed_since(&self, earlier: Option<&Self>) -> Vec<Utf8PathBuf> {
        let differs = |path: &Utf8Path| {
            let inside = path.strip_prefix(&self.path).unwrap_or(path);
            let before = earlier.and_then(|earlier| fs::read(earlier.path.join(inside)).ok());
            before.is_none() || before != fs::read(path).ok()
        };
        let files = WalkDir::new(&self.path).sort_by_file_name().into_iter().flatten();
        let files = files.filter(|entry| entry.file_type().is_file());
        let files = files.filter_map(|entry| Utf8PathBuf::from_path_buf(entry.into_path()).ok());
        files.filter(|path| differs(path)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_differ_are_found_and_the_folder_ends_with_its_last_user() {
        let keep = tempfile::tempdir().expect("a temporary folder");
        let parent = Utf8Path::from_path(keep.path()).expect("UTF-8").join("stage");
        let make = |files: &[(&str, &str)]| {
            let staging = Staging::new(&parent).expect("a folder");
            for (name, text) in files {
                let path = staging.path().join(name);
                fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                fs::write(path, text).expect("a file");
            }
            staging
        };
        let old = make(&[("a.css", "a"), ("deep/b.txt", "b"), ("gone", "")]);
        let new = make(&[("a.css", "a"), ("deep/b.txt", "c"), ("d", "")]);
        let names = |paths: Vec<Utf8PathBuf>| -> Vec<String> {
            let inside =
                |path: &Utf8PathBuf| path.strip_prefix(new.path()).map(ToString::to_string);
            paths.iter().filter_map(|path| inside(path).ok()).collect()
        };
        assert_eq!(names(new.changed_since(Some(&old))), ["d", "deep/b.txt"]);
        assert_eq!(names(new.changed_since(None)), ["a.css", "d", "deep/b.txt"]);
        let path = old.path().to_owned();
        drop(old);
        assert!(!path.exists() && new.path().exists());
    }
}
