//! The record of one swap: its steps, and how it ended.

use std::collections::BTreeMap;
use std::fmt;

use hmr_abi::port::Invalidation;
use hmr_abi::state::RestoreReport;
use hmr_protocol::{SwapOutcome, SwapStep};

use crate::connections::ports::ConnectionChange;
use crate::environment::resources::ResourceChange;

/// The outcome of a swap.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[must_use = "a swap that was rolled back is not an error: look at its outcome"]
pub struct Swap {
    /// The module.
    pub module: String,
    /// The content hash of the version: the new one; of a swap that was undone, the one that failed.
    pub hash: String,
    /// How it ended.
    pub outcome: SwapOutcome,
    /// The step that failed, of a swap that was rolled back.
    pub step: Option<SwapStep>,
    /// Why it failed.
    pub error: Option<String>,
    /// The outcome of each piece of state; also for a swap that failed because of it.
    pub report: Option<RestoreReport>,
    /// The outcome of the resources.
    pub resources: Vec<ResourceChange>,
    /// The outcome of the connections of the module's instances.
    pub connections: Vec<ConnectionChange>,
    /// The instances that reported during the swap that they cannot continue with their state, and those that re-rendered
    /// for it and reported the same.
    pub invalidated: Vec<Invalidation>,
    /// The steps entered, in order.
    pub events: Vec<SwapStep>,
    /// How long each step took, in milliseconds.
    pub duration: BTreeMap<SwapStep, f64>,
}

impl Swap {
    pub(crate) fn new(module: &str, hash: impl Into<String>) -> Self {
        Self {
            module: module.to_owned(),
            hash: hash.into(),
            outcome: SwapOutcome::Committed,
            step: None,
            error: None,
            report: None,
            resources: Vec::new(),
            connections: Vec::new(),
            invalidated: Vec::new(),
            events: Vec::new(),
            duration: BTreeMap::new(),
        }
    }

    pub(crate) fn ended(mut self, outcome: SwapOutcome, error: Option<String>) -> Self {
        self.outcome = outcome;
        self.error = error;
        self
    }

    /// Whether the new code runs.
    #[must_use]
    pub fn is_committed(&self) -> bool {
        self.outcome == SwapOutcome::Committed
    }
}

impl fmt::Display for Swap {
    /// One line, `counter: rolled back in restore: …` for instance.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.module)?;
        let why = self.error.as_deref().unwrap_or("no reason is known");
        match self.outcome {
            SwapOutcome::Committed => f.write_str("committed"),
            SwapOutcome::Unchanged => f.write_str("unchanged"),
            SwapOutcome::NotMounted => f.write_str("not mounted"),
            // This engine has no outcomes that it does not know.
            SwapOutcome::Unknown => f.write_str("unknown"),
            SwapOutcome::Declined => write!(f, "declined: {why}"),
            SwapOutcome::Undone => write!(f, "undone: {why}"),
            SwapOutcome::RolledBack => {
                f.write_str("rolled back")?;
                if let Some(step) = self.step {
                    write!(f, " in {step}")?;
                }
                write!(f, ": {why}")
            }
        }
    }
}
