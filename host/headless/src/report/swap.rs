//! The record of one swap: its steps, and how it ended.

use std::collections::BTreeMap;
use std::fmt;

use hmr_abi::port::Invalidation;
use hmr_abi::state::RestoreReport;

use crate::connections::ports::ConnectionChange;
use crate::environment::resources::ResourceChange;

/// A step of a swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SwapStep {
    /// The bytes are compiled and checked.
    Prepare,
    /// From here events for the module wait.
    Quiesce,
    /// The old code's state is captured.
    Capture,
    /// The new code is instantiated, its components registered.
    Instantiate,
    /// The new code brings the state to its own version.
    Migrate,
    /// The new code takes the state over and renders, out of sight.
    Restore,
    /// The rendering is reconciled with the document; resources are settled.
    Render,
    /// The old code is disposed of, and the new code gets what waited.
    Commit,
    /// The new code runs, and is undone if it does not do well. The last step of a swap that went well.
    Probation,
    /// The new code is dropped. The last step of one that did not.
    Rollback,
    /// The version from before comes back. The first step of a swap that was undone.
    Undo,
}

impl fmt::Display for SwapStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prepare => "prepare",
            Self::Quiesce => "quiesce",
            Self::Capture => "capture",
            Self::Instantiate => "instantiate",
            Self::Migrate => "migrate",
            Self::Restore => "restore",
            Self::Render => "render",
            Self::Commit => "commit",
            Self::Probation => "probation",
            Self::Rollback => "rollback",
            Self::Undo => "undo",
        })
    }
}

/// How a swap ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The new code runs.
    Committed,
    /// The old code runs on.
    RolledBack,
    /// The new code ran, failed on probation, and the version from before runs again. It is reported separately, after the
    /// swap was reported as committed.
    Undone,
    /// The bytes are those that run already; nothing was done.
    Unchanged,
    /// No component of the module is placed; the bytes are used when one is.
    NotMounted,
    /// A mounted component accepts no hot update; a browser would load the page again. The old code runs on.
    Declined,
}

/// The outcome of a swap.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[must_use = "a swap that was rolled back is not an error: look at its outcome"]
pub struct Swap {
    /// The module.
    pub module: String,
    /// The content hash of the version: the new one; of a swap that was undone, the one that failed.
    pub hash: String,
    /// How it ended.
    pub outcome: Outcome,
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
            outcome: Outcome::Committed,
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

    pub(crate) fn ended(mut self, outcome: Outcome, error: Option<String>) -> Self {
        self.outcome = outcome;
        self.error = error;
        self
    }

    /// Whether the new code runs.
    #[must_use]
    pub fn is_committed(&self) -> bool {
        self.outcome == Outcome::Committed
    }
}

impl fmt::Display for Swap {
    /// One line, `counter: rolled back in restore: …` for instance.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.module)?;
        let why = self.error.as_deref().unwrap_or("no reason is known");
        match self.outcome {
            Outcome::Committed => f.write_str("committed"),
            Outcome::Unchanged => f.write_str("unchanged"),
            Outcome::NotMounted => f.write_str("not mounted"),
            Outcome::Declined => write!(f, "declined: {why}"),
            Outcome::Undone => write!(f, "undone: {why}"),
            Outcome::RolledBack => {
                f.write_str("rolled back")?;
                if let Some(step) = self.step {
                    write!(f, " in {step}")?;
                }
                write!(f, ": {why}")
            }
        }
    }
}
