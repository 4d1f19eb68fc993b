//! Captures the state of every instance: signals, tasks, values of earlier versions.

use hmr_abi::ABI_VERSION;
use hmr_abi::state::{InstanceState, Snapshot};

use super::hooks::Hooks;
use super::instances;
use crate::reactive::reader::untrack;
use crate::root;
use crate::state::instance::Instance;
use crate::task::table::Tasks;

/// `capture_state`
pub(crate) fn capture() -> Snapshot {
    snapshot(capture_instance)
}

/// A snapshot with the state that a function gives for each instance.
pub(super) fn snapshot(state: impl Fn(&Instance) -> InstanceState) -> Snapshot {
    let all = instances::all();
    let hooks = all.iter().any(|instance| Hooks::of(instance).has_before_update());
    let instances = root::run_in(|| all.iter().map(|instance| state(instance)).collect());
    Snapshot { abi: ABI_VERSION, hooks, instances, ..Snapshot::default() }
}

/// An instance's part of a snapshot.
pub(super) fn capture_instance(instance: &Instance) -> InstanceState {
    let tasks = Tasks::of(instance);
    InstanceState {
        tasks: tasks.capture(),
        done: tasks.capture_done(),
        prunes: Hooks::of(instance).scopes_with_prune(),
        ..untrack(|| instance.capture())
    }
}
