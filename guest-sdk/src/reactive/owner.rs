//! The reactive scope that owns what the running code makes: clean-ups, and whether the scope is disposed already.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use sycamore_reactive as reactive;

thread_local! {
    /// Whether the owner of the running handler or task is disposed by now; none in code that runs by itself.
    static DISPOSED: RefCell<Option<Rc<Cell<bool>>>> = const { RefCell::new(None) };
    /// How much was made that lives until its reactive scope is disposed.
    static MADE: Cell<u64> = const { Cell::new(0) };
}

/// Runs something under a reactive scope, which may be disposed meanwhile: disposing it sets the flag.
pub(crate) fn with_owner<R>(disposed: Option<Rc<Cell<bool>>>, run: impl FnOnce() -> R) -> R {
    let before = DISPOSED.replace(disposed);
    let result = run();
    DISPOSED.set(before);
    result
}

/// Whether the running reactive scope is disposed: a handler has closed the content that it is in. Nothing can be made in it.
pub(crate) fn is_disposed() -> bool {
    DISPOSED.with_borrow(|disposed| disposed.as_ref().is_some_and(|disposed| disposed.get()))
}

/// Runs `f` when the component, list item or effect in which this was called is disposed.
pub fn on_cleanup(f: impl FnOnce() + 'static) {
    note_made();
    reactive::on_cleanup(f);
}

/// Notes that something was made that lives until its reactive scope is disposed.
pub(crate) fn note_made() {
    MADE.set(MADE.get() + 1);
}

/// How much was made.
pub(crate) fn made() -> u64 {
    MADE.get()
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn reset() {
    DISPOSED.take();
}
