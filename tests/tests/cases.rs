//! The swap cases of `tests/cases/`: each is a test for each engine, `headless::GROUP/NAME` and `browser::GROUP/NAME`.
//!
//! All run in one process, which compiles the versions of the selected cases and starts one browser. With `HMR_BLESS=1`, the
//! headless engine writes its transcripts into the cases; the browser never does.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use hmr_tests::cases::{Case, Modules, Observation, browser, headless, read};
use libtest_mimic::{Arguments, Failed, Trial};

/// Parts shared by the tests. The first test that needs a part creates it.
struct Shared {
    /// The cases that are compiled.
    selected: Vec<Case>,
    modules: OnceLock<Modules>,
    /// One page runs one case at a time.
    page: Mutex<Option<browser::Runner>>,
}

impl Shared {
    fn modules(&self) -> &Modules {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        self.modules.get_or_init(|| Modules::of(&self.selected, folder))
    }

    fn headless(&self, case: &Case) -> Result<(), Failed> {
        let shown = case.transcript(&headless::run(case, self.modules()))?;
        if shown != case.expected && std::env::var_os("HMR_BLESS").is_some() {
            case.bless(&shown);
            return Ok(());
        }
        compare(case, &shown)
    }

    fn browser(&self, case: &Case) -> Result<(), Failed> {
        let seen: Vec<Observation> = {
            // Each case opens a new page, so that one after a failed test is not affected by it.
            let mut page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
            page.get_or_insert_with(|| {
                browser::Runner::start(&self.selected, self.modules().clone())
            })
            .run(case)
        };
        compare(case, &case.transcript(&seen)?)
    }
}

fn compare(case: &Case, shown: &str) -> Result<(), Failed> {
    if shown == case.expected {
        return Ok(());
    }
    let difference = similar::TextDiff::from_lines(case.expected.as_str(), shown);
    let difference = difference.unified_diff().context_radius(3).to_string();
    Err(format!("{}\nthe transcript differs (-expected, +shown):\n{difference}", case.title).into())
}

fn titles_are_unique(cases: &[Case]) -> Result<(), Failed> {
    let mut seen = BTreeSet::new();
    match cases.iter().find(|case| !seen.insert(case.title.as_str())) {
        Some(case) => Err(format!("{}: another case has the same title", case.name).into()),
        None => Ok(()),
    }
}

/// Whether the arguments select a test, by the rules of `cargo test`.
fn is_selected(arguments: &Arguments, name: &str) -> bool {
    let matches = |pattern: &str| {
        if arguments.exact { name == pattern } else { name.contains(pattern) }
    };
    arguments.filter.as_deref().is_none_or(matches)
        && !arguments.skip.iter().any(|skipped| matches(skipped))
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let cases = read::all();
    let names =
        |case: &Case| [format!("headless::{}", case.name), format!("browser::{}", case.name)];
    let selected = cases
        .iter()
        .filter(|case| names(case).iter().any(|name| is_selected(&arguments, name)))
        .cloned()
        .collect();
    let shared = Arc::new(Shared { selected, modules: OnceLock::new(), page: Mutex::new(None) });

    let mut trials = Vec::new();
    for case in &cases {
        let [in_headless, in_browser] = names(case);
        let (with, this) = (Arc::clone(&shared), case.clone());
        trials.push(Trial::test(in_headless, move || with.headless(&this)));
        let (with, this) = (Arc::clone(&shared), case.clone());
        trials.push(Trial::test(in_browser, move || with.browser(&this)));
    }
    trials.push(Trial::test("titles_are_unique", move || titles_are_unique(&cases)));
    drop(shared);
    libtest_mimic::run(&arguments, trials).exit_code()
}
