//! Values of attributes, properties, classes and style properties: fixed, or computed again when what they read changes.

use std::borrow::Cow;

use hmr_abi::ops::NodeId;
use serde_json::json;

use crate::dom;
use crate::reactive::effect::effect_boxed;
use crate::reactive::memo::Memo;
use crate::reactive::read_signal::ReadSignal;
use crate::reactive::signal::Signal;

/// A value at one moment.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Leaves it out.
    None,
    /// There or not.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// Text.
    Text(Cow<'static, str>),
    /// JSON text of something else, for properties and for the `props` of another module's component.
    Json(String),
}

/// A value, or what computes it.
pub enum Source {
    /// Stays as it is.
    Fixed(Value),
    /// Is computed again when what it reads changes.
    Followed(Box<dyn FnMut() -> Value>),
}

/// A value allowed for an attribute or property.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of an attribute",
    label = "neither text, a number nor a `bool`, nor a closure or signal of these",
    note = "hint: format it, `{{format!(…)}}`"
)]
pub trait IntoValue: Sized {
    /// The value at this moment.
    fn into_value(self) -> Value;

    /// The value, or what computes it.
    fn into_source(self) -> Source {
        Source::Fixed(self.into_value())
    }
}

impl IntoValue for Value {
    fn into_value(self) -> Value {
        self
    }
}

impl IntoValue for &str {
    fn into_value(self) -> Value {
        Value::Text(Cow::Owned(self.to_owned()))
    }
}

impl IntoValue for String {
    fn into_value(self) -> Value {
        Value::Text(Cow::Owned(self))
    }
}

impl IntoValue for &String {
    fn into_value(self) -> Value {
        self.as_str().into_value()
    }
}

impl IntoValue for Cow<'static, str> {
    fn into_value(self) -> Value {
        Value::Text(self)
    }
}

impl IntoValue for char {
    fn into_value(self) -> Value {
        self.to_string().into_value()
    }
}

impl IntoValue for bool {
    fn into_value(self) -> Value {
        Value::Bool(self)
    }
}

impl IntoValue for serde_json::Value {
    fn into_value(self) -> Value {
        Value::Json(self.to_string())
    }
}

macro_rules! number {
    ($($type:ty),*) => {$(
        impl IntoValue for $type {
            fn into_value(self) -> Value {
                Value::Number(self.to_string())
            }
        }
    )*};
}

number!(f32, f64, i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);

impl<T: IntoValue> IntoValue for Option<T> {
    fn into_value(self) -> Value {
        self.map_or(Value::None, T::into_value)
    }
}

impl<F, T> IntoValue for F
where
    F: FnMut() -> T + 'static,
    T: IntoValue,
{
    fn into_value(mut self) -> Value {
        self().into_value()
    }

    fn into_source(mut self) -> Source {
        Source::Followed(Box::new(move || self().into_value()))
    }
}

impl<T: IntoValue + Clone + 'static> IntoValue for Signal<T> {
    fn into_value(self) -> Value {
        self.get().into_value()
    }

    fn into_source(self) -> Source {
        Source::Followed(Box::new(move || self.get().into_value()))
    }
}

impl<T: IntoValue + Clone + 'static> IntoValue for Memo<T> {
    fn into_value(self) -> Value {
        self.get().into_value()
    }

    fn into_source(self) -> Source {
        Source::Followed(Box::new(move || self.get().into_value()))
    }
}

impl<T: IntoValue + Clone + 'static> IntoValue for ReadSignal<T> {
    fn into_value(self) -> Value {
        self.get().into_value()
    }

    fn into_source(self) -> Source {
        match self.fixed() {
            Some(value) => value.into_source(),
            None => Source::Followed(Box::new(move || self.get().into_value())),
        }
    }
}

impl Value {
    fn into_text(self) -> Option<Cow<'static, str>> {
        match self {
            Value::None => None,
            Value::Bool(value) => Some(Cow::Borrowed(if value { "true" } else { "false" })),
            Value::Number(text) | Value::Json(text) => Some(Cow::Owned(text)),
            Value::Text(text) => Some(text),
        }
    }

    fn is_on(&self) -> bool {
        match self {
            Value::None => false,
            Value::Bool(value) => *value,
            Value::Number(text) | Value::Json(text) => !matches!(text.as_str(), "0" | "null"),
            Value::Text(text) => !text.is_empty(),
        }
    }

    fn json(&self) -> String {
        match self {
            Value::None => "null".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Text(text) => json!(text).to_string(),
            // `inf` and `NaN` are not JSON.
            Value::Number(text) if serde_json::from_str::<serde_json::Number>(text).is_err() => {
                "null".to_owned()
            }
            Value::Number(text) | Value::Json(text) => text.clone(),
        }
    }
}

/// The part of an element that a value sets.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    Attribute,
    Property,
    Class,
    Style,
}

/// Applies a source: once, or whenever its value has changed.
pub(crate) fn bind(id: NodeId, target: Target, name: &'static str, source: Source) {
    match source {
        Source::Fixed(value) => apply(id, target, name, None, &value),
        Source::Followed(mut compute) => {
            let mut shown = None;
            effect_boxed(Box::new(move || {
                let value = compute();
                if shown.as_ref() != Some(&value) {
                    apply(id, target, name, shown.as_ref(), &value);
                    shown = Some(value);
                }
            }));
        }
    }
}

fn apply(id: NodeId, target: Target, name: &str, before: Option<&Value>, value: &Value) {
    match target {
        Target::Attribute => attribute(id, name, before.is_some(), value),
        Target::Property => dom::set_property(id, name, &value.json()),
        Target::Class if before.map_or(value.is_on(), |before| before.is_on() != value.is_on()) => {
            for class in name.split_ascii_whitespace() {
                dom::set_class(id, class, value.is_on());
            }
        }
        Target::Class => {}
        Target::Style => {
            let text = match value {
                Value::Bool(_) => None,
                value => value.clone().into_text(),
            };
            if before.is_some() || text.as_ref().is_some_and(|text| !text.is_empty()) {
                dom::set_style(id, name, text.as_deref().unwrap_or_default());
            }
        }
    }
}

fn attribute(id: NodeId, name: &str, shown: bool, value: &Value) {
    let text = match value {
        // These have the values `true` and `false`.
        Value::Bool(_) if is_enumerated(name) => value.clone().into_text(),
        Value::Bool(true) => Some(Cow::Borrowed("")),
        Value::Bool(false) => None,
        value => value.clone().into_text(),
    };
    match text {
        Some(text) => dom::set_attribute(id, name, &text),
        None if shown => dom::remove_attribute(id, name),
        None => {}
    }
}

fn is_enumerated(name: &str) -> bool {
    name.starts_with("aria-") || matches!(name, "contenteditable" | "draggable" | "spellcheck")
}
