//! The signals of an instance by key, and the old values that no signal has claimed yet.
//!
//! Invariants: a key names one live signal; a signal leaves when its reactive scope is disposed.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::Location;
use std::rc::Rc;

use hmr_abi::state::SignalState;
use serde_json::value::RawValue;
use sycamore_reactive::{NodeHandle, create_child_scope};

use super::code::Code;
use super::key::is_within;
use super::keyed::ByKey;
use super::node::Node;
use crate::root;

/// The storage of a signal's value, of any type.
pub(crate) trait Storage: Any {
    /// Equal text means the same type.
    fn fingerprint(&self) -> &'static str;
    /// Whether it was written after it was made.
    fn is_set(&self) -> bool;
    /// The code of its initial value.
    fn code(&self) -> Option<Code>;
    /// The value as JSON, or why it is missing.
    fn write(&self) -> Result<Box<RawValue>, String>;
}

/// A signal that exists now.
#[derive(Clone)]
pub(crate) struct LiveSignal {
    pub(crate) storage: Rc<dyn Storage>,
    pub(crate) node: Node,
}

impl LiveSignal {
    /// Whether the storage is of this type.
    pub(crate) fn is_stored_as(&self, stored: TypeId) -> bool {
        let storage: &dyn Any = &*self.storage;
        storage.type_id() == stored
    }
}

/// An old value that waits for the signal of its key.
pub(crate) enum Parked {
    /// From a snapshot.
    Old(SignalState),
    /// From a rendering of the same code that is being replaced.
    Live(LiveSignal),
}

/// The signals of an instance; see the module's documentation.
pub(crate) struct Signals {
    /// The owner of the nodes: they outlive the content that made them if it renders again.
    owner: NodeHandle,
    live: RefCell<ByKey<LiveSignal>>,
    parked: RefCell<ByKey<Parked>>,
}

impl Signals {
    pub(crate) fn new() -> Self {
        Self {
            owner: root::run_in(|| create_child_scope(|| {})),
            live: RefCell::default(),
            parked: RefCell::default(),
        }
    }

    /// The live signal of a key.
    pub(crate) fn get(&self, key: &str) -> Option<LiveSignal> {
        self.live.borrow().get(key).cloned()
    }

    pub(crate) fn insert(&self, key: &str, signal: LiveSignal) {
        self.live.borrow_mut().insert(key.to_owned(), signal);
    }

    /// Removes the signal of a key if it still has this storage.
    pub(crate) fn remove(&self, key: &str, storage: &Rc<dyn Storage>) -> Option<LiveSignal> {
        let mut live = self.live.borrow_mut();
        let is_it = |signal: &LiveSignal| Rc::ptr_eq(&signal.storage, storage);
        if live.get(key).is_some_and(is_it) { live.remove(key) } else { None }
    }

    /// A node for a new signal.
    pub(crate) fn new_node(&self, value: Rc<dyn Any>, made_at: &'static Location<'static>) -> Node {
        self.owner.run_in(|| Node::numbered(value, made_at))
    }

    /// Takes the old value of a key, which is then no longer parked.
    pub(crate) fn claim(&self, key: &str) -> Option<Parked> {
        self.parked.borrow_mut().remove(key)
    }

    /// Parks the values of a snapshot.
    pub(crate) fn park_old(&self, signals: BTreeMap<String, SignalState>) {
        let mut parked = self.parked.borrow_mut();
        for (key, state) in signals {
            parked.insert(key, Parked::Old(state));
        }
    }

    /// Parks the signals of a scope that is about to render again.
    pub(crate) fn park(&self, path: &str) {
        let leaving = self.live.borrow_mut().take_if(|key, _| is_within(key, path));
        let mut parked = self.parked.borrow_mut();
        for (key, signal) in leaving {
            parked.insert(key, Parked::Live(signal));
        }
    }

    /// Removes the parked signals of a scope that its new rendering did not claim.
    pub(crate) fn take_unclaimed(&self, path: &str) -> Vec<(String, Node)> {
        let unclaimed =
            |key: &str, parked: &Parked| matches!(parked, Parked::Live(_)) && is_within(key, path);
        let removed = self.parked.borrow_mut().take_if(unclaimed);
        let nodes = removed.into_iter().filter_map(|(key, parked)| match parked {
            Parked::Live(signal) => Some((key, signal.node)),
            Parked::Old(_) => None,
        });
        nodes.collect()
    }

    /// Removes the values of the snapshot that no signal has claimed.
    pub(crate) fn take_unclaimed_old(&self) -> Vec<(String, SignalState)> {
        let parked = self.parked.take().take_if(|_, _| true).into_iter();
        let old = parked.filter_map(|(key, parked)| match parked {
            Parked::Old(state) => Some((key, state)),
            Parked::Live(_) => None,
        });
        old.collect()
    }

    /// The signals' part of a snapshot.
    pub(crate) fn capture(&self) -> BTreeMap<String, SignalState> {
        // Writing a value runs the user's code, which may make signals.
        let live = self.live.borrow();
        let storage = |key: String| live.get(&key).map(|it| (key, Rc::clone(&it.storage)));
        let all: Vec<_> = live.keys().into_iter().filter_map(storage).collect();
        drop(live);
        all.into_iter().map(|(key, storage)| (key, capture(&*storage))).collect()
    }

    /// Disposes the nodes.
    pub(crate) fn dispose(&self) {
        self.owner.dispose();
    }
}

fn capture(storage: &dyn Storage) -> SignalState {
    let (value, error) = match storage.write() {
        Ok(value) => (Some(value), None),
        Err(error) => (None, Some(error)),
    };
    SignalState {
        fingerprint: storage.fingerprint().to_owned(),
        set: storage.is_set(),
        code: storage.code().map(Code::text),
        value,
        error,
        ..SignalState::default()
    }
}
