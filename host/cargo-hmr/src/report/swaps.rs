//! The lines about swaps: what was kept, what was not and why, and how a swap failed.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::Value;

use super::{BAD, FAINT, GOOD, NAME, WARN};
use crate::protocol::Swap;

/// How many notes stand behind the counts.
const NOTES: usize = 6;

/// What can become of a key, in the order in which it is told.
const OUTCOMES: [&str; 6] = ["kept", "migrated", "recovered", "added", "reset", "orphaned"];

/// The line about one module in one page.
pub(super) fn line(sequence: u64, page: &str, swap: &Swap) -> String {
    let name = &swap.module;
    let error = || failure(swap);
    let (mark, text) = match swap.outcome.as_str() {
        "rolled-back" => (
            format!("{BAD}✗{BAD:#}"),
            format!(
                "rolled back at {}: {}; {FAINT}the old code runs on{FAINT:#}",
                swap.step.as_deref().unwrap_or("an unknown step"),
                error(),
            ),
        ),
        "undone" => (
            format!("{BAD}✗{BAD:#}"),
            format!("undone: {}; {FAINT}the version from before runs again{FAINT:#}", error()),
        ),
        "declined" => (
            format!("{WARN}↻{WARN:#}"),
            format!(
                "declined the update: {}; {FAINT}the page is loaded again with its state{FAINT:#}",
                error()
            ),
        ),
        "not-mounted" => (good(), "is not mounted: noted for later".to_owned()),
        "unchanged" => (good(), "runs this version already".to_owned()),
        _ => (good(), format!("swapped: {}{}", summary(swap), times(swap))),
    };
    format!("  {mark} {FAINT}#{sequence} {page}{FAINT:#} {NAME}{name}{NAME:#} {text}")
}

/// The line about a module that was loaded without an update; only what failed is worth one.
pub(super) fn load(page: &str, swap: &Swap) -> Option<String> {
    let name = &swap.module;
    let how = match (swap.outcome.as_str(), swap.step.as_deref()) {
        ("undone", _) => "was undone".to_owned(),
        ("rolled-back", step) => format!("failed at {}", step.unwrap_or("an unknown step")),
        _ => return None,
    };
    let error = failure(swap);
    Some(format!("  {BAD}✗{BAD:#} {FAINT}{page}{FAINT:#} {NAME}{name}{NAME:#} {how}: {error}"))
}

fn good() -> String {
    format!("{GOOD}✓{GOOD:#}")
}

/// `index out of bounds at src/lib.rs:42`
fn failure(swap: &Swap) -> String {
    let error = swap.error.as_deref().unwrap_or("no reason was given");
    match (&swap.file, swap.line) {
        (Some(file), Some(line)) if !error.contains(&format!("{file}:{line}")) => {
            format!("{error} at {NAME}{file}:{line}{NAME:#}")
        }
        _ => error.to_owned(),
    }
}

fn times(swap: &Swap) -> String {
    let steps = swap.duration.as_object();
    let total: f64 = steps.map_or(0.0, |steps| steps.values().filter_map(Value::as_f64).sum());
    let mut text = format!(" {FAINT}· {total:.1} ms");
    let time = |name| swap.rehearsal.as_ref().and_then(|times| times.get(name)?.as_f64());
    if let (Some(run), Some(added)) = (time("run"), time("added")) {
        _ = write!(text, " · rehearsed in {run:.0} ms, {added:.0} ms added");
    }
    format!("{text}{FAINT:#}")
}

/// `12 kept, 1 added, 1 reset (draft: invalid type …)`
fn summary(swap: &Swap) -> String {
    let mut counts: BTreeMap<usize, (String, usize)> = BTreeMap::new();
    let mut count = |place: usize, word: &str| {
        counts.entry(place).or_insert_with(|| (word.to_owned(), 0)).1 += 1;
    };
    let mut notes = Vec::new();
    let reports = swap.report.as_ref().and_then(|report| report.get("instances")?.as_array());
    for instance in reports.into_iter().flatten() {
        for migration in list(instance.get("migrations")).filter_map(Value::as_str) {
            let component = text(instance, "component").unwrap_or("a component");
            notes.push(format!("{component} migrated {migration}"));
        }
        for (key, outcome) in map(instance.get("keys")) {
            let word = word(outcome);
            let place = OUTCOMES.iter().position(|known| *known == word);
            count(place.unwrap_or(OUTCOMES.len()), word);
            if word != "kept" {
                notes.push(note(key, word, outcome));
            }
        }
        for (key, outcome) in map(instance.get("tasks")) {
            let word = word(outcome);
            notes.push(note(&format!("task {key}"), word, outcome));
        }
    }
    for resource in &swap.resources {
        let word = word(resource);
        if word != "kept" && word != "opened" {
            notes.push(format!("{} {word}", text(resource, "key").unwrap_or("a resource")));
        }
    }
    for connection in swap.connections.iter().filter(|each| word(each) == "dropped") {
        let end = |name| text(connection, name).unwrap_or("?");
        notes.push(note(&format!("{} → {}", end("from"), end("to")), "dropped", connection));
    }
    for invalidated in &swap.invalidated {
        let instance = invalidated.get("instance").and_then(Value::as_u64).unwrap_or_default();
        notes.push(note(&format!("instance {instance}"), "mounted anew", invalidated));
    }
    told(counts.into_values(), notes)
}

fn told(counts: impl Iterator<Item = (String, usize)>, mut notes: Vec<String>) -> String {
    let mut words: Vec<String> = counts.map(|(word, count)| format!("{count} {word}")).collect();
    if words.is_empty() {
        words.push("no state".to_owned());
    }
    let more = notes.len().saturating_sub(NOTES);
    notes.truncate(NOTES);
    if more > 0 {
        notes.push(format!("and {more} more"));
    }
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
    format!("{}{notes}", words.join(", "))
}

/// What became of something, with the reason if there is one: `c: invalid type`, `b orphaned`, `x dropped: no port`.
fn note(what: &str, word: &str, outcome: &Value) -> String {
    match (word, text(outcome, "reason"), text(outcome, "from")) {
        ("reset", Some(reason), _) => format!("{what}: {reason}"),
        (_, Some(reason), _) => format!("{what} {word}: {reason}"),
        ("migrated", None, Some(from)) => format!("{what} migrated from {from}"),
        _ => format!("{what} {word}"),
    }
}

fn word(outcome: &Value) -> &str {
    text(outcome, "outcome").unwrap_or("unknown")
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str)
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn map(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(swap: Value) -> String {
        let swap: Swap = serde_json::from_value(swap).expect("a swap");
        anstream::adapter::strip_str(&line(4, "/", &swap)).to_string()
    }

    #[test]
    fn a_swap_tells_what_was_kept_and_what_was_reset_and_why() {
        let report = json!({"instances": [{"instance": 1, "keys": {
            "a": {"outcome": "kept"}, "b": {"outcome": "kept"}, "c": {"outcome": "reset", "reason": "invalid type"}
        }}]});
        assert_eq!(
            told(json!({"module": "board", "outcome": "committed", "report": report,
                        "duration": {"prepare": 1.5, "capture": 0.5}})),
            "  ✓ #4 / board swapped: 2 kept, 1 reset (c: invalid type) · 2.0 ms"
        );
    }

    #[test]
    fn everything_that_changed_is_told() {
        let report = json!({"instances": [{"instance": 1, "component": "Board",
            "migrations": ["1.0.0 → 1.1.0"],
            "keys": {"a": {"outcome": "orphaned"}, "b": {"outcome": "recovered"}, "c": {"outcome": "migrated", "from": "u8"}},
            "tasks": {"load": {"outcome": "resumed"}, "save": {"outcome": "dropped", "reason": "it is gone"}}}]});
        assert_eq!(
            told(json!({"module": "board", "outcome": "committed", "report": report})),
            "  ✓ #4 / board swapped: 1 migrated, 1 recovered, 1 orphaned (Board migrated 1.0.0 → 1.1.0; a orphaned; \
             b recovered; c migrated from u8; task load resumed; task save dropped: it is gone) · 0.0 ms"
        );
        assert_eq!(
            told(json!({"module": "board", "outcome": "committed",
                "resources": [{"key": "tick", "outcome": "closed"}, {"key": "tock", "outcome": "kept"}],
                "connections": [{"from": "A.x", "to": "B.y", "outcome": "dropped", "reason": "no port"}],
                "invalidated": [{"instance": 3, "reason": "stale"}],
                "rehearsal": {"wait": 0.5, "run": 9.1, "added": 3.2}})),
            "  ✓ #4 / board swapped: no state (tick closed; A.x → B.y dropped: no port; instance 3 mounted anew: stale) \
             · 0.0 ms · rehearsed in 9 ms, 3 ms added"
        );
    }

    #[test]
    fn a_failed_swap_is_never_called_a_success() {
        assert_eq!(
            told(
                json!({"module": "board", "outcome": "rolled-back", "step": "restore", "error": "unreachable"})
            ),
            "  ✗ #4 / board rolled back at restore: unreachable; the old code runs on"
        );
        assert_eq!(
            told(json!({"module": "board", "outcome": "undone", "error": "index out of bounds",
                        "file": "src/lib.rs", "line": 42})),
            "  ✗ #4 / board undone: index out of bounds at src/lib.rs:42; the version from before runs again"
        );
        assert_eq!(
            told(json!({"module": "board", "outcome": "declined", "error": "it draws"})),
            "  ↻ #4 / board declined the update: it draws; the page is loaded again with its state"
        );
    }

    #[test]
    fn of_what_was_loaded_only_failures_are_told() {
        let told = |swap: Value| {
            let swap: Swap = serde_json::from_value(swap).expect("a swap");
            load("/#1", &swap).map(|line| anstream::adapter::strip_str(&line).to_string())
        };
        assert_eq!(told(json!({"module": "board", "outcome": "committed"})), None);
        assert_eq!(
            told(json!({"module": "board", "outcome": "rolled-back", "step": "instantiate", "error": "unreachable"})).as_deref(),
            Some("  ✗ /#1 board failed at instantiate: unreachable")
        );
    }

    #[test]
    fn a_report_of_any_shape_is_told_somehow() {
        for report in [
            json!(null),
            json!([]),
            json!({"instances": 7}),
            json!({"instances": [7, {"keys": []}]}),
        ] {
            assert!(
                told(json!({"module": "b", "outcome": "committed", "report": report}))
                    .contains("no state")
            );
        }
    }
}
