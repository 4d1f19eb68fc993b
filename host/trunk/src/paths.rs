//! Paths as texts: without a look at the disk.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

/// `path`, relative to `folder` unless it is absolute, without `.` and `..`: the form that watchers report.
pub(crate) fn join(folder: &Utf8Path, path: &Utf8Path) -> Utf8PathBuf {
    let mut clean = Utf8PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir => _ = clean.pop(),
            part => clean.push(part),
        }
    }
    clean
}

/// The path in a URL: with `/` on every system, without `.`. Nothing if it leaves its root.
pub(crate) fn url_path(path: &Utf8Path) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Utf8Component::Normal(name) => parts.push(name),
            Utf8Component::CurDir => {}
            _ => return None,
        }
    }
    Some(parts.join("/"))
}
