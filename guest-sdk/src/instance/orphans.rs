//! Values of earlier versions that the running code has no use for. They wait for code that has their key again, so
//! that undoing an edit brings them back, and travel with every snapshot until then.

use std::cell::RefCell;
use std::collections::BTreeMap;

use hmr_abi::constants::ORPHANS_KEPT;
use hmr_abi::state::SignalState;

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

    /// Lets go of some, if there are too many. Answers how many of them had been set.
    pub(crate) fn end_restore(&self) -> usize {
        let mut orphans = self.0.borrow_mut();
        let mut lost = 0;
        for set in [false, true] {
            // From the oldest on; a value's age is that of all that an edit has cost together.
            while orphans.len() > ORPHANS_KEPT {
                let those = orphans.values().filter(|state| state.set == set);
                let Some(oldest) = those.map(|state| state.age).max() else { break };
                let mut over = orphans.len() - ORPHANS_KEPT;
                let before = orphans.len();
                orphans.retain(|_, state| {
                    let goes = over > 0 && state.set == set && state.age == oldest;
                    over -= usize::from(goes);
                    !goes
                });
                lost += if set { before - orphans.len() } else { 0 };
            }
        }
        lost
    }

    /// Puts a value aside under its key. One that was set is not replaced by one that was never set.
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

    /// The value that was put aside under a key, which is then no longer there. One that the migrations to this very
    /// version left unused stays where it is.
    pub(crate) fn take(&self, key: &str, version: Option<&str>) -> Option<SignalState> {
        let mut orphans = self.0.borrow_mut();
        let left = orphans.get(key)?.migrated.as_deref();
        if left.is_some() && left == version { None } else { orphans.remove(key) }
    }

    pub(crate) fn capture(&self) -> BTreeMap<String, SignalState> {
        self.0.borrow().clone()
    }
}
