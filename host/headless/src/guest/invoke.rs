//! Calling an export: through its wrappers, within its limits, measured.

use std::time::{Duration, Instant};

use hmr_abi::constants::MEASURED_CALLS;
use hmr_abi::event::PanicInfo;
use hmr_abi::lines::{self, Lines};
use hmr_abi::text::cut_owned;
use wasmtime::{Error, Func, FuncType, Trap, Val, WasmBacktrace};

use super::{Fault, Guest};
use crate::calls::{CallError, Original, Value, list};
use crate::machine::Limits;
use crate::module::custom_section;

impl Guest {
    /// Whether the module exports a function of this name.
    pub(crate) fn has(&mut self, export: &str) -> bool {
        self.function(export).is_some()
    }

    /// Calls an export, with what was put around it.
    pub(crate) fn invoke(&mut self, export: &str, params: &[Value]) -> Result<Vec<Value>, Fault> {
        let calls = std::rc::Rc::clone(&self.calls);
        let wrappers = calls.wrappers_of(export);
        self.failed = None;
        let began = Instant::now();
        let mut own = Duration::ZERO;
        let answer = Original::new(self, export, &wrappers, &mut own).call(params);
        // Code that trapped is unhealthy, regardless of a wrapper's result.
        let answer = match self.failed.take() {
            Some(fault) => Err(fault),
            None => answer.map_err(CallError::into_fault),
        };
        let answer = answer.and_then(|values| {
            if wrappers.is_empty() { Ok(values) } else { self.check_answer(export, values) }
        });
        calls.measure(export, began.elapsed(), own, answer.is_err());
        answer
    }

    /// Calls an export as it is.
    pub(crate) fn invoke_unwrapped(
        &mut self,
        export: &str,
        params: &[Value],
        own: &mut Duration,
    ) -> Result<Vec<Value>, Fault> {
        let (function, ty) = self.check_call(export, params)?;
        let params: Vec<Val> = params.iter().map(|value| (*value).into()).collect();
        let mut results = vec![Val::I32(0); ty.results().len()];
        self.prepare()?;
        let began = Instant::now();
        let outcome = function.call(&mut self.store, &params, &mut results);
        let took = began.elapsed();
        *own += took.saturating_sub(self.store.data().away);
        self.note_time(export, took);
        if let Err(error) = outcome {
            let fault = self.fault(&error);
            self.failed = Some(fault.clone());
            return Err(fault);
        }
        let values = results.iter().map(|value| Value::try_from(value).ok());
        values.collect::<Option<Vec<_>>>().ok_or_else(|| {
            Fault::Malformed(format!("`{export}` answers with something other than numbers"))
        })
    }

    /// Finds an export and checks that it takes such parameters.
    pub(crate) fn check_call(
        &mut self,
        export: &str,
        params: &[Value],
    ) -> Result<(Func, FuncType), Fault> {
        let function = self.function(export).ok_or_else(|| {
            Fault::Malformed(format!("the module does not export a function `{export}`"))
        })?;
        let ty = function.ty(&self.store);
        let fits = ty.params().len() == params.len()
            && ty.params().zip(params).all(|(ty, value)| value.is(&ty));
        if fits {
            return Ok((function, ty));
        }
        Err(Fault::Malformed(format!(
            "`{export}` takes ({}), and was called with ({})",
            list(ty.params()),
            list(params.iter().map(Value::type_name))
        )))
    }

    /// How long the last calls of each export took, in milliseconds.
    pub(crate) fn times(&self) -> &std::collections::BTreeMap<String, Vec<f64>> {
        &self.times
    }

    fn function(&mut self, export: &str) -> Option<Func> {
        self.instance.get_func(&mut self.store, export)
    }

    /// Sets the limits of one call.
    fn prepare(&mut self) -> Result<(), Fault> {
        self.store.set_epoch_deadline(self.limits.ticks());
        let host = self.store.data_mut();
        host.room = self.limits.handed_over;
        host.panic = None;
        host.away = Duration::ZERO;
        if let Some(budget) = self.budget {
            budget
                .set(&mut self.store, Val::I32(self.limits.budget))
                .map_err(|error| Fault::Malformed(format!("{error:#}")))?;
        }
        Ok(())
    }

    fn fault(&mut self, error: &Error) -> Fault {
        let panic = self.store.data_mut().panic.take();
        let budget = self.budget.map(|budget| budget.get(&mut self.store));
        if panic.is_none() && budget.and_then(|left| left.i32()).is_some_and(|left| left < 0) {
            let place = self.place(error);
            let name = place.as_ref().map_or_else(|| innermost(error), |(name, _)| name.clone());
            let fault = Fault::TooLong(name);
            return placed(fault, place.map(|(_, place)| place));
        }
        match fault(error, panic, &self.limits) {
            fault @ (Fault::Trap(_) | Fault::Timeout(_)) if error.is::<Trap>() => {
                placed(fault, self.place(error).map(|(_, place)| place))
            }
            // A panic of the standard library or of a dependency: the user's own line led to it.
            Fault::Panic(info) if !lines::is_own(&info.file) => match self.place(error) {
                Some((_, (file, line))) => {
                    Fault::Panic(PanicInfo { message: info.message, file, line, column: 0 })
                }
                None => Fault::Panic(info),
            },
            fault => fault,
        }
    }

    /// Where the code was in the user's own sources, and in which function.
    fn place(&self, error: &Error) -> Option<(Option<String>, (String, u32))> {
        let frames = error.downcast_ref::<WasmBacktrace>()?.frames();
        let lines = Lines::parse(&custom_section(self.bytes.as_ref()?, lines::SECTION)?).ok()?;
        frames.iter().find_map(|frame| {
            let offset = u32::try_from(frame.module_offset()?).ok()?;
            let (file, line) = lines.find(offset)?;
            Some((frame.func_name().map(str::to_owned), (file.to_owned(), line)))
        })
    }

    fn note_time(&mut self, export: &str, took: Duration) {
        let times = match self.times.get_mut(export) {
            Some(times) => times,
            None => self.times.entry(export.to_owned()).or_default(),
        };
        if times.len() == MEASURED_CALLS {
            times.remove(0);
        }
        times.push(took.as_secs_f64() * 1000.0);
    }

    /// Checks what a wrapper made of an answer.
    fn check_answer(&mut self, export: &str, values: Vec<Value>) -> Result<Vec<Value>, Fault> {
        let Some(function) = self.function(export) else { return Ok(values) };
        let ty = function.ty(&self.store);
        let fits = ty.results().len() == values.len()
            && ty.results().zip(&values).all(|(ty, value)| value.is(&ty));
        if fits {
            return Ok(values);
        }
        Err(Fault::Malformed(format!(
            "a wrapper of `{export}` answers with ({}), not with ({})",
            list(values.iter().map(Value::type_name)),
            list(ty.results())
        )))
    }
}

/// A fault with its place, formatted as a panic's.
fn placed(fault: Fault, place: Option<(String, u32)>) -> Fault {
    let Some((file, line)) = place else { return fault };
    Fault::Panic(PanicInfo { message: fault.to_string(), file, line, ..PanicInfo::default() })
}

/// The name of the function that the code was in.
fn innermost(error: &Error) -> Option<String> {
    let frames = error.downcast_ref::<WasmBacktrace>()?.frames();
    let name = frames.iter().find_map(wasmtime::FrameInfo::func_name)?;
    Some(name.to_owned())
}

pub(super) fn fault(error: &Error, panic: Option<PanicInfo>, limits: &Limits) -> Fault {
    if let Some(info) = panic {
        return Fault::Panic(info);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => Fault::Timeout(limits.call.as_millis()),
        Some(trap) => Fault::Trap(trap.to_string()),
        None => Fault::Trap(cut_owned(error.root_cause().to_string())),
    }
}
