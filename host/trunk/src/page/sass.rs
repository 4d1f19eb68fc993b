//! Sass and SCSS, and which files they were made from.

use std::collections::BTreeSet;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use camino::{Utf8Path, Utf8PathBuf};

use super::error::PageError;
use crate::paths;

/// A compiled stylesheet.
pub(super) struct Compiled {
    pub(super) css: String,
    /// The stylesheet and its imports, in order of their paths.
    pub(super) inputs: Vec<Utf8PathBuf>,
    /// What `@warn` and the compiler say.
    pub(super) warnings: Vec<String>,
}

/// Compiles the stylesheet `file`; without spaces and comments if it is to be `small`.
pub(super) fn compile(file: &Utf8Path, small: bool) -> Result<Compiled, PageError> {
    let files = Files::default();
    let log = Log::default();
    let style = if small { grass::OutputStyle::Compressed } else { grass::OutputStyle::Expanded };
    let options = grass::Options::default().fs(&files).logger(&log).style(style);
    // The compiler is not hardened against every text, and a stylesheet must not end the whole tool.
    let result = panic::catch_unwind(AssertUnwindSafe(|| grass::from_path(file, &options)));
    let inputs = files.read(file);
    let warnings = log.0.into_inner().unwrap_or_default();
    let message = match result {
        Ok(Ok(css)) => return Ok(Compiled { css, inputs, warnings }),
        Ok(Err(error)) => error.to_string().trim().trim_start_matches("Error: ").to_owned(),
        Err(_) => "the Sass compiler ended unexpectedly".to_owned(),
    };
    Err(PageError::Style { path: file.to_owned(), message, inputs })
}

/// The disk, with a list of the files that were read.
#[derive(Debug, Default)]
struct Files(Mutex<BTreeSet<PathBuf>>);

impl Files {
    /// What was read, `first` included.
    fn read(self, first: &Utf8Path) -> Vec<Utf8PathBuf> {
        let read = self.0.into_inner().unwrap_or_default();
        let clean = |path: PathBuf| {
            Utf8PathBuf::from_path_buf(path).ok().map(|path| paths::join("".into(), &path))
        };
        let all: BTreeSet<_> =
            read.into_iter().filter_map(clean).chain([first.to_owned()]).collect();
        all.into_iter().collect()
    }
}

impl grass::Fs for Files {
    fn is_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn is_file(&self, path: &Path) -> bool {
        path.is_file()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if let Ok(mut read) = self.0.lock() {
            read.insert(path.to_owned());
        }
        std::fs::read(path)
    }

    /// Links are not followed: watchers report the paths that the project uses.
    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        let path = Utf8Path::from_path(path).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(paths::join("".into(), path).into())
    }
}

/// Keeps what the compiler would print.
#[derive(Debug, Default)]
struct Log(Mutex<Vec<String>>);

impl Log {
    fn add(&self, file: &str, line: usize, message: &str) {
        if let Ok(mut lines) = self.0.lock() {
            lines.push(format!("{file}:{line}: {message}"));
        }
    }
}

impl grass::Logger for Log {
    fn debug(&self, location: codemap::SpanLoc, message: &str) {
        self.add(location.file.name(), location.begin.line + 1, message);
    }

    fn warn(&self, location: codemap::SpanLoc, message: &str) {
        self.add(location.file.name(), location.begin.line + 1, message);
    }
}
