//! The record of one module: the state that its code is in, and what outlives the code.
//!
//! The code of a module is always in one [`Phase`], and only the methods here change it:
//!
//! ```text
//!          start            watch             end_probation
//!  Idle ───────────► Running ─────► Probation ─────────────► Running
//!   ▲ ▲   replace_code ▲  │ trap      │ trap, report_unhealthy
//!   │ └─ stop ─────────┼──┤           ▼
//!   │                  │  └──► Failed(Restart)   Failed(Undo)
//!   │ begin_restart,   │           │               │
//!   └ begin_undo ──────┴───────────┴───────────────┘
//!                      └─► Stopped (give_up), until a swap or another version starts the module again
//! ```
//!
//! A swap can hold the module in any of them (`start_swap`, `end_swap`): then nothing but the swap calls its code, and what
//! happens to the module waits in its queue.

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

/// What the code of a module is doing.
enum Phase {
    /// No code runs, since no component is mounted.
    Idle,
    /// Code runs.
    Running(Box<Guest>),
    /// New code runs, and is undone if it fails.
    Probation(Box<Guest>, Box<Probation>),
    /// Code has failed, and waits for the page to settle.
    Failed(Option<Box<Guest>>, Recovery),
    /// Code trapped and could not be restarted. Only another version starts the module again.
    Stopped,
}

/// How a module recovers from a failure.
enum Recovery {
    /// Its code trapped: it is restarted with its last good state.
    Restart,
    /// Its new code failed on probation: the version from before comes back.
    Undo {
        probation: Box<Probation>,
        error: String,
        /// Whether the code trapped, so that it gets no further call, or only reported that it is unhealthy.
        trapped: bool,
    },
}

/// New code that is to be undone.
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
    /// The state after the last action that went well.
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
    /// The versions that were undone.
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
        match &self.phase {
            Phase::Running(_) | Phase::Probation(..) => true,
            Phase::Failed(guest, _) => guest.is_some(),
            Phase::Idle | Phase::Stopped => false,
        }
    }

    /// The instance of its code, also if that has failed.
    pub(crate) fn guest(&self) -> Option<&Guest> {
        match &self.phase {
            Phase::Running(guest) | Phase::Probation(guest, _) => Some(guest),
            Phase::Failed(guest, _) => guest.as_deref(),
            Phase::Idle | Phase::Stopped => None,
        }
    }

    /// [`ModuleRecord::guest`], to be called.
    pub(crate) fn guest_mut(&mut self) -> Option<&mut Guest> {
        match &mut self.phase {
            Phase::Running(guest) | Phase::Probation(guest, _) => Some(guest),
            Phase::Failed(guest, _) => guest.as_deref_mut(),
            Phase::Idle | Phase::Stopped => None,
        }
    }

    /// Whether its code trapped and was not restarted.
    pub(crate) fn has_trapped(&self) -> bool {
        match &self.phase {
            Phase::Failed(_, recovery) => recovery.is_after_trap(),
            Phase::Stopped => true,
            Phase::Idle | Phase::Running(_) | Phase::Probation(..) => false,
        }
    }

    /// Whether its code waits to be undone.
    pub(crate) fn awaits_undo(&self) -> bool {
        matches!(self.phase, Phase::Failed(_, Recovery::Undo { .. }))
    }

    /// Whether its code waits to be restarted.
    pub(crate) fn awaits_restart(&self) -> bool {
        matches!(self.phase, Phase::Failed(_, Recovery::Restart))
    }

    /// Whether its code waits to be replaced because it failed.
    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.phase, Phase::Failed(..))
    }

    /// The running code, for a call that can change its state. Nothing if none runs, or if it trapped.
    pub(crate) fn call_guest(&mut self) -> Option<&mut Guest> {
        if self.has_trapped() {
            return None;
        }
        self.guest()?;
        self.has_changed = true;
        self.guest_mut()
    }

    /// Starts the code: its first component is being mounted.
    pub(crate) fn start(&mut self, guest: Guest) {
        self.phase = Phase::Running(Box::new(guest));
    }

    /// Notes that the running code trapped.
    pub(crate) fn trap(&mut self, error: String) {
        self.phase = match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Running(guest) => Phase::Failed(Some(guest), Recovery::Restart),
            Phase::Probation(guest, probation) => {
                Phase::Failed(Some(guest), Recovery::Undo { probation, error, trapped: true })
            }
            Phase::Failed(guest, Recovery::Undo { probation, .. }) => {
                Phase::Failed(guest, Recovery::Undo { probation, error, trapped: true })
            }
            Phase::Failed(guest, Recovery::Restart) => Phase::Failed(guest, Recovery::Restart),
            Phase::Idle | Phase::Stopped => Phase::Failed(None, Recovery::Restart),
        };
    }

    /// Notes that code on probation reports that it is unhealthy. Returns whether it was on probation.
    pub(crate) fn report_unhealthy(&mut self, error: String) -> bool {
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Probation(guest, probation) => {
                let recovery = Recovery::Undo { probation, error, trapped: false };
                self.phase = Phase::Failed(Some(guest), recovery);
                true
            }
            other => {
                self.phase = other;
                false
            }
        }
    }

    /// Counts a call of code on probation. Returns whether it was the last one that the code is watched for.
    pub(crate) fn count_call(&mut self) -> bool {
        match &mut self.phase {
            Phase::Probation(_, probation) => probation.count_call(),
            _ => false,
        }
    }

    /// Ends the probation of code that has not failed.
    pub(crate) fn end_probation(&mut self) {
        if let Phase::Probation(..) = self.phase
            && let Phase::Probation(guest, _) = std::mem::replace(&mut self.phase, Phase::Idle)
        {
            self.phase = Phase::Running(guest);
        }
    }

    /// Puts running code on probation.
    pub(crate) fn watch(&mut self, probation: Probation) {
        if let Phase::Running(_) = self.phase
            && let Phase::Running(guest) = std::mem::replace(&mut self.phase, Phase::Idle)
        {
            self.phase = Phase::Probation(guest, Box::new(probation));
        }
    }

    /// Stops the code, since none of its components is mounted any more. Returns the instance.
    pub(crate) fn stop(&mut self, new_tree: Tree) -> Option<Guest> {
        self.last_good = None;
        self.tree = new_tree;
        let (phase, guest) = match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Idle => (Phase::Idle, None),
            Phase::Running(guest) | Phase::Probation(guest, _) => (Phase::Idle, Some(guest)),
            Phase::Failed(guest, recovery) if recovery.is_after_trap() => {
                (Phase::Failed(None, Recovery::Restart), guest)
            }
            Phase::Failed(guest, _) => (Phase::Idle, guest),
            Phase::Stopped => (Phase::Stopped, None),
        };
        self.phase = phase;
        guest.map(|guest| *guest)
    }

    /// Begins to restart code that trapped. The instance is dropped without a further call. Returns whether it may be
    /// restarted; not if that happened too often lately.
    pub(crate) fn begin_restart(&mut self, now: f64) -> bool {
        self.phase = Phase::Idle;
        self.restarts.retain(|at| now - at < RESTART_PERIOD_MS);
        let may = self.restarts.len() < RESTART_LIMIT;
        if may {
            self.restarts.push(now);
        }
        may
    }

    /// Begins to undo code that failed on probation, and notes its version as refused. An instance that trapped is dropped
    /// without a further call.
    pub(crate) fn begin_undo(&mut self) -> Option<FailedProbation> {
        if !self.awaits_undo() {
            return None;
        }
        let Phase::Failed(guest, Recovery::Undo { probation, error, trapped }) =
            std::mem::replace(&mut self.phase, Phase::Idle)
        else {
            return None;
        };
        if let Some(guest) = guest.filter(|_| !trapped) {
            self.phase = Phase::Running(guest);
        }
        let refused = RefusedVersion { hash: self.code.hash.to_string(), error: error.clone() };
        self.refused.retain(|other| other.hash != refused.hash);
        self.refused.push(refused);
        Some(FailedProbation { probation: *probation, error })
    }

    /// Gives up on code that could not be restarted or undone.
    pub(crate) fn give_up(&mut self) {
        self.phase = Phase::Stopped;
    }

    /// Replaces the code by new code that has rendered already, with its tree.
    pub(crate) fn replace_code(&mut self, code: Code, guest: Guest, tree: Tree) -> ReplacedCode {
        let running = Phase::Running(Box::new(guest));
        let (guest, probation) = match std::mem::replace(&mut self.phase, running) {
            Phase::Running(guest) => (Some(guest), None),
            Phase::Probation(guest, probation) => (Some(guest), Some(probation)),
            // Code that trapped gets no further call, not even the one that disposes of it.
            Phase::Failed(guest, Recovery::Undo { probation, trapped, .. }) => {
                (guest.filter(|_| !trapped), Some(probation))
            }
            Phase::Failed(_, Recovery::Restart) | Phase::Idle | Phase::Stopped => (None, None),
        };
        self.tree = tree;
        self.has_changed = true;
        ReplacedCode {
            code: std::mem::replace(&mut self.code, code),
            guest: guest.map(|guest| *guest),
            probation: probation.map(|probation| *probation),
        }
    }

    /// Keeps another version for when a component is mounted. Its failures are forgotten.
    pub(crate) fn set_version(&mut self, code: Code) {
        let before = std::mem::replace(&mut self.code, code);
        if before.hash != self.code.hash {
            self.previous = Some(before);
        }
        self.phase = match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Running(guest) | Phase::Probation(guest, _) => Phase::Running(guest),
            Phase::Failed(Some(guest), _) => Phase::Running(guest),
            Phase::Failed(None, _) | Phase::Idle | Phase::Stopped => Phase::Idle,
        };
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

    /// Notes the state after an action that went well.
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
        let guest = match &self.phase {
            Phase::Running(guest) | Phase::Probation(guest, _) | Phase::Failed(Some(guest), _) => {
                guest
            }
            Phase::Idle | Phase::Failed(None, _) | Phase::Stopped => return Vec::new(),
        };
        self.timing.slower(guest.times())
    }

    /// What the page tells about it.
    pub(crate) fn info(&self, name: &str) -> ModuleInfo {
        let state = match &self.phase {
            _ if self.is_swapping => ModuleState::Swapping,
            Phase::Stopped => ModuleState::Stopped,
            Phase::Failed(_, recovery) if recovery.is_after_trap() => ModuleState::Stopped,
            Phase::Failed(..) | Phase::Probation(..) => ModuleState::Probation,
            Phase::Running(_) => ModuleState::Running,
            Phase::Idle => ModuleState::Idle,
        };
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

impl Recovery {
    fn is_after_trap(&self) -> bool {
        match self {
            Self::Restart => true,
            Self::Undo { trapped, .. } => *trapped,
        }
    }
}
