//! The messages of the tool to its pages.

use serde::Serialize;
use serde_json::Value;

use crate::diagnostic::Failure;
use crate::swap::{RehearsalOutcome, SwapStep};

/// One version of a module, as a page may fetch it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
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
    #[cfg_attr(test, ts(optional, type = "unknown[]"))]
    pub transform: Vec<Value>,
    /// Whether a page whose code runs asks for a rehearsal before it swaps to this version.
    #[cfg_attr(test, ts(optional, type = "boolean"))]
    pub rehearse: bool,
    /// Where its glue is served: a script that registers a function, with what that needs. Absent for a native module that calls no
    /// functions of the browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub glue: Option<String>,
    /// How an application is started; absent for native modules.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub application: Option<ApplicationStart>,
}

/// How an application is started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ApplicationStart {
    /// Whether the page starts it. Otherwise a script of the page does, by importing its glue.
    pub starts: bool,
    /// Where the module is that is called while the application starts for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional = nullable))]
    pub initializer: Option<String>,
}

/// The newest of everything; the first message on each connection, and what the served page carries.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
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
    pub failure: Option<Failure>,
}

/// A message from the tool to every page.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
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
        failure: Failure,
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
    Verdict(Verdict),
}

/// The verdict of a rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Verdict {
    /// The page's id for its request.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: Value,
    /// How it ended.
    pub outcome: RehearsalOutcome,
    /// The step of the swap that would fail.
    pub step: Option<SwapStep>,
    /// Why it would fail, or why the rehearsal was skipped.
    pub error: Option<String>,
    /// How long it took.
    pub duration: RehearsalTime,
}

/// How long a rehearsal took, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RehearsalTime {
    /// Until it began.
    pub wait: f64,
    /// From then on.
    pub run: f64,
}

impl ServerMessage {
    /// Makes pages ask for rehearsals of the versions in it, or not.
    pub fn set_rehearse(&mut self, rehearse: bool) {
        if let Self::HotUpdate { modules, .. } | Self::Hello(Hello { modules, .. }) = self {
            for version in modules {
                version.rehearse = rehearse && version.application.is_none();
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
            Self::Rehearsals {} | Self::Verdict(_) => None,
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
}
