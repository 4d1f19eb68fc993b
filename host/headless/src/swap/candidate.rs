//! What the steps of a swap do to the page.
//!
//! New code is a [`Candidate`] until the document shows what it rendered: its operations go to a tree outside of the
//! document, its requests and log lines to lists. Dropping a candidate leaves no trace.

use hmr_abi::event::ResourceRequest;
use hmr_abi::ops::{Method, Namespace};
use hmr_abi::port::{Invalidation, PortRequest};
use hmr_abi::state::{RestoreReport, Snapshot};

use super::{Failure, SwapStep};
use crate::dom::Node;
use crate::engine::{Health, State};
use crate::guest::{Effect, Fault, Guest};
use crate::module::Code;
use crate::patch;
use crate::record::LogLevel;
use crate::resources::ResourceChange;
use crate::tree::{Asked, Tree};

/// New code that has taken the state over and rendered, of which the document shows nothing yet.
pub(crate) struct Candidate {
    guest: Guest,
    tree: Tree,
    /// The instances, each with the root outside of the document that it rendered below.
    apart: Vec<(u32, Node)>,
    report: RestoreReport,
    requests: Vec<ResourceRequest>,
    ports: Vec<PortRequest>,
    invalidations: Vec<Invalidation>,
    logs: Vec<(LogLevel, String)>,
    calls: Vec<(Node, Method)>,
}

impl State {
    /// Keeps bytes for when a component of the module is mounted, and tries again where that has failed.
    pub(super) fn note_version(&mut self, name: &str, code: Code) {
        match self.modules.get_mut(name) {
            Some(module) => {
                module.code = code;
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

    pub(super) fn capture_or_last_good(&mut self, name: &str) -> Snapshot {
        match self.capture(name) {
            Some(Ok(snapshot)) => {
                if let Some(module) = self.modules.get_mut(name) {
                    module.last_good = Some(snapshot);
                }
            }
            Some(Err(fault)) => {
                let text = format!(
                    "the state could not be captured, so the last good one is taken: {fault}"
                );
                self.write_log(LogLevel::Warn, name, text);
            }
            None => {}
        }
        self.last_good_snapshot(name)
    }

    pub(super) fn instantiate(&mut self, code: &Code) -> Result<Guest, String> {
        Guest::start(code, self.limits, &self.clock).map_err(|fault| fault.to_string())
    }

    /// Lets new code take the state over, with all that it does held back.
    pub(super) fn restore(
        &mut self,
        mut guest: Guest,
        snapshot: &Snapshot,
        report: &mut Option<RestoreReport>,
    ) -> Result<Candidate, String> {
        let mut tree = self.fresh_tree();
        let mut apart = Vec::new();
        for state in &snapshot.instances {
            let root = self.dom.create_element(Namespace::Html, "div");
            tree.set_root(state.instance, root);
            apart.push((state.instance, root));
        }
        let answer = guest.restore(snapshot);
        let effects = guest.take_effects();
        let mut candidate = Candidate {
            guest,
            tree,
            apart,
            report: RestoreReport::default(),
            requests: Vec::new(),
            ports: Vec::new(),
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
                Effect::Resource(request) => candidate.requests.push(request),
                Effect::Port(request) => candidate.ports.push(request),
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

    /// Instantiates and restores at once, for what is not told step by step.
    pub(crate) fn rehearse(
        &mut self,
        code: &Code,
        snapshot: &Snapshot,
    ) -> Result<Candidate, Failure> {
        let guest = self.instantiate(code).map_err(|error| (SwapStep::Instantiate, error))?;
        self.restore(guest, snapshot, &mut None).map_err(|error| (SwapStep::Restore, error))
    }

    /// Makes the document show what the candidate rendered, and the module run it. Cannot fail.
    pub(crate) fn render(
        &mut self,
        name: &str,
        code: Code,
        mut candidate: Candidate,
    ) -> (Vec<ResourceChange>, Option<Guest>) {
        let Some(old_serial) = self.modules.get(name).map(|module| module.tree.serial) else {
            return (Vec::new(), None);
        };
        for (instance, apart) in &candidate.apart {
            let Some(root) = self.mounts.get(instance).map(|mount| mount.node) else {
                candidate.tree.drop_root(*instance, &mut self.dom);
                continue;
            };
            patch::reconcile(&mut self.dom, root, old_serial, *apart, &mut candidate.tree);
            candidate.tree.set_root(*instance, root);
        }
        // An element that is new gets the focus that the new code asked for; one that stayed keeps what it had.
        let fresh = candidate.calls.into_iter().filter(|(node, _)| {
            self.dom.beside(*node).is_some_and(|beside| beside.origin.is_some())
        });
        self.calls.extend(fresh);
        for (level, text) in candidate.logs {
            self.log.push(crate::record::LogLine { level, module: name.to_owned(), text });
        }
        let invalidations = candidate.invalidations.into_iter();
        self.invalidations.extend(invalidations.map(|one| (name.to_owned(), one)));
        let instances: Vec<u32> = candidate.apart.iter().map(|(instance, _)| *instance).collect();
        let now = self.now();
        let changes = self.resources.settle(name, &instances, candidate.requests, now);
        let mut old = None;
        if let Some(module) = self.modules.get_mut(name) {
            old = module.guest.replace(candidate.guest);
            module.tree = candidate.tree;
            module.code = code;
            module.touched = true;
            module.health = Health::Well;
        }
        (changes, old)
    }

    pub(super) fn commit(&mut self, name: &str, old: Option<Guest>) {
        if let Some(old) = old {
            self.dispose(name, old);
        }
        self.retry(name);
    }

    /// Puts a candidate in the place of code that trapped. The old code is dropped without another call.
    pub(crate) fn install(&mut self, name: &str, code: Code, candidate: Candidate) {
        _ = self.render(name, code, candidate);
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
                    "the restore report does not tell of the instance {} of `{}`",
                    state.instance, state.component
                ));
            }
        }
    }
    Ok(())
}
