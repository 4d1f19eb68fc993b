//! A native module and two applications in one page: each is swapped on its own.

use hmr_tests::applications::AppSession;
use hmr_tests::dev::SOON;
use serde_json::json;

use crate::scenario::copy_of;

const READY: &str =
    "document.querySelectorAll('button').length === 3 && window.describe !== undefined";

/// The texts of the three buttons, and what an export of an application gives.
const SHOWN: &str = "[...document.querySelectorAll('button')].map((button) => button.textContent).concat(window.describe())";

/// Waits until the page shows this.
fn shows(session: &AppSession, texts: [&str; 4]) {
    session.browser.wait(&format!("JSON.stringify({SHOWN}) === JSON.stringify({})", json!(texts)));
}

#[test]
fn modules_of_both_kinds_are_swapped_in_one_page() {
    let app = copy_of("tests/fixtures/mixed");
    let mut session = AppSession::start(app, "beta", READY);
    for selector in ["hmr-component button", "#alpha button", "#alpha button", "#beta button"] {
        session.browser.click(selector);
    }
    let beta = "the application beta";
    shows(
        &session,
        ["counter clicked 1 times", "alpha clicked 2 times", "beta clicked 1 times", beta],
    );

    session.edit("beta/src/lib.rs", "the application beta", "the new beta");
    let beta = "the new beta";
    shows(
        &session,
        ["counter clicked 1 times", "alpha clicked 2 times", "beta clicked 0 times", beta],
    );

    session.app.edit("counter/src/lib.rs", "counter clicked", "counter pressed");
    session.dev.wait_swap("counter", "committed");
    shows(
        &session,
        ["counter pressed 1 times", "alpha clicked 2 times", "beta clicked 0 times", beta],
    );

    // A start of one that fails changes nothing of the others.
    let good = session.app.read("alpha/src/lib.rs");
    session.app.write("alpha/src/lib.rs", good.replace("Ok(())", "panic!(\"at the start\")"));
    session.dev.wait_swap("alpha", "rolled-back");
    shows(
        &session,
        ["counter pressed 1 times", "alpha clicked 2 times", "beta clicked 0 times", beta],
    );
    session.app.write("alpha/src/lib.rs", &good);
    session.dev.wait_until("the fix", SOON, |event| event["event"] == "swap");

    // One save that changes all of them.
    for (file, old, new) in [
        ("alpha/src/lib.rs", "clicked", "pressed"),
        ("beta/src/lib.rs", "clicked", "pressed"),
        ("counter/src/lib.rs", "pressed", "touched"),
    ] {
        session.app.write(file, session.app.read(file).replace(old, new));
    }
    shows(
        &session,
        ["counter touched 1 times", "alpha pressed 0 times", "beta pressed 0 times", beta],
    );
    session.browser.click("#alpha button");
    session.browser.click("#beta button");
    shows(
        &session,
        ["counter touched 1 times", "alpha pressed 1 times", "beta pressed 1 times", beta],
    );
    let reports = session.browser.value("window.reports", &[]);
    assert_eq!(reports, json!({ "alpha": 3, "beta": 2 }), "one report for each click");
    assert_eq!(session.browser.value("window.untouched === true", &[]), true, "a reload");
}
