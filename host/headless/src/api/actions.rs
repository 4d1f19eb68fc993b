//! A reader's actions on a page: clicking, typing, ticking, submitting.
//!
//! Each action fires the events that a browser fires, with the defaults that these have: a click on a check
//! box ticks it, one on a submit button submits its form, one on a link within the application changes the address, a key in a
//! field types. Loading another page is not a default here: a link that leads out is only noted, and sending a form goes nowhere.

use hmr_abi::event::EventData;

use crate::dom::{Dom, Node};
use crate::page::PageState;
use crate::page::events::fire;
use crate::page::focus::{can_focus, focus};
use crate::swap::settle::settle;

fn event(kind: &str) -> EventData {
    EventData { kind: kind.to_owned(), ..EventData::default() }
}

/// A click with the mouse: press, focus, release, click.
pub(super) fn click(state: &mut PageState, node: Node, template: &EventData) {
    let with = |kind: &str| EventData { kind: kind.to_owned(), ..template.clone() };
    let held = |kind: &str| EventData { kind: kind.to_owned(), buttons: 1, ..template.clone() };
    fire(state, node, &held("pointerdown"));
    if !fire(state, node, &held("mousedown")) {
        let above = state.dom.with_ancestors(node).into_iter();
        let focusable = above.into_iter().find(|node| can_focus(&state.dom, *node));
        focus(state, focusable);
    }
    fire(state, node, &with("pointerup"));
    fire(state, node, &with("mouseup"));
    activate(state, node, template);
}

/// The click itself, with its default.
fn activate(state: &mut PageState, node: Node, template: &EventData) {
    let above = state.dom.with_ancestors(node);
    if above.iter().any(|node| {
        state.dom.is(*node, &["button", "input", "select", "textarea"])
            && state.dom.is_disabled(*node)
    }) {
        return;
    }
    let active = above.into_iter().find(|node| {
        state.dom.is(
            *node,
            &["button", "input", "select", "textarea", "label", "summary", "a", "option"],
        )
    });
    let data = EventData { kind: "click".to_owned(), ..template.clone() };
    let Some(active) = active else {
        fire(state, node, &data);
        return;
    };
    if state.dom.is_checkable(active) {
        return click_checkable(state, node, active, &data);
    }
    if !fire(state, node, &data) {
        after_click(state, active, template);
    }
}

/// A check box and a radio button change before the click is dispatched, and change back if it is prevented.
fn click_checkable(state: &mut PageState, node: Node, field: Node, data: &EventData) {
    let was = state.dom.checked(field).unwrap_or(false);
    let radio = state.dom.input_type(field) == "radio";
    let chosen = state
        .dom
        .radio_group(field)
        .into_iter()
        .find(|other| state.dom.checked(*other) == Some(true));
    state.dom.set_checked(field, radio || !was);
    if fire(state, node, data) {
        match chosen {
            Some(chosen) if radio => state.dom.set_checked(chosen, true),
            _ => state.dom.set_checked(field, was),
        }
    } else if !(radio && was) {
        fire(state, field, &event("input"));
        fire(state, field, &event("change"));
    }
}

fn after_click(state: &mut PageState, active: Node, template: &EventData) {
    match state.dom.tag(active).as_str() {
        "label" => {
            if let Some(control) = control_of(&state.dom, active) {
                focus(state, Some(control));
                activate(state, control, template);
            }
        }
        "summary" => {
            if let Some(details) =
                state.dom.parent(active).filter(|node| state.dom.is(*node, &["details"]))
            {
                set_open(state, details, !state.dom.has_attribute(details, "open"));
            }
        }
        "button" | "input" => after_button(state, active),
        "a" => follow(state, active, template),
        _ => {}
    }
}

/// Follows a link, if it is one.
fn follow(state: &mut PageState, link: Node, template: &EventData) {
    let Some(href) = state.dom.attribute(link, "href") else { return };
    let target = state.dom.attribute(link, "target").unwrap_or_default();
    let rel = state.dom.attribute(link, "rel").unwrap_or_default();
    let EventData { alt_key, ctrl_key, meta_key, shift_key, button, .. } = *template;
    let opens = alt_key
        || ctrl_key
        || meta_key
        || shift_key
        || button != 0
        || state.dom.has_attribute(link, "download")
        || !matches!(target.as_str(), "" | "_self")
        || rel.split_ascii_whitespace().any(|word| word == "external");
    let PageState { environment, page_values, .. } = state;
    environment.follow_link(page_values, &href, opens);
}

fn after_button(state: &mut PageState, button: Node) {
    let Some(form) = state.dom.form_of(button) else { return };
    let kind = state.dom.attribute(button, "type").map(|kind| kind.to_ascii_lowercase());
    match (state.dom.tag(button).as_str(), kind.as_deref()) {
        (_, Some("submit")) | ("input", Some("image")) | ("button", None) => submit(state, form),
        (_, Some("reset")) => reset(state, form),
        _ => {}
    }
}

fn reset(state: &mut PageState, form: Node) {
    if fire(state, form, &event("reset")) {
        return;
    }
    for field in state.dom.with_descendants(form) {
        if state.dom.is_field(field) {
            state.dom.reset_field(field);
        }
    }
}

/// Fires `submit`. Sending a form is navigation, which is not simulated.
pub(super) fn submit(state: &mut PageState, form: Node) {
    fire(state, form, &event("submit"));
}

fn set_open(state: &mut PageState, details: Node, open: bool) {
    if open == state.dom.has_attribute(details, "open") {
        return;
    }
    if open {
        state.dom.set_attribute(details, "open", "");
    } else {
        state.dom.remove_attribute(details, "open");
    }
    fire(state, details, &event("toggle"));
}

fn control_of(dom: &Dom, label: Node) -> Option<Node> {
    let is_control = |node: &Node| {
        dom.is(*node, &["button", "input", "select", "textarea"])
            && dom.input_type(*node) != "hidden"
    };
    if let Some(id) = dom.attribute(label, "for") {
        return dom.by_id(&id).filter(is_control);
    }
    dom.with_descendants(label).into_iter().find(is_control)
}

/// Types into a field, character by character.
pub(super) fn type_text(state: &mut PageState, node: Node, text: &str) {
    focus(state, Some(node));
    for character in text.chars() {
        press(state, node, &EventData { key: Some(character.to_string()), ..EventData::default() });
    }
}

/// Presses and releases a key. The answer to `keydown` decides whether the key has its effect.
pub(super) fn press(state: &mut PageState, node: Node, key: &EventData) {
    let with = |kind: &str| EventData { kind: kind.to_owned(), ..key.clone() };
    let prevented = fire(state, node, &with("keydown"));
    let chord = key.ctrl_key || key.alt_key || key.meta_key;
    if !prevented && !chord {
        after_key(state, node, key.key.as_deref().unwrap_or_default());
    }
    let to = state.dom.focused.unwrap_or(node);
    fire(state, to, &with("keyup"));
    settle(state);
}

fn after_key(state: &mut PageState, node: Node, key: &str) {
    let mut characters = key.chars();
    let single = characters.next().filter(|_| characters.next().is_none());
    let is_button = state.dom.is(node, &["button", "summary"]) || state.dom.is_checkable(node);
    match (key, single) {
        ("Enter", _) if state.dom.is(node, &["textarea"]) => insert_text(state, node, "\n"),
        ("Enter", _) if state.dom.takes_text(node) => enter(state, node),
        ("Enter" | " ", _) if is_button => activate(state, node, &EventData::default()),
        ("Enter", _) if state.dom.is(node, &["a"]) => activate(state, node, &EventData::default()),
        ("Backspace", _) if state.dom.takes_text(node) => delete(state, node, true),
        ("Delete", _) if state.dom.takes_text(node) => delete(state, node, false),
        (_, Some(_)) if state.dom.takes_text(node) => insert_text(state, node, key),
        _ => {}
    }
}

/// Enter in a text field: `change`, and the form's submission.
fn enter(state: &mut PageState, node: Node) {
    let value = state.dom.value(node);
    let before = state.dom.node_state_mut(node).field.at_focus.clone();
    if before.is_some() && before != value {
        state.dom.node_state_mut(node).field.at_focus = value;
        fire(state, node, &event("change"));
    }
    let Some(form) = state.dom.form_of(node) else { return };
    let button = state.dom.with_descendants(form).into_iter().find(|node| {
        let kind = state.dom.attribute(*node, "type");
        (state.dom.is(*node, &["button"]) && matches!(kind.as_deref(), None | Some("submit")))
            || state.dom.input_type(*node) == "submit"
    });
    match button {
        Some(button) => activate(state, button, &EventData::default()),
        None => submit(state, form),
    }
}

fn insert_text(state: &mut PageState, node: Node, text: &str) {
    let (from, to) = state.dom.selection(node);
    edit(state, node, from, to, text, "insertText");
}

fn delete(state: &mut PageState, node: Node, back: bool) {
    let (mut from, mut to) = state.dom.selection(node);
    if from == to && back {
        from = from.saturating_sub(1);
    } else if from == to {
        to += 1;
    }
    edit(state, node, from, to, "", "delete");
}

/// Replaces a range of a field's text, in characters, as typing does.
fn edit(state: &mut PageState, node: Node, from: usize, to: usize, text: &str, why: &str) {
    if state.dom.has_attribute(node, "readonly") || state.dom.is_disabled(node) {
        return;
    }
    let value = state.dom.value(node).unwrap_or_default();
    let length = value.chars().count();
    let to = to.min(length);
    if from == to && text.is_empty() {
        return;
    }
    let changed: String =
        value.chars().take(from).chain(text.chars()).chain(value.chars().skip(to)).collect();
    let caret = from + text.chars().count();
    state.dom.set_value(node, &changed);
    state.dom.node_state_mut(node).field.selection = Some((caret, caret));
    let data = (why == "insertText").then(|| text.to_owned());
    fire(state, node, &EventData { data, ..event("input") });
}

/// Drags one element onto another. It is dropped if `dragover` accepts it.
pub(super) fn drag(state: &mut PageState, from: Node, to: Node) {
    let above = state.dom.with_ancestors(from).into_iter();
    let source = above
        .into_iter()
        .find(|node| state.dom.attribute(*node, "draggable").as_deref() == Some("true"));
    let Some(source) = source else { return };
    if fire(state, source, &event("dragstart")) {
        return;
    }
    let carried = state.dom.attribute(source, "data-drag").unwrap_or_default();
    fire(state, to, &event("dragenter"));
    if fire(state, to, &event("dragover")) {
        fire(state, to, &EventData { data: Some(carried), ..event("drop") });
    }
    fire(state, source, &event("dragend"));
}
