//! Attributes that a module sets: checked, noted, and set in the document.
//!
//! The record has what the module requested for, the document the current values; a change of the record changes only what
//! differs, so that classes and styles which others put on an element stay.

use super::{TreeError, TreeRequests};
use crate::dom::{Dom, Node, Rendered};

/// Sets an attribute requested by a module, and records that.
pub(super) fn set_attribute(
    dom: &mut Dom,
    requested: &mut TreeRequests,
    node: Node,
    name: &str,
    value: &str,
) -> Result<(), TreeError> {
    if !is_name(name) {
        return Err(TreeError::Name(name.to_owned()));
    }
    if name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("on")) {
        requested
            .warnings
            .push(format!("the attribute `{name}` was left out: a view listens with `on:`"));
        return Ok(());
    }
    change(dom, node, name, Some(value));
    Ok(())
}

/// Changes one attribute in the record and in the document. Classes and styles that exist next to the
/// attribute of their name stay.
pub(super) fn change(dom: &mut Dom, node: Node, name: &str, value: Option<&str>) {
    let rendered = &mut dom.node_state_mut(node).rendered;
    // Classes and styles are all that an attribute is not alone in asking for.
    let shared = matches!(name, "class" | "style");
    let before = if shared { rendered.clone() } else { Rendered::default() };
    match value {
        Some(value) => _ = rendered.attributes.insert(name.to_owned(), value.to_owned()),
        None => _ = rendered.attributes.remove(name),
    }
    match value {
        _ if shared => {
            let after = rendered.clone();
            change_attribute(dom, node, name, &before, &after);
        }
        Some(value) => dom.set_attribute(node, name, value),
        None => dom.remove_attribute(node, name),
    }
}

/// Sets a style requested by a module, and records that. Empty text removes it.
pub(super) fn set_style(dom: &mut Dom, node: Node, name: &str, value: &str) {
    let styles = &mut dom.node_state_mut(node).rendered.styles;
    if value.is_empty() {
        styles.remove(name);
    } else {
        styles.insert(name.to_owned(), value.to_owned());
    }
    dom.set_style(node, name, value);
}

/// Turns an attribute of the document from the value in `before` to that in `after`.
pub(crate) fn change_attribute(
    dom: &Dom,
    node: Node,
    name: &str,
    before: &Rendered,
    after: &Rendered,
) {
    let old = before.attributes.get(name).map(String::as_str);
    let new = after.attributes.get(name).map(String::as_str);
    match (name, new) {
        ("class", _) => change_classes(dom, node, before, after),
        ("style", _) => {
            dom.change_styles(node, old, new);
            for (name, value) in &after.styles {
                dom.set_style(node, name, value);
            }
        }
        (_, Some(value)) => dom.set_attribute(node, name, value),
        (_, None) => dom.remove_attribute(node, name),
    }
}

/// Turns the classes of an element from those in `before` to those in `after`.
pub(crate) fn change_classes(dom: &Dom, node: Node, before: &Rendered, after: &Rendered) {
    let requested = after.attributes.contains_key("class");
    let (before, after) = (class_tokens(before), class_tokens(after));
    for class in before.iter().filter(|class| !after.contains(class)) {
        dom.toggle_class(node, class, false);
    }
    for class in after.iter().filter(|class| !before.contains(class)) {
        dom.toggle_class(node, class, true);
    }
    if !requested
        && before.len() > after.len()
        && dom.attribute(node, "class").as_deref() == Some("")
    {
        dom.remove_attribute(node, "class");
    }
}

/// The classes requested by a module: those of the attribute, and those switched on one by one.
pub(crate) fn class_tokens(rendered: &Rendered) -> Vec<&str> {
    let attribute = rendered.attributes.get("class").map_or("", String::as_str);
    let mut tokens: Vec<&str> = attribute.split_ascii_whitespace().collect();
    for (name, on) in &rendered.classes {
        match tokens.iter().position(|token| token == name) {
            Some(at) if !on => _ = tokens.remove(at),
            None if *on => tokens.push(name),
            _ => {}
        }
    }
    tokens
}

/// Whether elements and attributes can be called this.
pub(super) fn is_name(name: &str) -> bool {
    let refused = |c: char| c.is_whitespace() || c.is_control() || "<>\"'/=&".contains(c);
    !name.is_empty() && !name.contains(refused) && !name.starts_with(|c: char| c.is_ascii_digit())
}
