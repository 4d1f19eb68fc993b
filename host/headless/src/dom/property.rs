//! JavaScript properties, as far as a document without a browser has them.
//!
//! Properties that a browser reflects in an attribute are kept there; those of form fields and scrolling
//! have state of their own; all others are remembered as they were set.

use serde_json::Value;

use super::{Dom, Node};

/// Boolean properties and the attributes that reflect them.
const FLAGS: [(&str, &str); 12] = [
    ("disabled", "disabled"),
    ("hidden", "hidden"),
    ("open", "open"),
    ("required", "required"),
    ("readOnly", "readonly"),
    ("multiple", "multiple"),
    ("autofocus", "autofocus"),
    ("defaultChecked", "checked"),
    ("defaultSelected", "selected"),
    ("inert", "inert"),
    ("noValidate", "novalidate"),
    ("controls", "controls"),
];

/// Text properties and the attributes that reflect them.
const TEXTS: [(&str, &str); 13] = [
    ("className", "class"),
    ("id", "id"),
    ("title", "title"),
    ("htmlFor", "for"),
    ("href", "href"),
    ("src", "src"),
    ("alt", "alt"),
    ("name", "name"),
    ("type", "type"),
    ("placeholder", "placeholder"),
    ("lang", "lang"),
    ("dir", "dir"),
    ("defaultValue", "value"),
];

fn reflected(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    table.iter().find(|(property, _)| *property == name).map(|(_, attribute)| *attribute)
}

impl Dom {
    /// A property's current value, `Null` if nothing ever set it.
    pub(crate) fn property(&self, node: Node, name: &str) -> Value {
        if let Some(attribute) = reflected(&FLAGS, name) {
            return self.has_attribute(node, attribute).into();
        }
        if let Some(attribute) = reflected(&TEXTS, name) {
            return self.attribute(node, attribute).unwrap_or_default().into();
        }
        let node_state = self.node_state(node);
        let scroll = node_state.map(|node_state| node_state.scroll).unwrap_or_default();
        let own = || {
            node_state
                .and_then(|node_state| node_state.properties.get(name))
                .cloned()
                .unwrap_or_default()
        };
        match name {
            "value" => self.value(node).map_or_else(own, Value::from),
            "checked" => self.checked(node).map_or_else(own, Value::from),
            "selected" => self.is_selected(node).into(),
            "selectedIndex" => self.selected_index(node).into(),
            "scrollLeft" => scroll.0.into(),
            "scrollTop" => scroll.1.into(),
            "innerHTML" => self.inner_html(node).into(),
            "textContent" | "innerText" => self.text(node).into(),
            _ => own(),
        }
    }

    pub(crate) fn set_property(&mut self, node: Node, name: &str, value: &Value) {
        if let Some(attribute) = reflected(&FLAGS, name) {
            return if truthy(value) {
                self.set_attribute(node, attribute, "");
            } else {
                self.remove_attribute(node, attribute);
            };
        }
        if let Some(attribute) = reflected(&TEXTS, name) {
            return self.set_attribute(node, attribute, &as_text(value));
        }
        match name {
            "value" if self.is_field(node) => {
                // Writing the value that is there already would move the caret.
                if self.value(node).as_deref() != Some(&as_text(value)) {
                    self.set_value(node, &as_text(value));
                }
            }
            "checked" if self.is_checkable(node) => self.set_checked(node, truthy(value)),
            "selected" if self.is(node, &["option"]) => self.select_option(node, truthy(value)),
            "selectedIndex" if self.is(node, &["select"]) => self.select_index(node, value),
            "scrollLeft" => {
                self.node_state_mut(node).scroll.0 = value.as_f64().unwrap_or(0.0).max(0.0);
            }
            "scrollTop" => {
                self.node_state_mut(node).scroll.1 = value.as_f64().unwrap_or(0.0).max(0.0);
            }
            "innerHTML" => self.set_inner_html(node, &as_text(value)),
            "textContent" | "innerText" => {
                self.clear(node);
                let text = self.create_text(&as_text(value));
                self.insert(node, text, None);
            }
            _ => _ = self.node_state_mut(node).properties.insert(name.to_owned(), value.clone()),
        }
    }

    pub(crate) fn select_of(&self, option: Node) -> Option<Node> {
        self.with_ancestors(option).into_iter().find(|above| self.is(*above, &["select"]))
    }

    fn is_selected(&self, option: Node) -> bool {
        self.select_of(option).is_some_and(|select| self.selected_options(select).contains(&option))
    }

    fn select_option(&mut self, option: Node, on: bool) {
        if let Some(select) = self.select_of(option) {
            self.choose(select, option, on);
        }
    }

    fn selected_index(&self, select: Node) -> i64 {
        let first = self.selected_options(select).first().copied();
        let at = self.options(select).iter().position(|option| Some(*option) == first);
        at.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1)
    }

    fn select_index(&mut self, select: Node, index: &Value) {
        let at = index.as_u64().and_then(|at| usize::try_from(at).ok());
        let option = at.and_then(|at| self.options(select).get(at).copied());
        self.choose_only(select, option.as_slice());
    }
}

/// JavaScript's conversion to a boolean.
fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(on) => *on,
        Value::Number(number) => number.as_f64().is_some_and(|number| number != 0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// JavaScript's conversion to text, with `null` as empty text, as form fields take it.
fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
