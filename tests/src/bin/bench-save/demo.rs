//! The modules of the demo, written with our SDK.
//!
//! The edits are made in two sessions, with rehearsals and without; `added` is how long pages waited for a verdict when all
//! else was ready.

use hmr_tests::measure::{Bare, Edit, WARM_UP, median, now, page_shows, shown_after};
use hmr_tests::session::Session;
use std::io::{self, Write};

/// The demo's settings for the second session.
const WITHOUT_REHEARSALS: &str =
    "[workspace.metadata.hmr]\npreflight = false\n\n[workspace.package]";

/// The edits; a module has the name of its folder.
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

/// The measurements of all modules.
pub(crate) struct Rows(Vec<Row>);

/// Measures `edits` edits of each module.
pub(crate) fn measure(edits: u32) -> Rows {
    let mut session = Session::start();
    session.dev.wait_preflight();
    let mut rows: Vec<Row> = EDITS.iter().map(|edit| saves(&mut session, edit, edits)).collect();
    drop(session);
    let mut session = Session::start_with(|demo| {
        demo.edit("Cargo.toml", "[workspace.package]", WITHOUT_REHEARSALS);
    });
    for (row, edit) in rows.iter_mut().zip(&EDITS) {
        row.unrehearsed = saves(&mut session, edit, edits).saves;
    }
    let Session { browser, dev, demo, .. } = session;
    drop(browser);
    dev.stop();
    let bare = Bare::of(demo.folder());
    for (row, edit) in rows.iter_mut().zip(&EDITS) {
        row.builds =
            bare.builds(edit, edits, |path| demo.read(path), |path, text| demo.write(path, text));
    }
    Rows(rows)
}

/// Makes the edits of one module.
fn saves(session: &mut Session, edit: &Edit, edits: u32) -> Row {
    let all = (0..edits + WARM_UP).map(|number| save(session, edit, number));
    let (saves, added): (Vec<f64>, Vec<Option<f64>>) = all.skip(WARM_UP as usize).unzip();
    let added = added.into_iter().flatten().collect();
    Row { module: edit.module, saves, unrehearsed: Vec::new(), added, builds: Vec::new() }
}

/// Saves one edit and waits for the page. Returns how long it took, and how much of that was waiting for a verdict, in
/// milliseconds.
fn save(session: &mut Session, edit: &Edit, number: u32) -> (f64, Option<f64>) {
    let (source, shown) = edit.next(&session.demo.read(edit.file), "page", number);
    page_shows(&session.browser, edit.selector, &shown);
    let demo = &session.demo;
    let saved = now();
    demo.write(edit.file, source);
    let event = session.dev.wait_swap(edit.module, "committed");
    let took = shown_after(&session.browser, saved);
    let swaps = event["swaps"].as_array().into_iter().flatten();
    let mut of_module = swaps.filter(|swap| swap["module"] == edit.module);
    let added = of_module.find_map(|swap| swap["rehearsal"]["added"].as_f64());
    (took, added)
}

impl Rows {
    /// Writes the table.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let rows = &self.0;
        writeln!(
            out,
            "{:<12}{:>14}{:>14}{:>14}{:>8}{:>14}",
            "module", "save→changed", "cargo build", "unrehearsed", "added", "rehearsals"
        )?;
        for row in rows {
            line(out, row)?;
        }
        let all =
            |times: fn(&Row) -> &[f64]| rows.iter().flat_map(times).copied().collect::<Vec<_>>();
        let all = Row {
            module: "all",
            saves: all(|row| &row.saves),
            unrehearsed: all(|row| &row.unrehearsed),
            added: all(|row| &row.added),
            builds: all(|row| &row.builds),
        };
        line(out, &all)
    }
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
