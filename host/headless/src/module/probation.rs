//! The first calls of new code, after which it is trusted.

use hmr_abi::constants::PROBATION_CALLS;
use hmr_abi::state::Snapshot;

use crate::guest::code::Code;

/// What new code is undone to if it fails, and how many more calls it is watched for.
pub(crate) struct Probation {
    /// The code from before.
    pub(crate) before: Code,
    /// The code before that.
    pub(crate) previous: Option<Code>,
    /// The state of the old code, from before its hooks ran.
    pub(crate) snapshot: Snapshot,
    calls_left: u32,
}

impl Probation {
    pub(crate) fn new(before: Code, previous: Option<Code>, snapshot: Snapshot) -> Self {
        Self { before, previous, snapshot, calls_left: PROBATION_CALLS }
    }

    /// Starts it again.
    pub(crate) fn restarted(self) -> Self {
        Self { calls_left: PROBATION_CALLS, ..self }
    }

    /// Counts a call. Returns whether it was the last one.
    pub(crate) fn count_call(&mut self) -> bool {
        self.calls_left = self.calls_left.saturating_sub(1);
        self.calls_left == 0
    }
}
