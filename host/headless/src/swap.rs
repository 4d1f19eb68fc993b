//! The swap: one module's running code replaced by other bytes, as a transaction.
//!
//! `prepare → quiesce → capture → instantiate → restore → render → commit`, and from any step before commit
//! `→ rollback`. [`run`] walks through the steps and does the accounting; what each does to the page is in
//! [`candidate`]. Nothing of the page is borrowed while an observer is told of a step, so it may use the page, and
//! what it does to the module waits for the end.
//!
//! Invariant: whatever the new bytes are, either they run and the old code is gone, or the old code runs on
//! untouched.

pub(crate) mod candidate;

use std::cell::RefCell;
use std::fmt;

use hmr_abi::state::RestoreReport;

use crate::engine::{Health, State};
use crate::module::Code;
use crate::record::LogLevel;
use crate::resources::ResourceChange;

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
    /// The new code takes the state over and renders, out of sight.
    Restore,
    /// What was rendered is reconciled with the document; resources are settled.
    Render,
    /// The old code is disposed of. The last step of a swap that went well.
    Commit,
    /// The new code is dropped. The last step of one that did not.
    Rollback,
}

impl fmt::Display for SwapStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prepare => "prepare",
            Self::Quiesce => "quiesce",
            Self::Capture => "capture",
            Self::Instantiate => "instantiate",
            Self::Restore => "restore",
            Self::Render => "render",
            Self::Commit => "commit",
            Self::Rollback => "rollback",
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
    /// The bytes are those that run already; nothing was done.
    Unchanged,
    /// No component of the module is mounted; the bytes are used when one is.
    NotMounted,
}

/// What became of a swap.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[must_use = "a swap that was rolled back is not an error: look at its outcome"]
pub struct Swap {
    /// The module.
    pub module: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The step that failed, of a swap that was rolled back.
    pub step: Option<SwapStep>,
    /// Why it failed.
    pub error: Option<String>,
    /// What the new code did with each piece of state; also of a swap that this made fail.
    pub report: Option<RestoreReport>,
    /// What became of the resources.
    pub resources: Vec<ResourceChange>,
    /// The steps entered, in order; the last is commit or rollback.
    pub events: Vec<SwapStep>,
}

impl Swap {
    fn new(module: &str) -> Self {
        Self {
            module: module.to_owned(),
            outcome: Outcome::Committed,
            step: None,
            error: None,
            report: None,
            resources: Vec::new(),
            events: Vec::new(),
        }
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
        match self.outcome {
            Outcome::Committed => f.write_str("committed"),
            Outcome::Unchanged => f.write_str("unchanged"),
            Outcome::NotMounted => f.write_str("not mounted"),
            Outcome::RolledBack => {
                f.write_str("rolled back")?;
                if let Some(step) = self.step {
                    write!(f, " in {step}")?;
                }
                write!(f, ": {}", self.error.as_deref().unwrap_or("no reason is known"))
            }
        }
    }
}

/// Why new code could not take over, and in which step.
type Failure = (SwapStep, String);

/// Runs a swap. `observe` is told of each step as it is entered.
pub(crate) fn run(
    state: &RefCell<State>,
    name: &str,
    bytes: &[u8],
    observe: &mut dyn FnMut(SwapStep),
) -> Swap {
    let mut swap = Swap::new(name);
    state.borrow_mut().begin();
    if state.borrow().is_quiesced(name) {
        swap.outcome = Outcome::RolledBack;
        swap.error = Some(format!("another swap of `{name}` is under way"));
        return swap;
    }
    let is_current = |module: &crate::engine::Module| {
        *module.code.bytes == *bytes && module.health != Health::Stopped
    };
    if state.borrow().modules.get(name).is_some_and(is_current) {
        swap.outcome = Outcome::Unchanged;
        return swap;
    }
    let mut enter = |step, swap: &mut Swap| {
        swap.events.push(step);
        observe(step);
    };
    let ended = walk(state, name, bytes, &mut enter, &mut swap);
    if let Err((step, error)) = ended {
        swap.outcome = Outcome::RolledBack;
        swap.step = Some(step);
        swap.error = Some(error.clone());
        swap.events.push(SwapStep::Rollback);
        observe(SwapStep::Rollback);
        let text = format!("the swap was rolled back in the step `{step}`: {error}");
        state.borrow_mut().write_log(LogLevel::Warn, name, text);
    }
    let mut state = state.borrow_mut();
    if let Some(module) = state.modules.get_mut(name) {
        module.quiesced = false;
    }
    state.deliver_waiting(name);
    state.settle();
    swap
}

fn walk(
    state: &RefCell<State>,
    name: &str,
    bytes: &[u8],
    enter: &mut dyn FnMut(SwapStep, &mut Swap),
    swap: &mut Swap,
) -> Result<(), Failure> {
    enter(SwapStep::Prepare, swap);
    let code = Code::compile(bytes).map_err(|error| (SwapStep::Prepare, error.to_string()))?;
    if state.borrow().mounted_of(name).is_empty() {
        state.borrow_mut().note_version(name, code);
        swap.outcome = Outcome::NotMounted;
        enter(SwapStep::Commit, swap);
        return Ok(());
    }
    if let Some(module) = state.borrow_mut().modules.get_mut(name) {
        module.quiesced = true;
    }
    enter(SwapStep::Quiesce, swap);
    enter(SwapStep::Capture, swap);
    let snapshot = state.borrow_mut().capture_or_last_good(name);
    enter(SwapStep::Instantiate, swap);
    let guest =
        state.borrow_mut().instantiate(&code).map_err(|error| (SwapStep::Instantiate, error))?;
    enter(SwapStep::Restore, swap);
    let candidate = state
        .borrow_mut()
        .restore(guest, &snapshot, &mut swap.report)
        .map_err(|error| (SwapStep::Restore, error))?;
    enter(SwapStep::Render, swap);
    let (resources, old) = state.borrow_mut().render(name, code, candidate);
    swap.resources = resources;
    enter(SwapStep::Commit, swap);
    state.borrow_mut().commit(name, old);
    Ok(())
}
