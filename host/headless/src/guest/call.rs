//! Calling an export: through its wrappers, within its limits, measured.

use std::time::{Duration, Instant};

use hmr_abi::constants::MEASURED_CALLS;
use hmr_guest::{Transfer, ticks};
use wasmtime::{Func, FuncType, Val};

use super::Guest;
use super::fault::Fault;
use super::value::{Value, list};
use super::wrappers::{CallError, Original};

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
        *own += took.saturating_sub(self.store.data().transfer.time);
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
        self.store.set_epoch_deadline(ticks(self.limits.call));
        let room = self.limits.sent;
        self.store.data_mut().transfer = Transfer { room, ..Transfer::default() };
        if let Some(budget) = self.budget {
            budget
                .set(&mut self.store, Val::I32(self.limits.budget))
                .map_err(|error| Fault::Malformed(format!("{error:#}")))?;
        }
        Ok(())
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
