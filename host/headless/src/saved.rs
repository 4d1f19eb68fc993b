//! Going back and forth through the states that modules had, and states of a whole page that are written down.

use hmr_abi::state::{InstanceState, Snapshot};
use serde::{Deserialize, Serialize};

use crate::engine::State;
use crate::error::PageError;
use crate::page::Page;
use crate::record::LogLevel;
use crate::swap::{Outcome, Swap, SwapStep, migrate};

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
    /// The states that a module had, oldest first: one for each swap and one for each change that has settled, 50 at most.
    ///
    /// # Errors
    /// If the page has no such module.
    pub fn history(&self, module: &str) -> Result<Vec<Snapshot>, PageError> {
        self.with_module(module, |module| {
            module.history.entries().map(|entry| entry.snapshot.clone()).collect()
        })
    }

    /// Which of the states of [`Page::history`] is current in a module.
    ///
    /// # Errors
    /// If the page has no such module.
    pub fn history_index(&self, module: &str) -> Result<usize, PageError> {
        self.with_module(module, |module| module.history.at())
    }

    /// Goes back (-1) or forward (+1) in the history of a module. See [`Page::go_to`].
    ///
    /// # Errors
    /// As [`Page::go_to`].
    pub fn step(&self, module: &str, by: i64) -> Result<Swap, PageError> {
        let at = self.history_index(module)?;
        let index = i64::try_from(at).unwrap_or(i64::MAX).saturating_add(by);
        self.go_to_state(module, index)
    }

    /// Goes to a state of [`Page::history`]: a swap to the same bytes with that state. States after it stay, until the
    /// module's state changes otherwise.
    ///
    /// # Errors
    /// If the page has no such module, its history no such state, it does not run, or is being swapped.
    pub fn go_to(&self, module: &str, index: usize) -> Result<Swap, PageError> {
        self.go_to_state(module, i64::try_from(index).unwrap_or(i64::MAX))
    }

    fn go_to_state(&self, module: &str, index: i64) -> Result<Swap, PageError> {
        let (entry, count) = self.with_module(module, |module| {
            let at = usize::try_from(index).ok();
            let entry = at.and_then(|at| Some((at, module.history.get(at)?.clone())));
            (entry, module.history.entries().count())
        })?;
        let (at, entry) =
            entry.ok_or_else(|| PageError::NoState { module: module.to_owned(), index, count })?;
        self.check_running(module)?;
        Ok(self.travel(module, &entry.hash, entry.snapshot, Some(at)))
    }

    /// Captures the state of all modules that run.
    ///
    /// # Errors
    /// If one of them cannot be captured.
    pub fn save_snapshot(&self, name: &str) -> Result<NamedSnapshot, PageError> {
        let running: Vec<_> = {
            let state = self.state.borrow();
            let running = state.modules.iter().filter(|(_, module)| module.guest.is_some());
            running.map(|(name, module)| (name.clone(), module.code.hash.to_string())).collect()
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
            let mut snapshot = self.state.borrow().assign(module, snapshot.clone());
            for state in self.snapshot(module)?.instances {
                if !snapshot.instances.iter().any(|given| given.instance == state.instance) {
                    snapshot.instances.push(state);
                }
            }
            swaps.push(self.travel(module, hash, snapshot, None));
        }
        Ok(swaps)
    }

    /// Swaps a module to the version that it runs, with another state.
    fn travel(&self, name: &str, from_hash: &str, snapshot: Snapshot, to: Option<usize>) -> Swap {
        let mut state = self.state.borrow_mut();
        state.begin();
        let hash = state.modules.get(name).map(|module| module.code.hash.to_string());
        let mut swap = Swap::new(name, hash.unwrap_or_default());
        if let Err((step, error)) = state.change_state(&mut swap, from_hash, snapshot, to) {
            swap.outcome = Outcome::RolledBack;
            let text = format!("the swap was rolled back in the step `{step}`: {error}");
            swap.step = Some(step);
            swap.error = Some(error);
            state.pass(&mut swap, SwapStep::Rollback);
            state.write_log(LogLevel::Warn, name, text);
        }
        let swap = state.ended_with_invalidations(swap);
        drop(state);
        self.settle();
        swap
    }

    fn with_module<T>(
        &self,
        name: &str,
        read: impl FnOnce(&crate::engine::Module) -> T,
    ) -> Result<T, PageError> {
        let state = self.state.borrow();
        state.modules.get(name).map(read).ok_or_else(|| PageError::NoModule(name.to_owned()))
    }

    fn check_running(&self, name: &str) -> Result<(), PageError> {
        let (runs, swapping) =
            self.with_module(name, |module| (module.guest.is_some(), module.quiesced))?;
        if swapping {
            return Err(PageError::Swapping(name.to_owned()));
        }
        if runs { Ok(()) } else { Err(PageError::NotRunning(name.to_owned())) }
    }
}

impl State {
    fn change_state(
        &mut self,
        swap: &mut Swap,
        from_hash: &str,
        snapshot: Snapshot,
        to: Option<usize>,
    ) -> Result<(), (SwapStep, String)> {
        let name = swap.module.clone();
        let Some(code) = self.modules.get(&name).map(|module| module.code.clone()) else {
            return Ok(());
        };
        self.pass(swap, SwapStep::Quiesce);
        self.pass(swap, SwapStep::Capture);
        if let Some(Ok(current)) = self.capture(&name)
            && let Some(module) = self.modules.get_mut(&name)
        {
            module.history.note(&code.hash, &current);
        }
        let snapshot = self.complete(&name, snapshot);
        self.pass(swap, SwapStep::Instantiate);
        let mut guest =
            self.instantiate(&name, &code).map_err(|why| (SwapStep::Instantiate, why))?;
        let mut given = snapshot.clone();
        if *code.hash != *from_hash {
            self.pass(swap, SwapStep::Migrate);
            given = migrate(&mut guest, given).map_err(|why| (SwapStep::Migrate, why))?;
        }
        self.pass(swap, SwapStep::Restore);
        let candidate = self
            .restore(guest, &snapshot, &given, &mut swap.report)
            .map_err(|why| (SwapStep::Restore, why))?;
        self.pass(swap, SwapStep::Render);
        let replaced = self.render_update(&name, code, candidate, Vec::new(), swap);
        self.pass(swap, SwapStep::Commit);
        self.commit(&name, replaced, None);
        if let (Some(to), Some(module)) = (to, self.modules.get_mut(&name)) {
            module.history.go_to(to);
        }
        self.follow_props(&snapshot);
        Ok(())
    }

    /// Gives each mounted instance of a module the state that was saved for it.
    fn assign(&self, name: &str, snapshot: Snapshot) -> Snapshot {
        let mounted: Vec<(u32, &str)> = self
            .mounted_of(name)
            .into_iter()
            .filter_map(|id| Some((id, self.mounts.get(&id)?.wanted.component.as_str())))
            .collect();
        let mut left = snapshot.instances;
        let mut take = |fits: &dyn Fn(&InstanceState) -> bool| {
            let at = left.iter().position(fits)?;
            Some(left.remove(at))
        };
        let mut given: Vec<Option<InstanceState>> = mounted
            .iter()
            .map(|(id, component)| {
                take(&|state| state.instance == *id && state.component == *component)
            })
            .collect();
        for (state, (id, component)) in given.iter_mut().zip(&mounted) {
            if state.is_none()
                && let Some(found) = take(&|state| state.component == *component)
            {
                *state = Some(InstanceState { instance: *id, ..found });
            }
        }
        Snapshot { instances: given.into_iter().flatten().collect(), ..snapshot }
    }
}
