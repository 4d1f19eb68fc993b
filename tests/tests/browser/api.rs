//! The API for scripts of the page.

use hmr_headless::{NamedSnapshot, Page};
use hmr_tests::session::Session;
use serde_json::{Value, json};

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
    let version = "(() => { const own = __hmr.modules().find(({ module }) => module === 'catalog'); \
        return [own.generation, own.hash !== own.previous]; })()";
    let before = session.browser.value(version, &[]);
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
    let after = session.browser.value(version, &[]);
    assert!(after[0].as_u64() > before[0].as_u64(), "{before} then {after}");

    session.browser.run("end()", &[]);
    let count = session.browser.value("swaps.length", &[]);
    call(&session, "__hmr.reload('catalog')");
    assert_eq!(session.browser.value("swaps.length", &[]), count, "the callback was removed");
    assert!(session.is_marked());
}

/// Waits until a swap requested by a script is committed.
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

/// The result of a promise.
fn result_of(session: &Session, expression: &str) -> Value {
    session.browser.run(
        &format!("window.answer = null; {expression}.then(it => {{ window.answer = it ?? true; }}, error => {{ window.answer = String(error); }})"),
        &[],
    );
    session.browser.wait("answer !== null");
    session.browser.value("answer", &[])
}

#[test]
fn a_saved_snapshot_is_loaded_by_a_new_page_and_by_a_headless_one() {
    let session = Session::start();
    session.browser.keys("#name", "Ada");
    result_of(&session, "__hmr.saveSnapshot('half-filled form')");
    assert_eq!(result_of(&session, "__hmr.snapshots()")[0]["name"], "half-filled form");
    let file = session.demo.read(".hmr/snapshots/half-filled%20form.json");

    session.browser.reload();
    session.wait_components();
    let name = "document.querySelector('#name').value";
    assert_eq!(session.browser.value(name, &[]), "", "a manual reload starts clean");
    let loaded = result_of(&session, "__hmr.loadSnapshot('half-filled form')");
    assert_eq!(loaded["skipped"], json!([]), "{loaded}");
    session.browser.wait(&format!("{name} === 'Ada'"));

    let own = "__hmr.modules().find(({ module }) => module === 'signup')";
    assert!(
        session
            .browser
            .value(&format!("{own}.source"), &[])
            .as_str()
            .is_some_and(|it| it.ends_with("lib.rs"))
    );
    let bytes = result_of(
        &session,
        &format!(
            "fetch(`/@hmr/module/signup/${{{own}.hash}}.wasm`).then(it => it.arrayBuffer()).then(it => [...new Uint8Array(it)])"
        ),
    );
    let bytes: Vec<u8> = serde_json::from_value(bytes).expect("bytes");
    let html = r#"<hmr-component module="signup" component="Signup"></hmr-component>"#;
    let page = Page::builder().html(html).module("signup", bytes).open().expect("a page");
    let field = || page.find("#name").and_then(|field| field.value()).expect("the field");
    assert_eq!(field(), "");
    let saved = NamedSnapshot::from_json(&file).expect("the format of a browser can be read");
    let swaps = page.load_snapshot(&saved).expect("no module is being swapped");
    assert!(swaps.len() == 1 && swaps[0].is_committed(), "{swaps:?}");
    assert_eq!(field(), "Ada");

    result_of(&session, "__hmr.deleteSnapshot('half-filled form')");
    assert!(!session.demo.path(".hmr/snapshots/half-filled%20form.json").exists());
}

#[test]
fn a_page_of_an_experiment_loads_its_own_variant_with_its_state() {
    let mut session = Session::start();
    let own = "__hmr.modules().find(({ module }) => module === 'catalog')";
    let old = session.browser.value(&format!("{own}.hash"), &[]);
    session.demo.edit("catalog/src/lib.rs", "\"variety\", \"varieties\"", "\"sort\", \"sorts\"");
    session.dev.wait_swap("catalog", "committed");
    session.browser.run("document.querySelector('.star').click()", &[]);
    session.browser.wait_text(".catalog-tools .button", "1");
    result_of(&session, &format!("__hmr.startExperiment('catalog', [{{ hash: {old} }}])"));
    session.browser.wait_text("#library [role=status]", "500 varieties");

    session.demo.edit("index.html", "A calm workbench", "A loud workbench");
    session.browser.wait_text(".masthead-words", "A loud workbench");
    session.wait_components();
    session.browser.wait_text("#library [role=status]", "500 varieties");
    session.browser.wait_text(".catalog-tools .button", "1");
    let (hash, generation) = (format!("{own}.hash"), format!("{own}.generation"));
    assert_eq!(session.browser.value(&hash, &[]), old);
    assert_eq!(session.browser.value(&generation, &[]), 1, "nothing else was loaded before");
    let reports = "__hmr.experiments().then(([it]) => it.variants[0].reports.swaps.committed)";
    assert!(result_of(&session, reports).as_u64() > Some(1), "the load counts");

    result_of(&session, "__hmr.endExperiment('catalog')");
    session.browser.wait_text("#library [role=status]", "500 sorts");
    result_of(&session, &format!("__hmr.restore('catalog', {old})"));
    session.browser.wait_text("#library [role=status]", "500 varieties");
}

#[test]
fn a_module_runs_by_itself_in_a_worker_and_a_snapshot_is_downloaded() {
    let session = Session::start();
    let result = |expression: &str| result_of(&session, expression);
    let ran = result(&format!("__hmr.execute({ANSWERS}, null)"));
    assert_eq!(ran, serde_json::json!({"value": 42, "logs": []}));
    let ended = result(&format!("__hmr.execute({ENDLESS}, null, {{ timeLimit: 300 }})"));
    assert!(ended.as_str().is_some_and(|it| it.contains("more than 300 ms")), "{ended}");

    session.browser.keys("#name", "Ada");
    session.browser.run(
        "HTMLAnchorElement.prototype.click = function () { window.download = [this.download, this.href]; }",
        &[],
    );
    let saved = result("__hmr.saveSnapshot('half filled', { to: 'download' })");
    let text = result("fetch(download[1]).then(response => response.text())");
    assert_eq!(text, saved);
    assert!(text.as_str().is_some_and(|it| it.contains("\"Ada\"")), "{text}");
    assert_eq!(session.browser.value("download[0]", &[]), "half filled.json");
}
