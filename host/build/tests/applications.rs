//! Which packages are applications made with wasm-bindgen, and which of their targets is compiled.

mod fixture;

use camino::Utf8Path;
use fixture::{Fixture, package};
use hmr_build::{App, ModuleKind};

/// A package that depends on `wasm-bindgen`, or on what `dependency` says.
fn web(name: &str, more: &str) -> String {
    package(
        name,
        &format!("{more}\n[dependencies]\nwasm-bindgen = {{ path = \"../../wasm-bindgen\" }}\n"),
    )
}

/// A folder with a stand-in for wasm-bindgen.
fn fixture() -> Fixture {
    Fixture::new(&[
        ("wasm-bindgen/Cargo.toml", &package("wasm-bindgen", "[workspace]")),
        ("wasm-bindgen/src/lib.rs", ""),
        ("app/Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n"),
    ])
}

fn load(path: &Utf8Path) -> App {
    App::load(path).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(path: &Utf8Path) -> String {
    App::load(path).expect_err("an app that cannot be loaded").to_string()
}

/// The names of the modules, with those of their targets and whether these are binaries.
fn targets(app: &App) -> Vec<(&str, &str, bool)> {
    let applications = app.modules.iter().filter_map(|module| match &module.kind {
        ModuleKind::Application(target) => Some((&*module.name, &*module.target, target.is_binary)),
        ModuleKind::Native { .. } => None,
    });
    applications.collect()
}

#[test]
fn the_member_with_a_page_is_the_application() {
    let fixture = fixture();
    fixture.write("app/site/Cargo.toml", web("site", ""));
    fixture.write("app/site/src/main.rs", "fn main() {}");
    fixture.write("app/site/index.html", "<link data-trunk rel=\"rust\">");
    fixture.write("app/tool/Cargo.toml", web("tool", ""));
    fixture.write("app/tool/src/main.rs", "fn main() {}");
    let app = load(&fixture.path("app"));
    assert_eq!(targets(&app), [("site", "site", true)]);
    assert_eq!(app.root, fixture.path("app/site"));
    assert!(app.site.is_some());
}

#[test]
fn a_server_that_reaches_wasm_bindgen_through_others_is_not_an_application() {
    let fixture = fixture();
    fixture.write("app/site/Cargo.toml", web("site", ""));
    fixture.write("app/site/src/main.rs", "fn main() {}");
    let server = "[dependencies]\nclock = { path = \"../../clock\" }";
    fixture.write("app/server/Cargo.toml", package("server", server));
    fixture.write("app/server/src/main.rs", "fn main() {}");
    let clock = "[workspace]\n[dependencies]\nwasm-bindgen = { path = \"../wasm-bindgen\" }";
    fixture.write("clock/Cargo.toml", package("clock", clock));
    fixture.write("clock/src/lib.rs", "");
    assert_eq!(targets(&load(&fixture.path("app"))), [("site", "site", true)]);
}

#[test]
fn several_binaries_need_a_choice() {
    let fixture = fixture();
    fixture.write("app/site/Cargo.toml", web("site", ""));
    fixture.write("app/site/src/bin/one.rs", "fn main() {}");
    fixture.write("app/site/src/bin/two.rs", "fn main() {}");
    let error = refused(&fixture.path("app/site"));
    assert!(error.contains("`one`, `two`") && error.contains("data-bin"), "{error}");

    let link = |more: &str| format!("<link data-trunk rel=\"rust\" {more}>");
    fixture.write("app/site/index.html", link("data-bin=\"two\" data-cargo-features=\"a,b\""));
    let app = load(&fixture.path("app/site"));
    assert_eq!(targets(&app), [("site", "two", true)]);
    let ModuleKind::Application(target) = &app.modules[0].kind else { panic!("an application") };
    assert_eq!(target.features.named, ["a", "b"]);
    assert_eq!(target.wasm_bindgen, "0.1.0");

    fixture.write("app/site/index.html", link("data-bin=\"three\""));
    let error = refused(&fixture.path("app/site"));
    assert!(error.contains("`three`") && error.contains("`one`, `two`"), "{error}");
    fixture.write("app/site/index.html", "<link data-trunk rel=\"rost\">");
    let error = refused(&fixture.path("app/site"));
    assert!(error.contains("line 1") && error.contains("rost"), "{error}");
}

#[test]
fn a_page_that_imports_the_glue_of_a_library_starts_that() {
    let fixture = fixture();
    fixture.write("app/notes/Cargo.toml", web("my-notes", "[lib]\ncrate-type = [\"cdylib\"]\n"));
    fixture.write("app/notes/src/lib.rs", "");
    fixture.write("app/notes/src/main.rs", "fn main() {}");
    assert_eq!(targets(&load(&fixture.path("app/notes"))), [("my-notes", "my-notes", true)]);
    let page = "<script type=\"module\">import init from './pkg/my_notes.js'; init();</script>";
    fixture.write("app/notes/index.html", page);
    assert_eq!(targets(&load(&fixture.path("app/notes"))), [("my-notes", "my_notes", false)]);
}

#[test]
fn a_script_with_a_longer_name_is_not_the_glue() {
    use hmr_build::imports_glue;
    for html in ["import './pkg/app.js'", "src=app.js", "\"/app.js?v=1\""] {
        assert!(imports_glue(html, "app.js"), "{html}");
    }
    for html in ["webapp.js", "my-app.js", "my_app.js", "app.ts", ""] {
        assert!(!imports_glue(html, "app.js"), "{html}");
    }
}

#[test]
fn an_application_of_dioxus_without_settings_gets_the_default_page() {
    let fixture = fixture();
    fixture.write("dioxus/Cargo.toml", package("dioxus", "[workspace]"));
    fixture.write("dioxus/src/lib.rs", "");
    fixture
        .write("app/site/Cargo.toml", web("site", "") + "dioxus = { path = \"../../dioxus\" }\n");
    fixture.write("app/site/src/main.rs", "fn main() {}");
    let app = load(&fixture.path("app/site"));
    let site = app.site.expect("an application has a page");
    assert!(site.html().contains("id=\"main\""), "{}", site.html());
    assert!(site.read_again().expect("it is right").html().contains("id=\"main\""));

    fixture.write("app/site/index.html", "<p>another page</p>");
    let app = load(&fixture.path("app/site"));
    assert_eq!(app.site.expect("a page").html(), "<p>another page</p>");
}

#[test]
fn only_features_that_the_application_turns_on_are_noted() {
    let fixture = fixture();
    fixture.write(
        "yew/Cargo.toml",
        package("yew", "[workspace]\n[features]\nssr = []\nhydration = []\n"),
    );
    fixture.write("yew/src/lib.rs", "");
    let yew = |more: &str| format!("yew = {{ path = \"../../yew\", {more} }}\n");
    let site = |more: &str| web("site", "") + &yew("features = []") + more;
    fixture.write("app/site/Cargo.toml", site(""));
    fixture.write("app/site/src/main.rs", "fn main() {}");
    fixture.write("app/site/index.html", "<link data-trunk rel=\"rust\">");
    fixture.write(
        "app/server/Cargo.toml",
        package("server", &format!("[dependencies]\n{}", yew("features = [\"ssr\"]"))),
    );
    fixture.write("app/server/src/main.rs", "fn main() {}");
    let notes = || load(&fixture.path("app/site")).notes;
    assert!(notes().iter().all(|note| !note.contains("`yew`")), "{:?}", notes());

    fixture.write(
        "app/site/Cargo.toml",
        site("[features]\ndefault = [\"web\"]\nweb = [\"yew/hydration\"]\n"),
    );
    assert!(notes().iter().any(|note| note.contains("`hydration`")), "{:?}", notes());
}
