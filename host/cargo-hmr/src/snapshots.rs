//! Saved snapshots: the state of a page's modules as a file, for this session or another one.
//!
//! In and out goes JSON text of the shape `{"hmr":1,"name":"…","modules":[{"module","hash","snapshot"}]}`. It is checked when
//! it is written; what is read is the text that was written, digit by digit.

use std::{
    fs, io,
    sync::atomic::{AtomicU64, Ordering},
    time::UNIX_EPOCH,
};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The largest saved snapshot, in bytes.
pub const LARGEST: usize = 16 << 20;
/// How many snapshots may be saved.
const MOST: usize = 500;
/// The longest name.
const LONGEST_NAME: usize = 80;
/// The version of the shape.
const SHAPE: u32 = 1;

static WRITES: AtomicU64 = AtomicU64::new(0);

/// Why a snapshot cannot be saved, read or removed.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The name is none.
    #[error(
        "`{0}` cannot be a snapshot's name\nhint: use up to 80 letters, digits, `-`, `_` and `.`, and begin with a letter or digit"
    )]
    Name(String),
    /// The text is no saved snapshot.
    #[error(
        "this is no saved snapshot: {0}\nhint: send `{{\"hmr\":1,\"name\":\"…\",\"modules\":[{{\"module\":\"…\",\"hash\":\"…\",\"snapshot\":{{…}}}}]}}`"
    )]
    Content(String),
    /// There is none of the name.
    #[error("there is no snapshot `{0}`\nhint: `GET /@hmr/snapshots` lists those that are there")]
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

/// The shape that is asked for. More fields are kept as they are.
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
        let name = entry.file_name().strip_suffix(".json").filter(|name| is_name(name));
        let (Some(name), Ok(metadata)) = (name, entry.metadata()) else { continue };
        if metadata.is_file() {
            let since = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
            saved.push(Saved {
                name: name.to_owned(),
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

/// Saves a snapshot, in place of one that has the name.
///
/// # Errors
/// [`SnapshotError`]; what was saved before is still there.
pub fn write(folder: &Utf8Path, name: &str, text: &[u8]) -> Result<(), SnapshotError> {
    let path = path(folder, name)?;
    check(name, text)?;
    fs::create_dir_all(folder)?;
    if !path.exists() && list(folder)?.len() >= MOST {
        return Err(SnapshotError::TooMany);
    }
    // Beside and renamed, so that nobody reads half of it. No two writers share the name: it has the process and a number.
    let number = WRITES.fetch_add(1, Ordering::Relaxed);
    let beside = folder.join(format!(".{name}.{}-{number}", std::process::id()));
    let outcome = fs::write(&beside, text).and_then(|()| fs::rename(&beside, &path));
    if outcome.is_err() {
        _ = fs::remove_file(&beside);
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
        let reason = format!("the `snapshot` of `{}` is no object", module.module);
        return Err(SnapshotError::Content(reason));
    }
    Ok(())
}

/// Whether a name can be a file's in any system, and leads nowhere else.
fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    name.len() <= LONGEST_NAME
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(fits)
}

fn path(folder: &Utf8Path, name: &str) -> Result<Utf8PathBuf, SnapshotError> {
    if !is_name(name) {
        return Err(SnapshotError::Name(name.chars().take(LONGEST_NAME).collect()));
    }
    Ok(folder.join(format!("{name}.json")))
}

fn missing(error: io::Error, name: &str) -> SnapshotError {
    match error.kind() {
        io::ErrorKind::NotFound => SnapshotError::Missing(name.to_owned()),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> String {
        format!(
            r#"{{"hmr":1,"name":"{name}","modules":[{{"module":"board","hash":"b","snapshot":{{"abi":1,"n":18446744073709551616}}}}]}}"#
        )
    }

    fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
        let keep = tempfile::tempdir().expect("a temporary folder");
        let path = Utf8Path::from_path(keep.path()).expect("UTF-8").join("hmr/snapshots");
        (keep, path)
    }

    #[test]
    fn what_is_written_is_read_digit_by_digit_and_listed_until_it_is_removed() {
        let (_keep, folder) = folder();
        assert_eq!(list(&folder).expect("a list"), []);
        for name in ["full-cart", "a.b_C"] {
            write(&folder, name, text(name).as_bytes()).expect("saved");
        }
        write(&folder, "a.b_C", text("a.b_C").as_bytes()).expect("saved again");
        assert_eq!(read(&folder, "a.b_C").expect("the text"), text("a.b_C"));
        let names: Vec<String> =
            list(&folder).expect("a list").into_iter().map(|saved| saved.name).collect();
        assert_eq!(names, ["a.b_C", "full-cart"]);
        remove(&folder, "a.b_C").expect("removed");
        assert!(matches!(read(&folder, "a.b_C"), Err(SnapshotError::Missing(_))));
        assert!(matches!(remove(&folder, "a.b_C"), Err(SnapshotError::Missing(_))));
    }

    #[test]
    fn names_lead_nowhere_else() {
        let (_keep, folder) = folder();
        let long = "a".repeat(81);
        for name in ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "a b", "a\0", "é", &long] {
            for outcome in [
                write(&folder, name, text(name).as_bytes()),
                read(&folder, name).map(drop),
                remove(&folder, name),
            ] {
                assert!(matches!(outcome, Err(SnapshotError::Name(_))), "{name}: {outcome:?}");
            }
        }
        assert!(!folder.exists());
    }

    #[test]
    fn only_saved_snapshots_are_saved() {
        let (_keep, folder) = folder();
        for content in [
            "",
            "[]",
            r#"{"hmr":1,"name":"x"}"#,
            r#"{"hmr":2,"name":"x","modules":[]}"#,
            r#"{"hmr":1,"name":"y","modules":[]}"#,
            r#"{"hmr":1,"name":"x","modules":[{"module":"a","hash":"b"}]}"#,
            r#"{"hmr":1,"name":"x","modules":[{"module":"a","hash":"b","snapshot":7}]}"#,
        ] {
            let outcome = write(&folder, "x", content.as_bytes());
            assert!(matches!(outcome, Err(SnapshotError::Content(_))), "{content}: {outcome:?}");
        }
        assert_eq!(list(&folder).expect("a list"), []);
    }
}
