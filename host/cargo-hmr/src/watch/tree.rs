//! What is remembered of files: enough to tell that one changed.
//!
//! Reads metadata only, never content. A file's stamp takes in its change time and inode where there are such
//! things, so that a rename over a file, or a copy that keeps the old time, shows.

use std::{collections::BTreeMap, fs::Metadata, ops::Bound, time::SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use walkdir::WalkDir;

use super::{Change, ChangeKind};

/// Remembered files, by path.
#[derive(Default)]
pub(super) struct Tree {
    files: BTreeMap<Utf8PathBuf, Stamp>,
}

#[derive(PartialEq, Eq, Clone, Copy)]
struct Stamp {
    modified: Option<SystemTime>,
    len: u64,
    identity: (u64, i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            modified: metadata.modified().ok(),
            len: metadata.len(),
            identity: identity(metadata),
        }
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, i64, i64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> (u64, i64, i64) {
    (0, 0, 0)
}

impl Tree {
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Looks at `roots` and what is below them, remembers what is there and tells how it differs from what was
    /// remembered. Every folder met is added to `folders`.
    pub(super) fn compare(
        &mut self,
        roots: &[Utf8PathBuf],
        skips: &dyn Fn(&Utf8Path) -> bool,
        folders: &mut Vec<Utf8PathBuf>,
    ) -> Vec<Change> {
        let mut changes = BTreeMap::new();
        for root in roots {
            let now = look(root, skips, folders);
            for (path, stamp) in &now {
                let kind = match self.files.insert(path.clone(), *stamp) {
                    None => ChangeKind::Added,
                    Some(before) if before != *stamp => ChangeKind::Modified,
                    Some(_) => continue,
                };
                changes.insert(path.clone(), kind);
            }
            for path in self.below(root).filter(|path| !now.contains_key(path)).collect::<Vec<_>>()
            {
                self.files.remove(&path);
                changes.insert(path, ChangeKind::Removed);
            }
        }
        changes.into_iter().map(|(path, kind)| Change { path, kind }).collect()
    }

    fn below(&self, root: &Utf8Path) -> impl Iterator<Item = Utf8PathBuf> {
        let from: (Bound<&Utf8Path>, Bound<&Utf8Path>) = (Bound::Included(root), Bound::Unbounded);
        // Paths compare by component, so what lies in a folder follows it without a gap.
        self.files.range::<Utf8Path, _>(from).map(|(path, _)| path.clone()).take_while({
            let root = root.to_owned();
            move |path| path.starts_with(&root)
        })
    }
}

fn look(
    root: &Utf8Path,
    skips: &dyn Fn(&Utf8Path) -> bool,
    folders: &mut Vec<Utf8PathBuf>,
) -> BTreeMap<Utf8PathBuf, Stamp> {
    let mut found = BTreeMap::new();
    let entries = WalkDir::new(root).follow_links(true).into_iter().filter_entry(|entry| {
        entry.depth() == 0 || Utf8Path::from_path(entry.path()).is_some_and(|path| !skips(path))
    });
    // What cannot be read now (gone again, no permission, a loop of links) is not there.
    for entry in entries.flatten() {
        let Some(path) = Utf8Path::from_path(entry.path()) else { continue };
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => folders.push(path.to_owned()),
            Ok(metadata) => _ = found.insert(path.to_owned(), Stamp::of(&metadata)),
            Err(_) => {}
        }
    }
    found
}
