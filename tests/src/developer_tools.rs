//! A Chromium that is driven by its developer tools protocol alone, to measure what a page uses: chromedriver keeps things of
//! its own in the page.
//!
//! The protocol is described at <https://chromedevtools.github.io/devtools-protocol/>.

use std::fs;
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

use crate::browser::{AT_ONCE, FLAGS};
use crate::process::Process;

/// How often a condition is evaluated.
const POLL_INTERVAL: Duration = Duration::from_millis(25);

/// How long one command may take, a script that swaps many times included.
const COMMAND: Duration = Duration::from_mins(2);

/// Notes the memories of wasm that are made from now on, without keeping them alive.
const NOTE_MEMORIES: &str = "window.memories = []; { const { instantiate } = WebAssembly; \
    WebAssembly.instantiate = async (...values) => { const made = await instantiate(...values); \
    window.memories.push(new WeakRef(made.exports.memory)); return made; }; }";

/// A browser with one page. The fields end in this order.
#[derive(Debug)]
pub struct DeveloperTools {
    socket: WebSocket<TcpStream>,
    session: Option<String>,
    last: u64,
    _browser: Process,
    _profile: TempDir,
}

impl DeveloperTools {
    /// Starts a browser and opens an address in it.
    ///
    /// # Panics
    ///
    /// If that fails.
    #[must_use]
    pub fn open(url: &str) -> Self {
        let profile = TempDir::with_prefix("cargo-hmr-profile-").expect("a temporary folder");
        let mut command = Command::new("chromium");
        command.args(FLAGS).arg("--remote-debugging-port=0");
        command.arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        let browser = Process::start(command);
        // The browser writes its port and the path of its socket into this file.
        let file = profile.path().join("DevToolsActivePort");
        let address = within(AT_ONCE, || {
            let text = fs::read_to_string(&file).ok()?;
            let (port, path) = text.trim_end().split_once('\n')?;
            Some((port.parse::<u16>().ok()?, path.to_owned()))
        });
        let (port, path) = address.expect("Chromium starts in time");
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("Chromium listens");
        stream.set_read_timeout(Some(COMMAND)).expect("a time can be set");
        let address = format!("ws://127.0.0.1:{port}{path}");
        let (socket, _) = tungstenite::client(address, stream).expect("Chromium accepts it");
        let mut tools =
            Self { socket, session: None, last: 0, _browser: browser, _profile: profile };
        let target = tools.call("Target.createTarget", &json!({ "url": url }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = tools.call("Target.attachToTarget", &attach);
        tools.session = session["sessionId"].as_str().map(ToOwned::to_owned);
        tools
    }

    /// Sends a command, and returns its result.
    ///
    /// # Panics
    ///
    /// If the browser refuses it, or does not answer.
    pub fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.try_call(method, parameters).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Sends a command, and returns its result.
    ///
    /// # Errors
    ///
    /// The browser's error, for instance while a page is being loaded.
    ///
    /// # Panics
    ///
    /// If the browser does not answer.
    pub fn try_call(&mut self, method: &str, parameters: &Value) -> Result<Value, Value> {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(message.to_string())).expect("the browser reads");
        loop {
            let message = self.socket.read().unwrap_or_else(|error| panic!("{method}: {error}"));
            let Message::Text(text) = message else { continue };
            let answer: Value = serde_json::from_str(&text).expect("it is JSON");
            if answer["id"] == self.last {
                let error = &answer["error"];
                return if error.is_null() {
                    Ok(answer["result"].clone())
                } else {
                    Err(error.clone())
                };
            }
        }
    }

    /// The value of a JavaScript expression, or of the promise that it gives.
    ///
    /// # Panics
    ///
    /// If it throws.
    pub fn value(&mut self, expression: &str) -> Value {
        let parameters =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", &parameters);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until a JavaScript expression is true.
    ///
    /// # Panics
    ///
    /// If it is not in time.
    pub fn wait(&mut self, condition: &str) {
        let condition = format!(
            "(() => {{ try {{ return Boolean({condition}) }} catch {{ return false }} }})()"
        );
        let holds = within(AT_ONCE, || (self.value(&condition) == true).then_some(()));
        assert!(holds.is_some(), "not true in time: {condition}");
    }

    /// Has the memories of wasm counted that are made from now on.
    pub fn note_memories(&mut self) {
        _ = self.value(NOTE_MEMORIES);
    }

    /// What the page uses after everything that is not used was collected.
    pub fn usage(&mut self) -> Usage {
        // What the browser keeps for developers is not the page's: the times of requests, of which it has 250 at most, and the console.
        _ = self.value("performance.clearResourceTimings(), console.clear()");
        _ = self.call("Performance.enable", &json!({}));
        for _ in 0..3 {
            _ = self.call("HeapProfiler.collectGarbage", &json!({}));
        }
        let memories = self.value(
            "window.memories.filter((memory) => memory.deref()?.buffer.byteLength > 0).length",
        );
        let metrics = self.call("Performance.getMetrics", &json!({}));
        let metric = |name: &str| {
            let all = metrics["metrics"].as_array().cloned().unwrap_or_default();
            let found = all.iter().find(|metric| metric["name"] == name);
            found.and_then(|metric| metric["value"].as_f64()).unwrap_or(f64::NAN)
        };
        Usage {
            memories: memories.as_f64().unwrap_or(f64::NAN),
            nodes: metric("Nodes"),
            listeners: metric("JSEventListeners"),
            heap: metric("JSHeapUsedSize"),
        }
    }
}

/// What a page uses.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Memories of wasm that are not empty, of those that were noted.
    pub memories: f64,
    /// Nodes of documents.
    pub nodes: f64,
    /// Listeners of events.
    pub listeners: f64,
    /// The heap of JavaScript, in bytes.
    pub heap: f64,
}

/// The first answer, if there is one in time.
fn within<T>(deadline: Duration, mut answer: impl FnMut() -> Option<T>) -> Option<T> {
    let last = Instant::now() + deadline;
    loop {
        let found = answer();
        if found.is_some() || Instant::now() > last {
            return found;
        }
        thread::sleep(POLL_INTERVAL);
    }
}
