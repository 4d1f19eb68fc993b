//! The coordinator: what to do about what has happened.
//!
//! A state machine without IO, clock or waiting: [`Coordinator::step`] takes an [`Input`] and answers with
//! [`Effect`]s, which the dev loop carries out. Its rules:
//!
//! - The newest save wins: a change that needs a build cancels the one that runs, and the next one builds what
//!   either needed. But after [`PATIENCE`] cancelled builds the next one runs to its end, and what came meanwhile is built
//!   after it: however fast saves follow each other, pages are never older than a few builds.
//! - What a cancelled or failed build was for stays due until a build succeeds ([`due`]).
//! - Changes during a build to files that no module was known to read are checked again when the build reports what it has read.
//! - Where each build is followed by changes that ask for another one, the next one waits ([`backoff`]).
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
mod due;
mod manual;
mod pages;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use hmr_build::{CompiledModule, Diagnostic, Failure};
use serde_json::Value;

use self::backoff::Backoff;
use self::due::Due;
pub use self::manual::{Denied, VariantRequest};
pub use self::pages::ClientEvent;
use crate::{
    events::{Event, Phases},
    experiment::Experiments,
    graph::{Graph, Scan},
    versions::{KeptVersions, ModuleVersion, VersionHistory},
    watch::{Change, ChangeBatch},
};
use hmr_protocol::{Hello, ModuleState, Rehearse, ServerMessage};

/// How often running work is cancelled for newer changes before it may run to its end.
pub const PATIENCE: u32 = 3;

/// How long a build that newer changes wait for may take, in case it never ends. Each time that this is too short it doubles.
const LET_RUN: Duration = Duration::from_secs(30);

/// What has happened.
#[derive(Debug)]
pub enum Input {
    /// Files have changed.
    Changed(ChangeBatch),
    /// The application was read (again), or could not be.
    Scanned(Result<Graph, Failure>),
    /// A build has ended.
    Built {
        /// Which.
        generation: u64,
        /// How.
        outcome: Outcome,
    },
    /// The time of an [`Effect::Remind`] is over.
    Overdue {
        /// The generation that it named.
        generation: u64,
    },
    /// A page has done something.
    Client {
        /// Which connection: the page's path and a number.
        page: String,
        /// What.
        event: ClientEvent,
    },
}

/// How a build ended.
#[derive(Debug)]
pub enum Outcome {
    /// Every module was compiled and prepared.
    Succeeded {
        /// The modules.
        modules: Vec<BuiltModule>,
        /// What the compiler warned of.
        warnings: Vec<Diagnostic>,
        /// How long the phases took; `watch` is not known here.
        phases: Phases,
    },
    /// It failed.
    Failed(Failure),
    /// Every module was compiled, but one cannot be used: it cannot be prepared, or its gate did not pass.
    Refused {
        /// Why.
        failure: Failure,
        /// What was compiled.
        compiled: Vec<CompiledModule>,
    },
    /// A newer save had it cancelled.
    Cancelled,
}

/// A module that a build has made.
#[derive(Debug)]
pub struct BuiltModule {
    /// Its version.
    pub version: Arc<ModuleVersion>,
    /// Every file that it was made from; absolute.
    pub files: Vec<Utf8PathBuf>,
    /// Every folder that it was made from, with any content; absolute.
    pub folders: Vec<Utf8PathBuf>,
    /// The transform of the state, from the file next to its source.
    pub transform: Vec<Value>,
}

/// An action for the dev loop.
#[derive(Debug)]
pub enum Effect {
    /// Read the application again, and answer with [`Input::Scanned`].
    Scan(Scan),
    /// Start a build, and answer with [`Input::Built`].
    Build {
        /// Which.
        generation: u64,
        /// What to build.
        modules: Vec<String>,
    },
    /// Answer with [`Input::Overdue`] after this time.
    Remind {
        /// The build that runs, or has ended.
        generation: u64,
        /// When.
        after: Duration,
    },
    /// Cancel the build that runs.
    Cancel,
    /// Send to every page.
    Send(ServerMessage),
    /// Send to one page.
    SendTo {
        /// Which connection.
        page: String,
        /// What.
        message: ServerMessage,
    },
    /// Report to the developer.
    Report(Event),
    /// Have new versions compiled for rehearsals.
    PrepareRehearsals(Vec<Arc<ModuleVersion>>),
    /// Learn from the state of a page what its rehearsals will be about.
    LearnState(ModuleState),
    /// Rehearse for a page, which waits for the verdict.
    Rehearse {
        /// Which connection.
        page: String,
        /// What it asks for.
        request: Rehearse,
        /// The version, if it is kept.
        version: Option<Arc<ModuleVersion>>,
    },
}

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
    generation: u64,
    /// Pending work, for when the running work has ended.
    due: Due,
    /// What the work in progress is for.
    running: Due,
    /// Files of the page itself that have changed since pages were loaded.
    markup: BTreeSet<String>,
    /// How often newer changes have put off a build since one has ended.
    put_off: u32,
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
            put_off: 0,
            overdue: false,
            unclear: BTreeMap::new(),
            backoff: Backoff::default(),
            waiting: false,
        }
    }

    /// Keeps another number of versions of each module from the next build on.
    pub fn keep(&mut self, versions: usize) {
        self.kept = versions;
    }

    /// What a page that comes now must know, experiments aside.
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

    /// What the page of this id must know when it comes now.
    fn hello_for(&self, id: &str) -> Hello {
        let mut hello = self.hello();
        self.experiments.tailor(&mut hello, id);
        hello
    }

    /// The pending failures of versions that failed in pages.
    fn refusals(&self) -> Option<hmr_protocol::Failure> {
        let mut standing = self.histories.values().filter_map(VersionHistory::standing);
        let mut message = hmr_protocol::Failure::from(standing.next()?);
        for failure in standing {
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
                self.give_way(&mut effects);
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
        let mut plan = self.graph.plan(batch, failing);
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
            // Pages that show no code yet have nothing to wait for.
            _ if self.histories.is_empty() => self.reload_markup(effects),
            Busy::Building | Busy::Scanning(_) => {}
        }
        if needs_build {
            self.give_way(effects);
        }
    }

    /// Cancels the running build if there is something newer to build, unless the build must be allowed to end.
    fn give_way(&mut self, effects: &mut Vec<Effect>) {
        let may = self.put_off < PATIENCE || self.overdue;
        if self.busy == Busy::Building && !self.due.is_empty() && may {
            self.put_off += 1;
            // The result of the cancelled build is ignored.
            self.generation += 1;
            effects.push(Effect::Cancel);
            self.due.put_before(std::mem::take(&mut self.running));
            self.start(effects);
        }
    }

    /// Plans changes again that could not be assigned during the build, now that the build has reported what it reads.
    fn plan_unclear(&mut self) {
        let changes = std::mem::take(&mut self.unclear).into_values().collect();
        let plan = self.graph.plan(&ChangeBatch { changes, ..ChangeBatch::default() }, false);
        if plan.needs_build() {
            self.due.add(plan, 0.0);
        }
    }

    /// After a build: starts the next one if files have `changed` meanwhile, at once or after a wait.
    fn start_next(&mut self, changed: bool, effects: &mut Vec<Effect>) {
        let wait = self.backoff.ended(changed);
        if let Some(wait) = wait {
            if wait.first {
                effects.push(Effect::Report(Event::Note { message: endless(&self.due.changed) }));
            }
            self.waiting = true;
            effects.push(Effect::Remind { generation: self.generation, after: wait.time });
        } else if changed {
            self.start(effects);
        }
    }

    /// Starts the work that is due.
    fn start(&mut self, effects: &mut Vec<Effect>) {
        self.running = std::mem::take(&mut self.due);
        self.waiting = false;
        match self.running.scan.take().max(self.unread) {
            Some(scan) => {
                self.busy = Busy::Scanning(scan);
                effects.push(Effect::Scan(scan));
            }
            None => self.build(effects),
        }
    }

    fn scanned(&mut self, scan: Result<Graph, Failure>, effects: &mut Vec<Effect>) {
        let Busy::Scanning(what) = self.busy else { return };
        let mut graph = match scan {
            Ok(graph) => graph,
            Err(failure) => {
                self.unread = Some(what);
                return self.failed(failure, effects);
            }
        };
        self.unread = None;
        graph.adopt_inputs(&mut self.graph);
        self.histories.retain(|module, _| graph.modules().any(|name| name == module));
        self.experiments.retain(|module| graph.modules().any(|name| name == module));
        self.graph = graph;
        if self.due.scan.is_some() && self.put_off < PATIENCE {
            self.put_off += 1;
            self.due.put_before(std::mem::take(&mut self.running));
            return self.start(effects);
        }
        if self.due.scan.is_none() {
            let due = std::mem::take(&mut self.due);
            let before = std::mem::replace(&mut self.running, due);
            self.running.put_before(before);
        }
        self.running.build_all(&self.graph);
        self.build(effects);
    }

    /// Builds the modules of [`Self::running`].
    fn build(&mut self, effects: &mut Vec<Effect>) {
        self.generation += 1;
        self.busy = Busy::Building;
        let modules: Vec<String> = self.running.modules.keys().cloned().collect();
        let mut chains: Vec<&str> = self.running.modules.values().map(String::as_str).collect();
        chains.dedup();
        effects.push(Effect::Report(Event::BuildStarted {
            modules: modules.clone(),
            reason: chains.join(", "),
        }));
        let sequence = self.next();
        effects
            .push(Effect::Send(ServerMessage::BuildStarted { sequence, modules: modules.clone() }));
        effects.push(Effect::Build { generation: self.generation, modules });
        self.overdue = false;
        self.unclear.clear();
        if let Some(more) = self.put_off.checked_sub(PATIENCE) {
            let after = LET_RUN * 2_u32.pow(more.min(10));
            effects.push(Effect::Remind { generation: self.generation, after });
        }
    }

    fn built(&mut self, outcome: Outcome, effects: &mut Vec<Effect>) {
        match outcome {
            Outcome::Succeeded { modules, warnings, phases } => {
                self.put_off = 0;
                self.busy = Busy::No;
                self.succeeded(modules, warnings, phases, effects);
                self.plan_unclear();
                self.start_next(!self.due.is_empty(), effects);
            }
            Outcome::Failed(failure) => {
                self.put_off = 0;
                self.failed(failure, effects);
            }
            Outcome::Refused { failure, compiled } => {
                self.put_off = 0;
                for CompiledModule { module, files, folders, .. } in compiled {
                    self.graph.set_inputs(&module, files, folders);
                }
                self.failed(failure, effects);
            }
            Outcome::Cancelled => {
                self.busy = Busy::No;
                self.due.put_before(std::mem::take(&mut self.running));
            }
        }
    }

    /// The work in progress has failed. What it was for stays due; it is tried again if something has changed meanwhile.
    fn failed(&mut self, failure: Failure, effects: &mut Vec<Effect>) {
        let modules = self.running.modules.keys().chain(self.due.modules.keys());
        if !failure.files.is_empty() {
            self.graph.set_unfinished(modules, &failure.files);
        }
        self.plan_unclear();
        self.busy = Busy::No;
        let sequence = self.next();
        effects.push(Effect::Report(Event::BuildFailed {
            title: failure.title.clone(),
            diagnostics: failure.diagnostics.clone(),
            running: self.histories.values().any(|history| history.current().is_some()),
        }));
        effects.push(Effect::Send(ServerMessage::BuildFailed {
            sequence,
            failure: hmr_protocol::Failure::from(&failure),
        }));
        self.failure = Some(failure);
        self.reload_markup(effects);
        let again = !self.due.is_empty();
        self.due.put_before(std::mem::take(&mut self.running));
        self.start_next(again, effects);
    }

    fn next(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }
}

/// The message for builds that never end because they change their own sources.
fn endless(changed: &BTreeSet<String>) -> String {
    let files: Vec<String> = changed.iter().take(3).map(|path| format!("`{path}`")).collect();
    format!(
        "{} changed during each of the last builds; from now on the next build waits before it starts\n\
         hint: if a build script writes there, let it write into `OUT_DIR`, or name the files in `watch-ignore`",
        files.join(", ")
    )
}

#[cfg(test)]
mod tests;
