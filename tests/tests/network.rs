//! Where the server listens, which requests from other machines it answers, and connections that would block it.

use hmr_tests::demo::DemoCopy;
use hmr_tests::dev::{Dev, FIRST_BUILD, SOON, tool};
use hmr_tests::process::Process;
use hmr_tests::request::{Reply, open, send, send_body};
use hmr_tests::server::Server;
use serde_json::json;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};
use tungstenite::Message;

/// How long the server may take to close a connection without a request.
const CLOSED: Duration = Duration::from_mins(1);

/// How long the server may take to drop a client that reads nothing.
const DISCONNECT_TIMEOUT: Duration = Duration::from_mins(2);

/// The addresses that the tool has reported.
fn addresses(dev: &mut Dev) -> Vec<String> {
    let ready = dev.events().iter().find(|event| event["event"] == "ready").cloned();
    let ready = ready.expect("the tool is ready");
    let urls: Vec<String> = serde_json::from_value(ready["urls"].clone()).expect("addresses");
    assert_eq!(Some(ready["url"].as_str().expect("an address")), urls.first().map(String::as_str));
    assert_eq!(ready["warning"].is_string(), dev.key().is_some(), "{ready}");
    urls
}

#[test]
fn every_printed_address_can_be_opened() {
    for (host, first) in [
        ("127.0.0.1", "http://127.0.0.1:"),
        ("localhost", "http://localhost:"),
        ("::1", "http://[::1]:"),
        ("[::1]", "http://[::1]:"),
        ("0.0.0.0", "http://127.0.0.1:"),
        ("::", "http://"),
    ] {
        let mut server = Server::start_with(&["--host", host]);
        let urls = addresses(&mut server.dev);
        assert!(urls[0].starts_with(first), "{host}: {urls:?}");
        let wildcard = ["0.0.0.0", "::"].contains(&host);
        assert_eq!(server.dev.key().is_some(), wildcard, "{host}: {urls:?}");
        assert!(wildcard || urls.len() == 1, "{host}: {urls:?}");
        for url in urls {
            let authority = url.split('/').nth(2).unwrap_or_default();
            let bare = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
            let address = bare.trim_matches(['[', ']']).parse::<IpAddr>();
            assert!(!address.is_ok_and(|it| it.is_unspecified()), "{host}: {url}");
            let reply = open(&url);
            assert!(matches!(reply.status, 200 | 303), "{host}: {url}: {reply:?}");
        }
    }
}

#[test]
fn a_warning_lists_what_other_machines_can_reach() {
    let demo = DemoCopy::take();
    let printed = |host: &str| {
        let mut command = tool();
        command.arg("dev").arg(demo.folder()).args(["--port", "0", "--host", host]);
        let mut process = Process::start(command);
        process.wait_error("serving `", SOON);
        assert!(process.terminate(SOON).success());
        process.errors()
    };
    let exposed = printed("0.0.0.0");
    for part in ["warning: other", "static files", "sources", "snapshots", "127.0.0.1:", "/?key="] {
        assert!(exposed.contains(part), "{part}: {exposed}");
    }
    let own = printed("127.0.0.1");
    assert!(!own.contains("warning") && !own.contains("key="), "{own}");
}

/// A server that other machines can reach.
struct Exposed {
    server: Server,
    key: String,
}

impl Exposed {
    fn start() -> Self {
        let server = Server::start_with(&["--host", "0.0.0.0"]);
        let key = server.dev.key().expect("the address has a key").to_owned();
        Self { server, key }
    }

    /// A browser's response for a path.
    fn browse(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        let mut all = vec![("Accept", "text/html")];
        all.extend(headers);
        self.server.get(path, &all)
    }
}

#[test]
fn beyond_this_machine_nothing_is_served_without_the_key() {
    let exposed = Exposed::start();
    let Exposed { server, key } = &exposed;
    let wrong = key.replace(|digit: char| digit.is_ascii_digit(), "f");
    let cookie = format!("hmr-key-{}", server.port);
    let paths = [
        "/",
        "/style.css",
        "/no-such-file",
        "/@hmr/session",
        "/@hmr/client/main.js",
        "/@hmr/snapshots",
    ];
    for path in paths {
        for headers in [
            vec![],
            vec![("X-Hmr-Key", wrong.as_str())],
            vec![("X-Hmr-Key", "")],
            vec![("Cookie", wrong.as_str())],
            vec![("Cookie", &key[..])],
            vec![("Authorization", &key[..])],
        ] {
            for path in [path, &format!("{path}?key={wrong}"), &format!("{path}?key=")] {
                let reply = exposed.browse(path, &headers);
                assert_eq!(reply.status, 403, "{path} {headers:?}: {reply:?}");
                assert!(reply.body.contains("hint: open the whole address"), "{}", reply.body);
                assert!(!reply.body.contains("token"), "{}", reply.body);
                assert_eq!(reply.header("set-cookie"), None);
            }
        }
    }
    let refused = server.socket("0", None).expect_err("a socket requires the key");
    assert!(refused.contains("403"), "{refused}");
    let line = "DELETE /@hmr/snapshots/any";
    let reply = send_body(server.port, line, &[("Host", &server.own), ("X-Hmr-Token", "0")], "");
    assert!(reply.status == 403 && reply.body.contains("key"), "{reply:?}");

    // A browser gets a cookie, and the address without the key.
    let first = exposed.browse(&format!("/some/page?a=1&key={key}&b=2"), &[]);
    assert_eq!((first.status, first.header("location")), (303, Some("/some/page?a=1&b=2")));
    let set = first.header("set-cookie").expect("a cookie");
    assert!(set.starts_with(&format!("{cookie}={key};")), "{set}");
    assert!(set.contains("HttpOnly") && set.contains("SameSite=") && !set.contains("Domain"));
    let carried = format!("other=1; {cookie}={key}");
    for path in paths {
        let with_cookie = server.get(path, &[("Cookie", &carried)]).status;
        assert!(matches!(with_cookie, 200 | 404), "{path}: {with_cookie}");
        let with_header = server.get(path, &[("X-Hmr-Key", key)]).status;
        let in_address = server.get(&format!("{path}?key={key}"), &[]).status;
        assert_eq!((with_header, in_address), (with_cookie, with_cookie), "{path}");
    }
    // The other rules hold with the key as without.
    let evil = [("Host", "evil.test"), ("X-Hmr-Key", key.as_str())];
    assert_eq!(send(server.port, "GET /", &evil).status, 403);
    let origin = [("X-Hmr-Key", key.as_str()), ("Origin", "http://evil.test")];
    assert_eq!(server.get("/@hmr/session", &origin).status, 403);
    let away = exposed.browse(&format!("//evil.test/?key={key}"), &[]);
    assert_eq!(away.header("location"), Some("/evil.test/"), "no address of another server");
}

#[test]
fn the_key_is_the_same_after_a_restart() {
    let exposed = Exposed::start();
    let Exposed { server: Server { dev, demo, .. }, key } = exposed;
    dev.stop();
    let again = Dev::start_with(demo.folder(), &["--host", "0.0.0.0"]);
    assert_eq!(again.key(), Some(key.as_str()));
    let kept = demo.path("target/hmr/key");
    std::fs::remove_file(&kept).expect("the key is kept in a file");
    again.stop();
    let other = Dev::start_with(demo.folder(), &["--host", "0.0.0.0"]);
    assert!(other.key().is_some_and(|other| other != key));
    _ = std::fs::remove_file(&kept);
}

#[test]
fn a_name_is_answered_that_the_developer_allows() {
    let server =
        Server::start_with(&["--allowed-host", "Dev.Example", "--allowed-host", ".wide.test"]);
    let status = |host: &str| send(server.port, "GET /style.css", &[("Host", host)]).status;
    for host in ["dev.example", "DEV.example:80", "a.b.wide.test", "wide.test:1", "localhost"] {
        assert_eq!(status(host), 200, "{host}");
    }
    for host in ["x.dev.example", "example", "notwide.test", "evil.test"] {
        assert_eq!(status(host), 403, "{host}");
    }
    // A proxy that speaks TLS passes on the browser's own `Origin`.
    let origin = |origin: &str| {
        let headers = [("Host", "dev.example"), ("Origin", origin)];
        send(server.port, "GET /@hmr/session", &headers).status
    };
    assert_eq!((origin("https://dev.example"), origin("https://evil.test")), (200, 403));
    drop(server);

    let server = Server::start();
    let reply = send(server.port, "GET /", &[("Host", "dev.example")]);
    assert!(reply.body.contains("--allowed-host") && reply.body.contains("allowed-hosts"));
    let manifest = server.demo.read("Cargo.toml");
    let allowed = "\n[workspace.metadata.hmr]\nallowed-hosts = [\"dev.example\"]\n";
    server.demo.write("Cargo.toml", manifest + allowed);
    let last = Instant::now() + SOON;
    while send(server.port, "GET /style.css", &[("Host", "dev.example")]).status != 200 {
        assert!(Instant::now() < last, "the setting is not taken over");
    }
}

/// Connections to a server that send a part of a request, and then nothing.
fn half_open(port: u16, count: usize) -> Vec<TcpStream> {
    let begun = |number: usize| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
        stream.set_read_timeout(Some(CLOSED)).expect("a socket takes a timeout");
        if number.is_multiple_of(2) {
            // It may be closed already.
            _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ");
        }
        stream
    };
    (0..count).map(begun).collect()
}

/// Waits until the server has closed a connection.
fn assert_closed(stream: &mut TcpStream) {
    let mut byte = [0; 1024];
    loop {
        match stream.read(&mut byte) {
            Ok(0) => return,
            // It may send a reason.
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return,
            Err(error) => panic!("the connection is still open after {CLOSED:?}: {error}"),
        }
    }
}

#[test]
fn connections_without_a_request_are_closed_and_pages_are_served_meanwhile() {
    let server = Server::start();
    let mut streams = half_open(server.port, 600);
    server.assert_alive();
    for stream in &mut streams {
        assert_closed(stream);
    }
    server.assert_alive();
}

#[cfg(unix)]
#[test]
fn with_few_files_connections_keep_neither_pages_nor_builds_waiting() {
    let demo = DemoCopy::take();
    let tool = tool();
    let mut command = Command::new("sh");
    for (name, value) in tool.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.args(["-c", "ulimit -n 256 && exec \"$0\" \"$@\""]).arg(tool.get_program());
    command.arg("dev").arg(demo.folder()).args(["--json", "--port", "0", "--no-preflight"]);
    let mut dev = Dev::run(command);
    dev.wait_built();
    let streams = half_open(dev.port(), 600);
    let own = dev.authority().to_owned();
    let page = send(dev.port(), "GET /", &[("Host", &own), ("Accept", "text/html")]);
    assert_eq!(page.status, 200);
    demo.edit("signup/src/rules.rs", "MOST_SEATS: u32 = 6", "MOST_SEATS: u32 = 7");
    let update = dev.wait_until("update", FIRST_BUILD, |event| event["event"] == "update");
    assert_eq!(update["kind"], "hot-update", "{update}");
    drop(streams);
}

#[test]
fn a_page_that_does_not_read_is_disconnected_even_if_it_sends() {
    let mut server = Server::start();
    let (token, own) = (server.token(), format!("http://{}", server.own));
    let mut page = server.socket(&token, Some(&own)).expect("a socket opens");
    server.dev.wait("client-connected");
    let ready = r#"{"type":"ready","page":"silent","modules":[]}"#;
    // Each of these updates has some 200 KB.
    let names: Vec<String> =
        (0..1000).map(|number| format!("static/{}{number}.css", "long".repeat(45))).collect();
    let last = Instant::now() + DISCONNECT_TIMEOUT;
    for round in 0.. {
        let events = server.dev.events();
        if events.iter().any(|event| event["event"] == "client-disconnected") {
            break;
        }
        assert!(Instant::now() < last, "the page is still connected after {round} updates");
        // Whether it is received does not matter: it must not keep the page.
        _ = page.send(Message::text(ready));
        for name in &names {
            server.demo.write(name, round.to_string());
        }
        server.dev.wait("update");
    }
    server.assert_alive();
}

#[test]
fn what_a_page_reports_before_it_goes_is_read() {
    let mut server = Server::start();
    let (token, own) = (server.token(), format!("http://{}", server.own));
    for number in 0..40 {
        let mut page = server.socket(&token, Some(&own)).expect("a socket opens");
        let message = format!("report {number}");
        let report = json!({"type": "problem", "message": message}).to_string();
        page.send(Message::text(report)).expect("the socket takes a message");
        // It goes without reading the greeting, so sending that to it may fail.
        drop(page);
        server.dev.wait_until(&message, SOON, |event| event["message"] == message);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_whose_download_has_stalled_is_closed() {
    let server = Server::start();
    server.demo.write("static/film.mp4", vec![7; 64 << 20]);
    let mut stream = TcpStream::connect(&server.own).expect("the server listens");
    let request = format!("GET /film.mp4 HTTP/1.1\r\nHost: {}\r\n\r\n", server.own);
    stream.write_all(request.as_bytes()).expect("the server listens");
    stream.read_exact(&mut [0; 1]).expect("the server answers");
    let is_open = || {
        let folder = format!("/proc/{}/fd", server.dev.id());
        let files = std::fs::read_dir(folder).expect("the system lists open files");
        let targets = files.flatten().filter_map(|file| std::fs::read_link(file.path()).ok());
        targets.into_iter().any(|target| target.ends_with("film.mp4"))
    };
    assert!(is_open(), "the file is larger than all buffers");
    let last = Instant::now() + DISCONNECT_TIMEOUT;
    while is_open() {
        assert!(Instant::now() < last, "the file is still open");
        std::thread::sleep(Duration::from_millis(100));
    }
    server.assert_alive();
}
