//! The real tool, running `dev` on a folder, and the events that it reports.
//!
//! In: a folder and arguments. Out: one JSON value for each event, in order. Tests await an event by its name with a
//! deadline; when it is not received, the panic shows all events that were.

use crate::process::Process;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};
use std::{env, thread};

/// Enough for one incremental build on a busy machine, and for what follows it.
pub const SOON: Duration = Duration::from_mins(1);

/// Enough for the first build of everything, the standard library included.
pub const FIRST_BUILD: Duration = Duration::from_mins(9);

/// Variables that cargo sets for tests, and that a tool started manually does not see.
const SET_BY_CARGO: [&str; 7] = [
    "CARGO_PKG_",
    "CARGO_MANIFEST_",
    "CARGO_BIN_",
    "CARGO_CRATE_NAME",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_TARGET_DIR",
    "CARGO_TARGET_TMPDIR",
];

/// A running `cargo hmr dev`.
#[derive(Debug)]
pub struct Dev {
    process: Process,
    seen: Vec<Value>,
    awaited: usize,
    url: String,
    key: Option<String>,
}

impl Dev {
    /// Serves `folder` on a free port; returns once the tool is ready.
    ///
    /// # Panics
    ///
    /// If it does not get ready.
    #[must_use]
    pub fn start(folder: &Path) -> Self {
        Self::start_on(folder, 0)
    }

    /// Serves `folder` on `port`; returns once the tool is ready.
    ///
    /// # Panics
    ///
    /// If it does not get ready.
    #[must_use]
    pub fn start_on(folder: &Path, port: u16) -> Self {
        let mut command = tool();
        command.arg("dev").arg(folder).args(["--json", "--port", &port.to_string()]);
        Self::run(command)
    }

    /// Serves `folder` on a free port, with further arguments; returns once the tool is ready.
    ///
    /// # Panics
    ///
    /// If it does not get ready.
    #[must_use]
    pub fn start_with(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = tool();
        command.arg("dev").arg(folder).args(["--json", "--port", "0"]).args(arguments);
        Self::run(command)
    }

    /// Runs a whole command line of the tool that reports events; returns once the tool is ready.
    ///
    /// # Panics
    ///
    /// If it does not get ready.
    #[must_use]
    pub fn run(command: Command) -> Self {
        let process = Process::start(command);
        let mut dev = Self { process, seen: Vec::new(), awaited: 0, url: String::new(), key: None };
        let ready = dev.wait_within("ready", FIRST_BUILD);
        let url = ready["url"].as_str().expect("`ready` has a `url`");
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        base.trim_end_matches('/').clone_into(&mut dev.url);
        dev.key = query.strip_prefix("key=").map(str::to_owned);
        dev
    }

    /// Where it serves, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The key in the printed address, if the tool requires one.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The id of its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Host and port, as a browser writes them into the `Host` header.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.url.strip_prefix("http://").unwrap_or(&self.url)
    }

    /// The port that it serves on.
    ///
    /// # Panics
    ///
    /// If the address has none.
    #[must_use]
    pub fn port(&self) -> u16 {
        let port = self.authority().rsplit(':').next().and_then(|port| port.parse().ok());
        port.expect("the address ends with a port")
    }

    /// The next event of this name that was not awaited before.
    ///
    /// # Panics
    ///
    /// If it is not received soon.
    pub fn wait(&mut self, event: &str) -> Value {
        self.wait_within(event, SOON)
    }

    /// The next event of this name, given the time that it may take.
    ///
    /// # Panics
    ///
    /// If it is not received in that time.
    pub fn wait_within(&mut self, event: &str, deadline: Duration) -> Value {
        self.wait_until(event, deadline, |value| value["event"] == event)
    }

    /// The next event that `accepts` accepts. Events before it count as awaited.
    ///
    /// # Panics
    ///
    /// If none is received in that time, with all that were.
    pub fn wait_until(
        &mut self,
        what: &str,
        deadline: Duration,
        accepts: impl Fn(&Value) -> bool,
    ) -> Value {
        let last = Instant::now() + deadline;
        loop {
            while self.awaited < self.seen.len() {
                self.awaited += 1;
                if accepts(&self.seen[self.awaited - 1]) {
                    return self.seen[self.awaited - 1].clone();
                }
            }
            let left = last.saturating_duration_since(Instant::now());
            match self.process.lines.recv_timeout(left) {
                Ok(line) => self.note(&line),
                Err(RecvTimeoutError::Timeout) => panic!("no {what} within {deadline:?}"),
                Err(RecvTimeoutError::Disconnected) => panic!("the tool ended before {what}"),
            }
        }
    }

    /// Waits for an event of this name unless there was one already, awaited or not.
    ///
    /// # Panics
    ///
    /// If there is none soon.
    pub fn wait_any(&mut self, event: &str) {
        if !self.events().iter().any(|value| value["event"] == event) {
            self.wait(event);
        }
    }

    /// The next swap report in which `module` ended with `outcome`.
    ///
    /// # Panics
    ///
    /// If it is not received soon.
    pub fn wait_swap(&mut self, module: &str, outcome: &str) -> Value {
        self.wait_until(&format!("swap of `{module}` that is {outcome}"), SOON, |value| {
            let mut swaps = value["swaps"].as_array().into_iter().flatten();
            value["event"] == "swap"
                && swaps.any(|swap| swap["module"] == module && swap["outcome"] == outcome)
        })
    }

    /// Waits until the first build is done, and nothing of it is left to announce.
    ///
    /// # Panics
    ///
    /// If it fails.
    pub fn wait_built(&mut self) {
        let ends = ["build-finished", "build-failed"];
        let end = self.wait_until("end of the build", FIRST_BUILD, |value| {
            ends.iter().any(|end| value["event"] == *end)
        });
        assert_eq!(end["event"], "build-finished", "the demo does not compile");
        self.wait("update");
    }

    /// Waits until updates are rehearsed.
    ///
    /// # Panics
    ///
    /// If they are not soon.
    pub fn wait_preflight(&mut self) {
        let is_ready = |event: &Value| event["event"] == "preflight" && event["ready"] == true;
        if !self.events().iter().any(is_ready) {
            self.wait_until("preflight that is ready", FIRST_BUILD, is_ready);
        }
    }

    /// The processes that the tool has started itself and whose programs' names begin like this.
    ///
    /// # Panics
    ///
    /// If the system does not report it.
    #[must_use]
    pub fn children(&self, program: &str) -> Vec<u32> {
        let parent = self.process.id().to_string();
        let listed = Command::new("ps").args(["--ppid", &parent, "-o", "pid=,args="]).output();
        let listed = listed.expect("`ps` runs");
        let listed = String::from_utf8_lossy(&listed.stdout);
        let child = |line: &str| {
            let (id, command) = line.trim().split_once(' ')?;
            let name = Path::new(command.split(' ').next()?).file_name()?.to_str()?;
            name.starts_with(program).then(|| id.parse().ok()).flatten()
        };
        listed.lines().filter_map(child).collect()
    }

    /// The next update, which must be of this kind.
    ///
    /// # Panics
    ///
    /// If it is not received soon, or is of another kind.
    pub fn wait_update(&mut self, kind: &str) -> Value {
        let update = self.wait("update");
        assert_eq!(update["kind"], kind, "{update}");
        update
    }

    /// How many builds were started so far.
    pub fn builds(&mut self) -> usize {
        self.events().iter().filter(|event| event["event"] == "build-started").count()
    }

    /// All events that were received, awaited or not.
    #[must_use]
    pub fn events(&mut self) -> &[Value] {
        while let Ok(line) = self.process.lines.try_recv() {
            self.note(&line);
        }
        &self.seen
    }

    /// The tool's output for people.
    #[must_use]
    pub fn errors(&self) -> String {
        self.process.errors()
    }

    /// Ends the tool as Ctrl-C does, and waits until its port is free.
    ///
    /// # Panics
    ///
    /// If it does not end soon.
    pub fn stop(mut self) {
        self.process.terminate(SOON);
    }

    fn note(&mut self, line: &str) {
        let value = serde_json::from_str(line);
        self.seen.push(value.unwrap_or_else(|error| {
            panic!("standard output has `{line}`, which is not JSON: {error}")
        }));
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        if thread::panicking() {
            let events: Vec<String> = self.events().iter().map(Value::to_string).collect();
            eprintln!("the tool reported:\n{}\nand wrote:\n{}", events.join("\n"), self.errors());
        }
    }
}

/// The command line of the tool, without arguments: what `CARGO_HMR` names, else the one built with this suite.
///
/// # Panics
///
/// If it was not built.
#[must_use]
pub fn tool() -> Command {
    let mut command = Command::new(
        env::var_os("CARGO_HMR").map_or_else(|| beside("hmr-under-test"), PathBuf::from),
    );
    for (variable, _) in env::vars_os() {
        let name = variable.to_string_lossy();
        if SET_BY_CARGO.iter().any(|start| name.starts_with(start)) {
            command.env_remove(&variable);
        }
    }
    command.env("HMR_PREFLIGHT", beside("hmr-preflight-under-test"));
    command
}

/// This package's own build of a program, which is in the folder above the test's.
fn beside(name: &str) -> PathBuf {
    let test = env::current_exe().expect("a test knows its own path");
    let folders = test.ancestors().skip(1).take(2);
    let mut candidates =
        folders.map(|folder| folder.join(name).with_extension(env::consts::EXE_EXTENSION));
    candidates
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("no `{name}` beside {}", test.display()))
}
