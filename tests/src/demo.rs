//! A copy of the demo application that a test may edit.
//!
//! The copies live in a few folders under the system's temporary folder and keep their build output, because a cold
//! build costs more than a whole test. A copy belongs to one test at a time (a lock file, which also holds between
//! processes) and its sources are the pristine ones when the test gets it.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Component, Path, PathBuf};
use std::{env, process, thread};
use tempfile::TempDir;
use walkdir::WalkDir;

/// Folders that hold no sources.
const NO_SOURCES: [&str; 2] = ["target", ".git"];

/// Copies in use at once: each runs a compiler and a browser.
fn copies() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get() / 2).clamp(1, 4)
}

/// A private, pristine copy of `demo-app`. The next test may have it when this is dropped.
#[derive(Debug)]
pub struct DemoCopy {
    folder: PathBuf,
    _lock: File,
}

impl DemoCopy {
    /// Waits for a free copy, and makes its sources those of the repository.
    ///
    /// # Panics
    ///
    /// If the temporary folder cannot be written.
    #[must_use]
    pub fn take() -> Self {
        let pool = pool();
        fs::create_dir_all(&pool).expect("the temporary folder can be written");
        let (number, lock) = lock_one(&pool);
        let copy = Self { folder: pool.join(format!("demo-{number}")), _lock: lock };
        copy.reset();
        copy
    }

    /// The root of the copy.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where `path`, relative to the root of the copy, is.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// The text of a file.
    ///
    /// # Panics
    ///
    /// If there is no such file.
    #[must_use]
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Writes a whole file in place, as most editors do.
    ///
    /// # Panics
    ///
    /// If it cannot be written.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let target = self.path(path);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
        fs::write(target, content).unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// Writes a file beside the old one and renames it over, as careful editors do.
    ///
    /// # Panics
    ///
    /// If it cannot be written.
    pub fn write_by_rename(&self, path: &str, content: impl AsRef<[u8]>) {
        let target = self.path(path);
        let beside = target.with_extension(format!("{}~", process::id()));
        fs::write(&beside, content).unwrap_or_else(|error| panic!("{path}: {error}"));
        fs::rename(&beside, &target).unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// Replaces the one occurrence of `old` in a file, and saves it.
    ///
    /// # Panics
    ///
    /// If `old` does not occur exactly once: the demo has changed, and the test must follow it.
    pub fn edit(&self, path: &str, old: &str, new: &str) {
        self.write(path, replaced(path, &self.read(path), old, new));
    }

    /// The same application in another folder: another application to the tool.
    ///
    /// # Panics
    ///
    /// If the temporary folder cannot be written.
    #[must_use]
    pub fn twin(&self) -> TempDir {
        let twin = tempfile::tempdir().expect("the temporary folder can be written");
        for path in sources(&self.folder) {
            let target = twin.path().join(&path);
            if let Some(folder) = target.parent() {
                fs::create_dir_all(folder).expect("a folder can be made");
            }
            fs::copy(self.folder.join(&path), target).expect("a file can be copied");
        }
        twin
    }

    /// Makes every source file equal to the repository's. Files that are equal already keep their time stamps, so
    /// that only what a test has edited is compiled again.
    fn reset(&self) {
        let files = pristine();
        for path in sources(&self.folder) {
            if !files.contains_key(&path) && path != Path::new("Cargo.lock") {
                fs::remove_file(self.folder.join(&path))
                    .expect("a file of the copy can be removed");
            }
        }
        // Where the folder of snapshots is left, it counts as one that a person keeps in version control.
        _ = fs::remove_dir_all(self.folder.join(".hmr"));
        for (path, content) in files {
            let target = self.folder.join(&path);
            if fs::read(&target).ok().as_ref() != Some(&content) {
                self.write(&path.to_string_lossy(), content);
            }
        }
    }
}

/// `text` with its one occurrence of `old` replaced.
///
/// # Panics
///
/// If `old` does not occur exactly once.
#[must_use]
pub fn replaced(path: &str, text: &str, old: &str, new: &str) -> String {
    assert_eq!(text.matches(old).count(), 1, "`{old}` must occur once in {path}:\n{text}");
    text.replacen(old, new, 1)
}

/// The root of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// One pool for each checkout, so that two of them do not take turns in rebuilding the same copy.
fn pool() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    repository().hash(&mut hasher);
    env::temp_dir().join(format!("cargo-hmr-tests-{:016x}", hasher.finish()))
}

/// Takes any free copy, or waits for one.
fn lock_one(pool: &Path) -> (usize, File) {
    let open = |number: usize| {
        File::create(pool.join(format!("demo-{number}.lock")))
            .expect("the temporary folder can be written")
    };
    for number in 0..copies() {
        let file = open(number);
        match file.try_lock() {
            Ok(()) => return (number, file),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => panic!("the lock of copy {number}: {error}"),
        }
    }
    let number = process::id() as usize % copies();
    let file = open(number);
    file.lock().expect("the lock of a copy can be waited for");
    (number, file)
}

/// The demo's sources by path, ready for another folder.
fn pristine() -> BTreeMap<PathBuf, Vec<u8>> {
    let demo = repository().join("demo-app");
    let mut files = BTreeMap::new();
    for path in sources(&demo) {
        let mut content = fs::read(demo.join(&path)).expect("the demo can be read");
        if path.ends_with("Cargo.toml") {
            let text = String::from_utf8(content).expect("a manifest is text");
            let folder = demo.join(path.parent().unwrap_or(Path::new("")));
            content = with_outer_paths(&text, &folder, &demo).into_bytes();
        }
        files.insert(path, content);
    }
    files
}

/// The files below `folder`, relative to it, build output excepted.
fn sources(folder: &Path) -> Vec<PathBuf> {
    WalkDir::new(folder)
        .min_depth(1)
        .into_iter()
        .filter_entry(|entry| !NO_SOURCES.iter().any(|name| entry.file_name() == *name))
        .filter_map(Result::ok)
        .filter(|entry| !entry.file_type().is_dir())
        .filter_map(|entry| entry.path().strip_prefix(folder).map(Path::to_path_buf).ok())
        .collect()
}

/// Makes absolute those `path = "…"` of a manifest in `folder` that lead out of `app`.
fn with_outer_paths(manifest: &str, folder: &Path, app: &Path) -> String {
    const START: &str = "path = \"";
    let mut result = String::new();
    let mut rest = manifest;
    while let Some(position) = rest.find(START) {
        let (before, after) = rest.split_at(position + START.len());
        let (path, tail) = after.split_once('"').expect("a path's quotes are closed");
        let whole = normal(&folder.join(path));
        result.push_str(before);
        result.push_str(if whole.starts_with(app) {
            path
        } else {
            whole.to_str().expect("paths are UTF-8")
        });
        result.push('"');
        rest = tail;
    }
    result + rest
}

/// The path without `..`, by its text alone.
fn normal(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            result.pop();
        } else {
            result.push(part);
        }
    }
    result
}
