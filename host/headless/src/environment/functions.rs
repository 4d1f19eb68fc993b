//! Host functions: what a page offers to its modules by name.
//!
//! `storage.get`, `storage.set` and `storage.remove` are built in, as every engine has them.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use hmr_abi::event::StorageArea;
use serde_json::{Value, json};

use crate::environment::storage::StoredItems;

#[derive(Clone)]
pub(crate) enum HostFunction {
    /// Answers at once.
    Immediate(Rc<dyn Fn(Value) -> Result<Value, String>>),
    /// The test answers each call at any time.
    Deferred,
}

/// The functions that a test has registered.
#[derive(Clone, Default)]
pub(crate) struct HostFunctions(BTreeMap<String, HostFunction>);

impl fmt::Debug for HostFunctions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl HostFunctions {
    pub(crate) fn get(&self, name: &str) -> Option<HostFunction> {
        self.0.get(name).cloned()
    }

    /// Registers a function that answers at once.
    pub(crate) fn add(
        &mut self,
        name: String,
        function: impl Fn(Value) -> Result<Value, String> + 'static,
    ) {
        self.0.insert(name, HostFunction::Immediate(Rc::new(function)));
    }

    /// Registers a function whose calls the test answers.
    pub(crate) fn add_deferred(&mut self, name: String) {
        self.0.insert(name, HostFunction::Deferred);
    }
}

/// The functions that every engine has.
const BUILT_IN: [&str; 3] = ["storage.get", "storage.remove", "storage.set"];

/// Runs a function that every engine has.
pub(crate) fn built_in(
    registered: &HostFunctions,
    stored: &mut StoredItems,
    name: &str,
    argument: &Value,
) -> Result<Value, String> {
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
            stored.set(area, item, None);
            Ok(Value::Null)
        }
        _ => {
            let registered = registered.0.keys().map(String::as_str);
            let mut known: Vec<&str> = registered.chain(BUILT_IN).collect();
            known.sort_unstable();
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            Err(format!("there is no host function `{name}`; there are {}", known.join(", ")))
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
