//! Content that renders again keeps its signals, tasks and placed components: they are parked before the old content is disposed,
//! and the new content claims what has the same key.

use super::placed::Placed;
use crate::state::instance::Instance;
use crate::task::table::Tasks;

/// Parks what a scope that is about to render again has made; an empty path means the whole instance.
pub(crate) fn park(instance: &Instance, path: &str) {
    Tasks::of(instance).park(path);
    Placed::of(instance).park(path);
    instance.signals.park(path);
}

/// Drops what the new rendering of a scope did not claim.
pub(crate) fn drop_parked(instance: &Instance, path: &str) {
    Tasks::of(instance).drop_parked(path);
    drop_parked_components(instance, path);
    instance.drop_parked_signals(path);
}

/// Drops the placed components that the new rendering of a scope did not claim.
pub(crate) fn drop_parked_components(instance: &Instance, path: &str) {
    Placed::of(instance).drop_parked(path);
}
