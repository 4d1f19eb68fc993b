//! What holds for the rewritten copy of a crate: it passes for the original.

use hmr_tests::applications::AppSession;
use serde_json::{Value, json};

use crate::scenario::copy_of;

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
