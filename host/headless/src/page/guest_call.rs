//! Calls of a module whose requests are not applied, and what follows from a trap.

use hmr_abi::state::{PruneRequest, Snapshot};

use crate::guest::fault::Fault;
use crate::guest::{Effect, Guest};
use crate::module::Modules;
use crate::report::log::{Log, LogLevel};
use crate::report::trap::Trap;

/// Calls running code, and returns its requests. Nothing if it is not running.
pub(crate) fn call_held_back<R>(
    modules: &mut Modules,
    name: &str,
    call: impl FnOnce(&mut Guest) -> Result<R, Fault>,
) -> Option<(Result<R, Fault>, Vec<Effect>)> {
    let guest = modules.get_mut(name)?.call_guest()?;
    let result = call(guest);
    Some((result, guest.take_effects()))
}

/// The state of running code, or why it could not be captured. Nothing if it is not running.
pub(crate) fn capture(
    modules: &mut Modules,
    log: &mut Log,
    name: &str,
) -> Option<Result<Snapshot, Fault>> {
    let (captured, effects) = call_held_back(modules, name, Guest::capture)?;
    log.write_effects(name, effects);
    Some(captured)
}

/// Notes that running code trapped; `during` names the call, for the developer. When the page settles, the code is
/// restarted, or undone if it is on probation.
pub(crate) fn trap(modules: &mut Modules, log: &mut Log, name: &str, during: &str, fault: &Fault) {
    log.write(LogLevel::Error, name, format!("trapped: {fault}"));
    if let Some(record) = modules.get_mut(name) {
        record.trap(fault.to_string());
    }
    log.trap(Trap::new(name, during, fault));
}

/// Stops running code that nothing is mounted from.
pub(crate) fn stop_running(modules: &mut Modules, log: &mut Log, name: &str) {
    let tree = modules.new_tree();
    let Some(record) = modules.get_mut(name) else { return };
    if let Some(guest) = record.stop(tree) {
        dispose(log, name, guest, &PruneRequest::default());
    }
}

/// The last call that code gets, after it was notified which of its scopes the new code lacks. Its requests are ignored.
pub(crate) fn dispose(log: &mut Log, name: &str, mut guest: Guest, pruned: &PruneRequest) {
    let disposed = guest.prune_scopes(pruned).and_then(|()| guest.dispose());
    log.write_effects(name, guest.take_effects());
    if let Err(fault) = disposed {
        let text = format!("the old code trapped while it was disposed of: {fault}");
        log.write(LogLevel::Warn, name, text);
    }
}
