//! Code that is broken in some way never reaches the page; the developer reads why.

use hmr_tests::session::Session;

const OVERLAY: &str = "document.querySelector('hmr-overlay')?.shadowRoot?.textContent";
const BUTTON: &str = "#swap .primary";

/// A condition that holds for a page without a current failure.
const NO_OVERLAY: &str = "!document.querySelector('hmr-overlay') || document.querySelector('hmr-overlay').hidden \
    || document.querySelector('hmr-overlay').getClientRects().length === 0 \
    || !document.querySelector('hmr-overlay').shadowRoot.textContent.trim()";

/// Waits until the overlay holds these parts of a message.
fn wait_overlay(session: &Session, parts: &[&str]) {
    for part in parts {
        session.browser.wait(&format!("({OVERLAY}).includes({part:?})"));
    }
}

#[test]
fn code_that_does_not_compile_is_shown_and_the_old_code_runs_on() {
    let mut session = Session::start();
    session.browser.keys("#name", "Ada");
    session.browser.click("#watch .primary");
    session.browser.wait("document.querySelector('#watch .watch.running')");
    session.demo.edit(
        "stopwatch/src/lib.rs",
        "const TICK: u32 = 50;",
        "const TICK: u32 = \"often\";",
    );
    let failure = session.dev.wait("build-failed");
    let diagnostics = failure["diagnostics"].to_string();
    assert!(
        diagnostics.contains("mismatched types") && diagnostics.contains("stopwatch/src/lib.rs"),
        "{failure}"
    );
    wait_overlay(&session, &["stopwatch/src/lib.rs", "mismatched types"]);

    // Clicked by a script, because the overlay covers the page.
    session.browser.run("document.querySelector('#watch .row .button:nth-child(2)').click()", &[]);
    session.browser.wait_text("#watch .laps", "Lap 1");

    session.demo.edit(
        "stopwatch/src/lib.rs",
        "const TICK: u32 = \"often\";",
        "const TICK: u32 = 40;",
    );
    session.dev.wait_swap("stopwatch", "committed");
    session.browser.wait(NO_OVERLAY);
    session.browser.wait_text("#watch .laps", "Lap 1");
    assert_eq!(session.browser.value("document.querySelector('#name').value", &[]), "Ada");
    assert!(session.is_marked());
}

#[test]
fn an_error_that_is_reverted_is_cleared_without_a_swap() {
    let mut session = Session::start();
    session.demo.edit("signup/src/rules.rs", "MOST_SEATS: u32 = 6", "MOST_SEATS: u32 = six");
    session.dev.wait("build-failed");
    wait_overlay(&session, &["signup/src/rules.rs", "six"]);
    session.demo.edit("signup/src/rules.rs", "MOST_SEATS: u32 = six", "MOST_SEATS: u32 = 6");
    session.browser.wait(NO_OVERLAY);
    assert!(session.is_marked());
}

#[test]
fn a_page_that_is_opened_while_code_is_broken_shows_the_failure_over_the_last_good_code() {
    let mut session = Session::start();
    session.demo.edit("signup/src/rules.rs", "MOST_SEATS: u32 = 6", "MOST_SEATS: u32 = six");
    session.dev.wait("build-failed");
    session.browser.reload();
    session.wait_components();
    wait_overlay(&session, &["signup/src/rules.rs"]);
}

#[test]
fn code_that_traps_while_it_is_swapped_in_is_rolled_back() {
    let mut session = Session::start();
    session.browser.keys("#name", "Ada");
    let start = "    let form = draft();";
    let trap = "    assert!(title.is_empty(), \"no luck today\");\n    let form = draft();";
    session.demo.edit("signup/src/lib.rs", start, trap);
    let report = session.dev.wait_swap("signup", "rolled-back");
    assert!(report.to_string().contains("no luck today"), "{report}");
    session.browser.keys("#name", " L.");
    assert_eq!(session.browser.value("document.querySelector('#name').value", &[]), "Ada L.");

    session.demo.edit("signup/src/lib.rs", trap, start);
    session.demo.edit("signup/src/lib.rs", "\"Save me a seat\"", "\"Keep me a chair\"");
    session.dev.wait_swap("signup", "committed");
    session.browser.wait_text(BUTTON, "Keep me a chair");
    assert_eq!(session.browser.value("document.querySelector('#name').value", &[]), "Ada L.");
    assert!(session.is_marked());
}

#[test]
fn a_trap_in_a_handler_is_reported_with_its_source_location_and_fixed_by_the_next_save() {
    let mut session = Session::start();
    session.browser.keys("#name", "Ada");
    let press = "on_press={move |_| form.clear()}";
    let trap = "on_press={move |_| if form.faults() < 99 { panic!(\"out of ink\") }}";
    session.demo.edit("signup/src/lib.rs", press, trap);
    session.dev.wait_swap("signup", "committed");
    // Probation is over after eight calls: a trap does not undo the swap any more.
    session.browser.keys("#name", " Lovelace");
    session.browser.wait("__hmr.history('signup').entries.at(-1).snapshot.includes('Lovelace')");
    session.browser.run("document.querySelector('#swap .quiet').click()", &[]);
    let trapped = session.dev.wait("trap");
    assert!(
        trapped["message"].as_str().is_some_and(|message| message.contains("out of ink")),
        "{trapped}"
    );
    assert!(
        trapped["file"].as_str().is_some_and(|file| file.ends_with("signup/src/lib.rs")),
        "{trapped}"
    );

    session.demo.edit("signup/src/lib.rs", trap, press);
    session.dev.wait_swap("signup", "committed");
    session.browser.wait("document.querySelector('#name').value === 'Ada Lovelace'");
    session.browser.run("document.querySelector('#swap .quiet').click()", &[]);
    session.browser.wait("document.querySelector('#name').value === ''");
    assert!(session.is_marked());
}

#[test]
fn a_broken_manifest_is_reported_and_updates_continue_when_it_is_fixed() {
    let mut session = Session::start();
    session.browser.keys("#name", "Ada");
    let manifest = session.demo.read("board/Cargo.toml");
    session.demo.write("board/Cargo.toml", "[package\n");
    let failure = session.dev.wait("build-failed");
    assert!(failure.to_string().contains("board/Cargo.toml"), "{failure}");
    wait_overlay(&session, &["Cargo.toml"]);
    assert_eq!(session.browser.value("document.querySelector('#name').value", &[]), "Ada");

    session.demo.write("board/Cargo.toml", manifest);
    session.browser.wait(NO_OVERLAY);
    session.wait_components();
    session.demo.edit("signup/src/lib.rs", "\"Save me a seat\"", "\"Keep me a chair\"");
    session.browser.wait_text(BUTTON, "Keep me a chair");
    session.browser.wait("document.querySelector('#name').value === 'Ada'");
}

#[test]
fn a_component_that_no_module_has_is_reported_and_the_others_work() {
    let mut session = Session::start();
    session.demo.edit(
        "index.html",
        "module=\"catalog\" component=\"Catalog\"",
        "module=\"catalog\" component=\"Katalog\"",
    );
    session.dev.wait("update");
    let problem = session.dev.wait("problem");
    assert!(
        problem["message"].as_str().is_some_and(|message| message.contains("Katalog")),
        "{problem}"
    );
    session.browser.wait_text(BUTTON, "Save me a seat");

    session.demo.edit("index.html", "component=\"Katalog\"", "component=\"Catalog\"");
    session.browser.wait("document.querySelectorAll('.scroller tbody tr').length === 500");
}
