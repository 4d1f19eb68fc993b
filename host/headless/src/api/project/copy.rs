//! Copies a workspace so that the copy builds like the original, and lets copies share a target folder.
//!
//! Left out are folders that builds write to, version control and what hangs by a symbolic link. Paths in manifests are kept while
//! they stay inside, and made absolute where they lead out.

use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use toml_edit::{DocumentMut, Item, TableLike, value};

use super::ProjectError;

/// Folders that hold no sources.
const LEFT_OUT: [&str; 3] = ["target", ".git", "node_modules"];

/// Tables whose entries can name a folder.
const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// The right to build in a target folder that several copies use; it ends with the value.
///
/// cargo decides by the times of files whether results are fresh, and the results may be another copy's. So a copy
/// whose turn comes after another's makes its files look new.
#[derive(Debug)]
pub(super) struct Turn {
    _lock: File,
}

impl Turn {
    /// Waits until no other copy builds in `target`.
    pub(super) fn take(target: &Path, copy: &Path) -> Result<Self, ProjectError> {
        fs::create_dir_all(target).map_err(ProjectError::file(target))?;
        let path = target.join("turn.lock");
        let fail = || ProjectError::file(&path);
        let options =
            || File::options().create(true).truncate(false).read(true).write(true).open(&path);
        let mut lock = options().map_err(fail())?;
        lock.lock().map_err(fail())?;
        let mut last = Vec::new();
        lock.read_to_end(&mut last).map_err(fail())?;
        if last != copy.as_os_str().as_encoded_bytes() {
            touch(copy)?;
            lock.set_len(0).and_then(|()| lock.rewind()).map_err(fail())?;
            lock.write_all(copy.as_os_str().as_encoded_bytes()).map_err(fail())?;
        }
        Ok(Self { _lock: lock })
    }
}

fn touch(folder: &Path) -> Result<(), ProjectError> {
    for entry in fs::read_dir(folder).map_err(ProjectError::file(folder))? {
        let path = entry.map_err(ProjectError::file(folder))?.path();
        if path.is_dir() {
            touch(&path)?;
        } else {
            let file =
                File::options().append(true).open(&path).map_err(ProjectError::file(&path))?;
            file.set_modified(SystemTime::now()).map_err(ProjectError::file(&path))?;
        }
    }
    Ok(())
}

/// Copies the workspace in `from` into the folder `to`, which exists. Builds of it write to `caches`.
pub(super) fn copy(from: &Path, to: &Path, caches: &[PathBuf]) -> Result<(), ProjectError> {
    let root = fs::canonicalize(from).map_err(ProjectError::file(from))?;
    let caches: Vec<PathBuf> =
        caches.iter().filter_map(|cache| fs::canonicalize(cache).ok()).collect();
    copy_folder(&root, &caches, &root, to)
}

fn copy_folder(
    root: &Path,
    caches: &[PathBuf],
    from: &Path,
    to: &Path,
) -> Result<(), ProjectError> {
    for entry in fs::read_dir(from).map_err(ProjectError::file(from))? {
        let entry = entry.map_err(ProjectError::file(from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(ProjectError::file(&source))?;
        if kind.is_dir() {
            if LEFT_OUT.iter().any(|name| entry.file_name() == *name)
                || caches.contains(&source)
                || source.join("CACHEDIR.TAG").exists()
            {
                continue;
            }
            fs::create_dir_all(&target).map_err(ProjectError::file(&target))?;
            copy_folder(root, caches, &source, &target)?;
        } else if entry.file_name() == "Cargo.toml" {
            let text = fs::read_to_string(&source).map_err(ProjectError::file(&source))?;
            let text = with_absolute_paths(root, from, &text)
                .map_err(|why| ProjectError::Manifest { path: source, why })?;
            fs::write(&target, text).map_err(ProjectError::file(&target))?;
        } else if kind.is_file() {
            fs::copy(&source, &target).map_err(ProjectError::file(&source))?;
        }
    }
    Ok(())
}

/// A manifest's text with each path that leads out of `root` made absolute.
fn with_absolute_paths(root: &Path, folder: &Path, text: &str) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(|error| format!("{error}"))?;
    let manifest = document.as_table_mut();
    dependencies(root, folder, manifest);
    if let Some(workspace) = manifest.get_mut("workspace").and_then(Item::as_table_like_mut) {
        dependencies(root, folder, workspace);
    }
    for (name, deep) in [("target", true), ("patch", false)] {
        let Some(tables) = manifest.get_mut(name).and_then(Item::as_table_like_mut) else {
            continue;
        };
        for (_, table) in tables.iter_mut() {
            let Some(table) = table.as_table_like_mut() else { continue };
            if deep {
                dependencies(root, folder, table);
            } else {
                entries(root, folder, table);
            }
        }
    }
    Ok(document.to_string())
}

fn dependencies(root: &Path, folder: &Path, table: &mut dyn TableLike) {
    for name in TABLES {
        if let Some(table) = table.get_mut(name).and_then(Item::as_table_like_mut) {
            entries(root, folder, table);
        }
    }
}

fn entries(root: &Path, folder: &Path, table: &mut dyn TableLike) {
    for (_, entry) in table.iter_mut() {
        let Some(path) = entry.as_table_like_mut().and_then(|entry| entry.get_mut("path")) else {
            continue;
        };
        let Some(text) = path.as_str() else { continue };
        let absolute = normalise(&folder.join(text));
        if !absolute.starts_with(root)
            && let Some(text) = absolute.to_str()
        {
            *path = value(text);
        }
    }
}

/// A path without `.` and `..`, whether it exists or not.
fn normalise(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => _ = plain.pop(),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_out_become_absolute() {
        let text = "[dependencies]\na = { path = \"../b\" }\nout = { path = \"../../sdk\" } # why\n\n\
            [workspace.dependencies.far]\npath = \"../../far\"\n";
        let copied = with_absolute_paths(Path::new("/apps/one"), Path::new("/apps/one/a"), text);
        let copied = copied.expect("it is TOML");
        assert!(copied.contains("a = { path = \"../b\" }"), "{copied}");
        assert!(copied.contains("out = { path = \"/apps/sdk\" } # why"), "{copied}");
        assert!(copied.contains("path = \"/apps/far\""), "{copied}");
    }
}
