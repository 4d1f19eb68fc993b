//! Host functions: what a page offers to its modules by name.
//!
//! Those of [`BUILT_IN`] are there from the beginning, as in every engine.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmr_abi::event::StorageArea;
use serde_json::{Value, json};

use super::Environment;
use crate::guest::page_values::PageValues;

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

    /// The error for a function that is not there.
    fn unknown(&self, name: &str) -> String {
        let registered = self.0.keys().map(String::as_str);
        let mut known: Vec<&str> = registered.chain(BUILT_IN).collect();
        known.sort_unstable();
        let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        format!("there is no host function `{name}`; there are {}", known.join(", "))
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
const BUILT_IN: [&str; 10] = [
    "clipboard.read",
    "clipboard.write",
    "document.title",
    "file.read",
    "location.go",
    "location.push",
    "location.replace",
    "storage.get",
    "storage.remove",
    "storage.set",
];

impl Environment {
    /// Runs a function that every engine has.
    pub(crate) fn run_built_in(
        &mut self,
        page_values: &PageValues,
        name: &str,
        argument: &Value,
    ) -> Result<Value, String> {
        match name {
            "clipboard.read" => return self.read_clipboard().map(Value::String),
            "clipboard.write" => {
                let text = text_of(argument, "text")?.to_owned();
                self.read_clipboard()?;
                self.clipboard.text = text;
            }
            "file.read" => return self.read_file(argument).map(Value::String),
            "document.title" => self.title = Some(text_of(argument, "title")?.to_owned()),
            "location.push" => self.push_location(page_values, text_of(argument, "url")?)?,
            "location.replace" => self.replace_location(page_values, text_of(argument, "url")?)?,
            "location.go" => {
                let by = argument.get("by").and_then(Value::as_i64);
                self.go(page_values, by.ok_or("`by` must be an integer")?);
            }
            "storage.get" => {
                let (area, item) = item_of(argument)?;
                return Ok(json!(self.storage.get(area, item)));
            }
            "storage.set" => {
                let (area, item) = item_of(argument)?;
                let value = argument.get("value").and_then(Value::as_str);
                let value = value.ok_or("`value` is the text to store")?;
                self.storage.set(area, item, Some(value));
                return Ok(json!(value));
            }
            "storage.remove" => {
                let (area, item) = item_of(argument)?;
                self.storage.set(area, item, None);
            }
            _ => return Err(self.functions.unknown(name)),
        }
        Ok(Value::Null)
    }
}

impl Environment {
    fn read_clipboard(&self) -> Result<String, String> {
        match &self.clipboard.denied {
            Some(reason) => Err(reason.clone()),
            None => Ok(self.clipboard.text.clone()),
        }
    }

    /// The content of a file: text, or bytes as Base64.
    fn read_file(&self, argument: &Value) -> Result<String, String> {
        let id = argument.get("file").and_then(Value::as_str).and_then(|id| id.parse().ok());
        let index = id.and_then(|id: usize| id.checked_sub(1));
        let content = index
            .and_then(|index| self.files.get(index))
            .ok_or("the page does not have the file any more: it has to be chosen again")?;
        match argument.get("as").and_then(Value::as_str) {
            Some("text") => Ok(String::from_utf8_lossy(content).into_owned()),
            Some("bytes") => {
                let bound = |name: &str, otherwise: usize| {
                    let number = argument.get(name).and_then(Value::as_u64);
                    let number = number.and_then(|number| usize::try_from(number).ok());
                    number.unwrap_or(otherwise).min(content.len())
                };
                let (start, end) = (bound("start", 0), bound("end", content.len()));
                Ok(BASE64.encode(content.get(start..end).unwrap_or_default()))
            }
            _ => Err("`as` must be `text` or `bytes`".to_owned()),
        }
    }
}

fn text_of<'a>(argument: &'a Value, field: &str) -> Result<&'a str, String> {
    let text = argument.get(field).and_then(Value::as_str);
    text.ok_or_else(|| format!("`{field}` must be a text"))
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
