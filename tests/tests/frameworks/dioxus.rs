//! Data that a page fetches and draws, in Dioxus: a project for dx without a page of its own, with a stylesheet given by `asset!`.

use serde_json::json;

use crate::scenario;

const READY: &str = "document.querySelector('#chart') !== null";

#[test]
fn a_dioxus_application_is_swapped_with_its_assets() {
    let mut session = scenario::start("dioxus-chart", READY);
    assert_eq!(session.browser.value("document.title", &[]), json!("Rain in Bergen"));
    session.browser.keys("#filter", "ju");
    session.browser.wait("document.querySelectorAll('#months li').length === 2");
    let style = "getComputedStyle(document.querySelector('h1')).letterSpacing";
    session.app.edit("assets/main.css", "body {", "body { letter-spacing: 5px;");
    session.browser.wait(&format!("{style} === '5px'"));

    session.edit("src/main.rs", "h1 { \"Rain\" }", "h1 { \"Rainfall\" }");
    session.browser.wait_text("h1", "Rainfall");
    // The field comes when the data has come again; its event filters the months.
    session.browser.wait("document.querySelector('#filter')?.value === 'ju'");
    session.browser.wait("document.querySelectorAll('#months li').length === 2");
    assert_eq!(session.browser.value(style, &[]), json!("5px"));
    assert_eq!(session.browser.value("document.querySelectorAll('h1').length", &[]), 1);
    scenario::panic_at_start(&mut session, "src/main.rs", "fn main() {", READY);
    scenario::many_swaps_leak_nothing(
        &mut session,
        "src/main.rs",
        "h1 { \"Rainfall\" }",
        "h1 { \"Much rain\" }",
    );
}
