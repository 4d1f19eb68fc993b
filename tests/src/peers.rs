//! Development servers, this one and others: each serves a copy of an example to a browser of its own.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::applications::AppCopy;
use crate::dev::tool;
use crate::developer_tools::DeveloperTools;
use crate::process::Process;

/// How long a first build may take.
const FIRST_BUILD: Duration = Duration::from_mins(5);

/// How often a condition is evaluated.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A development server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// This tool.
    Ours,
    /// Trunk.
    Trunk,
    /// The tool of Dioxus, with hot patches.
    Dx,
}

impl Peer {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ours, Self::Trunk, Self::Dx];

    /// The command.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "cargo hmr dev",
            Self::Trunk => "trunk serve",
            Self::Dx => "dx serve --hotpatch",
        }
    }

    /// Whether it is installed and serves this example.
    #[must_use]
    pub fn serves(self, app: &AppCopy) -> bool {
        match self {
            Self::Ours => true,
            Self::Trunk => {
                let has_page = app.path("index.html").is_file();
                is_installed("trunk") && has_page && app.read("index.html").contains("data-trunk")
            }
            Self::Dx => is_installed("dx") && app.path("Dioxus.toml").is_file(),
        }
    }

    fn command(self, folder: &Path, port: u16) -> Command {
        let port = port.to_string();
        let mut command = match self {
            Self::Ours => tool(),
            Self::Trunk => Command::new("trunk"),
            Self::Dx => Command::new("dx"),
        };
        match self {
            Self::Ours => command.arg("dev").arg(folder).args(["--json", "--port", &port]),
            Self::Trunk => command.args(["serve", "--offline", "--port", &port]),
            Self::Dx => command.args(["serve", "--hotpatch", "--web", "--port", &port]),
        };
        command.current_dir(folder);
        command
    }
}

/// A server with its copy of an example, and a browser. The fields end in this order.
#[derive(Debug)]
pub struct Serving {
    /// The server.
    pub peer: Peer,
    /// The page.
    pub page: DeveloperTools,
    _process: Process,
    /// The copy.
    pub app: AppCopy,
}

impl Serving {
    /// A copy of an example, for one server. All of a server's are compiled into one folder.
    #[must_use]
    pub fn copy(peer: Peer, example: &str) -> AppCopy {
        let target = format!("../target/tmp/peers/{peer:?}");
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join(target);
        AppCopy::of(&format!("examples/{example}"), &target)
    }

    /// Starts a server, and opens its page; `script` runs in each document of it. None if `ready`, a JavaScript expression, does not become
    /// true: then the reason was printed.
    ///
    /// # Panics
    ///
    /// If the server does not start, or the browser does not.
    #[must_use]
    pub fn start(peer: Peer, app: AppCopy, script: &str, ready: &str) -> Option<Self> {
        let port = free_port();
        let process = Process::start(peer.command(app.folder(), port));
        wait_for_server(port);
        let mut page = DeveloperTools::open("about:blank");
        _ = page.call("Page.enable", &json!({}));
        _ = page.call("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": script }));
        let url = format!("http://127.0.0.1:{port}/");
        let end = Instant::now() + FIRST_BUILD;
        loop {
            _ = page.call("Page.navigate", &json!({ "url": url }));
            if holds(&mut page, ready, Instant::now() + Duration::from_secs(5)) {
                return Some(Self { peer, page, _process: process, app });
            }
            if Instant::now() > end {
                let (name, errors) = (peer.name(), process.errors());
                eprintln!("`{name}` does not show it, and is left out: {errors}");
                return None;
            }
        }
    }
}

/// Whether a condition becomes true in the page until then. A page that is being loaded answers nothing.
#[must_use]
pub fn holds(page: &mut DeveloperTools, condition: &str, until: Instant) -> bool {
    let parameters = json!({
        "expression": format!("(() => {{ try {{ return Boolean({condition}) }} catch {{ return false }} }})()"),
        "returnByValue": true,
    });
    while Instant::now() < until {
        let answer = page.try_call("Runtime.evaluate", &parameters);
        if answer.is_ok_and(|answer| answer["result"]["value"] == true) {
            return true;
        }
        thread::sleep(POLL_INTERVAL);
    }
    false
}

fn is_installed(program: &str) -> bool {
    which::which(program).is_ok()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}

fn wait_for_server(port: u16) {
    let end = Instant::now() + FIRST_BUILD;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(Instant::now() < end, "nothing listens at port {port}");
        thread::sleep(POLL_INTERVAL);
    }
}
