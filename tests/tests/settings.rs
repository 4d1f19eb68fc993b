//! The settings of `Trunk.toml` about how a page is served and built.
#![cfg(unix)]

use hmr_tests::dev::Dev;
use hmr_tests::request::{Reply, send};
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
