//! A to-do list in Yew: a project for Trunk with a Sass stylesheet.

use hmr_tests::applications::AppSession;
use serde_json::json;

use crate::scenario::{self, Application, Edit};

const YEW: Application = Application {
    name: "yew-todo",
    ready: "document.querySelectorAll('#list li').length >= 4",
    markup: Edit {
        file: "src/main.rs",
        old: "{ \"To do\" }",
        new: "{ \"To do today\" }",
        shows: "document.querySelector('h1').textContent === 'To do today'",
    },
    logic: Edit {
        file: "src/list.rs",
        old: "self.shown(filter).count()",
        new: "self.shown(filter).count() + 10",
        shows: "document.querySelector('#left').textContent === '13 left'",
    },
    child: Edit {
        file: "src/entry.rs",
        old: "{ \"Remove\" }",
        new: "{ \"Delete\" }",
        shows: "document.querySelector('#todo-1 .remove').textContent === 'Delete'",
    },
    component: (
        "use yew::prelude::*;\n\n#[component]\npub fn Greeting() -> Html {\n    html! { <p id=\"greeting\">{ \"Hello\" }</p> }\n}\n",
        [
            Edit {
                file: "src/main.rs",
                old: "mod filter;",
                new: "mod filter;\nmod greeting;",
                shows: "true",
            },
            Edit {
                file: "src/main.rs",
                old: "<form id=\"new\" {onsubmit}>",
                new: "<greeting::Greeting />\n            <form id=\"new\" {onsubmit}>",
                shows: "true",
            },
        ],
    ),
    dependency: (
        "js-sys = \"0.3\"",
        Edit {
            file: "src/main.rs",
            old: "{ \"Help\" }",
            new: "{ String::from(js_sys::JsString::from(\"Hints\")) }",
            shows: "document.querySelector('summary').textContent === 'Hints'",
        },
    ),
    style: Edit {
        file: "styles/_palette.scss",
        old: "#2f7d5b",
        new: "rgb(1, 2, 3)",
        shows: "getComputedStyle(document.querySelector('h1')).color === 'rgb(1, 2, 3)'",
    },
    start: ("src/main.rs", "fn main() {"),
    panic: (
        Edit {
            file: "src/list.rs",
            old: "Action::Remove(id) => ",
            new: "Action::Remove(_) if true => panic!(\"broken by an edit\"),\n            Action::Remove(id) => ",
            shows: "true",
        },
        "#todo-2 .remove",
    ),
    acts_once,
};

fn acts_once(session: &AppSession) {
    let count = || session.browser.value("document.querySelectorAll('#list li').length", &[]);
    let before = count().as_u64().unwrap_or_default();
    session.browser.keys("#new-title", "\u{e010} once!\n");
    session.browser.wait_text("#list", "once!");
    assert_eq!(count(), before + 1);
    // A second delivery would undo the first.
    let checked = "document.querySelector('#todo-1').classList.contains('done')";
    session.browser.click("#todo-1 input[type=checkbox]");
    session.browser.wait(checked);
    session.browser.click("#todo-1 input[type=checkbox]");
    session.browser.wait(&format!("!{checked}"));
}

#[test]
fn a_yew_application_is_swapped_with_the_state_of_its_page() {
    let mut session = YEW.session();
    session.browser.run("document.querySelector('#help').open = true", &[]);
    session.browser.click("#todo-2 input[type=checkbox]");
    session.browser.wait("document.querySelector('#todo-2').classList.contains('done')");
    session.browser.keys("#new-title", "half of a title");
    session.browser.run(
        "document.querySelector('#list').scrollTop = 10; document.querySelector('#new-title').setSelectionRange(2, 5)",
        &[],
    );
    let kept = "[document.querySelector('#new-title').value, document.activeElement.id, document.activeElement.selectionStart, \
        document.activeElement.selectionEnd, document.querySelector('#help').open, document.querySelector('#list').scrollTop, \
        document.querySelectorAll('main').length, document.querySelector('#todo-2').className]";
    let value = session.browser.value(kept, &[]);
    assert_eq!(value, json!(["half of a title", "new-title", 2, 5, true, 10, 1, "done"]));
    scenario::edits(&mut session, &YEW, kept);
}

#[test]
fn a_yew_application_that_fails_goes_on_as_it_was() {
    scenario::failures(&YEW);
}

#[test]
fn a_yew_application_is_swapped_many_times() {
    scenario::endurance(&YEW);
}
