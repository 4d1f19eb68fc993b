//! What a module reads from its engine at once, through the import `read`: JSON both ways.

use serde::{Deserialize, Serialize};

/// What is read. An engine that does not know it answers -1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "read", rename_all = "kebab-case")]
pub enum ReadRequest {
    /// How many minutes the reader's local time is ahead of UTC at a moment: a number.
    TimeZone {
        /// Milliseconds since the Unix epoch.
        at: f64,
    },
    /// The address of the page: a [`Location`].
    Location {},
}

/// The parts of a page's address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Location {
    /// The scheme and host, `https://example.org` for instance.
    pub origin: String,
    /// The path, which begins with `/`.
    pub path: String,
    /// The query, without `?`.
    pub query: String,
    /// The fragment, without `#`.
    pub hash: String,
}
