//! Applications as visitors get them: built with `cargo hmr build`, from a plain server below a path, with a strict content security policy.

use hmr_tests::applications::AppCopy;
use hmr_tests::deployed::{Deployed, PATH};
use hmr_tests::static_files::{POLICY, POLICY_WITH_EVAL};
use serde_json::json;

use crate::scenario::copy_of;

/// Most of the time of a release build goes into optimisation, which is not what is tested.
const PROFILE: &str = "[profile.release]\nopt-level = 1\ncodegen-units = 16\n";

fn copy(name: &str) -> AppCopy {
    let app = copy_of(&format!("examples/{name}"));
    app.write(".cargo/config.toml", app.read(".cargo/config.toml") + PROFILE);
    app
}

fn deployed(name: &str, ready: &str) -> Deployed {
    Deployed::of(copy(name).folder(), ready)
}

#[test]
fn a_project_for_trunk_is_deployed() {
    let app = deployed("yew-todo", "document.querySelectorAll('#list li').length >= 4");
    let color = app.browser.value("getComputedStyle(document.querySelector('h1')).color", &[]);
    assert_ne!(color, "rgb(0, 0, 0)", "the stylesheet is used");
    app.browser.keys("#new-title", "Deploy\n");
    app.browser.wait_text("#list", "Deploy");
    app.assert_no_errors();
}

/// The examples with lists in lists show the same in all frameworks.
fn nested_components_are_deployed(name: &str, policy: &'static str) {
    let ready = "document.querySelectorAll('.counter').length === 6";
    let app = Deployed::with_policy(copy(name).folder(), ready, policy);
    let browser = &app.browser;
    browser.click(".counter[data-label=borrowed] .tens");
    browser.wait_text(".counter[data-label=borrowed] .tens", "10");
    assert_eq!(browser.value("document.querySelector('.counter .tens').textContent", &[]), "0");
    browser.click("#open");
    browser.wait("document.querySelector('.counter[data-label=cellar]') !== null");
    browser.click(".counter[data-label=cellar] .ones");
    browser.wait_text(".counter[data-label=cellar] .ones", "1");
    browser.click("#open");
    browser.wait("document.querySelector('.counter[data-label=cellar]') === null");
    app.assert_no_errors();
}

#[test]
fn nested_components_of_yew_are_deployed() {
    nested_components_are_deployed("yew-nested", POLICY);
}

#[test]
fn nested_components_of_leptos_are_deployed() {
    nested_components_are_deployed("leptos-nested", POLICY);
}

#[test]
fn nested_components_of_sycamore_are_deployed() {
    nested_components_are_deployed("sycamore-nested", POLICY);
}

#[test]
fn nested_components_of_dioxus_are_deployed() {
    nested_components_are_deployed("dioxus-nested", POLICY);
}

#[test]
fn a_native_module_that_calls_the_browser_is_deployed() {
    let app = deployed("stamps", "Number(document.querySelector('output')?.textContent) >= 2");
    app.browser.click("button");
    app.browser.keys("body", "s");
    app.browser.wait("document.querySelectorAll('li').length === 2");
    app.assert_no_errors();
}

#[test]
fn a_library_that_a_script_of_the_page_starts_is_deployed() {
    let app = deployed("web-sys-notes", "document.querySelectorAll('#notes li').length >= 2");
    app.browser.keys("#note-text", "deployed\n");
    app.browser.wait_text("#notes", "deployed");
    app.assert_no_errors();
}

#[test]
fn a_leptos_application_is_deployed() {
    let app = deployed("leptos-form", "document.querySelector('#name') !== null");
    let browser = &app.browser;
    let icon = "fetch(document.querySelector('link[rel=icon]').href).then((it) => it.headers.get('content-type'))";
    assert_eq!(browser.value(icon, &[]), "image/svg+xml");
    browser.keys("#name", "Ada");
    browser.keys("#email", "ada@example.org");
    browser.wait("!document.querySelector('#next').disabled");
    browser.click("#next");
    browser.wait("document.querySelector('#chosen')?.textContent === '0 of 7 chosen'");
    browser.click("#session-2");
    browser.wait("document.querySelector('#chosen')?.textContent === '1 of 7 chosen'");
    app.assert_no_errors();
}

#[test]
fn a_sycamore_application_is_deployed() {
    let app = deployed("sycamore-clock", "document.querySelector('#start') !== null");
    let browser = &app.browser;
    browser.click("#start");
    browser.wait_text("#start", "Stop");
    browser.click("#lap");
    browser.wait("document.querySelectorAll('#laps li').length === 1");
    browser.click("#reset");
    browser.wait("document.querySelectorAll('#laps li').length === 0");
    app.assert_no_errors();
}

#[test]
fn a_dioxus_application_is_deployed_with_its_files_and_routes_below_its_path() {
    let copy = copy("dioxus-chart");
    let ready = "document.querySelectorAll('#months li').length > 0";
    // Dioxus sets the title with a function that it makes from text.
    let app = Deployed::with_policy(copy.folder(), ready, POLICY_WITH_EVAL);
    let browser = &app.browser;
    // The file of `asset!`, whose address the application makes.
    let style = "new URL(document.querySelector('link[rel=stylesheet]').href).pathname";
    let style = browser.value(style, &[]);
    assert!(style.as_str().is_some_and(|it| it.starts_with(&format!("{PATH}assets/"))), "{style}");
    browser.wait("getComputedStyle(document.querySelector('#controls')).display === 'flex'");
    browser.wait("document.title === 'Rain in Bergen'");
    browser.click("#unit");
    browser.wait_text("#unit", "Inches");
    browser.click("#bar-2");
    browser.wait("document.querySelector('#bar-2').classList.contains('selected')");
    // The application has read its route, and written it back with the path.
    assert_eq!(browser.value("location.pathname", &[]), json!(PATH));
    app.assert_no_errors();
}
