//! The applications in `examples/` that are written with the SDK: each is built, used, edited as its documentation suggests, and swapped.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hmr_headless::{Page, Project};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

fn open(name: &str) -> (Project, Page) {
    let project = project(name);
    let html = project.index_html().expect("it has a page");
    let page = project.page(&html).expect("it compiles");
    assert_eq!((page.problems(), page.traps()), (vec![], vec![]), "{}", page.html());
    (project, page)
}

/// A copy of an example.
fn project(name: &str) -> Project {
    let project = Project::copy_of(folder().join(name)).expect("the example can be copied");
    // The examples share a target folder, so that the SDK is compiled once.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples");
    let config = format!("[build]\ntarget-dir = '{}'\n", target.display());
    fs::create_dir(project.folder().join(".cargo")).expect("a folder can be made");
    fs::write(project.folder().join(".cargo/config.toml"), config).expect("a file can be written");
    project
}

/// Edits the example's source and swaps to the result.
fn edit(project: &Project, page: &Page, old: &str, new: &str) {
    project.edit("src/lib.rs", old, new).expect("the text is there");
    for swap in page.rebuild(project).expect("the edit compiles") {
        assert!(swap.is_committed(), "{swap}");
    }
}

fn click(page: &Page, selector: &str) {
    page.find(selector).expect("the button").click().expect("it can be clicked");
}

/// Whether the folder is of an example that the headless engine can run: the others need a browser.
fn uses_the_sdk(folder: &Path) -> bool {
    let manifest = fs::read_to_string(folder.join("Cargo.toml"));
    manifest.is_ok_and(|manifest| manifest.contains("hmr-sdk"))
}

#[test]
fn every_example_has_a_test() {
    let entries = fs::read_dir(folder()).expect("the examples");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| uses_the_sdk(&entry.path()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["counter", "stamps", "timer", "todo"]);
}

#[test]
fn the_counter_keeps_its_count() {
    let (project, page) = open("counter");
    for _ in 0..3 {
        click(&page, "button:last-of-type");
    }
    edit(&project, &page, "STEP: i32 = 1", "STEP: i32 = 10");
    assert_eq!(page.text("output"), "3");
    click(&page, "button:last-of-type");
    assert_eq!((page.text("output"), page.text("b")), ("13".to_owned(), "26".to_owned()));
}

#[test]
fn the_list_keeps_its_items_and_what_is_typed() {
    let (project, page) = open("todo");
    for text in ["Sow", "Water"] {
        page.find("form > input").expect("the field").type_text(text).expect("it takes text");
        page.find("form").expect("the form").submit().expect("it can be sent");
    }
    assert_eq!(page.texts("li > span"), ["Sow", "Water"]);
    page.find("form > input").expect("the field").type_text("Har").expect("it takes text");
    edit(&project, &page, "\" left\"", "\" to do\"");
    assert_eq!(page.texts("li > span"), ["Sow", "Water"]);
    assert_eq!(page.text("p"), "2 to do");
    assert_eq!(page.find("form > input").expect("the field").value().expect("a value"), "Har");
}

#[test]
fn the_timer_goes_on() {
    let (project, page) = open("timer");
    click(&page, "button:first-of-type");
    page.advance(Duration::from_secs(5));
    assert_eq!(page.text("output"), "24:55");
    edit(&project, &page, "\"Stop\"", "\"Pause\"");
    page.advance(Duration::from_secs(5));
    assert_eq!(
        (page.text("output"), page.text("button")),
        ("24:50".to_owned(), "Pause".to_owned())
    );
}

/// A part of the example that needs a browser only when it is used.
const NAMES: &str = r#"
use hmr_sdk::prelude::*;

#[component(export)]
pub fn Stamps() -> View {
    let id = signal(String::new());
    view! {
        <button on:click={move |_| id.set(uuid::Uuid::new_v4().to_string())}>"Name"</button>
        <output>{id}</output>
    }
}
"#;

#[test]
fn what_needs_a_browser_says_so_and_the_rest_runs() {
    let project = project("stamps");
    let html = project.index_html().expect("it has a page");
    let page = project.page(&html).expect("it compiles");
    let traps: Vec<String> = page.traps().iter().map(ToString::to_string).collect();
    assert!(traps.concat().contains("through wasm-bindgen"), "{traps:?}");

    project.write("src/lib.rs", NAMES).expect("a file can be written");
    let page = project.page(&html).expect("it compiles");
    assert_eq!((page.problems(), page.traps()), (vec![], vec![]), "{}", page.html());
    click(&page, "button");
    let traps: Vec<String> = page.traps().iter().map(ToString::to_string).collect();
    let text = traps.concat();
    assert!(text.contains("`getRandomValues` of the browser was called"), "{text}");
    assert!(text.contains("hint: use `hmr_sdk::random`"), "{text}");
    assert_eq!(page.text("output"), "");
}
