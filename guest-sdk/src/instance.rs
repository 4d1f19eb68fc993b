//! A mounted component: its signals by key, the old values that wait to be claimed, and what became of each key.
//!
//! Invariants: a key names one live signal; a signal leaves when its reactive scope is disposed; `outcomes` is
//! there only while a snapshot is being restored.

mod tasks;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use hmr_abi::state::{InstanceReport, InstanceState, KeyOutcome, SignalState, TaskState};
use serde_json::value::RawValue;
use sycamore_reactive::NodeHandle;

use crate::resource::claims::Claims;
pub(crate) use tasks::{Tasks, Was};

/// The storage of a signal, whatever its type.
pub(crate) trait Slot: Any {
    /// Equal text means the same type.
    fn fingerprint(&self) -> &'static str;
    /// Whether it was written after it was made.
    fn is_set(&self) -> bool;
    /// The value as JSON, or why there is none.
    fn write(&self) -> Result<Box<RawValue>, String>;
}

/// An old value that waits for the signal of its key.
pub(crate) enum Parked {
    /// From a snapshot.
    Old(SignalState),
    /// From a rendering of the same code that is being replaced.
    Live(Rc<dyn Slot>),
}

/// One mounted component; see the module's documentation.
pub(crate) struct Instance {
    pub(crate) id: u32,
    pub(crate) component: String,
    pub(crate) props: RefCell<Box<RawValue>>,
    /// What its effects and clean-ups hang on.
    pub(crate) node: Cell<Option<NodeHandle>>,
    pub(crate) signals: RefCell<BTreeMap<String, Rc<dyn Slot>>>,
    pub(crate) parked: RefCell<BTreeMap<String, Parked>>,
    outcomes: RefCell<Option<BTreeMap<String, KeyOutcome>>>,
    /// Asynchronous tasks that have not ended.
    pub(crate) tasks: Tasks,
    /// Resources and ports.
    pub(crate) claims: Claims,
}

impl Instance {
    pub(crate) fn new(id: u32, component: String, props: Box<RawValue>) -> Rc<Self> {
        Rc::new(Self {
            id,
            component,
            props: RefCell::new(props),
            node: Cell::new(None),
            signals: RefCell::default(),
            parked: RefCell::default(),
            outcomes: RefCell::default(),
            tasks: Tasks::default(),
            claims: Claims::default(),
        })
    }

    /// Parks the values of a snapshot, and begins to note what becomes of each key.
    pub(crate) fn begin_restore(
        &self,
        signals: BTreeMap<String, SignalState>,
        tasks: BTreeMap<String, TaskState>,
        done: BTreeSet<String>,
    ) {
        self.tasks.begin_restore(tasks, done);
        let parked = signals.into_iter().map(|(key, state)| (key, Parked::Old(state)));
        *self.parked.borrow_mut() = parked.collect();
        *self.outcomes.borrow_mut() = Some(BTreeMap::new());
    }

    /// What became of each key; values that no signal claimed are orphaned and dropped.
    pub(crate) fn end_restore(&self) -> InstanceReport {
        let mut keys = self.outcomes.take().unwrap_or_default();
        for key in self.parked.take().into_keys() {
            keys.insert(key, KeyOutcome::Orphaned);
        }
        InstanceReport {
            instance: self.id,
            component: self.component.clone(),
            keys,
            tasks: self.tasks.end_restore(),
            ..InstanceReport::default()
        }
    }

    /// Parks the signals and tasks of a scope that is about to render again; an empty path means all.
    pub(crate) fn park(&self, path: &str) {
        let within = |key: &str| {
            path.is_empty() || key.strip_prefix(path).is_some_and(|rest| rest.starts_with(':'))
        };
        self.tasks.park(within);
        let mut parked = self.parked.borrow_mut();
        let leaving =
            self.signals.borrow_mut().extract_if(.., |key, _| within(key)).collect::<Vec<_>>();
        parked.extend(leaving.into_iter().map(|(key, slot)| (key, Parked::Live(slot))));
    }

    /// Drops the parked signals and tasks that the new rendering did not claim.
    pub(crate) fn drop_parked(&self) {
        self.tasks.drop_parked();
        self.parked.borrow_mut().retain(|_, parked| matches!(parked, Parked::Old(_)));
    }

    /// The key's old value, which is then no longer parked. A key without one is noted as added.
    pub(crate) fn claim(&self, key: &str) -> Option<Parked> {
        let parked = self.parked.borrow_mut().remove(key);
        if parked.is_none() {
            self.note(key, KeyOutcome::Added);
        }
        parked
    }

    /// Notes what became of a key, if a snapshot is being restored.
    pub(crate) fn note(&self, key: &str, outcome: KeyOutcome) {
        if let Some(outcomes) = self.outcomes.borrow_mut().as_mut() {
            outcomes.insert(key.to_owned(), outcome);
        }
    }

    /// The instance's part of a snapshot.
    pub(crate) fn capture(&self) -> InstanceState {
        let slots: Vec<_> = self
            .signals
            .borrow()
            .iter()
            .map(|(key, slot)| (key.clone(), Rc::clone(slot)))
            .collect();
        let signals = slots.into_iter().map(|(key, slot)| (key, capture(&*slot))).collect();
        let props = self.props.borrow().clone();
        InstanceState {
            signals,
            tasks: self.tasks.capture(),
            done: self.tasks.capture_done(),
            ..InstanceState::new(self.id, self.component.clone(), props)
        }
    }
}

fn capture(slot: &dyn Slot) -> SignalState {
    let (value, error) = match slot.write() {
        Ok(value) => (Some(value), None),
        Err(error) => (None, Some(error)),
    };
    SignalState {
        fingerprint: slot.fingerprint().to_owned(),
        set: slot.is_set(),
        value,
        error,
        migrated: None,
    }
}
