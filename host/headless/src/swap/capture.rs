//! Capturing the state of old code, with the hooks that it runs before an update.
//!
//! Hooks change the code that runs them, so its memory is copied first: a swap that is rolled back puts it back. What
//! the hooks ask for is held until nothing can fail any more.

use hmr_abi::state::Snapshot;

use crate::engine::State;
use crate::guest::{Effect, Guest};
use crate::record::LogLevel;

/// The state of old code.
#[derive(Default)]
pub(super) struct Captured {
    pub(super) snapshot: Snapshot,
    /// The memory from before the hooks, if they ran.
    memory: Option<Vec<u8>>,
    /// The hooks' requests, except DOM operations.
    pub(super) held: Vec<Effect>,
}

impl State {
    /// The replacement for the state of code whose state is dropped.
    pub(super) fn without_state(&self, name: &str) -> Captured {
        Captured { snapshot: self.complete(name, Snapshot::default()), ..Captured::default() }
    }

    /// Captures a module's state for an update. The last good one serves where the code is dead or traps.
    pub(super) fn capture_for_update(&mut self, name: &str) -> Captured {
        let mut captured = Captured::default();
        match self.capture(name) {
            Some(Ok(snapshot)) => {
                let hooks = snapshot.hooks;
                if let Some(module) = self.modules.get_mut(name) {
                    module.last_good = Some(snapshot.clone());
                    module.history.note(&module.code.hash, &snapshot);
                }
                captured.snapshot = snapshot;
                if hooks {
                    self.run_hooks(name, &mut captured);
                }
                captured.snapshot = self.complete(name, captured.snapshot);
                return captured;
            }
            Some(Err(fault)) => {
                let text = format!(
                    "the state could not be captured, so the last good one is taken: {fault}"
                );
                self.write_log(LogLevel::Warn, name, text);
            }
            None => {}
        }
        captured.snapshot = self.last_good_snapshot(name);
        captured
    }

    fn run_hooks(&mut self, name: &str, captured: &mut Captured) {
        let guest = self.modules.get_mut(name).and_then(|module| module.guest.as_mut());
        let Some(guest) = guest else { return };
        if !guest.has(hmr_abi::exports::BEFORE_UPDATE) {
            return;
        }
        captured.memory = Some(guest.memory());
        let Some((hooked, effects)) = self.call_held_back(name, Guest::before_update) else {
            return;
        };
        match hooked {
            Ok(snapshot) => {
                captured.snapshot = snapshot;
                captured.held = effects;
                captured.held.retain(|effect| !matches!(effect, Effect::Dom(_)));
            }
            // The code can no longer be trusted. If it is not replaced now, it is restarted with the state that was
            // captured before.
            Err(fault) => {
                let lost = "the hooks before the update failed, so what they put aside is lost";
                self.write_log(LogLevel::Warn, name, format!("{lost}: {fault}"));
                self.trap(name, "the hooks before the update", &fault);
            }
        }
    }

    /// Gives the old code of a swap that was rolled back its memory from before the hooks.
    pub(super) fn put_back_captured(&mut self, name: &str, captured: Captured) {
        let guest = self.modules.get_mut(name).and_then(|module| module.guest.as_mut());
        if let (Some(memory), Some(guest)) = (captured.memory, guest) {
            guest.put_memory_back(&memory);
        }
    }
}
