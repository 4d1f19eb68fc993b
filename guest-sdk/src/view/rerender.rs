//! Content that renders again keeps its signals, tasks and placed components: they are parked before the old content is disposed,
//! and the new content claims what has the same key.
//!
//! Tasks and placed components announce themselves when there is a first one, so that a module without them has none of their code.

use std::cell::Cell;

use crate::state::instance::Instance;

/// How the things of one kind are parked, and dropped if they were not claimed. Both get the path of a scope.
#[derive(Clone, Copy)]
pub(crate) struct Parking {
    pub(crate) park: fn(&Instance, &str),
    pub(crate) drop_parked: fn(&Instance, &str),
}

thread_local! {
    static TASKS: Cell<Option<Parking>> = const { Cell::new(None) };
    static COMPONENTS: Cell<Option<Parking>> = const { Cell::new(None) };
}

/// There is a task.
pub(crate) fn keep_tasks(parking: Parking) {
    TASKS.set(Some(parking));
}

/// There is a placed component.
pub(super) fn keep_components(parking: Parking) {
    COMPONENTS.set(Some(parking));
}

/// Parks what a scope that is about to render again has made; an empty path means the whole instance.
pub(crate) fn park(instance: &Instance, path: &str) {
    for parking in [TASKS.get(), COMPONENTS.get()].into_iter().flatten() {
        (parking.park)(instance, path);
    }
    instance.signals.park(path);
}

/// Drops what the new rendering of a scope did not claim.
pub(crate) fn drop_parked(instance: &Instance, path: &str) {
    if let Some(tasks) = TASKS.get() {
        (tasks.drop_parked)(instance, path);
    }
    drop_parked_components(instance, path);
    instance.drop_parked_signals(path);
}

/// Drops the placed components that the new rendering of a scope did not claim.
pub(crate) fn drop_parked_components(instance: &Instance, path: &str) {
    if let Some(components) = COMPONENTS.get() {
        (components.drop_parked)(instance, path);
    }
}
