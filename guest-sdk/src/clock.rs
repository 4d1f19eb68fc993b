//! The engine's clock, and how often code has read what is different each time: the clock, random numbers, the page's address. A value
//! that was computed from these is different each time, too.

use std::cell::Cell;

use crate::engine;

thread_local! {
    static READS: Cell<u64> = const { Cell::new(0) };
}

/// Milliseconds since the Unix epoch.
pub(crate) fn read() -> f64 {
    note_read();
    engine::clock()
}

/// Notes that something was read that is different each time.
pub(crate) fn note_read() {
    READS.set(READS.get() + 1);
}

/// How often something was read that is different each time.
pub(crate) fn reads() -> u64 {
    READS.get()
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn reset() {
    READS.set(0);
}
