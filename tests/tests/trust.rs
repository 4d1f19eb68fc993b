//! The server against requests that no page of its own would send.

use hmr_tests::dev::SOON;
use hmr_tests::request::{send, send_body, send_bytes};
use hmr_tests::server::Server;
use serde_json::Value;
use std::fs;
use tungstenite::Message;

#[test]
fn only_hosts_that_mean_this_machine_are_answered() {
    let server = Server::start();
    let port = server.port;
    for host in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("LOCALHOST:{port}"),
        format!("[::1]:{port}"),
    ] {
        let reply = send(port, "GET /", &[("Host", &host), ("Accept", "text/html")]);
        assert_eq!(reply.status, 200, "{host}");
    }
    for host in [
        "evil.test",
        "evil.test:80",
        "localhost.evil.test",
        "127.0.0.1.evil.test",
        "127.0.0.1@evil.test",
        "me@127.0.0.1",
        "me:secret@localhost",
        "[[127.0.0.1",
        "[127.0.0.1]",
        "127.0.0.1:80:80",
        "127.0.0.1:x",
        "127.0.0.1.",
        "localhost.",
        "localhost.:80",
        "127.1",
        "2130706433",
        "::1",
        "",
        "\u{e9}vil",
    ] {
        for path in ["/", "/@hmr/session", "/style.css", "/@hmr/client/main.js"] {
            let reply =
                send(port, &format!("GET {path}"), &[("Host", host), ("Accept", "text/html")]);
            assert!(matches!(reply.status, 400 | 403), "{host} {path}: {reply:?}");
            assert!(!reply.body.contains("token"), "{host} {path}: {reply:?}");
        }
    }
    let nameless = send(port, "GET /@hmr/session", &[]);
    assert!(matches!(nameless.status, 400 | 403), "{nameless:?}");
    let own = server.own.as_str();
    for hosts in [["evil.test", own], [own, "evil.test"], [own, own]] {
        let reply = send(port, "GET /@hmr/session", &hosts.map(|host| ("Host", host)));
        assert_eq!(reply.status, 400, "{hosts:?}: {reply:?}");
    }
    for target in ["http://evil.test/@hmr/session", &format!("http://{own}/@hmr/session")] {
        let reply = send(port, &format!("GET {target}"), &[("Host", own)]);
        assert_eq!(reply.status, 400, "{target}: {reply:?}");
    }
    server.assert_alive();
}

#[test]
fn no_other_site_shows_a_page_in_its_frame() {
    let server = Server::start();
    for path in ["/", "/style.css", "/logo.svg", "/@hmr/client/main.js", "/no-such-file"] {
        let reply = server.get(path, &[("Accept", "text/html")]);
        let policy = reply.header("content-security-policy");
        assert_eq!(policy, Some("frame-ancestors 'self'"), "{path}");
        assert_eq!(reply.header("x-frame-options"), Some("SAMEORIGIN"), "{path}");
    }
}

#[test]
fn other_origins_get_no_token_and_no_socket() {
    let server = Server::start();
    let own = format!("http://{}", server.own);
    let token = server.token();
    let neighbour = format!("http://127.0.0.1:{}", server.port ^ 1);
    for origin in ["null", "http://evil.test", "file://", &format!("{own}.evil.test"), &neighbour] {
        assert_eq!(server.get("/@hmr/session", &[("Origin", origin)]).status, 403, "{origin}");
        let refused =
            server.socket(&token, Some(origin)).expect_err("a foreign origin gets no socket");
        assert!(refused.contains("403"), "{origin}: {refused}");
    }
    for site in ["cross-site", "same-site"] {
        assert_eq!(server.get("/@hmr/session", &[("Sec-Fetch-Site", site)]).status, 403, "{site}");
    }
    for wrong in [
        "",
        "0",
        &token[1..],
        &format!("{token}0"),
        &token.to_uppercase().replace(char::is_numeric, "f"),
    ] {
        let refused = server.socket(wrong, Some(&own)).expect_err("a wrong token gets no socket");
        assert!(refused.contains("403"), "{wrong}: {refused}");
    }

    let mut socket =
        server.socket(&token, Some(&own)).expect("the page's own origin gets the socket");
    let hello =
        socket.read().expect("the server sends a message first").into_text().expect("in text");
    let hello: Value = serde_json::from_str(&hello).expect("in JSON");
    assert_eq!(hello["type"], "hello");
}

#[test]
fn nothing_is_readable_across_origins() {
    let server = Server::start();
    for path in ["/", "/style.css", "/@hmr/session", "/@hmr/client/main.js", "/no-such-file"] {
        for origin in [None, Some("http://evil.test"), Some("null")] {
            let headers: Vec<(&str, &str)> =
                origin.map(|origin| ("Origin", origin)).into_iter().collect();
            let reply = server.get(path, &headers);
            assert_eq!(reply.header("cross-origin-resource-policy"), Some("same-origin"), "{path}");
            let shared = reply.headers.iter().find(|(name, _)| name.starts_with("access-control-"));
            assert_eq!(shared, None, "{path}");
        }
    }
    let headers = [
        ("Host", server.own.as_str()),
        ("Origin", "http://evil.test"),
        ("Access-Control-Request-Method", "POST"),
    ];
    let preflight = send(server.port, "OPTIONS /@hmr/session", &headers);
    assert!(preflight.status >= 400, "{preflight:?}");
    assert_eq!(preflight.header("access-control-allow-origin"), None);
}

#[test]
fn no_path_leads_out_of_what_is_served() {
    let server = Server::start();
    fs::write(server.demo.path("secret.txt"), "pigeon loft").expect("the copy can be written");
    #[cfg(unix)]
    std::os::unix::fs::symlink(server.demo.path("secret.txt"), server.demo.path("static/link.txt"))
        .expect("a link can be made");
    let outside = [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt",
        "/%252e%252e/secret.txt",
        "/static/../../secret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/./../secret.txt",
        "/secret.txt",
        "//secret.txt",
        "/link.txt",
        "/@hmr/client/../../secret.txt",
        "/@hmr/client/..%2f..%2fsecret.txt",
        "/@hmr/module/board/..%2f..%2fsecret.txt",
        "/@hmr/module/..%2fboard/secret.txt.wasm",
        "/style.css/../../secret.txt",
        "/secret.txt%00.css",
        "/%ff%fe",
        "/Cargo.toml",
        "/signup/src/lib.rs",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/.gitignore",
    ];
    for path in outside {
        for accept in ["*/*", "text/html"] {
            let reply = server.get(path, &[("Accept", accept)]);
            for secret in ["pigeon loft", "[workspace", "root:", "use hmr_sdk", "target/\n"] {
                assert!(!reply.body.contains(secret), "{path} shows a file: {reply:?}");
            }
            assert!(accept == "text/html" || reply.status >= 400, "{path}: {reply:?}");
        }
    }
    assert_eq!(server.get("/style.css", &[]).status, 200);
    server.assert_alive();
}

#[test]
fn requests_and_messages_of_any_content_leave_the_server_alive() {
    let mut server = Server::start();
    let long = format!("GET /{} HTTP/1.1\r\nHost: {}\r\n\r\n", "a".repeat(1 << 20), server.own);
    for bytes in [
        &b"\0\xff\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        long.as_bytes(),
    ] {
        let answer = send_bytes(server.port, bytes);
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{:?}", String::from_utf8_lossy(&answer));
    }
    for method in ["POST", "PUT", "DELETE", "TRACE", "NONSENSE"] {
        let reply = send(
            server.port,
            &format!("{method} /@hmr/session"),
            &[("Host", &server.own), ("Content-Length", "0")],
        );
        assert!(reply.status >= 400, "{method}: {reply:?}");
    }
    server.assert_alive();

    let own = format!("http://{}", server.own);
    let token = server.token();
    let deep = "[".repeat(100_000);
    let texts = [
        "",
        "{",
        "null",
        "[]",
        "{\"type\":7}",
        "{\"type\":\"no such thing\"}",
        "{\"type\":\"swap\",\"sequence\":-1,\"swaps\":{}}",
        &deep,
    ];
    for (number, text) in texts.into_iter().enumerate() {
        let mut socket = server.socket(&token, Some(&own)).expect("a socket opens");
        socket.send(Message::text(text)).expect("the socket takes a message");
        // The next page is handled as if nothing had been sent.
        let mut next = server.socket(&token, Some(&own)).expect("a socket opens");
        let text = format!("after number {number}");
        let problem = serde_json::json!({ "type": "problem", "message": text });
        next.send(Message::text(problem.to_string())).expect("the socket takes a message");
        server.dev.wait_until(&text, SOON, |event| {
            event["event"] == "problem" && event["message"] == text.as_str()
        });
    }
    let mut socket = server.socket(&token, Some(&own)).expect("a socket opens");
    _ = socket.send(Message::binary(vec![0xff; 9 << 20]));
    server.dev.wait("client-disconnected");
    server.assert_alive();
}

/// Requests that would change something, with bodies that the tool would understand.
const CHANGES: [(&str, &str); 6] = [
    ("POST /@hmr/versions/pin", r#"{"module":"unknown","hash":null}"#),
    ("POST /@hmr/versions/restore", r#"{"module":"unknown","hash":"0"}"#),
    ("POST /@hmr/experiments", r#"{"module":"unknown","variants":[]}"#),
    ("POST /@hmr/experiments", r#"{"module":"unknown","page":"me","hash":"newest"}"#),
    ("POST /@hmr/snapshots/trust", r#"{"hmr":1,"name":"trust","modules":[]}"#),
    ("DELETE /@hmr/snapshots/trust", ""),
];

#[test]
fn requests_that_change_something_need_the_token_and_the_own_origin() {
    let server = Server::start();
    let token = server.token();
    let own = format!("http://{}", server.own);
    let request = |line: &str, body: &str, headers: &[(&str, &str)]| {
        let mut all = vec![("Host", server.own.as_str())];
        all.extend(headers);
        send_body(server.port, line, &all, body)
    };
    for (line, body) in CHANGES {
        let wrong = format!("{token}0");
        for headers in [
            &[][..],
            &[("Origin", own.as_str())],
            &[("X-Hmr-Token", "")],
            &[("X-Hmr-Token", &wrong)],
            &[("X-Hmr-Token", &token[1..])],
            &[("X-Hmr-Token", &token), ("Origin", "http://evil.test")],
            &[("X-Hmr-Token", &token), ("Origin", "null")],
            &[("X-Hmr-Token", &token), ("Sec-Fetch-Site", "cross-site")],
            &[("X-Hmr-Token", &token), ("Sec-Fetch-Site", "same-site")],
        ] {
            let reply = request(line, body, headers);
            assert_eq!(reply.status, 403, "{line} {headers:?}: {reply:?}");
        }
        let host =
            send_body(server.port, line, &[("Host", "evil.test"), ("X-Hmr-Token", &token)], body);
        assert_eq!(host.status, 403, "{line}: {host:?}");
        let allowed = request(line, body, &[("X-Hmr-Token", &token), ("Origin", &own)]);
        assert!(matches!(allowed.status, 204 | 404), "{line}: {allowed:?}");
    }
    // The token in the address is for the socket alone.
    let line = format!("DELETE /@hmr/snapshots/trust?token={token}");
    assert_eq!(request(&line, "", &[]).status, 403);
    for path in [
        "/@hmr/versions",
        "/@hmr/versions/compare?module=a&from=b&to=c",
        "/@hmr/experiments",
        "/@hmr/snapshots",
        "/@hmr/snapshots/trust",
    ] {
        for (name, value) in [("Origin", "http://evil.test"), ("Sec-Fetch-Site", "cross-site")] {
            let reply = server.get(path, &[(name, value)]);
            assert_eq!(reply.status, 403, "{path}");
        }
    }
    server.assert_alive();
}

#[test]
fn manual_requests_of_any_content_are_refused_with_a_reason() {
    let server = Server::start();
    let token = server.token();
    let headers = [("Host", server.own.as_str()), ("X-Hmr-Token", &token)];
    let deep = "[".repeat(50_000);
    for (line, _) in CHANGES.into_iter().filter(|(line, _)| line.starts_with("POST")) {
        for body in
            ["", "{", "null", "[]", "7", r#"{"module":7}"#, r#"{"module":"a","x":1}"#, &deep]
        {
            let reply = send_body(server.port, line, &headers, body);
            assert_eq!(reply.status, 400, "{line} {body:.20}: {reply:?}");
            assert!(reply.body.contains("hint: "), "{line}: {}", reply.body);
        }
    }
    for name in ["%2e%2e", "%00", "a%0ab", "%20a", "%1b%5b2J", "%e2%80%ae", &"a".repeat(201)] {
        for (method, body) in [("GET", ""), ("POST", "{}"), ("DELETE", "")] {
            let line = format!("{method} /@hmr/snapshots/{name}");
            let reply = send_body(server.port, &line, &headers, body);
            assert_eq!(reply.status, 400, "{line}: {reply:?}");
        }
    }
    let large = format!(r#"{{"module":"{}","hash":null}}"#, "a".repeat(1 << 20));
    let reply = send_body(server.port, "POST /@hmr/versions/pin", &headers, &large);
    assert!(matches!(reply.status, 0 | 413), "{}", reply.status);
    let large = "a".repeat(17 << 20);
    let reply = send_body(server.port, "POST /@hmr/snapshots/large", &headers, &large);
    assert!(matches!(reply.status, 0 | 413), "{}", reply.status);
    server.assert_alive();
}
