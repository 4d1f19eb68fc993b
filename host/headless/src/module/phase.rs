//! What the code of a module is doing, as a state machine.
//!
//! ```text
//!                start             watch                end_probation
//!   Idle ──────────────► Running ─────────► Probation ─────────────────► Running
//!
//!   Running ─── trap ──► Failed(Restart) ── begin_restart ──► Idle
//!   Probation ─ trap or report_unhealthy ─► Failed(Undo) ──── begin_undo ──► Idle or Running
//!   any ─────── replace ─► Running          (new code has rendered)
//!   any ─────── stop ────► Idle             (nothing is mounted any more)
//!   any ─────── give_up ─► Stopped          (the code could not be restarted or undone)
//! ```
//!
//! Whether a swap holds the module is apart from this: a swap can begin and end in each phase.

use crate::guest::Guest;
use crate::module::probation::Probation;
use crate::report::module_info::ModuleState;

/// The phase of a module's code.
pub(super) enum Phase {
    /// No code runs, since no component is mounted.
    Idle,
    /// Code runs.
    Running(Box<Guest>),
    /// New code runs, and is undone if it fails.
    Probation(Box<Guest>, Box<Probation>),
    /// Code has failed, and waits for the page to settle. Its instance is missing if nothing was mounted from it any more.
    Failed(Option<Box<Guest>>, Recovery),
    /// Code trapped and could not be restarted. Only another version starts the module again.
    Stopped,
}

/// How a module recovers from a failure.
pub(super) enum Recovery {
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

impl Recovery {
    fn is_after_trap(&self) -> bool {
        match self {
            Self::Restart => true,
            Self::Undo { trapped, .. } => *trapped,
        }
    }
}

impl Phase {
    /// The instance of the code, also if that has failed.
    pub(super) fn guest(&self) -> Option<&Guest> {
        match self {
            Self::Running(guest) | Self::Probation(guest, _) => Some(guest),
            Self::Failed(guest, _) => guest.as_deref(),
            Self::Idle | Self::Stopped => None,
        }
    }

    /// [`Phase::guest`], to be called.
    pub(super) fn guest_mut(&mut self) -> Option<&mut Guest> {
        match self {
            Self::Running(guest) | Self::Probation(guest, _) => Some(guest),
            Self::Failed(guest, _) => guest.as_deref_mut(),
            Self::Idle | Self::Stopped => None,
        }
    }

    /// Whether the code trapped and was not restarted.
    pub(super) fn has_trapped(&self) -> bool {
        match self {
            Self::Failed(_, recovery) => recovery.is_after_trap(),
            Self::Stopped => true,
            Self::Idle | Self::Running(_) | Self::Probation(..) => false,
        }
    }

    /// Whether the code has failed, and waits to be replaced.
    pub(super) fn has_failed(&self) -> bool {
        matches!(self, Self::Failed(..))
    }

    /// Whether the code waits to be undone.
    pub(super) fn awaits_undo(&self) -> bool {
        matches!(self, Self::Failed(_, Recovery::Undo { .. }))
    }

    /// Whether the code waits to be restarted.
    pub(super) fn awaits_restart(&self) -> bool {
        matches!(self, Self::Failed(_, Recovery::Restart))
    }

    /// What the page reports about it.
    pub(super) fn state(&self) -> ModuleState {
        match self {
            Self::Idle => ModuleState::Idle,
            Self::Running(_) => ModuleState::Running,
            Self::Probation(..) => ModuleState::Probation,
            Self::Failed(_, recovery) if !recovery.is_after_trap() => ModuleState::Probation,
            Self::Failed(..) | Self::Stopped => ModuleState::Stopped,
        }
    }

    fn take(&mut self) -> Self {
        std::mem::replace(self, Self::Idle)
    }

    /// Starts code: its first component is being mounted.
    pub(super) fn start(&mut self, guest: Guest) {
        *self = Self::Running(Box::new(guest));
    }

    /// Puts running code on probation.
    pub(super) fn watch(&mut self, probation: Probation) {
        *self = match self.take() {
            Self::Running(guest) => Self::Probation(guest, Box::new(probation)),
            other => other,
        };
    }

    /// Counts a call of code on probation. Returns whether it was the last one that the code is watched for.
    pub(super) fn count_call(&mut self) -> bool {
        match self {
            Self::Probation(_, probation) => probation.count_call(),
            _ => false,
        }
    }

    /// Ends the probation of code that has not failed.
    pub(super) fn end_probation(&mut self) {
        *self = match self.take() {
            Self::Probation(guest, _) => Self::Running(guest),
            other => other,
        };
    }

    /// The code trapped.
    pub(super) fn trap(&mut self, error: String) {
        *self = match self.take() {
            Self::Running(guest) => Self::Failed(Some(guest), Recovery::Restart),
            Self::Probation(guest, probation) => {
                Self::Failed(Some(guest), Recovery::Undo { probation, error, trapped: true })
            }
            Self::Failed(guest, Recovery::Undo { probation, .. }) => {
                Self::Failed(guest, Recovery::Undo { probation, error, trapped: true })
            }
            Self::Failed(guest, Recovery::Restart) => Self::Failed(guest, Recovery::Restart),
            Self::Idle | Self::Stopped => Self::Failed(None, Recovery::Restart),
        };
    }

    /// The code reports that it is unhealthy. Returns whether it was on probation; other code continues.
    pub(super) fn report_unhealthy(&mut self, error: String) -> bool {
        let (next, was_watched) = match self.take() {
            Self::Probation(guest, probation) => {
                let recovery = Recovery::Undo { probation, error, trapped: false };
                (Self::Failed(Some(guest), recovery), true)
            }
            other => (other, false),
        };
        *self = next;
        was_watched
    }

    /// Stops the code, since none of its components is mounted any more. Returns the instance. A trap is not forgotten.
    pub(super) fn stop(&mut self) -> Option<Guest> {
        let (next, guest) = match self.take() {
            Self::Idle => (Self::Idle, None),
            Self::Running(guest) | Self::Probation(guest, _) => (Self::Idle, Some(guest)),
            Self::Failed(guest, recovery) if recovery.is_after_trap() => {
                (Self::Failed(None, Recovery::Restart), guest)
            }
            Self::Failed(guest, _) => (Self::Idle, guest),
            Self::Stopped => (Self::Stopped, None),
        };
        *self = next;
        guest.map(|guest| *guest)
    }

    /// Begins to restart code that trapped. The instance is dropped without a further call.
    pub(super) fn begin_restart(&mut self) {
        *self = Self::Idle;
    }

    /// Begins to undo code that failed on probation. An instance that trapped is dropped without a further call. Returns what
    /// it is undone to, and why; nothing in other phases.
    pub(super) fn begin_undo(&mut self) -> Option<(Probation, String)> {
        let (next, failed) = match self.take() {
            Self::Failed(guest, Recovery::Undo { probation, error, trapped }) => {
                let next = guest.filter(|_| !trapped).map_or(Self::Idle, Self::Running);
                (next, Some((*probation, error)))
            }
            other => (other, None),
        };
        *self = next;
        failed
    }

    /// Gives up on code that could not be restarted or undone.
    pub(super) fn give_up(&mut self) {
        *self = Self::Stopped;
    }

    /// Replaces the instance by one of new code. Returns the old one, unless it trapped, and the probation that it was on.
    pub(super) fn replace(&mut self, guest: Guest) -> (Option<Guest>, Option<Probation>) {
        let (old, probation) = match std::mem::replace(self, Self::Running(Box::new(guest))) {
            Self::Running(old) => (Some(old), None),
            Self::Probation(old, probation) => (Some(old), Some(probation)),
            // Code that trapped gets no further call, not even the one that disposes of it.
            Self::Failed(old, Recovery::Undo { probation, trapped, .. }) => {
                (old.filter(|_| !trapped), Some(probation))
            }
            Self::Failed(_, Recovery::Restart) | Self::Idle | Self::Stopped => (None, None),
        };
        (old.map(|old| *old), probation.map(|probation| *probation))
    }

    /// Forgets failures and the probation: another version is to be mounted.
    pub(super) fn reset(&mut self) {
        *self = match self.take() {
            Self::Running(guest) | Self::Probation(guest, _) => Self::Running(guest),
            Self::Failed(guest, _) => guest.map_or(Self::Idle, Self::Running),
            Self::Idle | Self::Stopped => Self::Idle,
        };
    }
}
