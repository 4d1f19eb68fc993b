//! A real Chromium, driven through `WebDriver`, with calls that block.
//!
//! Each value is a browser of its own with a fresh profile. Conditions are JavaScript expressions that are evaluated
//! again until they are true; when they are not true in time, the panic shows what the page shows instead, and its console.

use crate::process::Process;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand, WindowHandle};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::fmt::Debug;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

/// Enough for any single command, and for a page to follow a change that is known to have arrived.
pub const AT_ONCE: Duration = Duration::from_secs(20);

/// How often a condition is evaluated.
const POLL_INTERVAL: Duration = Duration::from_millis(25);

/// How Chromium is started: without a window, background requests or shared data.
pub(crate) const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,900",
];

/// A browser, and its tab that gets the commands.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    runtime: Runtime,
    driver: Option<Process>,
    profile: TempDir,
}

impl Browser {
    /// Starts a browser with one empty tab.
    ///
    /// # Panics
    ///
    /// If `chromedriver` or `chromium` cannot be started.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same, with further flags of Chromium.
    ///
    /// # Panics
    ///
    /// If `chromedriver` or `chromium` cannot be started.
    #[must_use]
    pub fn start_with(flags: &[&str]) -> Self {
        let profile = TempDir::with_prefix("cargo-hmr-profile-")
            .expect("the temporary folder can be written");
        let (driver, port) = driver();
        let runtime =
            Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
        let capabilities = capabilities(profile.path(), flags);
        let address = format!("http://127.0.0.1:{port}");
        let client = runtime.block_on(async {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            let connecting = builder.capabilities(capabilities).connect(&address);
            timeout(AT_ONCE, connecting)
                .await
                .expect("Chromium starts in time")
                .expect("Chromium starts")
        });
        Self { client, runtime, driver: Some(driver), profile }
    }

    /// The folder of its profile, which is in the arguments of all its processes.
    #[must_use]
    pub fn profile(&self) -> &Path {
        self.profile.path()
    }

    /// Opens an address in the tab.
    ///
    /// # Panics
    ///
    /// If it does not load.
    pub fn open(&self, url: &str) {
        self.block(&format!("load of {url}"), self.client.goto(url));
    }

    /// Presses the browser's reload button.
    ///
    /// # Panics
    ///
    /// If the page does not load.
    pub fn reload(&self) {
        self.block("reload", self.client.refresh());
    }

    /// Presses the browser's back button.
    ///
    /// # Panics
    ///
    /// If the page does not load.
    pub fn back(&self) {
        self.block("step back", self.client.back());
    }

    /// Opens another tab, which gets the commands from now on.
    ///
    /// # Panics
    ///
    /// If it does not open.
    #[must_use]
    pub fn new_tab(&self) -> WindowHandle {
        let tab = self.block("new tab", self.client.new_window(true)).handle;
        self.switch_to(&tab);
        tab
    }

    /// The tab that gets the commands.
    ///
    /// # Panics
    ///
    /// If the browser has ended.
    #[must_use]
    pub fn tab(&self) -> WindowHandle {
        self.block("the current tab", self.client.window())
    }

    /// Sends commands to `tab` from now on, and brings it to the front.
    ///
    /// # Panics
    ///
    /// If it was closed.
    pub fn switch_to(&self, tab: &WindowHandle) {
        self.block("switch of tabs", self.client.switch_to_window(tab.clone()));
    }

    /// The value of a JavaScript expression; its arguments are `arguments[0]` and so on.
    ///
    /// # Panics
    ///
    /// If it throws.
    #[must_use]
    pub fn value(&self, expression: &str, arguments: &[Value]) -> Value {
        self.block(
            expression,
            self.client.execute(&format!("return {expression}"), arguments.to_vec()),
        )
    }

    /// Runs JavaScript statements.
    ///
    /// # Panics
    ///
    /// If they throw.
    pub fn run(&self, statements: &str, arguments: &[Value]) {
        self.block(statements, self.client.execute(statements, arguments.to_vec()));
    }

    /// Waits until a JavaScript expression is true; one that throws is not true yet, so that it may use elements
    /// that do not exist yet, and may be evaluated while the page reloads.
    ///
    /// # Panics
    ///
    /// If it does not become true in time.
    pub fn wait(&self, condition: &str) {
        self.wait_within(condition, AT_ONCE);
    }

    /// The same, given the time that it may take.
    ///
    /// # Panics
    ///
    /// If it does not become true in that time.
    pub fn wait_within(&self, condition: &str, deadline: Duration) {
        let script = format!("return Boolean({condition})");
        let last = Instant::now() + deadline;
        let holds = self.runtime.block_on(async {
            while Instant::now() < last {
                let answer = timeout(AT_ONCE, self.client.execute(&script, Vec::new())).await;
                if matches!(answer, Ok(Ok(Value::Bool(true)))) {
                    return true;
                }
                sleep(POLL_INTERVAL).await;
            }
            false
        });
        assert!(holds, "not true within {deadline:?}: {condition}\n{}", self.shown());
    }

    /// The text of the first element that a selector finds, as the page shows it.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn text(&self, selector: &str) -> String {
        let text = self
            .value("document.querySelector(arguments[0])?.innerText ?? null", &[json!(selector)]);
        text.as_str()
            .unwrap_or_else(|| panic!("nothing matches `{selector}`\n{}", self.shown()))
            .to_owned()
    }

    /// Waits until the element exists and contains this text.
    ///
    /// # Panics
    ///
    /// If it does not contain it in time.
    pub fn wait_text(&self, selector: &str, part: &str) {
        self.wait(&format!("document.querySelector({selector:?}).textContent.includes({part:?})"));
    }

    /// Clicks the first element that a selector finds, as a person does.
    ///
    /// # Panics
    ///
    /// If there is none, or something covers it.
    pub fn click(&self, selector: &str) {
        self.show(selector);
        self.block(&format!("click on `{selector}`"), async {
            self.client.find(Locator::Css(selector)).await?.click().await
        });
    }

    /// Brings the first element that a selector finds into view at once, however smoothly the page would scroll there. As a person does, it
    /// turns the wheel for that: otherwise a page that has just been restored would scroll back.
    fn show(&self, selector: &str) {
        let show = "const found = document.querySelector(arguments[0]); \
            const { top, bottom } = found?.getBoundingClientRect() ?? { top: 0, bottom: 0 }; \
            if (found && (top < 0 || bottom > innerHeight)) { \
            document.dispatchEvent(new WheelEvent('wheel')); found.scrollIntoView({ block: 'center', behavior: 'instant' }); }";
        self.run(show, &[json!(selector)]);
    }

    /// Types into the first element that a selector finds, which gets the focus.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn keys(&self, selector: &str, text: &str) {
        self.show(selector);
        self.block(&format!("keys for `{selector}`"), async {
            self.client.find(Locator::Css(selector)).await?.send_keys(text).await
        });
    }

    /// The tab as a picture, in PNG.
    ///
    /// # Panics
    ///
    /// If the browser has ended.
    #[must_use]
    pub fn picture(&self) -> Vec<u8> {
        self.block("picture", self.client.screenshot())
    }

    /// Sets the size of the window, in CSS pixels.
    ///
    /// # Panics
    ///
    /// If the browser has ended.
    pub fn resize(&self, width: u32, height: u32) {
        self.block("new size", self.client.set_window_size(width, height));
    }

    /// The page's log since the last call.
    #[must_use]
    pub fn console(&self) -> Vec<String> {
        let answer =
            self.runtime.block_on(async { timeout(AT_ONCE, self.client.issue_cmd(ReadLog)).await });
        let Ok(Ok(Value::Array(entries))) = answer else { return Vec::new() };
        entries.iter().map(|entry| format!("{}: {}", entry["level"], entry["message"])).collect()
    }

    /// The visible state of the page, for the message of a failure.
    fn shown(&self) -> String {
        let script = "return [location.href, document.body?.innerText ?? '', \
            document.querySelector('hmr-overlay')?.shadowRoot?.textContent ?? '']";
        let answer = self
            .runtime
            .block_on(async { timeout(AT_ONCE, self.client.execute(script, Vec::new())).await });
        let page = match answer {
            Ok(Ok(parts)) => format!("at {}\npage: {}\noverlay: {}", parts[0], parts[1], parts[2]),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the page does not answer".to_owned(),
        };
        format!("{page}\nconsole: {:#?}", self.console())
    }

    /// Runs one command to its end.
    fn block<T, E: Debug>(&self, what: &str, command: impl Future<Output = Result<T, E>>) -> T {
        match self.runtime.block_on(async { timeout(AT_ONCE, command).await }) {
            Ok(Ok(value)) => value,
            Ok(Err(error)) => panic!("{what}: {error:?}\n{}", self.shown()),
            Err(elapsed) => panic!("{what}: {elapsed} after {AT_ONCE:?}"),
        }
    }
}

impl Drop for Browser {
    /// Closing the session ends Chromium; ending the driver's group ends the remaining processes.
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the page showed: {}", self.shown());
        }
        drop(self.runtime.block_on(async { timeout(AT_ONCE, self.client.clone().close()).await }));
        drop(self.driver.take());
    }
}

/// Starts `chromedriver` on a port that it chooses itself. It takes that for IPv4, and then for IPv6, where another program may
/// have it: then it chooses again.
fn driver() -> (Process, u16) {
    loop {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0");
        let process = Process::start(command);
        while let Ok(line) = process.lines.recv_timeout(AT_ONCE) {
            let started = line.split_once("started successfully on port ");
            if let Some(port) =
                started.and_then(|(_, port)| port.trim_end_matches('.').parse().ok())
            {
                return (process, port);
            }
        }
        let errors = process.errors();
        assert!(errors.contains("already in use"), "`chromedriver` did not start: {errors}");
    }
}

fn capabilities(profile: &Path, more: &[&str]) -> Capabilities {
    let mut flags: Vec<String> = FLAGS.iter().chain(more).map(|&flag| flag.to_owned()).collect();
    flags.push(format!("--user-data-dir={}", profile.display()));
    let mut capabilities = Capabilities::new();
    capabilities.insert("goog:chromeOptions".to_owned(), json!({ "args": flags }));
    capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
    capabilities
}

/// Chromium's own command for the lines of the console.
#[derive(Debug)]
struct ReadLog;

impl WebDriverCompatibleCommand for ReadLog {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}
