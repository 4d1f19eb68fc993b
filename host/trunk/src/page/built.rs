//! A page as it is served, with its files and what they were made from.

use camino::{Utf8Path, Utf8PathBuf};

use super::error::PageError;

/// A page as it is served.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuiltPage {
    /// The markup.
    pub html: String,
    /// What is served besides the page.
    pub files: Vec<ServedFile>,
    /// The files whose content is in the markup, or would be. The page itself is not one of them.
    pub inlined: Vec<Utf8PathBuf>,
    /// Whether the markup contains a stylesheet that depends on all sources of the project: see [`ServedFile::scans_sources`].
    pub scans_sources: bool,
    /// What is not honoured or was left out, in one sentence each.
    pub notes: Vec<String>,
    /// Why assets were left out.
    pub errors: Vec<PageError>,
}

/// A file or a folder that is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedFile {
    /// The path below the base of the served files, without a `/` at the start, not encoded for URLs. It stays the same across rebuilds.
    pub url_path: String,
    /// What is served.
    pub source: Source,
    /// The files that it was made from: absolute, without `.` and `..`.
    pub inputs: Vec<Utf8PathBuf>,
    /// Whether it depends on all sources of the project, as what Tailwind makes: it has a rule for each class that a source names. Build it
    /// again after every change of a source, a template or Tailwind's configuration; `inputs` does not have those.
    pub scans_sources: bool,
}

/// What is served under a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file as it is on disk. A change needs no processing.
    File(Utf8PathBuf),
    /// Everything in a folder, as it is on disk, below the path.
    Folder(Utf8PathBuf),
    /// The result of processing.
    Bytes {
        /// The content.
        content: Vec<u8>,
        /// The media type, such as `text/css`.
        media_type: &'static str,
    },
}

/// What answers a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<'a> {
    /// This file, if it exists.
    File(Utf8PathBuf),
    /// The result of processing.
    Bytes {
        /// The content.
        content: &'a [u8],
        /// The media type, such as `text/css`.
        media_type: &'static str,
    },
}

/// What a change of files makes stale.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Affected {
    /// Whether the page has to be built again.
    pub page: bool,
    /// The paths of the served files that change. Those with [`Source::Bytes`] have to be built again.
    pub files: Vec<String>,
}

impl BuiltPage {
    /// What is served under a path, which is decoded and has no `/` at the start. Exact paths come before folders, and of two folders the
    /// longer path. A path with `..` has no answer.
    #[must_use]
    pub fn find(&self, url_path: &str) -> Option<Found<'_>> {
        let exact = |file: &&ServedFile| {
            file.url_path == url_path && !matches!(file.source, Source::Folder(_))
        };
        // Of two copies to one path, the later one is served.
        match self.files.iter().rev().find(exact).map(|file| &file.source) {
            Some(Source::File(path)) => return Some(Found::File(path.clone())),
            Some(Source::Bytes { content, media_type }) => {
                return Some(Found::Bytes { content, media_type });
            }
            _ => {}
        }
        let inside = |file: &ServedFile| match &file.source {
            Source::Folder(folder) => {
                let rest = below(url_path, &file.url_path)?;
                Some((file.url_path.len(), folder.join(rest)))
            }
            _ => None,
        };
        let found = self.files.iter().filter_map(inside).max_by_key(|(length, _)| *length);
        found.map(|(_, path)| Found::File(path))
    }

    /// What a change of these files makes stale; paths are absolute, without `.` and `..`. Files that Tailwind reads besides its input are
    /// not known here: see [`ServedFile::scans_sources`].
    #[must_use]
    pub fn affected(&self, changed: &[Utf8PathBuf]) -> Affected {
        let mut files = Vec::new();
        for file in &self.files {
            if let Source::Folder(folder) = &file.source {
                let inside = changed.iter().filter_map(|path| path.strip_prefix(folder).ok());
                files.extend(inside.map(|rest| join(&file.url_path, rest)));
            } else if file.inputs.iter().any(|input| changed.contains(input)) {
                files.push(file.url_path.clone());
            }
        }
        Affected { page: self.inlined.iter().any(|input| changed.contains(input)), files }
    }

    /// Replaces the earlier version of a stylesheet that was built again.
    pub fn replace(&mut self, file: ServedFile) {
        match self.files.iter_mut().find(|known| known.url_path == file.url_path) {
            Some(known) => *known = file,
            None => self.files.push(file),
        }
    }
}

/// The part of `path` below `folder`, if it is there and does not leave it.
fn below<'a>(path: &'a str, folder: &str) -> Option<&'a Utf8Path> {
    let rest = match folder {
        "" => path,
        folder => path.strip_prefix(folder)?.strip_prefix('/')?,
    };
    let rest = Utf8Path::new(rest);
    let plain = |part| matches!(part, camino::Utf8Component::Normal(_));
    rest.components().all(plain).then_some(rest)
}

fn join(folder: &str, rest: &Utf8Path) -> String {
    let parts: Vec<_> = rest.components().map(|part| part.as_str()).collect();
    match folder {
        "" => parts.join("/"),
        folder => format!("{folder}/{}", parts.join("/")),
    }
}
