//! Random cases: each swap reports what the rules require, and both engines show the same.
//!
//! `HMR_RANDOM_CASES` sets how many there are, and `HMR_RANDOM_SEED` which is the first. A case that fails is printed as a file
//! of `tests/cases/`, so that it can be kept as one.

use std::collections::BTreeMap;
use std::path::Path;

use hmr_tests::cases::random::{self, Random};
use hmr_tests::cases::{Case, Modules, Observation, browser, headless};
use serde_json::Value;

/// How many edits a case has.
const EDITS: usize = 3;

fn setting(name: &str, otherwise: u64) -> u64 {
    let Ok(text) = std::env::var(name) else { return otherwise };
    text.parse().unwrap_or_else(|_| panic!("`{name}` is `{text}`, where a number is expected"))
}

fn cases() -> (Vec<Random>, Modules) {
    let first = setting("HMR_RANDOM_SEED", 1);
    let all = first..first + setting("HMR_RANDOM_CASES", 8);
    let all: Vec<Random> = all.map(|seed| random::case(seed, EDITS)).collect();
    let cases: Vec<Case> = all.iter().map(|random| random.case.clone()).collect();
    let modules = Modules::of(&cases, Path::new(env!("CARGO_TARGET_TMPDIR")));
    (all, modules)
}

fn shown(case: &Case, seen: &[Observation]) -> String {
    case.transcript(seen).unwrap_or_else(|error| panic!("{}: {error}", case.name))
}

/// The swaps' reports for each key, without the first mounting, which reports nothing.
fn reported(seen: &[Observation]) -> Vec<BTreeMap<String, String>> {
    let swaps = seen.iter().skip(1).flat_map(|seen| &seen.swaps);
    swaps
        .map(|swap| {
            let keys = swap["report"]["instances"][0]["keys"].as_object();
            let outcome = |outcome: &Value| {
                let name = outcome["outcome"].as_str().unwrap_or_default();
                match outcome["from"].as_str() {
                    Some(from) => format!("{name} from {from}"),
                    None => name.to_owned(),
                }
            };
            let keys = keys.into_iter().flatten();
            keys.map(|(key, report)| (key.clone(), outcome(report))).collect()
        })
        .collect()
}

/// The signals' values each time they were queried.
fn held(seen: &[Observation]) -> Vec<BTreeMap<String, Value>> {
    let answers = seen.iter().filter_map(|seen| seen.answer.as_ref()?.get("1")?.as_object());
    answers.map(|held| held.clone().into_iter().collect()).collect()
}

#[test]
fn state_is_kept_exactly_when_the_rules_say_so() {
    let (all, modules) = cases();
    for Random { case, outcomes, values } in &all {
        let seen = headless::run(case, &modules);
        let held = held(&seen);
        assert!(
            held == *values,
            "{}: the rules expect {values:#?}\nthe signals hold {held:#?}\n{}",
            case.name,
            random::markdown(case, &shown(case, &seen))
        );
        let reports = reported(&seen);
        assert!(
            reports == *outcomes,
            "{}: the rules expect {outcomes:#?}\nthe engine reports {reports:#?}\n{}",
            case.name,
            random::markdown(case, &shown(case, &seen))
        );
    }
}

#[test]
fn both_engines_show_the_same() {
    let (all, modules) = cases();
    let expected: Vec<String> = all
        .iter()
        .map(|random| shown(&random.case, &headless::run(&random.case, &modules)))
        .collect();
    let cases: Vec<Case> = all.into_iter().map(|random| random.case).collect();
    let page = browser::Runner::start(&cases, modules);
    for (case, expected) in cases.iter().zip(&expected) {
        let browser = shown(case, &page.run(case));
        assert!(
            browser == *expected,
            "{}: the browser differs (-headless, +browser)\n{}\n{}",
            case.name,
            similar::TextDiff::from_lines(expected.as_str(), &browser).unified_diff(),
            random::markdown(case, expected)
        );
    }
}
