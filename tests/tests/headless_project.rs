//! The headless engine with an application of two Rust modules and a crate that both use: edits as a developer makes
//! them, built and swapped.

use std::path::Path;
use std::time::Duration;

use hmr_headless::{KeyOutcome, Page, Project, ProjectError, ResourceOutcome, Swap};

fn pair() -> Project {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pair");
    Project::copy_of(folder).expect("the fixture can be copied")
}

fn open(project: &Project) -> Page {
    let html = project.index_html().expect("the fixture has a page");
    let page = project.page(&html).expect("the fixture compiles");
    assert_eq!((page.problems(), page.traps()), (vec![], vec![]), "{}", page.html());
    page
}

fn rebuild(page: &Page, project: &Project) -> Vec<Swap> {
    let swaps = page.rebuild(project).expect("the edit compiles");
    for swap in &swaps {
        assert!(swap.is_committed(), "{swap}");
    }
    swaps
}

fn click(page: &Page, selector: &str) {
    page.find(selector).expect("the button").click().expect("it can be clicked");
}

/// The line of the first source line that has this text.
fn line_of(project: &Project, file: &str, text: &str) -> u32 {
    let source = std::fs::read_to_string(project.folder().join(file)).expect("the source");
    let line = source.lines().position(|line| line.contains(text)).expect("the text is there");
    u32::try_from(line + 1).expect("a short file")
}

#[test]
fn a_trap_that_is_not_a_panic_is_reported_with_its_line() {
    let project = pair();
    let html = project.index_html().expect("the fixture has a page");
    let builder = project.page_builder(&html).expect("the fixture compiles");
    let page = builder.call_limit(Duration::from_secs(1)).open().expect("the page opens");
    let file = "counter/src/lib.rs";
    let endless = "while count.get_untracked() > 0 { count.with_untracked(|_| ()); }";
    project.edit(file, "count.update(|n| *n += 1)", endless).expect("the text is there");
    rebuild(&page, &project);
    click(&page, "button.add");
    let traps = page.traps();
    let trap = traps.last().expect("the loop is cut");
    assert!(trap.message.starts_with("took longer than"), "{trap}");
    assert_eq!(
        (trap.file.as_deref(), trap.line),
        (Some(file), line_of(&project, file, endless)),
        "{trap}"
    );

    // Below code of the user's own, which calls it.
    let deep = "{ fn down(n: i32) -> i32 { if n == 0 { 0 } else { std::hint::black_box(down(std::hint::black_box(n + 1))) } } count.set(down(1)); }";
    project.edit(file, endless, deep).expect("the text is there");
    rebuild(&page, &project);
    click(&page, "button.add");
    let traps = page.traps();
    let trap = traps.last().expect("the stack ends");
    assert_eq!(
        (trap.file.as_deref(), trap.line),
        (Some(file), line_of(&project, file, "fn down")),
        "{trap}"
    );
}

#[test]
fn a_saved_snapshot_leaves_instances_alone_that_it_does_not_know() {
    let project = pair();
    let html = r#"<hmr-component module="counter" component="Counter"></hmr-component>"#;
    let one = project.page(html).expect("the fixture compiles");
    click(&one, "button.add");
    let saved = one.save_snapshot("one click").expect("it can be captured");
    let two = project.page(&html.repeat(2)).expect("the fixture compiles");
    let buttons = two.find_all("button.add").expect("a selector");
    for _ in 0..5 {
        buttons[1].click().expect("it can be clicked");
    }
    let before = two.texts("output");
    let swaps = two.load_snapshot(&saved).expect("nothing is being swapped");
    assert!(swaps.len() == 1 && swaps[0].is_committed(), "{swaps:?}");
    assert_eq!(two.texts("output"), [one.text("output"), before[1].clone()]);
}

#[test]
fn an_edit_of_a_module_keeps_state_fields_focus_and_phase() {
    let project = pair();
    let page = open(&project);
    click(&page, "button.add");
    click(&page, "button.add");
    let note = page.find("[name=note]").expect("the note");
    note.type_text("half-ty").expect("it takes text").select_range(2, 4).expect("it has text");
    page.advance(Duration::from_millis(250));
    assert_eq!((page.text(".counter output"), page.text(".ticks")), ("n = 3".into(), "2".into()));

    project.edit("counter/src/lib.rs", "\"+1\"", "\"plus ten\"").expect("the text is there");
    project
        .edit("counter/src/lib.rs", "count.update(|n| *n += 1)", "count.update(|n| *n += 10)")
        .expect("the text is there");
    let button = page.find("button.add").expect("the button");
    let swaps = rebuild(&page, &project);
    assert_eq!(swaps.iter().map(|swap| swap.module.as_str()).collect::<Vec<_>>(), ["counter"]);
    let report = swaps[0].report.as_ref().expect("a report");
    assert!(
        report.instances[0].keys.values().all(|outcome| *outcome == KeyOutcome::Kept),
        "{report:?}"
    );
    assert_eq!(swaps[0].resources[0].outcome, ResourceOutcome::Kept);

    assert!(button.is_connected() && button.text() == "plus ten");
    assert!(note.is_focused());
    assert_eq!((note.value().expect("a field"), note.selection()), ("half-ty".into(), (2, 4)));
    button.click().expect("it can be clicked");
    page.advance(Duration::from_millis(50));
    assert_eq!((page.text(".counter output"), page.text(".ticks")), ("n = 13".into(), "3".into()));
}

#[test]
fn an_edit_of_a_shared_crate_swaps_both_modules() {
    let project = pair();
    let page = open(&project);
    let item = page.find("[name=item]").expect("the item");
    item.type_text("milk").expect("it takes text").press("Enter").expect("it submits");
    item.type_text("bre").expect("it takes text");
    assert_eq!(page.texts("li"), ["milk"]);
    let first = page.find("li").expect("the entry");

    project.edit("shared/src/lib.rs", "n = ", "number ").expect("the text is there");
    let swaps = rebuild(&page, &project);
    assert_eq!(
        swaps.iter().map(|swap| swap.module.as_str()).collect::<Vec<_>>(),
        ["counter", "list"]
    );
    assert_eq!(
        (page.text(".counter output"), page.text(".total")),
        ("number 1".into(), "number 1".into())
    );
    assert!(first.is_connected() && item.is_focused());
    assert_eq!(item.value().expect("a field"), "bre");
    item.type_text("ad").expect("it takes text").press("Enter").expect("it submits");
    assert_eq!(page.texts("li"), ["milk", "bread"]);
}

#[test]
fn a_type_that_changes_and_code_that_does_not_compile() {
    let project = pair();
    let page = open(&project);
    click(&page, "button.add");

    project
        .edit("counter/src/lib.rs", "count.get())}</output>", "count.gte())}</output>")
        .expect("the text is there");
    let error = page.rebuild(&project).expect_err("it does not compile");
    assert!(
        matches!(&error, ProjectError::Build { rendered, .. } if rendered.contains("gte")),
        "{error}"
    );
    click(&page, "button.add");
    assert_eq!(page.text(".counter output"), "n = 3");

    project
        .edit("counter/src/lib.rs", "count.gte())}</output>", "count.get())}</output>")
        .expect("the text is there");
    project
        .edit("counter/src/lib.rs", "signal(0_u32)", "signal(0_u64)")
        .expect("the text is there");
    page.advance(Duration::from_millis(100));
    let swaps = rebuild(&page, &project);
    let keys = &swaps[0].report.as_ref().expect("a report").instances[0].keys;
    assert!(matches!(keys["ticks"], KeyOutcome::Migrated { .. }), "{keys:?}");
    assert_eq!((page.text(".counter output"), page.text(".ticks")), ("n = 3".into(), "1".into()));
    assert!(rebuild(&page, &project).is_empty(), "nothing has changed since");
}

#[test]
fn a_panic_is_reported_with_its_line_and_the_state_is_kept() {
    let project = pair();
    let page = open(&project);
    click(&page, "button.add");
    click(&page, "button.crash");
    let traps = page.traps();
    assert_eq!(traps.len(), 1, "{traps:?}");
    assert_eq!((traps[0].message.as_str(), traps[0].line), ("the count is 2", 15));
    assert!(
        traps[0].file.as_deref().is_some_and(|file| file.ends_with("counter/src/lib.rs")),
        "{traps:?}"
    );
    click(&page, "button.add");
    assert_eq!(page.text(".counter output"), "n = 3");
}

#[test]
fn new_props_render_again_with_the_state_kept() {
    let project = pair();
    project
        .edit(
            "counter/src/lib.rs",
            "<button class=\"add\"",
            "<h2>{start}</h2><button class=\"add\"",
        )
        .expect("the text is there");
    let page = open(&project);
    click(&page, "button.add");
    let placed = page.find("[module=counter]").expect("the component");
    placed.set_attribute("props", r#"{"start":5}"#).expect("it is there");
    assert_eq!((page.text("h2"), page.text(".counter output")), ("5".into(), "n = 2".into()));
    placed.set_attribute("props", r#"{"start":"five"}"#).expect("it is there");
    assert_eq!(page.text("h2"), "5");
    assert_eq!(page.problems().len(), 1, "{:?}", page.problems());
    click(&page, "button.add");
    assert_eq!(page.text(".counter output"), "n = 3");
}

#[test]
fn an_edit_of_text_that_is_not_there_once_is_an_error() {
    let project = pair();
    let error = project.edit("shared/src/lib.rs", "no such text", "").expect_err("it is not there");
    assert!(matches!(error, ProjectError::Edit { count: 0, .. }), "{error}");
}

/// An app whose modules do not have the SDK as a dependency of its own name: `renamed` calls it `ui`, and `through` has it from the
/// package `kit` alone.
fn other_names() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-sdk");
    let sdk = sdk.display();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, text).expect("a file");
    };
    let package = |name: &str, rest: &str| {
        let head = "version = \"0.1.0\"\nedition = \"2024\"";
        write(
            &format!("{name}/Cargo.toml"),
            &format!("[package]\nname = \"{name}\"\n{head}\n{rest}\n"),
        );
    };
    let module = "[lib]\ncrate-type = [\"cdylib\"]\n[dependencies]";
    write(
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"kit\", \"renamed\", \"through\"]\n",
    );
    package("kit", &format!("[dependencies]\nhmr-sdk = {{ path = \"{sdk}\" }}"));
    package("renamed", &format!("{module}\nui = {{ package = \"hmr-sdk\", path = \"{sdk}\" }}"));
    package("through", &format!("{module}\nkit = {{ path = \"../kit\" }}"));
    write("kit/src/lib.rs", "pub use hmr_sdk::prelude::*;\n");
    let body = r#"
#[scoped]
fn counter() -> Signal<i32> {
    let count = signal(0);
    count
}

#[component]
fn Label(text: String, #[prop(default = 1)] times: usize, children: Children) -> View {
    view! { <b>{text.repeat(times)}</b> {children} }
}

#[component(export, version = "1.1.0")]
pub fn App(#[prop(default)] start: i32) -> View {
    let count = counter();
    #[reset]
    let shown = signal(true);
    view! {
        <button class:on={shown} on:click={move |_| count.update(|n| *n += 1)}>{move || start + count.get()}</button>
        <Show when={move || shown.get()}><Label text={"label".to_owned()}>" inside"</Label></Show>
        {move || (count.get() > 0).then(|| view! { <For each={move || vec![1, 2]} key={|n| *n} view={|n| view! { <i>{n}</i> }} /> })}
    }
}

#[migration(App, from = "1.0.0", to = "1.1.0")]
fn rename(saved: &mut Saved) -> Result<(), MigrationError> {
    saved.remove("old");
    Ok(())
}
"#;
    let names = "use ui::{Children, MigrationError, Saved, Signal, View, component, migration, scoped, signal, view};\n";
    write("renamed/src/lib.rs", &format!("{names}{body}"));
    write(
        "through/src/lib.rs",
        &format!("mod inside {{\nuse kit::*;\n{body}\n}}\npub use inside::*;\n"),
    );
    folder
}

#[test]
fn the_sdk_may_have_another_name_or_be_re_exported_by_another_package() {
    let folder = other_names();
    let project = Project::copy_of(folder.path()).expect("the app can be copied");
    for module in ["renamed", "through"] {
        let html = format!(r#"<hmr-component module="{module}" component="App"></hmr-component>"#);
        let page = project.page(&html).expect("the app compiles");
        assert_eq!((page.problems(), page.traps()), (vec![], vec![]), "{}", page.html());
        click(&page, "button");
        assert_eq!((page.text("button"), page.text("b")), ("1".to_owned(), "label".to_owned()));
        assert_eq!(page.texts("i"), ["1", "2"]);
    }
}
