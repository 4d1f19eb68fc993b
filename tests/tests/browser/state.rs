//! The state that stays when code changes under a page that is in use.

use hmr_tests::session::Session;
use serde_json::{Value, json};

/// State whose loss a user sees at once: focus, caret, scroll offsets.
const FOCUS_AND_SCROLL: &str = "[document.activeElement.id, document.activeElement.selectionStart, document.activeElement.selectionEnd, \
    scrollY, document.querySelector('.scroller').scrollTop]";

#[test]
fn a_form_keeps_its_text_focus_caret_and_scroll_while_markup_and_logic_change() {
    let mut session = Session::start();
    let Session { browser, demo, .. } = &session;
    browser.click(".more summary");
    browser.keys("#note", "a dog");
    browser.run("document.querySelector('#seats').select()", &[]);
    browser.keys("#seats", "5");
    browser.keys("#name", "Ada");
    browser.run("document.querySelector('#name').setSelectionRange(1, 2)", &[]);
    browser.run("document.querySelector('.scroller').scrollTop = 4000; scrollTo({ top: 333, behavior: 'instant' })", &[]);
    browser.run("window.field = document.querySelector('#name')", &[]);
    let before = browser.value(FOCUS_AND_SCROLL, &[]);
    assert_eq!(
        before,
        json!(["name", 1, 2, 333, 4000]),
        "the page is scrolled and the caret is set"
    );

    demo.edit("signup/src/lib.rs", "\"Save me a seat\"", "\"Keep me a chair\"");
    session.dev.wait_swap("signup", "committed");
    session.browser.wait_text("#swap .primary", "Keep me a chair");
    assert_eq!(session.browser.value(FOCUS_AND_SCROLL, &[]), before);

    session.demo.edit("signup/src/rules.rs", "MOST_SEATS: u32 = 6", "MOST_SEATS: u32 = 3");
    session.dev.wait_swap("signup", "committed");
    session.browser.wait_text("#seats-note", "The bench seats 3 at most");
    assert_eq!(session.browser.value(FOCUS_AND_SCROLL, &[]), before);

    let kept = "[document.querySelector('#name').value, document.querySelector('#note').value, \
        document.querySelector('.more').open, document.querySelector('#name') === window.field]";
    assert_eq!(session.browser.value(kept, &[]), json!(["Ada", "a dog", true, true]));
    assert!(session.is_marked(), "nothing navigated");
}

#[test]
fn a_list_keeps_its_scroll_offset_its_marks_and_its_nodes() {
    let mut session = Session::start();
    let browser = &session.browser;
    browser.wait("document.querySelectorAll('.scroller tbody tr').length === 500");
    browser.click(".star");
    browser.wait_text(".catalog-tools .button", "1");
    browser.run(
        "document.querySelector('.scroller').scrollTop = 5000; \
         window.row = document.querySelectorAll('.scroller tbody tr')[200]",
        &[],
    );

    session.demo.edit("catalog/src/lib.rs", "\"variety\", \"varieties\"", "\"sort\", \"sorts\"");
    session.dev.wait_swap("catalog", "committed");
    session.browser.wait_text("#library [role=status]", "500 sorts");
    session.browser.wait_text(".catalog-tools .button", "1");
    let kept = "[document.querySelector('.scroller').scrollTop, \
        document.querySelectorAll('.scroller tbody tr')[200] === window.row, \
        document.querySelector('.star').getAttribute('aria-pressed')]";
    assert_eq!(session.browser.value(kept, &[]), json!([5000, true, "true"]));
    assert!(session.is_marked());
}

#[test]
fn a_half_typed_card_stays_open_with_its_caret() {
    let mut session = Session::start();
    let browser = &session.browser;
    browser.run("document.querySelector('.card .icon[aria-label^=Edit]').click()", &[]);
    browser.wait("document.querySelector('.editor textarea')");
    browser.run(
        "const area = document.querySelector('.editor textarea'); area.focus(); area.select()",
        &[],
    );
    browser.keys(".editor textarea", " half a thou");
    browser.run("document.querySelector('.editor textarea').setSelectionRange(3, 3)", &[]);
    let state = "[document.activeElement.tagName, document.activeElement.value, document.activeElement.selectionStart]";
    let before = browser.value(state, &[]);
    assert!(before[1].as_str().is_some_and(|text| text.contains("half a thou")), "{before}");

    session.demo.edit("board/src/card.rs", "\"Save\"", "\"Keep it\"");
    session.dev.wait_swap("board", "committed");
    session.browser.wait_text(".editor .primary", "Keep it");
    assert_eq!(session.browser.value(state, &[]), before);

    session.browser.run("document.querySelector('.editor .primary').click()", &[]);
    session.browser.wait_text(".card-title", "half a thou");
    assert!(session.is_marked());
}

#[test]
fn a_running_stopwatch_keeps_running_in_both_components_that_show_it() {
    let mut session = Session::start();
    let browser = &session.browser;
    browser.click("#watch .primary");
    browser.click("#watch .row .button:nth-child(2)");
    browser.wait_text("#watch .laps", "Lap 1");
    browser.run("document.querySelector('#plan .round').click()", &[]);
    browser.wait("document.querySelector('#plan .watch-line.running')");
    browser.run("window.lap = document.querySelector('#watch .laps li').innerText", &[]);

    session.demo.edit(
        "stopwatch/src/lib.rs",
        "\"Stop\" } else { \"Start\" }",
        "\"Halt\" } else { \"Go\" }",
    );
    session.dev.wait_swap("stopwatch", "committed");
    session.browser.wait_text("#watch .primary", "Halt");
    session.browser.wait("document.querySelector('#watch .laps li').innerText === window.lap");
    session.browser.wait("document.querySelector('#plan .watch-line.running')");
    assert_time_passes(&session, "#watch .watch-time");

    session.browser.click("#watch .primary");
    session.browser.wait_text("#watch .primary", "Go");
    assert!(session.is_marked());
}

#[test]
fn every_open_tab_swaps_and_each_keeps_its_own_state() {
    let mut session = Session::start();
    let first = session.browser.tab();
    session.browser.keys("#name", "Ada");
    let second = session.browser.new_tab();
    session.browser.open(session.dev.url());
    session.dev.wait("client-connected");
    session.wait_components();
    session.mark();
    session.browser.keys("#name", "Grace");

    session.demo.edit("signup/src/lib.rs", "\"Save me a seat\"", "\"Keep me a chair\"");
    let pages = [0, 1].map(|_| session.dev.wait_swap("signup", "committed")["page"].clone());
    assert_ne!(pages[0], pages[1], "each page reports its own swap");
    for (tab, name) in [(first, "Ada"), (second, "Grace")] {
        session.browser.switch_to(&tab);
        session.browser.wait_text("#swap .primary", "Keep me a chair");
        assert_eq!(session.browser.value("document.querySelector('#name').value", &[]), name);
        assert!(session.is_marked());
    }
}

#[test]
fn a_shared_crate_updates_all_its_modules_at_once() {
    let mut session = Session::start();
    session.browser.keys("#name", "Ada");
    session.browser.wait_text("#watch .panel-head", "no laps");
    session.demo.edit(
        "ui/src/format.rs",
        "0 => format!(\"no {many}\")",
        "0 => format!(\"zero {many}\")",
    );
    let update = session.dev.wait("update");
    assert_eq!(update["kind"], "hot-update", "{update}");
    let modules: Vec<&str> = names(&update).collect();
    for module in ["board", "catalog", "stopwatch"] {
        assert!(modules.contains(&module), "{module} uses the crate: {update}");
    }

    session.dev.wait_swap("stopwatch", "committed");
    session.browser.wait_text("#watch .panel-head", "zero laps");
    session.browser.keys("input[type=search]", "no such seed");
    session.browser.wait_text("#library [role=status]", "zero varieties");
    assert_eq!(session.browser.value("document.querySelector('#name').value", &[]), "Ada");
    assert!(session.is_marked());
}

/// The names of an update's modules.
fn names(update: &Value) -> impl Iterator<Item = &str> {
    update["modules"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|module| module["module"].as_str())
}

fn assert_time_passes(session: &Session, selector: &str) {
    let now = session.browser.text(selector);
    session.browser.wait(&format!("document.querySelector({selector:?}).innerText !== {now:?}"));
}

#[test]
fn a_page_that_loads_and_swaps_well_warns_of_nothing() {
    let mut session = Session::start();
    session.demo.edit("signup/src/lib.rs", "\"Save me a seat\"", "\"Keep me a chair\"");
    session.dev.wait_swap("signup", "committed");
    session.browser.wait_text("#swap .primary", "Keep me a chair");
    let shown = "document.querySelector('hmr-status')?.shadowRoot.querySelector('.open')?.textContent ?? ''";
    assert_eq!(session.browser.value(shown, &[]), "");
    let console = session.browser.console();
    let bad: Vec<&String> = console.iter().filter(|line| !line.starts_with("\"INFO\"")).collect();
    assert!(bad.is_empty(), "{bad:#?}");
    let problems = ["problem", "trap", "build-failed"];
    let events = session.dev.events();
    assert!(
        !events.iter().any(|event| problems.iter().any(|name| event["event"] == *name)),
        "{events:#?}"
    );
}
