//! The focus, and the methods of elements that modules call.

use hmr_abi::event::EventData;
use hmr_abi::ops::Method;

use crate::dom::{Dom, Node};
use crate::page::PageState;
use crate::page::events::fire;

/// Does what a module asked of an element of its own.
pub(crate) fn call_method(state: &mut PageState, node: Node, method: Method) {
    match method {
        Method::Focus => focus(state, Some(node)),
        Method::Blur if state.dom.focused == Some(node) => focus(state, None),
        Method::Select => {
            let end = state.dom.value(node).unwrap_or_default().chars().count();
            state.dom.node_state_mut(node).field.selection = Some((0, end));
        }
        Method::Blur | Method::ScrollIntoView => {}
    }
}

/// Moves the focus, with the events that this fires. A node that is not focusable changes nothing.
pub(crate) fn focus(state: &mut PageState, node: Option<Node>) {
    if node.is_some_and(|node| !can_focus(&state.dom, node)) || node == state.dom.focused {
        return;
    }
    let event = |kind: &str| EventData { kind: kind.to_owned(), ..EventData::default() };
    if let Some(old) = state.dom.focused.take() {
        let before = state.dom.node_state_mut(old).field.at_focus.take();
        if before.is_some() && before != state.dom.value(old) {
            fire(state, old, &event("change"));
        }
        fire(state, old, &event("blur"));
        fire(state, old, &event("focusout"));
    }
    if let Some(new) = node {
        state.dom.focused = node;
        if state.dom.takes_text(new) {
            state.dom.node_state_mut(new).field.at_focus = state.dom.value(new);
        }
        fire(state, new, &event("focus"));
        fire(state, new, &event("focusin"));
    }
}

/// Whether an element can have the focus.
pub(crate) fn can_focus(dom: &Dom, node: Node) -> bool {
    let focusable = dom.is(node, &["input", "textarea", "select", "button", "summary", "iframe"])
        || (dom.is(node, &["a", "area"]) && dom.has_attribute(node, "href"))
        || dom.has_attribute(node, "tabindex")
        || dom.has_attribute(node, "contenteditable");
    focusable && dom.is_connected(node) && !dom.is_disabled(node)
}
