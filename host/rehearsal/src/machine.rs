//! The wasmtime engine of rehearsals, and the limits that code has in one.

use std::time::Duration;

use hmr_abi::constants::HANDED_OVER_BYTES;
use hmr_guest::{linker, start_engine};
use wasmtime::{Config, Engine, Linker, OptLevel, RegallocAlgorithm, Strategy};

use crate::host::RehearsalHost;

/// The limits of a rehearsal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How long it may run, without the time for compiling.
    pub(crate) time: Duration,
    /// How large the module's memory may grow, in bytes.
    pub(crate) memory: usize,
    /// How many bytes the module may send.
    pub(crate) sent: usize,
}

const LIMITS: Limits =
    Limits { time: Duration::from_secs(1), memory: 256 << 20, sent: HANDED_OVER_BYTES };

/// Everything that code needs to be compiled and run.
#[derive(Clone)]
pub(crate) struct Machine {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<RehearsalHost>,
    pub(crate) limits: Limits,
}

impl Machine {
    pub(crate) fn new() -> wasmtime::Result<Self> {
        let engine = engine(Strategy::Winch).or_else(|_| engine(Strategy::Cranelift))?;
        Ok(Self { linker: linker(&engine)?, engine, limits: LIMITS })
    }
}

fn engine(strategy: Strategy) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.strategy(strategy);
    config.wasm_multi_memory(true);
    // Traces run in parallel with rehearsals, and must not take all cores.
    config.parallel_compilation(false);
    // With Winch, these two are about trampolines alone.
    config.cranelift_opt_level(OptLevel::None);
    config.cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass);
    start_engine(config, "hmr-rehearsal")
}
