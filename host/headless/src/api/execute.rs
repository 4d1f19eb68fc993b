//! Running a module on its own: its own memory, no page. Of the ABI's imports, log lines are kept, the clock is the machine's, and
//! the others do nothing.

use std::rc::Rc;
use std::time::{Duration, SystemTime};

use hmr_abi::{IMPORT_MODULE, exports};
use hmr_guest::Exchange as _;
use serde_json::Value as Json;

use crate::guest::fault::Fault;
use crate::guest::machine::{self, CompileError, Limits};
use crate::guest::page_values::PageValues;
use crate::guest::value::Value;
use crate::guest::{Clock, Effect, Guest, RunConfig};
use crate::report::log::LogLevel;

/// The export that is called.
const RUN: &str = "run";

/// The argument and limits of a module that runs on its own.
#[derive(Debug, Clone)]
pub struct Execution {
    /// The argument of `run` as JSON, if it takes one.
    pub context: Json,
    /// How long it may take.
    pub limit: Duration,
    /// How many bytes its memory may have.
    pub memory: usize,
}

impl Default for Execution {
    /// No context, 5 seconds, 256 MiB.
    fn default() -> Self {
        let limits = Limits::default();
        Self { context: Json::Null, limit: limits.call, memory: limits.memory }
    }
}

/// The result of running a module on its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Executed {
    /// The result of its `run`.
    pub value: Json,
    /// Its log lines, in order.
    pub logs: Vec<(LogLevel, String)>,
}

/// Why a module could not be run on its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExecuteError {
    /// The bytes are not valid WebAssembly.
    #[error("not a valid wasm module: {0}")]
    Invalid(String),
    /// It imports something that is not the ABI's.
    #[error(
        "the module imports `{module}::{name}`\n\
         hint: a module that is run on its own has the imports of the ABI only"
    )]
    Import {
        /// The import's module.
        module: String,
        /// The import's name.
        name: String,
    },
    /// It does not export the called function.
    #[error(
        "{0}\nhint: it exports `run() -> number`, or `memory`, `hmr_alloc` and `run(ptr, len) -> ptr`"
    )]
    Exports(String),
    /// It trapped, took too long, or answered with something that cannot be read.
    #[error("the module failed: {0}")]
    Failed(String),
}

/// Runs a module in an instance of its own, which is dropped afterwards.
///
/// If the module exports `hmr_alloc`, its `run(ptr, len) -> ptr` is called with the context's JSON text, and returns
/// the address of a `u32` length followed by JSON text, or 0 for `null`. Else its `run()` returns a number.
///
/// ```
/// use hmr_headless::{Execution, execute};
///
/// let bytes = wat::parse_str(r#"(module
///     (func (export "run") (result i32) (i32.mul (i32.const 6) (i32.const 7))))"#).expect("WebAssembly");
/// let executed = execute(&bytes, &Execution::default()).expect("it runs");
/// assert_eq!(executed.value, 42);
/// ```
///
/// # Errors
/// If the bytes are not a module, import something of others than the ABI, lack an export, trap or take too long.
pub fn execute(bytes: &[u8], execution: &Execution) -> Result<Executed, ExecuteError> {
    let module = machine::compile(bytes).map_err(|error| match error {
        CompileError::Machine(error) => ExecuteError::Failed(error),
        CompileError::Invalid(error) => ExecuteError::Invalid(error),
    })?;
    if let Some(import) = module.imports().find(|import| import.module() != IMPORT_MODULE) {
        let (module, name) = (import.module().to_owned(), import.name().to_owned());
        return Err(ExecuteError::Import { module, name });
    }
    let missing =
        |name: &str| ExecuteError::Exports(format!("the module does not export `{name}`"));
    module.get_export(RUN).ok_or_else(|| missing(RUN))?;
    let takes_context = module.get_export(exports::ALLOC).is_some();
    let memory = module.get_export(exports::MEMORY);
    let fits = memory.as_ref().and_then(wasmtime::ExternType::memory);
    if memory.is_none() && takes_context {
        return Err(missing(exports::MEMORY));
    }
    if memory.is_some() && fits.is_none_or(|memory| memory.is_64() || memory.is_shared()) {
        return Err(ExecuteError::Exports("its `memory` is not a 32-bit memory".to_owned()));
    }
    let limits = Limits { call: execution.limit, memory: execution.memory, ..Limits::default() };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.map_or(0.0, |since| since.as_secs_f64() * 1e3);
    let config = RunConfig {
        limits,
        clock: Clock::new(now),
        page_values: PageValues::default(),
        calls: Rc::default(),
    };
    let failed = |fault: Fault| ExecuteError::Failed(fault.to_string());
    let mut guest = Guest::instantiate(&module, &config).map_err(failed)?;
    guest.set_bytes(bytes.into());
    let answer = if takes_context {
        run_with_context(&mut guest, &execution.context)
    } else {
        guest.invoke(RUN, &[]).and_then(|values| number(&values))
    };
    let value = answer.map_err(failed)?;
    let logs = guest.take_effects().into_iter().filter_map(|effect| match effect {
        Effect::Log(level, text) => Some((LogLevel::from(level), text)),
        _ => None,
    });
    Ok(Executed { value, logs: logs.collect() })
}

fn run_with_context(guest: &mut Guest, context: &Json) -> Result<Json, Fault> {
    let (ptr, len) = guest.argument(context.to_string().as_bytes())?;
    let answer = guest.call_i32(RUN, &[ptr, len])?;
    if answer == 0 {
        return Ok(Json::Null);
    }
    serde_json::from_slice(guest.answer(RUN, answer)?)
        .map_err(|error| Fault::Malformed(format!("the answer of `{RUN}` is no JSON: {error}")))
}

fn number(values: &[Value]) -> Result<Json, Fault> {
    let no_number = || Fault::Malformed(format!("`{RUN}` does not answer with one finite number"));
    match values {
        [Value::I32(number)] => Ok((*number).into()),
        [Value::I64(number)] => Ok((*number).into()),
        [Value::F32(number)] => finite(f64::from(*number)).ok_or_else(no_number),
        [Value::F64(number)] => finite(*number).ok_or_else(no_number),
        _ => Err(no_number()),
    }
}

fn finite(number: f64) -> Option<Json> {
    serde_json::Number::from_f64(number).map(Json::Number)
}
