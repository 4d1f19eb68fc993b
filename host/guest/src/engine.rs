//! wasmtime engines, and the limits that they hold modules to.
//!
//! Endless loops end by epochs: a thread advances an engine's epoch every [`TICK`] for as long as the engine lives, and a
//! call into a module gets a number of ticks.

use std::num::NonZeroUsize;
use std::time::Duration;

use hmr_abi::constants::MOST_FRAMES;
use wasmtime::{Config, Engine, StoreLimits, StoreLimitsBuilder};

/// How long an epoch lasts.
const TICK: Duration = Duration::from_millis(10);

/// The largest number of entries that the tables of a module may have.
const TABLE_ELEMENTS: usize = 1 << 20;

/// Creates an engine that interrupts code by epochs, and starts the thread that counts them under the name `thread`.
///
/// # Errors
/// wasmtime does not support this machine or the configuration, or no thread can be started.
pub fn start_engine(mut config: Config, thread: &str) -> wasmtime::Result<Engine> {
    config.epoch_interruption(true);
    config.wasm_backtrace_max_frames(NonZeroUsize::new(MOST_FRAMES));
    let engine = Engine::new(&config)?;
    let weak = engine.weak();
    std::thread::Builder::new().name(thread.to_owned()).spawn(move || {
        while let Some(engine) = weak.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    })?;
    Ok(engine)
}

/// The number of epochs that a call with this limit may last: one more than the time needs, since the current epoch has
/// already begun.
#[must_use]
pub fn ticks(limit: Duration) -> u64 {
    u64::try_from(limit.as_millis() / TICK.as_millis()).unwrap_or(u64::MAX / 2) + 1
}

/// The limits of a store, with so many bytes of memory.
#[must_use]
pub fn store_limits(memory: usize) -> StoreLimits {
    // A rehearsed module has a second memory, for marks or for constants.
    StoreLimitsBuilder::new().memory_size(memory).table_elements(TABLE_ELEMENTS).memories(2).build()
}
