//! The watcher: from the system's notifications about folders to batches of changes.
//!
//! A notification is only a hint that something happened near a path. What did change is found by comparing
//! the files there with their known state ([`tree::Tree`]), a few milliseconds after the last hint. So
//! an editor's unlink + rename + write is one change, a temporary file that was created and removed is none, and a queue
//! that overflowed costs a check of all files instead of a lost change.
//!
//! Folders are watched one by one, because a recursive watch would take in `target/`. Files outside the
//! watched folders (an `include_str!` from elsewhere) are watched through the folder that contains them. Which paths count is
//! decided in [`filter`], where links lead to in [`real_paths`], and what the system does not watch is polled ([`system`]).

mod filter;
mod hints;
mod real_paths;
mod system;
mod tree;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::mpsc::{self, RecvTimeoutError},
    time::{Duration, Instant, SystemTime},
};

use camino::{Utf8Path, Utf8PathBuf};
use notify::{EventKind, event::ModifyKind};

use self::{
    filter::Filter,
    hints::Hints,
    real_paths::RealPaths,
    system::{Make, System},
    tree::Tree,
};

/// How often folders that the system does not watch are polled, at most.
const POLL: Duration = Duration::from_secs(1);
/// By how much the clock of a file system may be behind the system's.
const CLOCK_STEP: Duration = Duration::from_millis(50);

/// What happened to one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// Its content may be different.
    Modified,
    /// It was removed.
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
    /// The files among them that hooks of the project have written, or may have.
    pub by_hooks: BTreeMap<Utf8PathBuf, HookWrite>,
}

/// Whether a hook has written a file, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookWrite {
    /// Perhaps: it was written while hooks ran, for the first time.
    Perhaps,
    /// Before the compiler ran, so the build that follows has it.
    Compiled,
    /// Later: the compiler may have read the file before.
    Later,
}

/// What the watcher reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchEvent {
    /// Files have changed.
    Changed(ChangeBatch),
    /// The system does not watch some folders; they are polled. Reported once, until all are watched again.
    Polling {
        /// Why, and what to do about it.
        message: String,
    },
    /// All folders are watched again.
    Watching,
}

/// Which files to watch, and which of them count: see [`filter`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// The application's folder, for `named`.
    pub root: Utf8PathBuf,
    /// Folders of sources, with everything in them that is not noise.
    pub folders: BTreeSet<Utf8PathBuf>,
    /// Single files that count in any folder.
    pub files: BTreeSet<Utf8PathBuf>,
    /// Folders that count with all that is in them.
    pub trees: BTreeSet<Utf8PathBuf>,
    /// Globs, relative to `root`, of files that count even if they are hidden.
    pub named: Vec<String>,
    /// Folders that the tool's own builds write to: nothing in them counts.
    pub outputs: BTreeSet<Utf8PathBuf>,
    /// Folders that builds write to: only single files in them count.
    pub caches: BTreeSet<Utf8PathBuf>,
    /// Globs, relative to each folder, of ignored files.
    pub ignore: Vec<String>,
}

/// Why watching is impossible.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// A glob of the configuration.
    #[error("`watch-ignore`: {0}")]
    Glob(#[from] globset::Error),
}

enum Message {
    Hint(notify::Result<notify::Event>),
    Scope(Box<Filter>, Option<SystemTime>, mpsc::SyncSender<()>),
    Stop,
}

/// A running watcher. Dropping it ends it.
pub struct Watcher {
    messages: mpsc::Sender<Message>,
}

impl Watcher {
    /// Starts watching `scope`; `on_event` is called on the watcher's thread.
    ///
    /// # Errors
    /// [`WatchError`] if the scope is invalid. What the system does not watch is polled.
    pub fn start(
        scope: Scope,
        on_event: impl FnMut(WatchEvent) + Send + 'static,
    ) -> Result<Self, WatchError> {
        Self::start_with(scope, on_event, |hints| {
            let system = notify::recommended_watcher(move |hint| {
                // The receiver is dropped only when the watcher ends.
                _ = hints.send(Message::Hint(hint));
            })?;
            Ok(Box::new(system))
        })
    }

    fn start_with(
        scope: Scope,
        on_event: impl FnMut(WatchEvent) + Send + 'static,
        make: impl Fn(mpsc::Sender<Message>) -> notify::Result<Box<dyn notify::Watcher + Send>>
        + Send
        + 'static,
    ) -> Result<Self, WatchError> {
        let (messages, inbox) = mpsc::channel();
        let hints = messages.clone();
        let make: Make = Box::new(move || make(hints.clone()));
        let filter = Filter::new(scope)?;
        let (ready, is_ready) = mpsc::sync_channel(1);
        std::thread::spawn(move || {
            let mut worker = Worker {
                system: System::new(make),
                tree: Tree::default(),
                real_paths: RealPaths::default(),
                filter: Filter::default(),
                on_event,
            };
            worker.rescope(filter, None);
            _ = ready.send(());
            worker.run(&inbox);
        });
        // Changes after this call are reported.
        _ = is_ready.recv();
        Ok(Self { messages })
    }

    /// Watches another scope from now on. What changes meanwhile is not lost: with `since`, what a build reads that was not watched
    /// before and was written after that time counts as changed.
    ///
    /// # Errors
    /// [`WatchError`]; the old scope is still watched.
    pub fn rescope(&self, scope: Scope, since: Option<SystemTime>) -> Result<(), WatchError> {
        let (done, is_done) = mpsc::sync_channel(1);
        let filter = Box::new(Filter::new(scope)?);
        // The watcher's thread ends only with this.
        if self.messages.send(Message::Scope(filter, since, done)).is_ok() {
            _ = is_done.recv();
        }
        Ok(())
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // The thread itself holds senders, for the system's notifications.
        _ = self.messages.send(Message::Stop);
    }
}

struct Worker<F> {
    system: System,
    tree: Tree,
    real_paths: RealPaths,
    filter: Filter,
    on_event: F,
}

impl<F: FnMut(WatchEvent)> Worker<F> {
    fn run(&mut self, inbox: &mpsc::Receiver<Message>) {
        let mut hints = Hints::default();
        let mut next_poll = Instant::now() + POLL;
        loop {
            let wait = if hints.is_empty() {
                let polling = self.system.is_polling();
                polling.then(|| next_poll.saturating_duration_since(Instant::now()))
            } else {
                Some(hints.wait())
            };
            let message = match wait {
                Some(wait) => inbox.recv_timeout(wait),
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match message {
                Ok(Message::Hint(hint)) => self.handle_hint(hint, &mut hints),
                Ok(Message::Scope(filter, since, done)) => {
                    self.rescope(*filter, since);
                    _ = done.send(());
                }
                Err(RecvTimeoutError::Timeout) if hints.is_empty() => {
                    let started = Instant::now();
                    self.poll();
                    // A check that takes long is repeated less often.
                    next_poll = Instant::now() + POLL.max(started.elapsed() * 20);
                }
                Err(RecvTimeoutError::Timeout) => self.settle(std::mem::take(&mut hints)),
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn handle_hint(&mut self, hint: notify::Result<notify::Event>, hints: &mut Hints) {
        match hint {
            Ok(event) if event.kind.is_access() => {}
            Ok(event) if event.need_rescan() => hints.add_everything(),
            Ok(event) => {
                let moved = matches!(
                    event.kind,
                    EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))
                );
                for path in event.paths {
                    let Ok(path) = Utf8PathBuf::try_from(path) else { continue };
                    if moved {
                        // Another folder may replace one that was watched.
                        self.system.drop_watches(&path);
                    }
                    let paths = self.real_paths.paths_at(&path);
                    hints.add(paths.into_iter().filter(|path| !self.filter.skips(path)));
                }
            }
            // After any error, a full check finds the missed changes.
            Err(_) => hints.add_everything(),
        }
    }

    /// Compares the files at the hints with their known state, and reports the difference.
    fn settle(&mut self, hints: Hints) {
        let Some(first) = hints.first() else { return };
        let roots = hints.into_paths().unwrap_or_else(|| self.filter.roots());
        let changes = self.check(&roots);
        self.report(changes, first.elapsed());
    }

    /// Checks what the system does not watch, and tries to have it watched again.
    fn poll(&mut self) {
        let mut paths = BTreeSet::new();
        for folder in self.system.polled() {
            paths.extend(self.real_paths.paths_at(folder));
        }
        paths.retain(|path| !self.filter.skips(path));
        let started = Instant::now();
        self.system.try_again();
        let changes = self.check(&without_nested(paths));
        self.report(changes, started.elapsed());
    }

    fn rescope(&mut self, filter: Filter, since: Option<SystemTime>) {
        let before = std::mem::replace(&mut self.filter, filter);
        self.system.try_again();
        let known = !self.tree.is_empty();
        self.real_paths = RealPaths::default();
        let filter = &self.filter;
        // What counts no longer has not been removed.
        self.tree.retain(|path| !filter.skips(path));
        let roots = filter.roots();
        let changes = self.check(&roots);
        let news = changes
            .into_iter()
            .filter_map(|change| match change.kind {
                _ if !known => None,
                ChangeKind::Added if before.skips(&change.path) => {
                    self.written_since(change, since)
                }
                _ => Some(change),
            })
            .collect();
        self.report(news, Duration::ZERO);
    }

    /// A newly watched file as a change, if it was written after the start of a build that read it.
    fn written_since(&self, change: Change, since: Option<SystemTime>) -> Option<Change> {
        let since = since?.checked_sub(CLOCK_STEP)?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let (seconds, nanoseconds) = self.tree.stamp(&change.path)?.touched();
        let touched = Duration::new(seconds.try_into().ok()?, nanoseconds.try_into().ok()?);
        (self.filter.is_read(&change.path) && touched >= since)
            .then_some(Change { kind: ChangeKind::Modified, ..change })
    }

    /// Compares the files at `roots` with their known state, and has every folder there watched.
    fn check(&mut self, roots: &[Utf8PathBuf]) -> Vec<Change> {
        for root in roots {
            self.real_paths.remove(root);
        }
        let Self { system, tree, real_paths, filter, .. } = self;
        let skips = |path: &Utf8Path| filter.skips(path);
        let found = |real_paths: &mut RealPaths, system: &mut System, path: &Utf8Path, folder| {
            let watch =
                if folder { real_paths.add_folder(path) } else { real_paths.add_file(path) };
            system.watch(watch);
        };
        let mut changes = tree
            .compare(roots, &skips, &mut |path, folder| found(real_paths, system, path, folder));
        let mut late = Vec::new();
        // Changes of a file in a watched folder are seen there, unless it is a link. A missing file elsewhere may be created later.
        for start in roots.iter().flat_map(|root| filter.starts_below(root)) {
            let seen = start.parent().is_some_and(|folder| real_paths.is_folder(folder));
            if !real_paths.has(start) && (!seen || start.is_symlink()) {
                let mut watch = real_paths.add_file(start);
                loop {
                    system.watch(watch.clone());
                    // A folder of the path may have been created before it was watched.
                    let now = real_paths.add_file(start);
                    if now == watch {
                        break;
                    }
                    watch = now;
                }
                late.push(start.clone());
            }
        }
        // Files that were created before they were watched have caused no hint.
        let created = tree
            .compare(&late, &skips, &mut |path, folder| found(real_paths, system, path, folder));
        changes.extend(created);
        system.retain(|folder| real_paths.is_needed(folder));
        changes
    }

    fn report(&mut self, changes: Vec<Change>, delay: Duration) {
        if let Some(event) = self.system.polling_event() {
            (self.on_event)(event);
        }
        if !changes.is_empty() {
            (self.on_event)(WatchEvent::Changed(ChangeBatch {
                changes,
                delay,
                ..ChangeBatch::default()
            }));
        }
    }
}

/// The paths that are not inside any of the others.
fn without_nested(paths: BTreeSet<Utf8PathBuf>) -> Vec<Utf8PathBuf> {
    let mut outer: Vec<Utf8PathBuf> = Vec::new();
    for path in paths {
        if !outer.last().is_some_and(|last: &Utf8PathBuf| path.starts_with(last)) {
            outer.push(path);
        }
    }
    outer
}

#[cfg(test)]
mod tests;
