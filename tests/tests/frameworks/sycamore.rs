//! A clock with laps in Sycamore: a project for Trunk that renders into an element of its page, with an interval.

use hmr_tests::applications::AppSession;
use serde_json::json;

use crate::scenario::{self, Application, Edit, changes};

const SYCAMORE: Application = Application {
    name: "sycamore-clock",
    ready: "document.querySelector('#elapsed') !== null",
    markup: Edit {
        file: "src/main.rs",
        old: "\"No laps yet\"",
        new: "\"No lap yet\"",
        shows: "document.querySelector('#count').textContent === 'No lap yet'",
    },
    logic: Edit {
        file: "src/watch.rs",
        old: "{minutes:02}:",
        new: "{minutes:02} min ",
        shows: "document.querySelector('#elapsed').textContent.startsWith('00 min ')",
    },
    child: Edit {
        file: "src/laps.rs",
        old: "aria-label=\"Laps\"",
        new: "aria-label=\"All laps\"",
        shows: "document.querySelector('#laps').getAttribute('aria-label') === 'All laps'",
    },
    component: (
        "use sycamore::prelude::*;\n\n#[component]\npub fn Greeting() -> View {\n    view! { p(id=\"greeting\") { \"Hello\" } }\n}\n",
        [
            Edit {
                file: "src/main.rs",
                old: "mod laps;",
                new: "mod greeting;\nmod laps;",
                shows: "true",
            },
            Edit {
                file: "src/main.rs",
                old: "Laps(watch=watch)",
                new: "greeting::Greeting()\n        Laps(watch=watch)",
                shows: "true",
            },
        ],
    ),
    dependency: (
        "wasm-bindgen = \"0.2\"",
        Edit {
            file: "src/main.rs",
            old: "summary { \"Settings\" }",
            new: "summary { (wasm_bindgen::JsValue::from_str(\"Options\").as_string().unwrap_or_default()) }",
            shows: "document.querySelector('summary').textContent === 'Options'",
        },
    ),
    style: Edit {
        file: "clock.css",
        old: "body {",
        new: "body { letter-spacing: 2px;",
        shows: "getComputedStyle(document.body).letterSpacing === '2px'",
    },
    start: ("src/main.rs", "fn main() {"),
    panic: (
        Edit {
            file: "src/watch.rs",
            old: "pub fn start_or_stop(self) {",
            new: "pub fn start_or_stop(self) {\n        assert!(self.laps.with(|laps| laps.len() > 100), \"broken by an edit\");",
            shows: "true",
        },
        "#start",
    ),
    acts_once,
};

fn acts_once(session: &AppSession) {
    // A second delivery would stop it again.
    session.browser.click("#start");
    session.browser.wait_text("#start", "Stop");
    // One interval ticks, ten times a second.
    let counted = changes(session, "document.querySelector('#elapsed').textContent");
    assert!((10.0..=22.0).contains(&counted), "{counted} ticks in two seconds");
    session.browser.click("#lap");
    session.browser.wait("document.querySelectorAll('#laps li').length === 1");
    session.browser.keys("#lap", "l");
    session.browser.wait("document.querySelectorAll('#laps li').length === 2");
    session.browser.click("#reset");
    session.browser.wait("document.querySelectorAll('#laps li').length === 0");
}

#[test]
fn a_sycamore_application_is_swapped_with_the_state_of_its_page() {
    let mut session = SYCAMORE.session();
    session.browser.run("document.querySelector('#settings').open = true", &[]);
    session.browser.keys("#rename", "\u{e010} at noon");
    session.browser.wait_text("#title", "Morning run at noon");
    // The field's event gives the application the title.
    let kept = "[document.querySelector('#title').textContent, document.querySelector('#rename').value, document.activeElement.id, \
        document.querySelector('#settings').open, document.querySelectorAll('#app > h1').length]";
    let value = session.browser.value(kept, &[]);
    let title = "Morning run at noon";
    assert_eq!(value, json!([title, title, "rename", true, 1]));
    scenario::edits(&mut session, &SYCAMORE, kept);
}

#[test]
fn a_sycamore_application_that_fails_goes_on_as_it_was() {
    scenario::failures(&SYCAMORE);
}

#[test]
fn a_sycamore_application_is_swapped_many_times() {
    scenario::endurance(&SYCAMORE);
}

#[test]
fn a_clock_made_with_sycamore_runs_on() {
    let mut session = SYCAMORE.session();
    session.browser.click("#start");
    session.browser.wait_text("#start", "Stop");
    session.browser.click("#lap");
    session.browser.wait("document.querySelectorAll('#laps li').length === 1");
    let elapsed = "document.querySelector('#elapsed').textContent";
    let before = session.browser.value(elapsed, &[]);
    let Edit { file, old, new, shows } = SYCAMORE.child;
    session.edit(file, old, new);
    session.browser.wait(shows);
    session.browser.wait("document.querySelectorAll('#laps li').length === 1");
    assert_eq!(session.browser.text("#start"), "Stop");
    session.browser.wait(&format!("{elapsed} > {before}"));
}
