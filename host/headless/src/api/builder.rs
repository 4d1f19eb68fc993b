//! The parts of a page, before it is opened.

use std::time::Duration;

use super::Page;
use super::error::OpenError;
use super::requests::{Request, Response, Server};
use crate::dom::Dom;
use crate::environment::Environment;
use crate::guest::Clock;
use crate::guest::code::Code;
use crate::guest::machine::Limits;
use crate::guest::page_values::{History, PageValues};
use crate::page::PageState;

/// When the clock of a page starts: 2026-01-01, in milliseconds since the Unix epoch.
const START: f64 = 1_767_225_600_000.0;

/// The parts of a page. See [`Page::builder`].
#[derive(Debug, Clone, Default)]
pub struct PageBuilder {
    html: String,
    modules: Vec<(String, Vec<u8>)>,
    limits: Limits,
    start: Option<f64>,
    seed: u32,
    time_zone: f64,
    location: Option<String>,
    pub(super) environment: Environment,
    pub(super) servers: Vec<Server>,
}

impl PageBuilder {
    /// The document. Missing `html`, `head` and `body` elements are implied, as in a browser.
    #[must_use]
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.html = html.into();
        self
    }

    /// A module that `hmr-component` elements may name.
    #[must_use]
    pub fn module(mut self, name: impl Into<String>, bytes: impl AsRef<[u8]>) -> Self {
        self.modules.push((name.into(), bytes.as_ref().to_vec()));
        self
    }

    /// How long one call into a module may take; 5 seconds unless it is set. A module that takes longer traps.
    #[must_use]
    pub fn call_limit(mut self, limit: Duration) -> Self {
        self.limits.call = limit;
        self
    }

    /// How many bytes the memory of a module may have; 256 MiB unless it is set.
    #[must_use]
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.limits.memory = bytes;
        self
    }

    /// How many loop heads and calls one call into a module may pass, if the tool has made the module count them; 500
    /// million unless it is set. A module that passes more traps.
    #[must_use]
    pub fn budget(mut self, budget: i32) -> Self {
        self.limits.budget = budget;
        self
    }

    /// When the page's clock starts, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn start_time(mut self, milliseconds: f64) -> Self {
        self.start = Some(milliseconds);
        self
    }

    /// The seed of the random numbers that modules get; 0 unless it is set. The same seed gives the same numbers each time.
    #[must_use]
    pub fn random_seed(mut self, seed: u32) -> Self {
        self.seed = seed;
        self
    }

    /// How many minutes the local time of the page's reader is ahead of UTC, at any time; 0 unless it is set.
    #[must_use]
    pub fn time_zone(mut self, minutes: i32) -> Self {
        self.time_zone = f64::from(minutes);
        self
    }

    /// The address that the page was opened with: absolute, or relative to `http://localhost/`, which it is unless it is set.
    #[must_use]
    pub fn location(mut self, url: impl Into<String>) -> Self {
        self.location = Some(url.into());
        self
    }

    /// Answers requests, from the first one on. See [`Page::serve`].
    #[must_use]
    pub fn serve(
        mut self,
        method: &str,
        pattern: &str,
        answer: impl Fn(&Request) -> Response + 'static,
    ) -> Self {
        self.servers.push(Server::new(method, pattern, answer));
        self
    }

    /// Opens the page and mounts its components.
    ///
    /// A component that cannot be mounted is not an error: its element shows why, as in a browser, and
    /// [`Page::problems`] has it.
    pub fn open(self) -> Result<Page, OpenError> {
        let dom = Dom::parse(&self.html);
        let start = self.start.unwrap_or(START);
        let history = History::new(self.location.as_deref().unwrap_or_default())
            .map_err(OpenError::Location)?;
        let page_values = PageValues::new(self.seed, self.time_zone, history);
        let clock = Clock::new(start);
        let mut state = PageState::new(dom, self.limits, clock, page_values, self.environment);
        for (name, bytes) in self.modules {
            let code = Code::compile(&bytes)
                .map_err(|source| OpenError::Module { name: name.clone(), source })?;
            state.modules.add(&name, code);
        }
        let page = Page::new(state, self.servers);
        page.settle();
        Ok(page)
    }
}
