//! Data that a page fetches and draws, in Dioxus: a project for dx without a page of its own, with a stylesheet given by `asset!`.

use hmr_tests::applications::AppSession;
use serde_json::json;

use crate::scenario::{self, Application, Edit};

const DIOXUS: Application = Application {
    name: "dioxus-chart",
    ready: "document.querySelectorAll('#months li').length > 0",
    markup: Edit {
        file: "src/main.rs",
        old: "h1 { \"Rain\" }",
        new: "h1 { \"Rainfall\" }",
        shows: "document.querySelector('h1').textContent === 'Rainfall'",
    },
    logic: Edit {
        file: "src/rain.rs",
        old: "{millimetres:.0} mm",
        new: "{millimetres:.1} mm",
        shows: "/\\.\\d mm/.test(document.querySelector('#total').textContent)",
    },
    child: Edit {
        file: "src/chart.rs",
        old: "role: \"img\"",
        new: "role: \"figure\"",
        shows: "document.querySelector('#chart').getAttribute('role') === 'figure'",
    },
    component: (
        "use dioxus::prelude::*;\n\n#[component]\npub fn Greeting() -> Element {\n    rsx! { p { id: \"greeting\", \"Hello\" } }\n}\n",
        [
            Edit {
                file: "src/main.rs",
                old: "mod chart;",
                new: "mod chart;\nmod greeting;",
                shows: "true",
            },
            Edit {
                file: "src/main.rs",
                old: "document::Stylesheet { href: MAIN_CSS }",
                new: "document::Stylesheet { href: MAIN_CSS }\n        greeting::Greeting {}",
                shows: "true",
            },
        ],
    ),
    dependency: (
        "js-sys = \"0.3\"",
        Edit {
            file: "src/main.rs",
            old: "summary { \"About the data\" }",
            new: "summary { {String::from(js_sys::JsString::from(\"About it\"))} }",
            shows: "document.querySelector('summary').textContent === 'About it'",
        },
    ),
    style: Edit {
        file: "assets/main.css",
        old: "body {",
        new: "body { letter-spacing: 5px;",
        shows: "getComputedStyle(document.querySelector('h1')).letterSpacing === '5px'",
    },
    start: ("src/main.rs", "fn main() {"),
    panic: (
        Edit {
            file: "src/rain.rs",
            old: "pub fn other(self) -> Self {",
            new: "pub fn other(self) -> Self {\n        assert!(self == Self::Inches, \"broken by an edit\");",
            shows: "true",
        },
        "#unit",
    ),
    acts_once,
};

fn acts_once(session: &AppSession) {
    // A second delivery would undo the first.
    session.browser.click("#unit");
    session.browser.wait_text("#unit", "Inches");
    session.browser.click("#bar-2");
    session.browser.wait("document.querySelector('#bar-2').classList.contains('selected')");
    session.browser.click("#unit");
    session.browser.wait_text("#unit", "Millimetres");
    session.browser.run("document.querySelector('#filter').select()", &[]);
    session.browser.keys("#filter", "\u{e017}ju");
    session.browser.wait("document.querySelectorAll('#months li').length === 2");
}

#[test]
fn a_dioxus_application_is_swapped_with_the_state_of_its_page() {
    let mut session = DIOXUS.session();
    assert_eq!(session.browser.value("document.title", &[]), json!("Rain in Bergen"));
    session.browser.keys("#filter", "ju");
    session.browser.wait("document.querySelectorAll('#months li').length === 2");
    session.browser.click("#bar-1");
    // The field comes when the data has come again; its event filters the months.
    let kept = "[document.querySelector('#filter')?.value, document.querySelectorAll('#months li').length, \
        document.querySelectorAll('h1').length, document.title, document.querySelector('#bar-1')?.classList.contains('selected')]";
    session.browser.wait("document.querySelector('#bar-1').classList.contains('selected')");
    let value = session.browser.value(kept, &[]);
    assert_eq!(value, json!(["ju", 2, 1, "Rain in Bergen", true]));
    scenario::edits(&mut session, &DIOXUS, kept);
}

#[test]
fn a_dioxus_application_that_fails_goes_on_as_it_was() {
    scenario::failures(&DIOXUS);
}

#[test]
fn a_dioxus_application_is_swapped_many_times() {
    scenario::endurance(&DIOXUS);
}
