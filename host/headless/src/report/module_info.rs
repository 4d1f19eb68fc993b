//! What a page reports about its modules, and how much has happened in it.

use std::collections::{BTreeMap, BTreeSet};

use hmr_abi::state::{InstanceState, Snapshot};

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

/// The keys of all signals in a snapshot.
pub(crate) fn keys_of(snapshot: &Snapshot) -> Keys {
    let keys = |state: &InstanceState| state.signals.keys().cloned().collect();
    snapshot.instances.iter().map(|state| (state.instance, keys(state))).collect()
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

/// A version that was undone.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RefusedVersion {
    /// Its content hash.
    pub hash: String,
    /// Why it was undone.
    pub error: String,
}
