//! A clock with laps in Sycamore: a project for Trunk that renders into an element of its page, with an interval.

use crate::scenario;

const READY: &str = "document.querySelector('#elapsed') !== null";

#[test]
fn a_sycamore_application_is_swapped_and_ticks_once() {
    let mut session = scenario::start("sycamore-clock", READY);
    session.browser.run("document.querySelector('#settings').open = true", &[]);
    session.browser.keys("#rename", "\u{e010} at noon");
    session.browser.wait_text("#title", "Morning run at noon");
    session.edit("src/main.rs", "\"No laps yet\"", "\"No lap yet\"");
    session.browser.wait_text("#count", "No lap yet");
    // The field's event gave the application the title back.
    session.browser.wait_text("#title", "Morning run at noon");
    assert_eq!(session.browser.value("document.querySelector('#settings').open", &[]), true);
    assert_eq!(session.browser.value("document.querySelectorAll('#app > h1').length", &[]), 1);

    // One interval ticks, ten times a second.
    session.browser.click("#start");
    let ticks = "new Promise((resolve) => { let ticks = 0; const observer = new MutationObserver(() => ticks++); \
        observer.observe(document.querySelector('#elapsed'), { childList: true, characterData: true, subtree: true }); \
        setTimeout(() => resolve(ticks), 2000); })";
    let counted = session.browser.value(ticks, &[]).as_f64().unwrap_or_default();
    assert!((10.0..=22.0).contains(&counted), "{counted} ticks in two seconds");

    session.edit("src/watch.rs", "{minutes:02}:", "{minutes:02} min ");
    session.browser.wait_text("#elapsed", "00 min");
    scenario::panic_at_start(&mut session, "src/main.rs", "fn main() {", READY);
    scenario::many_swaps_leak_nothing(
        &mut session,
        "src/main.rs",
        "\"No lap yet\"",
        "\"Not a lap yet\"",
    );
}
