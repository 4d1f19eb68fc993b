//! The demo and the examples that are written with the SDK, as visitors get them.

use std::fs;
use std::path::Path;

use hmr_headless::Project;
use hmr_tests::demo::repository;
use hmr_tests::deployed::Deployed;
use hmr_tests::feed::Feed;

/// Where the page of the demo expects the server of its feed.
const FEED: &str = "ws://127.0.0.1:7171/";

/// A copy of an application in a folder of the repository. All are compiled into one folder, so that the SDK is compiled once.
pub(crate) fn copy_of(source: &str) -> Project {
    let project = Project::copy_of(repository().join(source)).expect("it can be copied");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("deployed");
    let config = format!("[build]\ntarget-dir = '{}'\n", target.display());
    fs::create_dir_all(project.folder().join(".cargo")).expect("a folder can be made");
    fs::write(project.folder().join(".cargo/config.toml"), config).expect("a file can be written");
    project
}

fn deployed(source: &str, ready: &str) -> Deployed {
    Deployed::of(copy_of(source).folder(), ready)
}

#[test]
fn the_timer_is_deployed() {
    let app = deployed("examples/timer", "document.querySelector('output')");
    let browser = &app.browser;
    browser.wait_text("output", "25:00");
    browser.click("button:first-of-type");
    browser.wait_text("button:first-of-type", "Stop");
    browser.wait("document.querySelector('output').textContent === '24:58'");
    browser.click("button:last-of-type");
    browser.wait_text("output", "25:00");
    app.assert_no_errors();
}

#[test]
fn the_counter_is_deployed_and_a_script_of_the_page_may_change_its_props() {
    let app = deployed("examples/counter", "document.querySelector('output')");
    let browser = &app.browser;
    browser.click("button:last-of-type");
    browser.wait_text("output", "1");
    // What renders it again is loaded now.
    let rendering =
        "performance.getEntriesByType('resource').some(({ name }) => name.includes('/rendering-'))";
    assert_eq!(browser.value(rendering, &[]), false);
    browser.run("window.output = document.querySelector('output')", &[]);
    let change = "document.querySelector('hmr-component').setAttribute('props', '{\"start\":5}')";
    browser.run(change, &[]);
    browser.wait(rendering);
    browser.click("button:last-of-type");
    browser.wait_text("output", "2");
    assert_eq!(browser.value("output === document.querySelector('output')", &[]), true);
    app.assert_no_errors();
}

#[test]
fn the_list_is_deployed() {
    let app = deployed("examples/todo", "document.querySelector('form')");
    let browser = &app.browser;
    browser.keys("form > input", "Sow\n");
    browser.keys("form > input", "Water\n");
    browser.wait("document.querySelectorAll('li').length === 2");
    browser.wait_text("p", "2 left");
    browser.click("li input[type=checkbox]");
    browser.wait_text("p", "1 left");
    app.assert_no_errors();
}

#[test]
fn the_demo_is_deployed() {
    let project = copy_of("demo-app");
    let feed = Feed::start();
    project.edit("index.html", FEED, &feed.url()).expect("the page names the server");
    let all = "document.querySelectorAll('hmr-component:not(:empty)').length === 6";
    let app = Deployed::of(project.folder(), all);
    let browser = &app.browser;
    // Files and styles are found below the path.
    browser.wait("document.querySelector('.logo').naturalWidth > 0");
    browser.wait(
        "getComputedStyle(document.querySelector('.hedge')).maskImage.includes('/sub/path/hedge')",
    );
    browser.wait("getComputedStyle(document.querySelector('.swatch')).getPropertyValue('--hue')");
    // Each of the five modules is used, and one component that another module places.
    browser.keys("#name", "Ada");
    browser.keys("#email", "no address\t");
    browser.wait_text("#swap", "That does not look like name@example.org");
    browser.keys("#library [type=search]", "kale");
    browser.wait("document.querySelectorAll('.scroller tbody tr').length < 100");
    browser.click(".star");
    browser.wait_text(".catalog-tools .button", "1");
    browser.click("#watch .primary");
    browser.wait_text("#watch .primary", "Stop");
    browser.keys(".add-card input", "Deploy\n");
    browser.wait_text(".cards", "Deploy");
    browser.run("document.querySelector('#plan .round').click()", &[]);
    browser.wait("document.querySelector('#plan .watch-line.running')");
    // The note has left the page when the field is empty; the server sends its own.
    browser.keys("#fence [name=note]", "Hello\n");
    browser.wait("document.querySelector('#fence [name=note]').value === ''");
    feed.start_notes();
    browser.wait_text("#fence", "note 1");
    assert!(feed.received().iter().any(|it| it.contains("Hello")), "{:?}", feed.received());
    app.assert_no_errors();
}
