//! Which folders the system watches, and which it refuses to.
//!
//! The number of folders that all programs of a user may watch together is limited, and so is the number of watchers. Folders that the
//! system does not watch are polled by the worker, reported once, and tried again.

use std::{collections::BTreeSet, fs::File};

use camino::{Utf8Path, Utf8PathBuf};
use notify::{ErrorKind, RecursiveMode};

use super::WatchEvent;

/// Creates a watcher of the system.
pub(super) type Make = Box<dyn Fn() -> notify::Result<Box<dyn notify::Watcher + Send>> + Send>;

/// The system's watcher, if there is one.
pub(super) struct System {
    make: Make,
    watcher: Option<Box<dyn notify::Watcher + Send>>,
    watched: BTreeSet<Utf8PathBuf>,
    polled: BTreeSet<Utf8PathBuf>,
    /// Why the first of them is polled.
    reason: Option<notify::Error>,
    reported: bool,
}

impl System {
    pub(super) fn new(make: Make) -> Self {
        let (watched, polled) = (BTreeSet::new(), BTreeSet::new());
        Self { make, watcher: None, watched, polled, reason: None, reported: false }
    }

    /// Watches real folders, or has them polled.
    pub(super) fn watch(&mut self, folders: Vec<Utf8PathBuf>) {
        for folder in folders {
            if !self.watched.contains(&folder) && !self.polled.contains(&folder) {
                self.try_to_watch(folder);
            }
        }
    }

    fn try_to_watch(&mut self, folder: Utf8PathBuf) {
        let watcher = match &mut self.watcher {
            Some(watcher) => Ok(watcher),
            none => (self.make)().map(|made| none.insert(made)),
        };
        let result = watcher
            .and_then(|watcher| watcher.watch(folder.as_std_path(), RecursiveMode::NonRecursive));
        match result {
            Ok(()) => _ = self.watched.insert(folder),
            // It was removed again, which is reported for the folder that contained it.
            Err(_) if !folder.is_dir() => {}
            Err(error) => {
                self.polled.insert(folder);
                self.reason.get_or_insert(error);
            }
        }
    }

    /// Tries again to watch the polled folders.
    pub(super) fn try_again(&mut self) {
        while let Some(folder) = self.polled.pop_first() {
            self.try_to_watch(folder.clone());
            if self.polled.contains(&folder) {
                return;
            }
        }
        self.reason = None;
    }

    /// Drops the watch of a folder that may have been replaced, and of its contents.
    pub(super) fn drop_watches(&mut self, path: &Utf8Path) {
        self.retain(|folder| !folder.starts_with(path));
    }

    /// Stops watching all other folders.
    pub(super) fn retain(&mut self, needed: impl Fn(&Utf8Path) -> bool) {
        self.polled.retain(|folder| needed(folder));
        let unneeded: Vec<Utf8PathBuf> =
            self.watched.iter().filter(|folder| !needed(folder)).cloned().collect();
        for folder in unneeded {
            self.watched.remove(&folder);
            if let Some(watcher) = &mut self.watcher {
                // The system stops watching a removed folder automatically.
                _ = watcher.unwatch(folder.as_std_path());
            }
        }
    }

    pub(super) fn is_polling(&self) -> bool {
        !self.polled.is_empty()
    }

    /// The real folders that the system does not watch.
    pub(super) fn polled(&self) -> impl Iterator<Item = &Utf8PathBuf> {
        self.polled.iter()
    }

    /// The event to report when polling starts or ends; returned once for each.
    pub(super) fn polling_event(&mut self) -> Option<WatchEvent> {
        if self.polled.is_empty() {
            self.reason = None;
            return std::mem::take(&mut self.reported).then_some(WatchEvent::Watching);
        }
        let reason = self.reason.as_ref().filter(|_| !self.reported)?;
        let (what, remedy) = explained(reason);
        let first = self.polled.first()?;
        self.reported = true;
        let folders = match self.polled.len() {
            1 => format!("`{first}` is"),
            more => format!("`{first}` and {} more folders are", more - 1),
        };
        let message = format!(
            "{what}: {folders} looked at about once a second instead, so changes there are noticed later\nhint: {remedy}"
        );
        Some(WatchEvent::Polling { message })
    }
}

/// What an error means, and what to do about it.
fn explained(error: &notify::Error) -> (String, String) {
    let no_descriptor =
        matches!(&error.kind, ErrorKind::Io(error) if error.raw_os_error() == Some(24));
    match &error.kind {
        ErrorKind::MaxFilesWatch => (
            "the system watches no more folders".to_owned(),
            format!(
                "raise the limit with `{}`, or leave folders out with `watch-ignore`",
                larger("max_user_watches", "max_inotify_watches", 524_288)
            ),
        ),
        // The same error code is used for two limits. If files can still be opened, it is not the one of open files.
        ErrorKind::Io(_) if no_descriptor && File::open(std::env::temp_dir()).is_ok() => (
            "the system gives no more watchers".to_owned(),
            format!(
                "raise the limit with `{}`, or end other programs that watch files",
                larger("max_user_instances", "max_inotify_instances", 1024)
            ),
        ),
        ErrorKind::Io(_) if no_descriptor => (
            "the tool has too many open files to watch any".to_owned(),
            "raise the limit with `ulimit -n 65536` in the terminal, then start the tool again"
                .to_owned(),
        ),
        _ => (
            format!("the system does not watch a folder ({error})"),
            "check that the folder can be read, or leave it out with `watch-ignore`".to_owned(),
        ),
    }
}

/// The command that raises the limit which applies: the one for all users, or the one of the namespace if that is lower.
fn larger(limit: &str, in_namespace: &str, least: u64) -> String {
    let read =
        |path: String| -> Option<u64> { std::fs::read_to_string(path).ok()?.trim().parse().ok() };
    let all = read(format!("/proc/sys/fs/inotify/{limit}"));
    let own = read(format!("/proc/sys/user/{in_namespace}"));
    match (all, own) {
        (Some(all), Some(own)) if own < all => {
            format!("sudo sysctl user.{in_namespace}={}", least.max(own.saturating_mul(2)))
        }
        (all, _) => {
            let next = least.max(all.unwrap_or_default().saturating_mul(2));
            format!("sudo sysctl fs.inotify.{limit}={next}")
        }
    }
}
