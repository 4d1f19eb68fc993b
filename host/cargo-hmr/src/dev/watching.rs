//! What the loop watches, and which of the changes were made by the tool itself.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use hmr_build::App;

use super::{Message, Session};
use crate::{
    coordinator::Input,
    events::Event,
    graph::Graph,
    watch::{Change, ChangeBatch, ChangeKind, Scope, WatchEvent},
};

impl Session {
    /// Watches what the application is made of now, if that has changed.
    pub(super) fn watch(&mut self) {
        let scope = scope(&self.app, self.coordinator.graph());
        if scope == self.watched {
            return;
        }
        match self.watcher.rescope(scope.clone(), self.build_started) {
            Ok(()) => self.watched = scope,
            Err(error) => self.report(&watcher_problem(error.to_string())),
        }
    }

    /// Leaves out the lock file where cargo wrote it when it read the application.
    pub(super) fn without_own_writes(&self, mut batch: ChangeBatch) -> ChangeBatch {
        let lock = self.lock_file();
        // Whether the tool made the change is known when the scan has ended.
        batch
            .changes
            .retain(|change| change.path != lock || !self.scanning && self.has_other_lock());
        batch
    }

    /// Handles a change of the lock file by the user during a scan.
    pub(super) fn catch_up_with_lock(&mut self) {
        if self.has_other_lock() {
            let change = Change { path: self.lock_file(), kind: ChangeKind::Modified };
            let batch = ChangeBatch { changes: vec![change], ..ChangeBatch::default() };
            self.step(Input::Changed(batch));
        }
    }

    fn has_other_lock(&self) -> bool {
        std::fs::read(self.lock_file()).unwrap_or_default() != self.lock
    }

    fn lock_file(&self) -> Utf8PathBuf {
        self.app.workspace_root.join("Cargo.lock")
    }
}

/// The application's folder and those of all packages on this machine; what was read, or is named, elsewhere.
pub(super) fn scope(app: &App, graph: &Graph) -> Scope {
    let mut folders: BTreeSet<Utf8PathBuf> =
        app.packages.iter().map(|package| package.folder.clone()).collect();
    folders.extend([app.root.clone(), app.static_folder()]);
    folders.extend(app.site.iter().flat_map(|site| site.folders().cloned().collect::<Vec<_>>()));
    folders
        .extend(app.site.iter().flat_map(|site| site.hook_folders().cloned().collect::<Vec<_>>()));
    Scope {
        root: app.root.clone(),
        folders,
        files: graph.files().cloned().collect(),
        trees: graph.trees().cloned().collect(),
        named: app.config.root_files.clone(),
        outputs: [app.target_dir()]
            .into_iter()
            .chain(app.site.iter().flat_map(|site| site.outputs().collect::<Vec<_>>()))
            .collect(),
        caches: app.caches().into_iter().collect(),
        ignore: app.config.watch_ignore.clone(),
    }
}

pub(super) fn message_of(event: WatchEvent) -> Message {
    match event {
        WatchEvent::Changed(batch) => Message::Changed(batch),
        WatchEvent::Polling { message } => Message::Report(watcher_problem(message)),
        WatchEvent::Watching => {
            let message = "all folders are watched again".to_owned();
            Message::Report(Event::Progress { message })
        }
    }
}

fn watcher_problem(message: String) -> Event {
    Event::Problem { page: "the watcher".to_owned(), message }
}
