//! The record of one module: its code, the phase that it is in ([`Phase`]), and what stays when the code is exchanged.
//!
//! A swap can hold the module ([`ModuleRecord::start_swap`], [`ModuleRecord::end_swap`]): then nothing but the swap calls its
//! code, and what happens to the module waits in its queue.

use std::collections::VecDeque;
use std::rc::Rc;

use hmr_abi::constants::{RESTART_LIMIT, RESTART_PERIOD_MS};
use hmr_abi::event::EventData;
use hmr_abi::state::Snapshot;

use crate::connections::Delivery;
use crate::dom::Node;
use crate::environment::resources::Live;
use crate::guest::Guest;
use crate::guest::code::Code;
use crate::guest::wrappers::Calls;
use crate::module::call_timing::CallTiming;
use crate::module::history::History;
use crate::module::phase::Phase;
use crate::module::probation::Probation;
use crate::rendering::tree::Tree;
use crate::report::module_info::{Keys, ModuleInfo, ModuleState, RefusedVersion, keys_of};

/// Something for a module that waits until its swap is over.
#[derive(Debug, Clone)]
pub(crate) enum Waiting {
    Event { node: Node, capture: bool, data: EventData },
    Firing { live: Box<Live>, data: EventData },
    Value(Box<Delivery>),
}

/// New code whose swap is to be undone.
pub(crate) struct FailedProbation {
    pub(crate) probation: Probation,
    pub(crate) error: String,
}

/// Code that was replaced.
pub(crate) struct ReplacedCode {
    pub(crate) code: Code,
    /// The instance, if it did not trap: it gets one last call.
    pub(crate) guest: Option<Guest>,
    /// The probation that it was on.
    pub(crate) probation: Option<Probation>,
}

/// The record of one module.
pub(crate) struct ModuleRecord {
    code: Code,
    phase: Phase,
    is_swapping: bool,
    queue: VecDeque<Waiting>,
    pub(crate) tree: Tree,
    /// The state after the last successful action.
    last_good: Option<Snapshot>,
    /// Whether it was called since `last_good` was taken.
    has_changed: bool,
    /// When the code was restarted after a trap, by the page's clock.
    restarts: Vec<f64>,
    /// The wrappers and meters of its exports.
    pub(crate) calls: Rc<Calls>,
    /// How often code was committed.
    generation: u32,
    /// The version before the current one.
    previous: Option<Code>,
    /// The keys of its signals, and the keys from before the last swap.
    keys: Keys,
    previous_keys: Keys,
    /// The versions whose swaps were undone.
    refused: Vec<RefusedVersion>,
    pub(crate) history: History,
    pub(crate) timing: CallTiming,
}

impl ModuleRecord {
    pub(crate) fn new(code: Code, tree: Tree) -> Self {
        Self {
            code,
            phase: Phase::Idle,
            is_swapping: false,
            queue: VecDeque::new(),
            tree,
            last_good: None,
            has_changed: false,
            restarts: Vec::new(),
            calls: Rc::default(),
            generation: 0,
            previous: None,
            keys: Keys::new(),
            previous_keys: Keys::new(),
            refused: Vec::new(),
            history: History::default(),
            timing: CallTiming::default(),
        }
    }

    /// The code that runs, or that will run once a component is mounted.
    pub(crate) fn code(&self) -> &Code {
        &self.code
    }

    /// The version before the current one.
    pub(crate) fn previous(&self) -> Option<&Code> {
        self.previous.as_ref()
    }

    pub(crate) fn last_good(&self) -> Option<&Snapshot> {
        self.last_good.as_ref()
    }

    pub(crate) fn is_swapping(&self) -> bool {
        self.is_swapping
    }

    /// Whether there is an instance of its code, also if that has failed.
    pub(crate) fn has_guest(&self) -> bool {
        self.phase.guest().is_some()
    }

    /// The instance of its code, also if that has failed.
    pub(crate) fn guest_mut(&mut self) -> Option<&mut Guest> {
        self.phase.guest_mut()
    }

    /// Whether its code trapped and was not restarted.
    pub(crate) fn has_trapped(&self) -> bool {
        self.phase.has_trapped()
    }

    /// Whether the swap to its code waits to be undone.
    pub(crate) fn awaits_undo(&self) -> bool {
        self.phase.awaits_undo()
    }

    /// Whether its code waits to be restarted.
    pub(crate) fn awaits_restart(&self) -> bool {
        self.phase.awaits_restart()
    }

    /// Whether its code waits to be replaced because it failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.phase.has_failed()
    }

    /// The running code, for a call that can change its state. Nothing if none runs, or if it trapped.
    pub(crate) fn call_guest(&mut self) -> Option<&mut Guest> {
        if self.has_trapped() {
            return None;
        }
        let guest = self.phase.guest_mut()?;
        self.has_changed = true;
        Some(guest)
    }

    /// Starts the code: its first component is being mounted.
    pub(crate) fn start(&mut self, guest: Guest) {
        self.phase.start(guest);
    }

    /// Notes that the running code trapped.
    pub(crate) fn trap(&mut self, error: String) {
        self.phase.trap(error);
    }

    /// Notes that code reports that it is unhealthy. Returns whether it was on probation.
    pub(crate) fn report_unhealthy(&mut self, error: String) -> bool {
        self.phase.report_unhealthy(error)
    }

    /// Counts a call of code on probation. Returns whether it was the last one that the code is watched for.
    pub(crate) fn count_call(&mut self) -> bool {
        self.phase.count_call()
    }

    /// Ends the probation of code that has not failed.
    pub(crate) fn end_probation(&mut self) {
        self.phase.end_probation();
    }

    /// Puts running code on probation.
    pub(crate) fn watch(&mut self, probation: Probation) {
        self.phase.watch(probation);
    }

    /// Stops the code, since none of its components is mounted any more. Returns the instance.
    pub(crate) fn stop(&mut self, new_tree: Tree) -> Option<Guest> {
        self.last_good = None;
        self.tree = new_tree;
        self.phase.stop()
    }

    /// Begins to restart code that trapped. Returns whether it may be restarted; not if that happened too often lately.
    pub(crate) fn begin_restart(&mut self, now: f64) -> bool {
        self.phase.begin_restart();
        self.restarts.retain(|at| now - at < RESTART_PERIOD_MS);
        let may = self.restarts.len() < RESTART_LIMIT;
        if may {
            self.restarts.push(now);
        }
        may
    }

    /// Begins to undo the swap to code that failed on probation, and notes its version as refused.
    pub(crate) fn begin_undo(&mut self) -> Option<FailedProbation> {
        let (probation, error) = self.phase.begin_undo()?;
        let refused = RefusedVersion { hash: self.code.hash.to_string(), error: error.clone() };
        self.refused.retain(|other| other.hash != refused.hash);
        self.refused.push(refused);
        Some(FailedProbation { probation, error })
    }

    /// Gives up on code that could not be restarted or undone.
    pub(crate) fn give_up(&mut self) {
        self.phase.give_up();
    }

    /// Replaces the code by new code that has rendered already, with its tree.
    pub(crate) fn replace_code(&mut self, code: Code, guest: Guest, tree: Tree) -> ReplacedCode {
        let (guest, probation) = self.phase.replace(guest);
        self.tree = tree;
        self.has_changed = true;
        ReplacedCode { code: std::mem::replace(&mut self.code, code), guest, probation }
    }

    /// Keeps another version for when a component is mounted. Its failures are forgotten.
    pub(crate) fn set_version(&mut self, code: Code) {
        let before = std::mem::replace(&mut self.code, code);
        if before.hash != self.code.hash {
            self.previous = Some(before);
        }
        self.phase.reset();
    }

    /// Goes back to an earlier version, while no code runs.
    pub(crate) fn restore_version(&mut self, code: Code, previous: Option<Code>) {
        self.code = code;
        self.previous = previous;
    }

    /// Counts a commit.
    pub(crate) fn commit(&mut self) {
        self.generation += 1;
    }

    /// Sets the version before the current one.
    pub(crate) fn set_previous(&mut self, previous: Option<Code>) -> Option<Code> {
        std::mem::replace(&mut self.previous, previous)
    }

    /// Holds the module for a swap.
    pub(crate) fn start_swap(&mut self) {
        self.is_swapping = true;
    }

    /// Releases the module after a swap.
    pub(crate) fn end_swap(&mut self) {
        self.is_swapping = false;
    }

    /// Lets something wait for the end of the swap. Firings of one timer count as one.
    pub(crate) fn wait(&mut self, waiting: Waiting) {
        if let Waiting::Firing { live, .. } = &waiting
            && live.is_timer()
        {
            let is_same = |other: &Waiting| matches!(other, Waiting::Firing { live: other, .. } if other.serial == live.serial);
            if self.queue.iter().any(is_same) {
                return;
            }
        }
        self.queue.push_back(waiting);
    }

    /// What waited longest, if it can be delivered now.
    pub(crate) fn next_waiting(&mut self) -> Option<Waiting> {
        if self.is_swapping || self.has_failed() { None } else { self.queue.pop_front() }
    }

    /// Whether its state may have changed since it was captured last.
    pub(crate) fn has_changed(&self) -> bool {
        self.has_changed && !self.is_swapping
    }

    /// Notes that its state was captured, or could not be.
    pub(crate) fn capture_ended(&mut self) {
        self.has_changed = false;
    }

    /// Notes the state after a successful action.
    pub(crate) fn note_good_state(&mut self, snapshot: Snapshot) {
        self.history.note(&self.code.hash, &snapshot);
        self.last_good = Some(snapshot);
    }

    /// Replaces the last good state.
    pub(crate) fn set_last_good(&mut self, snapshot: Snapshot) {
        self.last_good = Some(snapshot);
    }

    /// Notes the keys of its signals in a snapshot.
    pub(crate) fn note_keys(&mut self, snapshot: &Snapshot) {
        self.keys = keys_of(snapshot);
    }

    /// Notes the keys of the signals that new code has.
    pub(crate) fn replace_keys(&mut self, keys: Keys) {
        self.previous_keys = std::mem::replace(&mut self.keys, keys);
    }

    /// The exports that have slowed down since the last swap and were not reported: each with how long its middle call took
    /// before and after, in milliseconds, and how many calls there were after.
    pub(crate) fn find_slow_exports(&mut self) -> Vec<(String, f64, f64, usize)> {
        match self.phase.guest() {
            Some(guest) => self.timing.slower(guest.times()),
            None => Vec::new(),
        }
    }

    /// What the page reports about it.
    pub(crate) fn info(&self, name: &str) -> ModuleInfo {
        let state = if self.is_swapping { ModuleState::Swapping } else { self.phase.state() };
        let first = self.code.manifest.components.first();
        ModuleInfo {
            name: name.to_owned(),
            hash: self.code.hash.to_string(),
            generation: self.generation,
            components: self.code.components.clone(),
            source: first.map(|entry| entry.file.clone()),
            keys: self.keys.clone(),
            previous_keys: self.previous_keys.clone(),
            state,
            refused: self.refused.clone(),
        }
    }
}
