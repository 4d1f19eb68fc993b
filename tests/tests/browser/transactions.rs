//! Swaps that fail at each step, and the successful one after them.

use hmr_tests::session::Session;

const FILE: &str = "stopwatch/src/lib.rs";
const LAP: &str = "watch.update(|watch| watch.lap(now()))";
const TICK: &str = "    let running = memo(";

/// All text that the tool shows over the page.
const SHOWN: &str = "[...document.querySelectorAll('hmr-overlay, hmr-status')].map(element => element.shadowRoot.textContent).join()";

#[test]
fn a_trap_on_probation_undoes_the_swap_and_the_page_shows_where_it_was() {
    let mut session = Session::start();
    start_watch_with_lap(&session);

    let trap = format!(
        "{{ assert!(watch.with(|watch| watch.laps().len() > 9), \"out of paper\"); {LAP} }}"
    );
    let source =
        session.demo.read(FILE).replacen("\"Stop\"", "\"Halt\"", 1).replacen(LAP, &trap, 1);
    let line = 1 + source.lines().take_while(|line| !line.contains("out of paper")).count();
    session.demo.write(FILE, source);
    session.dev.wait_swap("stopwatch", "committed");
    session.browser.wait_text("#watch .primary", "Halt");

    press_lap(&session);
    let undone = session.dev.wait_swap("stopwatch", "undone");
    assert!(undone.to_string().contains("out of paper"), "{undone}");
    session.browser.wait_text("#watch .primary", "Stop");
    for part in ["out of paper", &format!("{FILE}:{line}")] {
        session.browser.wait(&format!("({SHOWN}).includes({part:?})"));
    }

    // The old code continues.
    session.browser.wait_text("#watch .laps", "Lap 1");
    press_lap(&session);
    session.browser.wait_text("#watch .laps", "Lap 2");
    session.browser.wait("document.querySelector('#watch .watch.running')");
    assert!(session.is_marked());
}

#[test]
fn state_outlives_a_start_that_fails_then_code_that_does_not_compile_then_good_code() {
    let mut session = Session::start();
    start_watch_with_lap(&session);

    let throws = format!("    assert!(title.is_empty(), \"not today\");\n{TICK}");
    session.demo.edit(FILE, TICK, &throws);
    let failed = session.dev.wait_swap("stopwatch", "rolled-back");
    assert!(failed.to_string().contains("not today"), "{failed}");
    session.browser.wait_text("#watch .laps", "Lap 1");

    session.demo.edit(FILE, &throws, "    let running = = memo(");
    session.dev.wait("build-failed");
    press_lap(&session);
    session.browser.wait_text("#watch .laps", "Lap 2");

    let source = session.demo.read(FILE).replacen("\"Stop\"", "\"Halt\"", 1);
    session.demo.write(FILE, source.replacen("    let running = = memo(", TICK, 1));
    session.dev.wait_swap("stopwatch", "committed");
    session.browser.wait_text("#watch .primary", "Halt");
    session.browser.wait_text("#watch .laps", "Lap 2");
    press_lap(&session);
    session.browser.wait_text("#watch .laps", "Lap 3");
    assert!(session.is_marked());
}

#[test]
fn an_endless_loop_in_a_handler_is_cut_and_the_page_continues() {
    let mut session = Session::start();
    start_watch_with_lap(&session);

    let endless = "while running.get_untracked() { watch.with(|_| ()); }";
    let source = session.demo.read(FILE).replacen("\"Stop\"", "\"Halt\"", 1);
    let source = source.replacen(LAP, endless, 1);
    let line = 1 + source.lines().position(|line| line.contains(endless)).expect("the loop");
    session.demo.write(FILE, &source);
    session.dev.wait_swap("stopwatch", "committed");
    session.browser.wait_text("#watch .primary", "Halt");

    press_lap(&session);
    let undone = session.dev.wait_swap("stopwatch", "undone");
    // The loop's own line, regardless of the library function that reached the time limit.
    let location = format!("({FILE}:{line})");
    let text = undone.to_string();
    assert!(
        text.contains("ran for too long in `stopwatch::") && text.contains(&location),
        "{undone}"
    );
    session.browser.wait_text("#watch .primary", "Stop");
    press_lap(&session);
    session.browser.wait_text("#watch .laps", "Lap 2");
    session.browser.keys("#name", "Ada");
    assert_eq!(session.browser.value("document.querySelector('#name').value", &[]), "Ada");
    assert!(session.is_marked());
}

fn start_watch_with_lap(session: &Session) {
    session.browser.click("#watch .primary");
    session.browser.wait("document.querySelector('#watch .watch.running')");
    press_lap(session);
    session.browser.wait_text("#watch .laps", "Lap 1");
}

/// Presses through the document, because the tool's overlay may cover the page.
fn press_lap(session: &Session) {
    session.browser.run("document.querySelector('#watch .row .button:nth-child(2)').click()", &[]);
}
