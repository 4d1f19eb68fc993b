//! Turns: runs of a handler, a task or a hook.

use std::cell::Cell;

use super::writes::{holding, is_holding, notify_pending};

thread_local! {
    /// Whether a handler, a task or a hook runs.
    static IN_TURN: Cell<bool> = const { Cell::new(false) };
    /// The number of the last turn.
    static TURN: Cell<u64> = const { Cell::new(0) };
}

/// Runs a handler, a task or a hook: what it writes notifies once, when it has returned.
pub(crate) fn turn<R>(run: impl FnOnce() -> R) -> R {
    if is_holding() {
        return run();
    }
    IN_TURN.set(true);
    TURN.set(TURN.get() + 1);
    let result = holding(run);
    IN_TURN.set(false);
    notify_pending();
    result
}

/// Whether a handler, a task or a hook runs, whose writes wait.
pub(crate) fn in_turn() -> bool {
    IN_TURN.get()
}

/// The turn in which something was made, if any. What a handler makes, a task for instance, may be closed by its own earlier writes.
#[derive(Clone, Copy, Default)]
pub(crate) struct MadeIn(Option<u64>);

impl MadeIn {
    /// The turn that runs, if any.
    pub(crate) fn this_turn() -> Self {
        Self(in_turn().then(|| TURN.get()))
    }

    /// Whether it is the turn whose writes are being rendered now.
    pub(crate) fn is_being_rendered(self) -> bool {
        !in_turn() && is_holding() && self.0 == Some(TURN.get())
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub(super) fn reset() {
    IN_TURN.set(false);
}
