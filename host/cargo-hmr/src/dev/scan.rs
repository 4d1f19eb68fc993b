//! Reading the application and finding the toolchain, at the start and whenever files that decide about them have changed.
//!
//! cargo and rustup may download for minutes, so all of it runs on a thread that may block.

use std::sync::{Arc, PoisonError};

use camino::Utf8Path;
use hmr_build::{App, AppError, Failure, SiteError, Toolchain, ToolchainError};

use tokio::{sync::mpsc, task::JoinHandle};

use super::{Message, Session, site, start::server_config};
use crate::{
    coordinator::Input,
    events::Event,
    graph::{Graph, Scan},
    report::Reporter,
    server::ServerConfig,
    site::BuiltSite,
};

/// What a scan has found.
pub(super) struct Scanned {
    /// The application, if it was read again.
    app: Option<Result<App, AppError>>,
    /// Its page, if it has one that is built.
    site: Option<(BuiltSite, Option<SiteError>)>,
    /// The toolchain, if one was looked for, and the application can be read.
    toolchain: Option<Result<Toolchain, ToolchainError>>,
    /// The lock file's content when the application was read or could not be; empty if there is none.
    lock: Option<Vec<u8>>,
}

type Messages = mpsc::UnboundedSender<Message>;

/// Starts reading the application.
pub(super) fn read_app(path: &Utf8Path, messages: &Messages) -> JoinHandle<Result<App, AppError>> {
    let (path, messages) = (path.to_owned(), messages.clone());
    tokio::task::spawn_blocking(move || load(&path, &messages))
}

/// Waits for the application to be read for the first time. There is none if the tool is stopped before.
pub(super) async fn first(
    mut read: JoinHandle<Result<App, AppError>>,
    inbox: &mut mpsc::UnboundedReceiver<Message>,
    reporter: &mut Reporter,
) -> Result<Option<App>, AppError> {
    loop {
        tokio::select! {
            read = &mut read => return match read {
                Ok(app) => app.map(Some),
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            },
            message = inbox.recv() => match message {
                Some(Message::Report(event)) => reporter.report(&event),
                Some(Message::Stop) | None => return Ok(None),
                Some(_) => {}
            },
        }
    }
}

fn load(path: &Utf8Path, messages: &Messages) -> Result<App, AppError> {
    App::load_with_progress(path, &mut |what| {
        _ = messages.send(Message::Report(Event::Waiting { what }));
    })
}

impl Session {
    /// Starts a scan in the background. The application needs not be read if that was just done.
    pub(super) fn scan(&mut self, what: Scan, reads_app: bool) {
        let (messages, path) = (self.messages.clone(), self.options.path.clone());
        let (folder, workspace_root) = (self.app.root.clone(), self.app.workspace_root.clone());
        self.scanning = true;
        tokio::task::spawn_blocking(move || {
            let app = reads_app.then(|| load(&path, &messages));
            let read = app.as_ref().and_then(|app| app.as_ref().ok());
            let root = read.map_or(&workspace_root, |app| &app.workspace_root);
            let lock =
                reads_app.then(|| std::fs::read(root.join("Cargo.lock")).unwrap_or_default());
            let folder = match &app {
                Some(Ok(app)) => Some(app.root.clone()),
                Some(Err(_)) => None,
                None => Some(folder),
            };
            let folder = folder.filter(|_| what == Scan::Toolchain);
            let toolchain = folder.map(|folder| {
                Toolchain::find(&folder, &mut |progress| {
                    let message = progress.to_string();
                    _ = messages.send(Message::Report(Event::Progress { message }));
                })
            });
            let site = app.as_ref().and_then(|app| site::build(app.as_ref().ok()?));
            let scanned = Scanned { app, site, toolchain, lock };
            _ = messages.send(Message::Scanned(Box::new(scanned)));
        });
    }

    /// Handles the result of a scan.
    ///
    /// # Errors
    /// No toolchain was found, and none was found before.
    pub(super) fn scanned(&mut self, scanned: Scanned) -> Result<(), ToolchainError> {
        self.scanning = false;
        self.apply_scan(scanned)?;
        self.catch_up_with_lock();
        Ok(())
    }

    fn apply_scan(&mut self, scanned: Scanned) -> Result<(), ToolchainError> {
        let Scanned { app, site, toolchain, lock } = scanned;
        if let Some(lock) = lock {
            self.lock = lock;
        }
        match toolchain {
            Some(Ok(found)) => self.use_toolchain(found),
            Some(Err(error)) if self.toolchain.is_none() => return Err(error),
            Some(Err(error)) => {
                let failure = Failure::plain("there is no toolchain", &error.to_string());
                self.step(Input::Scanned(Err(failure)));
                return Ok(());
            }
            None => {}
        }
        match app.transpose() {
            Ok(app) => self.use_app(app, site),
            Err(error) => self.unreadable(&error.to_string()),
        }
        Ok(())
    }

    fn use_toolchain(&mut self, found: Toolchain) {
        let before = self.toolchain.replace(Arc::new(found));
        if let (Some(before), Some(now)) = (before, &self.toolchain)
            && before != *now
        {
            let message = format!("compiling with {} from now on", now.describe());
            self.report(&Event::Progress { message });
        }
    }

    fn use_app(&mut self, app: Option<App>, site: Option<(BuiltSite, Option<SiteError>)>) {
        if let Some(app) = app {
            self.app = Arc::new(app);
            let mut config = self.shared.config.write().unwrap_or_else(PoisonError::into_inner);
            // The old page and its proxies are served until the new page is set.
            let (old, proxies) = (config.site.take(), std::mem::take(&mut config.proxies));
            let new = server_config(&self.app, &self.options);
            *config = ServerConfig { site: old, proxies, ..new };
            drop(config);
            self.coordinator.keep(self.app.config.versions);
            for message in self.app.notes.clone() {
                self.note_once(message);
            }
            self.use_site(site);
        }
        match Graph::new(&self.app) {
            Ok(mut graph) => {
                graph.set_site(self.site.clone());
                self.step(Input::Scanned(Ok(graph)));
                self.watch();
                self.settings.set(&self.app, &self.watched);
            }
            Err(error) => self.unreadable(&super::DevError::Glob(error).to_string()),
        }
    }

    /// The application cannot be read: a failure in the form of a compiler failure.
    fn unreadable(&mut self, message: &str) {
        let failure = Failure::plain("the application cannot be read", message);
        self.step(Input::Scanned(Err(failure)));
    }
}
