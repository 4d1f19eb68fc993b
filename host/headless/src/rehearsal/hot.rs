//! Which functions of a module rehearsals call, remembered across its versions.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::module_layout::{Function, ModuleLayout};

/// The functions that rehearsals of a module have called so far, by name.
#[derive(Debug, Clone, Default)]
pub(super) struct HotSet {
    /// The hot ones of each name, by their places among those of the name; and how many there were.
    hot: HashMap<String, (BTreeSet<u32>, u32)>,
    /// Every name that was there when this was learned: others are new, and so are what an edit is about.
    known: HashSet<String>,
}

impl HotSet {
    /// Adds what a lesson has taught.
    pub(super) fn learn(&mut self, all: &[Function], called: impl IntoIterator<Item = Function>) {
        self.known.extend(all.iter().map(|function| function.name.clone()));
        self.extend(called);
    }

    /// Adds functions that were called.
    pub(super) fn extend(&mut self, functions: impl IntoIterator<Item = Function>) {
        for function in functions {
            let entry = self.hot.entry(function.name).or_insert((BTreeSet::new(), function.of));
            entry.0.insert(function.nth);
            if entry.1 != function.of {
                // Places among so many others mean something else: from now on all of the name count.
                entry.1 = 0;
            }
        }
    }

    /// The functions of a version that a rehearsal may call: the hot ones, the new ones, and what it exports.
    pub(super) fn choose(&self, layout: &ModuleLayout) -> Presence {
        let is_hot = |function: &Function| match self.hot.get(&function.name) {
            Some((places, of)) => *of != function.of || places.contains(&function.nth),
            None => !self.known.contains(&function.name),
        };
        let mut present: Vec<bool> = layout.functions().iter().map(is_hot).collect();
        for function in &layout.exported {
            if let Some(present) = present.get_mut(*function as usize) {
                *present = true;
            }
        }
        Presence(present)
    }
}

/// Which functions of a version are compiled, by their numbers among the defined ones.
#[derive(Debug)]
pub(super) struct Presence(Vec<bool>);

impl Presence {
    pub(super) fn has(&self, defined: usize) -> bool {
        self.0.get(defined).copied().unwrap_or_default()
    }

    pub(super) fn functions(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().filter(|(_, present)| **present).map(|(defined, _)| defined)
    }
}
