//! Host functions: what a page offers to its modules by name.
//!
//! A function of the test runs while nothing of the page is borrowed. `storage.get`, `storage.set` and `storage.remove` are
//! built in, as every engine has them.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use hmr_abi::event::{Resource, StorageArea};
use serde_json::{Value, json};

use crate::engine::State;
use crate::page::{Page, PageBuilder};
use crate::resources::Live;
use crate::storage::Stored;

#[derive(Clone)]
enum Function {
    /// Answers at once.
    Prompt(Rc<dyn Fn(Value) -> Result<Value, String>>),
    /// The test answers each call at any time.
    Deferred,
}

/// The functions that a test has registered.
#[derive(Clone, Default)]
pub(crate) struct Functions(BTreeMap<String, Function>);

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl PageBuilder {
    /// Registers a host function before anything is mounted. See [`Page::host`].
    #[must_use]
    pub fn host(
        mut self,
        name: impl Into<String>,
        function: impl Fn(Value) -> Result<Value, String> + 'static,
    ) -> Self {
        self.environment.functions.0.insert(name.into(), Function::Prompt(Rc::new(function)));
        self
    }

    /// Registers a host function before anything is mounted, whose calls the test answers. See [`Page::host_deferred`].
    #[must_use]
    pub fn host_deferred(mut self, name: impl Into<String>) -> Self {
        self.environment.functions.0.insert(name.into(), Function::Deferred);
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
        let function = Function::Prompt(Rc::new(function));
        self.state.borrow_mut().environment.functions.0.insert(name.into(), function);
    }

    /// Registers a function whose calls stay open until the test answers them: see [`Page::calls`].
    pub fn host_deferred(&self, name: impl Into<String>) {
        self.state.borrow_mut().environment.functions.0.insert(name.into(), Function::Deferred);
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
        let live = state.resources.running(|resource| matches!(resource, Resource::Call { .. }));
        live.into_iter().filter_map(|live| Call::new(self.clone(), live)).collect()
    }

    pub(crate) fn run_call(&self, serial: u64) {
        let live = self.state.borrow().resources.get(serial).cloned();
        let Some(call) = live.and_then(|live| Call::new(self.clone(), live)) else { return };
        if !call.is_open() {
            return;
        }
        if let Some(answer) = self.run_function(&call.function, call.argument.clone()) {
            self.state.borrow_mut().answer_call(serial, answer);
        }
    }

    /// The answer of a function; nothing if the test gives it later.
    pub(crate) fn run_function(
        &self,
        name: &str,
        argument: Value,
    ) -> Option<Result<Value, String>> {
        let function = self.state.borrow().environment.functions.0.get(name).cloned();
        match function {
            Some(Function::Prompt(function)) => Some(function(argument)),
            Some(Function::Deferred) => None,
            None => Some(self.state.borrow_mut().environment.built_in(name, &argument)),
        }
    }
}

impl State {
    fn answer_call(&mut self, serial: u64, answer: Result<Value, String>) {
        let data = match answer {
            Ok(value) => json!({ "value": value }),
            Err(error) => json!({ "error": error }),
        };
        self.fire_later(serial, Some(data.to_string()));
    }
}

/// The functions that every engine has.
const BUILT_IN: [&str; 3] = ["storage.get", "storage.remove", "storage.set"];

impl crate::environment::Environment {
    /// Runs a function that every engine has.
    fn built_in(&mut self, name: &str, argument: &Value) -> Result<Value, String> {
        let stored = &mut self.stored;
        match name {
            "storage.get" => {
                let (area, item) = item_of(argument)?;
                Ok(json!(stored.get(area, item)))
            }
            "storage.set" => {
                let (area, item) = item_of(argument)?;
                let value = argument.get("value").and_then(Value::as_str);
                let value = value.ok_or("`value` is the text to store")?;
                stored.set(area, item, Some(value));
                Ok(json!(value))
            }
            "storage.remove" => {
                let (area, item) = item_of(argument)?;
                Stored::set(stored, area, item, None);
                Ok(Value::Null)
            }
            _ => {
                let registered = self.functions.0.keys().map(String::as_str);
                let mut known: Vec<&str> = registered.chain(BUILT_IN).collect();
                known.sort_unstable();
                let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                Err(format!("there is no host function `{name}`; there are {}", known.join(", ")))
            }
        }
    }
}

fn item_of(argument: &Value) -> Result<(StorageArea, &str), String> {
    let area = match argument.get("area").and_then(Value::as_str) {
        Some("local") => StorageArea::Local,
        Some("session") => StorageArea::Session,
        _ => return Err("`area` is `local` or `session`".to_owned()),
    };
    let item = argument.get("item").and_then(Value::as_str);
    Ok((area, item.ok_or("`item` is the name of what is stored")?))
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
        self.page.state.borrow().resources.get(self.serial).is_some_and(Live::is_running)
    }

    /// Answers, with a value or with what went wrong. Nothing happens if the call is no longer open.
    pub fn answer(&self, answer: Result<Value, String>) {
        self.page.act(|state| state.answer_call(self.serial, answer));
    }
}
