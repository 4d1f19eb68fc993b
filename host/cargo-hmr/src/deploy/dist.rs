//! The folder that is deployed: written beside the old one, and renamed at the end.
//!
//! A file in it ([`DIST_FILE`]) lists what was written. A folder with other files is never replaced, so that nothing of the user's is lost.

use std::collections::BTreeMap;
use std::{fs, io};

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;
use walkdir::WalkDir;

/// The list of what was written, in the folder.
pub(super) const DIST_FILE: &str = ".cargo-hmr-dist.json";

/// How many foreign files a message names.
const NAMED: usize = 3;

/// What the list says about the folder.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct DistInfo {
    /// What the URLs of all files begin with.
    pub(super) public_url: String,
    /// Whether paths that are not files are answered with `index.html`.
    pub(super) spa: bool,
}

/// The list as it is written.
#[derive(serde::Serialize, serde::Deserialize)]
struct List {
    #[serde(flatten)]
    info: DistInfo,
    files: Vec<Utf8PathBuf>,
}

/// Why a folder cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum DistError {
    /// It has other files.
    #[error(
        "`{folder}` has files that `cargo hmr build` has not written: {files}\nhint: move them away, or choose another folder with `--dist`"
    )]
    Foreign {
        /// The folder.
        folder: Utf8PathBuf,
        /// Some of the files.
        files: String,
    },
    /// It is a file.
    #[error("`{0}` is a file\nhint: choose another folder with `--dist`")]
    File(Utf8PathBuf),
    /// It is a link to nothing.
    #[error("`{0}` is a link to nothing\nhint: make the folder that it names, or remove the link")]
    DanglingLink(Utf8PathBuf),
    /// Another disk is mounted there, so that it cannot be replaced.
    #[error(
        "`{0}` is where a disk or a volume is mounted, so it cannot be replaced in one step\nhint: choose a folder in it, for instance `--dist {0}/dist`"
    )]
    Mounted(Utf8PathBuf),
    /// Two files would have the same path.
    #[error(
        "two files would be written to `{path}`: {first} and {second}\nhint: rename one of them"
    )]
    Twice {
        /// The path.
        path: String,
        /// What the first one is.
        first: String,
        /// What the second one is.
        second: String,
    },
    /// A file or a folder cannot be read or written.
    #[error(
        "`{path}` cannot be {what}: {error}\nhint: {}; the files from before are as they were",
        hint(what)
    )]
    Io {
        /// Where.
        path: Utf8PathBuf,
        /// `read` or `written`.
        what: &'static str,
        /// What the system says.
        error: io::Error,
    },
}

/// What helps against an error of the system.
fn hint(what: &str) -> &'static str {
    match what {
        "read" => "see whether it is there and whether you may read it",
        _ => "see whether the disk is full and whether the folder is yours",
    }
}

impl DistError {
    pub(super) fn read(path: &Utf8Path, error: io::Error) -> Self {
        Self::Io { path: path.to_owned(), what: "read", error }
    }

    pub(super) fn written(path: &Utf8Path, error: io::Error) -> Self {
        Self::Io { path: path.to_owned(), what: "written", error }
    }
}

/// A folder that is being made.
pub(super) struct Dist {
    target: Utf8PathBuf,
    beside: TempDir,
    folder: Utf8PathBuf,
    /// By path in the folder: what the file is, for messages, and its content.
    files: BTreeMap<String, (String, Vec<u8>)>,
}

impl Dist {
    /// Makes an empty folder beside `target`, an absolute path.
    ///
    /// # Errors
    /// `target` has files that were not written by this tool, or its parent cannot be written.
    pub(super) fn prepare(target: &Utf8Path) -> Result<Self, DistError> {
        let target = resolved(target)?;
        check(&target)?;
        let parent = target.parent().unwrap_or(&target);
        if let Some(file) = parent.ancestors().find(|folder| folder.is_file()) {
            return Err(DistError::File(file.to_owned()));
        }
        let written = |error| DistError::written(parent, error);
        fs::create_dir_all(parent).map_err(written)?;
        let beside = TempDir::with_prefix_in(".cargo-hmr-build-", parent).map_err(written)?;
        let folder = beside.path().join("new");
        fs::create_dir(&folder).map_err(written)?;
        let folder = Utf8PathBuf::try_from(folder)
            .map_err(|_| written(io::Error::from(io::ErrorKind::InvalidFilename)))?;
        let files = BTreeMap::new();
        Ok(Self { target, beside, folder, files })
    }

    /// The folder, while it is beside its target.
    pub(super) fn folder(&self) -> &Utf8Path {
        &self.folder
    }

    /// Adds a file. `what` says for messages what it is. Adding the same content again is no error.
    pub(super) fn add(
        &mut self,
        path: &str,
        what: &str,
        content: Vec<u8>,
    ) -> Result<(), DistError> {
        if let Some((first, known)) = self.files.get(path)
            && *known != content
        {
            let (first, second) = (first.clone(), what.to_owned());
            return Err(DistError::Twice { path: path.to_owned(), first, second });
        }
        self.files.insert(path.to_owned(), (what.to_owned(), content));
        Ok(())
    }

    /// Adds a file of the disk.
    pub(super) fn copy(&mut self, path: &str, from: &Utf8Path) -> Result<(), DistError> {
        let content = fs::read(from).map_err(|error| DistError::read(from, error))?;
        self.add(path, &format!("`{from}`"), content)
    }

    /// Adds all files of a folder, below `path`, that `is_wanted` accepts by their paths in it. A folder that does not exist has none.
    pub(super) fn copy_folder(
        &mut self,
        path: &str,
        from: &Utf8Path,
        is_wanted: impl Fn(&Utf8Path) -> bool,
    ) -> Result<(), DistError> {
        if !from.is_dir() {
            return Ok(());
        }
        for (inside, file) in files_in(from)? {
            if !is_wanted(&inside) {
                continue;
            }
            let name = inside.as_str().replace('\\', "/");
            let to = if path.is_empty() { name } else { format!("{path}/{name}") };
            self.copy(&to, &file)?;
        }
        Ok(())
    }

    /// The content of a file that was added.
    pub(super) fn content(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(|(_, content)| content.as_slice())
    }

    /// Whether a file was added.
    pub(super) fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// The files that were added, for changes of their contents.
    pub(super) fn contents(&mut self) -> impl Iterator<Item = (&String, &mut Vec<u8>)> {
        self.files.iter_mut().map(|(path, (_, content))| (path, content))
    }

    /// Writes what was added.
    pub(super) fn flush(&mut self) -> Result<(), DistError> {
        for (path, (_, content)) in &self.files {
            let path = self.folder.join(path);
            let written = |error| DistError::written(&path, error);
            fs::create_dir_all(path.parent().unwrap_or(&path)).map_err(written)?;
            fs::write(&path, content).map_err(written)?;
        }
        Ok(())
    }

    /// Writes the list, and puts the folder in the place of its target.
    pub(super) fn finish(self, info: &DistInfo) -> Result<(), DistError> {
        let files = files_in(&self.folder)?.into_iter().map(|(inside, _)| inside).collect();
        let list = List { info: info.clone(), files };
        let path = self.folder.join(DIST_FILE);
        let text = serde_json::to_vec_pretty(&list).unwrap_or_default();
        fs::write(&path, text).map_err(|error| DistError::written(&path, error))?;
        // Files may have come while it was built.
        check(&self.target)?;
        let old = self.beside.path().join("old");
        let renamed = |error: io::Error| match error.kind() {
            io::ErrorKind::ResourceBusy | io::ErrorKind::CrossesDevices => {
                DistError::Mounted(self.target.clone())
            }
            _ => DistError::written(&self.target, error),
        };
        match fs::rename(&self.target, &old) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(renamed(error)),
            _ => {}
        }
        if let Err(error) = fs::rename(&self.folder, &self.target) {
            // It was there a moment ago.
            _ = fs::rename(&old, &self.target);
            return Err(renamed(error));
        }
        // What cannot be removed is in a hidden folder beside it.
        _ = self.beside.close();
        Ok(())
    }
}

/// `path` from the root of the disk.
pub(super) fn absolute(path: &Utf8Path) -> Utf8PathBuf {
    let absolute = std::path::absolute(path).ok().and_then(|it| Utf8PathBuf::try_from(it).ok());
    absolute.unwrap_or_else(|| path.to_owned())
}

/// The folder that a link leads to, so that the link stays.
fn resolved(target: &Utf8Path) -> Result<Utf8PathBuf, DistError> {
    if !target.is_symlink() {
        return Ok(target.to_owned());
    }
    target.canonicalize_utf8().map_err(|_| DistError::DanglingLink(target.to_owned()))
}

/// Whether something is mounted at a folder. One that is part of the disk of its parent shows that only when it is replaced.
#[cfg(unix)]
fn is_mounted(folder: &Utf8Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let disk = |folder: &Utf8Path| fs::metadata(folder).ok().map(|metadata| metadata.dev());
    folder.parent().is_some_and(|parent| disk(folder) != disk(parent))
}

/// Replacing it shows that.
#[cfg(not(unix))]
fn is_mounted(_: &Utf8Path) -> bool {
    false
}

/// Checks that a folder has only files that this tool has written, or does not exist.
fn check(folder: &Utf8Path) -> Result<(), DistError> {
    if folder.is_file() {
        return Err(DistError::File(folder.to_owned()));
    }
    if !folder.is_dir() {
        return Ok(());
    }
    if is_mounted(folder) {
        return Err(DistError::Mounted(folder.to_owned()));
    }
    let known = match fs::read(folder.join(DIST_FILE)) {
        Ok(text) => {
            serde_json::from_slice::<List>(&text).map(|list| list.files).unwrap_or_default()
        }
        Err(_) => Vec::new(),
    };
    let foreign: Vec<_> = files_in(folder)?
        .into_iter()
        .map(|(inside, _)| inside)
        .filter(|inside| inside != DIST_FILE && !known.contains(inside))
        .collect();
    if foreign.is_empty() {
        return Ok(());
    }
    let mut files: Vec<_> = foreign.iter().take(NAMED).map(|it| format!("`{it}`")).collect();
    if foreign.len() > NAMED {
        files.push(format!("and {} more", foreign.len() - NAMED));
    }
    Err(DistError::Foreign { folder: folder.to_owned(), files: files.join(", ") })
}

/// The files in a folder: their paths in it, sorted, and where they are.
pub(super) fn files_in(folder: &Utf8Path) -> Result<Vec<(Utf8PathBuf, Utf8PathBuf)>, DistError> {
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
        let entry = entry.map_err(|error| DistError::read(folder, error.into()))?;
        let Some(path) = Utf8Path::from_path(entry.path()) else { continue };
        if path.is_file() {
            let inside = path.strip_prefix(folder).unwrap_or(path).to_owned();
            files.push((inside, path.to_owned()));
        }
    }
    Ok(files)
}

/// What the list in a folder says; none if the folder was not written by this tool.
pub(super) fn read_info(folder: &Utf8Path) -> Option<DistInfo> {
    let text = fs::read(folder.join(DIST_FILE)).ok()?;
    serde_json::from_slice::<List>(&text).ok().map(|list| list.info)
}
