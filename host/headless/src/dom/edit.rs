//! Edits: classes and styles, one token at a time, and what scripts of the page do.
//!
//! Classes and styles are text attributes that several parties write. Editing one token leaves what others put there.

use std::collections::BTreeMap;

use hmr_abi::ops::Namespace;

use super::{Dom, Node};

impl Dom {
    /// Puts markup in front of a node.
    pub(crate) fn put_before(&self, node: Node, html: &str) {
        self.at(node).before_html(html);
    }

    /// Wraps a node in a new element.
    pub(crate) fn wrap(&self, node: Node, tag: &str) {
        let wrapper = self.create_element(Namespace::Html, tag);
        self.at(node).insert_before(&wrapper);
        self.insert(wrapper, node, None);
    }

    /// Replaces each text below a node with markup.
    pub(crate) fn replace_texts(&self, top: Node, html: impl Fn(&str) -> String) {
        let all = self.with_descendants(top).into_iter();
        let texts: Vec<Node> = all.filter(|node| self.is_text(*node)).collect();
        for text in texts {
            self.put_before(text, &html(&self.text(text)));
            self.detach(text);
        }
    }

    /// Replaces the content of an element with markup.
    pub(crate) fn replace_content(&self, node: Node, html: &str) {
        for child in self.children(node) {
            self.detach(child);
        }
        self.append_html(node, html);
    }

    /// Adds or takes away one class.
    pub(crate) fn toggle_class(&self, node: Node, class: &str, on: bool) {
        let current = self.attribute(node, "class").unwrap_or_default();
        let mut classes: Vec<&str> = current.split_ascii_whitespace().collect();
        if on == classes.contains(&class) {
            return;
        }
        if on {
            classes.push(class);
        } else {
            classes.retain(|other| *other != class);
        }
        let rendered = self.node_state(node).map(|state| &state.rendered.attributes);
        if classes.is_empty() && !rendered.is_some_and(|all| all.contains_key("class")) {
            self.remove_attribute(node, "class");
        } else {
            self.set_attribute(node, "class", &classes.join(" "));
        }
    }

    /// Sets one style property; empty text takes it away.
    pub(crate) fn set_style(&self, node: Node, name: &str, value: &str) {
        let current = self.attribute(node, "style").unwrap_or_default();
        let mut kept: Vec<(String, String)> =
            declarations(&current).into_iter().filter(|(other, _)| other != name).collect();
        if !value.is_empty() {
            kept.push((name.to_owned(), value.to_owned()));
        }
        if kept.is_empty() {
            self.remove_attribute(node, "style");
        } else {
            let text: Vec<String> =
                kept.iter().map(|(name, value)| format!("{name}: {value};")).collect();
            self.set_attribute(node, "style", &text.join(" "));
        }
    }

    /// Turns the style attribute from `old` to `new`, and leaves the rest.
    pub(crate) fn change_styles(&self, node: Node, old: Option<&str>, new: Option<&str>) {
        let read = |text: Option<&str>| -> BTreeMap<String, String> {
            declarations(text.unwrap_or_default()).into_iter().collect()
        };
        let (old, new) = (read(old), read(new));
        for name in old.keys().filter(|name| !new.contains_key(*name)) {
            self.set_style(node, name, "");
        }
        for (name, value) in new.iter().filter(|(name, value)| old.get(*name) != Some(*value)) {
            self.set_style(node, name, value);
        }
    }
}

/// The declarations of a style attribute, in order.
fn declarations(style: &str) -> Vec<(String, String)> {
    style
        .split(';')
        .filter_map(|declaration| declaration.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect()
}
