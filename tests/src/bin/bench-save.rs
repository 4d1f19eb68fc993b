//! Measures the time from a save to the changed page, beside a bare incremental `cargo build` of the same edits.
//!
//! Out: a table on standard output, and nothing anywhere else. For each module of the demo, a text of its view is
//! edited again and again; a measurement starts right before the file is written and ends when the page shows the
//! new text, which the page itself notes on the clock that both share. Then, with the tool stopped, the same edits
//! are compiled by a single cargo call with the tool's own flags: that is the floor under the first figure.
//!
//! The edits are made in two sessions, with rehearsals and without; `added` is how long pages waited for a verdict when all
//! else was ready.

use hmr_build::{App, BuildOutcome, BuildRequest, CancelToken, Toolchain};
use hmr_tests::demo::DemoCopy;
use hmr_tests::session::Session;
use std::env;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Edits before the measured ones: the first builds of a session are not like the others.
const WARM_UP: u32 = 2;

/// The demo's settings for the second session.
const WITHOUT_REHEARSALS: &str =
    "[workspace.metadata.hmr]\npreflight = false\n\n[workspace.package]";

/// The edit in one module, and where the page shows it.
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

/// The measurements for one module, in milliseconds.
struct Row {
    module: &'static str,
    saves: Vec<f64>,
    /// Without rehearsals.
    unrehearsed: Vec<f64>,
    /// How long pages waited for verdicts.
    added: Vec<f64>,
    builds: Vec<f64>,
}

/// The time of a single cargo call.
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
    let edits = edits_per_module();
    let mut session = Session::start();
    session.dev.wait_preflight();
    let mut rows: Vec<Row> = EDITS.iter().map(|edit| measure(&mut session, edit, edits)).collect();
    drop(session);
    let mut session = Session::start_with(|demo| {
        demo.edit("Cargo.toml", "[workspace.package]", WITHOUT_REHEARSALS);
    });
    for (row, edit) in rows.iter_mut().zip(&EDITS) {
        row.unrehearsed = measure(&mut session, edit, edits).saves;
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
fn edits_per_module() -> u32 {
    let number = env::args().skip_while(|argument| argument != "--edits").nth(1);
    number.and_then(|number| number.parse().ok()).filter(|number| *number > 0).unwrap_or(20)
}

/// Makes the edits of one module.
fn measure(session: &mut Session, edit: &Edit, edits: u32) -> Row {
    let all = (0..edits + WARM_UP).map(|number| save(session, edit, number));
    let (saves, added): (Vec<f64>, Vec<Option<f64>>) = all.skip(WARM_UP as usize).unzip();
    let added = added.into_iter().flatten().collect();
    Row { module: edit.module, saves, unrehearsed: Vec::new(), added, builds: Vec::new() }
}

/// Saves one edit and waits for the page. Returns how long it took, and how much of that was waiting for a verdict, in
/// milliseconds.
fn save(session: &mut Session, edit: &Edit, number: u32) -> (f64, Option<f64>) {
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
    let event = session.dev.wait_swap(edit.module, "committed");
    session.browser.wait("window.shownAt !== null");
    let shown_at = session.browser.value("window.shownAt", &[]).as_f64().unwrap_or(f64::NAN);
    let swaps = event["swaps"].as_array().into_iter().flatten();
    let mut of_module = swaps.filter(|swap| swap["module"] == edit.module);
    let added = of_module.find_map(|swap| swap["rehearsal"]["added"].as_f64());
    (shown_at - milliseconds(saved), added)
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
    writeln!(
        out,
        "{:<12}{:>14}{:>14}{:>14}{:>8}{:>14}",
        "module", "save→changed", "cargo build", "unrehearsed", "added", "rehearsals"
    )?;
    for row in rows {
        line(&mut out, row)?;
    }
    let all = |times: fn(&Row) -> &[f64]| rows.iter().flat_map(times).copied().collect::<Vec<_>>();
    let all = Row {
        module: "all",
        saves: all(|row| &row.saves),
        unrehearsed: all(|row| &row.unrehearsed),
        added: all(|row| &row.added),
        builds: all(|row| &row.builds),
    };
    line(&mut out, &all)
}

fn line(out: &mut impl Write, row: &Row) -> io::Result<()> {
    writeln!(
        out,
        "{:<12}{:>14.0}{:>14.0}{:>14.0}{:>8.1}{:>14}",
        row.module,
        median(&row.saves),
        median(&row.builds),
        median(&row.unrehearsed),
        median(&row.added),
        row.added.len()
    )
}

fn median(times: &[f64]) -> f64 {
    if times.is_empty() {
        return f64::NAN;
    }
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    let middle = times.len() / 2;
    if times.len().is_multiple_of(2) {
        f64::midpoint(times[middle - 1], times[middle])
    } else {
        times[middle]
    }
}
