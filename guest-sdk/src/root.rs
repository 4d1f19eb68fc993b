//! The root of the module's reactive graph: the owner of everything that no other reactive scope owns.

use std::cell::Cell;

use sycamore_reactive::{RootHandle, create_root};

thread_local! {
    static ROOT: Cell<RootHandle> = Cell::new(create_root(|| {}));
    /// Whether code runs in the root, or in a reactive scope inside it.
    static ENTERED: Cell<bool> = const { Cell::new(false) };
}

/// Runs something in the root.
pub(crate) fn run_in<R>(run: impl FnOnce() -> R) -> R {
    let before = ENTERED.replace(true);
    let result = ROOT.get().run_in(run);
    ENTERED.set(before);
    result
}

/// Whether code runs in the root, or in a reactive scope inside it. Nothing can be made elsewhere.
pub(crate) fn is_entered() -> bool {
    ENTERED.get()
}

/// Disposes everything, and begins a new root.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn reset() {
    // A test may have panicked inside.
    ENTERED.set(false);
    ROOT.get().dispose();
    ROOT.set(create_root(|| {}));
}
