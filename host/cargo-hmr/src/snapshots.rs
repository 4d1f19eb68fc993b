//! Saved snapshots: the state of a page's modules as a file, for this session or another one.
//!
//! They are in [`FOLDER`] next to the application, each in a file, where `cargo clean` does not
//! delete them. The folder keeps itself out of version control. A name may be any text that can be printed; file names are made
//! from it so that they are different on every file system, also where `A` and `a` are the same.
//!
//! A snapshot is JSON text of the shape `{"hmr":1,"name":"…","modules":[{"module","hash","snapshot"}]}`. It is checked when
//! it is written; reading returns exactly the written text.

use std::{
    fmt::Write as _,
    fs, io,
    sync::atomic::{AtomicU64, Ordering},
    time::UNIX_EPOCH,
};

use camino::{Utf8Path, Utf8PathBuf};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::text::visible;

/// The largest saved snapshot, in bytes.
pub const LARGEST: usize = 16 << 20;
/// How many snapshots may be saved.
const MOST: usize = 500;
/// The longest name, in characters.
const LONGEST_NAME: usize = 200;
/// The longest file name that is made from a name alone, in bytes, without its extension.
const LONGEST_FILE: usize = 150;
/// Where snapshots are, below the application's folder.
pub const FOLDER: &str = ".hmr/snapshots";
/// What keeps the folder out of version control.
const IGNORE: &str =
    "# Made by cargo-hmr. Without this file, snapshots can be kept in version control.\n*\n";
/// The version of the shape.
const SHAPE: u32 = 1;

static WRITES: AtomicU64 = AtomicU64::new(0);

/// Why a snapshot cannot be saved, read or removed.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The name is invalid.
    #[error(
        "`{0}` cannot be a snapshot's name\nhint: use up to {LONGEST_NAME} characters that can be printed, without space at the beginning or end; `.` and `..` alone cannot be sent"
    )]
    Name(String),
    /// The text is not a saved snapshot.
    #[error(
        "this is not a saved snapshot: {0}\nhint: send `{{\"hmr\":1,\"name\":\"…\",\"modules\":[{{\"module\":\"…\",\"hash\":\"…\",\"snapshot\":{{…}}}}]}}`"
    )]
    Content(String),
    /// No snapshot has this name.
    #[error("there is no snapshot `{0}`\nhint: `GET /@hmr/snapshots` lists the existing ones")]
    Missing(String),
    /// There are too many.
    #[error("there are {MOST} snapshots already\nhint: remove some: `DELETE /@hmr/snapshots/NAME`")]
    TooMany,
    /// The folder or the file.
    #[error("the folder of snapshots: {0}")]
    Io(#[from] io::Error),
}

/// A saved snapshot in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Saved {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was saved, in milliseconds since the Unix epoch.
    pub saved: u64,
}

/// The required shape. Additional fields are kept as they are.
#[derive(Deserialize)]
struct Shape {
    hmr: u32,
    name: String,
    modules: Vec<ModuleShape>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "that the fields are there is what is checked")]
struct ModuleShape {
    module: String,
    hash: String,
    snapshot: Box<RawValue>,
}

/// The saved snapshots, by name.
///
/// # Errors
/// [`SnapshotError::Io`]
pub fn list(folder: &Utf8Path) -> Result<Vec<Saved>, SnapshotError> {
    let entries = match folder.read_dir_utf8() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut saved = Vec::new();
    for entry in entries {
        let entry = entry?;
        let (Some(name), Ok(metadata)) = (name_of(entry.path()), entry.metadata()) else {
            continue;
        };
        if metadata.is_file() {
            let since = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
            saved.push(Saved {
                name,
                bytes: metadata.len(),
                saved: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            });
        }
    }
    saved.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(saved)
}

/// The text of a saved snapshot.
///
/// # Errors
/// [`SnapshotError`]
pub fn read(folder: &Utf8Path, name: &str) -> Result<String, SnapshotError> {
    fs::read_to_string(path(folder, name)?).map_err(|error| missing(error, name))
}

/// Saves a snapshot, and replaces one that has the name.
///
/// # Errors
/// [`SnapshotError`]; the older snapshot is kept.
pub fn write(folder: &Utf8Path, name: &str, text: &[u8]) -> Result<(), SnapshotError> {
    let path = path(folder, name)?;
    check(name, text)?;
    make(folder)?;
    if !path.exists() && list(folder)?.len() >= MOST {
        return Err(SnapshotError::TooMany);
    }
    // Written next to it and renamed, so it is never read half written. The name has the process and a number, so it is unique.
    let number = WRITES.fetch_add(1, Ordering::Relaxed);
    let temporary = folder.join(format!(".{}-{number}", std::process::id()));
    let outcome = fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, &path));
    if outcome.is_err() {
        _ = fs::remove_file(&temporary);
    }
    Ok(outcome?)
}

/// Removes a saved snapshot.
///
/// # Errors
/// [`SnapshotError`]
pub fn remove(folder: &Utf8Path, name: &str) -> Result<(), SnapshotError> {
    fs::remove_file(path(folder, name)?).map_err(|error| missing(error, name))
}

fn check(name: &str, text: &[u8]) -> Result<(), SnapshotError> {
    let shape: Shape =
        serde_json::from_slice(text).map_err(|error| SnapshotError::Content(error.to_string()))?;
    if shape.hmr != SHAPE {
        let reason = format!("`hmr` is {}, where this tool knows {SHAPE}", shape.hmr);
        return Err(SnapshotError::Content(reason));
    }
    if shape.name != name {
        let reason = format!("it is named `{}`, not `{name}`", shape.name);
        return Err(SnapshotError::Content(reason));
    }
    if let Some(module) = shape.modules.iter().find(|each| !each.snapshot.get().starts_with('{')) {
        let reason = format!("the `snapshot` of `{}` is not an object", module.module);
        return Err(SnapshotError::Content(reason));
    }
    Ok(())
}

/// Moves what an earlier version of the tool saved elsewhere, unless there is one of the name. Returns how many were moved.
///
/// # Errors
/// [`SnapshotError::Io`]; the others stay in the old folder.
pub fn move_from(old: &Utf8Path, folder: &Utf8Path) -> Result<usize, SnapshotError> {
    let entries = match old.read_dir_utf8() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error.into()),
    };
    let mut moved = 0;
    for entry in entries {
        let entry = entry?;
        // In the old folder, names were used as file names.
        let Some(name) = entry.file_name().strip_suffix(".json").filter(|name| is_name(name))
        else {
            continue;
        };
        let path = path(folder, name)?;
        if path.exists() {
            continue;
        }
        make(folder)?;
        // The target folder may be on another disk.
        fs::rename(entry.path(), &path).or_else(|_| {
            fs::copy(entry.path(), &path).and_then(|_| fs::remove_file(entry.path()))
        })?;
        moved += 1;
    }
    Ok(moved)
}

/// Makes the folder, which keeps itself out of version control.
fn make(folder: &Utf8Path) -> io::Result<()> {
    let outer = folder.parent().unwrap_or(folder);
    if !outer.exists() {
        fs::create_dir_all(outer)?;
        fs::write(outer.join(".gitignore"), IGNORE)?;
    }
    fs::create_dir_all(folder)
}

/// Whether a name can be printed, read and sent.
fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.chars().count())
        && name.trim() == name
        && !matches!(name, "." | "..")
        && visible(name) == name
        && !name.contains(['\n', '\t'])
}

fn path(folder: &Utf8Path, name: &str) -> Result<Utf8PathBuf, SnapshotError> {
    if !is_name(name) {
        let shown: String = name.chars().take(LONGEST_NAME).collect();
        return Err(SnapshotError::Name(visible(&shown)));
    }
    Ok(folder.join(format!("{}.json", file_of(name))))
}

/// The characters that are not escaped in a file name: no system gives them a meaning, or ignores their case.
fn stays(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_'
}

/// The file name of a name, without its extension. All but [`stays`] is written as the hexadecimal digits of its bytes. A name that
/// gets too long ends with a hash instead, and is read from the file.
fn file_of(name: &str) -> String {
    let mut file = String::new();
    for c in name.chars() {
        if stays(c) {
            file.push(c);
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                _ = write!(file, "%{byte:02x}");
            }
        }
    }
    // Windows has devices of such names, with any extension.
    let device = match file.as_bytes() {
        b"con" | b"prn" | b"aux" | b"nul" => true,
        [b'c', b'o', b'm', number] | [b'l', b'p', b't', number] => number.is_ascii_digit(),
        _ => false,
    };
    if device {
        let first = file.remove(0);
        file = format!("%{:02x}{file}", u32::from(first));
    }
    if file.len() <= LONGEST_FILE {
        return file;
    }
    // All of it is ASCII.
    format!("{}+{}", &file[..LONGEST_FILE - 33], hmr_build::hash_of(name.as_bytes()))
}

/// The name that a file is of, if it is one of ours.
fn name_of(file: &Utf8Path) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    let stem = file.file_name()?.strip_suffix(".json")?;
    let name = if stem.contains('+') {
        let text = fs::read(file).ok()?;
        serde_json::from_slice::<Named>(&text).ok()?.name
    } else {
        percent_decode_str(stem).decode_utf8().ok()?.into_owned()
    };
    (is_name(&name) && file_of(&name) == stem).then_some(name)
}

fn missing(error: io::Error, name: &str) -> SnapshotError {
    match error.kind() {
        io::ErrorKind::NotFound => SnapshotError::Missing(name.to_owned()),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests;
