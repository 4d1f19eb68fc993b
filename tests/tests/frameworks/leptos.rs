//! A form of three steps in Leptos: a project for Trunk with a stylesheet and an icon.

use serde_json::json;

use crate::scenario;

const READY: &str = "document.querySelector('#name') !== null";

#[test]
fn a_leptos_application_is_swapped_with_the_state_of_its_page() {
    let mut session = scenario::start("leptos-form", READY);
    session.browser.keys("#name", "Ada");
    session.browser.keys("#email", "ada@example.org");
    session.browser.wait("!document.querySelector('#next').disabled");

    session.edit("src/main.rs", "\"Book a workshop\"", "\"Book your workshop\"");
    session.browser.wait_text("h1", "Book your workshop");
    let fields = "[document.querySelector('#name').value, document.querySelector('#email').value, document.activeElement.id]";
    assert_eq!(session.browser.value(fields, &[]), json!(["Ada", "ada@example.org", "email"]));
    // The events of the fields gave the application their values.
    session.browser.wait("!document.querySelector('#next').disabled");
    session.browser.click("#next");
    session.browser.wait("document.querySelector('#sessions') !== null");

    session.edit(
        "src/field.rs",
        "<div class=\"field\">",
        "<div class=\"field\" data-edited=\"1\">",
    );
    session.browser.wait("document.querySelector('[data-edited]') !== null");
    session.app.edit("style.css", "h1 {", "h1 { letter-spacing: 7px;");
    session.browser.wait("getComputedStyle(document.querySelector('h1')).letterSpacing === '7px'");
    assert_eq!(session.browser.value("document.querySelectorAll('main').length", &[]), 1);
    scenario::compile_error_and_fix(&mut session, "src/field.rs", READY);
    scenario::panic_at_start(&mut session, "src/main.rs", "fn main() {", READY);
    scenario::many_swaps_leak_nothing(
        &mut session,
        "src/main.rs",
        "\"Book your workshop\"",
        "\"Book it\"",
    );
}
