//! A page to draw and write notes on, with web-sys alone: a library that a script of the page starts.

use hmr_tests::applications::AppSession;
use serde_json::json;

use crate::scenario::{self, Application, Edit};

const WEB_SYS: Application = Application {
    name: "web-sys-notes",
    ready: "document.querySelectorAll('#notes li').length >= 2",
    markup: Edit {
        file: "src/notes.rs",
        old: "set_text_content(Some(\"Remove\"))",
        new: "set_text_content(Some(\"Drop\"))",
        shows: "document.querySelector('#note-1 button').textContent === 'Drop'",
    },
    logic: Edit {
        file: "src/notes.rs",
        old: "\"The frame is 30 by 40\"",
        new: "\"The frame is 40 by 50\"",
        shows: "document.querySelector('#note-2').textContent.includes('40 by 50')",
    },
    child: Edit {
        file: "src/board.rs",
        old: "{lines} lines, frame",
        new: "{lines} strokes, frame",
        shows: "document.querySelector('#status').textContent.includes('strokes')",
    },
    component: (
        "use wasm_bindgen::prelude::*;\nuse web_sys::Element;\n\nuse crate::page::{by_id, document};\n\n\
         pub fn start() -> Result<(), JsValue> {\n    let greeting = document()?.create_element(\"p\")?;\n    \
         greeting.set_id(\"greeting\");\n    greeting.set_text_content(Some(\"Hello\"));\n    \
         by_id::<Element>(\"help\")?.append_child(&greeting)?;\n    Ok(())\n}\n",
        [
            Edit {
                file: "src/lib.rs",
                old: "mod board;",
                new: "mod board;\nmod greeting;",
                shows: "true",
            },
            Edit {
                file: "src/lib.rs",
                old: "board::start()?;",
                new: "board::start()?;\n    greeting::start()?;",
                shows: "true",
            },
        ],
    ),
    dependency: (
        "js-sys = \"0.3\"",
        Edit {
            file: "src/notes.rs",
            old: "\"Ask about the blue paint\"",
            new: "&String::from(js_sys::JsString::from(\"Ask about the paint\"))",
            shows: "document.querySelector('#note-1').textContent.includes('Ask about the paint')",
        },
    ),
    style: Edit {
        file: "style.css",
        old: "body {",
        new: "body { letter-spacing: 3px;",
        shows: "getComputedStyle(document.body).letterSpacing === '3px'",
    },
    start: ("src/lib.rs", "fn start() -> Result<(), JsValue> {"),
    panic: (
        Edit {
            file: "src/notes.rs",
            old: "move |_: Event| removed.remove()",
            new: "move |_: Event| panic!(\"broken by an edit: {}\", removed.id())",
            shows: "true",
        },
        "#note-2 button",
    ),
    acts_once,
};

fn acts_once(session: &AppSession) {
    let count = || session.browser.value("document.querySelectorAll('#notes li').length", &[]);
    let before = count().as_u64().unwrap_or_default();
    session.browser.run("document.querySelector('#note-text').value = ''", &[]);
    session.browser.keys("#note-text", "once!\n");
    session.browser.wait_text("#notes", "once!");
    assert_eq!(count(), before + 1);
    session.browser.click("#notes li:last-child button");
    session.browser.wait(&format!("document.querySelectorAll('#notes li').length === {before}"));
    // One frame loop runs: the frames that it counts are those that the browser shows.
    let frames = "new Promise((resolve) => { const count = () => +/frame (\\d+)/.exec(document.querySelector('#status').textContent)[1]; \
        let shown = 0; const first = count(); const next = () => { if (++shown === 30) resolve(count() - first); else requestAnimationFrame(next); }; \
        requestAnimationFrame(next); })";
    let counted = session.browser.value(frames, &[]).as_f64().unwrap_or_default();
    assert!((28.0..=31.0).contains(&counted), "{counted} frames for 30");
}

#[test]
fn an_application_without_a_framework_is_swapped_with_the_state_of_its_page() {
    let mut session = WEB_SYS.session();
    session.browser.keys("#note-text", "half");
    let kept = "[document.querySelector('#note-text').value, document.activeElement.id, document.querySelectorAll('#notes li').length]";
    let value = session.browser.value(kept, &[]);
    assert_eq!(value, json!(["half", "note-text", 2]));
    scenario::edits(&mut session, &WEB_SYS, kept);
}

#[test]
fn an_application_without_a_framework_that_fails_goes_on_as_it_was() {
    scenario::failures(&WEB_SYS);
}

#[test]
fn an_application_without_a_framework_is_swapped_many_times() {
    scenario::endurance(&WEB_SYS);
}
