//! A mounted component: its signals by key, the old values that wait to be claimed, and what became of each key.
//!
//! Invariants: a key names one live signal; a signal leaves when its reactive scope is disposed; `outcomes` is
//! there only while a snapshot is being restored.

mod node;
mod orphans;
mod tasks;

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use hmr_abi::state::{InstanceReport, InstanceState, KeyOutcome, SignalState};
use serde_json::value::RawValue;
use sycamore_reactive::{NodeHandle, create_child_scope};

use crate::hooks::Hooks;
use crate::placed::Places;
use crate::resource::claims::Claims;
use crate::runtime::runtime;
use crate::scope::Code;

pub(crate) use node::{Gone, Node};
pub(crate) use orphans::Orphans;
pub(crate) use tasks::{Tasks, Was};

/// The storage of a signal, of any type.
pub(crate) trait Slot: Any {
    /// Equal text means the same type.
    fn fingerprint(&self) -> &'static str;
    /// Whether it was written after it was made.
    fn is_set(&self) -> bool;
    /// The code of its initial value.
    fn code(&self) -> Option<Code>;
    /// The value as JSON, or why it is missing.
    fn write(&self) -> Result<Box<RawValue>, String>;
}

/// A signal that is live.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) slot: Rc<dyn Slot>,
    pub(crate) node: Node,
}

impl Live {
    /// Whether the storage is of this type.
    pub(crate) fn holds(&self, stored: TypeId) -> bool {
        let slot: &dyn Any = &*self.slot;
        slot.type_id() == stored
    }
}

/// An old value that waits for the signal of its key.
pub(crate) enum Parked {
    /// From a snapshot.
    Old(SignalState),
    /// From a rendering of the same code that is being replaced.
    Live(Live),
}

/// One mounted component; see the module's documentation.
pub(crate) struct Instance {
    pub(crate) id: u32,
    pub(crate) component: String,
    /// The version that the component declares.
    version: Option<&'static str>,
    pub(crate) props: RefCell<Box<RawValue>>,
    /// The owner of its effects and clean-ups.
    pub(crate) node: Cell<Option<NodeHandle>>,
    /// The owner of its signals' nodes: they outlive the content that made them if it renders again.
    nodes: NodeHandle,
    pub(crate) signals: RefCell<BTreeMap<String, Live>>,
    pub(crate) parked: RefCell<BTreeMap<String, Parked>>,
    /// Where it places components of other modules.
    pub(crate) places: Places,
    pub(crate) orphans: Orphans,
    outcomes: RefCell<Option<BTreeMap<String, KeyOutcome>>>,
    /// How often the clock had been read when the restoring began.
    clock_reads: Cell<u64>,
    /// While a snapshot is being restored: the scopes with something to run when they leave, that were not entered yet.
    prunes: RefCell<BTreeSet<String>>,
    /// Asynchronous tasks that have not ended.
    pub(crate) tasks: Tasks,
    pub(crate) hooks: Hooks,
    /// Resources and ports.
    pub(crate) claims: Claims,
}

impl Instance {
    pub(crate) fn new(
        id: u32,
        component: String,
        version: Option<&'static str>,
        props: Box<RawValue>,
    ) -> Rc<Self> {
        Rc::new(Self {
            id,
            component,
            version,
            props: RefCell::new(props),
            node: Cell::new(None),
            nodes: runtime().root.run_in(|| create_child_scope(|| {})),
            signals: RefCell::default(),
            parked: RefCell::default(),
            places: Places::default(),
            orphans: Orphans::default(),
            outcomes: RefCell::default(),
            clock_reads: Cell::new(0),
            prunes: RefCell::default(),
            tasks: Tasks::default(),
            hooks: Hooks::default(),
            claims: Claims::default(),
        })
    }

    /// Parks what a snapshot has of the instance, and begins to record the outcome of each key.
    pub(crate) fn begin_restore(&self, state: InstanceState) {
        self.tasks.begin_restore(state.tasks, state.done);
        self.orphans.begin_restore(state.orphans);
        for (key, state) in state.signals {
            self.parked.borrow_mut().insert(key, Parked::Old(state));
        }
        self.prunes.borrow_mut().extend(state.prunes);
        *self.outcomes.borrow_mut() = Some(BTreeMap::new());
        self.clock_reads.set(runtime().clock_reads.get());
    }

    /// Whether the clock was read while the instance was rendered: a value computed from it differs each time.
    pub(crate) fn has_read_clock(&self) -> bool {
        self.clock_reads.get() != runtime().clock_reads.get()
    }

    /// The outcome of each key; values that no signal claimed are orphaned and put aside.
    pub(crate) fn end_restore(&self) -> InstanceReport {
        let mut keys = self.outcomes.take().unwrap_or_default();
        for (key, parked) in self.parked.take() {
            if let Parked::Old(state) = parked {
                self.orphans.put_aside(&key, state);
                keys.insert(key, KeyOutcome::Orphaned);
            }
        }
        let lost = self.orphans.end_restore();
        if lost > 0 {
            let told = format!(
                "`{}` has more values of earlier versions than are kept: the oldest {lost} are gone",
                self.component
            );
            crate::engine::send_log(2, &told);
        }
        InstanceReport {
            instance: self.id,
            component: self.component.clone(),
            keys,
            version: self.version.map(str::to_owned),
            tasks: self.tasks.end_restore(),
            pruned: self.prunes.take().into_iter().collect(),
            ..InstanceReport::default()
        }
    }

    /// Parks the signals and tasks of a scope that is about to render again; an empty path means all.
    pub(crate) fn park(&self, path: &str) {
        self.tasks.park(|key| is_within(key, path));
        self.places.park(path);
        let mut parked = self.parked.borrow_mut();
        let leaving = self
            .signals
            .borrow_mut()
            .extract_if(.., |key, _| is_within(key, path))
            .collect::<Vec<_>>();
        for (key, live) in leaving {
            parked.insert(key, Parked::Live(live));
        }
    }

    /// Drops the parked signals and tasks of a scope that its new rendering did not claim.
    pub(crate) fn drop_parked(&self, path: &str) {
        self.tasks.drop_parked(|key| is_within(key, path));
        self.places.drop_parked(path);
        let unclaimed = |key: &String, parked: &mut Parked| {
            matches!(parked, Parked::Live(_)) && is_within(key, path)
        };
        let dropped: Vec<_> = self.parked.borrow_mut().extract_if(.., unclaimed).collect();
        for (key, parked) in dropped {
            if let Parked::Live(live) = parked {
                self.bury(&key, live.node);
            }
        }
    }

    /// Takes the value of an earlier version that was put aside under the key.
    pub(crate) fn take_orphan(&self, key: &str) -> Option<SignalState> {
        self.orphans.take(key, self.version)
    }

    /// Takes the key's old value, which is then no longer parked.
    pub(crate) fn claim(&self, key: &str) -> Option<Parked> {
        self.parked.borrow_mut().remove(key)
    }

    /// The instance is gone, with all that hung on it.
    pub(crate) fn end(&self) {
        runtime().gone.settle();
        self.nodes.dispose();
    }

    /// Notes that the code has a scope of this path.
    pub(crate) fn has_scope(&self, path: &str) {
        self.prunes.borrow_mut().remove(path);
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
            .map(|(key, live)| (key.clone(), Rc::clone(&live.slot)))
            .collect();
        let props = self.props.borrow().clone();
        let mut signals = BTreeMap::new();
        for (key, slot) in slots {
            signals.insert(key, capture(&*slot));
        }
        InstanceState {
            signals,
            version: self.version.map(str::to_owned),
            orphans: self.orphans.capture(),
            tasks: self.tasks.capture(),
            done: self.tasks.capture_done(),
            prunes: self.hooks.prunes(),
            ..InstanceState::new(self.id, self.component.clone(), props)
        }
    }
}

/// Whether a key is of a scope or of one inside it; an empty path means all.
pub(crate) fn is_within(key: &str, path: &str) -> bool {
    path.is_empty() || key.strip_prefix(path).is_some_and(|rest| rest.starts_with(':'))
}

fn capture(slot: &dyn Slot) -> SignalState {
    let (value, error) = match slot.write() {
        Ok(value) => (Some(value), None),
        Err(error) => (None, Some(error)),
    };
    SignalState {
        fingerprint: slot.fingerprint().to_owned(),
        set: slot.is_set(),
        code: slot.code().map(Code::text),
        value,
        error,
        ..SignalState::default()
    }
}
