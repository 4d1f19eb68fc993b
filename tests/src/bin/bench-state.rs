//! Edits components of the same application in four frameworks, and counts how many of their counters are kept.
//!
//! Out: a table on standard output. Measured are this tool, `trunk serve` where `trunk` is on the `PATH`, and `dx serve --hotpatch` where `dx` is,
//! for Dioxus. Each counter gets a value by clicks. Then a leaf, its parent and the root are edited, one after another; the counters
//! that were lost are set again before the next edit.

use hmr_tests::nested::{self, Nested, READY};
use hmr_tests::peers::{Peer, Serving, holds};
use serde_json::Value;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How long the page may take to show an edit.
const EDIT: Duration = Duration::from_mins(1);

/// How long the page may take, after it has shown an edit, to show the counters.
const SETTLE: Duration = Duration::from_secs(1);

/// The texts of all counters.
const COUNTERS: &str = "[...document.querySelectorAll('.counter')].map((it) => it.innerText)";

/// What the page shows after each of the edits.
const SHOWN: [&str; 3] = [
    "document.querySelector('[title=leaf]') !== null",
    "document.querySelector('[title=parent]') !== null",
    "document.querySelector('h1').textContent === 'Root'",
];

/// For Trunk, which needs a page.
const PAGE: &str = "<!doctype html>\n<html>\n  <head>\n    <title>Shelves</title>\n    <link data-trunk rel=\"rust\">\n  </head>\n  <body><div id=\"main\"></div></body>\n</html>\n";

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    let printed = header(&mut out).and_then(|()| {
        nested::ALL.iter().try_for_each(|nested| {
            Peer::ALL.into_iter().try_for_each(|peer| match measure(peer, nested) {
                Some(kept) => line(&mut out, nested.name, peer, kept),
                None => Ok(()),
            })
        })
    });
    if printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How many counters each edit has kept, and how many there are. None if the server does not serve the example.
fn measure(peer: Peer, nested: &Nested) -> Option<[(usize, usize); 3]> {
    let app = Serving::copy(peer, nested.name);
    if peer == Peer::Trunk && !app.path("index.html").is_file() {
        app.write("index.html", PAGE);
    }
    if !peer.serves(&app) {
        eprintln!("{}: not with `{}`", nested.name, peer.name());
        return None;
    }
    eprintln!("{}: starting `{}`", nested.name, peer.name());
    let mut serving = Serving::start(peer, app, "", READY)?;
    let mut kept = [(0, 0); 3];
    for (at, ((file, old, new), shown)) in nested.edits.into_iter().zip(SHOWN).enumerate() {
        let before = set(&mut serving);
        serving.app.edit(file, old, new);
        let page = &mut serving.page;
        assert!(holds(page, shown, Instant::now() + EDIT), "{} does not show it", peer.name());
        // A page that is loaded again shows its counters soon.
        let same = format!("JSON.stringify({COUNTERS}) === JSON.stringify({before})");
        _ = holds(page, &same, Instant::now() + SETTLE);
        let after = page.value(COUNTERS);
        let (before, after) = (texts(&before), texts(&after));
        let same = before.iter().zip(&after).filter(|(before, after)| before == after);
        kept[at] = (same.count(), before.len());
    }
    Some(kept)
}

/// Clicks until no counter shows zero. Returns what they show.
fn set(serving: &mut Serving) -> Value {
    let page = &mut serving.page;
    let click = "document.querySelectorAll('.counter .ones').forEach((it) => { if (it.textContent === '0') it.click(); })";
    _ = page.value(click);
    let are_set =
        "[...document.querySelectorAll('.counter .ones')].every((it) => it.textContent !== '0')";
    assert!(holds(page, are_set, Instant::now() + EDIT), "a click changes each counter");
    page.value(COUNTERS)
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn header(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "counters that are kept by an edit of a component\n")?;
    let (leaf, parent, root) = ("leaf", "its parent", "the root");
    writeln!(out, "{:<18}{:<22}{leaf:>12}{parent:>12}{root:>12}", "application", "server")
}

fn line(
    out: &mut impl Write,
    example: &str,
    peer: Peer,
    kept: [(usize, usize); 3],
) -> io::Result<()> {
    let [leaf, parent, root] = kept.map(|(kept, all)| format!("{kept} of {all}"));
    writeln!(out, "{example:<18}{:<22}{leaf:>12}{parent:>12}{root:>12}", peer.name())
}
