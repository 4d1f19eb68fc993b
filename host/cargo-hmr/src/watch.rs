//! The watcher: from what the system says about folders to batches of changes.
//!
//! A notification is only a hint that something happened near a path. What did change is found by comparing
//! the files there with what is remembered of them ([`tree::Tree`]), a few milliseconds after the last hint. So
//! an editor's unlink + rename + write is one change, a temporary file that came and went is none, and a queue
//! that overflowed costs a look at everything instead of a change.
//!
//! Folders are watched one by one, because a recursive watch would take in `target/`. Files outside the
//! watched folders (an `include_str!` from elsewhere) are watched through the folder that they lie in.

mod tree;

use std::{
    collections::BTreeSet,
    sync::mpsc::{self, RecvTimeoutError},
    time::{Duration, Instant},
};

use camino::{Utf8Path, Utf8PathBuf};
use globset::{Glob, GlobSet, GlobSetBuilder};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use tree::Tree;

use crate::served::WELL_KNOWN;

/// How long it must be quiet before a batch is made.
const QUIET: Duration = Duration::from_millis(8);
/// How long a batch may be put off when it never gets quiet.
const LONGEST: Duration = Duration::from_millis(80);

/// What happened to one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// Its content may be another.
    Modified,
    /// It is gone.
    Removed,
}

/// One changed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its absolute path.
    pub path: Utf8PathBuf,
    /// What happened to it.
    pub kind: ChangeKind,
}

/// Files that changed together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeBatch {
    /// The changes, in the order of their paths.
    pub changes: Vec<Change>,
    /// How long after the first hint the batch was made.
    pub delay: Duration,
}

/// What is to be watched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Folders, with all that is in them.
    pub folders: BTreeSet<Utf8PathBuf>,
    /// Single files outside those folders.
    pub files: BTreeSet<Utf8PathBuf>,
    /// Globs, relative to each folder, of what is left out.
    pub ignore: Vec<String>,
}

/// Why watching is impossible.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The system refused.
    #[error("cannot watch `{path}`: {source}\nhint: {}", remedy(source))]
    System {
        /// What was to be watched.
        path: Utf8PathBuf,
        /// What the system said.
        source: notify::Error,
    },
    /// A glob of the configuration.
    #[error("`watch-ignore`: {0}")]
    Glob(#[from] globset::Error),
}

fn remedy(error: &notify::Error) -> &'static str {
    match error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "raise the limit with `sysctl fs.inotify.max_user_watches=524288`, or leave folders out with `watch-ignore`"
        }
        _ => "check that the folder exists and can be read",
    }
}

enum Message {
    Hint(notify::Result<notify::Event>),
    Scope(Scope, mpsc::SyncSender<Result<(), WatchError>>),
}

/// A running watcher. Dropping it ends it.
pub struct Watcher {
    messages: mpsc::Sender<Message>,
}

impl Watcher {
    /// Starts watching `scope`; `on_batch` is called on the watcher's thread.
    ///
    /// # Errors
    /// [`WatchError`] if a folder cannot be watched.
    pub fn start(
        scope: Scope,
        on_batch: impl FnMut(ChangeBatch) + Send + 'static,
    ) -> Result<Self, WatchError> {
        let (messages, inbox) = mpsc::channel();
        let hints = messages.clone();
        let system = notify::recommended_watcher(move |hint| {
            // The receiver is gone only when the watcher itself is ending.
            _ = hints.send(Message::Hint(hint));
        })
        .map_err(|source| WatchError::System { path: ".".into(), source })?;
        std::thread::spawn(move || {
            let mut worker = Worker {
                system,
                tree: Tree::default(),
                watched: BTreeSet::new(),
                ignore: Ignore::default(),
                on_batch,
            };
            worker.run(&inbox);
        });
        let watcher = Self { messages };
        watcher.rescope(scope)?;
        Ok(watcher)
    }

    /// Watches another scope from now on. What changes meanwhile is not lost.
    ///
    /// # Errors
    /// [`WatchError`]; what was watched before is watched still.
    pub fn rescope(&self, scope: Scope) -> Result<(), WatchError> {
        let (reply, answer) = mpsc::sync_channel(1);
        if self.messages.send(Message::Scope(scope, reply)).is_err() {
            return Ok(());
        }
        answer.recv().unwrap_or(Ok(()))
    }
}

/// What is never looked at.
#[derive(Default)]
struct Ignore {
    globs: GlobSet,
    roots: Vec<Utf8PathBuf>,
    files: BTreeSet<Utf8PathBuf>,
}

impl Ignore {
    fn new(scope: &Scope) -> Result<Self, WatchError> {
        let mut globs = GlobSetBuilder::new();
        for glob in &scope.ignore {
            globs.add(Glob::new(glob)?);
            // A folder's glob leaves out what is in it as well.
            globs.add(Glob::new(&format!("{}/**", glob.trim_end_matches('/')))?);
        }
        Ok(Self {
            globs: globs.build()?,
            roots: scope.folders.iter().cloned().collect(),
            files: scope.files.clone(),
        })
    }

    fn skips(&self, path: &Utf8Path) -> bool {
        if self.files.contains(path) {
            return false;
        }
        let Some((root, inside)) =
            self.roots.iter().find_map(|root| Some((root, path.strip_prefix(root).ok()?)))
        else {
            // Beside a watched single file, or a folder that leads to one.
            return !self.files.iter().any(|file| file.starts_with(path));
        };
        let mut folder = root.clone();
        inside.components().any(|part| {
            // Build output lies beside a manifest; elsewhere `target` is a name like any other.
            let output = part.as_str() == "target" && folder.join("Cargo.toml").exists();
            folder.push(part);
            output || is_noise(part.as_str())
        }) || self.globs.is_match(inside)
    }
}

/// Names that never are sources: version control, and what editors leave for a moment.
fn is_noise(name: &str) -> bool {
    let kept = [".cargo", WELL_KNOWN].contains(&name);
    let hidden = name.starts_with('.') && !kept && name.len() > 1;
    let swap = [".swp", ".swx", ".swo", "~"].iter().any(|ending| name.ends_with(ending));
    matches!(name, "node_modules" | "4913") || hidden || swap || name.starts_with('#')
}

struct Worker<F> {
    system: RecommendedWatcher,
    tree: Tree,
    watched: BTreeSet<Utf8PathBuf>,
    ignore: Ignore,
    on_batch: F,
}

impl<F: FnMut(ChangeBatch)> Worker<F> {
    fn run(&mut self, inbox: &mpsc::Receiver<Message>) {
        while let Ok(message) = inbox.recv() {
            let mut hints = Hints::default();
            match message {
                Message::Hint(hint) => hints.add(hint),
                Message::Scope(scope, reply) => _ = reply.send(self.rescope(&scope)),
            }
            while !hints.is_empty() {
                match inbox.recv_timeout(hints.patience()) {
                    Ok(Message::Hint(hint)) => hints.add(hint),
                    Ok(Message::Scope(scope, reply)) => _ = reply.send(self.rescope(&scope)),
                    Err(RecvTimeoutError::Timeout) => self.settle(std::mem::take(&mut hints)),
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        }
    }

    /// Compares what the hints point at with what is remembered, and reports the difference.
    fn settle(&mut self, hints: Hints) {
        let Some(first) = hints.first else { return };
        let ignore = &self.ignore;
        let roots: Vec<Utf8PathBuf> = if hints.everything {
            self.ignore.roots.iter().chain(&self.ignore.files).cloned().collect()
        } else {
            hints.paths.into_iter().filter(|path| !ignore.skips(path)).collect()
        };
        let mut folders = Vec::new();
        let changes = self.tree.compare(&roots, &|path| ignore.skips(path), &mut folders);
        // The system forgets a folder that is removed; one that comes back must be watched anew.
        for gone in roots.iter().filter(|path| !path.exists()) {
            self.watched.retain(|watched| !watched.starts_with(gone));
        }
        for folder in folders {
            // A folder that is gone again has nothing to watch.
            _ = self.watch(&folder);
        }
        if !changes.is_empty() {
            (self.on_batch)(ChangeBatch { changes, delay: first.elapsed() });
        }
    }

    fn rescope(&mut self, scope: &Scope) -> Result<(), WatchError> {
        self.ignore = Ignore::new(scope)?;
        let ignore = &self.ignore;
        let roots: Vec<Utf8PathBuf> = scope.folders.iter().chain(&scope.files).cloned().collect();
        let mut folders: Vec<Utf8PathBuf> =
            scope.files.iter().filter_map(|file| file.parent()).map(Utf8Path::to_owned).collect();
        let known = !self.tree.is_empty();
        let changes = self.tree.compare(&roots, &|path| ignore.skips(path), &mut folders);
        for folder in &folders {
            self.watch(folder)?;
        }
        let news: Vec<Change> = changes
            .into_iter()
            .filter(|change| known && change.kind != ChangeKind::Added)
            .collect();
        if !news.is_empty() {
            (self.on_batch)(ChangeBatch { changes: news, delay: Duration::ZERO });
        }
        Ok(())
    }

    fn watch(&mut self, folder: &Utf8Path) -> Result<(), WatchError> {
        if self.watched.contains(folder) {
            return Ok(());
        }
        self.system
            .watch(folder.as_std_path(), RecursiveMode::NonRecursive)
            .map_err(|source| WatchError::System { path: folder.to_owned(), source })?;
        self.watched.insert(folder.to_owned());
        Ok(())
    }
}

/// Paths to look at, and since when.
#[derive(Default)]
struct Hints {
    paths: BTreeSet<Utf8PathBuf>,
    everything: bool,
    first: Option<Instant>,
}

impl Hints {
    fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    fn add(&mut self, hint: notify::Result<notify::Event>) {
        match hint {
            Ok(event) if event.kind.is_access() => return,
            Ok(event) => {
                self.everything |= event.need_rescan();
                self.paths.extend(event.paths.into_iter().filter_map(|path| path.try_into().ok()));
            }
            // Whatever went wrong, a look at everything finds what it hid.
            Err(_) => self.everything = true,
        }
        self.first.get_or_insert_with(Instant::now);
    }

    /// How long to wait for another hint.
    fn patience(&self) -> Duration {
        let spent = self.first.map_or(Duration::ZERO, |first| first.elapsed());
        QUIET.min(LONGEST.saturating_sub(spent))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, sync::mpsc::Receiver};

    use super::*;

    struct Bench {
        folder: Utf8PathBuf,
        batches: Receiver<ChangeBatch>,
        watcher: Watcher,
        _keep: tempfile::TempDir,
    }

    fn watch(prepare: impl FnOnce(&Utf8Path)) -> Bench {
        let keep = tempfile::tempdir().expect("a temporary folder");
        let folder =
            Utf8PathBuf::try_from(keep.path().canonicalize().expect("a path")).expect("UTF-8");
        fs::create_dir(folder.join("src")).expect("a folder");
        fs::write(folder.join("src/lib.rs"), "one").expect("a file");
        prepare(&folder);
        let scope = Scope {
            folders: [folder.clone()].into(),
            ignore: vec!["left-out".into()],
            ..Scope::default()
        };
        let (send, batches) = mpsc::channel();
        let watcher = Watcher::start(scope, move |batch| _ = send.send(batch)).expect("a watcher");
        Bench { folder, batches, watcher, _keep: keep }
    }

    impl Bench {
        /// Collects changes until one of `path` has come; the rest of the list is what came before it.
        fn until(&self, path: &str) -> Vec<(String, ChangeKind)> {
            let mut seen = Vec::new();
            loop {
                let batch = self
                    .batches
                    .recv_timeout(Duration::from_secs(20))
                    .unwrap_or_else(|_| panic!("no change of `{path}`; there came {seen:?}"));
                for Change { path, kind } in batch.changes {
                    let path = path
                        .strip_prefix(&self.folder)
                        .map_or(path.to_string(), ToString::to_string);
                    seen.push((path, kind));
                }
                if seen.iter().any(|(seen, _)| seen == path) {
                    return seen;
                }
            }
        }

        fn write(&self, path: &str, text: &str) {
            fs::write(self.folder.join(path), text).expect("a write");
        }
    }

    fn change(path: &str, kind: ChangeKind) -> (String, ChangeKind) {
        (path.to_owned(), kind)
    }

    #[test]
    fn a_save_is_one_modification() {
        let bench = watch(|_| ());
        bench.write("src/lib.rs", "two");
        assert_eq!(bench.until("src/lib.rs"), [change("src/lib.rs", ChangeKind::Modified)]);
    }

    #[test]
    fn a_rename_over_the_file_is_one_modification_and_its_temporary_file_none() {
        let bench = watch(|_| ());
        bench.write("src/.lib.rs.tmp", "two");
        fs::rename(bench.folder.join("src/.lib.rs.tmp"), bench.folder.join("src/lib.rs"))
            .expect("a rename");
        assert_eq!(bench.until("src/lib.rs"), [change("src/lib.rs", ChangeKind::Modified)]);
    }

    #[test]
    fn unlink_then_write_is_seen() {
        let bench = watch(|_| ());
        fs::remove_file(bench.folder.join("src/lib.rs")).expect("an unlink");
        bench.write("src/lib.rs", "two");
        // A slow machine may see the gap between the two; the last word must be that the file is there.
        let mut seen = bench.until("src/lib.rs");
        while seen.last().is_some_and(|(_, kind)| *kind == ChangeKind::Removed) {
            seen = bench.until("src/lib.rs");
        }
    }

    #[test]
    fn a_new_folder_is_watched_with_what_is_in_it() {
        let bench = watch(|_| ());
        fs::create_dir_all(bench.folder.join("src/deep/er")).expect("folders");
        bench.write("src/deep/er/new.rs", "one");
        assert!(
            bench
                .until("src/deep/er/new.rs")
                .contains(&change("src/deep/er/new.rs", ChangeKind::Added))
        );
        bench.write("src/deep/er/new.rs", "two!");
        assert!(
            bench
                .until("src/deep/er/new.rs")
                .contains(&change("src/deep/er/new.rs", ChangeKind::Modified))
        );
    }

    #[test]
    fn a_renamed_folder_removes_and_adds_its_files() {
        let bench = watch(|folder| {
            fs::create_dir(folder.join("src/a")).expect("a folder");
            fs::write(folder.join("src/a/x.rs"), "x").expect("a file");
        });
        fs::rename(bench.folder.join("src/a"), bench.folder.join("src/b")).expect("a rename");
        let mut seen = bench.until("src/b/x.rs");
        if !seen.iter().any(|(path, _)| path == "src/a/x.rs") {
            seen.extend(bench.until("src/a/x.rs"));
        }
        assert!(seen.contains(&change("src/a/x.rs", ChangeKind::Removed)), "{seen:?}");
        assert!(seen.contains(&change("src/b/x.rs", ChangeKind::Added)), "{seen:?}");
    }

    #[test]
    fn target_hidden_and_ignored_files_are_left_out() {
        let bench = watch(|folder| {
            fs::write(folder.join("Cargo.toml"), "").expect("a file");
            for name in ["target", ".git", "left-out", "src/target"] {
                fs::create_dir(folder.join(name)).expect("a folder");
            }
        });
        for path in ["target/a", ".git/a", "left-out/a", "src/lib.rs~", "src/.lib.rs.swp"] {
            bench.write(path, "noise");
        }
        bench.write("src/target/mod.rs", "signal");
        assert_eq!(
            bench.until("src/target/mod.rs"),
            [change("src/target/mod.rs", ChangeKind::Added)]
        );
    }

    #[test]
    fn a_single_file_elsewhere_is_watched_without_its_neighbours() {
        let bench = watch(|_| ());
        let elsewhere = tempfile::tempdir().expect("a temporary folder");
        let folder =
            Utf8PathBuf::try_from(elsewhere.path().canonicalize().expect("a path")).expect("UTF-8");
        fs::write(folder.join("data.txt"), "one").expect("a file");
        bench
            .watcher
            .rescope(Scope {
                folders: [bench.folder.clone()].into(),
                files: [folder.join("data.txt")].into(),
                ..Scope::default()
            })
            .expect("a scope");
        fs::write(folder.join("neighbour.txt"), "noise").expect("a file");
        fs::write(folder.join("data.txt"), "two").expect("a file");
        let data = folder.join("data.txt");
        assert_eq!(bench.until(data.as_str()), [change(data.as_str(), ChangeKind::Modified)]);
    }
}
