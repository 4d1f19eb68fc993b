//! The messages of a page to the tool.

use serde::{Deserialize, Serialize, de::Error as _};
use serde_json::Value;

use crate::few;
use crate::swap::Swap;

/// A message from a page to the tool. Reports are passed on to the terminal as the page wrote them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ClientMessage {
    /// The page has started, or has handled `hello`.
    Ready {
        /// The page's path.
        #[serde(default)]
        page: String,
        /// The modules that run in it, and their versions.
        #[serde(default)]
        #[cfg_attr(test, ts(type = "{ module: string, hash: string }[]"))]
        modules: Value,
    },
    /// Acknowledges an update, or reports code that was loaded without one.
    Swap {
        /// The run of the tool that the number belongs to; none without a number.
        #[serde(default)]
        server: Option<String>,
        /// The update's number.
        #[serde(default)]
        sequence: Option<u64>,
        /// The outcome of each module; of more than [`MOST_SWAPS`](crate::limits::MOST_SWAPS), one more than that.
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
        #[cfg_attr(test, ts(type = "\"css\" | \"asset\""))]
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
    State(ModuleState),
    /// Anything else that the developer should read.
    Problem {
        /// What it is.
        #[serde(default)]
        message: String,
    },
}

/// Calls of an export that take clearly longer than in the version before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
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
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct ModuleState {
    /// The module.
    pub module: String,
    /// Its version.
    pub hash: String,
    /// The page's snapshot, as JSON text.
    pub snapshot: String,
}

/// A rehearsal that a page asks for.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Rehearse {
    /// The page's id for the request; the verdict repeats it.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: Value,
    /// The module.
    pub module: String,
    /// The version that it would swap to.
    pub hash: String,
    /// The JSON text of the page's snapshot.
    pub snapshot: String,
    /// What the update asks to be done to the state.
    #[cfg_attr(test, ts(type = "unknown[]"))]
    pub transform: Value,
}

/// A trap in running code.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
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
    fn any_text_of_a_page_is_a_message_or_an_error() {
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
}
