//! Values of earlier versions that the running code has no use for. They wait for code that has their key again, so
//! that undoing an edit brings them back, and travel with every snapshot until then.

use std::cell::RefCell;
use std::collections::BTreeMap;

use hmr_abi::state::SignalState;

/// How many orphans an instance keeps; the oldest go first.
const MOST_KEPT: usize = 256;

/// See the module's documentation.
#[derive(Default)]
pub(crate) struct Orphans(RefCell<BTreeMap<String, SignalState>>);

impl Orphans {
    /// Takes over the orphans of a snapshot, which are one swap older now.
    pub(crate) fn begin_restore(&self, orphans: BTreeMap<String, SignalState>) {
        *self.0.borrow_mut() = orphans;
        for state in self.0.borrow_mut().values_mut() {
            state.age = state.age.saturating_add(1);
        }
    }

    /// Lets go of the oldest, if there are too many.
    pub(crate) fn end_restore(&self) {
        let mut orphans = self.0.borrow_mut();
        while orphans.len() > MOST_KEPT {
            let oldest = orphans.iter().max_by_key(|(_, state)| state.age);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else { return };
            orphans.remove(&key);
        }
    }

    /// Puts a value aside under its key. One that somebody set is not given up for one that nobody did.
    pub(crate) fn put_aside(&self, key: &str, state: SignalState) {
        let mut orphans = self.0.borrow_mut();
        if state.set || orphans.get(key).is_none_or(|there| !there.set) {
            let state = SignalState { age: 0, migrated: None, ..state };
            orphans.insert(key.to_owned(), state);
        }
    }

    /// Puts a value back that was taken and could not be used.
    pub(crate) fn put_back(&self, key: &str, state: SignalState) {
        self.0.borrow_mut().insert(key.to_owned(), state);
    }

    /// The value that was put aside under a key, which is then no longer there.
    pub(crate) fn take(&self, key: &str) -> Option<SignalState> {
        self.0.borrow_mut().remove(key)
    }

    pub(crate) fn capture(&self) -> BTreeMap<String, SignalState> {
        self.0.borrow().clone()
    }
}
