//! What a compiler, a linker or cargo says about a build.

use serde::{Deserialize, Serialize};

/// How grave a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The build fails because of it.
    Error,
    /// The build continues.
    Warning,
    /// An explanation.
    Note,
    /// A suggestion.
    Help,
}

/// One message of the compiler, the linker or cargo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub struct Diagnostic {
    /// How grave it is.
    pub level: Level,
    /// The message, usually one line.
    pub message: String,
    /// The compiler's error code or the lint's name, `E0308` or `unused_variables`.
    pub code: Option<String>,
    /// The source file as the compiler named it, usually relative to the workspace's root.
    pub file: Option<String>,
    /// The line in `file`, counted from 1.
    pub line: Option<u32>,
    /// The column in characters, counted from 1.
    pub column: Option<u32>,
    /// What the compiler prints, with ANSI colours.
    pub rendered: String,
}

impl Diagnostic {
    /// An error without a place in a source file.
    #[must_use]
    pub fn error(text: &str) -> Self {
        Self {
            level: Level::Error,
            message: text.lines().next().unwrap_or_default().to_owned(),
            code: None,
            file: None,
            line: None,
            column: None,
            rendered: text.to_owned(),
        }
    }
}

/// A pending failure: the page shows it until it is fixed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Failure {
    /// What failed, in a few words.
    pub title: String,
    /// Why, one by one.
    pub diagnostics: Vec<Diagnostic>,
}
