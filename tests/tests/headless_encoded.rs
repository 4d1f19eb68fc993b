//! A module made with `wasm-encoder`, without Rust or any other compiler, is mounted and swapped like any other.

use hmr_headless::{Page, SwapOutcome};
use hmr_tests::encoded::counter;

const HTML: &str = r#"<hmr-component module="counter" component="Counter"></hmr-component>"#;

#[test]
fn a_module_without_rust_keeps_its_state_in_a_swap() {
    let page = Page::builder()
        .html(HTML)
        .module("counter", counter(1, "output"))
        .open()
        .expect("the page opens");
    let button = page.find("button").expect("the button");
    button.click().expect("it can be clicked").click().expect("again");
    assert_eq!(page.text("output"), "2");

    let swap = page.swap("counter", counter(3, "strong"));
    assert_eq!(swap.outcome, SwapOutcome::Committed, "{swap}");
    assert_eq!(page.text("strong"), "2", "{}", page.html());
    assert!(button.is_connected(), "the button is the same in both versions");
    button.click().expect("it can be clicked");
    assert_eq!(page.text("strong"), "5");
}

#[test]
fn what_is_served_is_what_was_made() {
    let bytes = counter(1, "output");
    let prepared = hmr_build::prepare("counter", &bytes).expect("the tool accepts it");
    let page = Page::builder()
        .html(HTML)
        .module("counter", prepared.bytes)
        .open()
        .expect("the page opens");
    assert_eq!(page.text("output"), "0");
}
