//! Capturing the state of old code, with the hooks that it runs before an update.
//!
//! Hooks change the code that runs them, so its memory is copied first: a swap that is rolled back restores it. What the
//! hooks request is held until nothing can fail any more.

use hmr_abi::state::Snapshot;

use crate::guest::{Effect, Guest};
use crate::module::Modules;
use crate::mounts::Mounts;
use crate::page::guest_call::{call_held_back, capture, trap};
use crate::page::snapshots::{complete, last_good_snapshot};
use crate::report::log::{Log, LogLevel};

/// The state of old code.
#[derive(Default)]
pub(crate) struct Captured {
    pub(crate) snapshot: Snapshot,
    /// The memory from before the hooks, if they ran.
    memory: Option<Vec<u8>>,
    /// The hooks' requests, except DOM operations.
    pub(crate) held: Vec<Effect>,
}

/// What replaces the state of code whose state is dropped.
pub(crate) fn without_state(mounts: &Mounts, module: &str) -> Captured {
    Captured { snapshot: complete(mounts, module, Snapshot::default()), ..Captured::default() }
}

/// Captures a module's state for an update. The last good one is used where no code runs or it traps.
pub(crate) fn capture_for_update(
    modules: &mut Modules,
    mounts: &Mounts,
    log: &mut Log,
    module: &str,
) -> Captured {
    let mut captured = Captured::default();
    match capture(modules, log, module) {
        Some(Ok(snapshot)) => {
            let hooks = snapshot.hooks;
            if let Some(record) = modules.get_mut(module) {
                record.note_good_state(snapshot.clone());
            }
            captured.snapshot = snapshot;
            if hooks {
                run_hooks(modules, log, module, &mut captured);
            }
            captured.snapshot = complete(mounts, module, captured.snapshot);
            return captured;
        }
        Some(Err(fault)) => {
            let text =
                format!("the state could not be captured, so the last good one is taken: {fault}");
            log.write(LogLevel::Warn, module, text);
        }
        None => {}
    }
    captured.snapshot = last_good_snapshot(modules, mounts, module);
    captured
}

fn run_hooks(modules: &mut Modules, log: &mut Log, module: &str, captured: &mut Captured) {
    let guest = modules.get_mut(module).and_then(|record| record.guest_mut());
    let Some(guest) = guest else { return };
    if !guest.has(hmr_abi::exports::BEFORE_UPDATE) {
        return;
    }
    captured.memory = Some(guest.copy_memory());
    let Some((hooked, effects)) = call_held_back(modules, module, Guest::before_update) else {
        return;
    };
    match hooked {
        Ok(snapshot) => {
            captured.snapshot = snapshot;
            captured.held = effects;
            captured.held.retain(|effect| !matches!(effect, Effect::Dom(_)));
        }
        // The code can no longer be trusted. If it is not replaced now, it is restarted with the state that was captured
        // before.
        Err(fault) => {
            let lost = "the hooks before the update failed, so what they put aside is lost";
            log.write(LogLevel::Warn, module, format!("{lost}: {fault}"));
            trap(modules, log, module, "the hooks before the update", &fault);
        }
    }
}

/// Gives the old code of a swap that was rolled back its memory from before the hooks.
pub(crate) fn restore_memory(modules: &mut Modules, module: &str, captured: Captured) {
    let guest = modules.get_mut(module).and_then(|record| record.guest_mut());
    if let (Some(memory), Some(guest)) = (captured.memory, guest) {
        guest.restore_memory(&memory);
    }
}
