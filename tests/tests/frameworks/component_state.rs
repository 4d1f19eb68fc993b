//! The state of components, kept in applications that contain nothing of this project.

use hmr_tests::applications::AppSession;
use serde_json::{Value, json};

use crate::scenario::{self, copy_of};

/// Everything that the components of the example show.
const SHOWN: &str = "[[...document.querySelectorAll('.counter')].map((it) => [it.dataset.label, it.innerText]), \
    [...document.querySelectorAll('li .title')].map((it) => it.textContent), \
    [...document.querySelectorAll('.lend')].map((it) => it.textContent), \
    [...document.querySelectorAll('.clicks')].map((it) => it.textContent)]";

/// The condition that is true when the example has been started.
const READY: &str = "document.querySelectorAll('li').length === 4";

/// The example with lists in lists, with the setting.
fn session() -> AppSession {
    let app = copy_of("examples/yew-nested");
    let manifest = app.read("Cargo.toml");
    app.write("Cargo.toml", format!("{manifest}\n[package.metadata.hmr]\nauto-state = true\n"));
    AppSession::start(app, "yew-nested", READY)
}

/// Gives each counter another value, and the lists another content.
fn use_all(session: &AppSession) {
    let browser = &session.browser;
    browser.click("#upper .add");
    browser.click("#upper .add");
    browser.click("#upper .reverse");
    browser.click("#lower .add");
    browser.click("#lower li:nth-child(2) .lend");
    browser.click("#open");
    browser.wait("document.querySelectorAll('.counter').length === 10");
    browser.run(
        "[...document.querySelectorAll('.counter button')].forEach((button, at) => { for (let i = 0; i <= at; i++) button.click(); })",
        &[],
    );
    // One click of each button counts, until the component has rendered.
    browser.wait(
        "[...document.querySelectorAll('.counter .ones')].every((it) => it.textContent !== '0')",
    );
    for at in 0..10 {
        for _ in 0..at {
            let button = format!("document.querySelectorAll('.counter .ones')[{at}]");
            let before = browser.value(&format!("{button}.textContent"), &[]);
            browser.run(&format!("{button}.click()"), &[]);
            browser.wait(&format!("{button}.textContent !== {before}"));
        }
    }
}

fn outcomes(swap: &Value) -> Vec<(String, String)> {
    let keys = swap["report"]["instances"][0]["keys"].as_object().cloned().unwrap_or_default();
    let outcome = |it: &Value| it["outcome"].as_str().unwrap_or_default().to_owned();
    keys.iter().map(|(key, it)| (key.clone(), outcome(it))).collect()
}

#[test]
fn every_component_keeps_its_state_through_edits_of_any() {
    let mut session = session();
    use_all(&session);
    let before = session.browser.value(SHOWN, &[]);
    let is_kept = format!("JSON.stringify({SHOWN}) === JSON.stringify({before})");
    // What an observer sees, the reader could see, too.
    session.browser.run(
        "window.seen = new Set(); \
         const see = () => { for (const it of document.querySelectorAll('.ones')) window.seen.add(it.textContent); }; \
         new MutationObserver(see).observe(document, { subtree: true, childList: true, characterData: true });",
        &[],
    );
    // A leaf, its parent, and the root.
    for (file, old, new) in [
        ("src/counter.rs", "<p class=\"counter\"", "<p class=\"counter\" title=\"leaf\""),
        (
            "src/shelf.rs",
            "<section id={props.title.clone()}>",
            "<section id={props.title.clone()} title=\"parent\">",
        ),
        ("src/main.rs", "{ \"Shelves\" }", "{ \"Root\" }"),
    ] {
        let swap = session.edit(file, old, new);
        let lost: Vec<_> = outcomes(&swap).into_iter().filter(|(_, it)| it != "kept").collect();
        assert!(lost.is_empty() && outcomes(&swap).len() > 20, "{file}: {lost:?} {swap}");
        assert_eq!(session.browser.value(SHOWN, &[]), before, "{file}");
    }
    session.browser.wait(&is_kept);
    let seen = session.browser.value("[...window.seen].sort((a, b) => a - b)", &[]);
    assert_eq!(seen, json!(["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]));
    assert_eq!(session.browser.value("document.querySelectorAll('[title=leaf]').length", &[]), 10);
    assert_eq!(
        session.browser.value("document.querySelector('h1').textContent", &[]),
        json!("Root")
    );
    // Back and forth between the last two versions.
    scenario::swap_many_times(&session, &is_kept);
    scenario::many_swaps_leak_nothing(&session, READY);
}

/// The values of all counters, by their labels.
fn counters(session: &AppSession) -> Value {
    session.browser.value(&format!("{SHOWN}[0]"), &[])
}

#[test]
fn what_cannot_be_kept_is_reset_and_what_comes_back_is_recovered() {
    let mut session = session();
    use_all(&session);
    let before = counters(&session);
    insertion(&mut session, &before);
    let before = counters(&session);
    renaming(&mut session, &before);
    fields(&mut session);
    mark(&mut session);
    failing_start(&mut session);
}

/// A tag of the same name before the others shifts no value.
fn insertion(session: &mut AppSession, before: &Value) {
    let first = "<Counter label=\"visitors\" />";
    let swap = session.edit(
        "src/main.rs",
        first,
        &format!("<Counter label=\"new\" />\n            {first}"),
    );
    assert!(swap["report"].to_string().contains("\"added\""), "{swap}");
    let mut expected = vec![json!(["new", "00"])];
    expected.extend(before.as_array().cloned().unwrap_or_default());
    assert_eq!(counters(session), json!(expected));
}

/// Another name has no value; the old name finds its own again.
fn renaming(session: &mut AppSession, before: &Value) {
    let file = "src/counter.rs";
    let good = session.app.read(file);
    session.app.write(file, good.replace("count", "total"));
    let swap = session.swapped("committed");
    let found = outcomes(&swap);
    for outcome in ["added", "orphaned"] {
        assert_eq!(found.iter().filter(|(_, it)| it == outcome).count(), 22, "{swap}");
    }
    let numbers = counters(session);
    let numbers = numbers.as_array().into_iter().flatten();
    assert!(numbers.clone().all(|it| it[1] == "00"), "{numbers:?}");
    session.app.write(file, good);
    let swap = session.swapped("committed");
    let recovered = outcomes(&swap).iter().filter(|(_, it)| it == "recovered").count();
    // A counter that still has its initial value takes that of the source.
    assert!(recovered >= 18, "{swap}");
    assert_eq!(counters(session), *before);
}

/// A new field that may be missing changes nothing; another one resets the value, and says why.
fn fields(session: &mut AppSession) {
    let titles = format!("{SHOWN}[1]");
    let before = session.browser.value(&titles, &[]);
    let file = "src/shelf.rs";
    session.app.edit(file, "pub place: Place,", "pub place: Place,\n    pub year: Option<u32>,");
    session.edit(file, "place: Place::Shelf }", "place: Place::Shelf, year: None }");
    assert_eq!(session.browser.value(&titles, &[]), before);
    session.app.edit(file, "pub year: Option<u32>,", "pub year: Option<u32>,\n    pub pages: u32,");
    let swap = session.edit(file, "year: None }", "year: None, pages: 1 }");
    let reason = &swap["report"]["instances"][0]["keys"]["Shelf#1:books"];
    assert_eq!(
        *reason,
        json!({"outcome": "reset", "reason": "books: missing field `pages`"}),
        "{swap}"
    );
    session.browser.wait("document.querySelectorAll('li').length === 4");
}

/// A comment resets a value with each swap.
fn mark(session: &mut AppSession) {
    let opened = "document.querySelector('#open').textContent === 'Close'";
    session.browser.wait(opened);
    session.edit("src/main.rs", "let open = use_state", "// hmr: reset\n    let open = use_state");
    session.browser.wait(&format!("!({opened})"));
}

/// A version that panics leaves the page as it is. One that panics only with the old state starts without it.
fn failing_start(session: &mut AppSession) {
    session.browser.click(".counter .ones");
    session.browser.wait("document.querySelector('.counter .ones').textContent === '1'");
    let before = counters(session);
    let good = session.app.read("src/main.rs");
    session.app.edit(
        "src/main.rs",
        "fn main() {",
        "fn main() {\n    if true { panic!(\"at the start\"); }",
    );
    session.swapped("rolled-back");
    assert_eq!(counters(session), before);
    scenario::fix(session, "src/main.rs", &good);
    let swap = session.edit(
        "src/counter.rs",
        "    html! {",
        "    assert!(ones == 0, \"too many\");\n    html! {",
    );
    let keys = &swap["report"]["instances"][0]["keys"];
    let reason = keys["all components"]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("too many"), "{swap}");
    session.browser.wait("document.querySelector('.counter .ones').textContent === '0'");
}

/// A component that takes only `Entry` inside, where a tag cannot be rewritten; and a component that is a type.
const TYPED: &str = "use yew::prelude::*;\n\n#[derive(PartialEq, Properties)]\npub struct EntryProps {\n    pub name: AttrValue,\n}\n\n\
    #[component]\npub fn Entry(props: &EntryProps) -> Html {\n    let uses = use_state(|| 0);\n    html! { <li>{ &props.name }{ *uses }</li> }\n}\n\n\
    #[derive(PartialEq, Properties)]\npub struct MenuProps {\n    pub children: ChildrenWithProps<Entry>,\n}\n\n\
    #[component]\npub fn Menu(props: &MenuProps) -> Html {\n    html! { <menu>{ for props.children.iter() }</menu> }\n}\n\n\
    pub struct Tally {\n    clicks: u32,\n}\n\n\
    impl Component for Tally {\n    type Message = ();\n    type Properties = ();\n\n    \
    fn create(_: &Context<Self>) -> Self {\n        Self { clicks: 0 }\n    }\n\n    \
    fn update(&mut self, _: &Context<Self>, (): ()) -> bool {\n        self.clicks += 1;\n        true\n    }\n\n    \
    fn view(&self, ctx: &Context<Self>) -> Html {\n        html! { <button id=\"tally\" onclick={ctx.link().callback(|_| ())}>{ self.clicks }</button> }\n    }\n}\n";

/// Writes down how it is called, and calls the compiler.
#[cfg(unix)]
const OWN_WRAPPER: &str =
    "#!/bin/sh\necho \"$@\" >> \"$(dirname \"$0\")/calls.txt\"\nexec \"$@\"\n";

#[cfg(unix)]
#[test]
fn a_rewritten_copy_passes_for_the_original() {
    use std::os::unix::fs::PermissionsExt as _;

    let app = copy_of("examples/yew-nested");
    let manifest = app.read("Cargo.toml");
    app.write("Cargo.toml", format!("{manifest}\n[package.metadata.hmr]\nauto-state = true\n"));
    let config = app.read(".cargo/config.toml");
    app.write(
        ".cargo/config.toml",
        format!("{config}rustc-workspace-wrapper = \"tools/own.sh\"\n"),
    );
    app.write("tools/own.sh", OWN_WRAPPER);
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(app.path("tools/own.sh"), executable).expect("a file of its own");
    app.write("note.txt", "a note");
    app.write("build.rs", "fn main() {\n    println!(\"cargo::rustc-env=BUILT=yes\");\n}\n");
    app.write("src/typed.rs", TYPED);
    app.write("src/folder/mod.rs", "pub mod deep;\n");
    app.write("src/folder/deep.rs", "pub const PLACE: &str = file!();\n");
    app.edit(
        "src/main.rs",
        "mod counter;",
        "mod counter;\n#[path = \"typed.rs\"]\nmod menu;\nmod folder;",
    );
    let shown = "data-shown={format!(\"{} {} {} {} {}\", file!(), line!(), folder::deep::PLACE, include_str!(\"../note.txt\"), env!(\"BUILT\"))}";
    app.edit("src/main.rs", "<main>", &format!("<main {shown} data-folder={{env!(\"CARGO_MANIFEST_DIR\")}}>\n            <menu::Menu><menu::Entry name=\"first\" /></menu::Menu><menu::Tally />"));
    let lock = app.read("Cargo.lock");
    let ready = "document.querySelectorAll('li').length === 5";
    let mut session = AppSession::start(app, "yew-nested", ready);

    let line = line_of(&session.app.read("src/main.rs"), "<main ");
    let attributes = "[document.querySelector('main').dataset.shown, document.querySelector('main').dataset.folder]";
    let folder = session.app.folder().canonicalize().expect("it exists");
    let expected = format!("src/main.rs {line} src/folder/deep.rs a note yes");
    assert_eq!(session.browser.value(attributes, &[]), json!([expected, folder]));
    left_out_once(&mut session);
    let calls = session.app.read("tools/calls.txt");
    assert!(
        calls.lines().any(|it| it.contains("auto-state") && it.contains("--crate-name yew_nested")),
        "{calls}"
    );
    own_errors(&mut session);
    assert_eq!(session.app.read("Cargo.lock"), lock);
}

fn line_of(text: &str, part: &str) -> usize {
    text.lines().position(|it| it.contains(part)).map_or(0, |at| at + 1)
}

/// What does not compile was left out, and is reported by the build that has found it, only.
fn left_out_once(session: &mut AppSession) {
    let notes = |event: &Value| {
        let warnings = event["warnings"].as_array().cloned().unwrap_or_default();
        let messages =
            warnings.iter().filter_map(|it| it["message"].as_str().map(ToOwned::to_owned));
        messages.filter(|it| it.contains("is not kept")).collect::<Vec<_>>()
    };
    let built = session.dev.events().iter().find(|it| it["event"] == "build-finished").map(notes);
    let line = line_of(&session.app.read("src/main.rs"), "<menu::Menu>");
    let expected = format!(
        "the state of these is not kept, because their rewritten code does not compile: `Entry` at src/main.rs:{line}:25"
    );
    assert_eq!(built, Some(vec![expected]));
    session.browser.click(".counter .ones");
    session.browser.click("#tally");
    let clicked =
        "['.counter .ones', '#tally'].map((it) => document.querySelector(it).textContent)";
    session.browser.wait(&format!("JSON.stringify({clicked}) === '[\"1\",\"1\"]'"));
    session.app.edit("src/main.rs", "{ \"Shelves\" }", "{ \"Other\" }");
    let built = session.dev.wait("build-finished");
    assert_eq!(notes(&built), Vec::<String>::new());
    session.swapped("committed");
    assert_eq!(
        session.browser.value("document.querySelector('.counter .ones').textContent", &[]),
        "1"
    );
}

/// Errors and warnings of the user's have the user's lines and columns, also where the copy has others.
fn own_errors(session: &mut AppSession) {
    let file = "src/main.rs";
    let good = session.app.read(file);
    session.app.edit(
        file,
        "use_state(|| false)",
        "use_state(|| { let text: bool = \"no\"; text })",
    );
    let failed = session.dev.wait("build-failed");
    let place = |it: &Value| json!([it["file"], it["line"], it["column"], it["code"]]);
    let line = line_of(&good, "let open = use_state");
    assert_eq!(place(&failed["diagnostics"][0]), json!([file, line, 48, "E0308"]), "{failed}");
    session
        .app
        .write(file, good.replace("use_state(|| false)", "use_state(|| { let text = 1; false })"));
    let built = session.dev.wait("build-finished");
    let warnings = built["warnings"].as_array().cloned().unwrap_or_default();
    let warning = warnings.iter().find(|it| it["code"] == "unused_variables");
    let warning = warning.unwrap_or_else(|| panic!("{built}"));
    assert_eq!(place(warning), json!([file, line, 35, "unused_variables"]));
    let rendered = warning["rendered"].as_str().unwrap_or_default();
    assert!(rendered.contains("let open = use_state(|| { let text = 1; false });"), "{rendered}");
    assert!(!built.to_string().contains("hmr_yew"), "{built}");
}
