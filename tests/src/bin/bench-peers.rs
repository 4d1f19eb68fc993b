//! Makes the same edits under this tool and under other development servers, and compares times and what is left of the page's state.
//!
//! Out: a table on standard output. Measured are this tool, `trunk serve` where `trunk` is on the `PATH` and the example is a project for
//! it, and `dx serve --hotpatch` where `dx` is, for Dioxus. Each has a copy of the example, a target folder and a browser of its own. The edits
//! are interleaved, so that all have the same conditions. Before each edit a field is filled in and has the focus; then the edit is saved, and
//! the page itself notes when it shows the new text, whether it was loaded again meanwhile or not.

use hmr_tests::measure::{APPLICATIONS, Edit, WARM_UP, median, now};
use hmr_tests::peers::{Peer, Serving, holds};
use serde_json::{Value, json};
use std::env;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How long the page may take to show an edit.
const EDIT: Duration = Duration::from_mins(1);

/// How long the page may take, after it has shown an edit, to fill in the field.
const SETTLE: Duration = Duration::from_secs(1);

/// What is typed into the field.
const TYPED: &str = "half of a text";

/// Notes in each document of the tab when it first shows the expected text.
const NOTE: &str = "{ const look = () => { const expected = JSON.parse(sessionStorage.getItem('expected') ?? 'null'); \
    if (expected && !sessionStorage.getItem('shownAt') && document.querySelector(expected.selector)?.textContent.includes(expected.text)) \
    sessionStorage.setItem('shownAt', performance.timeOrigin + performance.now()); }; \
    new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true }); }";

/// The fields that are filled in, by example.
const FIELDS: [(&str, &str); 5] = [
    ("yew-todo", "#new-title"),
    ("leptos-form", "#name"),
    ("sycamore-clock", "#rename"),
    ("dioxus-chart", "#filter"),
    ("web-sys-notes", "#note-text"),
];

/// A server, and what became of the edits.
struct Running {
    serving: Serving,
    edits: Vec<Outcome>,
}

/// What has become of one edit.
struct Outcome {
    /// Milliseconds until the page has shown it.
    shown: f64,
    /// Whether the page was not loaded again.
    same_page: bool,
    /// Whether the field has its text.
    field: bool,
    /// Whether it has the focus.
    focus: bool,
}

fn main() -> ExitCode {
    let edits = edits_per_example();
    let mut out = io::stdout().lock();
    let printed = header(&mut out, edits).and_then(|()| {
        APPLICATIONS.iter().try_for_each(|edit| {
            let mut all = start_all(edit);
            for number in 0..edits + WARM_UP {
                for running in &mut all {
                    let outcome = measure(running, edit, number);
                    running.edits.extend((number >= WARM_UP).then_some(outcome));
                }
            }
            all.iter().try_for_each(|running| line(&mut out, edit.module, running))
        })
    });
    if printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The number after `--edits`.
fn edits_per_example() -> u32 {
    let number = env::args().skip_while(|argument| argument != "--edits").nth(1);
    number.and_then(|number| number.parse().ok()).filter(|number| *number > 0).unwrap_or(10)
}

/// Starts each server that is installed and serves the example, one after another, and opens its page.
fn start_all(edit: &Edit) -> Vec<Running> {
    let mut all = Vec::new();
    for peer in Peer::ALL {
        let app = Serving::copy(peer, edit.module);
        if !peer.serves(&app) {
            eprintln!("{}: not with `{}`", edit.module, peer.name());
            continue;
        }
        eprintln!("{}: starting `{}`", edit.module, peer.name());
        let shown = format!(
            "document.querySelector({}) !== null && document.querySelector({}) !== null",
            json!(edit.selector),
            json!(field_of(edit))
        );
        let serving = Serving::start(peer, app, NOTE, &shown);
        all.extend(serving.map(|serving| Running { serving, edits: Vec::new() }));
    }
    all
}

/// Fills in the field, saves one edit, and waits until the page shows it.
fn measure(running: &mut Running, edit: &Edit, number: u32) -> Outcome {
    let peer = running.serving.peer.name();
    let page = &mut running.serving.page;
    let field = field_of(edit);
    let exists = format!("document.querySelector({}) !== null", json!(field));
    let example = edit.module;
    assert!(holds(page, &exists, Instant::now() + EDIT), "no {field} in {example}, {peer}");
    let (source, text) = edit.next(&running.serving.app.read(edit.file), "page", number);
    let expected = json!({ "selector": edit.selector, "text": text }).to_string();
    _ = page.value(&format!(
        "sessionStorage.removeItem('shownAt'), sessionStorage.setItem('expected', {}), window.same = true, \
         document.querySelector({field}).closest('details')?.setAttribute('open', ''), document.querySelector({field}).focus(), document.querySelector({field}).select()",
        json!(expected),
        field = json!(field),
    ));
    _ = page.call("Input.insertText", &json!({ "text": TYPED }));
    let saved = now();
    running.serving.app.write(edit.file, source);
    let shown = "sessionStorage.getItem('shownAt') !== null";
    assert!(holds(page, shown, Instant::now() + EDIT), "{peer} does not show {text}");
    // A field that is shown once data has been fetched gets its text later.
    let filled = format!("document.querySelector({})?.value === {}", json!(field), json!(TYPED));
    _ = holds(page, &filled, Instant::now() + SETTLE);
    let shown_at = page.value("Number(sessionStorage.getItem('shownAt'))").as_f64();
    let state = page.value(&format!(
        "[window.same === true, document.querySelector({field})?.value === {}, document.activeElement === document.querySelector({field})]",
        json!(TYPED),
        field = json!(field),
    ));
    let is = |at: usize| state[at] == Value::Bool(true);
    let shown = shown_at.unwrap_or(f64::NAN) - saved;
    Outcome { shown, same_page: is(0), field: is(1), focus: is(2) }
}

/// The field that is filled in.
fn field_of(edit: &Edit) -> &'static str {
    FIELDS.iter().find(|(example, _)| *example == edit.module).map_or("", |it| it.1)
}

fn header(out: &mut impl Write, edits: u32) -> io::Result<()> {
    writeln!(
        out,
        "median of {edits} one-line edits, in milliseconds, and after how many the state was kept\n"
    )?;
    writeln!(
        out,
        "{:<16}{:<22}{:>14}{:>12}{:>12}{:>12}",
        "application", "server", "save→changed", "same page", "field", "focus"
    )
}

fn line(out: &mut impl Write, example: &str, running: &Running) -> io::Result<()> {
    let edits = &running.edits;
    let times: Vec<f64> = edits.iter().map(|edit| edit.shown).collect();
    let count = |is: fn(&Outcome) -> bool| {
        format!("{} of {}", edits.iter().filter(|edit| is(edit)).count(), edits.len())
    };
    writeln!(
        out,
        "{example:<16}{:<22}{:>14.0}{:>12}{:>12}{:>12}",
        running.serving.peer.name(),
        median(&times),
        count(|edit| edit.same_page),
        count(|edit| edit.field),
        count(|edit| edit.focus),
    )
}
