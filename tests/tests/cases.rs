//! The swap cases of `tests/cases/`, in both engines.
//!
//! With `HMR_BLESS=1`, the headless engine writes what it shows into the cases; the browser never does.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use hmr_tests::cases::{Case, Modules, Observation, browser, headless, read, transcript};

/// Compares the transcripts with what the cases expect, and says all that differ.
fn check(cases: &[Case], mut run: impl FnMut(&Case) -> Vec<Observation>, bless: bool) {
    let mut failures = String::new();
    for case in cases {
        let steps: Vec<String> = std::iter::once("open".to_owned())
            .chain(case.steps.iter().map(|(line, _)| line.clone()))
            .collect();
        let shown = transcript::transcript(&steps, &run(case));
        if shown == case.expected {
            continue;
        }
        if bless {
            case.bless(&shown);
            continue;
        }
        _ = writeln!(failures, "== {}: {}", case.name, case.title);
        failures.push_str(&difference(&case.expected, &shown));
    }
    assert!(failures.is_empty(), "transcripts differ (-expected, +shown):\n{failures}");
}

fn difference(expected: &str, shown: &str) -> String {
    similar::TextDiff::from_lines(expected, shown).unified_diff().context_radius(3).to_string()
}

fn blessing() -> bool {
    std::env::var_os("HMR_BLESS").is_some()
}

#[test]
fn headless_engine() {
    let cases = read::all();
    let modules = Modules::of(&cases, Path::new(env!("CARGO_TARGET_TMPDIR")));
    check(&cases, |case| headless::run(case, &modules), blessing());
}

#[test]
fn browser_engine() {
    let cases = read::all();
    let modules = Modules::of(&cases, Path::new(env!("CARGO_TARGET_TMPDIR")));
    let page = browser::Runner::start(&cases, modules);
    check(&cases, |case| page.run(case), false);
}

#[test]
fn every_case_has_a_title_of_its_own() {
    let cases = read::all();
    let titles: BTreeSet<&str> = cases.iter().map(|case| case.title.as_str()).collect();
    assert_eq!(titles.len(), cases.len(), "two cases have the same title");
}
