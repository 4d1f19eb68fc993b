//! The coordinator: what to do about what has happened.
//!
//! A state machine without IO, clock or waiting: [`Coordinator::step`] takes an [`Input`] and answers with
//! [`Effect`]s, which the dev loop carries out. Its rules:
//!
//! - The newest save wins: a change that needs a build cancels the one that runs, and the next one builds what
//!   either needed. What a cancelled or failed build was for stays due until a build succeeds.
//! - Only bytes that differ are announced. A success clears a standing failure, whatever it brings.
//! - A reload waits for the build that it needs. A page's markup needs none, so it does not wait for broken code to be mended.
//! - While the application cannot be read, every change is a reason to read it again, and none to build what is left of it.
//! - Pages that connect late get the newest of everything that did not fail in a page ([`Coordinator::hello`]), and the
//!   failure that stands. Which version that is for each module is [`line`]'s to decide.
//! - A pinned module is built, and its new versions are kept, but not announced.
//! - What an experiment gives to single pages is told to those alone.

mod line;
mod pages;
mod requests;

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use hmr_build::{Diagnostic, Failure};
use serde_json::Value;

pub use self::line::Candidate;
use self::line::Line;
pub use self::pages::Said;
pub use self::requests::{Denied, Wanted};
use crate::{
    events::{Built, Event, Phases, UpdateKind},
    experiment::Experiments,
    graph::{Graph, UpdatePlan},
    protocol::{FailureMessage, Hello, ServerMessage, Version},
    watch::ChangeBatch,
};

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
    /// A page, named by its path and a number, has done something.
    Page(String, Said),
}

/// How a build ended.
#[derive(Debug)]
pub enum Outcome {
    /// Every module was compiled and prepared.
    Succeeded {
        /// The modules.
        modules: Vec<Compiled>,
        /// What the compiler warned of.
        warnings: Vec<Diagnostic>,
        /// How long the phases took; `watch` is not known here.
        phases: Phases,
    },
    /// It failed.
    Failed(Failure),
    /// A newer save had it cancelled.
    Cancelled,
}

/// A compiled and prepared module.
#[derive(Debug)]
pub struct Compiled {
    /// Its version, which the store holds.
    pub version: Version,
    /// The size of its bytes.
    pub bytes: usize,
    /// Every file that it was made from; absolute.
    pub files: Vec<Utf8PathBuf>,
    /// The transform of the state that lies beside its source.
    pub transform: Vec<Value>,
}

/// What is to be done.
#[derive(Debug)]
pub enum Effect {
    /// Read the application again, and answer with [`Input::Scanned`].
    Scan,
    /// Start a build, and answer with [`Input::Built`].
    Build {
        /// Which.
        generation: u64,
        /// What to build.
        modules: Vec<String>,
    },
    /// Cancel the build that runs.
    Cancel,
    /// Tell every page.
    Send(ServerMessage),
    /// Tell one page.
    SendTo {
        /// Which connection.
        page: String,
        /// What.
        message: ServerMessage,
    },
    /// Tell the developer.
    Tell(Event),
}

/// The state of the dev loop.
#[derive(Debug)]
pub struct Coordinator {
    server: String,
    graph: Graph,
    /// Whether there is anything to build with: until then, only files that need no build count.
    ready: bool,
    /// Whether the application was readable the last time.
    readable: bool,
    lines: BTreeMap<String, Line>,
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
    building: bool,
    due: Due,
}

/// What the next successful build is for.
#[derive(Debug, Default)]
struct Due {
    modules: BTreeMap<String, String>,
    changed: BTreeSet<String>,
    reload: Option<String>,
    watch_ms: f64,
}

impl Coordinator {
    /// A coordinator that has built nothing yet. `server` names this run of the tool; the first
    /// [`Input::Scanned`] starts the first build.
    #[must_use]
    pub fn new(server: String, graph: Graph) -> Self {
        Self {
            server,
            graph,
            ready: false,
            readable: true,
            lines: BTreeMap::new(),
            kept: hmr_build::config::VERSIONS,
            experiments: Experiments::default(),
            pages: BTreeMap::new(),
            failure: None,
            sequence: 0,
            reloaded: 0,
            files: 0,
            generation: 0,
            building: false,
            due: Due::default(),
        }
    }

    /// Keeps another number of versions of each module from the next build on.
    pub fn keep(&mut self, versions: usize) {
        self.kept = versions;
    }

    /// What a page that comes now must know, experiments aside.
    #[must_use]
    pub fn hello(&self) -> Hello {
        let versions = self.lines.values().filter_map(Line::current);
        Hello {
            server: self.server.clone(),
            sequence: self.sequence,
            reloaded: self.reloaded,
            files: self.files,
            modules: versions.map(|current| current.version).collect(),
            failure: self.failure.as_ref().map(FailureMessage::from).or_else(|| self.refusals()),
        }
    }

    /// What the page of this id must know when it comes now.
    fn hello_for(&self, id: &str) -> Hello {
        let mut hello = self.hello();
        self.experiments.tailor(&mut hello, id);
        hello
    }

    /// What stands of versions that failed in pages.
    fn refusals(&self) -> Option<FailureMessage> {
        let mut standing = self.lines.values().filter_map(Line::standing);
        let mut message = FailureMessage::from(standing.next()?);
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

    /// The versions of each module that some page is given, which must be kept whatever their age.
    #[must_use]
    pub fn held(&self) -> BTreeMap<String, BTreeSet<String>> {
        let held = |(module, line): (&String, &Line)| {
            let mut hashes = self.experiments.fixed(module);
            hashes.extend(line.needed());
            (module.clone(), hashes)
        };
        self.lines.iter().map(held).collect()
    }

    /// The module graph.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Whether this run of the tool has that name.
    #[must_use]
    pub fn is_run(&self, name: &str) -> bool {
        self.server == name
    }

    /// Whether a build runs.
    #[must_use]
    pub fn is_building(&self) -> bool {
        self.building
    }

    /// Takes in what has happened and says what is to be done, in this order.
    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Changed(batch) => self.changed(&batch, &mut effects),
            Input::Scanned(scan) => {
                self.ready = true;
                self.readable = scan.is_ok();
                match scan {
                    Ok(graph) => self.scanned(graph, &mut effects),
                    Err(failure) => self.fail(failure, &mut effects),
                }
            }
            Input::Built { generation, outcome } if generation == self.generation => {
                self.building = false;
                match outcome {
                    Outcome::Succeeded { modules, warnings, phases } => {
                        self.succeeded(modules, warnings, phases, &mut effects);
                    }
                    Outcome::Failed(failure) => self.fail(failure, &mut effects),
                    Outcome::Cancelled => {}
                }
            }
            // A build that a newer one replaced.
            Input::Built { .. } => {}
            Input::Page(page, said) => self.heard(page, said, &mut effects),
        }
        effects
    }

    fn changed(&mut self, batch: &ChangeBatch, effects: &mut Vec<Effect>) {
        let failing = self.failure.is_some();
        let plan = self.graph.plan(batch, failing);
        if plan.is_empty() {
            return;
        }
        let phases = Phases { watch: batch.delay.as_secs_f64() * 1e3, ..Phases::default() };
        self.announce_files(&plan, phases, effects);
        if !self.ready || (plan.modules.is_empty() && plan.reload.is_none()) {
            return;
        }
        self.due.watch_ms = phases.watch;
        self.due.changed.extend(plan.changed);
        self.due.reload = plan.reload.or(self.due.reload.take());
        if plan.rescan || !self.readable {
            self.due.modules.extend(plan.modules);
            self.cancel(effects);
            effects.push(Effect::Scan);
        } else if !plan.modules.is_empty() {
            self.due.modules.extend(plan.modules);
            self.build(effects);
        } else if !self.building {
            // A page's markup does not wait for code that does not compile: that stays due.
            let modules = std::mem::take(&mut self.due.modules);
            self.reload(Phases::default(), effects);
            self.due.modules = modules;
        }
    }

    /// Stylesheets and static files need no build.
    fn announce_files(&mut self, plan: &UpdatePlan, phases: Phases, effects: &mut Vec<Effect>) {
        for (paths, kind) in
            [(&plan.styles, UpdateKind::CssUpdate), (&plan.assets, UpdateKind::AssetUpdate)]
        {
            if paths.is_empty() {
                continue;
            }
            let reason = format!("{} changed", quoted(paths));
            let sequence = self.next();
            self.files = sequence;
            let paths = paths.clone();
            effects.push(Effect::Tell(Event::Update {
                sequence,
                kind,
                reason: reason.clone(),
                modules: Vec::new(),
                paths: paths.clone(),
                changed: plan.changed.clone(),
                phases,
                clients: 0,
            }));
            effects.push(Effect::Send(match kind {
                UpdateKind::CssUpdate => ServerMessage::CssUpdate { sequence, reason, paths },
                _ => ServerMessage::AssetUpdate { sequence, reason, paths },
            }));
        }
    }

    fn scanned(&mut self, mut graph: Graph, effects: &mut Vec<Effect>) {
        graph.adopt_files(&mut self.graph);
        self.lines.retain(|module, _| graph.modules().any(|name| name == module));
        self.experiments.retain(|module| graph.modules().any(|name| name == module));
        self.due.modules = graph
            .modules()
            .map(|name| {
                let chain =
                    self.due.modules.remove(name).unwrap_or_else(|| "first build".to_owned());
                (name.to_owned(), chain)
            })
            .collect();
        self.graph = graph;
        self.build(effects);
    }

    fn build(&mut self, effects: &mut Vec<Effect>) {
        self.cancel(effects);
        self.generation += 1;
        self.building = true;
        let modules: Vec<String> = self.due.modules.keys().cloned().collect();
        let mut chains: Vec<&str> = self.due.modules.values().map(String::as_str).collect();
        chains.dedup();
        effects.push(Effect::Tell(Event::BuildStarted {
            modules: modules.clone(),
            reason: chains.join(", "),
        }));
        let sequence = self.next();
        effects
            .push(Effect::Send(ServerMessage::BuildStarted { sequence, modules: modules.clone() }));
        effects.push(Effect::Build { generation: self.generation, modules });
    }

    fn cancel(&mut self, effects: &mut Vec<Effect>) {
        if std::mem::take(&mut self.building) {
            // Its answer, whatever it is, belongs to the past.
            self.generation += 1;
            effects.push(Effect::Cancel);
        }
    }

    fn fail(&mut self, failure: Failure, effects: &mut Vec<Effect>) {
        let sequence = self.next();
        effects.push(Effect::Tell(Event::BuildFailed {
            title: failure.title.clone(),
            diagnostics: failure.diagnostics.clone(),
        }));
        effects.push(Effect::Send(ServerMessage::BuildFailed {
            sequence,
            failure: FailureMessage::from(&failure),
        }));
        self.failure = Some(failure);
    }

    fn succeeded(
        &mut self,
        modules: Vec<Compiled>,
        warnings: Vec<Diagnostic>,
        phases: Phases,
        effects: &mut Vec<Effect>,
    ) {
        self.failure = None;
        let sequence = self.next();
        effects.push(Effect::Send(ServerMessage::BuildSucceeded { sequence }));
        let built: Vec<Built> = modules.iter().map(Built::from).collect();
        effects.push(Effect::Tell(Event::BuildFinished {
            modules: built.clone(),
            duration_ms: phases.compile + phases.prepare,
            warnings,
        }));
        let (mut news, mut held) = (Vec::new(), Vec::new());
        for Compiled { version, bytes, files, transform } in modules {
            self.graph.set_files(&version.module, files);
            let line = self.lines.entry(version.module.clone()).or_default();
            let built = Candidate { version, bytes };
            if !line.push(built.clone(), transform, self.kept) {
                continue;
            }
            match line.pinned() {
                Some(_) => held.push(Built::from(&built)),
                // A reload carries no transform: it stays due.
                None if self.due.reload.is_none() => news.extend(line.announce()),
                None => {}
            }
        }
        let phases = Phases { watch: self.due.watch_ms, ..phases };
        if !held.is_empty() {
            effects.push(Effect::Tell(Event::HeldBack { modules: held.clone() }));
        }
        if self.due.reload.is_some() {
            self.reload(phases, effects);
            return;
        }
        let due = std::mem::take(&mut self.due);
        let changed = due.changed.into_iter().collect();
        if !news.is_empty() {
            let mut chains: Vec<String> = news
                .iter()
                .filter_map(|built| due.modules.get(&built.version.module).cloned())
                .collect();
            chains.dedup();
            self.hot_update(chains.join(", "), &news, changed, phases, effects);
        } else if held.is_empty() {
            let modules = built.into_iter().map(|built| built.module).collect();
            effects.push(Effect::Tell(Event::Unchanged { modules, changed }));
        }
    }

    /// Announces versions to every page that follows them.
    fn hot_update(
        &mut self,
        reason: String,
        news: &[Candidate],
        changed: Vec<String>,
        phases: Phases,
        effects: &mut Vec<Effect>,
    ) {
        let sequence = self.next();
        effects.push(Effect::Tell(Event::Update {
            sequence,
            kind: UpdateKind::HotUpdate,
            reason: reason.clone(),
            modules: news.iter().map(Built::from).collect(),
            paths: Vec::new(),
            changed,
            phases,
            clients: 0,
        }));
        let modules: Vec<Version> = news.iter().map(|news| news.version.clone()).collect();
        if !modules.iter().any(|version| self.experiments.runs(&version.module)) {
            effects.push(Effect::Send(ServerMessage::HotUpdate { sequence, reason, modules }));
            return;
        }
        for (page, id) in &self.pages {
            let mut modules = modules.clone();
            modules.retain(|version| self.experiments.follows(&version.module, id));
            if !modules.is_empty() {
                let message =
                    ServerMessage::HotUpdate { sequence, reason: reason.clone(), modules };
                effects.push(Effect::SendTo { page: page.clone(), message });
            }
        }
    }

    /// Sends the reload that is due.
    fn reload(&mut self, phases: Phases, effects: &mut Vec<Effect>) {
        let due = std::mem::take(&mut self.due);
        let reason = due.reload.unwrap_or_default();
        let sequence = self.next();
        self.reloaded = sequence;
        effects.push(Effect::Tell(Event::Update {
            sequence,
            kind: UpdateKind::FullReload,
            reason: reason.clone(),
            modules: Vec::new(),
            paths: Vec::new(),
            changed: due.changed.into_iter().collect(),
            phases: Phases { watch: due.watch_ms, ..phases },
            clients: 0,
        }));
        effects.push(Effect::Send(ServerMessage::FullReload { sequence, reason, restore: true }));
    }

    fn next(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }
}

impl From<&Compiled> for Built {
    fn from(compiled: &Compiled) -> Self {
        Self {
            module: compiled.version.module.clone(),
            hash: compiled.version.hash.clone(),
            bytes: compiled.bytes,
        }
    }
}

fn quoted(paths: &[String]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
    paths.join(", ")
}

#[cfg(test)]
mod tests;
