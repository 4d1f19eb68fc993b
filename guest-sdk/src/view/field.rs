//! Form fields whose text is bound to a signal.
//!
//! What the reader types stays as it was typed: text that is not a value of the signal's type is left in the field, and so is a text
//! that the value is not written as, `1.` for instance. The field shows the signal's value when the signal gets another one.

use std::cell::RefCell;
use std::fmt::Display;
use std::rc::Rc;
use std::str::FromStr;

use hmr_abi::ops::NodeId;
use serde_json::json;

use crate::dom;
use crate::event::Event;
use crate::reactive::effect::effect_boxed;

/// A value that a form field's text can be bound to: text, numbers, and every other type that is `FromStr` and `Display`.
#[diagnostic::on_unimplemented(
    message = "a field cannot be bound to a signal of `{Self}`",
    label = "it is not read from text and written as text",
    note = "hint: implement `FromStr` and `Display` for it, or use `prop:value` and an `on:input` handler"
)]
pub trait FieldValue: Clone + 'static {
    /// The text of the field.
    fn to_field(&self) -> String;
    /// The value of the typed text; `None` leaves the signal as it is.
    fn from_field(text: &str) -> Option<Self>;
}

impl<T: FromStr + Display + Clone + 'static> FieldValue for T {
    fn to_field(&self) -> String {
        self.to_string()
    }

    fn from_field(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// The text in a field, as far as the signal does not write it so.
#[derive(PartialEq, Eq)]
enum Typed {
    /// The field shows what the signal writes.
    Nothing,
    /// A text whose value is written as this.
    WrittenAs(String),
    /// A text that is not a value.
    Unreadable,
}

/// Sets a signal to the value of a text, and returns how that is written; nothing if the text is not a value.
type Read = Box<dyn Fn(&str) -> Option<String>>;

/// Shows a signal's text in a field. Returns what follows the reader's input.
pub(super) fn bind(
    id: NodeId,
    mut text: Box<dyn FnMut() -> String>,
    read: Read,
) -> impl FnMut(Event) + 'static {
    let typed = Rc::new(RefCell::new(Typed::Nothing));
    let kept = Rc::clone(&typed);
    let mut shown = None;
    effect_boxed(Box::new(move || {
        let new = text();
        let is_shown = match &*kept.borrow() {
            Typed::Nothing => shown.as_ref() == Some(&new),
            Typed::WrittenAs(written) => *written == new,
            Typed::Unreadable => false,
        };
        if !is_shown {
            kept.replace(Typed::Nothing);
            dom::set_property(id, "value", &json!(new).to_string());
            shown = Some(new);
        }
    }));
    move |event| {
        let text = event.value();
        let now = match read(&text) {
            Some(written) if written == text => Typed::Nothing,
            Some(written) => Typed::WrittenAs(written),
            None => Typed::Unreadable,
        };
        typed.replace(now);
    }
}
