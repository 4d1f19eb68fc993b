//! What must hold for bytes of any content that reach a decoder of the project.
//!
//! Each function of [`TARGETS`] takes bytes, passes them to one decoder through its public API, and panics if a promise
//! is broken: a panic of the decoder itself, a value that does not survive being written and read, a report that leaves
//! something out. Two harnesses call them: cargo-fuzz (the folder `fuzz/` of the repository), which looks for inputs
//! by coverage, and the test of this crate, which needs nothing but the stable compiler: [`run`] takes the seeds of
//! `fuzz/corpus/` and mutations of them ([`mutate`]) in a sequence that a number fixes.
#![allow(clippy::missing_panics_doc, reason = "a body panics to report a broken promise")]

mod lines;
mod manifest;
mod messages;
pub mod mutate;
mod ops;
mod requests;
mod saved;
mod state;
mod transform;

use std::any::Any;
use std::fmt::Write as _;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

pub use lines::lines;
pub use manifest::manifest;
pub use messages::messages;
pub use ops::ops;
pub use requests::requests;
pub use saved::saved;
pub use state::{migrate, restore};
pub use transform::transform;

/// What is done with one input.
pub type Body = fn(&[u8]);

/// Every body, by the name of its fuzz target and of its folder in the corpus.
pub const TARGETS: [(&str, Body); 9] = [
    ("lines", lines),
    ("manifest", manifest),
    ("messages", messages),
    ("migrate", migrate),
    ("ops", ops),
    ("requests", requests),
    ("restore", restore),
    ("saved", saved),
    ("transform", transform),
];

/// The committed inputs of a target, in the order of their files' names.
///
/// # Panics
///
/// If there are none.
#[must_use]
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "there are no seeds in {}", folder.display());
    files.iter().map(|file| fs::read(file).expect("a seed can be read")).collect()
}

/// Runs a body on the seeds of its target, then on `cases` mutations of them. The same `seed` gives the same inputs.
///
/// # Panics
///
/// If the body does; the message has the input, and how to run it again.
pub fn run(target: &str, body: Body, cases: u32, seed: u64) {
    let seeds = seeds(target);
    for (number, input) in seeds.iter().enumerate() {
        check(target, body, input, &format!("seed file {number}"));
    }
    let mut random = fastrand::Rng::with_seed(seed);
    for case in 0..cases {
        let input = mutate::mutated(&seeds, &mut random);
        check(target, body, &input, &format!("case {case} of HMR_FUZZ_SEED={seed}"));
    }
}

fn check(target: &str, body: Body, input: &[u8], which: &str) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| body(input))) {
        let reason = message(panic.as_ref());
        panic!("`{target}`, {which}: {reason}\nthe input: b\"{}\"", input.escape_ascii());
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
}

/// Values side by side, for the message of a failed comparison.
fn beside(left: &impl std::fmt::Debug, right: &impl std::fmt::Debug) -> String {
    let mut text = String::new();
    _ = write!(text, "\n  {left:?}\n  {right:?}");
    text
}
