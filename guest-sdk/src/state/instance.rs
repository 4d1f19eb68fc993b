//! A mounted component: its signals, the values of earlier versions, and the outcome of each key in a restore.
//!
//! Invariant: `outcomes` is `Some` only while a snapshot is being restored.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use hmr_abi::state::{InstanceReport, InstanceState, KeyOutcome, SignalState};
use serde_json::value::RawValue;
use sycamore_reactive::NodeHandle;

use super::node;
use super::orphans::Orphans;
use super::signals::Signals;
use crate::DEPLOYED;
use crate::clock;
use crate::engine::send_log;

/// One mounted component; see the module's documentation.
pub(crate) struct Instance {
    pub(crate) id: u32,
    pub(crate) component: String,
    /// The version that the component declares.
    version: Option<&'static str>,
    pub(crate) props: RefCell<Box<RawValue>>,
    /// The owner of its effects and clean-ups.
    pub(crate) owner: Cell<Option<NodeHandle>>,
    pub(crate) signals: Signals,
    /// See [`Instance::part`].
    parts: RefCell<Vec<Rc<dyn Any>>>,
}

/// What only restoring a snapshot needs. It is a part, so that deployed modules have none of its code.
#[derive(Default)]
struct Restoring {
    orphans: Orphans,
    outcomes: RefCell<Option<BTreeMap<String, KeyOutcome>>>,
    /// How often the clock had been read when the restore began.
    clock_reads: Cell<u64>,
    /// While a snapshot is being restored: the scopes with hooks for their removal that the new code has not entered yet.
    missing_scopes: RefCell<BTreeSet<String>>,
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
            owner: Cell::new(None),
            signals: Signals::new(),
            parts: RefCell::default(),
        })
    }

    /// What another module keeps for each instance: its tasks, hooks, resources, … There is one value of each type, which that
    /// module alone uses.
    pub(crate) fn part<T: Default + 'static>(&self) -> Rc<T> {
        let find = |part: &Rc<dyn Any>| Rc::clone(part).downcast().ok();
        let found = self.parts.borrow().iter().find_map(find);
        found.unwrap_or_else(|| {
            let part = Rc::<T>::default();
            self.parts.borrow_mut().push(Rc::clone(&part) as _);
            part
        })
    }

    fn restoring(&self) -> Rc<Restoring> {
        self.part()
    }

    /// The values of earlier versions.
    pub(crate) fn with_orphans<R>(&self, with: impl FnOnce(&Orphans) -> R) -> R {
        with(&self.restoring().orphans)
    }

    /// Parks the signals of a snapshot, and begins to record the outcome of each key.
    pub(crate) fn begin_restore(
        &self,
        signals: BTreeMap<String, SignalState>,
        orphans: BTreeMap<String, SignalState>,
        scopes: Vec<String>,
    ) {
        self.restoring().orphans.begin_restore(orphans);
        self.signals.park_old(signals);
        self.restoring().missing_scopes.borrow_mut().extend(scopes);
        *self.restoring().outcomes.borrow_mut() = Some(BTreeMap::new());
        self.restoring().clock_reads.set(clock::reads());
    }

    /// Whether the clock was read while the instance was rendered: a value computed from it differs each time.
    pub(crate) fn has_read_clock(&self) -> bool {
        self.restoring().clock_reads.get() != clock::reads()
    }

    /// The outcome of each key. Values that no signal claimed become orphans.
    pub(crate) fn end_restore(&self) -> InstanceReport {
        let mut keys = self.restoring().outcomes.take().unwrap_or_default();
        for (key, state) in self.signals.take_unclaimed_old() {
            self.restoring().orphans.put_aside(&key, state);
            keys.insert(key, KeyOutcome::Orphaned);
        }
        let lost = self.restoring().orphans.end_restore();
        if lost > 0 {
            let text = format!(
                "`{}` has more values of earlier versions than are kept: the oldest {lost} are gone",
                self.component
            );
            send_log(2, &text);
        }
        InstanceReport {
            instance: self.id,
            component: self.component.clone(),
            keys,
            version: self.version.map(str::to_owned),
            pruned: self.restoring().missing_scopes.take().into_iter().collect(),
            ..InstanceReport::default()
        }
    }

    /// The instance's part of a snapshot, as far as it is known here: without tasks and hooks.
    pub(crate) fn capture(&self) -> InstanceState {
        let props = self.props.borrow().clone();
        InstanceState {
            signals: self.signals.capture(),
            version: self.version.map(str::to_owned),
            orphans: self.restoring().orphans.capture(),
            ..InstanceState::new(self.id, self.component.clone(), props)
        }
    }

    /// Takes the value of an earlier version that was put aside under the key.
    pub(crate) fn take_orphan(&self, key: &str) -> Option<SignalState> {
        self.restoring().orphans.take(key, self.version)
    }

    /// Removes the parked signals of a scope that its new rendering did not claim.
    pub(crate) fn drop_parked_signals(&self, path: &str) {
        for (key, node) in self.signals.take_unclaimed(path) {
            node::note_removed(&self.component, &key, node);
        }
    }

    /// The instance is removed: disposes its signals.
    pub(crate) fn end(&self) {
        node::dispose_removed();
        self.signals.dispose();
    }

    /// Notes that the code has a scope of this path.
    pub(crate) fn note_scope(&self, path: &str) {
        if DEPLOYED {
            return;
        }
        self.restoring().missing_scopes.borrow_mut().remove(path);
    }

    /// Notes the outcome of a key, if a snapshot is being restored.
    pub(crate) fn note_outcome(&self, key: &str, outcome: KeyOutcome) {
        if let Some(outcomes) = self.restoring().outcomes.borrow_mut().as_mut() {
            outcomes.insert(key.to_owned(), outcome);
        }
    }
}
