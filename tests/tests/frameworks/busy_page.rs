//! An application that begins much in its page and ends none of it: listeners, loops, connections, changes of the whole document.

use std::collections::BTreeMap;

use hmr_tests::applications::AppSession;
use hmr_tests::streams::StreamServer;
use serde_json::json;

use crate::scenario::{copy_of, fix, many_swaps_leak_nothing, swap_many_times};

const READY: &str = "document.querySelector('main') !== null";

/// Causes one event of each kind, waits for half a second, and gives what the application has reported.
const CAUSE_EVENTS: &str = "(async () => { \
    for (const name of Object.keys(window.reports)) delete window.reports[name]; \
    window.dispatchEvent(new Event('custom')); history.pushState(null, '', '?a'); history.back(); \
    new BroadcastChannel('busy-page').postMessage(1); document.head.append(document.createElement('meta')); \
    document.querySelector('#act').click(); document.dispatchEvent(new KeyboardEvent('keydown', { key: 'x' })); \
    await new Promise((resolve) => setTimeout(resolve, 500)); return window.reports; })()";

/// What happens once, and how often in half a second the rest may happen.
const ONCE: [&str; 8] = [
    "custom",
    "popstate",
    "broadcast",
    "mutation",
    "click",
    "body-click",
    "keydown",
    "keydown-property",
];
const REPEATED: [(&str, u64); 5] = [
    ("interval", 11),
    ("async-loop", 11),
    ("server-event", 11),
    ("socket-message", 11),
    ("frame", 40),
];

fn start(server: &StreamServer) -> AppSession {
    let app = copy_of("tests/fixtures/busy-page");
    let set = format!("window.backend = {:?}", server.url());
    app.edit("index.html", "window.backend = \"\"", &set);
    AppSession::start(app, "busy-page", READY)
}

/// Only the version with this label acts, and once for each event.
fn acts_once(session: &AppSession, label: &str) {
    let reports = session.browser.value(CAUSE_EVENTS, &[]);
    let mut reports: BTreeMap<String, u64> =
        serde_json::from_value(reports).expect("reports are numbers");
    for kind in ONCE {
        assert_eq!(reports.remove(&format!("{kind}/{label}")), Some(1), "{kind} {reports:?}");
    }
    for (kind, most) in REPEATED {
        let count = reports.remove(&format!("{kind}/{label}")).unwrap_or_default();
        assert!((1..=most).contains(&count), "{kind} {count} times, {reports:?}");
    }
    // Depending on when it was started.
    reports.remove(&format!("fetched/{label}"));
    reports.remove(&format!("resize-observer/{label}"));
    assert!(reports.is_empty(), "{reports:?}");
    let document = "[document.querySelectorAll('main').length, document.querySelectorAll('.portal').length, \
        [...document.querySelectorAll('head style')].filter((it) => it.textContent.includes('0, 128, 128')).length, \
        document.documentElement.dataset.theme, document.body.className, document.title, \
        document.querySelector('.portal').shadowRoot.textContent, document.querySelectorAll('aside').length]";
    let title = format!("Busy page {label}");
    let expected = json!([1, 1, 1, label, label, title, label, 1]);
    assert_eq!(session.browser.value(document, &[]), expected);
}

#[test]
fn only_the_newest_version_of_a_busy_page_acts() {
    let server = StreamServer::start();
    let mut session = start(&server);
    acts_once(&session, "one");
    session.edit("src/main.rs", "LABEL: &str = \"one\"", "LABEL: &str = \"two\"");
    acts_once(&session, "two");
    swap_many_times(&session, READY);
    acts_once(&session, "two");
    session.browser.wait("window.reports['fetched/two'] !== undefined || window.reports['fetch-failed/two'] !== undefined");
    server.wait_for_connections(2);
    many_swaps_leak_nothing(&session, READY);
}

#[test]
fn a_busy_page_whose_start_fails_goes_on_as_it_was() {
    let server = StreamServer::start();
    let mut session = start(&server);
    let good = session.app.read("src/main.rs");
    let calls = "background::start(&window)";
    for (failing, outcome) in [
        ("if true { panic!(\"at the start\") };", "rolled-back"),
        ("wasm_bindgen::throw_str(\"at the start\");", "rolled-back"),
        ("spawn_local(async { panic!(\"in a microtask\") });", "rolled-back"),
        ("spawn_local(async { TimeoutFuture::new(0).await; panic!(\"soon\") });", "undone"),
    ] {
        let uses = "#[allow(unused_imports)]\nuse gloo_timers::future::TimeoutFuture;\n#[allow(unused_imports)]\nuse wasm_bindgen_futures::spawn_local;";
        let bad = good
            .replace("mod view;", &format!("mod view;\n\n{uses}"))
            .replace("LABEL: &str = \"one\"", "LABEL: &str = \"broken\"")
            .replace(calls, &format!("{calls}?;\n    {failing}\n    Ok(())"));
        session.app.write("src/main.rs", bad);
        let swap = session.swapped(outcome);
        assert_eq!(swap["running"], true, "{failing}: {swap}");
        acts_once(&session, "one");
        fix(&mut session, "src/main.rs", &good);
    }
    acts_once(&session, "one");
    server.wait_for_connections(2);
}
