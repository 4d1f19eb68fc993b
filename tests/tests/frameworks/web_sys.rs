//! A page to draw and write notes on, with web-sys alone: a library that a script of the page starts.

use serde_json::json;

use crate::scenario;

const READY: &str = "document.querySelectorAll('#notes li').length === 2";

#[test]
fn an_application_without_a_framework_is_swapped_and_acts_once() {
    let mut session = scenario::start("web-sys-notes", READY);
    session.browser.keys("#note-text", "half");
    session.edit(
        "src/notes.rs",
        "set_text_content(Some(\"Remove\"))",
        "set_text_content(Some(\"Drop\"))",
    );
    session.browser.wait_text("#note-1 button", "Drop");
    let state = "[document.querySelector('#note-text').value, document.activeElement.id, document.querySelectorAll('#notes li').length]";
    assert_eq!(session.browser.value(state, &[]), json!(["half", "note-text", 2]));
    session.browser.keys("#note-text", " done\n");
    session.browser.wait("document.querySelectorAll('#notes li').length === 3");
    session.browser.wait_text("#notes", "half done");

    // One frame loop runs: the frames that it counts are those that the browser shows.
    let frames = "new Promise((resolve) => { const count = () => +/frame (\\d+)/.exec(document.querySelector('#status').textContent)[1]; \
        let shown = 0; const first = count(); const next = () => { if (++shown === 30) resolve(count() - first); else requestAnimationFrame(next); }; \
        requestAnimationFrame(next); })";
    let counted = session.browser.value(frames, &[]).as_f64().unwrap_or_default();
    assert!((28.0..=31.0).contains(&counted), "{counted} frames for 30");

    session.app.edit("style.css", "body {", "body { letter-spacing: 3px;");
    session.browser.wait("getComputedStyle(document.body).letterSpacing === '3px'");
    scenario::panic_at_start(
        &mut session,
        "src/lib.rs",
        "fn start() -> Result<(), JsValue> {",
        "document.querySelector('#note-3') !== null",
    );
    scenario::many_swaps_leak_nothing(
        &mut session,
        "src/notes.rs",
        "Some(\"Drop\")",
        "Some(\"Discard\")",
    );
}
