//! The rewritten copy of a crate's sources.
//!
//! In: the folder of the crate's root file, and the folders around it up to the workspace. Out: the same folders below a root of the tool's own.
//! Rust files that have sites are written there; everything else is a link to the user's file, so that whatever a macro or a module
//! path names is found. Only files that have changed are read again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use globset::GlobSet;
use hmr_auto_state::{Framework, NumberedTag, Options, Site, rewrite};
use serde::{Deserialize, Serialize};

use crate::hash::hash_of;

/// The Rust files in a folder and below it, sorted.
pub(super) fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter();
    entries
        .filter_entry(|it| it.depth() == 0 || !it.file_type().is_dir() || !is_other(it.path()))
        .flatten()
        .filter(|it| it.file_type().is_file() && is_rust(it.path()))
        .map(walkdir::DirEntry::into_path)
        .collect()
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "rs")
}

/// Whether a folder has no sources of the crate: what builds write, hidden folders, packages of their own.
fn is_other(folder: &Path) -> bool {
    let is_hidden = folder.file_name().is_some_and(|it| it.to_string_lossy().starts_with('.'));
    let has = |name: &str| folder.join(name).exists();
    is_hidden || has("CACHEDIR.TAG") || has("Cargo.toml") || has("package.json")
}

/// What is remembered of a copied file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Copied {
    length: u64,
    modified: Option<SystemTime>,
    /// How many sites it has. A file without any is a link.
    sites: usize,
    excluded: BTreeSet<String>,
    /// Its tags, so that they keep their numbers.
    tags: Vec<NumberedTag>,
}

/// The rewritten copy of one crate.
pub(super) struct Shadow {
    /// Paths of the copy begin with this, followed by the absolute path of the original.
    root: PathBuf,
    framework: Framework,
    /// The files that stay as they are.
    ignored: GlobSet,
    known: BTreeMap<PathBuf, Copied>,
    /// The sites that are left out, by file.
    excluded: BTreeMap<PathBuf, BTreeSet<String>>,
}

impl Shadow {
    pub(super) fn open(root: PathBuf, framework: Framework, ignored: GlobSet) -> Self {
        let known = read(&root.join("copied.json"));
        let excluded = read(&root.join("excluded.json"));
        Self { root, framework, ignored, known, excluded }
    }

    /// The folder in which the copy is.
    pub(super) fn files(&self) -> PathBuf {
        self.root.join("files")
    }

    /// Where the copy of an absolute path is.
    pub(super) fn path(&self, original: &Path) -> PathBuf {
        self.files().join(original.strip_prefix("/").unwrap_or(original))
    }

    /// Leaves out sites. Returns whether any of them was not left out before.
    pub(super) fn exclude(&mut self, sites: &[(PathBuf, Site)]) -> bool {
        let mut is_new = false;
        for (file, site) in sites {
            is_new |= self.excluded.entry(file.clone()).or_default().insert(site.id.clone());
        }
        is_new
    }

    /// Notes which sites are left out in later builds, too.
    pub(super) fn save_excluded(&self) -> io::Result<()> {
        write(&self.root.join("excluded.json"), &self.excluded)
    }

    /// Brings the copy up to date. `source` is the folder of the crate's root file, `around` are the folders around it whose other
    /// entries are linked, outermost first. Returns how many sites there are.
    pub(super) fn update(&mut self, source: &Path, around: &[PathBuf]) -> io::Result<usize> {
        for folder in around {
            self.link_entries(folder, source, around)?;
        }
        let before = self.known.clone();
        let mut found = BTreeMap::new();
        self.copy_folder(source, &mut found)?;
        self.known = found;
        if self.known != before {
            write(&self.root.join("copied.json"), &self.known)?;
        }
        Ok(self.known.values().map(|it| it.sites).sum())
    }

    fn link_entries(&self, folder: &Path, source: &Path, around: &[PathBuf]) -> io::Result<()> {
        let copy = self.path(folder);
        make_folder(&copy)?;
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            names.insert(entry.file_name());
            let path = entry.path();
            if path != source && !around.contains(&path) {
                link(&path, &copy.join(entry.file_name()))?;
            }
        }
        remove_others(&copy, &names)
    }

    fn copy_folder(&self, folder: &Path, found: &mut BTreeMap<PathBuf, Copied>) -> io::Result<()> {
        let copy = self.path(folder);
        make_folder(&copy)?;
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            names.insert(entry.file_name());
            let (path, to) = (entry.path(), copy.join(entry.file_name()));
            let kind = entry.file_type()?;
            if kind.is_dir() && !is_other(&path) {
                self.copy_folder(&path, found)?;
            } else if kind.is_file() && is_rust(&path) {
                let copied = self.copy_file(&path, &to)?;
                found.insert(path, copied);
            } else {
                link(&path, &to)?;
            }
        }
        remove_others(&copy, &names)
    }

    fn copy_file(&self, path: &Path, to: &Path) -> io::Result<Copied> {
        let metadata = fs::metadata(path)?;
        let excluded = self.excluded.get(path).cloned().unwrap_or_default();
        let mut copied = Copied {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            sites: 0,
            excluded,
            tags: Vec::new(),
        };
        if self.ignored.is_match(path) {
            link(path, to)?;
            return Ok(copied);
        }
        if let Some(known) = self.known.get(path)
            && to.symlink_metadata().is_ok()
        {
            let (sites, tags) = (known.sites, known.tags.clone());
            if (Copied { sites, tags, ..copied.clone() }) == *known {
                return Ok(known.clone());
            }
        }
        let earlier = self.known.get(path).map_or(&[][..], |it| &it.tags);
        // A file that is not text is the compiler's to complain about.
        let unit = self.unit(path);
        let rewritten = fs::read_to_string(path)
            .map(|text| rewrite(&text, &self.options(&unit, &copied.excluded, earlier)));
        if let Ok(rewritten) = &rewritten {
            copied.sites = rewritten.sites.len();
            copied.tags.clone_from(&rewritten.tags);
        }
        match rewritten {
            Ok(rewritten) if copied.sites > 0 => put(to, &rewritten.text)?,
            _ => link(path, to)?,
        }
        Ok(copied)
    }

    /// The original of a file of the copy, and how it was rewritten. None for a file that is a link, or not in the copy.
    pub(super) fn rewritten(&self, original: &Path) -> Option<(String, hmr_auto_state::Rewritten)> {
        let copied = self.known.get(original).filter(|it| it.sites > 0)?;
        let text = fs::read_to_string(original).ok()?;
        let unit = self.unit(original);
        let rewritten = rewrite(&text, &self.options(&unit, &copied.excluded, &copied.tags));
        Some((text, rewritten))
    }

    /// A library and a binary may have the same file, each in a copy of its own.
    fn unit(&self, path: &Path) -> String {
        let names = format!("{} {}", self.root.display(), path.display());
        hash_of(names.as_bytes())[..16].to_owned()
    }

    fn options<'a>(
        &self,
        unit: &'a str,
        excluded: &'a BTreeSet<String>,
        earlier: &'a [NumberedTag],
    ) -> Options<'a> {
        Options { framework: self.framework, unit, excluded, earlier }
    }
}

fn read<T: Default + serde::de::DeserializeOwned>(path: &Path) -> T {
    let bytes = fs::read(path).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn write<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    fs::write(path, serde_json::to_vec(value)?)
}

/// Makes a folder, where a link may have been.
fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_symlink() {
        fs::remove_file(path)?;
    }
    fs::create_dir_all(path)
}

/// Makes `to` a link to `original`, whatever it was before.
fn link(original: &Path, to: &Path) -> io::Result<()> {
    if fs::read_link(to).is_ok_and(|it| it == original) {
        return Ok(());
    }
    remove(to)?;
    #[cfg(unix)]
    return std::os::unix::fs::symlink(original, to);
    // It is not called: the wrapper refuses other systems.
    #[cfg(not(unix))]
    return fs::copy(original, to).map(|_| ());
}

/// Writes a file, where a link may have been. An unchanged one keeps its time.
fn put(to: &Path, text: &str) -> io::Result<()> {
    if to.is_symlink() {
        remove(to)?;
    }
    if fs::read(to).is_ok_and(|it| it == text.as_bytes()) {
        return Ok(());
    }
    fs::write(to, text)
}

fn remove(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    }
}

/// Removes what the original folder does not have any more.
fn remove_others(folder: &Path, names: &BTreeSet<std::ffi::OsString>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !names.contains(&entry.file_name()) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}
