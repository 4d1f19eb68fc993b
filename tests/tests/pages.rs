//! Many pages, pages that send too much, and pages of other programs: the real tool, and pages simulated by a socket.

use std::path::Path;
use std::process::Command;

use hmr_tests::demo::DemoCopy;
use hmr_tests::dev::{Dev, SOON, tool};
use hmr_tests::page::{Page, application};
use hmr_tests::process::Process;
use serde_json::{Value, json};

/// The tool on a folder, without rehearsals: requests are answered at once.
fn command(folder: &Path, port: u16) -> Command {
    let mut command = tool();
    command.arg("dev").arg(folder).args(["--port", &port.to_string(), "--no-preflight"]);
    command
}

fn start(folder: &Path, port: u16) -> Dev {
    let mut command = command(folder, port);
    command.arg("--json");
    Dev::run(command)
}

/// Waits for a problem that a page reports.
fn wait_problem(dev: &mut Dev, message: &str) {
    dev.wait_until(message, SOON, |event| event["message"] == message);
}

#[test]
fn each_of_two_hundred_pages_with_requests_at_once_gets_its_own_answer() {
    let demo = DemoCopy::take();
    let dev = start(demo.folder(), 0);
    let mut pages: Vec<Page> = (0..200).map(|_| Page::open(&dev)).collect();
    for page in &mut pages {
        page.read("hello");
    }
    for (id, page) in (0..).zip(&mut pages) {
        page.request_rehearsal(id, "stopwatch", &json!("none"), "Stopwatch", &json!({}));
    }
    for (id, page) in (0..).zip(&mut pages) {
        let verdict = page.read("verdict");
        assert_eq!((&verdict["id"], &verdict["outcome"]), (&json!(id), &json!("skipped")));
    }
}

#[test]
fn long_messages_of_a_page_are_cut_and_too_many_are_dropped() {
    let demo = DemoCopy::take();
    let mut dev = start(demo.folder(), 0);
    let mut long = Page::open(&dev);
    let text = "x".repeat(1 << 20);
    for _ in 0..20 {
        long.send(&json!({"type": "problem", "message": text}));
    }
    let trap = json!({"type": "trap", "module": "a", "message": text, "stack": text});
    long.send(&trap);
    let trap = dev.wait("trap");
    for field in ["message", "stack"] {
        let text = trap[field].as_str().expect("a text");
        assert!(text.len() <= 4096 && text.ends_with("x … (cut, 1044 kB more)"), "{text}");
    }

    let keys: serde_json::Map<String, Value> = (0..5000)
        .map(|key| (format!("k{key}"), json!({"outcome": "kept"})))
        .chain([("lost".to_owned(), json!({"outcome": "reset", "reason": text}))])
        .collect();
    let report = json!({"instances": [{"instance": 1, "component": "App", "keys": keys}]});
    let swap = json!({"module": "a", "hash": "h", "outcome": "committed", "report": report});
    long.send(&json!({"type": "swap", "sequence": 1, "swaps": [swap]}));
    let swap = dev.wait("swap")["swaps"][0].clone();
    assert_eq!(swap["cut"], json!({"kept": 4001}));
    let keys = &swap["report"]["instances"][0]["keys"];
    assert_eq!(keys.as_object().map(serde_json::Map::len), Some(1000));
    assert!(keys["lost"]["reason"].as_str().is_some_and(|reason| reason.len() <= 4096));

    let mut many = Page::open(&dev);
    for number in 0..2000 {
        many.send(&json!({"type": "problem", "message": format!("number {number}")}));
    }
    let swap = json!({"module": "a", "hash": "h", "outcome": "unchanged"});
    many.send(&json!({"type": "swap", "sequence": 2, "swaps": [swap]}));
    dev.wait_swap("a", "unchanged");
    let has =
        |event: &Value, part: &str| event["message"].as_str().is_some_and(|it| it.contains(part));
    let events = dev.events();
    assert!(events.iter().filter(|event| has(event, "number ")).count() < 2000);
    assert_eq!(
        events.iter().filter(|event| has(event, "more than 50 messages a second")).count(),
        1
    );
}

#[test]
fn a_terminal_does_not_interpret_texts_of_a_page() {
    let demo = DemoCopy::take();
    let process = Process::start(command(demo.folder(), 0));
    process.wait_error("http://127.0.0.1:", SOON);
    let printed = process.errors();
    let (_, rest) = printed.split_once("http://127.0.0.1:").expect("an address");
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let mut page = Page::open_at(port.parse().expect("a port"));
    let hostile = "\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31m\u{202e}end";
    page.send(&json!({"type": "problem", "message": hostile}));
    page.send(
        &json!({"type": "trap", "module": hostile, "message": "m", "file": hostile, "line": 1}),
    );
    let shown = "␛]0;title␇␛[2J<U+009B>31m<U+202E>end";
    process.wait_error(&format!("trap in {shown} test"), SOON);
    process.wait_error(&format!("at {shown}:1: m"), SOON);
    let printed = process.errors();
    assert!(printed.contains(&format!(": {shown}")), "{printed}");
    assert!(!printed.contains(['\u{7}', '\u{9b}', '\u{202e}']), "{printed:?}");
}

#[test]
fn a_page_of_another_application_at_the_same_address_is_refused() {
    let demo = DemoCopy::take();
    let other = demo.twin();
    let dev = start(demo.folder(), 0);
    let port = dev.port();
    let app = application(port);
    drop(Page::open(&dev));
    dev.stop();

    let again = start(demo.folder(), port);
    assert_eq!(application(port), app, "it is the same application after a restart of the tool");
    again.stop();

    let mut dev = start(other.path(), port);
    assert_eq!(dev.port(), port, "it serves the other application at the same address");
    let refused = Page::try_open(port, &app).expect_err("its pages are not this application's");
    assert!(refused.contains("409"), "{refused}");
    let mut own = Page::open(&dev);
    own.send(&json!({"type": "problem", "message": "here"}));
    wait_problem(&mut dev, "here");
    let connected =
        dev.events().iter().filter(|event| event["event"] == "client-connected").count();
    assert_eq!(connected, 1, "pages of the other application are refused");
}

#[test]
fn reports_about_an_update_of_an_earlier_run_are_ignored() {
    let demo = DemoCopy::take();
    let mut dev = start(demo.folder(), 0);
    let mut page = Page::open(&dev);
    let run = page.read("hello")["server"].clone();
    for server in [json!("an earlier run"), run] {
        let swap = json!({"module": "a", "hash": server, "outcome": "undone"});
        page.send(&json!({"type": "swap", "server": server, "sequence": 7, "swaps": [swap]}));
        page.send(&json!({"type": "applied", "server": server, "sequence": 8, "what": server, "count": 1}));
    }
    let applied = dev.wait("applied");
    assert_ne!(applied["what"], "an earlier run");
    let swaps: Vec<&Value> = dev.events().iter().filter(|event| event["event"] == "swap").collect();
    assert_eq!(swaps.len(), 1, "{swaps:?}");
    assert_ne!(swaps[0]["swaps"][0]["hash"], "an earlier run");
}
