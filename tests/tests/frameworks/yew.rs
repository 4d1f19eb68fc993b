//! A to-do list in Yew: a project for Trunk with a Sass stylesheet.

use serde_json::json;

use crate::scenario::{self, page_state};

const READY: &str = "document.querySelectorAll('#list li').length === 4";

#[test]
fn a_yew_application_is_swapped_with_the_state_of_its_page() {
    let mut session = scenario::start("yew-todo", READY);
    session.browser.run("document.querySelector('#help').open = true", &[]);
    session.browser.keys("#new-title", "half of a title");
    session.browser.run(
        "document.querySelector('#list').scrollTop = 10; document.querySelector('#new-title').setSelectionRange(2, 5)",
        &[],
    );
    let kept = "[document.querySelector('#new-title').value, document.querySelector('#help').open, \
        document.querySelector('#list').scrollTop, document.querySelectorAll('main').length]";
    let before = (page_state(&session), session.browser.value(kept, &[]));
    assert_eq!(before.0, json!([0, "new-title", 2, 5]));
    assert_eq!(before.1, json!(["half of a title", true, 10, 1]));

    // Markup, logic, and a component in a file of its own.
    session.edit("src/main.rs", "{ \"To do\" }", "{ \"To do today\" }");
    session.browser.wait_text("h1", "To do today");
    assert_eq!((page_state(&session), session.browser.value(kept, &[])), before);
    session.edit("src/list.rs", "\"Sow the beans\"", "\"Sow the peas\"");
    session.browser.wait_text("#list", "Sow the peas");
    session.edit("src/entry.rs", "{ \"Remove\" }", "{ \"Delete\" }");
    session.browser.wait_text("#todo-1 .remove", "Delete");
    assert_eq!((page_state(&session), session.browser.value(kept, &[])), before);

    // The application goes on with what was typed, once for each key.
    session.browser.keys("#new-title", "\u{e010}!\n");
    session.browser.wait_text("#list", "half of a title!");
    assert_eq!(session.browser.value("document.querySelectorAll('#list li').length", &[]), 5);
}

#[test]
fn a_yew_application_that_fails_goes_on_as_it_was() {
    let mut session = scenario::start("yew-todo", READY);
    let works = "document.querySelectorAll('#list li').length === 4";
    scenario::compile_error_and_fix(&mut session, "src/filter.rs", works);
    scenario::panic_at_start(&mut session, "src/main.rs", "fn main() {", works);

    // A panic of running code is shown with its place, and the application starts again.
    let good = session.app.read("src/list.rs");
    session.edit(
        "src/list.rs",
        "Action::Remove(id) => ",
        "Action::Remove(_) if true => panic!(\"nothing is removed\"),\n            Action::Remove(id) => ",
    );
    session.browser.click("#todo-2 .remove");
    let trap = session.dev.wait("trap");
    let (message, file) = (trap["message"].to_string(), trap["file"].to_string());
    assert!(message.contains("nothing is removed") && file.contains("src/list.rs"), "{trap}");
    session.browser.wait(works);
    session.app.write("src/list.rs", good);
    session.swapped("committed");
    session.browser.click("#todo-2 .remove");
    session.browser.wait("document.querySelectorAll('#list li').length === 3");
}

#[test]
fn the_stylesheet_components_and_dependencies_of_a_yew_application_change() {
    let mut session = scenario::start("yew-todo", READY);
    session.app.edit("styles/_palette.scss", "#2f7d5b", "rgb(1, 2, 3)");
    session.browser.wait("getComputedStyle(document.querySelector('h1')).color === 'rgb(1, 2, 3)'");
    assert_eq!(session.browser.value("window.untouched === true", &[]), true, "a reload");

    // A new component in a new file, and without it again.
    let main = session.app.read("src/main.rs");
    session.app.write(
        "src/greeting.rs",
        "use yew::prelude::*;\n\n#[component]\npub fn Greeting() -> Html {\n    html! { <p id=\"greeting\">{ \"Hello\" }</p> }\n}\n",
    );
    let with = main.replace("mod filter;", "mod filter;\nmod greeting;").replace(
        "<h1>{ \"To do\" }</h1>",
        "<h1>{ \"To do\" }</h1>\n            <greeting::Greeting />",
    );
    session.app.write("src/main.rs", with);
    session.swapped("committed");
    session.browser.wait_text("#greeting", "Hello");
    session.app.write("src/main.rs", main);
    session.swapped("committed");
    session.browser.wait("document.querySelector('#greeting') === null");

    scenario::two_tabs(
        &mut session,
        READY,
        ("src/main.rs", "{ \"Help\" }", "{ \"Aid\" }"),
        "document.querySelector('summary').textContent === 'Aid'",
    );
    scenario::many_swaps_leak_nothing(&mut session, "src/main.rs", "{ \"Aid\" }", "{ \"Hints\" }");
    scenario::restart_of_the_tool(
        session,
        ("src/main.rs", "{ \"Hints\" }", "{ \"Tips\" }"),
        "document.querySelector('summary').textContent === 'Tips'",
    );
}
