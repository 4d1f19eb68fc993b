//! Measures what rehearsals cost: for each module of the demo, a text is edited again and again, and a page without a
//! browser requests a rehearsal as soon as the update is announced.
//!
//! Out: a table on standard output. *run* is the rehearsal in its process, compiling included where that was not done
//! yet; *verdict* is the time from the announced update to the verdict, which is the most that a page can wait, since
//! its own fetching and compiling overlap with it; *save* is the time from the save to the announcement.

use hmr_tests::demo::DemoCopy;
use hmr_tests::dev::{Dev, FIRST_BUILD};
use hmr_tests::page::Page;
use std::env;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

/// Edits before the measured ones.
const WARM_UP: u32 = 2;

/// The edit: the module, its component, and a text in its source.
const EDITS: [(&str, &str, &str); 4] = [
    ("board", "Board", "Drag a card, or focus its handle"),
    ("catalog", "Catalog", "varieties"),
    ("signup", "Signup", "Save me a seat"),
    ("stopwatch", "Stopwatch", "Reset"),
];

fn main() -> ExitCode {
    let edits = env::args().skip_while(|argument| argument != "--edits").nth(1);
    let edits = edits.and_then(|number| number.parse().ok()).filter(|number| *number > 0);
    match measure(edits.unwrap_or(20)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn measure(edits: u32) -> io::Result<()> {
    let demo = DemoCopy::take();
    let mut dev = Dev::start(demo.folder());
    dev.wait_built();
    dev.wait_until("rehearsals", FIRST_BUILD, |event| {
        event["event"] == "preflight" && event["ready"] == true
    });
    let mut page = Page::open(&dev);
    let hello = page.read("hello");
    let mut out = io::stdout().lock();
    writeln!(out, "median of {edits} one-line edits, in milliseconds")?;
    writeln!(out, "{:<12}{:>8}{:>10}{:>10}", "module", "run", "verdict", "save")?;
    for (module, component, text) in EDITS {
        let loaded = hello["modules"].as_array().into_iter().flatten();
        for version in loaded.filter(|version| version["module"] == module) {
            page.send_state(module, &version["hash"], component, &serde_json::json!({}));
        }
        let rows: Vec<[f64; 3]> = (0..edits + WARM_UP)
            .map(|number| edit(&demo, &mut page, module, component, &format!("{text} {number}")))
            .skip(WARM_UP as usize)
            .collect();
        let [run, verdict, save] = [0, 1, 2].map(|at| median(rows.iter().map(|row| row[at])));
        writeln!(out, "{module:<12}{run:>8.1}{verdict:>10.1}{save:>10.1}")?;
    }
    Ok(())
}

fn edit(demo: &DemoCopy, page: &mut Page, module: &str, component: &str, shown: &str) -> [f64; 3] {
    let file = format!("{module}/src/lib.rs");
    let source = demo.read(&file);
    let start = format!("\"{}", shown.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end());
    let (before, after) =
        source.split_once(&start).unwrap_or_else(|| panic!("no {start} in {file}"));
    let (_, rest) = after.split_once('"').expect("a string's quotes are closed");
    let saved = Instant::now();
    demo.write(&file, format!("{before}\"{shown} \"{rest}"));
    let version = page.update(module);
    let announced = Instant::now();
    let verdict = page.rehearse(module, &version["hash"], component, &serde_json::json!({}));
    let verdict_ms = announced.elapsed().as_secs_f64() * 1e3;
    assert_eq!(verdict["outcome"], "passed", "{verdict}");
    let run = verdict["duration"]["run"].as_f64().unwrap_or(f64::NAN);
    [run, verdict_ms, (announced - saved).as_secs_f64() * 1e3]
}

fn median(times: impl Iterator<Item = f64>) -> f64 {
    let mut times: Vec<f64> = times.collect();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
