//! Functions that the page has registered under a name, `hmr.host("name", f)` in JavaScript, or the headless engine in a test.

use std::cell::Cell;
use std::rc::Rc;

use hmr_abi::event::Resource;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::engine::send_log;
use crate::event::Event;
use crate::reactive::owner::with_owner;
use crate::resource::claims::Claims;
use crate::resource::{Open, open_key};
use crate::state::scope::{self, Scope};
use crate::task::ask::Ask;

/// Calls a host function and waits for what it answers. Only in a task: see [`crate::spawn`] and [`crate::action`].
///
/// ```
/// # use hmr_sdk::prelude::*;
/// # #[component] fn App() -> View {
/// spawn("place", async move {
///     match host_call::<(f64, f64)>("position", &json!({ "precise": true })).await {
///         Ok((x, y)) => log::info(format!("{x} {y}")),
///         Err(error) => log::error(error),
///     }
/// });
/// # view! {} }
/// ```
pub async fn host_call<R: DeserializeOwned>(
    function: &str,
    argument: &impl Serialize,
) -> Result<R, HostError> {
    let json = call(function, serde_json::to_value(argument)).await?;
    serde_json::from_str(json.get()).map_err(|error| HostError::Answer {
        function: function.to_owned(),
        error: error.to_string(),
    })
}

/// Calls a host function without waiting. That it failed is written to the log.
pub fn notify(function: &str, argument: &impl Serialize) {
    notify_boxed(function, serde_json::to_value(argument));
}

/// Why a host function gave no answer that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// It failed, or no function has this name.
    #[error("the host function `{function}` failed: {error}")]
    Failed {
        /// The function's name.
        function: String,
        /// The message.
        error: String,
    },
    /// Its argument could not be written as JSON.
    #[error("the argument of the host function `{function}` cannot be written as JSON: {error}")]
    Argument {
        /// The function's name.
        function: String,
        /// The error message.
        error: String,
    },
    /// It answered with something else than was expected.
    #[error("the answer of the host function `{function}` is not what was expected: {error}")]
    Answer {
        /// The function's name.
        function: String,
        /// The error message.
        error: String,
    },
    /// It was awaited outside of a task.
    #[error("a host function was awaited outside of a task; start one with `spawn` or `action`")]
    NoTask,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    value: Option<Box<RawValue>>,
    #[serde(default)]
    error: Option<String>,
}

async fn call(
    function: &str,
    argument: serde_json::Result<Value>,
) -> Result<Box<RawValue>, HostError> {
    let resource = resource(function, argument)?;
    let data = Ask::new(resource).await.ok_or(HostError::NoTask)?;
    read(function, &data)
}

fn resource(function: &str, argument: serde_json::Result<Value>) -> Result<Resource, HostError> {
    let function = function.to_owned();
    match argument {
        Ok(argument) => Ok(Resource::Call { function, argument }),
        Err(error) => Err(HostError::Argument { function, error: error.to_string() }),
    }
}

/// A missing value is `null`: the answer of a function that returns nothing.
fn read(function: &str, data: &str) -> Result<Box<RawValue>, HostError> {
    let failed = |error| HostError::Failed { function: function.to_owned(), error };
    match serde_json::from_str(data) {
        Ok(Answer { error: Some(error), .. }) => Err(failed(error)),
        Ok(Answer { value, .. }) => Ok(value.unwrap_or_else(|| RawValue::NULL.to_owned())),
        Err(error) => Err(failed(format!("the engine's answer does not parse: {error}"))),
    }
}

fn notify_boxed(function: &str, argument: serde_json::Result<Value>) {
    let resource = match resource(function, argument) {
        Ok(resource) => resource,
        Err(error) => return send_log(3, &error.to_string()),
    };
    let Some(scope) = scope::current() else {
        return send_log(
            2,
            &format!(
                "the host function `{function}` was called outside of a component, which does nothing"
            ),
        );
    };
    // Nothing waits for it, so it does not end with the content that sent it.
    match scope.instance.owner.get() {
        Some(owner) => with_owner(None, || owner.run_in(|| send(&scope, function, resource))),
        None => send(&scope, function, resource),
    }
}

fn send(scope: &Scope, function: &str, resource: Resource) {
    let claims = Claims::of(&scope.instance);
    let mut key = scope.resource_key("notify");
    while claims.open_at(&key).is_some() {
        key = scope.resource_key("notify");
    }
    let sent: Rc<Cell<Option<Rc<Open>>>> = Rc::default();
    let (answered, function) = (Rc::clone(&sent), function.to_owned());
    let call = Box::new(move |event: Event| {
        if let Err(error) = read(&function, &event.data()) {
            send_log(3, &error.to_string());
        }
        // It has fired: its key is free for another call.
        if let Some(open) = answered.take() {
            open.close();
        }
    });
    sent.set(Some(open_key(&scope.instance, key, resource, call, false)));
}
