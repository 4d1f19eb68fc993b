//! Finds the functions that a rehearsal of a module calls: the module is rehearsed with marks. These functions are
//! compiled as the base of the versions to come.
//!
//! A state that was never set shows little: none of its values is decoded. So the state that the code has after a
//! rehearsal is captured, marked as set, and rehearsed once more.

use std::fmt;
use std::sync::Arc;

use hmr_abi::exports;
use hmr_abi::state::{Snapshot, TransformOp};
use hmr_guest::wasm::ModuleLayout;
use hmr_guest::{ModuleError, check};
use wasmtime::Module;

use crate::base::Base;
use crate::called::CalledFunctions;
use crate::code::{Code, Compiled, Version};
use crate::guest::Guest;
use crate::machine::Machine;
use crate::marked::{MARKS, marked};
use crate::steps::take_steps;
use crate::traced::Traced;

/// A trace to be run; see [`Rehearser::trace`](crate::Rehearser::trace).
pub struct TraceRequest {
    machine: Machine,
    module: String,
    bytes: Arc<[u8]>,
    layout: Arc<ModuleLayout>,
    called: CalledFunctions,
    snapshot: String,
    transform: Vec<TransformOp>,
}

impl fmt::Debug for TraceRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceRequest").field("module", &self.module).finish_non_exhaustive()
    }
}

/// The result of a trace: which functions were called, compiled as a base.
pub struct Trace {
    pub(crate) module: String,
    pub(crate) traced: Traced,
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("module", &self.module).finish_non_exhaustive()
    }
}

impl TraceRequest {
    pub(crate) fn new(
        machine: Machine,
        version: &Version,
        called: CalledFunctions,
        snapshot: &str,
        transform: &[TransformOp],
    ) -> Self {
        Self {
            machine,
            module: version.module.clone(),
            bytes: Arc::clone(&version.bytes),
            layout: Arc::clone(&version.layout),
            called,
            snapshot: snapshot.to_owned(),
            transform: transform.to_vec(),
        }
    }

    /// The module that is traced.
    #[must_use]
    pub fn module(&self) -> &str {
        &self.module
    }

    /// Runs the trace. Functions count as called whether or not the rehearsal succeeds.
    ///
    /// # Errors
    /// [`ModuleError`]: the version does not compile.
    pub fn run(self) -> Result<Trace, ModuleError> {
        let compiled = self.compile_marked()?;
        let mut marks = vec![false; self.layout.functions().len()];
        let mut note = |guest: &mut Guest| {
            for (mark, called) in marks.iter_mut().zip(guest.memory_named(MARKS)) {
                *mark |= called == 1;
            }
        };
        let steps = take_steps(&self.machine, &compiled, &self.snapshot, &self.transform);
        if let Some(mut guest) = steps.guest {
            note(&mut guest);
            if let Some(snapshot) = capture_as_set(&mut guest)
                && let Some(mut guest) = take_steps(&self.machine, &compiled, &snapshot, &[]).guest
            {
                note(&mut guest);
            }
        }
        let all = self.layout.functions();
        let marked = all.iter().zip(marks).filter(|(_, called)| *called);
        let mut called = self.called;
        called.add(all, marked.map(|(function, _)| function.clone()));
        let selection = called.select(&self.layout);
        let base = Base::compile(&self.machine.engine, &self.layout, &self.bytes, &selection);
        let traced = Traced { called, base: base.map(Arc::new) };
        Ok(Trace { module: self.module, traced })
    }

    fn compile_marked(&self) -> Result<Compiled, ModuleError> {
        let bytes = marked(&self.layout, &self.bytes)
            .map_err(|error| ModuleError::Invalid(error.to_string()))?;
        let module = Module::from_binary(&self.machine.engine, &bytes)
            .map_err(|error| ModuleError::Invalid(format!("{error:#}")))?;
        let (_, components) = check(&self.bytes, &module)?;
        Ok(Compiled { code: Code::Whole(module), components })
    }
}

/// The state that the code has now, as if all of it had been set.
fn capture_as_set(guest: &mut Guest) -> Option<String> {
    let captured = guest.query(exports::CAPTURE_STATE).ok()?;
    let mut snapshot: Snapshot = serde_json::from_slice(&captured).ok()?;
    for instance in &mut snapshot.instances {
        for signal in instance.signals.values_mut() {
            signal.set = true;
        }
    }
    serde_json::to_string(&snapshot).ok()
}
