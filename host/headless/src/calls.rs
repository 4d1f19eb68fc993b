//! Calls of one module's exports: the wrappers that were put around them, and what they cost.
//!
//! Both belong to the module and not to the code that runs, so they outlive swaps. Every call of an export, by the engine
//! or a proxy, goes through them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::{Rc, Weak};
use std::time::Duration;

use wasmtime::{Val, ValType};

use crate::guest::{Fault, Guest};

/// A number as WebAssembly has them: the parameters and results of exports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// 32 bits; how the sign bit is read is up to the function.
    I32(i32),
    /// 64 bits; how the sign bit is read is up to the function.
    I64(i64),
    /// Single precision.
    F32(f32),
    /// Double precision.
    F64(f64),
}

impl Value {
    pub(crate) fn is(&self, ty: &ValType) -> bool {
        matches!(
            (self, ty),
            (Self::I32(_), ValType::I32)
                | (Self::I64(_), ValType::I64)
                | (Self::F32(_), ValType::F32)
                | (Self::F64(_), ValType::F64)
        )
    }

    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::I32(_) => "i32",
            Self::I64(_) => "i64",
            Self::F32(_) => "f32",
            Self::F64(_) => "f64",
        }
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::I32(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::I32(value.cast_signed())
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::I64(value)
    }
}

impl From<f32> for Value {
    fn from(value: f32) -> Self {
        Self::F32(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::F64(value)
    }
}

impl From<Value> for Val {
    fn from(value: Value) -> Self {
        match value {
            Value::I32(value) => Self::I32(value),
            Value::I64(value) => Self::I64(value),
            Value::F32(value) => Self::F32(value.to_bits()),
            Value::F64(value) => Self::F64(value.to_bits()),
        }
    }
}

impl TryFrom<&Val> for Value {
    type Error = ();

    /// Fails for references and vectors, which are not numbers.
    fn try_from(value: &Val) -> Result<Self, ()> {
        match value {
            Val::I32(value) => Ok(Self::I32(*value)),
            Val::I64(value) => Ok(Self::I64(*value)),
            Val::F32(bits) => Ok(Self::F32(f32::from_bits(*bits))),
            Val::F64(bits) => Ok(Self::F64(f64::from_bits(*bits))),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I32(value) => value.fmt(f),
            Self::I64(value) => value.fmt(f),
            Self::F32(value) => value.fmt(f),
            Self::F64(value) => value.fmt(f),
        }
    }
}

/// Items with commas between them, for a message.
pub(crate) fn list<T: fmt::Display>(items: impl Iterator<Item = T>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

/// Why a call of an export failed: it trapped, its arguments do not fit, or a wrapper refused it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct CallError(Fault);

impl CallError {
    /// A wrapper's reason to refuse a call. For a call that the engine made it counts as a trap.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self(Fault::Malformed(reason.into()))
    }

    pub(crate) fn into_fault(self) -> Fault {
        self.0
    }
}

/// The function that a wrapper can call: the export itself, or the previous wrapper around it.
pub struct Original<'a> {
    guest: &'a mut Guest,
    export: &'a str,
    wrappers: &'a [Rc<RefCell<Wrapper>>],
    own: &'a mut Duration,
}

impl fmt::Debug for Original<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Original").field("export", &self.export).finish_non_exhaustive()
    }
}

impl<'a> Original<'a> {
    pub(crate) fn new(
        guest: &'a mut Guest,
        export: &'a str,
        wrappers: &'a [Rc<RefCell<Wrapper>>],
        own: &'a mut Duration,
    ) -> Self {
        Self { guest, export, wrappers, own }
    }

    /// Calls it.
    ///
    /// # Errors
    /// If it traps, or the arguments do not fit. A trap is one of the module's in any case, also if the wrapper answers
    /// something else.
    pub fn call(&mut self, params: &[Value]) -> Result<Vec<Value>, CallError> {
        let Some((wrapper, inner)) = self.wrappers.split_last() else {
            return self.guest.invoke_unwrapped(self.export, params, self.own).map_err(CallError);
        };
        let mut wrapper = wrapper.try_borrow_mut().map_err(|_| {
            CallError::new(format!("a wrapper of `{}` was called by itself", self.export))
        })?;
        let mut original = Original::new(self.guest, self.export, inner, self.own);
        wrapper(&mut original, params)
    }
}

pub(crate) type Wrapper = dyn FnMut(&mut Original<'_>, &[Value]) -> Result<Vec<Value>, CallError>;

/// The cost of the calls of one export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct CallMetrics {
    /// How often it was called.
    pub calls: u64,
    /// How many of the calls failed.
    pub errors: u64,
    /// The time from call to answer, of all calls.
    pub total: Duration,
    /// The part of it that the module's own code took: without wrappers and the engine's imports.
    pub own: Duration,
}

/// A wrapper around an export.
struct Around {
    id: u64,
    export: String,
    wrapper: Rc<RefCell<Wrapper>>,
}

type Meter = RefCell<BTreeMap<String, CallMetrics>>;

/// The wrappers and meters of one module.
#[derive(Default)]
pub(crate) struct Calls {
    wrappers: RefCell<Vec<Around>>,
    meters: RefCell<Vec<Weak<Meter>>>,
    next: Cell<u64>,
    count: Cell<u64>,
}

impl Calls {
    /// Those of one export, the outermost last.
    pub(crate) fn wrappers_of(&self, export: &str) -> Vec<Rc<RefCell<Wrapper>>> {
        let wrappers = self.wrappers.borrow();
        let of_export = wrappers.iter().filter(|around| around.export == export);
        of_export.map(|around| Rc::clone(&around.wrapper)).collect()
    }

    pub(crate) fn measure(&self, export: &str, total: Duration, own: Duration, failed: bool) {
        self.count.set(self.count.get() + 1);
        self.meters.borrow_mut().retain(|meter| {
            let Some(meter) = meter.upgrade() else { return false };
            let mut exports = meter.borrow_mut();
            let metrics = exports.entry(export.to_owned()).or_default();
            metrics.calls += 1;
            metrics.errors += u64::from(failed);
            metrics.total += total;
            metrics.own += own;
            true
        });
    }

    /// How many calls there were.
    pub(crate) fn count(&self) -> u64 {
        self.count.get()
    }

    pub(crate) fn wrap(self: &Rc<Self>, export: &str, wrapper: Rc<RefCell<Wrapper>>) -> Patch {
        let id = self.next.replace(self.next.get() + 1);
        let export = export.to_owned();
        self.wrappers.borrow_mut().push(Around { id, export, wrapper });
        Patch { calls: Rc::downgrade(self), id }
    }

    pub(crate) fn profile(&self) -> Profile {
        let meter = Rc::new(Meter::default());
        self.meters.borrow_mut().push(Rc::downgrade(&meter));
        Profile { meter }
    }

    /// Takes all wrappers off and ends all measurements.
    pub(crate) fn clear(&self) {
        self.wrappers.borrow_mut().clear();
        self.meters.borrow_mut().clear();
    }
}

/// A wrapper around an export, until it is rolled back. Dropping this leaves it on.
#[derive(Debug)]
pub struct Patch {
    calls: Weak<Calls>,
    id: u64,
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("count", &self.count).finish_non_exhaustive()
    }
}

impl Patch {
    /// Takes the wrapper off; others around the same export stay.
    pub fn rollback(self) {
        if let Some(calls) = self.calls.upgrade() {
            calls.wrappers.borrow_mut().retain(|around| around.id != self.id);
        }
    }
}

/// A measurement of a module's calls, from its start until it is stopped or dropped. Swaps do not end it.
#[derive(Debug)]
pub struct Profile {
    meter: Rc<Meter>,
}

impl Profile {
    /// The measurements so far, by export.
    #[must_use]
    pub fn metrics(&self) -> BTreeMap<String, CallMetrics> {
        self.meter.borrow().clone()
    }

    /// Ends the measurement.
    #[must_use = "the metrics are what it was made for"]
    pub fn stop(self) -> BTreeMap<String, CallMetrics> {
        self.meter.take()
    }
}
