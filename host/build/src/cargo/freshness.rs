//! Files that were replaced since they were compiled, where cargo would not notice.
//!
//! cargo compares modification times: a file that is newer than the last compilation is compiled again. A file that is restored with
//! an old time (`mv lib.rs.bak lib.rs`, `cp -p`, `rsync -t`) is another file with an old time, and cargo would keep what it made
//! from the previous one. So the stamps of all files that were read are stored in the target folder. If one differs,
//! cargo's mark on everything that was made from that file is removed before the next build. The user's files are never touched.
//!
//! A file whose stamp is unknown, because it was written while it was compiled, counts as replaced.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fs, io::Write as _};

use camino::Utf8PathBuf;

use super::units;
use crate::{App, Stamp};

/// By how much the clock of a file system may be behind the system's.
const CLOCK_STEP: Duration = Duration::from_millis(50);

type Stamps = BTreeMap<Utf8PathBuf, Option<Stamp>>;

/// Held from reading the stamps until they are written: a build that was cancelled may still be learning when the next one prepares.
static STAMPS: Mutex<()> = Mutex::new(());

/// When a build started, for [`learn`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Started((i64, i64));

/// Makes cargo compile again what was made from files that have been replaced. To be called before each build.
///
/// # Errors
/// If cargo's mark on something that must be made again cannot be removed.
pub(super) fn prepare(app: &App) -> io::Result<Started> {
    let started = Started(now());
    let _one_at_a_time = STAMPS.lock().unwrap_or_else(PoisonError::into_inner);
    let (known, mut stamps) = (load(app), Stamps::new());
    for unit in units::of(app) {
        let mut stale = false;
        for file in unit.files {
            let stamp = *stamps.entry(file.clone()).or_insert_with(|| Stamp::at(&file));
            stale |= known.get(&file) != Some(&stamp);
        }
        if stale {
            match fs::remove_file(&unit.mark) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    // Later than the removal: if this is lost, the next build does it again.
    save(app, &stamps)?;
    Ok(started)
}

/// Notes the stamps of files that a build has read for the first time. To be called after each build, however it ended.
///
/// # Errors
/// If they cannot be written.
pub(super) fn learn(app: &App, started: Started) -> io::Result<()> {
    let _one_at_a_time = STAMPS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut stamps = load(app);
    let before = stamps.len();
    for file in units::of(app).into_iter().flat_map(|unit| unit.files) {
        if stamps.contains_key(&file) {
            continue;
        }
        let stamp = Stamp::at(&file);
        // If a file was written during the build, it is unknown whether the compiler has read the current content.
        if stamp.is_none_or(|stamp| stamp.touched() < started.0) {
            stamps.insert(file, stamp);
        }
    }
    if stamps.len() == before { Ok(()) } else { save(app, &stamps) }
}

fn now() -> (i64, i64) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let since = since.saturating_sub(CLOCK_STEP);
    (i64::try_from(since.as_secs()).unwrap_or(i64::MAX), i64::from(since.subsec_nanos()))
}

fn path(app: &App) -> Utf8PathBuf {
    app.target_dir().join("inputs.json")
}

/// The remembered stamps; empty if the file does not exist or comes from another version of the tool.
fn load(app: &App) -> Stamps {
    let text = fs::read(path(app)).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

fn save(app: &App, stamps: &Stamps) -> io::Result<()> {
    let folder = app.target_dir();
    // Before the first build there is nothing to remember, and cargo makes the folder.
    if stamps.is_empty() || !folder.is_dir() {
        return Ok(());
    }
    let mut file = tempfile::NamedTempFile::new_in(&folder)?;
    file.write_all(&serde_json::to_vec(stamps)?)?;
    file.persist(path(app))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::*;
    use crate::LocalPackage;
    use crate::config::Config;

    fn write(path: &Utf8Path, text: &str) {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }

    /// An app with one package, `board`, and nothing that was built.
    fn app(root: &Utf8Path) -> App {
        let folder = root.join("board");
        let package = LocalPackage {
            name: "board".into(),
            manifest_path: folder.join("Cargo.toml"),
            folder,
            dependencies: Vec::new(),
            build_script: None,
            is_member: true,
        };
        App {
            root: root.to_owned(),
            workspace_root: root.to_owned(),
            modules: Vec::new(),
            packages: vec![package],
            config: Config::default(),
            site: None,
            notes: Vec::new(),
            target_directory: root.join("target"),
            build_directory: None,
        }
    }

    #[test]
    fn a_cancelled_build_does_not_overwrite_the_stamps_of_the_next_one() {
        let keep = tempfile::tempdir().expect("a temporary folder");
        let root = Utf8Path::from_path(keep.path()).expect("UTF-8");
        let app = app(root);
        let folder = app.target_dir().join(crate::toolchain::TARGET).join(super::super::PROFILE);
        write(&folder.join(".fingerprint/board-0123456789abcdef/lib-board.json"), "{}");
        let (source, list) = (root.join("board/lib.rs"), folder.join("deps/board.d"));
        let mut files = vec![source.clone()];
        for round in 0..200 {
            // The cancelled build has read a file for the first time.
            let new = root.join(format!("board/new{round}.rs"));
            write(&new, "");
            files.push(new);
            write(
                &list,
                &format!(
                    "board: {}\n",
                    files.iter().map(|file| file.as_str()).collect::<Vec<_>>().join(" ")
                ),
            );
            let started = Started((i64::MAX, 0));
            write(&source, &" ".repeat(round));
            std::thread::scope(|scope| {
                scope.spawn(|| learn(&app, started).expect("a file can be written"));
                scope.spawn(|| prepare(&app).expect("a file can be written"));
            });
            let known = load(&app).get(&source).copied();
            assert_eq!(known, Some(Stamp::at(&source)), "in round {round}");
        }
    }
}
