//! Requests that the tool passes on to servers of the developer, as `Trunk.toml` and `Dioxus.toml` say.
#![cfg(unix)]

use std::net::TcpStream;
use std::time::Duration;

use hmr_tests::backend::Backend;
use hmr_tests::dev::{Dev, SOON};
use hmr_tests::request::{Reply, send, send_body, send_bytes};
use hmr_tests::web_app::WebApp;
use serde_json::Value;
use tungstenite::client::IntoClientRequest as _;
use tungstenite::{Message, WebSocket};

/// The tool, serving an application with this `Trunk.toml`.
fn serve(settings: &str) -> (WebApp, Dev) {
    let app = WebApp::new(&[("Trunk.toml", settings)]);
    let dev = app.serve(&["--port", "0"]);
    (app, dev)
}

fn get(dev: &Dev, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut all = vec![("Host", dev.authority())];
    all.extend(headers);
    send(dev.port(), &format!("GET {path}"), &all)
}

/// What the backend has reported of a request.
fn reported(reply: &Reply) -> Value {
    let text = reply.body.find('{').map_or("", |start| &reply.body[start..]);
    let text = text.rfind('}').map_or("", |end| &text[..=end]);
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {reply:?}"))
}

fn proxy(backend: &Backend, path: &str, more: &str) -> String {
    format!("[[proxy]]\nbackend = \"{}\"\n{more}\n", backend.url(path))
}

#[test]
fn requests_reach_the_backend_as_they_are() {
    let backend = Backend::start();
    let (_app, dev) = serve(&proxy(&backend, "/api", "request_headers = { X-Added = \"1\" }"));
    let own = [("Host", dev.authority()), ("X-Mine", "2"), ("Cookie", "hmr-key-1=s; a=b")];
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        let line = format!("{method} /api/a%20b/?x=1&y=%2F");
        let reply = send_body(dev.port(), &line, &own, "the body");
        assert_eq!(reply.status, 200, "{method}: {reply:?}");
        let got = reported(&reply);
        assert_eq!(got["method"], method);
        assert_eq!(got["uri"], "/api/a%20b/?x=1&y=%2F");
        assert_eq!(got["body"], "the body");
        let headers = &got["headers"];
        assert_eq!(headers["host"][0], backend.at.to_string());
        assert_eq!(headers["x-forwarded-host"][0], dev.authority());
        assert_eq!(headers["x-forwarded-proto"][0], "http");
        assert_eq!((&headers["x-mine"][0], &headers["x-added"][0]), (&"2".into(), &"1".into()));
        assert_eq!(headers["cookie"][0], "a=b");
        assert_eq!(headers["content-length"][0], "8");
        assert_eq!(headers["connection"], Value::Null);
    }
    let chunked = format!(
        "POST /api/x HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        dev.authority()
    );
    let answer = String::from_utf8_lossy(&send_bytes(dev.port(), chunked.as_bytes())).into_owned();
    assert!(answer.contains("\"body\":\"abcde\""), "{answer}");
    let head = send(dev.port(), "HEAD /api/teapot", &own);
    assert_eq!((head.status, head.header("content-length")), (418, Some("15")), "{head:?}");
    // Paths beside it are the page's.
    let page = get(&dev, "/apix", &[("Accept", "text/html")]);
    assert!(page.body.contains("/@hmr/client/main.js"), "{page:?}");
    let other = send_body(dev.port(), "POST /other", &own, "x");
    assert_eq!((other.status, other.header("allow")), (405, Some("GET,HEAD")));
}

#[test]
fn answers_come_back_as_they_are_and_are_not_shared_with_other_sites() {
    let backend = Backend::start();
    let (_app, dev) = serve(&proxy(&backend, "/api", ""));
    let reply = get(&dev, "/api/teapot", &[]);
    assert_eq!((reply.status, reply.body.as_str()), (418, "short and stout"));
    assert_eq!(reply.header("set-cookie"), Some("a=1"));
    assert_eq!(reply.header("access-control-allow-origin"), None);
    assert_eq!(reply.header("cross-origin-resource-policy"), Some("same-origin"));
    assert_eq!(reply.header("x-frame-options"), Some("DENY"));
    let policies = reply.headers.iter().filter(|(name, _)| name == "content-security-policy");
    let policies: Vec<&str> = policies.map(|(_, value)| value.as_str()).collect();
    assert_eq!(policies, ["default-src 'none'", "frame-ancestors 'self'"]);
    let slow = get(&dev, "/api/slow", &[]);
    assert!(slow.body.contains("part 0\n") && slow.body.contains("part 1\n"), "{slow:?}");
}

#[test]
fn paths_and_redirects_follow_the_settings() {
    let backend = Backend::start();
    let (_app, dev) = serve(&format!(
        "{}{}{}",
        proxy(&backend, "/api", ""),
        proxy(&backend, "/v2", "rewrite = \"/api/v1/\"\nno_redirect = true"),
        proxy(&backend, "/api", "rewrite = \"/stays\"\nno_redirect = true"),
    ));
    let uri = |path: &str| reported(&get(&dev, path, &[]))["uri"].clone();
    assert_eq!(uri("/api"), "/api");
    assert_eq!(uri("/api/v1"), "/api/v1", "the longer path is for what is below it");
    assert_eq!(uri("/api/v1/users?id=3"), "/v2/users?id=3");
    assert_eq!(uri("/api/moved"), "/api/landed");
    let moved = get(&dev, "/stays/moved", &[]);
    assert_eq!((moved.status, moved.header("location")), (302, Some("landed")));
    for path in ["/api/../secret", "/api/%2e%2e/secret", "/api/.%2E"] {
        assert_eq!(get(&dev, path, &[]).status, 400, "{path}");
    }
}

fn socket(
    dev: &Dev,
    path: &str,
    origin: Option<&str>,
) -> Result<WebSocket<TcpStream>, Box<tungstenite::Error>> {
    let address = format!("ws://{}{path}", dev.authority());
    let mut request = address.into_client_request().expect("an address");
    let headers = request.headers_mut();
    headers.insert("Sec-WebSocket-Protocol", "echo".parse().expect("a value"));
    if let Some(origin) = origin {
        headers.insert("Origin", origin.parse().expect("a value"));
    }
    let stream = TcpStream::connect(dev.authority()).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket takes a timeout");
    let (socket, response) = tungstenite::client(request, stream).map_err(|error| match error {
        tungstenite::HandshakeError::Failure(error) => Box::new(error),
        tungstenite::HandshakeError::Interrupted(_) => panic!("no answer"),
    })?;
    assert_eq!(response.headers()["sec-websocket-protocol"], "echo");
    Ok(socket)
}

#[test]
fn web_sockets_are_passed_on() {
    let backend = Backend::start();
    let (_app, dev) = serve(&format!(
        "{}{}",
        proxy(&backend, "/api/socket", "ws = true"),
        proxy(&backend, "/api", ""),
    ));
    let own = format!("http://{}", dev.authority());
    let mut open = socket(&dev, "/api/socket", Some(&own)).expect("a socket");
    for text in ["one", "two"] {
        open.send(Message::text(text)).expect("it is open");
        let answer = open.read().expect("an answer").into_text().expect("text");
        assert_eq!(answer.as_str(), format!("echo {text}"));
    }
    let large = vec![7; 1 << 20];
    open.send(Message::binary(large.clone())).expect("it is open");
    assert_eq!(open.read().expect("an answer").into_data(), large);
    open.close(None).expect("it is open");
    while open.read().is_ok() {}
    for origin in ["http://evil.test", "null", "http://localhost:1"] {
        let refused = socket(&dev, "/api/socket", Some(origin)).expect_err("it is refused");
        assert!(refused.to_string().contains("403"), "{origin}: {refused}");
    }
    let refused = socket(&dev, "/api/other", None).expect_err("it is refused");
    assert!(refused.to_string().contains("400"), "{refused}");
    // A backend that does not accept it says so itself.
    let (_app, dev) = serve(&proxy(&backend, "/api", "ws = true"));
    let refused = socket(&dev, "/api/teapot", None).expect_err("it is refused");
    assert!(refused.to_string().contains("418"), "{refused}");
}

#[test]
fn pages_of_other_sites_reach_no_backend() {
    let backend = Backend::start();
    let (_app, dev) = serve(&proxy(&backend, "/api", ""));
    for headers in [
        [("Origin", "http://evil.test")].as_slice(),
        &[("Origin", "null")],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Mode", "no-cors")],
        &[
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Dest", "iframe"),
        ],
    ] {
        assert_eq!(get(&dev, "/api/x", headers).status, 403, "{headers:?}");
    }
    let link = [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Dest", "document"),
    ];
    assert_eq!(get(&dev, "/api/callback?code=1", &link).status, 200, "a login leads back here");
    assert_eq!(send(dev.port(), "GET /api/x", &[("Host", "evil.test")]).status, 403);
    let foreign = [("Host", dev.authority()), ("Origin", "http://evil.test")];
    assert_eq!(send_body(dev.port(), "POST /api/x", &foreign, "x").status, 403);
}

#[test]
fn the_key_does_not_reach_the_backend() {
    let backend = Backend::start();
    let app = WebApp::new(&[("Trunk.toml", &proxy(&backend, "/api", ""))]);
    let dev = app.serve(&["--port", "0", "--host", "0.0.0.0"]);
    let key = dev.key().expect("a key").to_owned();
    assert_eq!(get(&dev, "/api/x", &[]).status, 403);
    let cookie = format!("hmr-key-{}={key}", dev.port());
    let referer = format!("{}/?key={key}", dev.url());
    for (path, header) in [
        ("/api/x", ("X-Hmr-Key", key.as_str())),
        ("/api/x", ("Cookie", &cookie)),
        (&format!("/api/x?a=1&key={key}"), ("Referer", &referer)),
    ] {
        let reply = get(&dev, path, &[header]);
        assert_eq!(reply.status, 200, "{header:?}: {reply:?}");
        assert!(!reply.body.contains(&key), "{header:?}: {reply:?}");
        assert!(reply.body.contains("/api/x"), "{reply:?}");
    }
}

#[test]
fn a_backend_that_is_down_is_reported_once_and_when_it_is_back() {
    let backend = Backend::start();
    let (at, settings) = (backend.at, proxy(&backend, "/api", "ws = true"));
    let (_app, mut dev) = serve(&settings);
    assert_eq!(get(&dev, "/api/x", &[]).status, 200);
    drop(backend);
    for _ in 0..3 {
        let reply = get(&dev, "/api/x", &[]);
        assert_eq!(reply.status, 502, "{reply:?}");
        let what = format!("`http://{at}/api` cannot be reached: ");
        assert!(reply.body.contains(&what) && reply.body.contains("\nhint: start the server"));
    }
    let refused = socket(&dev, "/api/socket", None).expect_err("there is no backend");
    assert!(refused.to_string().contains("502"), "{refused}");
    let of_proxy = |event: &Value| event["event"] == "problem" && event["page"] == "/api";
    dev.wait_until("report of the backend", SOON, of_proxy);
    let _backend = Backend::start_at(at);
    assert_eq!(get(&dev, "/api/x", &[]).status, 200);
    dev.wait_until("report of the backend", SOON, |event| {
        let message = event["message"].as_str().unwrap_or_default();
        event["event"] == "note" && message.ends_with("can be reached again")
    });
    assert_eq!(dev.events().iter().filter(|event| of_proxy(event)).count(), 1);
}

#[test]
fn a_circle_ends() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
    let port = port.expect("a free port").port();
    let app = WebApp::new(&[(
        "Trunk.toml",
        &format!("[[proxy]]\nbackend = \"http://127.0.0.1:{port}/api\"\n"),
    )]);
    let dev = app.serve(&["--port", &port.to_string()]);
    let reply = get(&dev, "/api/x", &[]);
    assert_eq!(reply.status, 508, "{reply:?}");
}

#[test]
fn the_settings_of_dx_and_their_edits_count() {
    let (first, second) = (Backend::start(), Backend::start());
    let settings =
        |backend: &Backend| format!("[[web.proxy]]\nbackend = \"{}\"\n", backend.url("/api/"));
    let app = WebApp::new(&[("Dioxus.toml", &settings(&first))]);
    let mut dev = app.serve(&["--port", "0"]);
    let host = |dev: &Dev| reported(&get(dev, "/api", &[]))["headers"]["host"][0].clone();
    assert_eq!(host(&dev), first.at.to_string());
    assert_eq!(get(&dev, "/api/moved", &[]).status, 302);
    socket(&dev, "/api/socket", None).expect("a socket");

    app.write("app/Dioxus.toml", "[[web.proxy]]\nbackend = \"localhost/api\"\n");
    let failed = dev.wait_until("failure", SOON, |event| {
        event["event"] == "build-failed" && event.to_string().contains("web.proxy.backend")
    });
    assert_eq!(failed["title"], "the application cannot be read");
    assert_eq!(host(&dev), first.at.to_string(), "the old settings count");

    app.write("app/Dioxus.toml", settings(&second));
    let last = std::time::Instant::now() + SOON;
    while host(&dev) != second.at.to_string() {
        assert!(std::time::Instant::now() < last, "the new settings do not count");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn settings_that_are_wrong_are_errors_at_the_start() {
    let two = "[[proxy]]\nbackend = \"http://a/b\"\n[[proxy]]\nbackend = \"http://c/b\"\n";
    let app = WebApp::new(&[("Trunk.toml", two)]);
    let output = hmr_tests::dev::tool().arg("dev").arg(app.path("app")).output();
    let output = output.expect("the tool runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("two proxies have the path `/b`"), "{text}");
}
