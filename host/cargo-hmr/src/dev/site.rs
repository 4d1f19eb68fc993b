//! The page of an application: built when the application was read, and again when what it is made of has changed.
//!
//! Building may start programs, so all of it runs on threads that may block.

use std::sync::{Arc, PoisonError};

use camino::Utf8PathBuf;
use hmr_build::{App, SiteError};

use super::{Message, Session};
use crate::{
    coordinator::Input,
    events::Event,
    graph::Scan,
    site::BuiltSite,
    watch::{Change, ChangeBatch, ChangeKind},
};

/// A page that was built again, and the changes that it was built for.
pub(super) struct Rebuilt {
    site: BuiltSite,
    error: Option<SiteError>,
    batch: ChangeBatch,
}

/// The page of an application, if it has one.
pub(super) fn build(app: &App) -> Option<(BuiltSite, Option<SiteError>)> {
    app.site.clone().map(BuiltSite::build)
}

impl Session {
    /// Builds the page when the application was read.
    pub(super) async fn build_site(&mut self) {
        let app = Arc::clone(&self.app);
        // A panic of a library that reads stylesheets must not end the tool.
        let built = tokio::task::spawn_blocking(move || build(&app)).await.unwrap_or_default();
        self.use_site(built);
    }

    /// Uses a page that was built, and reports why it could not be.
    pub(super) fn use_site(&mut self, built: Option<(BuiltSite, Option<SiteError>)>) {
        let (site, error) = built.unzip();
        let error = error.flatten();
        self.hooks.site_failed = error.is_some();
        self.set_site(site);
        if let Some(error) = error.filter(|_| !self.waits_for_hooks()) {
            self.report_site_error(&error);
        }
    }

    /// Handles changes: those of files that are processed for the page are handled when that is done.
    pub(super) fn changed(&mut self, batch: ChangeBatch) {
        let changed = paths(&batch);
        let Some(site) = self.site.clone() else { return self.step(Input::Changed(batch)) };
        if site.needs_build(&changed) {
            return self.rebuild_site(site, batch);
        }
        let scanning = site.scanning();
        let sources = changed.iter().any(|path| matches!(path.extension(), Some("rs" | "html")));
        self.step(Input::Changed(batch));
        if sources && !scanning.is_empty() {
            // As if their sources had changed, in addition to the build.
            let modified = |path| Change { path, kind: ChangeKind::Modified };
            let inputs = scanning.into_iter().map(modified).collect();
            self.rebuild_site(site, ChangeBatch { changes: inputs, ..ChangeBatch::default() });
        }
    }

    pub(super) fn rebuild_site(&self, site: Arc<BuiltSite>, batch: ChangeBatch) {
        let messages = self.messages.clone();
        tokio::task::spawn_blocking(move || {
            let (site, error) = site.rebuilt(&paths(&batch));
            _ = messages.send(Message::Site(Box::new(Rebuilt { site, error, batch })));
        });
    }

    /// Handles a page that was built again.
    pub(super) fn site_rebuilt(&mut self, rebuilt: Rebuilt) {
        let Rebuilt { site, error, mut batch } = rebuilt;
        if let Some(error) = &error {
            self.report_site_error(error);
            if site.is_complete() {
                return;
            }
        }
        self.hooks.site_failed = error.is_some();
        if self.site.as_ref().is_some_and(|old| old.html() != site.html()) {
            // What changes the markup of the page changes the page.
            let path = site.site().file.clone();
            batch.changes.push(Change { path, kind: ChangeKind::Modified });
        }
        let links_differ = self.site.as_ref().is_some_and(|old| old.links_differ(&site));
        self.set_site(Some(site));
        self.step(Input::Changed(batch));
        if links_differ {
            self.scan(Scan::App, true);
        }
    }

    /// Sets the page that is served, for the server and the graph.
    pub(super) fn set_site(&mut self, site: Option<BuiltSite>) {
        let notes = site.iter().flat_map(|site| site.notes().to_vec());
        for message in notes.collect::<Vec<_>>() {
            self.note_once(message);
        }
        self.site = site.map(|site| Arc::new(site.with_staged(self.hooks.staged.clone())));
        let mut config = self.shared.config.write().unwrap_or_else(PoisonError::into_inner);
        config.site.clone_from(&self.site);
        let proxies = self.site.iter().flat_map(|site| site.site().proxies());
        config.proxies = Arc::new(config.proxies.updated(proxies));
        drop(config);
        self.coordinator.set_site(self.site.clone());
    }

    /// Reports something that the developer should know, unless that was done before.
    pub(super) fn note_once(&mut self, message: String) {
        if self.noted.insert(message.clone()) {
            self.report(&Event::Note { message });
        }
    }

    pub(super) fn report_site_error(&mut self, error: &SiteError) {
        self.report(&Event::Problem { page: "/".to_owned(), message: error.to_string() });
    }
}

fn paths(batch: &ChangeBatch) -> Vec<Utf8PathBuf> {
    batch.changes.iter().map(|change| change.path.clone()).collect()
}
