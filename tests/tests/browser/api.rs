//! What scripts of the page can do.

use hmr_tests::session::Session;
use serde_json::json;

#[test]
fn scripts_see_modules_and_swaps_and_choose_code_and_state() {
    let mut session = Session::start();
    let names = "__hmr.modules().map(({ module }) => module).sort()";
    let all = json!(["board", "catalog", "feed", "signup", "stopwatch"]);
    assert_eq!(session.browser.value(names, &[]), all);
    session.browser.run(
        "window.swaps = []; window.end = __hmr.on('swap', ({ swaps }) => \
            window.swaps.push(...swaps.map(({ module, outcome }) => `${module} ${outcome}`)))",
        &[],
    );

    session.demo.edit("catalog/src/lib.rs", "\"variety\", \"varieties\"", "\"sort\", \"sorts\"");
    session.dev.wait_swap("catalog", "committed");
    session.browser.wait_text("#library [role=status]", "500 sorts");
    session.browser.wait("swaps.includes('catalog committed')");
    let told = "(() => { const own = __hmr.modules().find(({ module }) => module === 'catalog'); \
        return [own.generation, own.hash !== own.previous]; })()";
    let before = session.browser.value(told, &[]);
    assert_eq!(before[1], true, "{before}");

    // One step back in the state, and forward again.
    session.browser.run(
        "window.at = __hmr.history('catalog').at; document.querySelector('.star').click()",
        &[],
    );
    session.browser.wait_text(".catalog-tools .button", "1");
    session.browser.wait("__hmr.history('catalog').at > window.at");
    call(&session, "__hmr.step('catalog', -1)");
    session.browser.wait_text(".catalog-tools .button", "0");
    call(&session, "__hmr.step('catalog', 1)");
    session.browser.wait_text(".catalog-tools .button", "1");

    // The version before, with the state kept; then the same code again, with and without it.
    call(&session, "__hmr.rollback('catalog')");
    session.browser.wait_text("#library [role=status]", "500 varieties");
    session.browser.wait_text(".catalog-tools .button", "1");
    call(&session, "__hmr.reload('catalog')");
    session.browser.wait_text(".catalog-tools .button", "1");
    call(&session, "__hmr.reload('catalog', { state: false })");
    session.browser.wait_text(".catalog-tools .button", "0");
    let after = session.browser.value(told, &[]);
    assert!(after[0].as_u64() > before[0].as_u64(), "{before} then {after}");

    session.browser.run("end()", &[]);
    let count = session.browser.value("swaps.length", &[]);
    call(&session, "__hmr.reload('catalog')");
    assert_eq!(session.browser.value("swaps.length", &[]), count, "the callback was taken away");
    assert!(session.is_marked());
}

/// Waits until a swap that a script asked for is committed.
fn call(session: &Session, expression: &str) {
    session.browser.run(
        &format!("window.answer = null; {expression}.then(swap => {{ window.answer = swap.outcome; }}, error => {{ window.answer = String(error); }})"),
        &[],
    );
    session.browser.wait("answer !== null");
    assert_eq!(session.browser.value("answer", &[]), "committed", "{expression}");
}

/// A module whose export `run` answers 42.
const ANSWERS: &str = "new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, \
     7, 7, 1, 3, 114, 117, 110, 0, 0, 10, 6, 1, 4, 0, 65, 42, 11])";

/// The same with a loop without end in it.
const ENDLESS: &str = "new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, \
     7, 7, 1, 3, 114, 117, 110, 0, 0, 10, 11, 1, 9, 0, 3, 64, 12, 0, 11, 65, 0, 11])";

#[test]
fn a_module_runs_by_itself_in_a_worker_and_a_snapshot_is_given_to_the_reader() {
    let session = Session::start();
    let told = |expression: &str| {
        session.browser.run(
            &format!("window.answer = null; {expression}.then(it => {{ window.answer = it; }}, error => {{ window.answer = String(error); }})"),
            &[],
        );
        session.browser.wait("answer !== null");
        session.browser.value("answer", &[])
    };
    let ran = told(&format!("__hmr.execute({ANSWERS}, null)"));
    assert_eq!(ran, serde_json::json!({"value": 42, "logs": []}));
    let ended = told(&format!("__hmr.execute({ENDLESS}, null, {{ timeLimit: 300 }})"));
    assert!(ended.as_str().is_some_and(|it| it.contains("more than 300 ms")), "{ended}");

    session.browser.keys("#name", "Ada");
    session.browser.run(
        "HTMLAnchorElement.prototype.click = function () { window.given = [this.download, this.href]; }",
        &[],
    );
    let saved = told("__hmr.saveSnapshot('half filled', { to: 'download' })");
    let given = told("fetch(given[1]).then(response => response.text())");
    assert_eq!(given, saved);
    assert!(given.as_str().is_some_and(|text| text.contains("\"Ada\"")), "{given}");
    assert_eq!(session.browser.value("given[0]", &[]), "half filled.json");
}
