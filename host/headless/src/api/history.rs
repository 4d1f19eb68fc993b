//! Going back and forth through the states that a module had.

use hmr_abi::state::Snapshot;

use super::Page;
use super::error::PageError;
use crate::module::history::Entry;
use crate::module::record::ModuleRecord;
use crate::report::swap::Swap;
use crate::swap::travel::{Destination, travel};

impl Page {
    /// The states that a module had, oldest first: one for each swap and one for each change that has settled, 50 at most.
    ///
    /// # Errors
    /// If the page has no such module.
    pub fn history(&self, module: &str) -> Result<Vec<Snapshot>, PageError> {
        self.with_module(module, |record| {
            record.history.entries().map(|entry| entry.snapshot.clone()).collect()
        })
    }

    /// Which of the states of [`Page::history`] is current in a module.
    ///
    /// # Errors
    /// If the page has no such module.
    pub fn history_index(&self, module: &str) -> Result<usize, PageError> {
        self.with_module(module, |record| record.history.at())
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
        let (entry, count) = self.with_module(module, |record| {
            let at = usize::try_from(index).ok();
            let entry = at.and_then(|at| Some((at, record.history.get(at)?.clone())));
            (entry, record.history.entries().count())
        })?;
        let (at, entry) =
            entry.ok_or_else(|| PageError::NoState { module: module.to_owned(), index, count })?;
        self.check_running(module)?;
        let Entry { hash, snapshot, .. } = entry;
        Ok(self.travel(module, Destination { snapshot, hash, index: Some(at) }))
    }

    /// Swaps a module to the version that it runs, with another state.
    pub(super) fn travel(&self, module: &str, to: Destination) -> Swap {
        let swap = travel(&mut self.state.borrow_mut(), module, to);
        self.settle();
        swap
    }

    fn with_module<T>(
        &self,
        name: &str,
        read: impl FnOnce(&ModuleRecord) -> T,
    ) -> Result<T, PageError> {
        let state = self.state.borrow();
        state.modules.get(name).map(read).ok_or_else(|| PageError::NoModule(name.to_owned()))
    }

    pub(super) fn check_running(&self, name: &str) -> Result<(), PageError> {
        let (runs, swapping) =
            self.with_module(name, |record| (record.has_guest(), record.is_swapping()))?;
        if swapping {
            return Err(PageError::Swapping(name.to_owned()));
        }
        if runs { Ok(()) } else { Err(PageError::NotRunning(name.to_owned())) }
    }
}
