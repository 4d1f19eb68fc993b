//! Many pages, and pages that say too much: the real tool, and pages that are played by a socket.

use hmr_tests::demo::DemoCopy;
use hmr_tests::dev::{Dev, tool};
use hmr_tests::page::Page;
use serde_json::json;

/// The tool on the demo, without rehearsals: what is asked is answered at once.
fn start(demo: &DemoCopy) -> Dev {
    let mut command = tool();
    command.arg("dev").arg(demo.folder()).args(["--json", "--port", "0", "--no-preflight"]);
    Dev::run(command)
}

#[test]
fn each_of_two_hundred_pages_that_ask_at_once_gets_its_own_answer() {
    let demo = DemoCopy::take();
    let dev = start(&demo);
    let mut pages: Vec<Page> = (0..200).map(|_| Page::open(&dev)).collect();
    for page in &mut pages {
        page.read("hello");
    }
    for (id, page) in (0..).zip(&mut pages) {
        page.ask(id, "stopwatch", &json!("none"), "Stopwatch", &json!({}));
    }
    for (id, page) in (0..).zip(&mut pages) {
        let verdict = page.read("verdict");
        assert_eq!((&verdict["id"], &verdict["outcome"]), (&json!(id), &json!("skipped")));
    }
}
