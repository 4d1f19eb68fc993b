//! Swap cases as data: what a page is made of, what happens to it, and the expected result after each step.
//!
//! A case is a Markdown file of `tests/cases/`: a title, fenced blocks with the versions of modules, the page, the
//! steps and the transcript that is expected. [`read`] parses it, [`modules`] compiles the versions, and one runner for each engine
//! ([`headless`], [`browser`]) carries out the steps and returns an [`Observation`] for each. [`transcript`] writes observations
//! down, the same for both engines, so that equal transcripts mean equal behaviour.
//!
//! The text under a heading of the transcript is what *changed* in that step: a step that changes nothing is one line.

pub mod browser;
pub mod headless;
pub mod modules;
pub mod random;
pub mod read;
pub mod step;
pub mod transcript;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use modules::Modules;
pub use read::Case;
pub use step::Step;

/// How many loop heads and calls one call into a module may pass.
const BUDGET: i32 = 20_000_000;

/// The expected result after a step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Observation {
    /// The markup of the body, without what an engine adds to it for people.
    pub html: String,
    /// The values of form fields, in document order.
    pub fields: Vec<String>,
    /// The element that has the focus: its tag, and its `id` or `name`.
    pub focus: Option<String>,
    /// The address, without its origin, unless it is that with which the page was opened.
    pub location: Option<String>,
    /// The title that modules have set.
    pub title: Option<String>,
    /// The addresses that links have led to and a browser would have loaded.
    pub loads: Vec<String>,
    /// What each `canvas` shows, as the commands that drew it.
    pub drawings: Vec<String>,
    /// The text in the clipboard.
    pub clipboard: String,
    /// The swaps of the step, as engines report them.
    pub swaps: Vec<Value>,
    /// The log lines of modules and the engine in the step: level, module, text.
    pub log: Vec<(String, String, String)>,
    /// The developer's messages in the step.
    pub problems: Vec<String>,
    /// Traps of running code in the step: module, message, file and line.
    pub traps: Vec<(String, String)>,
    /// The network messages of the step, a line each.
    pub sent: Vec<String>,
    /// The answer to a step that requests something.
    pub answer: Option<Value>,
    /// Why the step could not be carried out.
    pub failed: Option<String>,
}
