//! A form of three steps in Leptos: a project for Trunk with a stylesheet and an icon.

use hmr_tests::applications::AppSession;
use serde_json::json;

use crate::scenario::{self, Application, Edit};

const LEPTOS: Application = Application {
    name: "leptos-form",
    ready: "document.querySelector('#name') !== null",
    markup: Edit {
        file: "src/main.rs",
        old: "\"Book a workshop\"",
        new: "\"Book your workshop\"",
        shows: "document.querySelector('h1').textContent === 'Book your workshop'",
    },
    logic: Edit {
        file: "src/booking.rs",
        old: "Self::Person => \"You\"",
        new: "Self::Person => \"Your data\"",
        shows: "document.querySelector('#progress').textContent.includes('Your data')",
    },
    child: Edit {
        file: "src/field.rs",
        old: "<div class=\"field\">",
        new: "<div class=\"field\" data-edited=\"1\">",
        shows: "document.querySelectorAll('[data-edited]').length === 2",
    },
    component: (
        "use leptos::prelude::*;\n\n#[component]\npub fn Greeting() -> impl IntoView {\n    view! { <p id=\"greeting\">\"Hello\"</p> }\n}\n",
        [
            Edit {
                file: "src/main.rs",
                old: "mod field;",
                new: "mod field;\nmod greeting;",
                shows: "true",
            },
            Edit {
                file: "src/main.rs",
                old: "<Progress step />",
                new: "<greeting::Greeting />\n            <Progress step />",
                shows: "true",
            },
        ],
    ),
    dependency: (
        "js-sys = \"0.3\"",
        Edit {
            file: "src/main.rs",
            old: "\"What does a workshop cost?\"",
            new: "{String::from(js_sys::JsString::from(\"Prices\"))}",
            shows: "document.querySelector('summary').textContent === 'Prices'",
        },
    ),
    style: Edit {
        file: "style.css",
        old: "h1 {",
        new: "h1 { letter-spacing: 7px;",
        shows: "getComputedStyle(document.querySelector('h1')).letterSpacing === '7px'",
    },
    start: ("src/main.rs", "fn main() {"),
    panic: (
        Edit {
            file: "src/main.rs",
            old: "<details id=\"help\">",
            new: "<details id=\"help\" on:click=move |_| panic!(\"broken by an edit\")>",
            shows: "true",
        },
        "#help summary",
    ),
    acts_once,
};

fn acts_once(session: &AppSession) {
    session.browser.run(
        "for (const field of document.querySelectorAll('#name, #email')) field.value = ''",
        &[],
    );
    session.browser.keys("#name", "Ada");
    session.browser.keys("#email", "ada@example.org");
    session.browser.wait("!document.querySelector('#next').disabled");
    session.browser.click("#next");
    session.browser.wait("document.querySelector('#chosen')?.textContent === '0 of 7 chosen'");
    // A second delivery would undo the first, or go on to the next step.
    session.browser.click("#session-2");
    session.browser.wait("document.querySelector('#chosen')?.textContent === '1 of 7 chosen'");
    session.browser.click("#back");
    session.browser.wait("document.querySelector('#name')?.value === 'Ada'");
}

#[test]
fn a_leptos_application_is_swapped_with_the_state_of_its_page() {
    let mut session = LEPTOS.session();
    session.browser.keys("#name", "Ada");
    session.browser.keys("#email", "ada@example.org");
    // The events of the fields give the application their values.
    let kept = "[document.querySelector('#name').value, document.querySelector('#email').value, document.activeElement.id, \
        document.querySelector('#next').disabled, document.querySelectorAll('main').length]";
    let value = session.browser.value(kept, &[]);
    assert_eq!(value, json!(["Ada", "ada@example.org", "email", false, 1]));
    scenario::edits(&mut session, &LEPTOS, kept);
}

#[test]
fn a_leptos_application_that_fails_goes_on_as_it_was() {
    scenario::failures(&LEPTOS);
}

#[test]
fn a_leptos_application_is_swapped_many_times() {
    scenario::endurance(&LEPTOS);
}

#[test]
fn the_step_of_a_form_made_with_leptos_is_kept() {
    let mut session = LEPTOS.session();
    acts_once(&session);
    session.browser.wait("!document.querySelector('#next').disabled");
    session.browser.click("#next");
    let chosen = "document.querySelector('#chosen')?.textContent === '1 of 7 chosen'";
    session.browser.wait(chosen);
    session.edit("src/main.rs", "<details id=\"help\">", "<details id=\"help\" title=\"new\">");
    session.browser.wait("document.querySelector('#help').title === 'new'");
    session.browser.wait(chosen);
    session.browser.click("#back");
    session.browser.wait("document.querySelector('#name')?.value === 'Ada'");
}
