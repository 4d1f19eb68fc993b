//! Host functions that a test registers, and their calls.
//!
//! A function of the test runs while nothing of the page is borrowed, so it may use the page.

use hmr_abi::event::Resource;
use serde_json::{Value, json};

use super::Page;
use super::builder::PageBuilder;
use crate::environment::Environment;
use crate::environment::functions::HostFunction;
use crate::environment::resources::Live;
use crate::page::PageState;

impl PageBuilder {
    /// Registers a host function before anything is mounted. See [`Page::host`].
    #[must_use]
    pub fn host(
        mut self,
        name: impl Into<String>,
        function: impl Fn(Value) -> Result<Value, String> + 'static,
    ) -> Self {
        self.environment.functions.add(name.into(), function);
        self
    }

    /// Registers a host function before anything is mounted, whose calls the test answers. See [`Page::host_deferred`].
    #[must_use]
    pub fn host_deferred(mut self, name: impl Into<String>) -> Self {
        self.environment.functions.add_deferred(name.into());
        self
    }
}

impl Page {
    /// Registers a function that modules call by name, and that connections name as their `transform`. It answers at once; an
    /// `Err` reaches the module as the error that it is. A function of the same name is replaced.
    ///
    /// ```
    /// # use hmr_headless::Page;
    /// # use serde_json::{Value, json};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let page = Page::builder().open()?;
    /// page.host("shorten", |argument: Value| {
    ///     let text = argument.as_str().ok_or("only a text can be shortened")?;
    ///     Ok(json!(text.chars().take(3).collect::<String>()))
    /// });
    /// # Ok(())
    /// # }
    /// ```
    pub fn host(
        &self,
        name: impl Into<String>,
        function: impl Fn(Value) -> Result<Value, String> + 'static,
    ) {
        self.state.borrow_mut().environment.functions.add(name.into(), function);
    }

    /// Registers a function whose calls stay open until the test answers them: see [`Page::calls`].
    pub fn host_deferred(&self, name: impl Into<String>) {
        self.state.borrow_mut().environment.functions.add_deferred(name.into());
    }

    /// The calls of host functions that have no answer yet, in the order in which they were made.
    ///
    /// ```no_run
    /// # use serde_json::json;
    /// # fn test(page: &hmr_headless::Page) -> Result<(), hmr_headless::PageError> {
    /// page.host_deferred("pick a file");
    /// page.find("button.open")?.click()?;
    /// page.calls()[0].answer(Ok(json!("notes.txt")));
    /// assert_eq!(page.text("h1"), "notes.txt");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        let state = self.state.borrow();
        let live = state
            .environment
            .resources
            .running(|resource| matches!(resource, Resource::Call { .. }));
        live.into_iter().filter_map(|live| Call::new(self.clone(), live)).collect()
    }

    pub(super) fn run_call(&self, serial: u64) {
        let live = self.state.borrow().environment.resources.get(serial).cloned();
        let Some(call) = live.and_then(|live| Call::new(self.clone(), live)) else { return };
        if !call.is_open() {
            return;
        }
        if let Some(answer) = self.run_function(&call.function, call.argument.clone()) {
            answer_call(&mut self.state.borrow_mut().environment, serial, answer);
        }
    }

    /// The answer of a function; nothing if the test answers later.
    pub(super) fn run_function(
        &self,
        name: &str,
        argument: Value,
    ) -> Option<Result<Value, String>> {
        let function = self.state.borrow().environment.functions.get(name);
        match function {
            Some(HostFunction::Immediate(function)) => Some(function(argument)),
            Some(HostFunction::Deferred) => None,
            None => {
                let PageState { environment, page_values, .. } = &mut *self.state.borrow_mut();
                Some(environment.run_built_in(page_values, name, &argument))
            }
        }
    }
}

fn answer_call(environment: &mut Environment, serial: u64, answer: Result<Value, String>) {
    let data = match answer {
        Ok(value) => json!({ "value": value }),
        Err(error) => json!({ "error": error }),
    };
    environment.fire(serial, Some(data.to_string()));
}

/// A call of a host function that waits for its answer.
#[derive(Debug, Clone)]
pub struct Call {
    page: Page,
    serial: u64,
    /// The function's name.
    pub function: String,
    /// Its argument.
    pub argument: Value,
    /// The module that called it.
    pub module: String,
    /// The instance that called it.
    pub instance: u32,
    /// The call's key: scopes, then the name, joined with `:`.
    pub key: String,
}

impl Call {
    fn new(page: Page, live: Live) -> Option<Self> {
        let Live { serial, module, instance, key, resource, .. } = live;
        let Resource::Call { function, argument } = resource else { return None };
        Some(Self { page, serial, function, argument, module, instance, key })
    }

    /// Whether an answer would still reach the module: it has none yet, and the module has not let go of it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.page
            .state
            .borrow()
            .environment
            .resources
            .get(self.serial)
            .is_some_and(Live::is_running)
    }

    /// Answers, with a value or with what went wrong. Nothing happens if the call is no longer open.
    pub fn answer(&self, answer: Result<Value, String>) {
        self.page.act(|state| answer_call(&mut state.environment, self.serial, answer));
    }
}
