//! The changes that the steps of a swap make to the page.
//!
//! New code is a [`Candidate`] until the document shows what it rendered: its operations go to a tree outside of the
//! document, its requests and log lines to lists. Dropping a candidate leaves no trace.

use hmr_abi::ops::{Method, Namespace};
use hmr_abi::port::Invalidation;
use hmr_abi::state::{KeyOutcome, MigrateAnswer, PruneRequest, RestoreReport, Snapshot};

use super::{Failure, Probation, Swap, SwapStep};
use crate::dom::Node;
use crate::engine::{Health, State};
use crate::environment::{Requests, Settled};
use crate::guest::{Effect, Fault, Guest};
use crate::info::ModuleInfo;
use crate::listen::PageEvent;
use crate::module::Code;
use crate::patch;
use crate::record::LogLevel;
use crate::tree::{Asked, Tree};

/// New code that has taken the state over and rendered, of which the document shows nothing yet.
pub(crate) struct Candidate {
    guest: Guest,
    tree: Tree,
    /// The instances, each with the root outside of the document that it rendered below.
    apart: Vec<(u32, Node)>,
    report: RestoreReport,
    requests: Requests,
    invalidations: Vec<Invalidation>,
    logs: Vec<(LogLevel, String)>,
    calls: Vec<(Node, Method)>,
}

/// The code replaced by new code.
pub(crate) struct Replaced {
    code: Code,
    guest: Option<Guest>,
    info: Option<ModuleInfo>,
    settled: Settled,
    pruned: PruneRequest,
    /// The new code's log lines while it was held back.
    logs: Vec<(LogLevel, String)>,
}

impl State {
    /// Keeps bytes for when a component of the module is mounted, and tries again where that has failed.
    pub(super) fn note_version(&mut self, name: &str, code: Code) {
        match self.modules.get_mut(name) {
            Some(module) => {
                let before = std::mem::replace(&mut module.code, code);
                if before.hash != module.code.hash {
                    module.previous = Some(before);
                }
                module.probation = None;
                module.health = Health::Well;
            }
            None => self.add_module(name, code),
        }
        self.stop_running(name);
        self.retry(name);
    }

    /// Forgets failures, so that the page tries to mount again.
    fn retry(&mut self, name: &str) {
        self.mounts.retain(|_, mount| !mount.failed || mount.wanted.module != name);
    }

    pub(crate) fn instantiate(&mut self, name: &str, code: &Code) -> Result<Guest, String> {
        Guest::start(code, &self.terms(name)).map_err(|fault| fault.to_string())
    }

    /// Lets new code take over the state that is `given`, with all that it does held back. The instances are those that
    /// the old code had in `snapshot`.
    pub(crate) fn restore(
        &mut self,
        mut guest: Guest,
        snapshot: &Snapshot,
        given: &Snapshot,
        report: &mut Option<RestoreReport>,
    ) -> Result<Candidate, String> {
        let mut tree = self.fresh_tree();
        let mut apart = Vec::new();
        for state in &snapshot.instances {
            let root = self.dom.create_element(Namespace::Html, "div");
            tree.set_root(state.instance, root);
            apart.push((state.instance, root));
        }
        let answer = guest.restore(given);
        let effects = guest.take_effects();
        let mut candidate = Candidate {
            guest,
            tree,
            apart,
            report: RestoreReport::default(),
            requests: Requests::default(),
            invalidations: Vec::new(),
            logs: Vec::new(),
            calls: Vec::new(),
        };
        let rendered = self.hold_back(&mut candidate, effects);
        let checked = answer
            .map_err(|fault| fault.to_string())
            .and_then(|answer| {
                *report = Some(answer.clone());
                candidate.report = answer;
                check_report(&candidate.report, snapshot)
            })
            .and(rendered.map_err(|fault| fault.to_string()));
        match checked {
            Ok(()) => Ok(candidate),
            Err(error) => {
                for (_, root) in candidate.apart {
                    self.dom.forget(root);
                }
                Err(error)
            }
        }
    }

    fn hold_back(&mut self, candidate: &mut Candidate, effects: Vec<Effect>) -> Result<(), Fault> {
        let mut asked = Asked::default();
        for effect in effects {
            match effect {
                Effect::Log(level, text) => candidate.logs.push((LogLevel::from(level), text)),
                Effect::Resource(request) => candidate.requests.resources.push(request),
                Effect::Port(request) => candidate.requests.ports.push(request),
                Effect::Invalidate(invalidation) => candidate.invalidations.push(invalidation),
                Effect::Dom(batch) => candidate
                    .tree
                    .apply(&batch, &mut self.dom, &mut asked)
                    .map_err(|error| Fault::Malformed(error.to_string()))?,
            }
        }
        candidate.calls = asked.calls;
        candidate.logs.extend(asked.warnings.into_iter().map(|text| (LogLevel::Warn, text)));
        Ok(())
    }

    /// Instantiates and restores at once, for swaps not reported step by step.
    pub(crate) fn rehearse(
        &mut self,
        name: &str,
        code: &Code,
        snapshot: &Snapshot,
    ) -> Result<Candidate, Failure> {
        let guest = self.instantiate(name, code).map_err(|error| (SwapStep::Instantiate, error))?;
        self.restore(guest, snapshot, snapshot, &mut None)
            .map_err(|error| (SwapStep::Restore, error))
    }

    /// The step `render` of an update: applies the requests of the old code's hooks, makes the document show what the
    /// candidate rendered, and records which instances lost their place. Cannot fail.
    pub(crate) fn render_update(
        &mut self,
        name: &str,
        code: Code,
        candidate: Candidate,
        held: Vec<Effect>,
        swap: &mut Swap,
    ) -> Option<Replaced> {
        // Nothing that was held is a DOM operation, which alone could fail.
        _ = self.apply(name, held);
        let places = self.inner_places();
        let mut replaced = self.render(name, code, candidate)?;
        let Settled { resources, connections } = std::mem::take(&mut replaced.settled);
        (swap.resources, swap.connections) = (resources, connections);
        let keys = swap.report.iter().flat_map(|report| &report.instances).map(|instance| {
            let there =
                instance.keys.iter().filter(|(_, outcome)| **outcome != KeyOutcome::Orphaned);
            (instance.instance, there.map(|(key, _)| key.clone()).collect())
        });
        if let Some(module) = self.modules.get_mut(name) {
            module.previous_keys = std::mem::replace(&mut module.keys, keys.collect());
        }
        for (instance, place) in places {
            if let Some(mount) = self.mounts.get_mut(&instance)
                && !self.dom.is_connected(mount.node)
            {
                mount.pruned = Some(place);
            }
        }
        Some(replaced)
    }

    /// Makes the document show what the candidate rendered, and the module run it. Cannot fail.
    fn render(&mut self, name: &str, code: Code, mut candidate: Candidate) -> Option<Replaced> {
        let info = self.info(name);
        let old_serial = self.modules.get(name)?.tree.serial;
        for (instance, apart) in &candidate.apart {
            let Some(root) = self.mounts.get(instance).map(|mount| mount.node) else {
                candidate.tree.drop_root(*instance, &mut self.dom);
                continue;
            };
            patch::reconcile(&mut self.dom, root, old_serial, *apart, &mut candidate.tree);
            candidate.tree.set_root(*instance, root);
        }
        // A new element gets the focus that the new code requested; an element that stayed keeps its state.
        let fresh = candidate.calls.into_iter().filter(|(node, _)| {
            self.dom.beside(*node).is_some_and(|beside| beside.origin.is_some())
        });
        self.calls.extend(fresh);
        let invalidations = candidate.invalidations.into_iter();
        self.invalidations.extend(invalidations.map(|one| (name.to_owned(), one)));
        let instances: Vec<u32> = candidate.apart.iter().map(|(instance, _)| *instance).collect();
        let module = self.modules.get_mut(name)?;
        module.tree = candidate.tree;
        module.touched = true;
        // Code that trapped gets no further call, not even the one that disposes of it.
        let is_well = std::mem::replace(&mut module.health, Health::Well) == Health::Well;
        let guest = module.guest.replace(candidate.guest).filter(|_| is_well);
        let code = std::mem::replace(&mut module.code, code);
        let settled = self.settle_fresh(name, &instances, candidate.requests);
        let pruned = PruneRequest::after(&candidate.report);
        Some(Replaced { code, guest, info, settled, pruned, logs: candidate.logs })
    }

    /// The step `commit`: the old code gets its last call. With the snapshot from before, the new code is put on
    /// probation.
    pub(crate) fn commit(
        &mut self,
        name: &str,
        replaced: Option<Replaced>,
        before: Option<Snapshot>,
    ) {
        let Some(Replaced { code, guest, info, logs, pruned, .. }) = replaced else { return };
        let times = guest.as_ref().map(|guest| guest.times().clone());
        if let Some(guest) = guest {
            // Travelling and undoing prune nothing: their snapshots are of other times.
            let pruned = before.as_ref().map(|_| pruned).unwrap_or_default();
            self.dispose(name, guest, &pruned);
        }
        self.write_held(name, logs);
        if let Some(module) = self.modules.get_mut(name) {
            module.generation += 1;
            let previous = module.previous.take();
            let is_new = code.hash != module.code.hash;
            if is_new {
                module.timing.swapped(times.unwrap_or_default());
            }
            module.previous = if is_new { Some(code.clone()) } else { previous.clone() };
            module.probation = match before {
                Some(snapshot) if is_new => Some(Probation::new(code, previous, snapshot)),
                // The same code again stays on probation as before.
                Some(_) => module.probation.take().map(Probation::again),
                None => None,
            };
        }
        if let (Some(prev), Some(next)) = (info, self.info(name)) {
            self.told.push_back(PageEvent::Update { next, prev });
        }
        self.retry(name);
    }

    /// Puts a candidate in the place of code that trapped. The old code is dropped without another call.
    pub(crate) fn install(&mut self, name: &str, code: Code, candidate: Candidate) {
        if let Some(replaced) = self.render(name, code, candidate) {
            self.write_held(name, replaced.logs);
        }
    }

    /// Writes the log lines of code that was held back.
    fn write_held(&mut self, name: &str, logs: Vec<(LogLevel, String)>) {
        for (level, text) in logs {
            self.write_log(level, name, text);
        }
    }
}

/// Lets new code bring the state to its own version. Its requests meanwhile are held back.
pub(crate) fn migrate(guest: &mut Guest, snapshot: Snapshot) -> Result<Snapshot, String> {
    match guest.migrate(&snapshot).map_err(|fault| fault.to_string())? {
        // Code that has no migrations gets the update's transform with the state.
        None if !guest.migrates() => Ok(snapshot),
        None => Ok(Snapshot { transform: Vec::new(), ..snapshot }),
        Some(MigrateAnswer::Migrated(migrated)) => Ok(migrated),
        Some(MigrateAnswer::Failed { error }) => Err(error),
    }
}

/// Whether the report lets the new code take over.
pub(crate) fn check_report(report: &RestoreReport, snapshot: &Snapshot) -> Result<(), String> {
    for state in &snapshot.instances {
        let entry = report.instances.iter().find(|entry| entry.instance == state.instance);
        match entry.map(|entry| &entry.error) {
            Some(None) => {}
            Some(Some(error)) => {
                return Err(format!(
                    "the instance {} of `{}` cannot be restored: {error}",
                    state.instance, state.component
                ));
            }
            None => {
                return Err(format!(
                    "the restore report does not tell of the instance {}",
                    state.instance
                ));
            }
        }
    }
    Ok(())
}
