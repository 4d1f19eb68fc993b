//! States of a whole page that are written down.

use hmr_abi::state::Snapshot;
use serde::{Deserialize, Serialize};

use super::Page;
use super::error::PageError;
use crate::report::swap::Swap;
use crate::swap::travel::{Destination, assign};

/// The version of the format of saved snapshots.
const FORMAT: u32 = 1;

/// The state of a whole page under a name: what `serde_json` writes of it is the file format that `docs/abi.md` describes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NamedSnapshot {
    hmr: u32,
    /// The name.
    pub name: String,
    /// The state of each module that ran.
    pub modules: Vec<SavedModule>,
}

/// One module's part of a [`NamedSnapshot`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SavedModule {
    /// The module.
    pub module: String,
    /// The content hash of the version that it was captured from.
    pub hash: String,
    /// The state.
    pub snapshot: Snapshot,
}

impl NamedSnapshot {
    /// Reads a file's text.
    ///
    /// # Errors
    /// If it is not what [`NamedSnapshot::to_json`] writes, or of another version of the format.
    pub fn from_json(text: &str) -> Result<Self, PageError> {
        let saved: Self =
            serde_json::from_str(text).map_err(|error| PageError::Saved(error.to_string()))?;
        if saved.hmr != FORMAT {
            let why = format!("it is of version {} of the format, not {FORMAT}", saved.hmr);
            return Err(PageError::Saved(why));
        }
        Ok(saved)
    }

    /// The text of a file.
    ///
    /// # Errors
    /// If a value that was put into it is not JSON.
    pub fn to_json(&self) -> Result<String, PageError> {
        serde_json::to_string(self).map_err(|error| PageError::Saved(error.to_string()))
    }
}

impl Page {
    /// Captures the state of all modules that run.
    ///
    /// # Errors
    /// If one of them cannot be captured.
    pub fn save_snapshot(&self, name: &str) -> Result<NamedSnapshot, PageError> {
        let running: Vec<_> = {
            let state = self.state.borrow();
            let running = state.modules.iter().filter(|(_, record)| record.has_guest());
            running.map(|(name, record)| (name.clone(), record.code().hash.to_string())).collect()
        };
        let modules = running.into_iter().map(|(module, hash)| {
            let snapshot = self.snapshot(&module)?;
            Ok(SavedModule { module, hash, snapshot })
        });
        Ok(NamedSnapshot {
            hmr: FORMAT,
            name: name.to_owned(),
            modules: modules.collect::<Result<_, _>>()?,
        })
    }

    /// Gives modules the state of a saved snapshot. The saved state of an instance goes to the one of the same number and
    /// component, else to one of the same component that is left; instances that get nothing keep what they have, and modules
    /// that do not run are left out. A state of another version is migrated.
    ///
    /// # Errors
    /// If one of the modules is being swapped, or its state cannot be captured.
    pub fn load_snapshot(&self, saved: &NamedSnapshot) -> Result<Vec<Swap>, PageError> {
        let mut swaps = Vec::new();
        for SavedModule { module, hash, snapshot } in &saved.modules {
            match self.check_running(module) {
                Ok(()) => {}
                Err(PageError::NotRunning(_) | PageError::NoModule(_)) => continue,
                Err(error) => return Err(error),
            }
            let mut snapshot = assign(&self.state.borrow().mounts, module, snapshot.clone());
            for state in self.snapshot(module)?.instances {
                if !snapshot.instances.iter().any(|given| given.instance == state.instance) {
                    snapshot.instances.push(state);
                }
            }
            let hash = hash.as_str().into();
            swaps.push(self.travel(module, Destination { snapshot, hash, index: None }));
        }
        Ok(swaps)
    }
}
