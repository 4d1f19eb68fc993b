//! Observations as text: the same for both engines, short enough to be read in a review.

use std::fmt::Write as _;

use serde_json::Value;

use super::Observation;
use super::modules::without_lanes;

/// Writes down what was to be seen after each step.
#[must_use]
pub fn transcript<'a>(steps: impl Iterator<Item = &'a str>, seen: &[Observation]) -> String {
    let mut text = String::new();
    let mut before = Observation::default();
    for (step, now) in steps.zip(seen) {
        _ = writeln!(text, "> {step}");
        for swap in &now.swaps {
            write_swap(&mut text, swap);
        }
        for (module, trap) in &now.traps {
            _ = writeln!(text, "  trap in {module}: {trap}");
        }
        for problem in &now.problems {
            _ = writeln!(text, "  problem: {}", problem.replace('\n', "\n    "));
        }
        for (level, module, line) in &now.log {
            let module = if module.is_empty() { "page" } else { module };
            _ = writeln!(text, "  {level} of {module}: {}", line.replace('\n', "\n    "));
        }
        for sent in &now.sent {
            _ = writeln!(text, "  sent {sent}");
        }
        if let Some(answer) = &now.answer {
            _ = writeln!(text, "  answer: {answer}");
        }
        if let Some(error) = &now.failed {
            _ = writeln!(text, "  failed: {error}");
        }
        if now.html != before.html {
            _ = writeln!(text, "  {}", sorted(&now.html));
        }
        if now.fields != before.fields && !now.fields.is_empty() {
            _ = writeln!(text, "  fields: {:?}", now.fields);
        }
        if now.focus != before.focus {
            _ = writeln!(text, "  focus: {}", now.focus.as_deref().unwrap_or("nowhere"));
        }
        if now.location != before.location {
            _ = writeln!(text, "  location: {}", now.location.as_deref().unwrap_or("/"));
        }
        if now.title != before.title {
            _ = writeln!(text, "  title: {}", now.title.as_deref().unwrap_or_default());
        }
        if now.drawings != before.drawings {
            _ = writeln!(text, "  drawings: {:?}", now.drawings);
        }
        if now.clipboard != before.clipboard {
            _ = writeln!(text, "  clipboard: {}", now.clipboard);
        }
        for load in &now.loads {
            _ = writeln!(text, "  load: {load}");
        }
        before = now.clone();
    }
    alike(&without_lanes(&text))
}

/// The text without what depends on how an engine was made: its words for a trap, and the function in which a budget
/// happened to end.
fn alike(text: &str) -> String {
    let text = text.replace("wasm trap: wasm `unreachable` instruction executed", "unreachable");
    let mut parts = text.split("ran for too long in `");
    let mut alike = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once('`').unwrap_or(("", part));
        alike.push_str("ran for too long");
        alike.push_str(rest);
    }
    alike
}

fn write_swap(text: &mut String, swap: &Value) {
    let word = |field: &str| swap[field].as_str().unwrap_or_default();
    _ = write!(text, "  {}: {}", word("module"), word("outcome"));
    let events = list(&swap["events"]).map(|event| event.as_str().unwrap_or("?").to_owned());
    let events: Vec<String> = events.collect();
    if !events.is_empty() {
        _ = write!(text, " [{}]", events.join(" "));
    }
    text.push('\n');
    if let Some(error) = swap["error"].as_str() {
        _ = writeln!(
            text,
            "    in {}: {}",
            swap["step"].as_str().unwrap_or("no step"),
            error.replace('\n', "\n      ")
        );
    }
    for instance in list(&swap["report"]["instances"]) {
        let component = instance["component"].as_str().unwrap_or_default();
        _ = write!(text, "    {component} {}", instance["instance"]);
        if let Some(version) = instance["version"].as_str() {
            _ = write!(text, " {version}");
        }
        for migration in list(&instance["migrations"]) {
            _ = write!(text, ", {}", migration.as_str().unwrap_or_default());
        }
        text.push_str(":\n");
        if let Some(error) = instance["error"].as_str() {
            _ = writeln!(text, "      error: {error}");
        }
        write_outcomes(text, "", &instance["keys"]);
        write_outcomes(text, "task ", &instance["tasks"]);
    }
    for resource in list(&swap["resources"]) {
        _ = writeln!(
            text,
            "    resource {} of {}: {}",
            resource["key"].as_str().unwrap_or_default(),
            resource["instance"],
            resource["outcome"].as_str().unwrap_or_default()
        );
    }
    for connection in list(&swap["connections"]) {
        let word = |field: &str| connection[field].as_str().unwrap_or_default();
        let reason = connection["reason"].as_str().map(|reason| format!(" ({reason})"));
        _ = writeln!(
            text,
            "    connection {} → {}: {}{}",
            word("from"),
            word("to"),
            word("outcome"),
            reason.unwrap_or_default()
        );
    }
    for invalidated in list(&swap["invalidated"]) {
        _ = writeln!(
            text,
            "    invalidated {}: {}",
            invalidated["instance"], invalidated["reason"]
        );
    }
}

/// One line for each key, sorted.
fn write_outcomes(text: &mut String, of: &str, outcomes: &Value) {
    let mut lines: Vec<String> = outcomes
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, outcome)| {
            let mut line =
                format!("      {of}{key}: {}", outcome["outcome"].as_str().unwrap_or("?"));
            for field in ["from", "reason"] {
                if let Some(value) = outcome[field].as_str() {
                    _ = write!(line, " ({value})");
                }
            }
            line
        })
        .collect();
    lines.sort();
    for line in lines {
        _ = writeln!(text, "{line}");
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The markup with the attributes of each tag in order: they have none in a document.
fn sorted(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        let end = end_of(tag);
        let (name, attributes) = tag[..end].split_once(' ').unwrap_or((&tag[..end], ""));
        let mut attributes = attributes_of(attributes);
        attributes.sort_unstable();
        _ = write!(text, "<{name}");
        for attribute in attributes {
            _ = write!(text, " {attribute}");
        }
        rest = &tag[end..];
    }
    text.push_str(rest);
    text
}

/// Where a tag ends: at the first `>` that is in no value.
fn end_of(tag: &str) -> usize {
    let mut quoted = false;
    let end = tag.find(|letter| {
        quoted ^= letter == '"';
        letter == '>' && !quoted
    });
    end.unwrap_or(tag.len())
}

fn attributes_of(text: &str) -> Vec<&str> {
    let mut quoted = false;
    let separates = |letter| {
        quoted ^= letter == '"';
        letter == ' ' && !quoted
    };
    text.split(separates).filter(|attribute| !attribute.is_empty()).collect()
}
