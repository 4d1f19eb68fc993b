//! The engine's clock, and how often it was read. A value that was computed from the clock is different each time.

use std::cell::Cell;

use crate::engine;

thread_local! {
    static READS: Cell<u64> = const { Cell::new(0) };
}

/// Milliseconds since the Unix epoch.
pub(crate) fn read() -> f64 {
    READS.set(READS.get() + 1);
    engine::clock()
}

/// How often the clock was read.
pub(crate) fn reads() -> u64 {
    READS.get()
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn reset() {
    READS.set(0);
}
