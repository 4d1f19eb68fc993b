//! An instance's open resources, and what happens to resources and ports that end while the instance renders again.
//!
//! These are not closed but *leaving*: the new rendering may claim them again, and what it did not claim is closed. When the whole
//! module is disposed, everything stays leaving: the new code may claim it, and the engine closes what was not claimed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::Open;
use crate::engine::requests::{close_port, close_resource};
use crate::state::instance::Instance;

/// See the module's documentation. Lists rather than maps: there are few, and each kind of map costs every module kilobytes.
#[derive(Default)]
pub(crate) struct Claims {
    pub(crate) open: RefCell<Vec<Rc<Open>>>,
    leaving: RefCell<Option<Vec<Claim>>>,
}

thread_local! {
    /// [`close_unclaimed`], once something was leaving. A module without resources and ports has none of the code for them.
    static CLOSE: Cell<Option<fn(&Instance)>> = const { Cell::new(None) };
}

/// A port: whether it is an input, and its name.
pub(crate) type PortName = (bool, String);

/// A resource or port that an instance holds.
#[derive(PartialEq, Eq)]
pub(crate) enum Claim {
    /// A resource, by its key.
    Resource(String),
    /// A port.
    Port(PortName),
}

impl Claims {
    /// The claims of an instance.
    pub(crate) fn of(instance: &Instance) -> Rc<Self> {
        instance.part()
    }

    /// The open resource of this key.
    pub(crate) fn open_at(&self, key: &str) -> Option<Rc<Open>> {
        self.open.borrow().iter().find(|open| open.key == key).cloned()
    }

    /// Notes that something ends. Returns whether it must be closed now.
    pub(crate) fn must_close(&self, claim: Claim) -> bool {
        match self.leaving.borrow_mut().as_mut() {
            Some(leaving) => {
                CLOSE.set(Some(close_unclaimed));
                leaving.push(claim);
                false
            }
            None => true,
        }
    }

    /// Claims something; returns whether it was leaving.
    pub(crate) fn claim(&self, claim: &Claim) -> bool {
        let mut leaving = self.leaving.borrow_mut();
        let Some(leaving) = leaving.as_mut() else { return false };
        let before = leaving.len();
        leaving.retain(|other| other != claim);
        leaving.len() < before
    }
}

/// From here on what ends is leaving. Returns whether it was not so before.
pub(crate) fn begin_leaving(instance: &Instance) -> bool {
    let claims = Claims::of(instance);
    let mut leaving = claims.leaving.borrow_mut();
    let begins = leaving.is_none();
    leaving.get_or_insert_default();
    begins
}

/// Closes what the new rendering did not claim.
pub(crate) fn end_leaving(instance: &Instance) {
    match CLOSE.get() {
        Some(close) => close(instance),
        None => drop(Claims::of(instance).leaving.take()),
    }
}

fn close_unclaimed(instance: &Instance) {
    for claim in Claims::of(instance).leaving.take().unwrap_or_default() {
        let instance = instance.id;
        match claim {
            Claim::Resource(key) => close_resource(instance, &key),
            Claim::Port((input, port)) => close_port(instance, &port, input),
        }
    }
}
