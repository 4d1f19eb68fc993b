//! The state of components, kept in applications that contain nothing of this project.

use hmr_tests::applications::AppSession;
use serde_json::{Value, json};

use crate::scenario::copy_of;

/// Everything that the components of the example show.
const SHOWN: &str = "[[...document.querySelectorAll('.counter')].map((it) => [it.dataset.label, it.innerText]), \
    [...document.querySelectorAll('li .title')].map((it) => it.textContent), \
    [...document.querySelectorAll('.lend')].map((it) => it.textContent), \
    [...document.querySelectorAll('.clicks')].map((it) => it.textContent)]";

/// The example with lists in lists, with the setting.
fn session() -> AppSession {
    let app = copy_of("examples/yew-nested");
    let manifest = app.read("Cargo.toml");
    app.write("Cargo.toml", format!("{manifest}\n[package.metadata.hmr]\nauto-state = true\n"));
    AppSession::start(app, "yew-nested", "document.querySelectorAll('li').length === 4")
}

/// Gives each counter another value, and the lists another content.
fn use_all(session: &AppSession) {
    let browser = &session.browser;
    browser.click("#upper .add");
    browser.click("#upper .add");
    browser.click("#upper .reverse");
    browser.click("#lower .add");
    browser.click("#lower li:nth-child(2) .lend");
    browser.click("#open");
    browser.wait("document.querySelectorAll('.counter').length === 10");
    browser.run(
        "[...document.querySelectorAll('.counter button')].forEach((button, at) => { for (let i = 0; i <= at; i++) button.click(); })",
        &[],
    );
    // One click of each button counts, until the component has rendered.
    browser.wait(
        "[...document.querySelectorAll('.counter .ones')].every((it) => it.textContent !== '0')",
    );
    for at in 0..10 {
        for _ in 0..at {
            let button = format!("document.querySelectorAll('.counter .ones')[{at}]");
            let before = browser.value(&format!("{button}.textContent"), &[]);
            browser.run(&format!("{button}.click()"), &[]);
            browser.wait(&format!("{button}.textContent !== {before}"));
        }
    }
}

fn outcomes(swap: &Value) -> Vec<(String, String)> {
    let keys = swap["report"]["instances"][0]["keys"].as_object().cloned().unwrap_or_default();
    let outcome = |it: &Value| it["outcome"].as_str().unwrap_or_default().to_owned();
    keys.iter().map(|(key, it)| (key.clone(), outcome(it))).collect()
}

#[test]
fn every_component_keeps_its_state_through_edits_of_any() {
    let mut session = session();
    use_all(&session);
    let before = session.browser.value(SHOWN, &[]);
    let is_kept = format!("JSON.stringify({SHOWN}) === JSON.stringify({before})");
    // A leaf, its parent, and the root.
    for (file, old, new) in [
        ("src/counter.rs", "<p class=\"counter\"", "<p class=\"counter\" title=\"leaf\""),
        (
            "src/shelf.rs",
            "<section id={props.title.clone()}>",
            "<section id={props.title.clone()} title=\"parent\">",
        ),
        ("src/main.rs", "{ \"Shelves\" }", "{ \"Root\" }"),
    ] {
        let swap = session.edit(file, old, new);
        let lost: Vec<_> = outcomes(&swap).into_iter().filter(|(_, it)| it != "kept").collect();
        assert!(lost.is_empty() && outcomes(&swap).len() > 20, "{file}: {lost:?} {swap}");
        assert_eq!(session.browser.value(SHOWN, &[]), before, "{file}");
    }
    session.browser.wait(&is_kept);
    assert_eq!(session.browser.value("document.querySelectorAll('[title=leaf]').length", &[]), 10);
    assert_eq!(
        session.browser.value("document.querySelector('h1').textContent", &[]),
        json!("Root")
    );
}
