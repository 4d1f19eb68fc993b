//! A page: HTML, the modules that its components come from, and what a test does with it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use hmr_abi::state::Snapshot;

use crate::dom::Dom;
use crate::element::Element;
use crate::engine::State;
use crate::environment::Environment;
use crate::error::{OpenError, PageError};
use crate::machine::Limits;
use crate::module::Code;
use crate::record::{LogLine, Trap};
use crate::swap::{self, Swap, SwapStep, Update};

/// When the clock of a page starts: 2026-01-01, in milliseconds since the Unix epoch.
const START: f64 = 1_767_225_600_000.0;

/// The parts of a page. See [`Page::builder`].
#[derive(Debug, Clone, Default)]
pub struct PageBuilder {
    html: String,
    modules: Vec<(String, Vec<u8>)>,
    limits: Limits,
    start: Option<f64>,
    pub(crate) environment: Environment,
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

    /// Opens the page and mounts its components.
    ///
    /// A component that cannot be mounted is not an error: its element shows why, as in a browser, and
    /// [`Page::problems`] has it.
    pub fn open(self) -> Result<Page, OpenError> {
        let dom = Dom::parse(&self.html);
        let mut state = State::new(dom, self.limits, self.start.unwrap_or(START), self.environment);
        for (name, bytes) in self.modules {
            let code = Code::compile(&bytes)
                .map_err(|source| OpenError::Module { name: name.clone(), source })?;
            state.add_module(&name, code);
        }
        let page = Page { state: Rc::new(RefCell::new(state)) };
        page.settle();
        Ok(page)
    }
}

/// A page that runs, without a browser.
///
/// A `Page` is a handle: [`Element`]s that were found in it stay usable while it is used otherwise.
#[derive(Clone)]
pub struct Page {
    pub(crate) state: Rc<RefCell<State>>,
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page").finish_non_exhaustive()
    }
}

impl Page {
    /// Starts with an empty document and no modules.
    #[must_use]
    pub fn builder() -> PageBuilder {
        PageBuilder::default()
    }

    /// The first element that matches a CSS selector.
    pub fn find(&self, selector: &str) -> Result<Element, PageError> {
        let first = self.find_all(selector)?.into_iter().next();
        first
            .ok_or_else(|| PageError::NotFound { selector: selector.to_owned(), html: self.html() })
    }

    /// All elements that match a CSS selector, in document order.
    pub fn find_all(&self, selector: &str) -> Result<Vec<Element>, PageError> {
        let found = self.state.borrow().dom.select(selector);
        let found =
            found.map_err(|why| PageError::Selector { selector: selector.to_owned(), why })?;
        Ok(found.into_iter().map(|node| Element::new(self.clone(), node)).collect())
    }

    /// The text of the first element that matches; empty if none does.
    #[must_use]
    pub fn text(&self, selector: &str) -> String {
        self.find(selector).map(|element| element.text()).unwrap_or_default()
    }

    /// The texts of all elements that match.
    #[must_use]
    pub fn texts(&self, selector: &str) -> Vec<String> {
        let found = self.find_all(selector).unwrap_or_default();
        found.iter().map(Element::text).collect()
    }

    /// The element that has the focus.
    #[must_use]
    pub fn focused(&self) -> Option<Element> {
        let focused = self.state.borrow().dom.focused;
        focused.map(|node| Element::new(self.clone(), node))
    }

    /// The markup of the document's body.
    #[must_use]
    pub fn html(&self) -> String {
        let state = self.state.borrow();
        state.dom.inner_html(state.dom.body())
    }

    /// Replaces the running code of a module by other bytes, keeping its state.
    ///
    /// Unusable bytes are not an error of this call: the swap is rolled back, with the reason.
    pub fn swap(&self, module: &str, bytes: impl AsRef<[u8]>) -> Swap {
        self.swap_observed(module, bytes, |_| {})
    }

    /// [`Page::swap`], with a notification at each step. The page can be used meanwhile: what happens to the module from
    /// [`SwapStep::Quiesce`] on waits until the swap is over, and goes to the code that runs then.
    pub fn swap_observed(
        &self,
        module: &str,
        bytes: impl AsRef<[u8]>,
        mut observe: impl FnMut(SwapStep),
    ) -> Swap {
        self.run_update(&Update::to(module, bytes.as_ref()), &mut observe)
    }

    /// [`Page::swap`], with a change that is made to the state once: a JSON array of operations, as `docs/abi.md` has
    /// them.
    ///
    /// # Errors
    /// If the text is not such an array.
    pub fn swap_with(
        &self,
        module: &str,
        bytes: impl AsRef<[u8]>,
        transform: &str,
    ) -> Result<Swap, PageError> {
        let transform = serde_json::from_str(transform)
            .map_err(|error| PageError::Transform { why: error.to_string() })?;
        let update = Update { transform, ..Update::to(module, bytes.as_ref()) };
        Ok(self.run_update(&update, &mut |_| {}))
    }

    pub(crate) fn run_update(
        &self,
        update: &Update<'_>,
        observe: &mut dyn FnMut(SwapStep),
    ) -> Swap {
        let swap = swap::run(&self.state, update, observe);
        self.settle();
        swap
    }

    /// Lets time pass on the page's clock. Intervals, timeouts and animation frames fire at their times, in order.
    pub fn advance(&self, time: Duration) {
        let end = {
            let mut state = self.state.borrow_mut();
            state.begin();
            state.now() + time.as_secs_f64() * 1000.0
        };
        loop {
            let mut state = self.state.borrow_mut();
            let Some((at, serial)) = state.resources.due(end) else { break };
            let now = at.max(state.now());
            state.clock.set(now);
            state.begin_turn();
            state.fire_later(serial, None);
            drop(state);
            self.settle();
        }
        self.state.borrow().clock.set(end);
    }

    /// The page's clock, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn now(&self) -> f64 {
        self.state.borrow().now()
    }

    /// The state of a module, as `capture_state` gives it.
    pub fn snapshot(&self, module: &str) -> Result<Snapshot, PageError> {
        let mut state = self.state.borrow_mut();
        if !state.modules.contains_key(module) {
            return Err(PageError::NoModule(module.to_owned()));
        }
        let captured =
            state.capture(module).ok_or_else(|| PageError::NotRunning(module.to_owned()))?;
        captured.map_err(|fault| PageError::Capture {
            module: module.to_owned(),
            why: fault.to_string(),
        })
    }

    /// The bytes that a module runs, or that it will run once a component of it is mounted.
    #[must_use]
    pub fn bytes(&self, module: &str) -> Option<Vec<u8>> {
        self.state.borrow().modules.get(module).map(|module| module.code.bytes.to_vec())
    }

    /// All that modules and the engine have logged so far.
    #[must_use]
    pub fn log(&self) -> Vec<LogLine> {
        self.state.borrow().log.clone()
    }

    /// All traps of running code so far. A module that traps is restarted, with the state that it
    /// had after the last action that went well.
    #[must_use]
    pub fn traps(&self) -> Vec<Trap> {
        self.state.borrow().traps.clone()
    }

    /// Problems for the developer besides traps: components that cannot be mounted, props that do not parse,
    /// modules that cannot be started again.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        self.state.borrow().problems.clone()
    }

    /// Puts an element's markup into the page as a script would: at the end of the body.
    pub fn append_html(&self, html: &str) {
        self.act(|state| {
            let body = state.dom.body();
            state.dom.append_html(body, html);
        });
    }
}
