//! The wasmtime engines that every page of the process shares, and the limits that they hold modules to.
//!
//! One engine for each compiler serves all pages, because compiling needs its settings only. Functions are compiled
//! without optimisation, because a swap waits for the compiler.

use std::sync::OnceLock;
use std::time::Duration;

use hmr_abi::constants::{CALL_BUDGET, HANDED_OVER_BYTES};
use hmr_guest::start_engine;
use wasmtime::{Config, Engine, Module, OptLevel, Strategy};

/// The limits of a module. A module that passes a limit traps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How long one call into the module may take, in wall-clock time.
    pub(crate) call: Duration,
    /// How large its memory may grow, in bytes.
    pub(crate) memory: usize,
    /// How many loop heads and calls one call may pass, in a module that counts them.
    pub(crate) budget: i32,
    /// How many bytes of operations, log lines and requests one call may send.
    pub(crate) sent: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            call: Duration::from_secs(5),
            memory: 256 << 20,
            budget: CALL_BUDGET,
            sent: HANDED_OVER_BYTES,
        }
    }
}

/// Compiles a module.
///
/// Winch compiles ten times as fast as Cranelift. What Winch does not support, a machine or a feature of wasm, is left to
/// Cranelift.
///
/// # Errors
/// If the bytes are not a valid module, or wasmtime does not support this machine.
pub(crate) fn compile(bytes: &[u8]) -> Result<Module, CompileError> {
    static WINCH: OnceLock<Result<Engine, String>> = OnceLock::new();
    static CRANELIFT: OnceLock<Result<Engine, String>> = OnceLock::new();
    if let Ok(engine) = WINCH.get_or_init(|| start(Strategy::Winch))
        && let Ok(module) = Module::from_binary(engine, bytes)
    {
        return Ok(module);
    }
    let engine = CRANELIFT
        .get_or_init(|| start(Strategy::Cranelift))
        .as_ref()
        .map_err(|error| CompileError::Machine(error.clone()))?;
    Module::from_binary(engine, bytes).map_err(|error| CompileError::Invalid(format!("{error:#}")))
}

/// Why nothing was compiled.
#[derive(Debug)]
pub(crate) enum CompileError {
    /// wasmtime does not support this machine.
    Machine(String),
    /// The bytes are not a valid module.
    Invalid(String),
}

fn start(strategy: Strategy) -> Result<Engine, String> {
    let mut config = Config::new();
    config.strategy(strategy);
    if let Strategy::Cranelift = strategy {
        config.cranelift_opt_level(OptLevel::None);
    }
    start_engine(config, "hmr-epochs").map_err(|error| format!("{error:#}"))
}
