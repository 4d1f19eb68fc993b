//! Orphans: values of earlier versions that the running code has no signal for. They wait for code that has their key again, so
//! that undoing an edit restores them. Every snapshot contains them until then.

use std::cell::RefCell;
use std::collections::BTreeMap;

use hmr_abi::constants::ORPHANS_KEPT;
use hmr_abi::state::SignalState;

/// See the module's documentation.
#[derive(Default)]
pub(crate) struct Orphans(RefCell<BTreeMap<String, SignalState>>);

impl Orphans {
    /// Takes the orphans of a snapshot, which are one swap older now.
    pub(crate) fn begin_restore(&self, orphans: BTreeMap<String, SignalState>) {
        *self.0.borrow_mut() = orphans;
        for state in self.0.borrow_mut().values_mut() {
            state.age = state.age.saturating_add(1);
        }
    }

    /// Removes some if there are too many. Returns how many of these had been set.
    pub(crate) fn end_restore(&self) -> usize {
        let mut orphans = self.0.borrow_mut();
        let mut lost = 0;
        for set in [false, true] {
            // The oldest first. All values that one edit made orphans have the same age.
            while orphans.len() > ORPHANS_KEPT {
                let candidates = orphans.values().filter(|state| state.set == set);
                let Some(oldest) = candidates.map(|state| state.age).max() else { break };
                let mut surplus = orphans.len() - ORPHANS_KEPT;
                let before = orphans.len();
                orphans.retain(|_, state| {
                    let remove = surplus > 0 && state.set == set && state.age == oldest;
                    surplus -= usize::from(remove);
                    !remove
                });
                lost += if set { before - orphans.len() } else { 0 };
            }
        }
        lost
    }

    /// Adds the value of a key. A value that was never set does not replace one that was set.
    pub(crate) fn put_aside(&self, key: &str, state: SignalState) {
        let mut orphans = self.0.borrow_mut();
        if state.set || orphans.get(key).is_none_or(|existing| !existing.set) {
            let state = SignalState { age: 0, migrated: None, ..state };
            orphans.insert(key.to_owned(), state);
        }
    }

    /// Returns a value that was taken and could not be used.
    pub(crate) fn put_back(&self, key: &str, state: SignalState) {
        self.0.borrow_mut().insert(key.to_owned(), state);
    }

    /// Removes the value of a key. A value that the migrations to this same version left unused is not given out.
    pub(crate) fn take(&self, key: &str, version: Option<&str>) -> Option<SignalState> {
        let mut orphans = self.0.borrow_mut();
        let unused_by = orphans.get(key)?.migrated.as_deref();
        if unused_by.is_some() && unused_by == version { None } else { orphans.remove(key) }
    }

    pub(crate) fn capture(&self) -> BTreeMap<String, SignalState> {
        self.0.borrow().clone()
    }
}
