//! Scans and builds: when each one starts, and what its end leads to.

use std::collections::BTreeSet;
use std::time::Duration;

use hmr_build::{CompiledModule, Failure};
use hmr_protocol::ServerMessage;

use super::{Busy, Coordinator, Effect, MAX_CANCELLATIONS, Outcome};
use crate::{events::Event, graph::Graph, watch::ChangeBatch};

/// How long a build may take while newer changes wait for it. Doubles each time that a build takes longer.
const BUILD_TIME_LIMIT: Duration = Duration::from_secs(30);

impl Coordinator {
    /// Cancels the running build if there is something newer to build, unless too many were cancelled already.
    pub(super) fn cancel_outdated_build(&mut self, effects: &mut Vec<Effect>) {
        let may = self.cancellations < MAX_CANCELLATIONS || self.overdue;
        if self.busy == Busy::Building && !self.due.is_empty() && may {
            self.cancellations += 1;
            // The result of the cancelled build is ignored.
            self.generation += 1;
            effects.push(Effect::Cancel);
            self.due.add_older_work(std::mem::take(&mut self.running));
            self.start(effects);
        }
    }

    /// Plans changes again that could not be assigned during the build, now that the build has reported what it reads.
    pub(super) fn plan_unclear(&mut self) {
        let changes = std::mem::take(&mut self.unclear).into_values().collect();
        let plan = self.graph.plan(&ChangeBatch { changes, ..ChangeBatch::default() }, false);
        if plan.needs_build() {
            self.due.add(plan, 0.0);
        }
    }

    /// After a build: starts the next one if files have `changed` meanwhile, at once or after a wait.
    pub(super) fn start_next(&mut self, changed: bool, effects: &mut Vec<Effect>) {
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
    pub(super) fn start(&mut self, effects: &mut Vec<Effect>) {
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

    pub(super) fn scanned(&mut self, scan: Result<Graph, Failure>, effects: &mut Vec<Effect>) {
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
        if self.due.scan.is_some() && self.cancellations < MAX_CANCELLATIONS {
            self.cancellations += 1;
            self.due.add_older_work(std::mem::take(&mut self.running));
            return self.start(effects);
        }
        if self.due.scan.is_none() {
            let due = std::mem::take(&mut self.due);
            let before = std::mem::replace(&mut self.running, due);
            self.running.add_older_work(before);
        }
        self.running.build_all(&self.graph);
        self.build(effects);
    }

    /// Builds the modules of [`Self::running`].
    pub(super) fn build(&mut self, effects: &mut Vec<Effect>) {
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
        if let Some(more) = self.cancellations.checked_sub(MAX_CANCELLATIONS) {
            let after = BUILD_TIME_LIMIT * 2_u32.pow(more.min(10));
            effects.push(Effect::Remind { generation: self.generation, after });
        }
    }

    pub(super) fn built(&mut self, outcome: Outcome, effects: &mut Vec<Effect>) {
        match outcome {
            Outcome::Succeeded { modules, warnings, phases } => {
                self.cancellations = 0;
                self.busy = Busy::No;
                self.succeeded(modules, warnings, phases, effects);
                self.plan_unclear();
                self.start_next(!self.due.is_empty(), effects);
            }
            Outcome::Failed(failure) => {
                self.cancellations = 0;
                self.failed(failure, effects);
            }
            Outcome::Refused { failure, compiled } => {
                self.cancellations = 0;
                for CompiledModule { module, files, folders, .. } in compiled {
                    self.graph.set_inputs(&module, files, folders);
                }
                self.failed(failure, effects);
            }
            Outcome::Cancelled => {
                self.busy = Busy::No;
                self.due.add_older_work(std::mem::take(&mut self.running));
            }
        }
    }

    /// Handles a failure of the running work. What it was for stays due; it is tried again if something has changed meanwhile.
    pub(super) fn failed(&mut self, failure: Failure, effects: &mut Vec<Effect>) {
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
        self.due.add_older_work(std::mem::take(&mut self.running));
        self.start_next(again, effects);
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
