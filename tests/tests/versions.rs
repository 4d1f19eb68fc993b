//! Manual choice of versions, pending failures, saved snapshots, gates, transforms and experiments: the real tool over HTTP,
//! and pages simulated by a socket.

use hmr_tests::demo::DemoCopy;
use hmr_tests::dev::{Dev, FIRST_BUILD, SOON};
use hmr_tests::request::{Reply, send_body};
use serde_json::{Value, json};
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Instant;
use tungstenite::{Message, WebSocket};

const SOURCE: &str = "stopwatch/src/lib.rs";
const TITLE: &str = "\"Stopwatch\".to_owned()";

/// The tool, built once, and what it serves.
struct Server {
    dev: Dev,
    demo: DemoCopy,
    token: String,
}

impl Server {
    fn start() -> Self {
        Self::serve(DemoCopy::take())
    }

    fn serve(demo: DemoCopy) -> Self {
        let mut dev = Dev::start(demo.folder());
        dev.wait_built();
        let mut server = Self { dev, demo, token: String::new() };
        let session = server.get("/@hmr/session");
        session["token"].as_str().expect("a token").clone_into(&mut server.token);
        server
    }

    fn request(&self, line: &str, body: &str) -> Reply {
        let headers = [("Host", self.dev.authority()), ("X-Hmr-Token", &self.token)];
        send_body(self.dev.port(), line, &headers, body)
    }

    fn get(&self, path: &str) -> Value {
        let reply = self.request(&format!("GET {path}"), "");
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        serde_json::from_str(&reply.body).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let reply = self.request(&format!("POST {path}"), &body.to_string());
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        serde_json::from_str(&reply.body).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The messages about the stopwatch.
    fn stopwatch(&self) -> Value {
        let reply = self.get("/@hmr/versions");
        let modules = reply["modules"].as_array().expect("modules");
        let own = modules.iter().find(|module| module["module"] == "stopwatch");
        own.expect("the stopwatch").clone()
    }

    /// Changes the title of the stopwatch; returns the hash of the resulting version.
    fn retitle(&mut self, title: &str) -> String {
        let text = self.demo.read(SOURCE);
        let (head, tail) = text.split_once("title: String").expect("a title");
        let start = head.rfind('"').expect("a literal's end");
        let begin = head[..start].rfind('"').expect("a literal's beginning");
        let new = format!("{}\"{title}{}title: String{tail}", &head[..begin], &head[start..]);
        self.demo.write(SOURCE, new);
        let built = self.dev.wait("build-finished");
        built["modules"][0]["hash"].as_str().expect("a hash").to_owned()
    }

    fn connect(&self, id: &str) -> Page {
        let address = format!(
            "ws://{}/@hmr/socket?token={}&page=/&id={id}",
            self.dev.authority(),
            self.token
        );
        let stream = TcpStream::connect(self.dev.authority()).expect("the server listens");
        stream.set_read_timeout(Some(SOON)).expect("a socket takes a timeout");
        let (socket, _) = tungstenite::client(address, stream).expect("a socket opens");
        Page { socket }
    }
}

/// A page that is simulated by its socket.
struct Page {
    socket: WebSocket<TcpStream>,
}

impl Page {
    /// The next message of a type.
    fn next(&mut self, kind: &str) -> Value {
        loop {
            let message = self.socket.read().unwrap_or_else(|error| panic!("no {kind}: {error}"));
            let Message::Text(text) = message else { continue };
            let value: Value = serde_json::from_str(&text).expect("messages are JSON");
            if value["type"] == kind {
                return value;
            }
        }
    }

    /// The update that names the version `expected` of the stopwatch. A page that connects while an update is announced is notified
    /// twice rather than never, so others may be before it.
    fn update_to(&mut self, expected: &str) -> Value {
        loop {
            let update = self.next("hot-update");
            if hash(&update) == expected {
                return update;
            }
        }
    }

    fn send(&mut self, message: &Value) {
        self.socket.send(Message::text(message.to_string())).expect("the socket takes a message");
    }

    /// Reports that a version of the stopwatch did not reach the page.
    fn unfetched(&mut self, hash: &str, error: &str) {
        let swap = json!({"module": "stopwatch", "hash": hash, "outcome": "rolled-back", "step": "prepare", "error": error,
            "cause": "fetch"});
        self.send(&json!({"type": "swap", "sequence": 0, "swaps": [swap]}));
    }

    /// Reports how a swap of the stopwatch ended.
    fn swapped(&mut self, hash: &str, outcome: &str, step: &str, error: &str) {
        let swap = json!({"module": "stopwatch", "hash": hash, "outcome": outcome, "step": step, "error": error});
        self.send(&json!({"type": "swap", "sequence": 0, "swaps": [swap]}));
    }
}

/// The hash of the stopwatch in a `hello` or a `hot-update`.
fn hash(message: &Value) -> &str {
    let modules = message["modules"].as_array().expect("modules");
    let own = modules.iter().find(|module| module["module"] == "stopwatch");
    own.and_then(|version| version["hash"].as_str()).expect("the stopwatch")
}

#[test]
fn a_version_that_fails_in_one_page_never_becomes_another_page_s() {
    let mut server = Server::start();
    let mut page = server.connect("one");
    let good = hash(&page.next("hello")).to_owned();
    let bad = server.retitle("Bad");
    page.update_to(&bad);
    page.unfetched(&bad, "no way to `/x.wasm`");
    server.dev.wait("swap");
    assert_eq!(hash(&server.connect("two").next("hello")), bad, "it was not tried");

    page.send(&json!({"type": "trap", "module": "stopwatch", "hash": bad, "message": "boom",
        "file": "stopwatch/src/lib.rs", "line": 42, "column": 1}));
    page.swapped(&bad, "undone", "probation", "boom");
    let refused = server.dev.wait("refused");
    assert_eq!((refused["hash"].as_str(), refused["serves"].as_str()), (Some(&*bad), Some(&*good)));
    let swap = server.dev.events().iter().rfind(|event| event["event"] == "swap").cloned();
    let swap = swap.expect("a swap")["swaps"][0].clone();
    assert_eq!((swap["file"].as_str(), swap["line"].as_u64()), (Some(SOURCE), Some(42)));

    let hello = server.connect("late").next("hello");
    assert_eq!(hash(&hello), good);
    let reply = hello["failure"].to_string();
    assert!(reply.contains("boom") && reply.contains("stopwatch/src/lib.rs"), "{reply}");
    let html = server.request("GET /", "").body;
    assert!(html.contains(&good) && !html.contains(&bad), "the page carries what failed");
    let listed = server.stopwatch();
    assert_eq!(listed["current"], good);
    assert_eq!(
        (&listed["versions"][0]["hash"], &listed["versions"][0]["refused"]),
        (&json!(bad), &json!(true))
    );

    let unloadable = server.retitle("Unloadable");
    let swap = json!({"module": "stopwatch", "hash": unloadable, "outcome": "rolled-back", "step": "instantiate", "error": "unreachable"});
    server.connect("fresh").send(&json!({"type": "swap", "sequence": null, "swaps": [swap]}));
    let loaded = server.dev.wait("loaded");
    assert_eq!(loaded["swaps"][0]["hash"], unloadable, "{loaded}");
    assert_eq!(server.dev.wait("refused")["hash"], unloadable);

    let fixed_version = server.retitle("Fixed");
    page.update_to(&fixed_version);
    let hello = server.connect("later").next("hello");
    assert_eq!((hash(&hello), &hello["failure"]), (&*fixed_version, &Value::Null));
}

#[test]
fn versions_are_listed_compared_pinned_and_restored() {
    let mut server = Server::start();
    let mut page = server.connect("one");
    let first = hash(&page.next("hello")).to_owned();
    let component = "/// What is new.\n#[component(export)]\npub fn BrandNew() -> View {\n    view! { <p>\"new\"</p> }\n}\n\n";
    let mark = "/// Starts or stops";
    server.demo.edit(SOURCE, mark, &format!("{component}{mark}"));
    let second = server.dev.wait("build-finished")["modules"][0]["hash"]
        .as_str()
        .expect("a hash")
        .to_owned();
    page.update_to(&second);

    let listed = server.stopwatch();
    assert_eq!((&listed["current"], &listed["pinned"]), (&json!(second), &Value::Null));
    let versions = listed["versions"].as_array().expect("versions");
    assert_eq!((&versions[0]["hash"], &versions[1]["hash"]), (&json!(second), &json!(first)));
    assert!(versions[0]["built"].as_u64() >= versions[1]["built"].as_u64(), "{listed}");
    assert!(versions[0]["bytes"].as_u64() > Some(1000), "{listed}");

    let reply =
        server.get(&format!("/@hmr/versions/compare?module=stopwatch&from={first}&to={second}"));
    assert_eq!(reply["components"], json!({"added": ["BrandNew"], "removed": []}));
    assert_eq!(reply["exports"], json!({"added": ["hmr_component:BrandNew"], "removed": []}));
    let names = |what: &str| reply["functions"][what].as_array().expect("names").clone();
    assert!(names("added").contains(&json!("stopwatch::BrandNew")), "{reply}");
    let shifted = names("changed").into_iter().filter(|name| name.to_string().contains("toggle"));
    assert_eq!(shifted.count(), 0, "what only moved has not changed: {reply}");
    assert!(reply["size"]["to"].as_u64() > reply["size"]["from"].as_u64(), "{reply}");

    server.post("/@hmr/versions/restore", &json!({"module": "stopwatch", "hash": first}));
    page.update_to(&first);
    assert_eq!(hash(&server.connect("two").next("hello")), first);

    server.post("/@hmr/versions/pin", &json!({"module": "stopwatch", "hash": second}));
    page.update_to(&second);
    // Pages may have chosen another version by themselves since.
    server.post("/@hmr/versions/pin", &json!({"module": "stopwatch", "hash": second}));
    page.update_to(&second);
    let third = server.retitle("Kept");
    server.dev.wait("held-back");
    let listed = server.stopwatch();
    assert_eq!((&listed["current"], &listed["pinned"]), (&json!(second), &json!(second)));
    assert_eq!(listed["versions"][0]["hash"], third);
    assert_eq!(hash(&server.connect("three").next("hello")), second);
    let denied = server.request(
        "POST /@hmr/versions/restore",
        &json!({"module": "stopwatch", "hash": first}).to_string(),
    );
    assert!(denied.status == 409 && denied.body.contains("hint: "), "{denied:?}");
    server.post("/@hmr/versions/pin", &json!({"module": "stopwatch", "hash": null}));
    page.update_to(&third);
    for line in ["POST /@hmr/versions/pin", "POST /@hmr/versions/restore"] {
        let reply = server.request(line, r#"{"module":"stopwatch","hash":"0"}"#);
        assert_eq!(reply.status, 404, "{reply:?}");
    }
}

/// A git repository in the demo's copy, removed when this is dropped.
struct Checkout {
    folder: PathBuf,
}

impl Checkout {
    fn of(demo: &DemoCopy) -> Self {
        let checkout = Self { folder: demo.folder().to_path_buf() };
        checkout.git(&["init", "--quiet"]);
        checkout.git(&["add", "stopwatch", "Cargo.toml"]);
        checkout.git(&["commit", "--quiet", "--message", "one"]);
        checkout
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=Test", "-c", "user.email=test@example.org"]);
        command.args(["-c", "commit.gpgsign=false"]).args(arguments).current_dir(&self.folder);
        let output = command.output().expect("git is installed");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(self.folder.join(".git"));
    }
}

#[test]
fn a_version_knows_the_commit_that_it_was_built_from() {
    let demo = DemoCopy::take();
    let checkout = Checkout::of(&demo);
    let commit = checkout.git(&["rev-parse", "--short", "HEAD"]);
    let mut server = Server::serve(demo);
    let edited = server.retitle("Edited");
    server.dev.wait("update");
    // The commit is looked up beside the compiler, and noted once both are done.
    let last = Instant::now() + SOON;
    let newest = loop {
        let newest = server.stopwatch()["versions"][0].clone();
        if newest["commit"] != Value::Null {
            break newest;
        }
        assert!(Instant::now() < last, "no commit is noted: {newest}");
    };
    assert_eq!((&newest["hash"], &newest["commit"]), (&json!(edited), &json!(commit)));
    assert_eq!(newest["dirty"], true);
    drop(checkout);
}

#[test]
fn snapshots_outlive_the_session() {
    let server = Server::start();
    let text = r#"{"hmr":1,"name":"full cart/é","modules":[{"module":"board","hash":"b","snapshot":{"abi":1,"n":18446744073709551616}}]}"#;
    assert_eq!(server.request("POST /@hmr/snapshots/full%20cart%2F%C3%A9", text).status, 204);
    let Server { dev, demo, .. } = server;
    dev.stop();
    // The files that `cargo clean` deletes.
    fs::remove_dir_all(demo.path("target/hmr/snapshots")).ok();
    let server = Server::serve(demo);
    let listed = server.get("/@hmr/snapshots");
    let names: Vec<&Value> = listed["snapshots"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|saved| &saved["name"])
        .collect();
    assert!(names.contains(&&json!("full cart/é")), "{listed}");
    assert!(server.demo.read(".hmr/.gitignore").ends_with("\n*\n"));
    assert_eq!(server.request("GET /@hmr/snapshots/full%20cart%2F%C3%A9", "").body, text);
    assert_eq!(server.request("DELETE /@hmr/snapshots/full%20cart%2F%C3%A9", "").status, 204);
    assert_eq!(server.request("GET /@hmr/snapshots/full%20cart%2F%C3%A9", "").status, 404);
}

#[test]
fn snapshots_that_an_earlier_version_saved_are_moved_once() {
    let demo = DemoCopy::take();
    let text = r#"{"hmr":1,"name":"full.Cart","modules":[]}"#;
    fs::create_dir_all(demo.path("target/hmr/snapshots")).expect("the copy can be written");
    fs::write(demo.path("target/hmr/snapshots/full.Cart.json"), text).expect("a file");
    let mut dev = Dev::start(demo.folder());
    let note = dev.wait("note");
    assert!(
        note["message"].as_str().is_some_and(|it| it.starts_with("1 saved snapshots were moved")),
        "{note}"
    );
    let reply =
        send_body(dev.port(), "GET /@hmr/snapshots/full.Cart", &[("Host", dev.authority())], "");
    assert_eq!(reply.body, text);
    assert!(!demo.path("target/hmr/snapshots/full.Cart.json").exists());
}

/// Waits until another process has made a file.
#[cfg(unix)]
fn wait_for_file(path: &Path) {
    let last = Instant::now() + SOON;
    while !path.exists() {
        assert!(Instant::now() < last, "there is no {}", path.display());
        thread::yield_now();
    }
}

#[test]
#[cfg(unix)]
fn an_update_waits_for_its_gate() {
    let demo = DemoCopy::take();
    let manifest = demo.read("stopwatch/Cargo.toml");
    demo.write(
        "stopwatch/Cargo.toml",
        manifest + "\n[package.metadata.hmr]\ngate = \"sh gate.sh\"\n",
    );
    demo.write("stopwatch/gate.sh", "exit 0");
    let mut server = Server::serve(demo);
    server.dev.wait_any("gate-finished");
    let mut page = server.connect("one");
    let first = hash(&page.next("hello")).to_owned();

    server.demo.write("stopwatch/gate.sh", "echo one test failed; exit 1");
    server.demo.edit(SOURCE, TITLE, "\"Gated\".to_owned()");
    let failed = server.dev.wait("build-failed");
    assert_eq!(failed["title"], "the gate of `stopwatch` failed");
    assert!(
        failed["diagnostics"][0]["rendered"]
            .as_str()
            .is_some_and(|text| text.ends_with("one test failed")),
        "{failed}"
    );
    let hello = server.connect("late").next("hello");
    assert_eq!((hash(&hello), &hello["failure"]["title"]), (&*first, &failed["title"]));

    let running = server.demo.path("target/gate-runs");
    _ = fs::remove_file(&running);
    server.demo.write("stopwatch/gate.sh", "touch ../target/gate-runs; sleep 600");
    wait_for_file(&running);
    server.demo.write("stopwatch/gate.sh", "exit 0");
    let cancelled = server.dev.wait("gate-finished");
    assert_eq!(cancelled["outcome"], "cancelled", "the newest save wins");
    server.dev.wait_until("the gate to pass", SOON, |event| event["outcome"] == "passed");
    let update = server.dev.wait("update");
    let gated = update["modules"][0]["hash"].as_str().expect("a hash");
    assert_ne!(gated, first);
    page.update_to(gated);
}

#[test]
#[cfg(unix)]
fn gates_can_be_left_out() {
    let demo = DemoCopy::take();
    let manifest = demo.read("stopwatch/Cargo.toml");
    demo.write("stopwatch/Cargo.toml", manifest + "\n[package.metadata.hmr]\ngate = \"exit 1\"\n");
    let mut command = hmr_tests::dev::tool();
    command.arg("dev").arg(demo.folder()).args(["--json", "--port", "0", "--no-gates"]);
    let mut dev = Dev::run(command);
    dev.wait_built();
    dev.stop();
    let mut dev = Dev::start(demo.folder());
    let failed = dev.wait_within("build-failed", FIRST_BUILD);
    assert_eq!(failed["title"], "the gate of `stopwatch` failed");
}

#[test]
fn a_transform_is_sent_once_with_the_next_update() {
    let mut server = Server::start();
    let mut page = server.connect("one");
    page.next("hello");
    server.demo.write("stopwatch/hmr-transform.json", "[{\"op\":\"rename\",\n\"from\":\"watch\"}]");
    let failed = server.dev.wait("build-failed");
    let diagnostic = &failed["diagnostics"][0];
    assert_eq!(diagnostic["file"], "stopwatch/hmr-transform.json", "{failed}");
    assert!(
        diagnostic["message"].as_str().is_some_and(|text| text.contains("missing field `to`")),
        "{failed}"
    );

    let ops = json!([{"op": "rename", "from": "watch", "to": "clockwork"}, {"op": "set", "key": "n", "value": [1]}]);
    server.demo.write("stopwatch/hmr-transform.json", ops.to_string());
    server.dev.wait("unchanged");
    let first = server.retitle("Transformed");
    assert_eq!(page.update_to(&first)["modules"][0]["transform"], ops);
    let second = server.retitle("Once");
    assert_eq!(page.update_to(&second)["modules"][0]["transform"], Value::Null);
}

#[test]
fn pages_of_an_experiment_have_their_own_versions_and_reports() {
    let mut server = Server::start();
    let (mut fixed, mut newest) = (server.connect("fixed"), server.connect("newest"));
    let old = hash(&fixed.next("hello")).to_owned();
    newest.next("hello");
    for (page, hash) in [("fixed", old.as_str()), ("newest", "newest")] {
        server
            .post("/@hmr/experiments", &json!({"module": "stopwatch", "page": page, "hash": hash}));
    }
    let new = server.retitle("Newest");
    newest.update_to(&new);
    assert_eq!(hash(&server.connect("fixed").next("hello")), old, "it keeps its version");
    assert_eq!(hash(&server.connect("newest").next("hello")), new);

    let html = server.request("GET /", "").body;
    assert!(html.contains(r#""later":["stopwatch"]"#), "the version is sent later: {html}");
    assert!(!html.contains(&new) && !html.contains(&old), "{html}");

    newest.swapped(&new, "committed", "", "");
    server.dev.wait("swap");
    fixed.send(&json!({"type": "slower", "module": "stopwatch", "hash": old, "before": "x",
        "call": "hmr_dispatch", "calls": 40, "before_ms": 3.1, "after_ms": 7.4}));
    assert_eq!(server.dev.wait("slower")["calls"], 40);
    let reply = server.get("/@hmr/experiments");
    let variants = reply["experiments"][0]["variants"].as_array().expect("variants").clone();
    let of =
        |hash: &str| variants.iter().find(|variant| variant["hash"] == hash).expect("a variant");
    assert_eq!(
        (&of(&old)["pages"], &of(&old)["reports"]["slower"][0]["calls"]),
        (&json!(["fixed"]), &json!(40))
    );
    assert_eq!(of("newest")["reports"]["swaps"]["committed"], 1);

    server.post("/@hmr/experiments", &json!({"module": "stopwatch", "variants": []}));
    for page in [&mut fixed, &mut newest] {
        page.update_to(&new);
    }
    let variants = json!([{"hash": old, "weight": 1}]);
    server.post("/@hmr/experiments", &json!({"module": "stopwatch", "variants": variants}));
    newest.update_to(&old);
}
