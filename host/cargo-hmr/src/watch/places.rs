//! The real locations of files that are known under a path: links point elsewhere, and the system reports changes there.
//!
//! One folder can be known under several paths, but the system watches it once. So folders are watched at their real place, and what
//! happens there is reported for every path that leads to it. What a path leads to can change at each link on the way; these
//! places are watched as well.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

/// How many links a path may lead over, as on Linux.
const MOST_LINKS: usize = 40;

/// Known paths and the real places that decide what they lead to.
#[derive(Default)]
pub(super) struct Places {
    /// The places of each known path.
    by_path: BTreeMap<Utf8PathBuf, Vec<Place>>,
    /// The other way round.
    known: BTreeMap<Utf8PathBuf, BTreeSet<Utf8PathBuf>>,
    /// Known folders by their real place.
    folders: BTreeMap<Utf8PathBuf, BTreeSet<Utf8PathBuf>>,
    /// How many places need each real folder to be watched.
    needed: BTreeMap<Utf8PathBuf, usize>,
}

/// Something at a real path: an entry of the folder that contains it, or a folder with its entries.
#[derive(Clone, PartialEq, Eq)]
enum Place {
    Entry(Utf8PathBuf),
    Folder(Utf8PathBuf),
}

impl Place {
    /// The folder in which changes of this are seen.
    fn seen_in(&self) -> Option<&Utf8Path> {
        match self {
            Self::Entry(path) => path.parent(),
            Self::Folder(path) => Some(path),
        }
    }
}

impl Places {
    /// Notes a folder and returns the real folders that must be watched for it.
    pub(super) fn add_folder(&mut self, path: &Utf8Path) -> Vec<Utf8PathBuf> {
        let real = path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned());
        let mut places = vec![Place::Folder(real)];
        if path.is_symlink() {
            places.extend(links(path).into_iter().map(Place::Entry));
        }
        self.add(path, places)
    }

    /// Notes a file, there or not, and returns the real folders that must be watched for it.
    pub(super) fn add_file(&mut self, path: &Utf8Path) -> Vec<Utf8PathBuf> {
        let (mut places, last) = follow(path);
        places.push(last);
        self.add(path, places.into_iter().map(Place::Entry).collect())
    }

    /// Whether `path` is known.
    pub(super) fn has(&self, path: &Utf8Path) -> bool {
        self.by_path.contains_key(path)
    }

    /// Whether `path` is known as a folder, so that its entries need no notes of their own.
    pub(super) fn is_folder(&self, path: &Utf8Path) -> bool {
        let places = self.by_path.get(path).into_iter().flatten();
        places.into_iter().any(|place| matches!(place, Place::Folder(_)))
    }

    fn add(&mut self, path: &Utf8Path, places: Vec<Place>) -> Vec<Utf8PathBuf> {
        self.forget_one(path);
        for place in &places {
            let (map, real) = match place {
                Place::Entry(real) => (&mut self.known, real),
                Place::Folder(real) => (&mut self.folders, real),
            };
            map.entry(real.clone()).or_default().insert(path.to_owned());
            if let Some(folder) = place.seen_in() {
                *self.needed.entry(folder.to_owned()).or_default() += 1;
            }
        }
        let watch = places.iter().filter_map(Place::seen_in).map(Utf8Path::to_owned).collect();
        self.by_path.insert(path.to_owned(), places);
        watch
    }

    /// Removes the known entries at `path` and below it.
    pub(super) fn forget(&mut self, path: &Utf8Path) {
        let gone: Vec<Utf8PathBuf> =
            below(&self.by_path, path).map(|(path, _)| path.clone()).collect();
        for path in gone {
            self.forget_one(&path);
        }
    }

    fn forget_one(&mut self, path: &Utf8Path) {
        for place in self.by_path.remove(path).unwrap_or_default() {
            let (map, real) = match &place {
                Place::Entry(real) => (&mut self.known, real),
                Place::Folder(real) => (&mut self.folders, real),
            };
            if let Some(paths) = map.get_mut(real) {
                paths.remove(path);
                if paths.is_empty() {
                    map.remove(real);
                }
            }
            let Some(folder) = place.seen_in() else { continue };
            if let Some(count) = self.needed.get_mut(folder) {
                *count -= 1;
                if *count == 0 {
                    self.needed.remove(folder);
                }
            }
        }
    }

    /// Whether a real folder must be watched.
    pub(super) fn needs(&self, folder: &Utf8Path) -> bool {
        self.needed.contains_key(folder)
    }

    /// The paths that an event at a real path is about.
    pub(super) fn paths_at(&self, real: &Utf8Path) -> BTreeSet<Utf8PathBuf> {
        let mut paths = BTreeSet::new();
        if let (Some(folder), Some(name)) = (real.parent(), real.file_name()) {
            let folders = self.folders.get(folder).into_iter().flatten();
            paths.extend(folders.map(|folder| folder.join(name)));
        }
        // At this place, or below it, if it was a folder that is gone.
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

/// The links that `path` leads over, each at its real place, and where it leads to, or the first part of the way that is not there.
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
    fn a_way_over_links_has_a_place_for_each() {
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
        assert_eq!(follow(&folder.join("gone/a/b")), (Vec::new(), folder.join("gone")));
    }

    #[test]
    fn one_folder_under_two_paths_is_needed_until_both_are_forgotten() {
        let keep = tempfile::tempdir().expect("a temporary folder");
        let folder = Utf8Path::from_path(keep.path()).expect("UTF-8");
        let folder = folder.canonicalize_utf8().expect("it exists");
        std::fs::create_dir(folder.join("src")).expect("a folder");
        symlink("src", folder.join("link")).expect("a link");
        let mut places = Places::default();
        places.add_folder(&folder.join("src"));
        places.add_folder(&folder.join("link"));
        let paths = ["link/a.rs", "src/a.rs"].map(|path| folder.join(path));
        assert_eq!(places.paths_at(&folder.join("src/a.rs")), paths.into());
        places.forget(&folder.join("link"));
        assert!(places.needs(&folder.join("src")));
        assert_eq!(places.paths_at(&folder.join("src/a.rs")), [folder.join("src/a.rs")].into());
        places.forget(&folder);
        assert!(!places.needs(&folder.join("src")) && places.needed.is_empty());
    }
}
