//! Instances that report that they cannot continue with their state.

use std::collections::{BTreeSet, VecDeque};

use hmr_abi::port::Invalidation;

/// The reports of a page's instances.
#[derive(Debug, Default)]
pub(crate) struct Invalidations {
    /// Those that wait, each with the module that reported it.
    waiting: VecDeque<(String, Invalidation)>,
    /// Those that were handled since the action began.
    handled: Vec<Invalidation>,
    /// The instances that had their turn since the page last settled.
    had_turn: BTreeSet<u32>,
}

impl Invalidations {
    pub(crate) fn add(&mut self, module: &str, invalidation: Invalidation) {
        self.waiting.push_back((module.to_owned(), invalidation));
    }

    /// The first report that can be handled now.
    pub(crate) fn next(
        &mut self,
        can_be_handled: impl Fn(&str, &Invalidation) -> bool,
    ) -> Option<(String, Invalidation)> {
        let is_free = |(module, one): &(String, Invalidation)| can_be_handled(module, one);
        let at = self.waiting.iter().position(is_free)?;
        self.waiting.remove(at)
    }

    /// Gives an instance its turn. Each has one until the page has settled: returns whether it was still to come.
    pub(crate) fn take_turn(&mut self, instance: u32) -> bool {
        self.had_turn.insert(instance)
    }

    /// Lets each instance have a turn again.
    pub(crate) fn end_round(&mut self) {
        self.had_turn.clear();
    }

    pub(crate) fn note_handled(&mut self, invalidation: Invalidation) {
        self.handled.push(invalidation);
    }

    /// Forgets what was handled: another action begins.
    pub(crate) fn clear_handled(&mut self) {
        self.handled.clear();
    }

    /// What was handled since the action began.
    pub(crate) fn take_handled(&mut self) -> Vec<Invalidation> {
        std::mem::take(&mut self.handled)
    }
}
