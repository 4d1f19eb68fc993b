//! The settings of `Trunk.toml` about how a page is served and built.
#![cfg(unix)]

use std::time::{Duration, Instant};

use hmr_tests::dev::{Dev, SOON};
use hmr_tests::request::{Reply, open, send};
use hmr_tests::web_app::WebApp;

fn get(dev: &Dev, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut all = vec![("Host", dev.authority())];
    all.extend(headers);
    send(dev.port(), &format!("GET {path}"), &all)
}

#[test]
fn headers_are_on_the_page_and_its_files() {
    let settings = "[serve.headers]\nX-Test = \"1\"\nCache-Control = \"max-age=60\"\n\
                    Content-Security-Policy = \"default-src 'self'\"\nAccess-Control-Allow-Origin = \"*\"\n";
    let app = WebApp::new(&[("Trunk.toml", settings), ("static/a.txt", "a")]);
    let dev = app.serve(&["--port", "0"]);
    for path in ["/", "/a.txt", "/no-such-file"] {
        let reply = get(&dev, path, &[]);
        assert_eq!(reply.header("x-test"), Some("1"), "{path}: {reply:?}");
        assert_eq!(reply.header("cache-control"), Some("max-age=60"), "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), None, "{path}");
        let policies = reply.headers.iter().filter(|(name, _)| name == "content-security-policy");
        let policies: Vec<&str> = policies.map(|(_, value)| value.as_str()).collect();
        assert_eq!(policies, ["default-src 'self'", "frame-ancestors 'self'"], "{path}");
    }
    assert_eq!(get(&dev, "/@hmr/client/main.js", &[]).header("x-test"), None);
}

#[test]
fn an_unknown_path_is_the_pages_unless_the_settings_say_otherwise() {
    let html = [("Accept", "text/html")];
    for (file, text, status) in [
        ("Trunk.toml", "", 200),
        ("Trunk.toml", "[serve]\nno_spa = true\n", 404),
        ("Dioxus.toml", "[web.watcher]\nindex_on_404 = false\n", 404),
    ] {
        let dev_app = WebApp::new(&[(file, text)]);
        let dev = dev_app.serve(&["--port", "0"]);
        assert_eq!(get(&dev, "/some/path", &html).status, status, "{file}: {text}");
        assert_eq!(get(&dev, "/", &html).status, 200, "{file}: {text}");
    }
}

/// The addresses that the tool has printed.
fn printed(dev: &mut Dev) -> Vec<String> {
    let ready = dev.events().iter().find(|event| event["event"] == "ready").cloned();
    serde_json::from_value(ready.expect("the tool is ready")["urls"].clone()).expect("addresses")
}

#[test]
fn the_tool_listens_where_the_settings_say() {
    let settings =
        "[serve]\naddresses = [\"127.0.0.2\", \"127.0.0.1\"]\naliases = [\"dev.test\", \"a b\"]\n";
    let app = WebApp::new(&[("Trunk.toml", settings)]);
    let mut dev = app.serve(&["--port", "0"]);
    let port = dev.port();
    assert_eq!(
        printed(&mut dev),
        ["127.0.0.2", "127.0.0.1", "dev.test"].map(|host| format!("http://{host}:{port}/"))
    );
    let html = ("Accept", "text/html");
    for host in ["127.0.0.1", "dev.test"] {
        let host = format!("{host}:{port}");
        assert_eq!(send(port, "GET /", &[("Host", &host), html]).status, 200, "{host}");
    }
    assert_eq!(send(port, "GET /", &[("Host", "other.test"), html]).status, 403);
    dev.wait_until("note about the alias", SOON, |event| {
        event["event"] == "note" && event.to_string().contains("`serve.aliases`: `a b`")
    });

    let mut dev = app.serve(&["--port", "0", "--host", "127.0.0.3"]);
    let port = dev.port();
    assert_eq!(
        printed(&mut dev),
        ["127.0.0.3", "dev.test"].map(|host| format!("http://{host}:{port}/"))
    );
}

#[test]
fn an_address_that_other_machines_reach_needs_the_key() {
    let settings = "[serve]\naddress = \"0.0.0.0\"\n";
    let app = WebApp::new(&[("Trunk.toml", settings)]);
    let dev = app.serve(&["--port", "0"]);
    assert!(dev.key().is_some());
    assert_eq!(get(&dev, "/", &[]).status, 403);
}

/// Waits until a path has this text.
fn wait_served(dev: &Dev, path: &str, text: &str) {
    let last = Instant::now() + SOON;
    loop {
        let reply = get(dev, path, &[]);
        if reply.body.contains(text) {
            return;
        }
        assert!(Instant::now() < last, "{path}: {reply:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_stylesheet_of_cargo_leptos_is_compiled_and_updated() {
    let settings = "[package.metadata.leptos]\nstyle-file = \"style/main.scss\"\nsite-addr = \"127.0.0.4:0\"\n";
    let app = WebApp::new(&[
        ("Cargo.toml", &WebApp::manifest(settings)),
        ("style/main.scss", "@use \"parts\";\np { b { color: parts.$color } }"),
        ("style/_parts.scss", "$color: red;"),
    ]);
    let mut dev = app.serve(&[]);
    assert!(dev.url().starts_with("http://127.0.0.4:"), "{}", dev.url());
    let style = |dev: &Dev| open(&format!("{}/pkg/site.css", dev.url()));
    let first = style(&dev);
    assert_eq!(first.header("content-type"), Some("text/css; charset=utf-8"), "{first:?}");
    assert!(first.body.contains("p b {\n  color: red;"), "{first:?}");
    app.write("app/style/_parts.scss", "$color: blue;");
    let update = dev.wait_until("update", SOON, |event| event["kind"] == "css-update");
    assert_eq!(update["paths"][0], "/pkg/site.css");
    assert!(style(&dev).body.contains("blue"));

    app.write("app/style/_parts.scss", "$color");
    dev.wait_until("problem", SOON, |event| event["event"] == "problem");
    assert!(style(&dev).body.contains("blue"), "the last one is served");
}

#[test]
fn a_page_whose_files_are_wrong_at_first_is_built_when_they_are_corrected() {
    let page = "<html><head><link data-trunk rel=\"scss\" href=\"a.scss\"><link data-trunk rel=\"css\" href=\"b.css\"></head></html>";
    let app = WebApp::new(&[("index.html", page), ("a.scss", "p {")]);
    let dev = app.serve(&["--port", "0"]);
    assert!(!get(&dev, "/", &[("Accept", "text/html")]).body.contains("href=\"/a.css\""));
    app.write("app/a.scss", "p { color: red }");
    app.write("app/b.css", "p { color: blue }");
    wait_served(&dev, "/a.css", "red");
    wait_served(&dev, "/b.css", "blue");
}

#[test]
fn an_initializer_is_served_where_the_page_loads_it() {
    let page =
        "<html><head><link data-trunk rel=\"rust\" data-initializer=\"js/init.mjs\"></head></html>";
    let settings = "[build]\npublic_url = \"/shop/\"\n";
    let app = WebApp::new(&[
        ("index.html", page),
        ("Trunk.toml", settings),
        ("js/init.mjs", "export default () => ({});"),
    ]);
    let mut dev = app.serve(&["--port", "0"]);
    dev.wait("build-finished");
    assert!(get(&dev, "/shop/init.mjs", &[]).body.starts_with("export default"));
    let hello = hmr_tests::page::Page::open(&dev).read("hello");
    assert!(hello.to_string().contains("\"initializer\":\"/shop/init.mjs\""), "{hello}");
}

#[test]
fn a_script_that_is_compiled_in_is_a_source_of_its_application() {
    let page = "<script type=\"module\">import init from \"./pkg/site.js\"; init();</script>";
    let code =
        "#[unsafe(no_mangle)]\npub static TEXT: &[u8] = include_bytes!(\"../js/part.js\");\n";
    let app = WebApp::new(&[
        ("index.html", page),
        ("src/lib.rs", code),
        ("js/part.js", "export const a = 1;"),
        ("js/other.js", "export const b = 1;"),
    ]);
    let mut dev = app.serve(&["--port", "0"]);
    dev.wait("update");
    app.write("app/js/part.js", "export const a = 2;");
    let update = dev.wait("update");
    assert_eq!(update["kind"], "hot-update", "{update}");
    app.write("app/js/other.js", "export const b = 2;");
    let update = dev.wait("update");
    assert_eq!(update["kind"], "full-reload", "{update}");
}

#[test]
fn settings_in_yaml_are_watched() {
    let app = WebApp::new(&[("Trunk.yaml", "serve:\n  headers:\n    x-test: one\n")]);
    let mut dev = app.serve(&["--port", "0"]);
    dev.wait("update");
    assert_eq!(get(&dev, "/", &[]).header("x-test"), Some("one"));
    app.write("app/Trunk.yaml", "serve:\n  headers:\n    x-test: two\n");
    dev.wait("update");
    assert_eq!(get(&dev, "/", &[]).header("x-test"), Some("two"));
}
