//! The reactive graph, on `sycamore-reactive`: signals, memos, effects, clean-ups, and when followers are notified.

pub(crate) mod context;
pub(crate) mod effect;
pub(crate) mod handle;
pub(crate) mod memo;
pub(crate) mod owner;
pub(crate) mod read_signal;
pub(crate) mod reader;
pub(crate) mod scope_handle;
pub(crate) mod signal;
pub(crate) mod turn;
pub(crate) mod writes;

/// Forgets what was left by a test that panicked inside an effect.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn reset() {
    owner::reset();
    reader::reset();
    signal::reset();
    turn::reset();
    writes::reset();
}
