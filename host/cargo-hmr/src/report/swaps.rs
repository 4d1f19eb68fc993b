//! The lines about swaps: what was kept, what was not and why, and how a swap failed.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::Value;

use super::notes::{Note, Weight, collapsed};
use super::{BAD, FAINT, GOOD, NAME, WARN};
use hmr_protocol::{Swap, SwapOutcome, SwapStep};

/// How many notes are shown after the counts, unless more of them report a loss.
const NOTES: usize = 6;

/// The possible outcomes of a key, in the order in which they are shown, and the weight of a note about each; none if it
/// needs no note.
const OUTCOMES: [(&str, Option<Weight>); 8] = [
    ("reset", Some(Weight::Loss)),
    ("kept", None),
    ("migrated", Some(Weight::Change)),
    ("recovered", Some(Weight::Change)),
    ("initial", Some(Weight::Change)),
    ("added", Some(Weight::New)),
    ("orphaned", Some(Weight::Orphan)),
    // Only in applications: a type that cannot be written.
    ("not-carried", Some(Weight::Change)),
];

/// The line about one module in one page.
pub(super) fn line(sequence: u64, page: &str, swap: &Swap) -> String {
    let name = &swap.module;
    let error = || failure(swap);
    let (mark, text) = match swap.outcome {
        SwapOutcome::RolledBack => (
            format!("{BAD}✗{BAD:#}"),
            format!(
                "rolled back at {}: {}; {FAINT}{}{FAINT:#}",
                swap.step.unwrap_or(SwapStep::Unknown),
                error(),
                if swap.running == Some(false) {
                    "none of its code runs in the page"
                } else {
                    "the old code runs on"
                },
            ),
        ),
        SwapOutcome::Undone => (
            format!("{BAD}✗{BAD:#}"),
            format!("undone: {}; {FAINT}the version before it runs again{FAINT:#}", error()),
        ),
        SwapOutcome::Declined => (
            format!("{WARN}↻{WARN:#}"),
            format!(
                "declined the update: {}; {FAINT}the page is loaded again with its state{FAINT:#}",
                error()
            ),
        ),
        SwapOutcome::NotMounted => (good(), "is not mounted: noted for later".to_owned()),
        SwapOutcome::Unchanged => (good(), "runs this version already".to_owned()),
        _ => (good(), format!("swapped: {}{}", summary(swap), times(swap))),
    };
    format!("  {mark} {FAINT}#{sequence} {page}{FAINT:#} {NAME}{name}{NAME:#} {text}")
}

/// The line about a module that was loaded without an update; only for failures.
pub(super) fn load(page: &str, swap: &Swap) -> Option<String> {
    let name = &swap.module;
    let how = match (swap.outcome, swap.step) {
        (SwapOutcome::Undone, _) => "was undone".to_owned(),
        (SwapOutcome::RolledBack, step) => {
            format!("failed at {}", step.unwrap_or(SwapStep::Unknown))
        }
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
    let skipped = swap.rehearsal.as_ref().and_then(|times| times.get("skipped")?.as_str());
    if let (Some(run), Some(added)) = (time("run"), time("added")) {
        _ = match skipped {
            None => write!(text, " · rehearsed in {run:.0} ms, {added:.0} ms added"),
            Some(why) => write!(text, " · not rehearsed, {added:.0} ms added: {why}"),
        };
    }
    format!("{text}{FAINT:#}")
}

/// `1 reset, 12 kept, 1 added (draft: invalid type …; title added)`
fn summary(swap: &Swap) -> String {
    let mut counts: BTreeMap<usize, (String, u64)> = BTreeMap::new();
    let mut count = |word: &str, more: u64| {
        let position = OUTCOMES.iter().position(|(known, _)| *known == word);
        counts
            .entry(position.unwrap_or(OUTCOMES.len()))
            .or_insert_with(|| (word.to_owned(), 0))
            .1 += more;
    };
    let mut notes = Vec::new();
    let reports = swap.report.as_ref().and_then(|report| report.get("instances")?.as_array());
    for instance in reports.into_iter().flatten() {
        for migration in list(instance.get("migrations")).filter_map(Value::as_str) {
            let component = text(instance, "component").unwrap_or("a component");
            notes.push(Note::new(Weight::Change, component, format!(" migrated {migration}")));
        }
        for (key, outcome) in map(instance.get("keys")) {
            let word = word(outcome);
            count(word, 1);
            let known = OUTCOMES.iter().find(|(known, _)| *known == word);
            if let Some(weight) = known.map_or(Some(Weight::Change), |(_, weight)| *weight) {
                notes.push(Note::new(weight, key, how(word, outcome)));
            }
        }
        for (key, outcome) in map(instance.get("tasks")) {
            let word = word(outcome);
            let weight = if word == "dropped" { Weight::Loss } else { Weight::Change };
            notes.push(Note::new(weight, &format!("task {key}"), how(word, outcome)));
        }
    }
    for resource in &swap.resources {
        let word = word(resource);
        if word != "kept" && word != "opened" {
            let key = text(resource, "key").unwrap_or("a resource");
            notes.push(Note::new(Weight::Change, key, format!(" {word}")));
        }
    }
    for connection in swap.connections.iter().filter(|each| word(each) == "dropped") {
        let end = |name| text(connection, name).unwrap_or("?");
        let what = format!("{} → {}", end("from"), end("to"));
        notes.push(Note::new(Weight::Loss, &what, how("dropped", connection)));
    }
    for invalidated in &swap.invalidated {
        let instance = invalidated.get("instance").and_then(Value::as_u64).unwrap_or_default();
        let how = how("mounted again", invalidated);
        notes.push(Note::new(Weight::Loss, &format!("instance {instance}"), how));
    }
    for (outcome, left_out) in &swap.cut {
        count(outcome, *left_out);
    }
    let nothing = if is_of_application(swap) { "page state kept" } else { "no state" };
    join(counts.into_values(), nothing, &collapsed(notes), swap.cut.values().sum())
}

/// Whether the module is an application: the state of its components is not restored, only that of the page.
fn is_of_application(swap: &Swap) -> bool {
    swap.events.contains(&SwapStep::Render) && !swap.events.contains(&SwapStep::Restore)
}

/// The counts, or `nothing` without any, then the notes. All notes that report a loss are kept.
fn join(
    counts: impl Iterator<Item = (String, u64)>,
    nothing: &str,
    notes: &[Note],
    cut: u64,
) -> String {
    let mut words: Vec<String> = counts
        .map(|(word, count)| match word.as_str() {
            "reset" => format!("{WARN}{count} reset{WARN:#}"),
            _ => format!("{count} {word}"),
        })
        .collect();
    if words.is_empty() {
        words.push(nothing.to_owned());
    }
    let losses = notes.iter().filter(|note| note.weight == Weight::Loss).count();
    let more = notes.len().saturating_sub(losses.max(NOTES));
    let mut notes: Vec<String> =
        notes.iter().take(losses.max(NOTES)).map(ToString::to_string).collect();
    if more > 0 {
        notes.push(format!("and {more} more"));
    }
    if cut > 0 {
        notes.push(format!("{cut} more are not in the report, which was too long"));
    }
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
    format!("{}{notes}", words.join(", "))
}

/// The result of an item, with the reason if there is one: `: invalid type`, ` orphaned`, ` dropped: no port`.
fn how(word: &str, outcome: &Value) -> String {
    match (word, text(outcome, "reason"), text(outcome, "from")) {
        ("reset", Some(reason), _) => format!(": {reason}"),
        (_, Some(reason), _) => format!(" {word}: {reason}"),
        ("migrated", None, Some(from)) => format!(" migrated from {from}"),
        _ => format!(" {word}"),
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

    fn printed(swap: Value) -> String {
        let swap: Swap = serde_json::from_value(swap).expect("a swap");
        anstream::adapter::strip_str(&line(4, "/", &swap)).to_string()
    }

    #[test]
    fn a_swap_tells_what_was_kept_and_what_was_reset_and_why() {
        let report = json!({"instances": [{"instance": 1, "keys": {
            "a": {"outcome": "kept"}, "b": {"outcome": "kept"}, "c": {"outcome": "reset", "reason": "invalid type"}
        }}]});
        assert_eq!(
            printed(json!({"module": "board", "outcome": "committed", "report": report,
                        "duration": {"prepare": 1.5, "capture": 0.5}})),
            "  ✓ #4 / board swapped: 1 reset, 2 kept (c: invalid type) · 2.0 ms"
        );
    }

    #[test]
    fn everything_that_changed_is_reported() {
        let report = json!({"instances": [{"instance": 1, "component": "Board",
            "migrations": ["1.0.0 → 1.1.0"],
            "keys": {"a": {"outcome": "orphaned"}, "b": {"outcome": "recovered"}, "c": {"outcome": "migrated", "from": "u8"}},
            "tasks": {"load": {"outcome": "resumed"}, "save": {"outcome": "dropped", "reason": "it is gone"}}}]});
        assert_eq!(
            printed(json!({"module": "board", "outcome": "committed", "report": report})),
            "  ✓ #4 / board swapped: 1 migrated, 1 recovered, 1 orphaned (task save dropped: it is gone; \
             Board migrated 1.0.0 → 1.1.0; b recovered; c migrated from u8; task load resumed; a orphaned) · 0.0 ms"
        );
        assert_eq!(
            printed(json!({"module": "board", "outcome": "committed",
                "resources": [{"key": "tick", "outcome": "closed"}, {"key": "tock", "outcome": "kept"}],
                "connections": [{"from": "A.x", "to": "B.y", "outcome": "dropped", "reason": "no port"}],
                "invalidated": [{"instance": 3, "reason": "stale"}],
                "rehearsal": {"wait": 0.5, "run": 9.1, "added": 3.2}})),
            "  ✓ #4 / board swapped: no state (A.x → B.y dropped: no port; instance 3 mounted again: stale; tick closed) \
             · 0.0 ms · rehearsed in 9 ms, 3 ms added"
        );
    }

    #[test]
    fn resets_come_first_and_none_is_left_out() {
        let mut keys = serde_json::Map::new();
        for number in 0..9 {
            keys.insert(format!("a{number}x"), json!({"outcome": "orphaned"}));
            keys.insert(
                format!("z{number}x"),
                json!({"outcome": "reset", "reason": format!("no {number}")}),
            );
            keys.insert(format!("For(rows):{number}:n"), json!({"outcome": "added"}));
        }
        let report = json!({"instances": [{"instance": 1, "keys": keys}]});
        let resets: Vec<String> = (0..9).map(|number| format!("z{number}x: no {number}")).collect();
        assert_eq!(
            printed(
                json!({"module": "board", "outcome": "committed", "report": report, "cut": {"kept": 30}})
            ),
            format!(
                "  ✓ #4 / board swapped: 9 reset, 30 kept, 9 added, 9 orphaned ({}; and 10 more; 30 more are not in the report, which was too long) · 0.0 ms",
                resets.join("; ")
            )
        );
    }

    #[test]
    fn a_wait_of_a_swap_without_an_answer_is_reported() {
        assert_eq!(
            printed(json!({"module": "board", "outcome": "committed",
                "rehearsal": {"wait": 0, "run": 0, "added": 1003.2, "skipped": "`hmr-preflight` does not answer"}})),
            "  ✓ #4 / board swapped: no state · 0.0 ms · not rehearsed, 1003 ms added: `hmr-preflight` does not answer"
        );
    }

    #[test]
    fn a_failed_swap_is_never_called_a_success() {
        assert_eq!(
            printed(
                json!({"module": "board", "outcome": "rolled-back", "step": "restore", "error": "unreachable"})
            ),
            "  ✗ #4 / board rolled back at restore: unreachable; the old code runs on"
        );
        assert_eq!(
            printed(
                json!({"module": "board", "outcome": "rolled-back", "step": "instantiate", "error": "unreachable", "running": false})
            ),
            "  ✗ #4 / board rolled back at instantiate: unreachable; none of its code runs in the page"
        );
        assert_eq!(
            printed(json!({"module": "board", "outcome": "undone", "error": "index out of bounds",
                        "file": "src/lib.rs", "line": 42})),
            "  ✗ #4 / board undone: index out of bounds at src/lib.rs:42; the version before it runs again"
        );
        assert_eq!(
            printed(json!({"module": "board", "outcome": "declined", "error": "it draws"})),
            "  ↻ #4 / board declined the update: it draws; the page is loaded again with its state"
        );
    }

    #[test]
    fn of_what_was_loaded_only_failures_are_reported() {
        let printed = |swap: Value| {
            let swap: Swap = serde_json::from_value(swap).expect("a swap");
            load("/#1", &swap).map(|line| anstream::adapter::strip_str(&line).to_string())
        };
        assert_eq!(printed(json!({"module": "board", "outcome": "committed"})), None);
        assert_eq!(
            printed(json!({"module": "board", "outcome": "rolled-back", "step": "instantiate", "error": "unreachable"})).as_deref(),
            Some("  ✗ /#1 board failed at instantiate: unreachable")
        );
    }

    #[test]
    fn the_page_state_of_an_application_is_kept() {
        let swap = json!({"module": "shop", "outcome": "committed", "duration": {"render": 1.0},
            "events": ["prepare", "quiesce", "capture", "instantiate", "render", "commit", "probation"]});
        assert_eq!(printed(swap), "  ✓ #4 / shop swapped: page state kept · 1.0 ms");
    }

    #[test]
    fn a_report_of_any_shape_is_shown_somehow() {
        for report in [
            json!(null),
            json!([]),
            json!({"instances": 7}),
            json!({"instances": [7, {"keys": []}]}),
        ] {
            assert!(
                printed(json!({"module": "b", "outcome": "committed", "report": report}))
                    .contains("no state")
            );
        }
    }
}
