//! Watching the files outside of the application that decide how it is compiled.
//!
//! They are in every folder above it and in the user's own, most of them do not exist, and they change once in months. So they
//! are polled once a second rather than watched: a watch of those folders would report every unrelated change there.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use camino::Utf8PathBuf;
use hmr_build::{App, app::Settings};
use tokio::sync::mpsc;

use super::Message;
use crate::watch::{Change, ChangeBatch, ChangeKind, Scope};

/// How often they are polled.
const INTERVAL: Duration = Duration::from_secs(1);

/// The stamp of each file that exists.
type Stamps = BTreeMap<Utf8PathBuf, (Option<SystemTime>, u64)>;

/// The watched files, with their stamps. They can be replaced while they are polled.
#[derive(Debug, Clone)]
pub(super) struct Watched(Arc<Mutex<(Vec<Utf8PathBuf>, Stamps)>>);

impl Watched {
    /// Starts polling the files of an application.
    pub(super) fn start(
        app: &App,
        scope: &Scope,
        messages: mpsc::UnboundedSender<Message>,
    ) -> Self {
        let watched = Self(Arc::default());
        watched.set(app, scope);
        let polled = watched.clone();
        tokio::spawn(async move {
            let mut interval = tokio::time::interval(INTERVAL);
            loop {
                interval.tick().await;
                let polled = polled.clone();
                // A network drive may answer late.
                let changes = tokio::task::spawn_blocking(move || polled.changes()).await;
                let batch =
                    ChangeBatch { changes: changes.unwrap_or_default(), ..ChangeBatch::default() };
                if !batch.changes.is_empty() && messages.send(Message::Changed(batch)).is_err() {
                    return;
                }
            }
        });
        watched
    }

    /// Polls the files of the application as it is now, without those that the watcher sees.
    pub(super) fn set(&self, app: &App, scope: &Scope) {
        let Settings { toolchain, cargo } = app.settings();
        let files = toolchain.into_iter().chain(cargo);
        let seen = |file: &Utf8PathBuf| {
            scope.files.contains(file)
                || scope.folders.iter().any(|folder| file.starts_with(folder))
        };
        let files: Vec<_> = files.filter(|file| !seen(file)).collect();
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if watched.0 != files {
            watched.1 = stamps_of(&files);
            watched.0 = files;
        }
    }

    fn changes(&self) -> Vec<Change> {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = stamps_of(&watched.0);
        let before = std::mem::replace(&mut watched.1, now);
        let now = &watched.1;
        let mut paths: Vec<_> = before.keys().chain(now.keys()).collect();
        paths.sort();
        paths.dedup();
        let differs = paths.into_iter().filter(|path| before.get(*path) != now.get(*path));
        let change = |path: &Utf8PathBuf| {
            let kind = match (before.contains_key(path), now.contains_key(path)) {
                (false, _) => ChangeKind::Added,
                (true, false) => ChangeKind::Removed,
                (true, true) => ChangeKind::Modified,
            };
            Change { path: path.clone(), kind }
        };
        differs.map(change).collect()
    }
}

fn stamps_of(files: &[Utf8PathBuf]) -> Stamps {
    let stamp = |file: &Utf8PathBuf| {
        let metadata = fs::metadata(file).ok()?;
        Some((file.clone(), (metadata.modified().ok(), metadata.len())))
    };
    files.iter().filter_map(stamp).collect()
}
