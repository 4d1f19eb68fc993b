//! Carries cases out in the engine in the page: the client's own files, in Chromium, with a clock and a network that the
//! steps move.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use super::{BUDGET, Case, Modules, Observation, Step};
use crate::browser::Browser;

/// The page that runs cases.
const PAGE: &str = r#"<!doctype html><title>case</title><script type="module">
import { run } from "/runner.js";
window.run = run;
document.documentElement.dataset.ready = "";
</script><body></body>"#;

/// A browser and what serves it.
#[derive(Debug)]
pub struct Runner {
    browser: Browser,
    address: SocketAddr,
    /// Serves until it is dropped.
    _server: Runtime,
}

/// The served files.
#[derive(Debug)]
struct Files {
    modules: Modules,
    cases: Vec<Case>,
}

impl Runner {
    /// Starts a browser, and serves it the client and all versions.
    ///
    /// # Panics
    ///
    /// If it does not start.
    #[must_use]
    pub fn start(cases: &[Case], modules: Modules) -> Self {
        let files = Arc::new(Files { modules, cases: cases.to_vec() });
        let router = Router::new().fallback(move |uri: Uri| {
            let files = Arc::clone(&files);
            async move { files.answer(uri.path()) }
        });
        let server = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime can be made");
        let listener = server.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        server.spawn(async move { axum::serve(listener, router).await });
        Self { browser: Browser::start(), address, _server: server }
    }

    /// Runs a case in a fresh page.
    ///
    /// # Panics
    ///
    /// If a step cannot be carried out, or the page does not answer.
    #[must_use]
    pub fn run(&self, case: &Case) -> Vec<Observation> {
        self.browser.open(&format!("http://{}/", self.address));
        self.browser.wait("'ready' in document.documentElement.dataset");
        let modules: Vec<Value> = case
            .versions
            .keys()
            .map(|(module, version)| {
                json!({"module": module, "version": version, "url": format!("/version/{}/{module}/{version}", case.name)})
            })
            .collect();
        let steps: Vec<&Step> = case.steps.iter().map(|step| &step.step).collect();
        let arguments =
            json!({"page": case.page, "versions": modules, "steps": steps, "budget": BUDGET});
        self.browser.run(
            "window.outcome = null; window.run(arguments[0]).then((seen) => { window.outcome = { seen } }, (error) => { window.outcome = { error: String(error?.stack ?? error) } })",
            &[arguments],
        );
        self.browser.wait("window.outcome !== null");
        let outcome = self.browser.value("window.outcome", &[]);
        if let Some(error) = outcome["error"].as_str() {
            panic!("{}: {error}", case.name);
        }
        serde_json::from_value(outcome["seen"].clone()).expect("the runner answers observations")
    }
}

impl Files {
    fn answer(&self, path: &str) -> Response {
        match self.read(path) {
            Some((kind, body)) => ([(header::CONTENT_TYPE, kind)], body).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        }
    }

    fn read(&self, path: &str) -> Option<(&'static str, Vec<u8>)> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        if path == "/" {
            return Some(("text/html", PAGE.into()));
        }
        if path == "/runner.js" {
            return Some(("text/javascript", fs::read(root.join("src/cases/runner.js")).ok()?));
        }
        if let Some(file) = path.strip_prefix("/client/") {
            return Some(("text/javascript", fs::read(root.join("../client").join(file)).ok()?));
        }
        let names: Vec<&str> = path.strip_prefix("/version/")?.rsplitn(3, '/').collect();
        let [version, module, case] = names.as_slice() else { return None };
        let case = self.cases.iter().find(|known| known.name == *case)?;
        Some(("application/wasm", self.modules.bytes(case, module, version).to_vec()))
    }
}
