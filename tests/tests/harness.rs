//! The harness itself: a browser answers, and what was started ends.

use hmr_tests::browser::Browser;
use hmr_tests::demo::DemoCopy;
use hmr_tests::process::Process;
use std::fs;
use std::process::Command;
use std::time::Duration;

#[test]
fn a_browser_types_waits_and_leaves_no_process() {
    let browser = Browser::start();
    browser.open("data:text/html,<input id=i><output></output><script>i.oninput=()=>setTimeout(()=>document.querySelector('output').textContent='got '+i.value,50)</script>");
    browser.keys("#i", "milk");
    browser.wait_text("output", "got milk");
    browser.run("console.warn('a word')", &[]);
    assert!(browser.console().iter().any(|line| line.contains("a word")));

    let profile = browser.profile().to_string_lossy().into_owned();
    assert!(running_with(&profile), "Chromium runs with the profile");
    drop(browser);
    assert!(!running_with(&profile), "Chromium has ended");
}

#[test]
fn a_copy_of_the_demo_is_pristine_each_time() {
    let copy = DemoCopy::take();
    let before = copy.read("Cargo.toml");
    assert!(
        before.contains(env!("CARGO_MANIFEST_DIR").trim_end_matches("tests")),
        "paths out of the demo are absolute:\n{before}"
    );
    copy.write("Cargo.toml", "broken");
    copy.write("static/left-over.css", "");
    drop(copy);

    let copy = DemoCopy::take();
    assert_eq!(copy.read("Cargo.toml"), before);
    assert!(!copy.path("static/left-over.css").exists());
}

#[test]
fn what_a_process_wrote_last_is_known_when_it_has_ended() {
    for _ in 0..100 {
        let mut command = Command::new("sh");
        command.args(["-c", "echo refused >&2"]);
        let mut process = Process::start(command);
        process.end(Duration::from_secs(10));
        assert_eq!(process.errors(), "refused\n");
    }
}

/// Whether any process was started with this text in its arguments.
fn running_with(text: &str) -> bool {
    let processes =
        fs::read_dir("/proc").expect("Linux shows its processes").filter_map(Result::ok);
    processes
        .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
        .any(|arguments| String::from_utf8_lossy(&arguments).contains(text))
}
