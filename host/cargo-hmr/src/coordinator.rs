//! The coordinator: what to do about what has happened.
//!
//! A state machine without IO, clock or waiting: [`Coordinator::step`] takes an [`Input`] and answers with
//! [`Effect`]s, which the dev loop carries out. Its rules:
//!
//! - The newest save wins: a change that needs a build cancels the one that runs, and the next one builds what
//!   either needed. But after [`MAX_CANCELLATIONS`] cancelled builds the next one runs to its end, and what changed meanwhile is built
//!   after it: however fast saves follow each other, pages are never older than a few builds.
//! - What a cancelled or failed build was for stays due until a build succeeds ([`due`]).
//! - Changes during a build to files that no module was known to read are checked again when the build reports what it has read.
//! - Where each build is followed by changes that need another one, the next one waits ([`backoff`]).
//! - Only bytes that differ are announced. A success clears the pending failure, even if the bytes are the same.
//! - A reload waits for the build that it needs. A page's markup needs none: it waits for the build that runs, and is sent
//!   when that ends, however it ends.
//! - While the application cannot be read, every change triggers another read, never a build.
//! - Pages that connect late get the newest of everything that did not fail in a page ([`Coordinator::hello`]), and the
//!   pending failure. Which version that is for each module is decided by its [`VersionHistory`].
//! - A pinned module is built, and its new versions are kept, but not announced.
//! - Versions that an experiment gives to single pages are announced to those pages only.

mod announce;
mod backoff;
mod builds;
mod due;
mod interface;
mod manual;
mod pages;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::Utf8PathBuf;
use hmr_build::Failure;
use hmr_protocol::Hello;

use self::backoff::Backoff;
use self::due::Due;
pub use self::interface::{BuiltModule, ClientEvent, Effect, Input, Outcome};
pub use self::manual::{Denied, VariantRequest};
use crate::{
    events::Phases,
    experiment::Experiments,
    graph::{Graph, Scan},
    site::BuiltSite,
    versions::{KeptVersions, VersionHistory},
    watch::{Change, ChangeBatch, HookWrite},
};

/// How often running work is cancelled for newer changes, before the next work may run to its end.
pub const MAX_CANCELLATIONS: u32 = 3;

/// What the coordinator waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Busy {
    /// Nothing.
    No,
    /// The application is being read.
    Scanning(Scan),
    /// A build runs.
    Building,
}

/// The state of the dev loop.
#[derive(Debug)]
pub struct Coordinator {
    server: String,
    graph: Graph,
    busy: Busy,
    /// What must be read again before anything is built, because it could not be read the last time.
    unread: Option<Scan>,
    histories: BTreeMap<String, VersionHistory>,
    /// How many versions of each module are kept.
    kept: usize,
    experiments: Experiments,
    /// The ids of the pages that are open, by connection.
    pages: BTreeMap<String, String>,
    failure: Option<Failure>,
    sequence: u64,
    /// The number of the last full reload.
    reloaded: u64,
    /// The number of the last update of stylesheets or static files.
    files: u64,
    /// The number of the build whose outcome counts.
    generation: u64,
    /// Pending work, for when the running work has ended.
    due: Due,
    /// What the work in progress is for.
    running: Due,
    /// Files of the page itself that have changed since pages were loaded.
    markup: BTreeSet<String>,
    /// How many builds and scans were cancelled for newer changes since one has ended.
    cancellations: u32,
    /// Whether the build that runs has taken so long that newer changes need not wait for it.
    overdue: bool,
    /// What has changed during the build that runs, and was not known to be read by any module.
    unclear: BTreeMap<Utf8PathBuf, Change>,
    backoff: Backoff,
    /// Whether the next build waits for an [`Input::Overdue`].
    waiting: bool,
}

impl Coordinator {
    /// A coordinator that has built nothing yet, and waits for the first [`Input::Scanned`], which starts the first build.
    /// `server` names this run of the tool.
    #[must_use]
    pub fn new(server: String, graph: Graph) -> Self {
        Self {
            server,
            graph,
            busy: Busy::Scanning(Scan::Toolchain),
            unread: None,
            histories: BTreeMap::new(),
            kept: hmr_build::config::VERSIONS,
            experiments: Experiments::default(),
            pages: BTreeMap::new(),
            failure: None,
            sequence: 0,
            reloaded: 0,
            files: 0,
            generation: 0,
            due: Due::default(),
            running: Due::default(),
            markup: BTreeSet::new(),
            cancellations: 0,
            overdue: false,
            unclear: BTreeMap::new(),
            backoff: Backoff::default(),
            waiting: false,
        }
    }

    /// Sets the page and its files, as they are served.
    pub fn set_site(&mut self, site: Option<Arc<BuiltSite>>) {
        self.graph.set_site(site);
    }

    /// Keeps another number of versions of each module from the next build on.
    pub fn keep(&mut self, versions: usize) {
        self.kept = versions;
    }

    /// The greeting for a page that connects now, without experiments.
    #[must_use]
    pub fn hello(&self) -> Hello {
        Hello {
            server: self.server.clone(),
            sequence: self.sequence,
            reloaded: self.reloaded,
            files: self.files,
            modules: self.histories.values().filter_map(VersionHistory::greeting).collect(),
            failure: self
                .failure
                .as_ref()
                .map(hmr_protocol::Failure::from)
                .or_else(|| self.refusals()),
        }
    }

    /// The greeting for the page with this id, with experiments.
    fn hello_for(&self, id: &str) -> Hello {
        let mut hello = self.hello();
        self.experiments.apply_to(&mut hello, id);
        hello
    }

    /// The pending failures of versions that failed in pages.
    fn refusals(&self) -> Option<hmr_protocol::Failure> {
        let mut failures = self.histories.values().filter_map(VersionHistory::pending_failure);
        let mut message = hmr_protocol::Failure::from(failures.next()?);
        for failure in failures {
            message.title = format!("{}; {}", message.title, failure.title);
            message.diagnostics.extend(failure.diagnostics.iter().cloned());
        }
        Some(message)
    }

    /// The experiments that run.
    #[must_use]
    pub fn experiments(&self) -> &Experiments {
        &self.experiments
    }

    /// All versions that are kept.
    #[must_use]
    pub fn versions(&self) -> KeptVersions {
        let of = |(module, history): (&String, &VersionHistory)| {
            (module.clone(), history.versions().cloned().collect())
        };
        self.histories.iter().map(of).collect()
    }

    /// The module graph.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Handles an input and returns the effects to carry out, in this order.
    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Changed(batch) => self.changed(&batch, &mut effects),
            Input::Scanned(scan) => self.scanned(scan, &mut effects),
            Input::Built { generation, outcome } if generation == self.generation => {
                self.built(outcome, &mut effects);
            }
            Input::Overdue { generation } if generation == self.generation => {
                self.overdue = true;
                self.cancel_outdated_build(&mut effects);
                if self.waiting {
                    self.start(&mut effects);
                }
            }
            // A build that a newer one replaced.
            Input::Built { .. } | Input::Overdue { .. } => {}
            Input::Client { page, event } => self.client_event(page, event, &mut effects),
        }
        effects
    }

    fn changed(&mut self, batch: &ChangeBatch, effects: &mut Vec<Effect>) {
        let failing = self.failure.is_some();
        let mut batch = batch.clone();
        if self.busy != Busy::Building {
            // What may be the developer's is, once there is no build for which it can wait.
            batch.by_hooks.retain(|_, write| *write != HookWrite::Perhaps);
        }
        let mut plan = self.graph.plan(&batch, failing);
        if self.busy == Busy::Building {
            let unclear = plan.without_role.drain(..);
            self.unclear.extend(unclear.map(|change| (change.path.clone(), change)));
        }
        if plan.is_empty() {
            return;
        }
        let phases = Phases { watch: batch.delay.as_secs_f64() * 1e3, ..Phases::default() };
        self.announce_files(&plan, phases, effects);
        self.markup.append(&mut plan.markup);
        let needs_build = plan.needs_build();
        if needs_build {
            plan.changed.retain(|path| !self.markup.contains(path));
            self.due.add(plan, phases.watch);
        }
        match self.busy {
            Busy::No if needs_build => self.start(effects),
            Busy::No => self.reload_markup(effects),
            // Pages that show no code yet need not wait for a build.
            _ if self.histories.is_empty() => self.reload_markup(effects),
            Busy::Building | Busy::Scanning(_) => {}
        }
        if needs_build {
            self.cancel_outdated_build(effects);
        }
    }

    fn next(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }
}

#[cfg(test)]
mod tests;
