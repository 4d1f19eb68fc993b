//! Applications that cannot be used as they are: each message names the reason and what to do, and the tool goes on.
#![cfg(unix)]

use hmr_tests::dev::{Dev, SOON};
use hmr_tests::request::open;
use hmr_tests::web_app::WebApp;

/// The text of the next event with this name that contains `part`.
fn event_with(dev: &mut Dev, name: &str, part: &str) -> String {
    let event = dev.wait_until(&format!("{name} with {part}"), SOON, |event| {
        event["event"] == name && event.to_string().contains(part)
    });
    event.to_string()
}

/// A manifest of the stand-in for wasm-bindgen.
fn bindgen(version: &str) -> String {
    format!("[package]\nname = \"wasm-bindgen\"\nversion = \"{version}\"\nedition = \"2024\"\n")
}

#[test]
fn a_version_of_wasm_bindgen_that_is_too_old_is_named_with_the_oldest_that_works() {
    let app = WebApp::new(&[]);
    app.write("wasm-bindgen/Cargo.toml", bindgen("0.2.90"));
    let mut dev = app.serve(&["--port", "0"]);
    let text = event_with(&mut dev, "build-failed", "wasm-bindgen is too old");
    assert!(text.contains("0.2.90") && text.contains("cargo update -p wasm-bindgen"), "{text}");
    app.write("wasm-bindgen/Cargo.toml", bindgen("0.2.100"));
    dev.wait("build-finished");
}

#[test]
fn a_program_of_wasm_bindgen_that_cannot_be_built_is_used_once_it_is_installed() {
    let app = WebApp::new(&[]);
    let program = app.path("bin/wasm-bindgen");
    std::fs::rename(&program, app.path("later")).expect("the program is there");
    let mut command = app.command(&["--port", "0"]);
    command
        .env("XDG_CACHE_HOME", app.path("cache"))
        .env("CARGO_HOME", app.path("cargo"))
        .env("CARGO_NET_OFFLINE", "true")
        .env("DX_HOME", app.path("dx"));
    let mut dev = Dev::run(command);
    let text = event_with(&mut dev, "build-failed", "wasm-bindgen 0.2.100 cannot be built");
    assert!(text.contains("cargo install wasm-bindgen-cli --version 0.2.100"), "{text}");
    std::fs::rename(app.path("later"), &program).expect("the program is there");
    app.write("app/src/lib.rs", "#[unsafe(no_mangle)]\npub extern \"C\" fn two() -> u32 { 2 }\n");
    dev.wait("build-finished");
}

#[test]
fn glue_that_cannot_be_read_is_named_with_its_line() {
    let app = WebApp::new(&[]);
    let good = std::fs::read(app.path("glue.js")).expect("the glue of the stand-in");
    app.write("glue.js", "let wasm;\nexport * from './other.js';\n");
    let mut dev = app.serve(&["--port", "0"]);
    let text = event_with(&mut dev, "build-failed", "line 2 of its glue");
    assert!(text.contains("hint: "), "{text}");
    app.write("glue.js", good);
    app.write("app/src/lib.rs", "#[unsafe(no_mangle)]\npub extern \"C\" fn two() -> u32 { 2 }\n");
    dev.wait("build-finished");
}

#[test]
fn files_that_wasm_pack_has_left_are_not_served() {
    let page = "<script type=\"module\">import init from \"./pkg/site.js\"; init();</script>";
    let app = WebApp::new(&[
        ("index.html", page),
        ("pkg/site.js", "throw new Error('of another version');"),
        ("pkg/site_bg.wasm", "old"),
    ]);
    let mut dev = app.serve(&["--port", "0"]);
    dev.wait("build-finished");
    let glue = open(&format!("{}/pkg/site.js", dev.url()));
    assert_eq!(glue.status, 200, "{glue:?}");
    assert!(glue.body.contains("/@hmr/client/main.js"), "{glue:?}");
    assert!(open(&format!("{}/pkg/site_bg.wasm", dev.url())).body != "old");
}

#[test]
fn settings_and_pages_that_become_wrong_are_reported_until_they_are_corrected() {
    let app = WebApp::new(&[("Trunk.toml", "[serve]\nno_spa = true\n")]);
    let mut dev = app.serve(&["--port", "0"]);
    dev.wait("build-finished");
    let served = |dev: &Dev| open(&format!("{}/index.html", dev.url())).status;

    app.write("app/Trunk.toml", "[serve\n");
    let text = event_with(&mut dev, "build-failed", "Trunk.toml");
    assert!(text.contains("Trunk.toml:1:7"), "{text}");
    assert_eq!(served(&dev), 200, "the page from before");
    app.write("app/Trunk.toml", "[serve]\nno_spa = false\n");
    dev.wait_until("a build that succeeds, or nothing to build", SOON, |event| {
        matches!(event["event"].as_str(), Some("build-finished" | "unchanged" | "update"))
    });

    let page = "<html><head><link data-trunk rel=\"rust\">MORE</head></html>";
    app.write("app/index.html", page.replace("MORE", "<link data-trunk rel=\"wasm\">"));
    let text = event_with(&mut dev, "problem", "is not a kind of asset");
    assert!(text.contains("index.html"), "{text}");
    assert_eq!(served(&dev), 200, "the page from before");
    app.write("app/index.html", page.replace("MORE", "<title>corrected</title>"));
    dev.wait_until("update", SOON, |event| event["event"] == "update");
    assert!(open(&format!("{}/index.html", dev.url())).body.contains("corrected"));
}

#[test]
fn a_file_that_is_missing_leaves_out_that_file_alone_until_it_is_there() {
    let page = "<html><head><link data-trunk rel=\"rust\"><link data-trunk rel=\"css\" href=\"late.css\"><title>there</title></head></html>";
    let app = WebApp::new(&[("index.html", page)]);
    let mut dev = app.serve(&["--port", "0"]);
    dev.wait("build-finished");
    // It was reported before the tool was ready.
    let problem = dev.events().iter().find(|event| event["event"] == "problem").cloned();
    let text = problem.expect("a report").to_string();
    assert!(text.contains("late.css: the file does not exist"), "{text}");
    let served = |dev: &Dev| open(&format!("{}/", dev.url())).body;
    assert!(served(&dev).contains("there") && !served(&dev).contains("late.css"));
    assert!(!served(&dev).contains("data-trunk"), "the rest of the page is built");
    app.write("app/late.css", "p { color: red }");
    let update = dev.wait_until("the page", SOON, |event| {
        event["event"] == "update" && event["kind"] == "full-reload"
    });
    assert!(update.to_string().contains("index.html"), "{update}");
    assert!(served(&dev).contains("late.css"));
}
