//! An instance's open resources and ports at the engine, and how they end.
//!
//! Something that ends while its instance renders again is not closed but *leaving*: the new rendering may claim it again,
//! and then it never ended. Resources not claimed by the end of the rendering are closed. When the whole module goes,
//! everything stays leaving: it is for the new code to claim it, and for the engine to close what was not claimed.

use std::cell::RefCell;
use std::rc::Rc;

use hmr_abi::event::ResourceRequest;
use hmr_abi::port::PortRequest;

use super::{Open, report_gone, request};
use crate::instance::Instance;
use crate::port;
use crate::reactive::MadeIn;

/// See the module's documentation. Lists rather than maps: there are few, and each kind of map costs every module kilobytes.
#[derive(Default)]
pub(crate) struct Claims {
    pub(crate) open: RefCell<Vec<Rc<Open>>>,
    pub(crate) ports: RefCell<Vec<Declaration>>,
    leaving: RefCell<Option<Vec<Claim>>>,
}

/// One declaration of a port, with a number of its own. Of those of one name the last counts.
pub(crate) struct Declaration {
    pub(crate) id: u64,
    pub(crate) name: PortName,
    pub(crate) asked: PortRequest,
    pub(crate) made: MadeIn,
}

/// A port: whether it is an input, and its name.
pub(crate) type PortName = (bool, String);

/// One thing that an instance holds.
#[derive(PartialEq, Eq)]
pub(crate) enum Claim {
    /// A resource, by its key.
    Resource(String),
    /// A port.
    Port(PortName),
}

impl Claims {
    /// The open resource of this key.
    pub(crate) fn open_at(&self, key: &str) -> Option<Rc<Open>> {
        self.open.borrow().iter().find(|open| open.key == key).cloned()
    }

    /// Notes that something ends. Answers whether it is to be closed now.
    pub(crate) fn leave(&self, claim: Claim) -> bool {
        match self.leaving.borrow_mut().as_mut() {
            Some(leaving) => {
                leaving.push(claim);
                false
            }
            None => true,
        }
    }

    /// Claims something; returns whether it was leaving.
    pub(crate) fn stay(&self, claim: &Claim) -> bool {
        let mut leaving = self.leaving.borrow_mut();
        let Some(leaving) = leaving.as_mut() else { return false };
        let before = leaving.len();
        leaving.retain(|other| other != claim);
        leaving.len() < before
    }
}

thread_local! {
    /// Recent requests of removed content, which content that renders again may still claim.
    static MISSED: RefCell<Vec<(Rc<Instance>, Claim)>> = const { RefCell::new(Vec::new()) };
}

/// Reports a request by removed content, unless other content has claimed it by the time that all is
/// rendered.
pub(crate) fn report_unless_claimed(instance: &Rc<Instance>, claim: Claim) {
    MISSED.with_borrow_mut(|missed| missed.push((Rc::clone(instance), claim)));
}

/// All is rendered.
pub(crate) fn report_missed() {
    for (instance, claim) in MISSED.take() {
        let (claimed, name) = match &claim {
            Claim::Resource(key) => (instance.claims.open_at(key).is_some(), key),
            Claim::Port(port) => {
                let ports = instance.claims.ports.borrow();
                (ports.iter().any(|declared| declared.name == *port), &port.1)
            }
        };
        if !claimed {
            report_gone(name);
        }
    }
}

/// Forgets what was left by a test that panicked.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn reset() {
    MISSED.take();
}

/// From here on what ends is leaving. Answers whether it was not so before.
pub(crate) fn begin_leaving(instance: &Instance) -> bool {
    let mut leaving = instance.claims.leaving.borrow_mut();
    let begins = leaving.is_none();
    leaving.get_or_insert_default();
    begins
}

/// Closes what the new rendering did not claim.
pub(crate) fn end_leaving(instance: &Instance) {
    for claim in instance.claims.leaving.take().unwrap_or_default() {
        match claim {
            Claim::Resource(key) => request(&ResourceRequest::Close { instance: instance.id, key }),
            Claim::Port((input, port)) => {
                port::request(&PortRequest::Close { instance: instance.id, port, input });
            }
        }
    }
}
