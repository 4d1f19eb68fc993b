//! The ways in which editors save.

use hmr_tests::demo::replaced;
use hmr_tests::session::Session;

const FILE: &str = "signup/src/lib.rs";
const BUTTON: &str = "#swap .primary";

/// The form's source with another text on its button.
fn with_button(session: &Session, text: &str) -> String {
    replaced(FILE, &session.demo.read(FILE), "\"Save me a seat\"", &format!("\"{text}\""))
}

#[test]
fn the_newest_of_many_quick_saves_is_what_the_page_shows() {
    let mut session = Session::start();
    session.browser.keys("#name", "Ada");
    let versions: Vec<String> =
        (1..=20).map(|number| with_button(&session, &format!("Seat {number}"))).collect();
    let (at_once, during_builds) = versions.split_at(10);
    for version in at_once {
        session.demo.write(FILE, version);
    }
    for version in during_builds {
        session.dev.wait("build-started");
        session.demo.write(FILE, version);
    }
    session.browser.wait_within(
        &format!("document.querySelector('{BUTTON}').textContent.trim() === 'Seat 20'"),
        hmr_tests::dev::SOON,
    );

    // One more round trip proves that nothing older was still in transit.
    session.demo.edit(FILE, "\"Seat 20\"", "\"Last seat\"");
    session.browser.wait_text(BUTTON, "Last seat");
    assert_eq!(session.browser.value("document.querySelector('#name').value", &[]), "Ada");
    assert!(session.is_marked());
}

#[test]
fn a_file_that_is_replaced_by_renaming_is_seen_each_time() {
    let mut session = Session::start();
    for text in ["First seat", "Second seat", "Third seat"] {
        let next = match session.browser.text(BUTTON).as_str() {
            "Save me a seat" => with_button(&session, text),
            shown => replaced(
                FILE,
                &session.demo.read(FILE),
                &format!("\"{shown}\""),
                &format!("\"{text}\""),
            ),
        };
        session.demo.write_by_rename(FILE, next);
        session.dev.wait_swap("signup", "committed");
        session.browser.wait_text(BUTTON, text);
    }
    assert!(session.is_marked());
}

#[test]
fn a_save_that_changes_no_code_swaps_nothing() {
    let mut session = Session::start();
    session.browser.keys("#name", "Ada");
    let source = session.demo.read(FILE);
    session.demo.write(FILE, source.clone() + "\n// A remark.\n");
    session.dev.wait("unchanged");
    session.demo.write(FILE, source);
    session.dev.wait("unchanged");
    assert_eq!(session.browser.value("document.querySelector('#name').value", &[]), "Ada");
    assert!(session.is_marked());
}
