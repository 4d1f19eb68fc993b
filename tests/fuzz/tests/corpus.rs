//! Every body on the seeds of `fuzz/corpus/` and on mutations of them, bounded by a number of cases.
//!
//! `HMR_FUZZ_SEED` fixes the sequence and `HMR_FUZZ_CASES` the number of cases for each target.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use hmr_fuzz::{TARGETS, run};

fn setting<T: std::str::FromStr>(name: &str, otherwise: T) -> T {
    let Ok(text) = std::env::var(name) else { return otherwise };
    text.parse().unwrap_or_else(|_| panic!("`{name}` is `{text}`, where a number is expected"))
}

fn check(target: &str) {
    let (name, body) = TARGETS.into_iter().find(|(name, _)| *name == target).expect("a target");
    run(name, body, setting("HMR_FUZZ_CASES", 3000), setting("HMR_FUZZ_SEED", 1));
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(#[test] fn $name() { check(stringify!($name)) })*
        const TESTED: &[&str] = &[$(stringify!($name)),*];
    };
}

targets!(lines manifest messages migrate ops requests restore saved transform);

#[test]
fn every_target_has_a_test_seeds_and_a_binary_of_cargo_fuzz() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let folders: BTreeSet<String> = fs::read_dir(fuzz.join("corpus"))
        .expect("the corpus is there")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(folders, names);
    assert_eq!(TESTED.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(), names);
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).expect("the manifest is there");
    for name in names {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml lacks `{name}`");
        assert!(fuzz.join(format!("fuzz_targets/{name}.rs")).exists(), "{name} has no binary");
    }
}
