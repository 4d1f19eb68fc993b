//! Files that are not Rust: styles, pictures, data that is compiled in.

use hmr_tests::session::Session;
use serde_json::json;
use std::fs;

#[test]
fn a_stylesheet_is_exchanged_without_a_build() {
    let mut session = Session::start();
    session.browser.keys("#name", "Ada");
    session.demo.edit(
        "static/style.css",
        ".masthead h1 { font-size:",
        ".masthead h1 { letter-spacing: 7px; font-size:",
    );
    let update = session.dev.wait("update");
    assert_eq!(update["kind"], "css-update", "{update}");
    session
        .browser
        .wait("getComputedStyle(document.querySelector('.masthead h1')).letterSpacing === '7px'");

    let built = session
        .dev
        .events()
        .iter()
        .skip_while(|event| **event != update)
        .any(|event| event["event"] == "build-started");
    assert!(!built, "styles need no compiler");
    assert_eq!(session.browser.value("document.querySelector('#name').value", &[]), "Ada");
    assert_eq!(session.browser.value("document.activeElement.id", &[]), "name");
    assert!(session.is_marked());
}

/// A page with sheets of all kinds: a nested import with conditions, and a link in a shadow root.
fn with_sheets() -> Session {
    Session::start_with(|demo| {
        demo.write(
            "static/css/outer.css",
            "@import \"inner.css\" screen;\n.probe { --outer: 1; }\n",
        );
        demo.write("static/css/inner.css", ".probe { --inner: 1; color: rgb(9, 9, 9); }\n");
        demo.write("static/css/hidden.css", ".probe { --hidden: 1; }\n");
        demo.edit(
            "index.html",
            "</head>",
            "<style id=\"imports\">@import url(\"/css/outer.css\") layer(low) supports(display: grid);\n\
             @layer low { .probe { color: rgb(1, 2, 3); } }</style></head>",
        );
        demo.edit(
            "index.html",
            "<footer class=\"colophon\">",
            "<p class=\"probe\" id=\"seen\"></p><div id=\"holder\"></div><script>\
             document.querySelector('#holder').attachShadow({ mode: 'open' }).innerHTML = \
             '<link rel=\"stylesheet\" href=\"/css/hidden.css\"><p class=\"probe\"></p>';\
             </script><footer class=\"colophon\">",
        );
    })
}

/// The value of a custom property in the document, and in the shadow root.
fn styled(name: &str) -> String {
    let own = "document.querySelector('#seen'), document.querySelector('#holder').shadowRoot.querySelector('p')";
    format!("[{own}].map(p => getComputedStyle(p).getPropertyValue('{name}')).join('')")
}

#[test]
fn sheets_are_exchanged_where_they_are_used_and_once() {
    let mut session = with_sheets();
    let imports = "[...document.querySelector('#imports').sheet.cssRules].map(rule => rule.cssText.replace(/\\?hmr=\\d+/, '').split('{')[0].trim())";
    let before = session.browser.value(imports, &[]);
    for (file, name) in [("inner", "--inner"), ("outer", "--outer"), ("hidden", "--hidden")] {
        let path = format!("static/css/{file}.css");
        session.demo.edit(&path, &format!("{name}: 1"), &format!("{name}: 2"));
        session.browser.wait(&format!("{} === '2'", styled(name)));
        let applied = session.dev.wait("applied");
        assert_eq!(applied["count"], 1, "{file}: {applied}");

        // The second of two saves may be announced before the first sheet has loaded.
        session.demo.edit(&path, &format!("{name}: 2"), &format!("{name}: 3"));
        session.demo.edit(&path, &format!("{name}: 3"), &format!("{name}: 4"));
        session.browser.wait(&format!("{} === '4'", styled(name)));
    }
    assert_eq!(session.browser.value(imports, &[]), before, "one rule each, with its conditions");
    let color = "getComputedStyle(document.querySelector('#seen')).color";
    assert_eq!(
        session.browser.value(color, &[]),
        "rgb(1, 2, 3)",
        "at the same position in the cascade"
    );
    let links = "document.querySelector('#holder').shadowRoot.querySelectorAll('link').length";
    session.browser.wait(&format!("{links} === 1"));
    assert!(session.is_marked());
}

#[test]
fn a_sheet_that_cannot_be_loaded_leaves_the_old_one_and_is_not_counted() {
    let mut session = with_sheets();
    for (file, name) in [("inner", "--inner"), ("hidden", "--hidden")] {
        let path = session.demo.path(&format!("static/css/{file}.css"));
        fs::remove_file(path).expect("it was there");
        let problem = session.dev.wait("problem").to_string();
        assert!(problem.contains(&format!("/css/{file}.css")), "{problem}");
        let applied = session.dev.wait("applied");
        assert_eq!(applied["count"], 0, "{file}: {applied}");
        assert_eq!(session.browser.value(&styled(name), &[]), json!("1"), "{file}");
    }
    assert!(session.is_marked());
}

#[test]
fn a_picture_is_exchanged_without_a_reload() {
    let mut session = Session::start();
    let logo = r##"<svg xmlns="http://www.w3.org/2000/svg" width="321" height="123"><rect width="321" height="123" fill="#a00"/></svg>"##;
    assert_ne!(session.browser.value("document.querySelector('.logo').naturalWidth", &[]), 321);
    session.demo.write("static/logo.svg", logo);
    let update = session.dev.wait("update");
    assert_eq!(update["kind"], "asset-update", "{update}");
    session.browser.wait("document.querySelector('.logo').naturalWidth === 321");
    assert!(session.is_marked());
}

#[test]
fn a_file_that_is_compiled_in_counts_as_source() {
    let mut session = Session::start();
    session.browser.keys("input[type=search]", "Wandering");
    session.browser.wait_text(".scroller tbody", "Wandering Island");
    let seeds = session.demo.read("catalog/data/seeds.csv");
    session
        .demo
        .write("catalog/data/seeds.csv", seeds.replace("Wandering Island", "Wandering Isthmus"));
    session.dev.wait_swap("catalog", "committed");
    session.browser.wait_text(".scroller tbody", "Wandering Isthmus");
    assert_eq!(
        session.browser.value("document.querySelector('input[type=search]').value", &[]),
        "Wandering"
    );
    assert!(session.is_marked());
}
