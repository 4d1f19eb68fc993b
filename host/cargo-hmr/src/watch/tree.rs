//! The known state of files: enough to detect that one changed.
//!
//! Files are compared by their stamps, and if these differ by their content: a build script that writes the same text again and
//! again changes nothing. Large files are not read before their stamps differ for the first time.

use std::{
    collections::BTreeMap,
    fs::File,
    hash::{DefaultHasher, Hasher as _},
    io::Read as _,
    ops::Bound,
};

use camino::{Utf8Path, Utf8PathBuf};
use hmr_build::Stamp;
use walkdir::WalkDir;

use super::{Change, ChangeKind};

/// Up to which size a new file is read, in bytes.
const SMALL: u64 = 256 << 10;

/// Up to which size content is compared at all, in bytes.
const COMPARED: u64 = 256 << 20;

/// Known files, by path.
#[derive(Default)]
pub(super) struct Tree {
    files: BTreeMap<Utf8PathBuf, Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    stamp: Stamp,
    /// The hash of the content, if that is compared.
    content: Option<u64>,
}

impl Entry {
    fn read(path: &Utf8Path, stamp: Stamp, largest: u64) -> Self {
        let content = (stamp.len() <= largest).then(|| hash(path)).flatten();
        // If it was written meanwhile, content and stamp do not belong together.
        let content = content.filter(|_| Stamp::at(path) == Some(stamp));
        Self { stamp, content }
    }
}

/// The hash of a file's content, read in parts; none if it cannot be read.
fn hash(path: &Utf8Path) -> Option<u64> {
    let mut file = File::open(path).ok()?;
    let mut part = vec![0; 64 << 10];
    let mut hasher = DefaultHasher::new();
    loop {
        match file.read(&mut part).ok()? {
            0 => return Some(hasher.finish()),
            length => hasher.write(&part[..length]),
        }
    }
}

impl Tree {
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The stamp of a known file.
    pub(super) fn stamp(&self, path: &Utf8Path) -> Option<&Stamp> {
        self.files.get(path).map(|entry| &entry.stamp)
    }

    /// Drops all other files.
    pub(super) fn retain(&mut self, keep: impl Fn(&Utf8Path) -> bool) {
        self.files.retain(|path, _| keep(path));
    }

    /// Checks `roots` and everything below them, stores the state of the files there and returns how it differs from the earlier
    /// state. `found` is called for every folder before its entries are read, with `true`, and for every link to a file, with
    /// `false`.
    pub(super) fn compare(
        &mut self,
        roots: &[Utf8PathBuf],
        skips: &dyn Fn(&Utf8Path) -> bool,
        found: &mut dyn FnMut(&Utf8Path, bool),
    ) -> Vec<Change> {
        let mut changes = BTreeMap::new();
        for root in roots {
            let now = read_stamps(root, skips, found);
            for (path, stamp) in &now {
                let before = self.files.get(path).copied();
                if before.is_some_and(|before| before.stamp == *stamp) {
                    continue;
                }
                let largest = if before.is_some() { COMPARED } else { SMALL };
                let entry = Entry::read(path, *stamp, largest);
                self.files.insert(path.clone(), entry);
                match before {
                    None => _ = changes.insert(path.clone(), ChangeKind::Added),
                    Some(before) if entry.content.is_some() && before.content == entry.content => {}
                    Some(_) => _ = changes.insert(path.clone(), ChangeKind::Modified),
                }
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
        // Paths compare by component, so the files in a folder follow it without a gap.
        self.files.range::<Utf8Path, _>(from).map(|(path, _)| path.clone()).take_while({
            let root = root.to_owned();
            move |path| path.starts_with(&root)
        })
    }
}

fn read_stamps(
    root: &Utf8Path,
    skips: &dyn Fn(&Utf8Path) -> bool,
    found: &mut dyn FnMut(&Utf8Path, bool),
) -> BTreeMap<Utf8PathBuf, Stamp> {
    let mut files = BTreeMap::new();
    let entries = WalkDir::new(root).follow_links(true).into_iter().filter_entry(|entry| {
        let Some(path) = Utf8Path::from_path(entry.path()) else { return false };
        if entry.depth() > 0 && skips(path) {
            return false;
        }
        // Watched first and read then, so that no change is missed between the two.
        let folder = entry.file_type().is_dir();
        if folder || entry.path_is_symlink() {
            found(path, folder);
        }
        true
    });
    let mut broken = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => {
                let metadata = entry.metadata().ok().filter(|metadata| !metadata.is_dir());
                let path = Utf8PathBuf::try_from(entry.into_path()).ok();
                files.extend(path.zip(metadata.as_ref().map(Stamp::of)));
            }
            // A file that cannot be read now (removed again, no permission, a loop of links) counts as missing.
            Err(error) => {
                broken.extend(error.path().and_then(Utf8Path::from_path).map(ToOwned::to_owned));
            }
        }
    }
    // The target of a broken link may be created later.
    for link in broken.iter().filter(|path: &&Utf8PathBuf| path.is_symlink() && !skips(path)) {
        found(link, false);
    }
    files
}
