//! What the measurements of saves have in common: edits, the time until the page shows them, and bare builds.

use crate::browser::Browser;
use hmr_build::{App, BuildOutcome, BuildRequest, CancelToken, Toolchain};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Edits before the measured ones: the first builds of a session are not like the others.
pub const WARM_UP: u32 = 2;

/// The edit in one module, and where the page shows it.
#[derive(Debug)]
pub struct Edit {
    /// The name of the module.
    pub module: &'static str,
    /// The file, in the folder of the application.
    pub file: &'static str,
    /// The beginning of a literal.
    pub text: &'static str,
    /// The element that shows the literal.
    pub selector: &'static str,
}

/// The edits of the examples that are made with wasm-bindgen; a module has the name of its example.
pub const APPLICATIONS: [Edit; 5] = [
    Edit { module: "yew-todo", file: "src/main.rs", text: "To do", selector: "h1" },
    Edit { module: "leptos-form", file: "src/main.rs", text: "Book a workshop", selector: "h1" },
    Edit { module: "sycamore-clock", file: "src/main.rs", text: "No laps yet", selector: "#count" },
    Edit { module: "dioxus-chart", file: "src/main.rs", text: "Rain", selector: "h1" },
    Edit {
        module: "web-sys-notes",
        file: "src/notes.rs",
        text: "Remove",
        selector: "#note-1 button",
    },
];

impl Edit {
    /// The source with the next text in it, and that text.
    ///
    /// # Panics
    ///
    /// If the source does not have the literal.
    #[must_use]
    pub fn next(&self, source: &str, kind: &str, number: u32) -> (String, String) {
        let shown = format!("{} {kind} {number}", self.text);
        let start = format!("\"{}", self.text);
        let (before, after) =
            source.split_once(&start).unwrap_or_else(|| panic!("no {start} in {}", self.file));
        let (_, rest) = after.split_once('"').expect("a string's quotes are closed");
        // A blank at the end of the old text is part of the demo's wording.
        (format!("{before}\"{shown} \"{rest}"), shown)
    }
}

/// Has the page note when it first shows a text.
///
/// # Panics
///
/// If the browser does not answer.
pub fn page_shows(browser: &Browser, selector: &str, text: &str) {
    browser.run(
        "const [selector, text] = arguments; window.shownAt = null; \
         const look = () => { \
             if (document.querySelector(selector)?.textContent.includes(text)) { \
                 observer.disconnect(); window.shownAt = performance.timeOrigin + performance.now(); } }; \
         const observer = new MutationObserver(look); \
         observer.observe(document, { subtree: true, childList: true, characterData: true });",
        &[selector.into(), text.into()],
    );
}

/// How long after `saved` the page has shown the text, in milliseconds. Waits until it does.
///
/// # Panics
///
/// If it does not in time.
#[must_use]
pub fn shown_after(browser: &Browser, saved: f64) -> f64 {
    browser.wait("window.shownAt !== null");
    browser.value("window.shownAt", &[]).as_f64().unwrap_or(f64::NAN) - saved
}

/// The time of day in milliseconds, on the clock that pages have.
#[must_use]
pub fn now() -> f64 {
    milliseconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Single cargo calls with the flags of the tool.
#[derive(Debug)]
pub struct Bare {
    app: App,
    toolchain: Toolchain,
}

impl Bare {
    /// For the application in a folder.
    ///
    /// # Panics
    ///
    /// If there is none, or no toolchain.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        let folder = folder.try_into().expect("the temporary folder's path is UTF-8");
        let app = App::load(folder).unwrap_or_else(|error| panic!("{error}"));
        let toolchain =
            Toolchain::find(folder, &mut |_| {}).unwrap_or_else(|error| panic!("{error}"));
        Self { app, toolchain }
    }

    /// Compiles edits, and does nothing with the results. Returns how long each took, in milliseconds.
    ///
    /// # Panics
    ///
    /// If one does not compile.
    pub fn builds(
        &self,
        edit: &Edit,
        edits: u32,
        read: impl Fn(&str) -> String,
        write: impl Fn(&str, String),
    ) -> Vec<f64> {
        let modules = [edit.module.to_owned()];
        let request = BuildRequest::new(&self.app, &self.toolchain, &modules);
        let build = |number: u32| {
            let (source, _) = edit.next(&read(edit.file), "build", number);
            let start = Instant::now();
            write(edit.file, source);
            let outcome = hmr_build::build(&request, &CancelToken::new(), &mut |_| {});
            let took = milliseconds(start.elapsed());
            assert!(
                matches!(outcome, BuildOutcome::Built(_)),
                "{} does not compile: {outcome:?}",
                edit.module
            );
            took
        };
        (0..edits + WARM_UP).map(build).skip(WARM_UP as usize).collect()
    }
}

/// The median; NaN of no values.
#[must_use]
pub fn median(times: &[f64]) -> f64 {
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
