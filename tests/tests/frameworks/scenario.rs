//! What every application goes through. Each step is watched in the page and in the reports of the tool.

use std::path::{Path, PathBuf};

use hmr_tests::applications::{AppCopy, AppSession};
use hmr_tests::dev::{Dev, FIRST_BUILD, SOON};
use hmr_tests::developer_tools::DeveloperTools;
use serde_json::{Value, json};

/// What scrolling and focus are, and which element has the focus.
pub(crate) const PAGE_STATE: &str = "[Math.round(scrollY), document.activeElement.id, document.activeElement.selectionStart, \
    document.activeElement.selectionEnd]";

/// Where applications are compiled to.
pub(crate) fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("applications")
}

/// An example in use.
pub(crate) fn start(example: &str, ready: &str) -> AppSession {
    let app = AppCopy::of(&format!("examples/{example}"), &target());
    AppSession::start(app, example, ready)
}

/// Code that does not compile is shown over the page, and the page goes on; the fix is swapped in.
pub(crate) fn compile_error_and_fix(session: &mut AppSession, file: &str, works: &str) {
    let good = session.app.read(file);
    session.app.write(file, format!("{good}\nfn broken() -> u32 {{ \"text\" }}\n"));
    session.browser.wait("document.querySelector('hmr-overlay').hasAttribute('open')");
    session.browser.wait(works);
    session.app.write(file, good);
    session.browser.wait("!document.querySelector('hmr-overlay').hasAttribute('open')");
    session.browser.wait(works);
}

/// A version that panics when it starts is rolled back, and the one before goes on.
pub(crate) fn panic_at_start(session: &mut AppSession, file: &str, main: &str, works: &str) {
    let good = session.app.read(file);
    session.app.edit(file, main, &format!("{main}\n    if true {{ panic!(\"at the start\"); }}"));
    let swap = session.swapped("rolled-back");
    assert_eq!(swap["running"], true, "{swap}");
    session.browser.wait(works);
    session.app.write(file, good);
    session.dev.wait_until("the fix", SOON, |event| {
        matches!(event["event"].as_str(), Some("unchanged" | "swap"))
    });
    session.browser.wait(works);
}

/// Alternates between two versions, and compares what the page uses after a few swaps and after many.
pub(crate) fn many_swaps_leak_nothing(session: &mut AppSession, file: &str, old: &str, new: &str) {
    session.edit(file, old, new);
    let module = json!(session.module);
    let mut page = DeveloperTools::open(session.dev.url());
    page.wait("window.__hmr.modules().some(({ running }) => running)");
    page.note_memories();
    let versions = page.value(&format!(
        "window.__hmr.versions({module}).then(({{ versions }}) => versions.slice(0, 2).map(({{ hash }}) => hash))"
    ));
    let swap = |page: &mut DeveloperTools, times: u32| {
        let outcomes = page.value(&format!(
            "(async () => {{ const outcomes = new Set(); for (let time = 0; time < {times}; time++) for (const hash of {versions}) \
             outcomes.add((await window.__hmr.use({module}, hash)).outcome); return [...outcomes].join(); }})()"
        ));
        assert!(
            matches!(outcomes.as_str(), Some("committed" | "unchanged,committed")),
            "{outcomes}"
        );
    };
    swap(&mut page, 5);
    let few = page.usage();
    swap(&mut page, 50);
    let many = page.usage();
    assert!(many.memories <= few.memories && many.memories <= 1.0, "{few:?} {many:?}");
    assert!(many.nodes <= few.nodes + 20.0, "{few:?} {many:?}");
    assert!(many.listeners <= few.listeners + 2.0, "{few:?} {many:?}");
    let grown = (many.heap - few.heap) / 100.0;
    assert!(grown < 10_000.0, "{grown} bytes for each swap: {few:?} {many:?}");
}

/// A tool that was ended and started again gets its page back, and swaps it.
pub(crate) fn restart_of_the_tool(session: AppSession, edit: (&str, &str, &str), shows: &str) {
    let AppSession { browser, dev, app, .. } = session;
    let port = dev.port();
    dev.stop();
    let mut dev = Dev::start_on(app.folder(), port);
    dev.wait_within("client-connected", FIRST_BUILD);
    dev.wait_within("build-finished", FIRST_BUILD);
    let (file, old, new) = edit;
    app.edit(file, old, new);
    browser.wait(shows);
    assert_eq!(browser.value("window.untouched === true", &[]), true, "a reload");
}

/// A second tab swaps, too.
pub(crate) fn two_tabs(
    session: &mut AppSession,
    ready: &str,
    edit: (&str, &str, &str),
    shows: &str,
) {
    let (file, old, new) = edit;
    let first = session.browser.tab();
    let second = session.browser.new_tab();
    session.browser.open(session.dev.url());
    session.browser.wait(ready);
    session.app.edit(file, old, new);
    session.browser.wait(shows);
    session.browser.switch_to(&first);
    session.browser.wait(shows);
    session.browser.switch_to(&second);
    session.browser.run("window.close()", &[]);
    session.browser.switch_to(&first);
    // Both pages have reported it.
    session.swapped("committed");
    session.swapped("committed");
}

/// The state of the page.
pub(crate) fn page_state(session: &AppSession) -> Value {
    session.browser.value(PAGE_STATE, &[])
}
