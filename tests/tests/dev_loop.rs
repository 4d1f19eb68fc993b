//! The loop of the tool while much happens at once: saves that never stop, files that change together, output that nothing
//! reads, locks of other processes.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use hmr_tests::demo::DemoCopy;
use hmr_tests::dev::{Dev, SOON, tool};
use hmr_tests::page::Page;
use hmr_tests::small::SmallApp;
use serde_json::Value;
use walkdir::WalkDir;

#[test]
fn saves_that_never_stop_let_pages_be_updated() {
    let demo = DemoCopy::take();
    let mut dev = Dev::start(demo.folder());
    dev.wait_built();
    let mut page = Page::open(&dev);
    page.read("hello");
    let source = demo.read("stopwatch/src/lib.rs");
    let (stop, stopped) = mpsc::channel::<()>();
    let demo = &demo;
    let saved = thread::scope(|scope| {
        let editor = scope.spawn(move || {
            let mut saved = 0;
            // Ten saves a second, until enough updates were announced.
            while stopped.recv_timeout(Duration::from_millis(100)) == Err(RecvTimeoutError::Timeout)
            {
                saved += 1;
                let text = source.replace("\"Reset\"", &format!("\"Reset {saved}\""));
                demo.write("stopwatch/src/lib.rs", text);
            }
            saved
        });
        let updates = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..3 {
                page.update("stopwatch");
            }
        }));
        drop(stop);
        let saved = editor.join().expect("it saves");
        updates.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        saved
    });
    assert!(saved > 3, "{saved} saves");
    // The newest save is built without another one.
    let is_last = |event: &Value| event["event"] == "build-finished";
    dev.wait_until("the last build", SOON, is_last);
}

#[test]
fn a_page_that_is_saved_with_broken_code_is_loaded_again() {
    let demo = DemoCopy::take();
    let mut dev = Dev::start(demo.folder());
    dev.wait_built();
    let mut page = Page::open(&dev);
    page.read("hello");
    let html = demo.read("index.html");
    demo.edit("signup/src/rules.rs", "MOST_SEATS: u32 = 6", "MOST_SEATS: u32 = six");
    demo.write("index.html", html + "<!-- new -->");
    dev.wait("build-failed");
    let reload = page.read("full-reload");
    assert_eq!(reload["reason"], "`index.html` changed", "{reload}");
    // The edit that the broken code was saved for is still pending.
    demo.edit("signup/src/rules.rs", "MOST_SEATS: u32 = six", "MOST_SEATS: u32 = 7");
    page.update("signup");
}

#[test]
fn a_lock_of_another_process_is_reported_once() {
    let demo = DemoCopy::take();
    let mut dev = Dev::start(demo.folder());
    dev.wait_built();
    let locks: Vec<File> = WalkDir::new(demo.path("target/hmr"))
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().ends_with("-lock"))
        .map(|entry| File::open(entry.path()).expect("a lock file can be opened"))
        .collect();
    assert!(!locks.is_empty(), "cargo has lock files");
    for lock in &locks {
        lock.lock().expect("nothing is built now");
    }
    demo.edit("stopwatch/src/lib.rs", "\"Reset\"", "\"Set back\"");
    // Other tests that run cargo may hold another lock, that of downloaded packages.
    let waiting = dev.wait_until("the lock of the build's folder", SOON, |event| {
        let what = event["what"].as_str().unwrap_or_default();
        event["event"] == "waiting" && what.contains("lock") && what.contains("directory")
    });
    drop(locks);
    dev.wait("build-finished");
    let is_same = |event: &&Value| event["event"] == "waiting" && event["what"] == waiting["what"];
    let times = dev.events().iter().filter(is_same).count();
    assert_eq!(times, 1, "it is reported once");
}

/// A tool whose output is not read.
struct Unread {
    child: Child,
    port: u16,
}

impl Unread {
    fn start(demo: &DemoCopy) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = port.expect("a port is free").port();
        let mut command = tool();
        command.arg("dev").arg(demo.folder()).args(["--json", "--no-preflight"]);
        command.args(["--port", &port.to_string()]).stdin(Stdio::null());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        Self { child: child.expect("the tool starts"), port }
    }

    /// A page, once the tool answers.
    fn page(&self) -> Page {
        let last = Instant::now() + SOON;
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < last, "nothing listens at {}", self.port);
            thread::sleep(Duration::from_millis(20));
        }
        Page::open_at(self.port)
    }

    fn terminate(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().is_ok());
        let last = Instant::now() + SOON;
        while self.child.try_wait().expect("its status can be read").is_none() {
            assert!(Instant::now() < last, "it does not end");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Functions that are never called: the compiler warns of each.
fn unused(round: usize) -> String {
    let functions = (0..2500).map(|number| format!("fn unused_{round}_{number}() {{}}"));
    functions.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_pipe_that_is_not_read_stops_nothing_and_what_was_dropped_is_counted() {
    let demo = DemoCopy::take();
    let mut tool = Unread::start(&demo);
    let mut page = tool.page();
    let source = demo.read("stopwatch/src/lib.rs");
    page.read("build-succeeded");
    // Each build reports more than a megabyte of warnings.
    for round in 1..=8 {
        let text = source.replace("\"Reset\"", &format!("\"Reset {round}\""));
        demo.write("stopwatch/src/lib.rs", text + &unused(round));
        page.update("stopwatch");
    }
    // Once the output is read, it reports what is missing, and continues.
    let stdout = tool.child.stdout.take().expect("its output is a pipe");
    let (lines, read) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let event: Value = serde_json::from_str(&line).expect("each line is JSON");
            if lines.send(event).is_err() {
                return;
            }
        }
    });
    let next = |name: &str| loop {
        let event = read.recv_timeout(SOON).unwrap_or_else(|error| panic!("no `{name}`: {error}"));
        if event["event"] == name {
            return event;
        }
    };
    let dropped = next("dropped");
    assert!(dropped["count"].as_u64().is_some_and(|count| count > 0), "{dropped}");
    demo.write("stopwatch/src/lib.rs", source.replace("\"Reset\"", "\"Reset 9\""));
    next("build-finished");
    tool.terminate();
}

#[test]
fn a_tool_whose_output_is_not_read_ends_on_a_signal() {
    let demo = DemoCopy::take();
    demo.write("stopwatch/src/lib.rs", demo.read("stopwatch/src/lib.rs") + &unused(0));
    let tool = Unread::start(&demo);
    let mut page = tool.page();
    page.read("build-succeeded");
    tool.terminate();
}

#[test]
fn a_pipe_that_is_closed_ends_nothing() {
    let demo = DemoCopy::take();
    let mut tool = Unread::start(&demo);
    let mut page = tool.page();
    drop(tool.child.stdout.take());
    page.read("build-succeeded");
    demo.edit("stopwatch/src/lib.rs", "\"Reset\"", "\"Set back\"");
    page.update("stopwatch");
    tool.terminate();
}

#[test]
fn a_toolchain_file_above_the_application_has_the_toolchain_found_again() {
    let app = SmallApp::new("", "pub fn length() -> u32 { 1 }");
    let mut command = tool();
    command.env_remove("RUSTUP_TOOLCHAIN").arg("dev").arg(app.path("app"));
    command.args(["--json", "--port", "0", "--no-preflight"]);
    let mut dev = Dev::run(command);
    dev.wait_built();

    // There is no such toolchain, so the message is rustup's.
    let file = "rust-toolchain.toml";
    app.write(file, "[toolchain]\nchannel = \"1.95.0-that-does-not-exist\"\n");
    let failure = dev.wait("build-failed");
    assert!(failure.to_string().contains("that-does-not-exist"), "{failure}");
    fs::remove_file(app.path(file)).expect("it can be removed");
    dev.wait("build-finished");

    // A setting of cargo's above the application counts, too.
    let config = ".cargo/config.toml";
    app.write(config, "[build]\nrustc = \"/no/such/rustc\"\n");
    dev.wait("build-failed");
    fs::remove_file(app.path(config)).expect("it can be removed");
    dev.wait("build-finished");
}
