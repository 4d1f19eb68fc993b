//! The report about a swap: how it ended, in which step, and the outcome of the state.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How a swap of one module ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum SwapOutcome {
    /// The new code runs.
    Committed,
    /// A step failed, and the page is as it was.
    RolledBack,
    /// The new code failed in its first calls, and the version from before runs again.
    Undone,
    /// The page runs this version already.
    Unchanged,
    /// No component of the module is mounted: the version is used once one is.
    NotMounted,
    /// Mounted code declined the update, so the page is loaded again.
    Declined,
    /// None that this version of the tool knows.
    #[default]
    #[serde(other)]
    #[cfg_attr(test, ts(skip))]
    Unknown,
}

/// A step of a swap; `docs/abi.md` describes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum SwapStep {
    /// The bytes are fetched, compiled and rehearsed.
    Prepare,
    /// The running code is given no more calls.
    Quiesce,
    /// The state is read from the running code.
    Capture,
    /// The new code is instantiated.
    Instantiate,
    /// The state is migrated.
    Migrate,
    /// The state is given to the new code.
    Restore,
    /// What the new code rendered is reconciled with the page.
    Render,
    /// The new code takes over.
    Commit,
    /// The first calls of the new code.
    Probation,
    /// The page is set back to what it was.
    Rollback,
    /// The version from before takes over again.
    Undo,
    /// None that this version of the tool knows.
    #[serde(other)]
    #[cfg_attr(test, ts(skip))]
    Unknown,
}

impl SwapStep {
    /// Its name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
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
            Self::Unknown => "an unknown step",
        }
    }
}

impl fmt::Display for SwapStep {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.name())
    }
}

/// How a rehearsal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum RehearsalOutcome {
    /// The new code takes the state over.
    Passed,
    /// It does not.
    Failed,
    /// It was not rehearsed.
    Skipped,
}

/// What kind of failure kept a version from running in a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Its bytes did not reach the page. Nothing is known of the version.
    Fetch,
    /// The version itself, or what it made of the state.
    #[serde(other)]
    Version,
}

/// The outcome of one module in one page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Swap {
    /// The module.
    pub module: String,
    /// The version that it was to become.
    pub hash: String,
    /// How it ended.
    pub outcome: SwapOutcome,
    /// The step that failed.
    pub step: Option<SwapStep>,
    /// Why it failed, or was declined; for people.
    pub error: Option<String>,
    /// What kind of failure it was, if it was one; this, and never the text of `error`, decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "Cause | null"))]
    pub cause: Option<Cause>,
    /// Of what was rolled back, whether code of the module runs in the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub running: Option<bool>,
    /// The source file in which it failed, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub file: Option<String>,
    /// The line in it, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub line: Option<u32>,
    /// The restore report; see [`hmr_abi::state::RestoreReport`].
    #[cfg_attr(test, ts(type = "RestoreReport | null"))]
    pub report: Option<Value>,
    /// The outcome of each resource.
    #[cfg_attr(test, ts(type = "ResourceOutcome[]"))]
    pub resources: Vec<Value>,
    /// The outcome of each connection: `from`, `to`, `outcome` and perhaps a `reason`.
    #[cfg_attr(test, ts(type = "ConnectionOutcome[]"))]
    pub connections: Vec<Value>,
    /// Instances that could not continue with their state: `instance` and `reason`.
    #[cfg_attr(test, ts(type = "Invalidation[]"))]
    pub invalidated: Vec<Value>,
    /// The steps that were entered.
    pub events: Vec<SwapStep>,
    /// Milliseconds by step.
    #[cfg_attr(test, ts(type = "Partial<Record<SwapStep, number>>"))]
    pub duration: Value,
    /// How long a rehearsal took, in milliseconds: `wait`, `run`, and `added`, for which the page waited for nothing else. If there
    /// was none, `skipped` is why.
    #[cfg_attr(
        test,
        ts(type = "{ wait: number, run: number, added: number, skipped: string | null } | null")
    )]
    pub rehearsal: Option<Value>,
    /// How many entries were left out of the report because it was too long, by their outcome.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(test, ts(optional, as = "Option<BTreeMap<String, u64>>"))]
    pub cut: BTreeMap<String, u64>,
}

impl Swap {
    /// Whether the version failed in the page, so that no other page may get it. One that could not be fetched, or was
    /// declined by a mounted module, has not been tried.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        match self.outcome {
            SwapOutcome::Undone => true,
            SwapOutcome::RolledBack => self.cause != Some(Cause::Fetch),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_failed_unless_it_was_out_of_reach() {
        let swap = |json: &str| serde_json::from_str::<Swap>(json).expect("a swap");
        assert!(swap(r#"{"outcome":"undone","step":"probation","cause":"version"}"#).has_failed());
        assert!(
            swap(r#"{"outcome":"rolled-back","step":"restore","cause":"version"}"#).has_failed()
        );
        assert!(
            !swap(r#"{"outcome":"rolled-back","step":"prepare","cause":"fetch"}"#).has_failed()
        );
        assert!(!swap(r#"{"outcome":"declined","error":"it draws"}"#).has_failed());
        assert!(!swap(r#"{"outcome":"committed"}"#).has_failed());
        // A page that reports no kind, or an unknown one, has tried the version.
        assert!(swap(r#"{"outcome":"rolled-back","step":"prepare"}"#).has_failed());
        assert!(swap(r#"{"outcome":"rolled-back","cause":"later"}"#).has_failed());
    }

    #[test]
    fn the_words_of_an_error_decide_nothing() {
        for error in ["`/x.wasm` cannot be fetched: offline", "no", ""] {
            let swap = |cause| Swap {
                outcome: SwapOutcome::RolledBack,
                step: Some(SwapStep::Prepare),
                error: Some(error.into()),
                cause: Some(cause),
                ..Swap::default()
            };
            assert!(!swap(Cause::Fetch).has_failed(), "{error}");
            assert!(swap(Cause::Version).has_failed(), "{error}");
        }
    }
}
