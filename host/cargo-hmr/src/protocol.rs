//! The wire types of the socket between the tool and the page; `docs/protocol.md` describes them.
//!
//! Types only. Reading is lenient (a page's messages are shown, never trusted); writing is exact.

mod few;
mod shorten;
mod texts;

use std::collections::BTreeMap;

use hmr_build::{Diagnostic, Failure};
use serde::{Deserialize, Serialize, de::Error as _};
use serde_json::Value;

pub use self::{few::MOST_SWAPS, shorten::shorten};

/// One version of a module, as a page may fetch it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Version {
    /// The module's name.
    pub module: String,
    /// The hash of its bytes.
    pub hash: String,
    /// Where its bytes are served.
    pub url: String,
    /// The components that can be mounted.
    pub components: Vec<String>,
    /// The operations to apply to the state once, for this version; as in a snapshot's `transform`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transform: Vec<Value>,
    /// Whether a page whose code runs asks for a rehearsal before it swaps to this version.
    pub rehearse: bool,
}

/// A pending failure: the page shows it until it is fixed.
#[derive(Debug, Clone, Serialize)]
pub struct FailureMessage {
    /// What failed, in a few words.
    pub title: String,
    /// Why, one by one.
    pub diagnostics: Vec<Diagnostic>,
}

impl From<&Failure> for FailureMessage {
    fn from(failure: &Failure) -> Self {
        Self { title: failure.title.clone(), diagnostics: failure.diagnostics.clone() }
    }
}

/// The newest of everything; the first message on each connection, and what the served page carries.
#[derive(Debug, Clone, Serialize)]
pub struct Hello {
    /// Which run of the tool this is.
    pub server: String,
    /// The number of the last message before this one.
    pub sequence: u64,
    /// The number of the last full reload; 0 before the first.
    pub reloaded: u64,
    /// The number of the last update of stylesheets or static files; 0 before the first.
    pub files: u64,
    /// The newest version of each module that has been built.
    pub modules: Vec<Version>,
    /// The standing failure, if there is one.
    pub failure: Option<FailureMessage>,
}

/// A message from the tool to every page.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ServerMessage {
    /// The first message on each connection.
    Hello(Hello),
    /// A build has begun.
    BuildStarted {
        /// The message's number.
        sequence: u64,
        /// The modules that are built.
        modules: Vec<String>,
    },
    /// A build has failed; the old code keeps running.
    BuildFailed {
        /// The message's number.
        sequence: u64,
        /// Why.
        failure: FailureMessage,
    },
    /// A build has succeeded: a standing failure is over.
    BuildSucceeded {
        /// The message's number.
        sequence: u64,
    },
    /// Swap these modules, as one update.
    HotUpdate {
        /// The message's number.
        sequence: u64,
        /// Why, for people.
        reason: String,
        /// What to swap to.
        modules: Vec<Version>,
    },
    /// These stylesheets have changed.
    CssUpdate {
        /// The message's number.
        sequence: u64,
        /// Why, for people.
        reason: String,
        /// URL paths.
        paths: Vec<String>,
    },
    /// These static files have changed.
    AssetUpdate {
        /// The message's number.
        sequence: u64,
        /// Why, for people.
        reason: String,
        /// URL paths.
        paths: Vec<String>,
    },
    /// Load the whole page again.
    FullReload {
        /// The message's number.
        sequence: u64,
        /// Why, for people.
        reason: String,
        /// Whether the page carries its state over.
        restore: bool,
    },
    /// Swaps are rehearsed from now on: the page is asked for the states of its modules, so that rehearsals know what they
    /// will be about.
    Rehearsals {},
    /// The answer to a page that asked for a rehearsal.
    Verdict {
        /// What the page called it.
        id: Value,
        /// How it ended.
        outcome: hmr_preflight::Outcome,
        /// The step of the swap that would fail.
        step: Option<String>,
        /// Why it would fail, or why the rehearsal was skipped.
        error: Option<String>,
        /// How long it took.
        duration: RehearsalTime,
    },
}

/// How long a rehearsal took, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct RehearsalTime {
    /// Until it began.
    pub wait: f64,
    /// From then on.
    pub run: f64,
}

/// A message from a page to the tool. Reports are passed on to the terminal as the page wrote them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ClientMessage {
    /// The page has started, or has handled `hello`.
    Ready {
        /// The page's path.
        #[serde(default)]
        page: String,
    },
    /// Acknowledges an update, or reports code that was loaded without one.
    Swap {
        /// The run of the tool that the number belongs to; none without a number.
        #[serde(default)]
        server: Option<String>,
        /// The update's number.
        #[serde(default)]
        sequence: Option<u64>,
        /// What became of each module; of more than [`MOST_SWAPS`], one more than that.
        #[serde(default, deserialize_with = "few::read")]
        swaps: Vec<Swap>,
    },
    /// Acknowledges a change of styles or static files.
    Applied {
        /// The run of the tool that the number is of.
        #[serde(default)]
        server: Option<String>,
        /// The update's number.
        #[serde(default)]
        sequence: u64,
        /// `css` or `asset`.
        #[serde(default)]
        what: String,
        /// How many elements showed it.
        #[serde(default)]
        count: u64,
    },
    /// Running code has trapped.
    Trap(Trap),
    /// Calls of an export take clearly longer than before.
    Slower(Slower),
    /// The page is about to swap, and asks for a rehearsal with its state.
    Rehearse(Rehearse),
    /// The state that a module is in, so that rehearsals know what they will be about.
    State(State),
    /// Anything else that the developer should read.
    Problem {
        /// What it is.
        #[serde(default)]
        message: String,
    },
}

/// What kind of failure kept a version from running in a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Its bytes did not reach the page. Nothing is known of the version.
    Fetch,
    /// The version itself, or what it made of the state.
    #[serde(other)]
    Version,
}

/// What became of one module in one page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Swap {
    /// The module.
    pub module: String,
    /// The version that it was to become.
    pub hash: String,
    /// `committed`, `rolled-back`, `undone`, `unchanged`, `not-mounted` or `declined`.
    pub outcome: String,
    /// The step that failed.
    pub step: Option<String>,
    /// Why it failed, or was declined; for people.
    pub error: Option<String>,
    /// What kind of failure it was, if it was one; this, and never the text of `error`, decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// Of what was rolled back, whether code of the module runs in the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
    /// The source file in which it failed, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in it, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The restore report; see [`hmr_abi::state::RestoreReport`].
    pub report: Option<Value>,
    /// What became of each resource.
    pub resources: Vec<Value>,
    /// What became of each connection: `from`, `to`, `outcome` and perhaps a `reason`.
    pub connections: Vec<Value>,
    /// Instances that could not continue with their state: `instance` and `reason`.
    pub invalidated: Vec<Value>,
    /// The steps that were entered.
    pub events: Vec<String>,
    /// Milliseconds by step.
    pub duration: Value,
    /// How long a rehearsal took, in milliseconds: `wait`, `run`, and `added`, for which the page waited for nothing else. If there
    /// was none, `skipped` is why.
    pub rehearsal: Option<Value>,
    /// How many entries were left out of the report because it was too long, by their outcome.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub cut: BTreeMap<String, u64>,
}

impl Swap {
    /// Whether the version failed in the page, so that no other page may get it. One that could not be fetched, or was
    /// declined by a mounted module, has not been tried.
    #[must_use]
    pub fn condemns(&self) -> bool {
        match self.outcome.as_str() {
            "undone" => true,
            "rolled-back" => self.cause != Some(Cause::Fetch),
            _ => false,
        }
    }
}

/// Calls of an export that take clearly longer than in the version before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Slower {
    /// The module.
    pub module: String,
    /// Its version.
    pub hash: String,
    /// The version that it is compared with.
    pub before: String,
    /// The export.
    pub call: String,
    /// How many calls were measured.
    pub calls: u64,
    /// The median in the version before, in milliseconds.
    pub before_ms: f64,
    /// The median now, in milliseconds.
    pub after_ms: f64,
}

/// The state that a module of a page is in.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct State {
    /// The module.
    pub module: String,
    /// Its version.
    pub hash: String,
    /// The page's snapshot, as JSON text.
    pub snapshot: String,
}

/// A rehearsal that a page asks for.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Rehearse {
    /// The page's id for the request; the verdict repeats it.
    pub id: Value,
    /// The module.
    pub module: String,
    /// The version that it would swap to.
    pub hash: String,
    /// The JSON text of the page's snapshot.
    pub snapshot: String,
    /// What the update asks to be done to the state.
    pub transform: Value,
}

/// A trap in running code.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trap {
    /// The module.
    pub module: String,
    /// Its version.
    pub hash: String,
    /// The message of the panic or the trap.
    pub message: String,
    /// The source file, if it was a panic.
    pub file: Option<String>,
    /// The line in it, counted from 1.
    pub line: Option<u32>,
    /// The column in it, counted from 1.
    pub column: Option<u32>,
    /// The engine's stack trace.
    pub stack: Option<String>,
}

impl ServerMessage {
    /// Makes pages ask for rehearsals of the versions in it, or not.
    pub fn set_rehearse(&mut self, rehearse: bool) {
        if let Self::HotUpdate { modules, .. } | Self::Hello(Hello { modules, .. }) = self {
            for version in modules {
                version.rehearse = rehearse;
            }
        }
    }

    /// The number of the message, if it has one. A greeting has that of the last message before it.
    #[must_use]
    pub fn sequence(&self) -> Option<u64> {
        match self {
            Self::Hello(Hello { sequence, .. })
            | Self::BuildStarted { sequence, .. }
            | Self::BuildFailed { sequence, .. }
            | Self::BuildSucceeded { sequence }
            | Self::HotUpdate { sequence, .. }
            | Self::CssUpdate { sequence, .. }
            | Self::AssetUpdate { sequence, .. }
            | Self::FullReload { sequence, .. } => Some(*sequence),
            Self::Rehearsals {} | Self::Verdict { .. } => None,
        }
    }

    /// The message as the socket carries it.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|error| {
            // Every field is a string, a number or a list of those: JSON can represent all of them.
            unreachable!("a message that is not JSON: {error}")
        })
    }
}

impl ClientMessage {
    /// Reads a text message of any content.
    ///
    /// # Errors
    /// The error of serde for text that is not a message, and for other invalid content.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let message = serde_json::from_str(text)?;
        // The answer has it again, and waits in a queue.
        if let Self::Rehearse(Rehearse { id, .. }) = &message
            && !(id.is_number() || id.as_str().is_some_and(|id| id.len() <= 64))
        {
            return Err(serde_json::Error::custom("`id` is neither a number nor a short text"));
        }
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_tagged_objects() {
        let message = ServerMessage::FullReload {
            sequence: 4,
            reason: "`index.html` changed".into(),
            restore: true,
        };
        assert_eq!(
            message.to_json(),
            r#"{"type":"full-reload","sequence":4,"reason":"`index.html` changed","restore":true}"#
        );
    }

    #[test]
    fn hello_is_flat() {
        let hello = ServerMessage::Hello(Hello {
            server: "s".into(),
            sequence: 0,
            reloaded: 0,
            files: 0,
            modules: Vec::new(),
            failure: None,
        });
        assert_eq!(
            hello.to_json(),
            r#"{"type":"hello","server":"s","sequence":0,"reloaded":0,"files":0,"modules":[],"failure":null}"#
        );
    }

    #[test]
    fn a_page_may_say_anything() {
        for text in
            ["", "{}", "[]", "null", r#"{"type":"nonsense"}"#, r#"{"type":"swap","swaps":3}"#]
        {
            assert!(ClientMessage::parse(text).is_err(), "{text}");
        }
        let long = format!(r#"{{"type":"rehearse","id":"{}"}}"#, "x".repeat(65));
        for text in [&*long, r#"{"type":"rehearse"}"#, r#"{"type":"rehearse","id":[1]}"#] {
            assert!(ClientMessage::parse(text).is_err(), "{text}");
        }
        assert!(ClientMessage::parse(r#"{"type":"rehearse","id":7}"#).is_ok());
        let swap = ClientMessage::parse(
            r#"{"type":"swap","sequence":2,"extra":1,"swaps":[{"module":"a","outcome":"committed"}]}"#,
        );
        assert!(matches!(swap, Ok(ClientMessage::Swap { sequence: Some(2), .. })));
        let load = ClientMessage::parse(r#"{"type":"swap","sequence":null,"swaps":[]}"#);
        assert!(matches!(load, Ok(ClientMessage::Swap { sequence: None, .. })));
    }

    #[test]
    fn a_version_is_condemned_by_failing_not_by_being_out_of_reach() {
        let swap = |told: &str| serde_json::from_str::<Swap>(told).expect("a swap");
        assert!(swap(r#"{"outcome":"undone","step":"probation","cause":"version"}"#).condemns());
        assert!(swap(r#"{"outcome":"rolled-back","step":"restore","cause":"version"}"#).condemns());
        assert!(!swap(r#"{"outcome":"rolled-back","step":"prepare","cause":"fetch"}"#).condemns());
        assert!(!swap(r#"{"outcome":"declined","error":"it draws"}"#).condemns());
        assert!(!swap(r#"{"outcome":"committed"}"#).condemns());
        // A page that reports no kind, or an unknown one, has tried the version.
        assert!(swap(r#"{"outcome":"rolled-back","step":"prepare"}"#).condemns());
        assert!(swap(r#"{"outcome":"rolled-back","cause":"later"}"#).condemns());
    }

    #[test]
    fn the_words_of_an_error_decide_nothing() {
        for error in ["`/x.wasm` cannot be fetched: offline", "no", ""] {
            let swap = |cause| Swap {
                outcome: "rolled-back".into(),
                step: Some("prepare".into()),
                error: Some(error.into()),
                cause: Some(cause),
                ..Swap::default()
            };
            assert!(!swap(Cause::Fetch).condemns(), "{error}");
            assert!(swap(Cause::Version).condemns(), "{error}");
        }
    }
}
