//! A page's data about its modules and its events.

use std::collections::{BTreeMap, BTreeSet};

use hmr_abi::state::{InstanceState, Snapshot};

use crate::engine::{Health, State};
use crate::page::Page;
use crate::record::RefusedVersion;
use crate::swap::{Outcome, Swap};

/// Whether a module's code runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModuleState {
    /// Nothing of it is mounted.
    Idle,
    /// It runs.
    Running,
    /// It runs, and is undone if it fails.
    Probation,
    /// A swap is under way; what happens to it waits.
    Swapping,
    /// It trapped, and waits for a restart or could not be restarted.
    Stopped,
}

/// The keys of signals, by instance.
pub type Keys = BTreeMap<u32, BTreeSet<String>>;

/// Data about a module.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ModuleInfo {
    /// Its name.
    pub name: String,
    /// The content hash of the version that runs, or will.
    pub hash: String,
    /// How often code of it was committed; 0 before it ran at all.
    pub generation: u32,
    /// The components that it has.
    pub components: Vec<String>,
    /// The source file of its first component, as the compiler named it.
    pub source: Option<String>,
    /// The keys of its signals, by instance.
    pub keys: Keys,
    /// The keys that it had before the last swap.
    pub previous_keys: Keys,
    /// Whether it runs.
    pub state: ModuleState,
    /// The versions that were undone.
    pub refused: Vec<RefusedVersion>,
}

impl ModuleInfo {
    /// The keys of all signals in a snapshot.
    pub(crate) fn keys_of(snapshot: &Snapshot) -> Keys {
        let keys = |state: &InstanceState| state.signals.keys().cloned().collect();
        snapshot.instances.iter().map(|state| (state.instance, keys(state))).collect()
    }
}

/// How much has happened in a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Stats {
    /// Swaps that were committed, modules that were loaded included.
    pub committed: u64,
    /// Swaps that were rolled back.
    pub rolled_back: u64,
    /// Swaps that were undone.
    pub undone: u64,
    /// Traps of running code.
    pub traps: u64,
    /// How often code that trapped was restarted.
    pub revived: u64,
    /// Calls of exports, by the engine and through proxies.
    pub calls: u64,
    /// Modules that the page knows.
    pub modules: u64,
    /// Instances that are mounted.
    pub instances: u64,
}

impl State {
    pub(crate) fn info(&self, name: &str) -> Option<ModuleInfo> {
        let module = self.modules.get(name)?;
        let state = match module.health {
            _ if module.quiesced => ModuleState::Swapping,
            Health::Trapped | Health::Stopped => ModuleState::Stopped,
            Health::Well if module.guest.is_none() => ModuleState::Idle,
            Health::Well if module.probation.is_some() => ModuleState::Probation,
            Health::Well => ModuleState::Running,
        };
        Some(ModuleInfo {
            name: name.to_owned(),
            hash: module.code.hash.to_string(),
            generation: module.generation,
            components: module.code.components.clone(),
            source: module.code.manifest.components.first().map(|entry| entry.file.clone()),
            keys: module.keys.clone(),
            previous_keys: module.previous_keys.clone(),
            state,
            refused: module.refused.clone(),
        })
    }

    fn stats(&self) -> Stats {
        let ended =
            |outcome| self.swaps.iter().filter(|swap| swap.outcome == outcome).count() as u64;
        Stats {
            committed: ended(Outcome::Committed),
            rolled_back: ended(Outcome::RolledBack),
            undone: ended(Outcome::Undone),
            traps: self.traps.len() as u64,
            calls: self.modules.values().map(|module| module.calls.count()).sum(),
            modules: self.modules.len() as u64,
            instances: self.mounts.values().filter(|mount| !mount.failed).count() as u64,
            ..self.stats
        }
    }
}

impl Page {
    /// Data about each module, in the order of their names.
    #[must_use]
    pub fn modules(&self) -> Vec<ModuleInfo> {
        let state = self.state.borrow();
        state.modules.keys().filter_map(|name| state.info(name)).collect()
    }

    /// How much has happened so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.state.borrow().stats()
    }

    /// All swaps that have ended, in order: requested ones, modules that were loaded because a component was
    /// placed, and those that were undone.
    #[must_use]
    pub fn swaps(&self) -> Vec<Swap> {
        self.state.borrow().swaps.clone()
    }

    /// The swaps that were undone, in order.
    #[must_use]
    pub fn undone(&self) -> Vec<Swap> {
        let state = self.state.borrow();
        state.swaps.iter().filter(|swap| swap.outcome == Outcome::Undone).cloned().collect()
    }
}
