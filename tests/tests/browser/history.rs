//! Going to another page, and back.

use crate::reloads::{EXTRAS, use_extras, wait_extras};
use hmr_tests::session::Session;

const NAME: &str = "document.querySelector('#name')?.value";
const BUTTON: &str = "#swap .primary";

/// A page that was used, and left for another one of the application.
fn left(script: &str) -> Session {
    let session = Session::start_with(|demo| {
        demo.edit("index.html", "</main>", &format!("</main>{EXTRAS}<script>{script}</script>"));
        demo.write("other.html", "<!doctype html><title>Other</title><p>Another page</p>");
    });
    session.browser.keys("#name", "Ada");
    use_extras(&session.browser);
    session.browser.open(&format!("{}/other.html", session.dev.url()));
    session
}

#[test]
fn a_page_that_the_browser_has_kept_continues_and_shows_what_was_saved_meanwhile() {
    let mut session = left("");
    session.demo.edit("signup/src/lib.rs", "\"Save me a seat\"", "\"Keep me a chair\"");
    session.dev.wait("update");
    let wider = ".masthead h1 { letter-spacing: 7px; font-size:";
    session.demo.edit("static/style.css", ".masthead h1 { font-size:", wider);
    session.dev.wait("update");

    session.browser.back();
    assert!(session.is_marked(), "the browser has kept the page");
    session.browser.wait_text(BUTTON, "Keep me a chair");
    session
        .browser
        .wait("getComputedStyle(document.querySelector('.masthead h1')).letterSpacing === '7px'");
    session.browser.wait(&format!("{NAME} === 'Ada'"));
    wait_extras(&session.browser);
    assert!(session.is_marked());
}

#[test]
fn a_page_whose_markup_was_saved_meanwhile_is_loaded_again_with_its_state() {
    let mut session = left("");
    session.demo.edit(
        "index.html",
        "A calm workbench for a small garden.</p>",
        "A loud workbench.</p>",
    );
    session.dev.wait("update");
    session.browser.back();
    session.browser.wait_text(".masthead-words", "A loud workbench.");
    session.wait_components();
    session.browser.wait(&format!("{NAME} === 'Ada'"));
    wait_extras(&session.browser);
}

#[test]
fn a_page_that_the_browser_has_not_kept_is_restored_with_its_state() {
    // Pages with such a listener are not kept.
    let mut session = left("addEventListener('unload', () => {})");
    session.demo.edit("signup/src/lib.rs", "\"Save me a seat\"", "\"Keep me a chair\"");
    session.dev.wait("update");

    session.browser.back();
    session.wait_components();
    assert!(!session.is_marked(), "it is a new page");
    session.browser.wait_text(BUTTON, "Keep me a chair");
    session.browser.wait(&format!("{NAME} === 'Ada'"));
    wait_extras(&session.browser);

    session.browser.reload();
    session.wait_components();
    assert_eq!(session.browser.value(NAME, &[]), "", "a manual reload starts clean");
}
