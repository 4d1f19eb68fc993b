//! Keeping the states of instances whose elements an update removes, and giving them back.

use hmr_abi::state::{InstanceState, MigrateAnswer, Snapshot};

use crate::dom::Node;
use crate::mounts::Placement;
use crate::mounts::detached::DetachedStates;
use crate::mounts::path::{InstancePath, path_of};
use crate::page::PageState;
use crate::page::call::call;
use crate::page::guest_call::{capture, trap};
use crate::report::log::{Log, LogLevel};

/// Keeps the state of an instance whose element an update has removed.
pub(crate) fn keep_state(state: &mut PageState, path: InstancePath, instance: u32, module: &str) {
    let PageState { modules, log, detached, .. } = state;
    let snapshot = match capture(modules, log, module) {
        Some(Ok(snapshot)) => snapshot,
        Some(Err(fault)) => return trap(modules, log, module, "capturing the state", &fault),
        None => return,
    };
    let own = snapshot.instances.into_iter().find(|state| state.instance == instance);
    if let Some(own) = own {
        detached.keep(path, own);
    }
}

/// The kept state for an element where a component is to be mounted, migrated by its code.
pub(crate) fn kept_state(
    state: &mut PageState,
    node: Node,
    instance: u32,
    placement: &Placement,
) -> Option<(InstancePath, InstanceState)> {
    if state.detached.is_empty() {
        return None;
    }
    let path = path_of(&state.dom, node);
    let kept = state.detached.get(&path)?.clone();
    let instances = vec![InstanceState { instance, ..kept }];
    let snapshot = Snapshot { abi: hmr_abi::ABI_VERSION, instances, ..Snapshot::default() };
    let Placement { module, component, .. } = placement;
    let during = format!("migrating `{component}`");
    let migrated = match call(state, module, &during, |guest| guest.migrate(&snapshot))? {
        None => Ok(snapshot),
        Some(MigrateAnswer::Migrated(migrated)) => Ok(migrated),
        Some(MigrateAnswer::Failed { error }) => Err(error),
    };
    match migrated {
        Ok(snapshot) => {
            let own = snapshot.instances.into_iter().find(|state| state.instance == instance)?;
            Some((path, own))
        }
        Err(error) => {
            let text =
                format!("the state that `{component}` had in `{path}` cannot be taken up: {error}");
            state.log.write(LogLevel::Warn, module, text);
            None
        }
    }
}

/// Notes that an instance was mounted with a kept state.
pub(crate) fn note_given_back(
    detached: &mut DetachedStates,
    log: &mut Log,
    path: &InstancePath,
    placement: &Placement,
) {
    detached.remove(path);
    let text = format!("the state that `{}` had in `{path}` is taken up", placement.component);
    log.write(LogLevel::Info, &placement.module, text);
}
