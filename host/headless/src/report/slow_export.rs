//! The report of an export that has become slower.

use std::fmt;

/// An export whose calls take longer since a swap.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct SlowExport {
    /// The module.
    pub module: String,
    /// The content hash of the slower version.
    pub hash: String,
    /// The export.
    pub export: String,
    /// How long the middle call took before the swap, in milliseconds.
    pub before: f64,
    /// How long the middle call takes since, in milliseconds.
    pub after: f64,
    /// How many calls of the slower version this is seen from.
    pub calls: usize,
}

impl fmt::Display for SlowExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { module, export, before, after, calls, .. } = self;
        write!(
            f,
            "`{export}` of `{module}` is {:.1} times slower than before the swap: {after:.2} ms instead of {before:.2} ms, \
             in the middle of {calls} calls",
            after / before.max(f64::MIN_POSITIVE)
        )
    }
}
