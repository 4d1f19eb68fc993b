//! Rehearsing versions, with as little compiled as possible.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hmr_abi::lines::is_own;
use hmr_abi::state::{RestoreReport, TransformOp};
use hmr_guest::ModuleError;
use hmr_protocol::SwapStep;

use crate::code::{Code, Compiled, Version, VersionError};
use crate::machine::Machine;
use crate::steps::{StepsResult, take_steps};
use crate::trace::{Trace, TraceRequest};
use crate::traced::Traced;

/// Why new code cannot take over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RehearsalFailure {
    /// The step of the swap that would fail.
    pub step: SwapStep,
    /// Why, for the developer to read.
    pub error: String,
    /// Whether the code ran for longer than it may.
    pub late: bool,
    /// Whether the code has called a function that only browsers have, so that it cannot be rehearsed.
    pub needs_browser: bool,
}

/// The result of a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a rehearsal that failed is not an error: look at its failure"]
pub struct Rehearsal {
    /// Nothing if the code takes the state over.
    pub failure: Option<RehearsalFailure>,
    /// The outcome of each piece of state, if the code got that far.
    pub report: Option<RestoreReport>,
    /// How long it took, compiling included.
    pub duration: Duration,
    /// How long the code itself ran, in the last attempt.
    pub run: Duration,
    /// Whether a trace would make the next rehearsals of the module shorter.
    pub outdated: bool,
}

/// Rehearses versions. It remembers which functions of each module a rehearsal needs.
pub struct Rehearser {
    machine: Machine,
    traced: BTreeMap<String, Traced>,
}

impl fmt::Debug for Rehearser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rehearser").field("modules", &self.traced.len()).finish_non_exhaustive()
    }
}

impl Rehearser {
    /// A rehearser that knows no module.
    ///
    /// # Errors
    /// [`ModuleError::Machine`]: wasmtime does not run here.
    pub fn new() -> Result<Self, ModuleError> {
        let machine = Machine::new().map_err(|error| ModuleError::Machine(format!("{error:#}")))?;
        Ok(Self { machine, traced: BTreeMap::new() })
    }

    /// The same rehearser with another limit on the time that the code may run in one rehearsal.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.machine.limits.time = limit;
        self
    }

    /// Reads a version, and compiles what a rehearsal of it may call, as far as that is known.
    ///
    /// # Errors
    /// [`VersionError`]: an engine cannot run the bytes as a module, or they are too large.
    pub fn prepare(&self, module: &str, bytes: &[u8]) -> Result<Version, VersionError> {
        let mut version = Version::read(module, bytes)?;
        if let Some(traced) = self.traced.get(module) {
            version.compiled = match traced.split(&self.machine.engine, &version)? {
                Some(split) => Some(split),
                None => Some(version.compile(&self.machine.engine)?),
            };
        }
        Ok(version)
    }

    /// A request to find out which functions of a version are called when it takes `snapshot` over. It takes as long as
    /// compiling all of the version, and can run on any thread. Its result goes to [`Rehearser::add`].
    #[must_use]
    pub fn trace(
        &self,
        version: &Version,
        snapshot: &str,
        transform: &[TransformOp],
    ) -> TraceRequest {
        let called = self.traced.get(&version.module).map(|traced| traced.called.clone());
        let called = called.unwrap_or_default();
        TraceRequest::new(self.machine.clone(), version, called, snapshot, transform)
    }

    /// Remembers what a trace has found out.
    pub fn add(&mut self, trace: Trace) {
        self.traced.insert(trace.module, trace.traced);
    }

    /// Whether it is known which functions a rehearsal of the module needs.
    #[must_use]
    pub fn has_trace(&self, module: &str) -> bool {
        self.traced.contains_key(module)
    }

    /// Whether a rehearsal of a version with this state would call a function that no trace has found, so that the whole
    /// version would have to be compiled. It compiles no more than it needs to find out. Nothing if it cannot be found
    /// out: the version is compiled as a whole in any case, or runs for too long.
    pub fn misses(&self, version: &mut Version, snapshot: &str) -> Option<bool> {
        let Some(traced) = self.traced.get(&version.module) else { return Some(true) };
        let is_current = match (&version.compiled, &traced.base) {
            (Some(Compiled { code: Code::Split(base, _), .. }), Some(current)) => {
                Arc::ptr_eq(base, current)
            }
            _ => false,
        };
        if !is_current {
            version.compiled = Some(traced.split(&self.machine.engine, version).ok()??);
        }
        let compiled = version.compiled.as_ref()?;
        match take_steps(&self.machine, compiled, snapshot, &[]).failure {
            Some((_, fault)) if fault.late => None,
            Some((_, fault)) => Some(fault.may_be_missing_code),
            None => Some(false),
        }
    }

    /// Rehearses the swap to a version. `snapshot` is JSON as `docs/abi.md` describes it.
    pub fn rehearse(
        &mut self,
        version: &mut Version,
        snapshot: &str,
        transform: &[TransformOp],
    ) -> Rehearsal {
        let started = Instant::now();
        let mut missed = false;
        loop {
            let compiled = match version.compiled.take() {
                Some(compiled) => Ok(compiled),
                None => version.compile(&self.machine.engine),
            };
            let compiled = match compiled {
                Ok(compiled) => compiled,
                Err(error) => return not_prepared(&error, started),
            };
            let running = Instant::now();
            let StepsResult { failure, report, .. } =
                take_steps(&self.machine, &compiled, snapshot, transform);
            let run = running.elapsed();
            let is_unclear = failure.as_ref().is_some_and(|(_, fault)| {
                fault.may_be_missing_code
                    || fault.panic.as_ref().is_some_and(|info| !is_own(&info.file))
            });
            if is_unclear && matches!(compiled.code, Code::Split(..)) {
                // It called missing code, or really fails: then the whole version shows where.
                missed = true;
                continue;
            }
            let failure = failure.map(|(step, fault)| RehearsalFailure {
                step,
                error: compiled.code.describe(version, &fault),
                late: fault.late,
                needs_browser: fault.needs_browser,
            });
            let outdated =
                missed || !self.has_trace(&version.module) || compiled.code.is_outdated();
            version.compiled = Some(compiled);
            return Rehearsal { failure, report, duration: started.elapsed(), run, outdated };
        }
    }
}

/// The result for a version that cannot be compiled.
fn not_prepared(error: &ModuleError, started: Instant) -> Rehearsal {
    let failure = RehearsalFailure {
        step: SwapStep::Prepare,
        error: error.to_string(),
        late: false,
        needs_browser: false,
    };
    Rehearsal {
        failure: Some(failure),
        report: None,
        duration: started.elapsed(),
        run: Duration::ZERO,
        outdated: false,
    }
}
