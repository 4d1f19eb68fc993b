//! New code that has taken a state over and rendered, of which the page shows nothing yet.
//!
//! Its operations go to a tree outside of the document, its requests and log lines to lists. Dropping a [`Candidate`] leaves
//! no trace.

use hmr_abi::drawing::Command;
use hmr_abi::ops::{Method, Namespace, NodeId};
use hmr_abi::port::Invalidation;
use hmr_abi::state::{MigrateAnswer, RestoreReport, Snapshot};
use hmr_guest::check_report;

use super::Failure;
use crate::dom::{Dom, Node};
use crate::guest::code::Code;
use crate::guest::fault::Fault;
use crate::guest::{Effect, Guest};
use crate::module::Modules;
use crate::page::PageState;
use crate::page::requests::Requests;
use crate::rendering::tree::{Tree, TreeRequests};
use crate::report::log::LogLevel;
use hmr_protocol::SwapStep;

/// New code that has taken the state over and rendered.
pub(crate) struct Candidate {
    pub(crate) guest: Guest,
    pub(crate) tree: Tree,
    /// The instances, each with the root outside of the document that it rendered below.
    pub(crate) apart: Vec<(u32, Node)>,
    pub(crate) report: RestoreReport,
    pub(crate) requests: Requests,
    pub(crate) invalidations: Vec<Invalidation>,
    pub(crate) logs: Vec<(LogLevel, String)>,
    pub(crate) calls: Vec<(Node, Method)>,
    pub(crate) drawings: Vec<(NodeId, Vec<Command>)>,
}

impl Candidate {
    /// Keeps what the code requested, and applies its operations to its own tree.
    fn hold_back(&mut self, dom: &mut Dom, effects: Vec<Effect>) -> Result<(), Fault> {
        let mut requested = TreeRequests::default();
        for effect in effects {
            match effect {
                Effect::Log(level, text) => self.logs.push((LogLevel::from(level), text)),
                Effect::Resource(request) => self.requests.resources.push(request),
                Effect::Port(request) => self.requests.ports.push(request),
                Effect::Invalidate(invalidation) => self.invalidations.push(invalidation),
                Effect::Dom(batch) => self
                    .tree
                    .apply(&batch, dom, &mut requested)
                    .map_err(|error| Fault::Malformed(error.to_string()))?,
            }
        }
        self.calls = requested.calls;
        self.drawings = requested.drawings;
        self.logs.extend(requested.warnings.into_iter().map(|text| (LogLevel::Warn, text)));
        Ok(())
    }
}

/// Instantiates new code of a module.
pub(crate) fn instantiate(state: &PageState, module: &str, code: &Code) -> Result<Guest, Failure> {
    Guest::start(code, &state.run_config(module))
        .map_err(|fault| (SwapStep::Instantiate, fault.to_string()))
}

/// Lets new code bring the state to its own version. Its requests meanwhile are held back.
pub(crate) fn migrate(guest: &mut Guest, snapshot: Snapshot) -> Result<Snapshot, Failure> {
    let fail = |error| (SwapStep::Migrate, error);
    match guest.migrate(&snapshot).map_err(|fault| fail(fault.to_string()))? {
        // Code that has no migrations gets the update's transform with the state.
        None if !guest.migrates() => Ok(snapshot),
        None => Ok(Snapshot { transform: Vec::new(), ..snapshot }),
        Some(MigrateAnswer::Migrated(migrated)) => Ok(migrated),
        Some(MigrateAnswer::Failed { error }) => Err(fail(error)),
    }
}

/// Lets new code take over the state that is `given`, with all that it does held back. The instances are those that the old
/// code had in `snapshot`. `report` is set as soon as the code has reported.
pub(crate) fn restore(
    dom: &mut Dom,
    modules: &mut Modules,
    mut guest: Guest,
    snapshot: &Snapshot,
    given: &Snapshot,
    report: &mut Option<RestoreReport>,
) -> Result<Candidate, Failure> {
    let mut tree = modules.new_tree();
    let mut apart = Vec::new();
    for state in &snapshot.instances {
        let root = dom.create_element(Namespace::Html, "div");
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
        drawings: Vec::new(),
    };
    let rendered = candidate.hold_back(dom, effects);
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
                dom.forget(root);
            }
            Err((SwapStep::Restore, error))
        }
    }
}
