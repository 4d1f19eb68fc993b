//! The examples that are made with wasm-bindgen: an application for each framework.

use hmr_tests::applications::{AppCopy, AppSession};
use hmr_tests::measure::{APPLICATIONS, Bare, Edit, WARM_UP, median, now, page_shows, shown_after};
use std::io::{self, Write};
use std::path::Path;

/// The steps of a swap in which the page can do nothing else.
const BLOCKING: [&str; 5] = ["quiesce", "capture", "instantiate", "render", "commit"];

/// The measurements of all applications.
pub(crate) struct Rows(Vec<Row>);

/// The measurements of one application, in milliseconds.
struct Row {
    module: &'static str,
    saves: Vec<Save>,
    builds: Vec<f64>,
}

/// One save.
struct Save {
    /// Until the page shows it.
    shown: f64,
    /// From the first notification of the file system to the decision to build.
    watch: f64,
    /// The build by cargo.
    compile: f64,
    /// wasm-bindgen, and what is done with its output.
    prepare: f64,
    /// The steps in which the page is blocked.
    blocked: f64,
}

/// Measures `edits` edits of each application.
pub(crate) fn measure(edits: u32) -> Rows {
    Rows(APPLICATIONS.iter().map(|edit| application(edit, edits)).collect())
}

fn application(edit: &Edit, edits: u32) -> Row {
    // The tests compile into the same folder.
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tmp/applications");
    let app = AppCopy::of(&format!("examples/{}", edit.module), &target);
    let ready = format!("document.querySelector('{}') !== null", edit.selector);
    let mut session = AppSession::start(app, edit.module, &ready);
    let saves = (0..edits + WARM_UP).map(|number| save(&mut session, edit, number));
    let saves = saves.skip(WARM_UP as usize).collect();
    let AppSession { browser, dev, app, .. } = session;
    drop(browser);
    dev.stop();
    let builds = Bare::of(app.folder()).builds(
        edit,
        edits,
        |path| app.read(path),
        |path, text| app.write(path, text),
    );
    Row { module: edit.module, saves, builds }
}

fn save(session: &mut AppSession, edit: &Edit, number: u32) -> Save {
    let (source, text) = edit.next(&session.app.read(edit.file), "page", number);
    page_shows(&session.browser, edit.selector, &text);
    let saved = now();
    session.app.write(edit.file, source);
    let update = session.dev.wait("update");
    let swap = session.swapped("committed");
    let phase = |name: &str| update["phases"][name].as_f64().unwrap_or(f64::NAN);
    let step = |name: &str| swap["duration"][name].as_f64().unwrap_or_default();
    Save {
        shown: shown_after(&session.browser, saved),
        watch: phase("watch"),
        compile: phase("compile"),
        prepare: phase("prepare"),
        blocked: BLOCKING.into_iter().map(step).sum(),
    }
}

impl Rows {
    /// Writes the table.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(
            out,
            "{:<16}{:>14}{:>14}{:>8}{:>8}{:>9}{:>9}{:>9}",
            "application",
            "save→changed",
            "cargo build",
            "ratio",
            "watch",
            "compile",
            "prepare",
            "blocked"
        )?;
        for Row { module, saves, builds } in &self.0 {
            let of = |time: fn(&Save) -> f64| median(&saves.iter().map(time).collect::<Vec<_>>());
            let (shown, build) = (of(|save| save.shown), median(builds));
            writeln!(
                out,
                "{module:<16}{shown:>14.0}{build:>14.0}{:>8.2}{:>8.0}{:>9.0}{:>9.0}{:>9.1}",
                shown / build,
                of(|save| save.watch),
                of(|save| save.compile),
                of(|save| save.prepare),
                of(|save| save.blocked),
            )?;
        }
        Ok(())
    }
}
