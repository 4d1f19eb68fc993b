//! The steps `render` and `commit`: a candidate replaces the code that runs. Neither can fail.

use hmr_abi::ops::Method;
use hmr_abi::state::{KeyOutcome, PruneRequest, RestoreReport, Snapshot};

use super::candidate::Candidate;
use crate::dom::{Dom, Node};
use crate::guest::Effect;
use crate::guest::code::Code;
use crate::module::probation::Probation;
use crate::module::record::ReplacedCode;
use crate::mounts::path::nested_paths;
use crate::page::PageState;
use crate::page::call::apply;
use crate::page::guest_call::{dispose, stop_running};
use crate::page::requests::{Settled, settle_requests};
use crate::rendering::patch::reconcile;
use crate::report::events::PageEvent;
use crate::report::log::{Log, LogLevel};
use crate::report::module_info::{Keys, ModuleInfo};
use crate::report::swap::Swap;

/// Code that was replaced by new code, which the page shows already.
pub(crate) struct Replaced {
    old: ReplacedCode,
    info: ModuleInfo,
    settled: Settled,
    pruned: PruneRequest,
    /// The new code's log lines while it was held back.
    logs: Vec<(LogLevel, String)>,
}

/// The step `render` of an update: applies the requests of the old code's hooks, makes the document show what the candidate
/// rendered, and notes which instances have lost their elements.
pub(crate) fn render_update(
    state: &mut PageState,
    module: &str,
    code: Code,
    candidate: Candidate,
    held: Vec<Effect>,
    swap: &mut Swap,
) -> Option<Replaced> {
    // Nothing that was held is a DOM operation, which alone could fail.
    _ = apply(state, module, held);
    let paths = nested_paths(&state.mounts, &state.dom);
    let mut replaced = render(state, module, code, candidate)?;
    let Settled { resources, connections } = std::mem::take(&mut replaced.settled);
    (swap.resources, swap.connections) = (resources, connections);
    if let Some(record) = state.modules.get_mut(module) {
        record.replace_keys(swap.report.as_ref().map(restored_keys).unwrap_or_default());
    }
    for (instance, path) in paths {
        if let Some(mount) = state.mounts.get_mut(instance)
            && !state.dom.is_connected(mount.node)
        {
            mount.removed_from = Some(path);
        }
    }
    Some(replaced)
}

/// The keys that new code has, according to its report.
fn restored_keys(report: &RestoreReport) -> Keys {
    let keys = report.instances.iter().map(|instance| {
        let there = instance.keys.iter().filter(|(_, outcome)| **outcome != KeyOutcome::Orphaned);
        (instance.instance, there.map(|(key, _)| key.clone()).collect())
    });
    keys.collect()
}

/// Makes the document show what the candidate rendered, and the module run it.
fn render(
    state: &mut PageState,
    module: &str,
    code: Code,
    mut candidate: Candidate,
) -> Option<Replaced> {
    let record = state.modules.get(module)?;
    let (info, old_serial) = (record.info(module), record.tree.serial);
    for (instance, apart) in &candidate.apart {
        let Some(root) = state.mounts.get(*instance).map(|mount| mount.node) else {
            candidate.tree.drop_root(*instance, &mut state.dom);
            continue;
        };
        reconcile(&mut state.dom, root, old_serial, *apart, &mut candidate.tree);
        candidate.tree.set_root(*instance, root);
    }
    for warning in candidate.tree.draw(&mut state.dom, candidate.drawings) {
        candidate.logs.push((LogLevel::Warn, warning));
    }
    state.method_calls.extend(calls_of_new_elements(&state.dom, candidate.calls));
    for invalidation in candidate.invalidations {
        state.invalidations.add(module, invalidation);
    }
    let instances: Vec<u32> = candidate.apart.iter().map(|(instance, _)| *instance).collect();
    let record = state.modules.get_mut(module)?;
    let old = record.replace_code(code, candidate.guest, candidate.tree);
    let settled = settle_requests(state, module, &instances, candidate.requests);
    let pruned = PruneRequest::after(&candidate.report);
    Some(Replaced { old, info, settled, pruned, logs: candidate.logs })
}

/// The calls of methods whose elements are new: one that stayed keeps its state, the focus for instance.
fn calls_of_new_elements(dom: &Dom, calls: Vec<(Node, Method)>) -> Vec<(Node, Method)> {
    let is_new =
        |node: Node| dom.node_state(node).is_some_and(|node_state| node_state.origin.is_some());
    calls.into_iter().filter(|(node, _)| is_new(*node)).collect()
}

/// The step `commit`: the old code gets its last call. With the snapshot from before, the new code is put on probation.
pub(crate) fn commit(
    state: &mut PageState,
    module: &str,
    replaced: Option<Replaced>,
    before: Option<Snapshot>,
) {
    let Some(Replaced { old, info, logs, pruned, .. }) = replaced else { return };
    let ReplacedCode { code, guest, probation } = old;
    let times = guest.as_ref().map(|guest| guest.times().clone());
    if let Some(guest) = guest {
        // History steps and undos prune nothing: their snapshots are of other times.
        let pruned = before.as_ref().map(|_| pruned).unwrap_or_default();
        dispose(&mut state.log, module, guest, &pruned);
    }
    write_held(&mut state.log, module, logs);
    if let Some(record) = state.modules.get_mut(module) {
        record.commit();
        let is_new = code.hash != record.code().hash;
        if is_new {
            record.timing.swapped(times.unwrap_or_default());
            let previous = record.set_previous(Some(code.clone()));
            if let Some(snapshot) = before {
                record.watch(Probation::new(code, previous, snapshot));
            }
        } else if let (Some(probation), Some(_)) = (probation, before) {
            // The same code again is watched as before.
            record.watch(probation.restarted());
        }
        let next = record.info(module);
        state.log.notify(PageEvent::Update { next, prev: info });
    }
    state.mounts.forget_failed(module);
}

/// Replaces code that trapped with a candidate. The old code is dropped without another call.
pub(crate) fn install(state: &mut PageState, module: &str, code: Code, candidate: Candidate) {
    if let Some(replaced) = render(state, module, code, candidate) {
        write_held(&mut state.log, module, replaced.logs);
    }
}

/// Keeps bytes for when a component of the module is mounted, and tries again where that has failed.
pub(crate) fn note_version(state: &mut PageState, module: &str, code: Code) {
    match state.modules.get_mut(module) {
        Some(record) => record.set_version(code),
        None => state.modules.add(module, code),
    }
    stop_running(&mut state.modules, &mut state.log, module);
    state.mounts.forget_failed(module);
}

/// Writes the log lines of code that was held back.
fn write_held(log: &mut Log, module: &str, logs: Vec<(LogLevel, String)>) {
    for (level, text) in logs {
        log.write(level, module, text);
    }
}
