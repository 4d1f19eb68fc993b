//! Applications as visitors get them: built with `cargo hmr build`, from a plain server below a path, with a strict content security policy.

use hmr_tests::browser::Browser;
use hmr_tests::dev::tool;
use hmr_tests::static_files::StaticFiles;

use crate::scenario::copy_of;

/// A deployed example that is open in a browser.
struct Deployed {
    browser: Browser,
    _server: StaticFiles,
    _dist: tempfile::TempDir,
}

/// Builds an example and opens it; returns when `ready`, a JavaScript expression, is true.
fn deployed(name: &str, ready: &str) -> Deployed {
    let app = copy_of(&format!("examples/{name}"));
    let keep = tempfile::tempdir().expect("a temporary folder");
    let dist = keep.path().join("dist");
    let mut command = tool();
    command.arg("build").arg(app.folder()).arg("--dist").arg(&dist);
    command.args(["--public-url", "/sub/path/"]);
    let output = command.output().expect("the tool can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let server = StaticFiles::serve(&dist, "/sub/path/");
    let browser = Browser::start();
    browser.open(&server.url());
    browser.wait(ready);
    Deployed { browser, _server: server, _dist: keep }
}

#[test]
fn a_project_for_trunk_is_deployed() {
    let Deployed { browser, .. } =
        &deployed("yew-todo", "document.querySelectorAll('#list li').length >= 4");
    let color = browser.value("getComputedStyle(document.querySelector('h1')).color", &[]);
    assert_ne!(color, "rgb(0, 0, 0)", "the stylesheet is used");
    browser.keys("#new-title", "Deploy\n");
    browser.wait_text("#list", "Deploy");
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn a_native_module_that_calls_the_browser_is_deployed() {
    let Deployed { browser, .. } =
        &deployed("stamps", "Number(document.querySelector('output')?.textContent) >= 2");
    browser.click("button");
    browser.keys("body", "s");
    browser.wait("document.querySelectorAll('li').length === 2");
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn a_library_that_a_script_of_the_page_starts_is_deployed() {
    let Deployed { browser, .. } =
        &deployed("web-sys-notes", "document.querySelectorAll('#notes li').length >= 2");
    browser.keys("#note-text", "deployed\n");
    browser.wait_text("#notes", "deployed");
    assert_eq!(browser.console(), Vec::<String>::new());
}
