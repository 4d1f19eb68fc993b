//! Which functions of a module rehearsals call, remembered across its versions.

use std::collections::{BTreeMap, BTreeSet};

use super::outline::{Function, Outline};

/// The functions that rehearsals of a module have called so far, by name.
#[derive(Debug, Default)]
pub(super) struct HotSet {
    /// The hot ones of each name, by their places among those of the name; and how many there were.
    hot: BTreeMap<String, (BTreeSet<u32>, u32)>,
    /// Every name that was there when this was learned: others are new, and so are what an edit is about.
    known: BTreeSet<String>,
}

impl HotSet {
    pub(super) fn new(all: &[Function], called: impl IntoIterator<Item = Function>) -> Self {
        let known = all.iter().map(|function| function.name.clone()).collect();
        let mut set = Self { hot: BTreeMap::new(), known };
        set.extend(called);
        set
    }

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

    /// Which functions of a version to compile.
    pub(super) fn choose(&self, outline: &Outline) -> Vec<bool> {
        let is_hot = |function: &Function| match self.hot.get(&function.name) {
            Some((places, of)) => *of != function.of || places.contains(&function.nth),
            None => !self.known.contains(&function.name),
        };
        outline.functions().iter().map(is_hot).collect()
    }
}
