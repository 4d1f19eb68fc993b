//! The states that a module had: going back to them, and writing them down.

use std::collections::VecDeque;
use std::sync::Arc;

use hmr_abi::constants::HISTORY_LENGTH;
use hmr_abi::state::Snapshot;

/// A state that a module had.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The version that it was captured from.
    pub(crate) hash: Arc<str>,
    pub(crate) snapshot: Snapshot,
    /// Its JSON, to compare.
    text: String,
}

/// The states that a module had, oldest first, and the current position among them.
#[derive(Debug, Default)]
pub(crate) struct History {
    entries: VecDeque<Entry>,
    at: usize,
    /// It has just gone to another entry: the next capture is that one, as restored by the code.
    moved: bool,
}

impl History {
    /// Records a state. One that equals the current state changes nothing; another one is inserted after that, and
    /// what came after it is dropped.
    pub(crate) fn note(&mut self, hash: &Arc<str>, snapshot: &Snapshot) {
        let Ok(text) = serde_json::to_string(&snapshot.instances) else { return };
        let entry = Entry { hash: Arc::clone(hash), snapshot: snapshot.clone(), text };
        let moved = std::mem::take(&mut self.moved);
        match self.entries.get_mut(self.at) {
            Some(current) if moved => *current = entry,
            Some(current) if current.text == entry.text => {}
            _ => {
                self.entries.truncate(self.at + 1);
                self.entries.push_back(entry);
                if self.entries.len() > HISTORY_LENGTH {
                    self.entries.pop_front();
                }
                self.at = self.entries.len() - 1;
            }
        }
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Entry> {
        self.entries.get(index)
    }

    /// The module's current position.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn go_to(&mut self, index: usize) {
        self.at = index;
        self.moved = true;
    }
}
