//! The wrappers around a module's exports, and the meters of their calls.
//!
//! Both belong to the module and not to the code that runs, so they stay over swaps. Every call of an export, by the engine
//! or a proxy, goes through them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::{Rc, Weak};
use std::time::Duration;

use super::Guest;
use super::fault::Fault;
use super::value::Value;

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
struct Wrapped {
    id: u64,
    export: String,
    wrapper: Rc<RefCell<Wrapper>>,
}

type Meter = RefCell<BTreeMap<String, CallMetrics>>;

/// The wrappers and meters of one module.
#[derive(Default)]
pub(crate) struct Calls {
    wrappers: RefCell<Vec<Wrapped>>,
    meters: RefCell<Vec<Weak<Meter>>>,
    next: Cell<u64>,
    count: Cell<u64>,
}

impl Calls {
    /// The wrappers of one export, the outermost last.
    pub(crate) fn wrappers_of(&self, export: &str) -> Vec<Rc<RefCell<Wrapper>>> {
        let wrappers = self.wrappers.borrow();
        let of_export = wrappers.iter().filter(|wrapped| wrapped.export == export);
        of_export.map(|wrapped| Rc::clone(&wrapped.wrapper)).collect()
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
        self.wrappers.borrow_mut().push(Wrapped { id, export, wrapper });
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
            calls.wrappers.borrow_mut().retain(|wrapped| wrapped.id != self.id);
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
