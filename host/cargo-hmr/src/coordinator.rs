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
//! - Pages that connect late get the newest of everything ([`Coordinator::hello`]).

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use hmr_build::{Diagnostic, Failure};

use crate::{
    events::{Built, Event, Phases, UpdateKind},
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
    versions: BTreeMap<String, Version>,
    failure: Option<Failure>,
    sequence: u64,
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
            versions: BTreeMap::new(),
            failure: None,
            sequence: 0,
            generation: 0,
            building: false,
            due: Due::default(),
        }
    }

    /// What a page that comes now must know.
    #[must_use]
    pub fn hello(&self) -> Hello {
        Hello {
            server: self.server.clone(),
            sequence: self.sequence,
            modules: self.versions.values().cloned().collect(),
            failure: self.failure.as_ref().map(FailureMessage::from),
        }
    }

    /// The module graph.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
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
        self.versions.retain(|module, _| graph.modules().any(|name| name == module));
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
        let mut swapped = Vec::new();
        for Compiled { version, files, .. } in modules {
            self.graph.set_files(&version.module, files);
            let old = self.versions.insert(version.module.clone(), version.clone());
            if old.is_none_or(|old| old.hash != version.hash) {
                swapped.push(version);
            }
        }
        let phases = Phases { watch: self.due.watch_ms, ..phases };
        if self.due.reload.is_some() {
            self.reload(phases, effects);
        } else if swapped.is_empty() {
            let due = std::mem::take(&mut self.due);
            effects.push(Effect::Tell(Event::Unchanged {
                modules: built.into_iter().map(|built| built.module).collect(),
                changed: due.changed.into_iter().collect(),
            }));
        } else {
            let built = built
                .into_iter()
                .filter(|built| swapped.iter().any(|version| version.module == built.module));
            self.hot_update(built.collect(), swapped, phases, effects);
        }
    }

    fn hot_update(
        &mut self,
        built: Vec<Built>,
        modules: Vec<Version>,
        phases: Phases,
        effects: &mut Vec<Effect>,
    ) {
        let due = std::mem::take(&mut self.due);
        let mut chains: Vec<String> = modules
            .iter()
            .filter_map(|version| due.modules.get(&version.module).cloned())
            .collect();
        chains.dedup();
        let reason = chains.join(", ");
        let sequence = self.next();
        effects.push(Effect::Tell(Event::Update {
            sequence,
            kind: UpdateKind::HotUpdate,
            reason: reason.clone(),
            modules: built,
            paths: Vec::new(),
            changed: due.changed.into_iter().collect(),
            phases,
            clients: 0,
        }));
        effects.push(Effect::Send(ServerMessage::HotUpdate { sequence, reason, modules }));
    }

    /// Sends the reload that is due.
    fn reload(&mut self, phases: Phases, effects: &mut Vec<Effect>) {
        let due = std::mem::take(&mut self.due);
        let reason = due.reload.unwrap_or_default();
        let sequence = self.next();
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
