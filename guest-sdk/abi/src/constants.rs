//! Numbers on which both engines must agree: limits, and the weights of reconciliation. `docs/abi.md` explains them.
//!
//! The client's `client/common/constants.js` is made from [`SHARED`]; a test of `hmr-protocol` compares them.

/// How deep components may be placed in one another, the outermost included.
pub const NESTING_LIMIT: usize = 64;

/// How often the code of a module is restarted after traps within [`RESTART_PERIOD_MS`], before it stays stopped.
pub const RESTART_LIMIT: usize = 10;

/// See [`RESTART_LIMIT`]; milliseconds.
pub const RESTART_PERIOD_MS: f64 = 10_000.0;

/// The number of calls on probation: a trap in one of these still undoes the swap.
pub const PROBATION_CALLS: u32 = 8;

/// How many states are kept of instances that updates removed from the page.
pub const LEFT_STATES: usize = 64;

/// How many states of a module are in its history.
pub const HISTORY_LENGTH: usize = 50;

/// How many values that were sent in response to values are delivered before the remaining ones are dropped.
pub const CIRCLE_LIMIT: u32 = 1000;

/// How many frames of the call stack are searched for the place of a trap, from the innermost. A panic has a dozen frames of the
/// standard library before the user's code.
pub const MOST_FRAMES: usize = 100;

/// How many loop heads and calls may run in one call of guarded code, unless an engine is configured otherwise.
pub const CALL_BUDGET: i32 = 500_000_000;

/// How many bytes one call may pass through imports.
pub const HANDED_OVER_BYTES: usize = 64 << 20;

/// How many of the last calls of an export are measured.
pub const MEASURED_CALLS: usize = 200;

/// How many calls of two versions are compared.
pub const COMPARED_CALLS: usize = 20;

/// How many times as long calls must take to count as slower.
pub const SLOWER_RATIO: f64 = 2.0;

/// How many milliseconds longer calls must take to count as slower.
pub const SLOWER_BY_MS: f64 = 1.0;

/// The similarity score of two equal subtrees.
pub const EQUAL: u64 = 1000;

/// The similarity score of two elements with the same `id`, `name` or `data-testid`.
pub const SAME_NAME: u64 = 100;

/// The similarity score of two elements with the same classes.
pub const SAME_CLASS: u64 = 10;

/// The similarity score of two texts that are equal.
pub const SAME_TEXT: u64 = 5;

/// The similarity score of two elements of the same tag.
pub const SAME_TAG: u64 = 1;

/// Above this many comparisons, siblings without keys are paired in order.
pub const ALIGNMENT_LIMIT: usize = 4_000_000;

/// The longest text of a module that is shown, in bytes.
pub const TEXT_BYTES: usize = 4096;

/// How much of a longer text is kept, in bytes. The rest is for the note at its end, and for the text around it.
pub const TEXT_KEPT_BYTES: usize = TEXT_BYTES - 512;

/// How many values of earlier versions a module keeps for each instance. Only the module uses it: engines pass these values on.
pub const ORPHANS_KEPT: usize = 2048;

/// The constants that the client also has, by name.
#[expect(clippy::cast_precision_loss, reason = "all of them are small")]
pub const SHARED: [(&str, f64); 22] = [
    ("NESTING_LIMIT", NESTING_LIMIT as f64),
    ("RESTART_LIMIT", RESTART_LIMIT as f64),
    ("RESTART_PERIOD_MS", RESTART_PERIOD_MS),
    ("PROBATION_CALLS", PROBATION_CALLS as f64),
    ("LEFT_STATES", LEFT_STATES as f64),
    ("HISTORY_LENGTH", HISTORY_LENGTH as f64),
    ("CIRCLE_LIMIT", CIRCLE_LIMIT as f64),
    ("MOST_FRAMES", MOST_FRAMES as f64),
    ("CALL_BUDGET", CALL_BUDGET as f64),
    ("HANDED_OVER_BYTES", HANDED_OVER_BYTES as f64),
    ("MEASURED_CALLS", MEASURED_CALLS as f64),
    ("COMPARED_CALLS", COMPARED_CALLS as f64),
    ("SLOWER_RATIO", SLOWER_RATIO),
    ("SLOWER_BY_MS", SLOWER_BY_MS),
    ("EQUAL", EQUAL as f64),
    ("SAME_NAME", SAME_NAME as f64),
    ("SAME_CLASS", SAME_CLASS as f64),
    ("SAME_TEXT", SAME_TEXT as f64),
    ("SAME_TAG", SAME_TAG as f64),
    ("ALIGNMENT_LIMIT", ALIGNMENT_LIMIT as f64),
    ("TEXT_BYTES", TEXT_BYTES as f64),
    ("TEXT_KEPT_BYTES", TEXT_KEPT_BYTES as f64),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn file(path: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    #[test]
    fn the_documentation_has_the_same_numbers() {
        let text = file("docs/abi.md");
        let own = [("ORPHANS_KEPT", 2048.0)];
        for (name, value) in SHARED.iter().chain(&own) {
            let row = format!("| `{name}` | {value} |");
            assert!(text.contains(&row), "docs/abi.md has no row `{row}`");
        }
    }
}
