//! Makes the same edits under this tool and under other development servers, and compares times and what is left of the page's state.
//!
//! Out: a table on standard output. Measured are this tool, `trunk serve` where `trunk` is on the `PATH` and the example is a project for
//! it, and `dx serve --hotpatch` where `dx` is, for Dioxus. Each has a copy of the example, a target folder and a browser of its own. The edits
//! are interleaved, so that all have the same conditions. Before each edit a field is filled in and has the focus; then the edit is saved, and
//! the page itself notes when it shows the new text, whether it was loaded again meanwhile or not.

use hmr_tests::applications::AppCopy;
use hmr_tests::dev::tool;
use hmr_tests::developer_tools::DeveloperTools;
use hmr_tests::measure::{APPLICATIONS, Edit, WARM_UP, median, now};
use hmr_tests::process::Process;
use serde_json::{Value, json};
use std::env;
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

/// How long a first build may take.
const FIRST_BUILD: Duration = Duration::from_mins(5);

/// How long the page may take to show an edit.
const EDIT: Duration = Duration::from_mins(1);

/// How long the page may take, after it has shown an edit, to fill in the field.
const SETTLE: Duration = Duration::from_secs(1);

/// How often a condition is evaluated.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// What is typed into the field.
const TYPED: &str = "half of a text";

/// Notes in each document of the tab when it first shows the expected text.
const NOTE: &str = "{ const look = () => { const expected = JSON.parse(sessionStorage.getItem('expected') ?? 'null'); \
    if (expected && !sessionStorage.getItem('shownAt') && document.querySelector(expected.selector)?.textContent.includes(expected.text)) \
    sessionStorage.setItem('shownAt', performance.timeOrigin + performance.now()); }; \
    new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true }); }";

/// The fields that are filled in, by example.
const FIELDS: [(&str, &str); 5] = [
    ("yew-todo", "#new-title"),
    ("leptos-form", "#name"),
    ("sycamore-clock", "#rename"),
    ("dioxus-chart", "#filter"),
    ("web-sys-notes", "#note-text"),
];

/// A development server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    Ours,
    Trunk,
    Dx,
}

impl Peer {
    const ALL: [Self; 3] = [Self::Ours, Self::Trunk, Self::Dx];

    fn name(self) -> &'static str {
        match self {
            Self::Ours => "cargo hmr dev",
            Self::Trunk => "trunk serve",
            Self::Dx => "dx serve --hotpatch",
        }
    }

    /// Whether it is installed and serves this example.
    fn serves(self, app: &AppCopy) -> bool {
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
struct Running {
    peer: Peer,
    page: DeveloperTools,
    _process: Process,
    app: AppCopy,
    edits: Vec<Outcome>,
}

/// What has become of one edit.
struct Outcome {
    /// Milliseconds until the page has shown it.
    shown: f64,
    /// Whether the page was not loaded again.
    same_page: bool,
    /// Whether the field has its text.
    field: bool,
    /// Whether it has the focus.
    focus: bool,
}

fn main() -> ExitCode {
    let edits = edits_per_example();
    let mut out = io::stdout().lock();
    let printed = header(&mut out, edits).and_then(|()| {
        APPLICATIONS.iter().try_for_each(|edit| {
            let mut all = start_all(edit);
            for number in 0..edits + WARM_UP {
                for running in &mut all {
                    let outcome = measure(running, edit, number);
                    running.edits.extend((number >= WARM_UP).then_some(outcome));
                }
            }
            all.iter().try_for_each(|running| line(&mut out, edit.module, running))
        })
    });
    if printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The number after `--edits`.
fn edits_per_example() -> u32 {
    let number = env::args().skip_while(|argument| argument != "--edits").nth(1);
    number.and_then(|number| number.parse().ok()).filter(|number| *number > 0).unwrap_or(10)
}

/// Starts each server that is installed and serves the example, one after another, and opens its page.
fn start_all(edit: &Edit) -> Vec<Running> {
    let mut all = Vec::new();
    'peers: for peer in Peer::ALL {
        let target = format!("../target/tmp/peers/{peer:?}");
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join(target);
        let app = AppCopy::of(&format!("examples/{}", edit.module), &target);
        if !peer.serves(&app) {
            eprintln!("{}: not with `{}`", edit.module, peer.name());
            continue;
        }
        eprintln!("{}: starting `{}`", edit.module, peer.name());
        let port = free_port();
        let process = Process::start(peer.command(app.folder(), port));
        wait_for_server(port);
        let mut page = DeveloperTools::open("about:blank");
        _ = page.call("Page.enable", &json!({}));
        _ = page.call("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": NOTE }));
        let url = format!("http://127.0.0.1:{port}/");
        let end = Instant::now() + FIRST_BUILD;
        let shown = format!(
            "document.querySelector({}) !== null && document.querySelector({}) !== null",
            json!(edit.selector),
            json!(field_of(edit))
        );
        loop {
            _ = page.call("Page.navigate", &json!({ "url": url }));
            let soon = Instant::now() + Duration::from_secs(5);
            if holds(&mut page, &shown, soon) {
                break;
            }
            if Instant::now() > end {
                let (name, errors) = (peer.name(), process.errors());
                eprintln!("{}: `{name}` does not show it, and is left out: {errors}", edit.module);
                continue 'peers;
            }
        }
        all.push(Running { peer, page, _process: process, app, edits: Vec::new() });
    }
    all
}

/// Fills in the field, saves one edit, and waits until the page shows it.
fn measure(running: &mut Running, edit: &Edit, number: u32) -> Outcome {
    let page = &mut running.page;
    let field = field_of(edit);
    let exists = format!("document.querySelector({}) !== null", json!(field));
    let (peer, example) = (running.peer.name(), edit.module);
    assert!(holds(page, &exists, Instant::now() + EDIT), "no {field} in {example}, {peer}");
    let (source, text) = edit.next(&running.app.read(edit.file), "page", number);
    let expected = json!({ "selector": edit.selector, "text": text }).to_string();
    _ = page.value(&format!(
        "sessionStorage.removeItem('shownAt'), sessionStorage.setItem('expected', {}), window.same = true, \
         document.querySelector({field}).closest('details')?.setAttribute('open', ''), document.querySelector({field}).focus(), document.querySelector({field}).select()",
        json!(expected),
        field = json!(field),
    ));
    _ = page.call("Input.insertText", &json!({ "text": TYPED }));
    let saved = now();
    running.app.write(edit.file, source);
    let shown = "sessionStorage.getItem('shownAt') !== null";
    assert!(
        holds(page, shown, Instant::now() + EDIT),
        "{} does not show {text}",
        running.peer.name()
    );
    // A field that is shown once data has been fetched gets its text later.
    let filled = format!("document.querySelector({})?.value === {}", json!(field), json!(TYPED));
    _ = holds(page, &filled, Instant::now() + SETTLE);
    let shown_at = page.value("Number(sessionStorage.getItem('shownAt'))").as_f64();
    let state = page.value(&format!(
        "[window.same === true, document.querySelector({field})?.value === {}, document.activeElement === document.querySelector({field})]",
        json!(TYPED),
        field = json!(field),
    ));
    let is = |at: usize| state[at] == Value::Bool(true);
    let shown = shown_at.unwrap_or(f64::NAN) - saved;
    Outcome { shown, same_page: is(0), field: is(1), focus: is(2) }
}

/// The field that is filled in.
fn field_of(edit: &Edit) -> &'static str {
    FIELDS.iter().find(|(example, _)| *example == edit.module).map_or("", |it| it.1)
}

/// Whether a condition becomes true in the page until then. A page that is being loaded answers nothing.
fn holds(page: &mut DeveloperTools, condition: &str, until: Instant) -> bool {
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

fn header(out: &mut impl Write, edits: u32) -> io::Result<()> {
    writeln!(
        out,
        "median of {edits} one-line edits, in milliseconds, and after how many the state was kept\n"
    )?;
    writeln!(
        out,
        "{:<16}{:<22}{:>14}{:>12}{:>12}{:>12}",
        "application", "server", "save→changed", "same page", "field", "focus"
    )
}

fn line(out: &mut impl Write, example: &str, running: &Running) -> io::Result<()> {
    let edits = &running.edits;
    let times: Vec<f64> = edits.iter().map(|edit| edit.shown).collect();
    let count = |is: fn(&Outcome) -> bool| {
        format!("{} of {}", edits.iter().filter(|edit| is(edit)).count(), edits.len())
    };
    writeln!(
        out,
        "{example:<16}{:<22}{:>14.0}{:>12}{:>12}{:>12}",
        running.peer.name(),
        median(&times),
        count(|edit| edit.same_page),
        count(|edit| edit.field),
        count(|edit| edit.focus),
    )
}
