//! Files that are not Rust: styles, pictures, data that is compiled in.

use hmr_tests::session::Session;

#[test]
fn a_stylesheet_is_exchanged_without_a_build() {
    let mut session = Session::start();
    session.browser.keys("#name", "Ada");
    session.demo.edit(
        "static/style.css",
        ".masthead h1 { font-size:",
        ".masthead h1 { letter-spacing: 7px; font-size:",
    );
    let update = session.dev.wait("update");
    assert_eq!(update["kind"], "css-update", "{update}");
    session
        .browser
        .wait("getComputedStyle(document.querySelector('.masthead h1')).letterSpacing === '7px'");

    let built = session
        .dev
        .events()
        .iter()
        .skip_while(|event| **event != update)
        .any(|event| event["event"] == "build-started");
    assert!(!built, "styles need no compiler");
    assert_eq!(session.browser.value("document.querySelector('#name').value", &[]), "Ada");
    assert_eq!(session.browser.value("document.activeElement.id", &[]), "name");
    assert!(session.is_marked());
}

#[test]
fn a_picture_is_exchanged_in_place() {
    let mut session = Session::start();
    let logo = r##"<svg xmlns="http://www.w3.org/2000/svg" width="321" height="123"><rect width="321" height="123" fill="#a00"/></svg>"##;
    assert_ne!(session.browser.value("document.querySelector('.logo').naturalWidth", &[]), 321);
    session.demo.write("static/logo.svg", logo);
    let update = session.dev.wait("update");
    assert_eq!(update["kind"], "asset-update", "{update}");
    session.browser.wait("document.querySelector('.logo').naturalWidth === 321");
    assert!(session.is_marked());
}

#[test]
fn a_file_that_is_compiled_in_counts_as_source() {
    let mut session = Session::start();
    session.browser.keys("input[type=search]", "Wandering");
    session.browser.wait_text(".scroller tbody", "Wandering Island");
    let seeds = session.demo.read("catalog/data/seeds.csv");
    session
        .demo
        .write("catalog/data/seeds.csv", seeds.replace("Wandering Island", "Wandering Isthmus"));
    session.dev.wait_swap("catalog", "committed");
    session.browser.wait_text(".scroller tbody", "Wandering Isthmus");
    assert_eq!(
        session.browser.value("document.querySelector('input[type=search]').value", &[]),
        "Wandering"
    );
    assert!(session.is_marked());
}
