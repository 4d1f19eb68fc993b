//! Measures the time from a save to the changed page, beside a bare incremental `cargo build` of the same edits.
//!
//! Out: a table on standard output, and nothing anywhere else. For each module of the demo, a text of its view is
//! edited again and again; a measurement starts right before the file is written and ends when the page shows the
//! new text, which the page itself notes on the clock that both share. Then, with the tool stopped, the same edits
//! are compiled by a single cargo call with the tool's own flags: that is the floor under the first figure.

use hmr_build::{App, BuildOutcome, BuildRequest, CancelToken, Toolchain};
use hmr_tests::demo::DemoCopy;
use hmr_tests::session::Session;
use std::env;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Edits before the measured ones: the first builds of a session are not like the others.
const WARM_UP: u32 = 2;

/// What is edited in one module, and where the page shows it.
struct Edit {
    module: &'static str,
    file: &'static str,
    text: &'static str,
    selector: &'static str,
}

const EDITS: [Edit; 5] = [
    Edit {
        module: "board",
        file: "board/src/lib.rs",
        text: "Drag a card, or focus its handle",
        selector: "#plan .help",
    },
    Edit {
        module: "catalog",
        file: "catalog/src/lib.rs",
        text: "varieties",
        selector: "#library [role=status]",
    },
    Edit {
        module: "feed",
        file: "feed/src/lib.rs",
        text: "Call it over",
        selector: "#fence .primary",
    },
    Edit {
        module: "signup",
        file: "signup/src/lib.rs",
        text: "Save me a seat",
        selector: "#swap .primary",
    },
    Edit {
        module: "stopwatch",
        file: "stopwatch/src/lib.rs",
        text: "Reset",
        selector: "#watch .button.quiet",
    },
];

/// What was measured for one module, in milliseconds.
struct Row {
    module: &'static str,
    saves: Vec<f64>,
    builds: Vec<f64>,
}

/// What a single cargo call needs.
struct Plain {
    app: App,
    toolchain: Toolchain,
}

impl Plain {
    fn of(demo: &DemoCopy) -> Self {
        let folder = demo.folder().try_into().expect("the temporary folder's path is UTF-8");
        let app = App::load(folder).unwrap_or_else(|error| panic!("{error}"));
        let toolchain =
            Toolchain::find(folder, &mut |_| {}).unwrap_or_else(|error| panic!("{error}"));
        Self { app, toolchain }
    }
}

fn main() -> ExitCode {
    let edits = edits_wanted();
    let mut session = Session::start();
    let mut rows = Vec::new();
    for edit in &EDITS {
        let saves = (0..edits + WARM_UP)
            .map(|number| save(&mut session, edit, number))
            .skip(WARM_UP as usize)
            .collect();
        rows.push(Row { module: edit.module, saves, builds: Vec::new() });
    }
    let Session { browser, dev, demo, .. } = session;
    drop(browser);
    dev.stop();
    let plain = Plain::of(&demo);
    for (row, edit) in rows.iter_mut().zip(&EDITS) {
        let builds = (0..edits + WARM_UP).map(|number| build(&plain, &demo, edit, number));
        row.builds = builds.skip(WARM_UP as usize).collect();
    }
    match print(&rows, edits) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// The number after `--edits`.
fn edits_wanted() -> u32 {
    let number = env::args().skip_while(|argument| argument != "--edits").nth(1);
    number.and_then(|number| number.parse().ok()).filter(|number| *number > 0).unwrap_or(20)
}

/// Saves one edit and waits for the page. Returns how long it took, in milliseconds.
fn save(session: &mut Session, edit: &Edit, number: u32) -> f64 {
    let (source, shown) = next(&session.demo, edit, "page", number);
    session.browser.run(
        "const [selector, text] = arguments; window.shownAt = null; \
         const look = () => { \
             if (document.querySelector(selector)?.textContent.includes(text)) { \
                 observer.disconnect(); window.shownAt = performance.timeOrigin + performance.now(); } }; \
         const observer = new MutationObserver(look); \
         observer.observe(document, { subtree: true, childList: true, characterData: true });",
        &[edit.selector.into(), shown.into()],
    );
    let saved = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    session.demo.write(edit.file, source);
    session.dev.wait_swap(edit.module, "committed");
    session.browser.wait("window.shownAt !== null");
    let shown_at = session.browser.value("window.shownAt", &[]).as_f64().unwrap_or(f64::NAN);
    shown_at - milliseconds(saved)
}

/// Compiles one edit with the tool's own flags, and does nothing with the result. Returns how long it took, in
/// milliseconds.
fn build(plain: &Plain, demo: &DemoCopy, edit: &Edit, number: u32) -> f64 {
    let (source, _) = next(demo, edit, "build", number);
    let modules = [edit.module.to_owned()];
    let request = BuildRequest { app: &plain.app, toolchain: &plain.toolchain, modules: &modules };
    let start = Instant::now();
    demo.write(edit.file, source);
    let outcome = hmr_build::build(&request, &CancelToken::new(), &mut |_| {});
    let took = milliseconds(start.elapsed());
    assert!(
        matches!(outcome, BuildOutcome::Built(_)),
        "{} does not compile: {outcome:?}",
        edit.module
    );
    took
}

/// The file's source with the next text in it, and that text.
fn next(demo: &DemoCopy, edit: &Edit, kind: &str, number: u32) -> (String, String) {
    let shown = format!("{} {kind} {number}", edit.text);
    let source = demo.read(edit.file);
    let start = format!("\"{}", edit.text);
    let (before, after) =
        source.split_once(&start).unwrap_or_else(|| panic!("no {start} in {}", edit.file));
    let (_, rest) = after.split_once('"').expect("a string's quotes are closed");
    // A blank at the end of the old text is part of the demo's wording.
    (format!("{before}\"{shown} \"{rest}"), shown)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Writes the table.
fn print(rows: &[Row], edits: u32) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "median of {edits} one-line edits, in milliseconds")?;
    writeln!(out, "{:<12}{:>14}{:>14}{:>10}", "module", "save→changed", "cargo build", "ratio")?;
    for row in rows {
        line(&mut out, row.module, &row.saves, &row.builds)?;
    }
    let all = |times: fn(&Row) -> &[f64]| rows.iter().flat_map(times).copied().collect::<Vec<_>>();
    line(&mut out, "all", &all(|row| &row.saves), &all(|row| &row.builds))
}

fn line(out: &mut impl Write, name: &str, saves: &[f64], builds: &[f64]) -> io::Result<()> {
    let (save, build) = (median(saves), median(builds));
    writeln!(out, "{name:<12}{save:>14.0}{build:>14.0}{:>10.2}", save / build)
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    let middle = times.len() / 2;
    if times.len().is_multiple_of(2) {
        f64::midpoint(times[middle - 1], times[middle])
    } else {
        times[middle]
    }
}
