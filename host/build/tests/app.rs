//! Which modules and packages an app has, and the errors for apps that cannot be loaded.

mod fixture;

use camino::Utf8Path;
use fixture::{Fixture, module, package};
use hmr_build::App;

const WORKSPACE: &str = "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n";

fn load(path: &Utf8Path) -> App {
    App::load(path).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(path: &Utf8Path) -> String {
    App::load(path).expect_err("an app that cannot be loaded").to_string()
}

fn modules(app: &App) -> Vec<&str> {
    app.modules.iter().map(|module| module.name.as_str()).collect()
}

/// The manifest of a workspace whose app is elsewhere.
fn leading_to(folder: &str) -> String {
    package(
        "root",
        &format!(
            "[workspace]\nexclude = [\"app\", \"sdk\"]\n[workspace.metadata.hmr]\napp = \"{folder}\""
        ),
    )
}

#[test]
fn a_virtual_workspace_has_all_its_modules() {
    let fixture = Fixture::new(&[
        ("app/Cargo.toml", WORKSPACE),
        ("app/index.html", ""),
        ("app/shared/Cargo.toml", &package("shared", "")),
        ("app/shared/src/lib.rs", ""),
    ]);
    fixture.module("board", "shared = { path = \"../shared\" }");
    fixture.module("list", "[package.metadata.hmr]\nname = \"todo\"");
    let app = load(&fixture.path("app"));
    assert_eq!(modules(&app), ["board", "todo"]);
    assert_eq!(app.root, fixture.path("app"));
    assert_eq!(app.target_dir(), fixture.path("app/target/hmr"));
    let using = |package| -> Vec<&str> {
        app.modules_using(package).iter().map(|module| module.name.as_str()).collect()
    };
    assert_eq!(using("shared"), ["board"]);
    assert_eq!(using("hmr-sdk"), ["board", "todo"]);
    assert_eq!(using("list"), ["todo"]);
    assert!(using("nobody").is_empty());
}

#[test]
fn path_dependencies_outside_the_workspace_are_local_packages() {
    let fixture = Fixture::new(&[("app/Cargo.toml", WORKSPACE)]);
    fixture.module("board", "[build-dependencies]\ntool = { path = \"../../tool\" }\n[dev-dependencies]\nprobe = { path = \"../../probe\" }");
    fixture.write("app/board/build.rs", "fn main() {}");
    for name in ["tool", "probe"] {
        fixture.write(&format!("{name}/Cargo.toml"), package(name, ""));
        fixture.write(&format!("{name}/src/lib.rs"), "");
    }
    let app = load(&fixture.path("app"));
    let board = app.packages.iter().find(|it| it.name == "board").expect("the module's package");
    assert_eq!(board.dependencies, ["hmr-sdk", "tool"], "what only tests use is not part of it");
    assert_eq!(board.build_script, Some(fixture.path("app/board/build.rs")));
    let sdk = app.packages.iter().find(|it| it.name == "hmr-sdk").expect("the library");
    assert_eq!(sdk.folder, fixture.path("sdk"));
}

#[test]
fn a_member_has_the_modules_that_it_is_or_depends_on() {
    let fixture = Fixture::new(&[("app/Cargo.toml", WORKSPACE), ("app/index.html", "")]);
    fixture.module("board", "list = { path = \"../list\" }");
    fixture.module("list", "");
    fixture.module("other", "");
    assert_eq!(modules(&load(&fixture.path("app/board"))), ["board", "list"]);
    let app = load(&fixture.path("app/list/Cargo.toml"));
    assert_eq!(modules(&app), ["list"]);
    assert_eq!(app.root, fixture.path("app"), "the page lies with the workspace");
}

#[test]
fn the_setting_app_leads_to_another_workspace() {
    let fixture = Fixture::new(&[
        ("Cargo.toml", &leading_to("app")),
        ("src/lib.rs", ""),
        (
            "app/Cargo.toml",
            "[workspace]\nmembers = [\"*\"]\n[workspace.metadata.hmr]\nport = 9000\n",
        ),
    ]);
    fixture.write("sdk/Cargo.toml", package("hmr-sdk", "[workspace]"));
    fixture.module("board", "");
    let app = load(&fixture.root);
    assert_eq!((app.root, app.workspace_root), (fixture.path("app"), fixture.path("app")));
    assert_eq!(app.config.port, Some(9000));
}

#[test]
fn settings_of_the_root_package_override_those_of_the_workspace() {
    let settings = "[workspace]\n[workspace.metadata.hmr]\nport = 1\nstatic-folder = \"public\"\n[package.metadata.hmr]\nport = 2\n";
    let fixture = Fixture::new(&[("one/Cargo.toml", &module("one", "../sdk", settings))]);
    fixture.write("one/src/lib.rs", "");
    let config = load(&fixture.path("one")).config;
    assert_eq!((config.port, config.static_folder.as_str()), (Some(2), "public"));
}

#[test]
fn a_static_folder_with_more_than_files_for_browsers_is_refused() {
    let with = |folder: &str| {
        format!("{WORKSPACE}[workspace.metadata.hmr]\nstatic-folder = \"{folder}\"\n")
    };
    let fixture = Fixture::new(&[("app/Cargo.toml", WORKSPACE)]);
    fixture.module("board", "");
    for (folder, named) in [
        ("/", "/"),
        (".", "app"),
        ("..", ""),
        ("../..", ""),
        ("board", "app/board"),
        ("static/..", "app"),
        ("target", "app/target"),
        ("../sdk", "sdk"),
    ] {
        fixture.write("app/Cargo.toml", with(folder));
        let error = refused(&fixture.path("app"));
        assert!(error.starts_with("`static-folder` is `"), "{folder}: {error}");
        assert!(error.contains("would be served\nhint: ") && error.contains(named), "{error}");
    }
    for folder in ["static", "board/static", "../public", "not-there"] {
        fixture.write("app/Cargo.toml", with(folder));
        assert_eq!(modules(&load(&fixture.path("app"))), ["board"], "{folder}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&fixture.root, fixture.path("link")).expect("a link");
        fixture.write("app/Cargo.toml", with("../link"));
        let error = refused(&fixture.path("app"));
        assert!(error.contains("would be served"), "{error}");
    }
}

#[test]
fn a_folder_without_a_manifest_is_not_a_cargo_project() {
    let fixture = Fixture::new(&[("note.txt", "")]);
    let error = refused(&fixture.root);
    assert!(error.contains("is not a cargo project: there is no `Cargo.toml`\nhint: "), "{error}");
    let error = refused(&fixture.path("note.txt"));
    assert!(error.contains("is neither a folder nor a `Cargo.toml`"), "{error}");
}

#[test]
fn a_broken_manifest_is_reported_in_cargos_words() {
    let fixture = Fixture::new(&[("app/Cargo.toml", "[package]\nname = \n")]);
    let error = refused(&fixture.path("app"));
    assert!(error.contains(fixture.path("app/Cargo.toml").as_str()), "{error}");
    assert!(error.contains("name =") && error.contains("hint: "), "{error}");
}

#[test]
fn the_message_for_packages_that_are_almost_modules_names_what_is_missing() {
    let fixture = Fixture::new(&[
        ("app/Cargo.toml", WORKSPACE),
        ("app/plain/Cargo.toml", &package("plain", "[lib]\ncrate-type = [\"cdylib\"]")),
        ("app/plain/src/lib.rs", ""),
        (
            "app/lib/Cargo.toml",
            &package("lib", "[dependencies]\nhmr-sdk = { path = \"../../sdk\" }"),
        ),
        ("app/lib/src/lib.rs", ""),
    ]);
    let error = refused(&fixture.path("app"));
    assert!(error.contains("has no application"), "{error}");
    assert!(
        error.contains("`plain` is a `cdylib`, but depends neither on `wasm-bindgen`"),
        "{error}"
    );
    assert!(error.contains("`lib` depends on `hmr-sdk`, but its `crate-type`"), "{error}");
    assert!(error.contains("hint: an application is a workspace member"), "{error}");
}

#[test]
fn two_modules_with_one_name_are_both_reported() {
    let fixture = Fixture::new(&[("app/Cargo.toml", WORKSPACE)]);
    fixture.module("board", "");
    fixture.module("copy", "[package.metadata.hmr]\nname = \"board\"");
    let error = refused(&fixture.path("app"));
    assert!(error.contains("named `board`") && error.contains("`copy`"), "{error}");
}

#[test]
fn a_misspelt_setting_names_its_manifest() {
    let fixture = Fixture::new(&[("app/Cargo.toml", WORKSPACE)]);
    fixture.module("board", "[package.metadata.hmr]\nnmae = \"x\"");
    let error = refused(&fixture.path("app"));
    assert!(error.contains(fixture.path("app/board/Cargo.toml").as_str()), "{error}");
    assert!(error.ends_with("hint: did you mean `name`?"), "{error}");
}

#[test]
fn an_app_folder_that_is_not_there_is_named() {
    let fixture = Fixture::new(&[("Cargo.toml", &leading_to("gone")), ("src/lib.rs", "")]);
    let error = refused(&fixture.root);
    assert!(error.contains(fixture.path("gone").as_str()), "{error}");
    assert!(error.contains("which is not a folder\nhint: "), "{error}");
}

#[test]
fn app_settings_that_lead_in_a_circle_are_an_error() {
    let fixture = Fixture::new(&[
        ("a/Cargo.toml", &leading_to("../b")),
        ("a/src/lib.rs", ""),
        ("b/Cargo.toml", &leading_to("../a")),
        ("b/src/lib.rs", ""),
    ]);
    let error = refused(&fixture.path("a"));
    assert!(error.contains("`app` leads back here"), "{error}");
}

#[test]
fn a_module_may_use_the_sdk_by_another_name_or_through_another_package() {
    let fixture = Fixture::new(&[
        ("app/Cargo.toml", WORKSPACE),
        ("app/index.html", ""),
        (
            "app/kit/Cargo.toml",
            &package(
                "kit",
                "[dependencies]\nsdk = { package = \"hmr-sdk\", path = \"../../sdk\" }",
            ),
        ),
        ("app/kit/src/lib.rs", ""),
    ]);
    let module = |name: &str, dependencies: &str| {
        let more = format!("[lib]\ncrate-type = [\"cdylib\"]\n{dependencies}");
        fixture.write(&format!("app/{name}/Cargo.toml"), package(name, &more));
        fixture.write(&format!("app/{name}/src/lib.rs"), "");
    };
    module("renamed", "[dependencies]\nui = { package = \"hmr-sdk\", path = \"../../sdk\" }");
    module("through", "[dependencies]\nkit = { path = \"../kit\" }");
    module("tests-only", "[dev-dependencies]\nkit = { path = \"../kit\" }");
    module("without", "");
    assert_eq!(modules(&load(&fixture.path("app"))), ["renamed", "through"]);
}
