//! Versions of frameworks that the tool does not know.

use hmr_tests::applications::AppSession;
use serde_json::{Value, json};

use crate::scenario::copy_of;

/// The warnings of a build about state that is not kept.
fn warnings(built: &Value) -> Vec<&str> {
    let warnings = built["warnings"].as_array().into_iter().flatten();
    let messages = warnings.filter_map(|it| it["message"].as_str());
    messages.filter(|it| it.contains("not kept")).collect()
}

#[test]
fn another_version_of_a_framework_is_reported_once_and_the_application_works_without_its_state() {
    let app = copy_of("examples/web-sys-notes");
    app.write(
        "old/Cargo.toml",
        "[package]\nname = \"yew\"\nversion = \"0.19.3\"\nedition = \"2021\"\n",
    );
    app.write(
        "old/src/lib.rs",
        "//! Another version, as far as the tool can see.\n\npub fn nothing() {}\n",
    );
    app.edit("Cargo.toml", "\n[dependencies]\n", "\n[dependencies]\nyew = { path = \"old\" }\n");
    let ready = "document.querySelectorAll('#notes li').length >= 2";
    let mut session = AppSession::start(app, "web-sys-notes", ready);
    let built = session.dev.events().iter().find(|it| it["event"] == "build-finished").cloned();
    let built = built.expect("the first build");
    let found = warnings(&built);
    let expected = "the state of components is not kept: the runtime is for Yew 0.23, and does not compile with the version that the application uses: error";
    assert!(found.len() == 1 && found[0].starts_with(expected), "{built}");
    session.app.write("src/lib.rs", session.app.read("src/lib.rs") + "\n// Another line.\n");
    let built = session.dev.wait("build-finished");
    assert_eq!(json!(warnings(&built)), json!([]));
}
