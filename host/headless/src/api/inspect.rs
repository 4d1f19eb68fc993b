//! Reading what a page knows and has reported.

use hmr_abi::state::Snapshot;

use super::Page;
use super::error::PageError;
use crate::page::PageState;
use crate::page::guest_call::capture;
use crate::report::log::LogLine;
use crate::report::module_info::{ModuleInfo, Stats};
use crate::report::slow_export::SlowExport;
use crate::report::swap::Swap;
use crate::report::trap::Trap;
use hmr_protocol::SwapOutcome;

impl Page {
    /// The state of a module, as `capture_state` gives it.
    pub fn snapshot(&self, module: &str) -> Result<Snapshot, PageError> {
        let PageState { modules, log, .. } = &mut *self.state.borrow_mut();
        if modules.get(module).is_none() {
            return Err(PageError::NoModule(module.to_owned()));
        }
        let captured = capture(modules, log, module)
            .ok_or_else(|| PageError::NotRunning(module.to_owned()))?;
        captured.map_err(|fault| PageError::Capture {
            module: module.to_owned(),
            why: fault.to_string(),
        })
    }

    /// The bytes that a module runs, or that it will run once a component of it is mounted.
    #[must_use]
    pub fn bytes(&self, module: &str) -> Option<Vec<u8>> {
        self.state.borrow().modules.get(module).map(|record| record.code().bytes.to_vec())
    }

    /// All that modules and the engine have logged so far.
    #[must_use]
    pub fn log(&self) -> Vec<LogLine> {
        self.state.borrow().log.lines().to_vec()
    }

    /// All traps of running code so far. A module that traps is restarted, with the state that it
    /// had after the last successful action.
    #[must_use]
    pub fn traps(&self) -> Vec<Trap> {
        self.state.borrow().log.traps().to_vec()
    }

    /// Problems for the developer besides traps: components that cannot be mounted, props that do not parse,
    /// modules that cannot be restarted.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        self.state.borrow().log.problems().to_vec()
    }

    /// The exports whose calls take at least twice as long since a swap, and a millisecond or more, seen from 20 calls or
    /// more of either version. Each is reported once for each swap.
    #[must_use]
    pub fn warnings(&self) -> Vec<SlowExport> {
        self.state.borrow().log.slow_exports().to_vec()
    }

    /// Data about each module, in the order of their names.
    #[must_use]
    pub fn modules(&self) -> Vec<ModuleInfo> {
        self.state.borrow().modules.iter().map(|(name, record)| record.info(name)).collect()
    }

    /// How much has happened so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let PageState { log, modules, mounts, .. } = &*self.state.borrow();
        let ended =
            |outcome| log.swaps().iter().filter(|swap| swap.outcome == outcome).count() as u64;
        Stats {
            committed: ended(SwapOutcome::Committed),
            rolled_back: ended(SwapOutcome::RolledBack),
            undone: ended(SwapOutcome::Undone),
            traps: log.traps().len() as u64,
            revived: log.restarts,
            calls: modules.iter().map(|(_, record)| record.calls.count()).sum(),
            modules: modules.iter().count() as u64,
            instances: mounts.mounted().count() as u64,
        }
    }

    /// All swaps that have ended, in order: requested ones, modules that were loaded because a component was
    /// placed, and those that were undone.
    #[must_use]
    pub fn swaps(&self) -> Vec<Swap> {
        self.state.borrow().log.swaps().to_vec()
    }

    /// The swaps that were undone, in order.
    #[must_use]
    pub fn undone(&self) -> Vec<Swap> {
        let mut swaps = self.swaps();
        swaps.retain(|swap| swap.outcome == SwapOutcome::Undone);
        swaps
    }
}
