//! Functions that make parts of a view, in Dioxus. They may be called under a condition, and are no components.

use super::{DIOXUS, counters};
use hmr_tests::applications::AppSession;
use serde_json::json;

const PART: &str = "fn part(label: &str) -> Element {\n    rsx! {\n        Counter { label: \"{label}\" }\n    }\n}\n\n";

const CALLS: &str = "let first = if open() { part(\"first\") } else { rsx! {} };\n    \
    let second = part(\"second\");\n    let later = use_signal(|| 7);";

#[test]
fn a_function_of_a_component_is_a_part_of_it() {
    let mut session = DIOXUS.session_of(|app| {
        let file = "src/main.rs";
        let component = "#[component]\nfn App()";
        app.edit(file, component, &format!("{PART}{component}"));
        let state = "let mut open = use_signal(|| false);";
        app.edit(file, state, &format!("{state}\n    {CALLS}"));
        app.edit(
            file,
            "\"Shelves\" }",
            "\"Shelves {later}\" }\n            {first}\n            {second}",
        );
    });
    click(&session, "second", "1");
    session.browser.click("#open");
    session.browser.wait("document.querySelector('[data-label=first]') !== null");
    click(&session, "first", "1");
    click(&session, "second", "2");
    let before = counters(&session);
    let (file, old, new) = DIOXUS.edits[0];
    session.edit(file, old, new);
    assert_eq!(counters(&session), before);
    session.browser.click("#open");
    session.browser.wait("document.querySelector('[data-label=first]') === null");
    session.edit(file, new, old);
    let second = "document.querySelector('[data-label=second]').innerText";
    assert_eq!(session.browser.value(second, &[]), json!("20"));
    let heading = "document.querySelector('h1').textContent";
    assert_eq!(session.browser.value(heading, &[]), json!("Shelves 7"));
}

/// Clicks on the ones of a counter, and waits for what they show.
fn click(session: &AppSession, label: &str, shows: &str) {
    let ones = format!("[data-label={label}] .ones");
    session.browser.click(&ones);
    session.browser.wait(&format!("document.querySelector('{ones}').textContent === '{shows}'"));
}
