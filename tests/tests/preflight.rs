//! Rehearsals, requested as a page requests them: over the socket, with snapshots of its own.

use std::collections::BTreeSet;
use std::process::Command;

use hmr_tests::demo::DemoCopy;
use hmr_tests::dev::{Dev, SOON};
use hmr_tests::page::Page;
use serde_json::{Value, json};

#[test]
fn a_version_is_rehearsed_with_the_state_of_the_requesting_page() {
    let demo = DemoCopy::take();
    let mut dev = Dev::start(demo.folder());
    dev.wait_built();
    dev.wait_preflight();
    let mut page = Page::open(&dev);
    page.read("hello");

    demo.edit("stopwatch/src/lib.rs", "\"Reset", "\"Begin again");
    let version = page.update("stopwatch");
    assert_eq!(version["rehearse"], true, "{version}");
    let verdict = page.rehearse("stopwatch", &version["hash"], "Stopwatch", &json!({}));
    assert_eq!((&verdict["outcome"], &verdict["error"]), (&json!("passed"), &Value::Null));
    assert!(verdict["duration"]["run"].as_f64().is_some_and(|run| run > 0.0), "{verdict}");
    let verdict = page.rehearse("stopwatch", &version["hash"], "Nothing", &json!({}));
    assert_eq!((&verdict["outcome"], &verdict["step"]), (&json!("failed"), &json!("restore")));
    let reported = dev.wait_until("rehearsal", SOON, |event| event["outcome"] == "failed");
    assert_eq!((&reported["event"], &reported["step"]), (&json!("rehearsal"), &json!("restore")));

    demo.edit(
        "stopwatch/src/lib.rs",
        "    let clock = signal(now());",
        "    let clock = signal(now());\n    assert!(clock.get() < 0.0, \"out of time\");",
    );
    let version = page.update("stopwatch");
    let verdict = page.rehearse("stopwatch", &version["hash"], "Stopwatch", &json!({}));
    assert_eq!((&verdict["outcome"], &verdict["step"]), (&json!("failed"), &json!("restore")));
    let error = verdict["error"].as_str().unwrap_or_default();
    assert!(error.contains("out of time") && error.contains("lib.rs:"), "{error}");
}

#[test]
fn many_pages_in_the_same_state_do_not_wait_for_each_other() {
    let demo = DemoCopy::take();
    let mut dev = Dev::start(demo.folder());
    dev.wait_built();
    dev.wait_preflight();
    let mut pages: Vec<Page> = (0..200).map(|_| Page::open(&dev)).collect();
    let hello = pages.iter_mut().map(|page| page.read("hello")).last().expect("a greeting");
    let versions = hello["modules"].as_array().expect("modules");
    let version = versions.iter().find(|it| it["module"] == "stopwatch").expect("the stopwatch");
    for (id, page) in (0..).zip(&mut pages) {
        page.request_rehearsal(id, "stopwatch", &version["hash"], "Stopwatch", &json!({}));
    }
    let mut rehearsals = BTreeSet::new();
    for (id, page) in (0..).zip(&mut pages) {
        let verdict = page.read("verdict");
        assert_eq!((&verdict["id"], &verdict["outcome"]), (&json!(id), &json!("passed")));
        rehearsals.insert(verdict["duration"]["run"].to_string());
    }
    assert!(rehearsals.len() < 100, "{} rehearsals for 200 pages", rehearsals.len());
}

#[test]
fn a_process_that_is_killed_is_started_again_and_pages_request_rehearsals_again() {
    let demo = DemoCopy::take();
    let mut dev = Dev::start(demo.folder());
    dev.wait_built();
    dev.wait_preflight();
    let mut page = Page::open(&dev);
    let hello = page.read("hello");
    let versions = hello["modules"].as_array().expect("modules");
    // A page that missed updates does not swap unrehearsed either.
    assert!(versions.iter().all(|version| version["rehearse"] == true), "{hello}");
    let version = versions.iter().find(|it| it["module"] == "stopwatch").expect("the stopwatch");
    page.send_state("stopwatch", &version["hash"], "Stopwatch", &json!({}));

    let killed = dev.children("hmr-preflight");
    assert_eq!(killed.len(), 1, "one process rehearses");
    for process in killed {
        assert!(Command::new("kill").args(["-9", &process.to_string()]).status().is_ok());
    }
    // Sent once rehearsals can be requested again.
    page.read("rehearsals");
    let verdict = page.rehearse("stopwatch", &version["hash"], "Stopwatch", &json!({}));
    assert_eq!(verdict["outcome"], "passed", "{verdict}");
}

/// Sends a signal to the one process that rehearses; returns its id.
fn signal(dev: &Dev, signal: &str) -> u32 {
    let processes = dev.children("hmr-preflight");
    let [process] = processes[..] else { panic!("not one process rehearses: {processes:?}") };
    let sent = Command::new("kill").args([signal, &process.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()));
    process
}

#[test]
fn a_process_that_is_stopped_blocks_no_page_and_is_replaced() {
    let demo = DemoCopy::take();
    let mut dev = Dev::start(demo.folder());
    dev.wait_built();
    dev.wait_preflight();
    let mut page = Page::open(&dev);
    let hello = page.read("hello");
    let versions = hello["modules"].as_array().expect("modules");
    let version = versions.iter().find(|it| it["module"] == "stopwatch").expect("the stopwatch");

    let stopped = signal(&dev, "-STOP");
    let verdict = page.rehearse("stopwatch", &version["hash"], "Stopwatch", &json!({}));
    assert_eq!(verdict["outcome"], "skipped", "{verdict}");
    assert_eq!(verdict["error"], "`hmr-preflight` does not answer");
    let lost = dev.wait_until("preflight that is lost", SOON, |event| {
        event["event"] == "preflight" && event["ready"] == false
    });
    assert!(lost["message"].as_str().is_some_and(|it| it.contains("does not answer")), "{lost}");
    // Sent once rehearsals can be requested again.
    page.read("rehearsals");
    assert_ne!(dev.children("hmr-preflight"), [stopped]);
    let verdict = page.rehearse("stopwatch", &version["hash"], "Stopwatch", &json!({}));
    assert_eq!(verdict["outcome"], "passed", "{verdict}");
}

#[test]
fn a_process_that_crashes_again_and_again_is_started_each_time() {
    let demo = DemoCopy::take();
    let mut dev = Dev::start(demo.folder());
    dev.wait_built();
    dev.wait_preflight();
    let mut page = Page::open(&dev);
    let hello = page.read("hello");
    let versions = hello["modules"].as_array().expect("modules");
    let version = versions.iter().find(|it| it["module"] == "stopwatch").expect("the stopwatch");
    for _ in 0..5 {
        signal(&dev, "-KILL");
        page.read("rehearsals");
    }
    let verdict = page.rehearse("stopwatch", &version["hash"], "Stopwatch", &json!({}));
    assert_eq!(verdict["outcome"], "passed", "{verdict}");
}

#[test]
fn a_tool_without_rehearsals_does_not_let_pages_wait() {
    let demo = DemoCopy::take();
    let mut command = hmr_tests::dev::tool();
    command.arg("dev").arg(demo.folder()).args(["--json", "--port", "0", "--no-preflight"]);
    let mut dev = Dev::run(command);
    dev.wait_built();
    let mut page = Page::open(&dev);
    page.read("hello");
    demo.edit("stopwatch/src/lib.rs", "\"Reset", "\"Begin again");
    let version = page.update("stopwatch");
    assert_eq!(version["rehearse"], false, "{version}");
    let verdict = page.rehearse("stopwatch", &version["hash"], "Stopwatch", &json!({}));
    assert_eq!(verdict["outcome"], "skipped", "{verdict}");
}
