//! Values as JSON, with every digit of a number.

use std::fmt::Write as _;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it is written.
    Number(String),
    /// A text.
    Text(String),
    /// An array.
    Array(Vec<Value>),
    /// An object; its entries keep their order.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// The entry of an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Object(entries) => entries.iter().find(|(key, _)| key == name).map(|(_, it)| it),
            _ => None,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items, if it is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// What it is, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// Writes it as JSON behind `to`.
    pub fn write_json(&self, to: &mut String) {
        match self {
            Self::Null => to.push_str("null"),
            Self::Bool(value) => to.push_str(if *value { "true" } else { "false" }),
            Self::Number(number) => to.push_str(number),
            Self::Text(text) => write_text(text, to),
            Self::Array(items) => {
                to.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        to.push(',');
                    }
                    item.write_json(to);
                }
                to.push(']');
            }
            Self::Object(entries) => {
                to.push('{');
                for (at, (name, value)) in entries.iter().enumerate() {
                    if at > 0 {
                        to.push(',');
                    }
                    write_text(name, to);
                    to.push(':');
                    value.write_json(to);
                }
                to.push('}');
            }
        }
    }

    /// It as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::new();
        self.write_json(&mut json);
        json
    }

    /// Reads JSON.
    ///
    /// # Errors
    ///
    /// If it is not JSON: what is wrong, and where.
    pub fn parse(json: &str) -> Result<Value, String> {
        crate::parse::parse(json)
    }
}

fn write_text(text: &str, to: &mut String) {
    to.push('"');
    for char in text.chars() {
        match char {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            '\t' => to.push_str("\\t"),
            // Writing to a text cannot fail.
            char if char < ' ' => _ = write!(to, "\\u{:04x}", u32::from(char)),
            char => to.push(char),
        }
    }
    to.push('"');
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
