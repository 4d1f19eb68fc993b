//! Random cases: each swap reports what the rules require, and both engines show the same.
//!
//! `HMR_RANDOM_CASES` sets how many there are, and `HMR_RANDOM_SEED` which is the first. A case that fails is printed as a file
//! of `tests/cases/`, so that it can be kept as one.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::Path;

use hmr_tests::cases::random::{self, Random};
use hmr_tests::cases::{Case, Modules, Observation, browser, headless};
use proptest::strategy::{Strategy as _, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;

/// How many edits a case has.
const EDITS: usize = 3;

/// How many simpler cases are tried when one fails. Each is compiled.
const SIMPLER: usize = 40;

/// A case, and the choices that made it.
struct Generated {
    seed: u64,
    choices: Box<dyn ValueTree<Value = Vec<u16>>>,
}

impl Generated {
    fn of(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), random);
        let choices = random::choices().new_tree(&mut runner).expect("choices");
        Self { seed, choices: Box::new(choices) }
    }

    fn case(&self) -> Random {
        random::case(self.seed, &self.choices.current(), EDITS)
    }

    /// The failure of the simplest case that was found which fails like this one.
    fn simplest(
        &mut self,
        mut failure: String,
        check: impl Fn(&Random) -> Result<(), String>,
    ) -> String {
        for _ in 0..SIMPLER {
            if !self.choices.simplify() {
                break;
            }
            let random = self.case();
            match check(&random) {
                Err(simpler) => failure = simpler,
                Ok(()) if self.choices.complicate() => {}
                Ok(()) => break,
            }
        }
        failure
    }
}

fn setting(name: &str, otherwise: u64) -> u64 {
    let Ok(text) = std::env::var(name) else { return otherwise };
    text.parse().unwrap_or_else(|_| panic!("`{name}` is `{text}`, where a number is expected"))
}

/// Cases that are compiled at once, and share a browser.
struct Batch {
    cases: Vec<Case>,
    modules: Modules,
    browser: OnceCell<browser::Runner>,
}

impl Batch {
    fn of(all: &[Random]) -> Self {
        let cases: Vec<Case> = all.iter().map(|random| random.case.clone()).collect();
        let modules = Modules::of(&cases, Path::new(env!("CARGO_TARGET_TMPDIR")));
        Self { cases, modules, browser: OnceCell::new() }
    }

    fn browser(&self) -> &browser::Runner {
        self.browser.get_or_init(|| browser::Runner::start(&self.cases, self.modules.clone()))
    }
}

/// Checks all cases, which are compiled at once; of one that fails, the simplest one that fails is shown.
fn check_all(check: impl Fn(&Random, &Batch) -> Result<(), String>) {
    let first = setting("HMR_RANDOM_SEED", 1);
    let seeds = first..first + setting("HMR_RANDOM_CASES", 8);
    let mut generated: Vec<Generated> = seeds.map(Generated::of).collect();
    let all: Vec<Random> = generated.iter().map(Generated::case).collect();
    let batch = Batch::of(&all);
    for (generated, random) in generated.iter_mut().zip(&all) {
        if let Err(failure) = check(random, &batch) {
            let alone = |random: &Random| check(random, &Batch::of(std::slice::from_ref(random)));
            panic!("{}: {}", random.case.name, generated.simplest(failure, alone));
        }
    }
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

/// What the headless engine does must be what the rules of `docs/sdk.md` require.
fn follows_the_rules(random: &Random, batch: &Batch) -> Result<(), String> {
    let Random { case, outcomes, values } = random;
    let seen = headless::run(case, &batch.modules);
    let (held, reports) = (held(&seen), reported(&seen));
    if held == *values && reports == *outcomes {
        return Ok(());
    }
    Err(format!(
        "the rules expect {values:#?}\nthe signals hold {held:#?}\nthe rules expect {outcomes:#?}\nthe engine reports {reports:#?}\n{}",
        random::markdown(case, &shown(case, &seen))
    ))
}

#[test]
fn state_is_kept_exactly_when_the_rules_say_so() {
    check_all(follows_the_rules);
}

/// A rule that does not hold finds a failing case, and the simplest one is shown.
#[test]
fn a_failing_case_is_simplified() {
    let fails = |random: &Random| {
        let clicks = random.case.steps.iter().filter(|step| step.line.starts_with("click")).count();
        if clicks == 0 { Ok(()) } else { Err(clicks.to_string()) }
    };
    let mut generated = (1..).map(Generated::of);
    let mut generated = generated.find(|each| fails(&each.case()).is_err());
    let generated = generated.as_mut().expect("some case clicks");
    let before = generated.choices.current().len();
    let simplest = generated.simplest("many".to_owned(), fails);
    assert_eq!(simplest, "1");
    assert!(generated.choices.current().len() < before);
}

#[test]
fn both_engines_show_the_same() {
    check_all(|random, batch| {
        let Random { case, .. } = random;
        let expected = shown(case, &headless::run(case, &batch.modules));
        let browser = shown(case, &batch.browser().run(case));
        if browser == expected {
            return Ok(());
        }
        Err(format!(
            "the browser differs (-headless, +browser)\n{}\n{}",
            similar::TextDiff::from_lines(expected.as_str(), &browser).unified_diff(),
            random::markdown(case, &expected)
        ))
    });
}
