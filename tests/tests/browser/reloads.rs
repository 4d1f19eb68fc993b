//! Parts that cannot be swapped: the page itself, and the tool.

use hmr_tests::browser::Browser;
use hmr_tests::dev::{Dev, tool};
use hmr_tests::session::Session;
use serde_json::json;

const BUTTON: &str = "#swap .primary";
const NAME: &str = "document.querySelector('#name')?.value";

#[test]
fn an_edited_page_is_loaded_again_with_its_state_and_a_manual_reload_starts_clean() {
    let mut session = Session::start();
    session.browser.keys("#name", "Ada");
    session.browser.run("document.querySelector('.scroller').scrollTop = 3000", &[]);
    session.demo.edit(
        "index.html",
        "A calm workbench for a small garden.</p>",
        "A loud workbench.</p>",
    );
    let update = session.dev.wait("update");
    assert_eq!(update["kind"], "full-reload", "{update}");
    assert!(
        update["reason"].as_str().is_some_and(|reason| reason.contains("index.html")),
        "{update}"
    );

    session.browser.wait_text(".masthead-words", "A loud workbench.");
    session.wait_components();
    session.browser.wait(&format!("{NAME} === 'Ada'"));
    assert!(!session.is_marked(), "it is a new page");

    session.browser.reload();
    session.wait_components();
    assert_eq!(session.browser.value(NAME, &[]), "", "a manual reload starts clean");
}

/// A page's content that is not in components, below everything else, and so far down that it must be scrolled.
pub(super) const EXTRAS: &str = "<details id=\"more\"><summary>More</summary><p>Much more</p></details>\
    <label>A note <input name=\"memo\"></label><div style=\"height: 3000px\"></div>";

/// Changes the state of the page that a reload must not lose.
pub(super) fn use_extras(browser: &Browser) {
    browser.click("#more summary");
    browser.keys("[name=memo]", "milk");
    browser.run("scrollTo({ top: 1234, behavior: 'instant' })", &[]);
    browser.wait("scrollY === 1234");
}

/// Waits until all of that is restored.
pub(super) fn wait_extras(browser: &Browser) {
    for part in [
        "document.querySelector('#more').open",
        "document.querySelector('[name=memo]').value === 'milk'",
        "scrollY === 1234",
        "document.activeElement.name === 'memo'",
    ] {
        browser.wait(part);
    }
}

#[test]
fn the_state_of_the_page_is_restored_even_if_a_component_was_removed() {
    let mut session =
        Session::start_with(|demo| demo.edit("index.html", "</main>", &format!("</main>{EXTRAS}")));
    session.browser.keys("#name", "Ada");
    use_extras(&session.browser);
    let page = session.demo.read("index.html");
    let (before, watch) = page.split_once("<section id=\"watch\"").expect("a section");
    let (_, after) = watch.split_once("</section>").expect("it ends");
    session.demo.write("index.html", format!("{before}{after}"));
    session.dev.wait("update");

    session.browser.wait("!window.untouched && !document.querySelector('#watch')");
    wait_extras(&session.browser);
    session.browser.wait(&format!("{NAME} === 'Ada'"));
    // The browser's own scrolling is as the page had it.
    session.browser.wait("history.scrollRestoration === 'auto'");
}

#[test]
fn a_page_of_another_application_at_the_same_address_reports_it_and_waits_for_its_own_tool() {
    let session = Session::start();
    let port = session.dev.port();
    let Session { browser, dev, demo, .. } = session;
    dev.stop();
    let other = demo.twin();
    let mut command = tool();
    // Nothing waits for its first build, which would take long.
    command.arg("dev").arg(other.path()).args(["--json", "--port", &port.to_string()]);
    let mut dev = Dev::run(command);
    assert_eq!(dev.port(), port, "the port is free again");
    let is_foreign = "document.querySelector('hmr-status').shadowRoot.textContent.includes('belongs to another application')";
    browser.wait(is_foreign);
    assert!(!dev.events().iter().any(|event| event["event"] == "client-connected"));
    dev.stop();

    let mut dev = Dev::start_on(demo.folder(), port);
    dev.wait("client-connected");
    browser.wait(&format!("!{is_foreign}"));
    assert_eq!(browser.value("window.untouched", &[]), true, "the page was never reloaded");
}

#[test]
fn a_page_outlives_the_tool_and_follows_the_next_one() {
    let session = Session::start();
    session.browser.keys("#name", "Ada");
    let port = session.dev.port();
    let Session { browser, dev, demo, .. } = session;
    dev.stop();

    // An edit while no tool runs reaches the page as soon as one does.
    demo.edit("signup/src/lib.rs", "\"Save me a seat\"", "\"Keep me a chair\"");
    let mut dev = Dev::start_on(demo.folder(), port);
    assert_eq!(dev.port(), port, "the port is free again");
    dev.wait("client-connected");
    browser.wait_text(BUTTON, "Keep me a chair");

    demo.edit("signup/src/lib.rs", "\"Keep me a chair\"", "\"A stool will do\"");
    dev.wait_swap("signup", "committed");
    browser.wait_text(BUTTON, "A stool will do");
    assert_eq!(browser.value(NAME, &[]), "Ada");
    assert_eq!(browser.value("window.untouched", &[]), true, "the page was never reloaded");
}

#[test]
fn a_tool_that_is_started_again_with_the_same_code_changes_nothing() {
    let session = Session::start();
    session.browser.keys("#name", "Ada");
    session.browser.run(
        "window.swaps = []; document.addEventListener('hmr:swap', event => window.swaps.push(...event.detail.swaps))",
        &[],
    );
    let port = session.dev.port();
    let Session { browser, dev, demo, .. } = session;
    dev.stop();
    let mut dev = Dev::start_on(demo.folder(), port);
    // The page may be quicker than the build, or slower.
    dev.wait_built();
    dev.wait_any("client-connected");
    assert_kept(&browser);
    demo.edit(
        "static/style.css",
        ".masthead h1 { font-size:",
        ".masthead h1 { letter-spacing: 7px; font-size:",
    );
    browser
        .wait("getComputedStyle(document.querySelector('.masthead h1')).letterSpacing === '7px'");
    assert_kept(&browser);
    let swapped = browser.value("window.swaps.filter(swap => swap.outcome !== 'unchanged')", &[]);
    assert_eq!(swapped, json!([]), "no swap for what the page runs already");
}

#[test]
fn a_stylesheet_saved_while_no_tool_runs_is_loaded_when_one_does() {
    let session = Session::start();
    session.browser.keys("#name", "Ada");
    let port = session.dev.port();
    let Session { browser, dev, demo, .. } = session;
    dev.stop();
    demo.edit(
        "static/style.css",
        ".masthead h1 { font-size:",
        ".masthead h1 { letter-spacing: 5px; font-size:",
    );
    let _dev = Dev::start_on(demo.folder(), port);
    browser
        .wait("getComputedStyle(document.querySelector('.masthead h1')).letterSpacing === '5px'");
    assert_kept(&browser);
}

fn assert_kept(browser: &Browser) {
    assert_eq!(browser.value(NAME, &[]), "Ada");
    assert_eq!(browser.value("window.untouched", &[]), true);
}
