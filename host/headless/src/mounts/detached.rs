//! The states of instances whose elements an update removes from the page. They are kept for an update that adds the element
//! again, because the edit was reverted, for instance.

use std::collections::VecDeque;

use hmr_abi::constants::LEFT_STATES;
use hmr_abi::state::InstanceState;

use crate::mounts::path::InstancePath;

/// The kept states, the latest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct DetachedStates(VecDeque<(InstancePath, InstanceState)>);

impl DetachedStates {
    /// Keeps a state. Too many push the oldest out.
    pub(crate) fn keep(&mut self, path: InstancePath, state: InstanceState) {
        self.remove(&path);
        self.0.push_front((path, state));
        self.0.truncate(LEFT_STATES);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, path: &InstancePath) -> Option<&InstanceState> {
        self.0.iter().find(|(other, _)| other == path).map(|(_, state)| state)
    }

    pub(crate) fn remove(&mut self, path: &InstancePath) {
        self.0.retain(|(other, _)| other != path);
    }
}
