//! The real locations of files that are known under a path: links point elsewhere, and the system reports changes there.
//!
//! One folder can be known under several paths, but the system watches it once. So folders are watched at their real paths, and
//! changes there are reported for every path that leads there. Each link of a path can be changed, so links are watched as well.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

/// How many links a path may lead over, as on Linux.
const MOST_LINKS: usize = 40;

/// Known paths, and the real paths that decide what they lead to.
#[derive(Default)]
pub(super) struct RealPaths {
    /// The real paths of each known path.
    by_path: BTreeMap<Utf8PathBuf, Vec<RealPath>>,
    /// The known paths of each real path of an entry.
    known: BTreeMap<Utf8PathBuf, BTreeSet<Utf8PathBuf>>,
    /// Known folders by their real path.
    folders: BTreeMap<Utf8PathBuf, BTreeSet<Utf8PathBuf>>,
    /// For how many real paths each folder must be watched.
    needed: BTreeMap<Utf8PathBuf, usize>,
}

/// What is at a real path: an entry of the folder that contains it, or a folder with its entries.
#[derive(Clone, PartialEq, Eq)]
enum RealPath {
    Entry(Utf8PathBuf),
    Folder(Utf8PathBuf),
}

impl RealPath {
    /// The folder that must be watched to see changes of this.
    fn watched_folder(&self) -> Option<&Utf8Path> {
        match self {
            Self::Entry(path) => path.parent(),
            Self::Folder(path) => Some(path),
        }
    }
}

impl RealPaths {
    /// Adds a folder and returns the real folders that must be watched for it.
    pub(super) fn add_folder(&mut self, path: &Utf8Path) -> Vec<Utf8PathBuf> {
        let real = path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned());
        let mut real_paths = vec![RealPath::Folder(real)];
        if path.is_symlink() {
            real_paths.extend(links(path).into_iter().map(RealPath::Entry));
        }
        self.add(path, real_paths)
    }

    /// Adds a file, which need not exist, and returns the real folders that must be watched for it.
    pub(super) fn add_file(&mut self, path: &Utf8Path) -> Vec<Utf8PathBuf> {
        let (mut real_paths, last) = follow(path);
        real_paths.push(last);
        self.add(path, real_paths.into_iter().map(RealPath::Entry).collect())
    }

    /// Whether `path` is known.
    pub(super) fn has(&self, path: &Utf8Path) -> bool {
        self.by_path.contains_key(path)
    }

    /// Whether `path` is known as a folder, so that its entries need not be added.
    pub(super) fn is_folder(&self, path: &Utf8Path) -> bool {
        let real_paths = self.by_path.get(path).into_iter().flatten();
        real_paths.into_iter().any(|real_path| matches!(real_path, RealPath::Folder(_)))
    }

    fn add(&mut self, path: &Utf8Path, real_paths: Vec<RealPath>) -> Vec<Utf8PathBuf> {
        self.remove_one(path);
        for real_path in &real_paths {
            let (map, real) = match real_path {
                RealPath::Entry(real) => (&mut self.known, real),
                RealPath::Folder(real) => (&mut self.folders, real),
            };
            map.entry(real.clone()).or_default().insert(path.to_owned());
            if let Some(folder) = real_path.watched_folder() {
                *self.needed.entry(folder.to_owned()).or_default() += 1;
            }
        }
        let watch = real_paths
            .iter()
            .filter_map(RealPath::watched_folder)
            .map(Utf8Path::to_owned)
            .collect();
        self.by_path.insert(path.to_owned(), real_paths);
        watch
    }

    /// Removes the known entries at `path` and below it.
    pub(super) fn remove(&mut self, path: &Utf8Path) {
        let removed: Vec<Utf8PathBuf> =
            below(&self.by_path, path).map(|(path, _)| path.clone()).collect();
        for path in removed {
            self.remove_one(&path);
        }
    }

    fn remove_one(&mut self, path: &Utf8Path) {
        for real_path in self.by_path.remove(path).unwrap_or_default() {
            let (map, real) = match &real_path {
                RealPath::Entry(real) => (&mut self.known, real),
                RealPath::Folder(real) => (&mut self.folders, real),
            };
            if let Some(paths) = map.get_mut(real) {
                paths.remove(path);
                if paths.is_empty() {
                    map.remove(real);
                }
            }
            let Some(folder) = real_path.watched_folder() else { continue };
            if let Some(count) = self.needed.get_mut(folder) {
                *count -= 1;
                if *count == 0 {
                    self.needed.remove(folder);
                }
            }
        }
    }

    /// Whether a real folder must be watched.
    pub(super) fn is_needed(&self, folder: &Utf8Path) -> bool {
        self.needed.contains_key(folder)
    }

    /// The paths that an event at a real path is about.
    pub(super) fn paths_at(&self, real: &Utf8Path) -> BTreeSet<Utf8PathBuf> {
        let mut paths = BTreeSet::new();
        if let (Some(folder), Some(name)) = (real.parent(), real.file_name()) {
            let folders = self.folders.get(folder).into_iter().flatten();
            paths.extend(folders.map(|folder| folder.join(name)));
        }
        // At this path, or below it, if it was a folder that was removed.
        for map in [&self.known, &self.folders] {
            paths.extend(below(map, real).flat_map(|(_, paths)| paths.iter().cloned()));
        }
        paths
    }
}

fn below<'a, T>(
    map: &'a BTreeMap<Utf8PathBuf, T>,
    path: &'a Utf8Path,
) -> impl Iterator<Item = (&'a Utf8PathBuf, &'a T)> {
    let from = (Bound::Included(path), Bound::Unbounded);
    map.range::<Utf8Path, _>(from).take_while(move |(other, _)| other.starts_with(path))
}

/// The links that `path` leads over.
fn links(path: &Utf8Path) -> Vec<Utf8PathBuf> {
    follow(path).0
}

/// The real paths of the links that `path` leads over, and of what it leads to, or of its first part that does not exist.
fn follow(path: &Utf8Path) -> (Vec<Utf8PathBuf>, Utf8PathBuf) {
    let mut links = Vec::new();
    let mut real = Utf8PathBuf::new();
    let mut left: VecDeque<String> =
        path.components().map(|part| part.as_str().to_owned()).collect();
    while let Some(part) = left.pop_front() {
        match Utf8Path::new(&part).components().next() {
            Some(Utf8Component::ParentDir) => _ = real.pop(),
            Some(Utf8Component::Normal(name)) => {
                real.push(name);
                if let Ok(target) = real.read_link_utf8()
                    && links.len() < MOST_LINKS
                {
                    links.push(real.clone());
                    real.pop();
                    for part in target.components().rev() {
                        left.push_front(part.as_str().to_owned());
                    }
                } else if real.symlink_metadata().is_err() {
                    break;
                }
            }
            // The root, or a drive.
            Some(root) => real.push(root),
            None => {}
        }
    }
    (links, real)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn each_link_of_a_path_has_a_real_path() {
        let keep = tempfile::tempdir().expect("a temporary folder");
        let folder = Utf8Path::from_path(keep.path()).expect("UTF-8");
        let folder = folder.canonicalize_utf8().expect("it exists");
        std::fs::create_dir_all(folder.join("v1/deep")).expect("folders");
        std::fs::write(folder.join("v1/deep/x"), "").expect("a file");
        symlink("v1", folder.join("now")).expect("a link");
        symlink("../now/deep/x", folder.join("v1/link")).expect("a link");
        let (links, real) = follow(&folder.join("now/link"));
        assert_eq!(links, ["now", "v1/link", "now"].map(|link| folder.join(link)));
        assert_eq!(real, folder.join("v1/deep/x"));
        assert_eq!(follow(&folder.join("removed/a/b")), (Vec::new(), folder.join("removed")));
    }

    #[test]
    fn one_folder_under_two_paths_is_needed_until_both_are_removed() {
        let keep = tempfile::tempdir().expect("a temporary folder");
        let folder = Utf8Path::from_path(keep.path()).expect("UTF-8");
        let folder = folder.canonicalize_utf8().expect("it exists");
        std::fs::create_dir(folder.join("src")).expect("a folder");
        symlink("src", folder.join("link")).expect("a link");
        let mut real_paths = RealPaths::default();
        real_paths.add_folder(&folder.join("src"));
        real_paths.add_folder(&folder.join("link"));
        let paths = ["link/a.rs", "src/a.rs"].map(|path| folder.join(path));
        assert_eq!(real_paths.paths_at(&folder.join("src/a.rs")), paths.into());
        real_paths.remove(&folder.join("link"));
        assert!(real_paths.is_needed(&folder.join("src")));
        assert_eq!(real_paths.paths_at(&folder.join("src/a.rs")), [folder.join("src/a.rs")].into());
        real_paths.remove(&folder);
        assert!(!real_paths.is_needed(&folder.join("src")) && real_paths.needed.is_empty());
    }
}
