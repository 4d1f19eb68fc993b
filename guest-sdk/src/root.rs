//! The root of the module's reactive graph: the owner of everything that no other reactive scope owns.

use std::cell::Cell;

use sycamore_reactive::{RootHandle, create_root};

thread_local! {
    static ROOT: Cell<RootHandle> = Cell::new(create_root(|| {}));
}

/// Runs something in the root.
pub(crate) fn run_in<R>(run: impl FnOnce() -> R) -> R {
    ROOT.get().run_in(run)
}

/// Disposes everything, and begins a new root.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn reset() {
    ROOT.get().dispose();
    ROOT.set(create_root(|| {}));
}
