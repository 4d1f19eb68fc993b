//! Which functions of a module rehearsals call, remembered across its versions.

use std::collections::{BTreeSet, HashMap, HashSet};

use hmr_guest::wasm::{Function, ModuleLayout};

/// The functions that rehearsals of a module have called so far, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct CalledFunctions {
    called: HashMap<String, CalledOfName>,
    /// Every name in the traced versions. Others are new, and so an edit is probably about them.
    known: HashSet<String>,
}

/// The called functions of one name.
#[derive(Debug, Clone)]
struct CalledOfName {
    /// Their positions among those of the name.
    positions: BTreeSet<u32>,
    /// How many functions had the name; 0 if that was not always the same, so that positions mean nothing.
    of: u32,
}

impl CalledFunctions {
    /// Adds the functions of a traced version that were called.
    pub(crate) fn add(&mut self, all: &[Function], called: impl IntoIterator<Item = Function>) {
        self.known.extend(all.iter().map(|function| function.name.clone()));
        for function in called {
            let first = CalledOfName { positions: BTreeSet::new(), of: function.of };
            let entry = self.called.entry(function.name).or_insert(first);
            entry.positions.insert(function.nth);
            if entry.of != function.of {
                entry.of = 0;
            }
        }
    }

    /// The functions of a version that a rehearsal may call: those that were called, the new ones, and the exported ones.
    pub(crate) fn select(&self, layout: &ModuleLayout) -> Selection {
        let is_selected = |function: &Function| match self.called.get(&function.name) {
            Some(CalledOfName { positions, of }) => {
                *of != function.of || positions.contains(&function.nth)
            }
            None => !self.known.contains(&function.name),
        };
        let mut selected: Vec<bool> = layout.functions().iter().map(is_selected).collect();
        for function in &layout.exported {
            if let Some(selected) = selected.get_mut(*function as usize) {
                *selected = true;
            }
        }
        Selection(selected)
    }
}

/// Which functions of a version are compiled, by their numbers among the defined ones.
#[derive(Debug)]
pub(crate) struct Selection(Vec<bool>);

impl Selection {
    pub(crate) fn has(&self, defined: usize) -> bool {
        self.0.get(defined).copied().unwrap_or_default()
    }

    pub(crate) fn functions(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().filter(|(_, selected)| **selected).map(|(defined, _)| defined)
    }
}
