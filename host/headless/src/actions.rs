//! A reader's actions on a page: clicking, typing, ticking, submitting.
//!
//! Each action fires the events that a browser fires, with the defaults that these have: a click on a check
//! box ticks it, one on a submit button submits its form, a key in a field types. Navigation is not a default
//! here: following a link or sending a form goes nowhere.

use hmr_abi::event::EventData;

use crate::dom::Node;
use crate::engine::State;

fn event(kind: &str) -> EventData {
    EventData { kind: kind.to_owned(), ..EventData::default() }
}

impl State {
    /// A click with the mouse: press, focus, release, click.
    pub(crate) fn click(&mut self, node: Node, template: &EventData) {
        let with = |kind: &str| EventData { kind: kind.to_owned(), ..template.clone() };
        let held = |kind: &str| EventData { kind: kind.to_owned(), buttons: 1, ..template.clone() };
        self.fire(node, &held("pointerdown"));
        if !self.fire(node, &held("mousedown")) {
            let above = self.dom.with_ancestors(node).into_iter();
            let focusable = above.into_iter().find(|node| self.can_focus(*node));
            self.focus(focusable);
        }
        self.fire(node, &with("pointerup"));
        self.fire(node, &with("mouseup"));
        self.activate(node, template);
    }

    /// The click itself, with its default.
    fn activate(&mut self, node: Node, template: &EventData) {
        let above = self.dom.with_ancestors(node);
        if above.iter().any(|node| {
            self.dom.is(*node, &["button", "input", "select", "textarea"])
                && self.dom.is_disabled(*node)
        }) {
            return;
        }
        let active = above.into_iter().find(|node| {
            self.dom.is(
                *node,
                &["button", "input", "select", "textarea", "label", "summary", "a", "option"],
            )
        });
        let data = EventData { kind: "click".to_owned(), ..template.clone() };
        let Some(active) = active else {
            self.fire(node, &data);
            return;
        };
        if self.dom.is_checkable(active) {
            return self.click_checkable(node, active, &data);
        }
        if !self.fire(node, &data) {
            self.after_click(active, template);
        }
    }

    /// A check box and a radio button change before the click is dispatched, and change back if it is prevented.
    fn click_checkable(&mut self, node: Node, field: Node, data: &EventData) {
        let was = self.dom.checked(field).unwrap_or(false);
        let radio = self.dom.input_type(field) == "radio";
        let chosen = self
            .dom
            .radio_group(field)
            .into_iter()
            .find(|other| self.dom.checked(*other) == Some(true));
        self.dom.set_checked(field, radio || !was);
        if self.fire(node, data) {
            match chosen {
                Some(chosen) if radio => self.dom.set_checked(chosen, true),
                _ => self.dom.set_checked(field, was),
            }
        } else if !(radio && was) {
            self.fire(field, &event("input"));
            self.fire(field, &event("change"));
        }
    }

    fn after_click(&mut self, active: Node, template: &EventData) {
        match self.dom.tag(active).as_str() {
            "label" => {
                if let Some(control) = self.control_of(active) {
                    self.focus(Some(control));
                    self.activate(control, template);
                }
            }
            "summary" => {
                if let Some(details) =
                    self.dom.parent(active).filter(|node| self.dom.is(*node, &["details"]))
                {
                    self.set_open(details, !self.dom.has_attribute(details, "open"));
                }
            }
            "button" | "input" => self.after_button(active),
            _ => {}
        }
    }

    fn after_button(&mut self, button: Node) {
        let Some(form) = self.dom.form_of(button) else { return };
        let kind = self.dom.attribute(button, "type").map(|kind| kind.to_ascii_lowercase());
        match (self.dom.tag(button).as_str(), kind.as_deref()) {
            (_, Some("submit")) | ("input", Some("image")) | ("button", None) => self.submit(form),
            (_, Some("reset")) => self.reset(form),
            _ => {}
        }
    }

    fn reset(&mut self, form: Node) {
        if self.fire(form, &event("reset")) {
            return;
        }
        for field in self.dom.with_descendants(form) {
            if self.dom.is_field(field) {
                self.dom.reset_field(field);
            }
        }
    }

    /// Fires `submit`. Sending a form is navigation, which is not simulated.
    pub(crate) fn submit(&mut self, form: Node) {
        self.fire(form, &event("submit"));
    }

    pub(crate) fn set_open(&mut self, details: Node, open: bool) {
        if open == self.dom.has_attribute(details, "open") {
            return;
        }
        if open {
            self.dom.set_attribute(details, "open", "");
        } else {
            self.dom.remove_attribute(details, "open");
        }
        self.fire(details, &event("toggle"));
    }

    fn control_of(&self, label: Node) -> Option<Node> {
        let is_control = |node: &Node| {
            self.dom.is(*node, &["button", "input", "select", "textarea"])
                && self.dom.input_type(*node) != "hidden"
        };
        if let Some(id) = self.dom.attribute(label, "for") {
            return self.dom.by_id(&id).filter(is_control);
        }
        self.dom.with_descendants(label).into_iter().find(is_control)
    }

    /// Types into a field, character by character.
    pub(crate) fn type_text(&mut self, node: Node, text: &str) {
        self.focus(Some(node));
        for character in text.chars() {
            self.press(
                node,
                &EventData { key: Some(character.to_string()), ..EventData::default() },
            );
        }
    }

    /// Presses and releases a key. The answer to `keydown` decides whether the key has its effect.
    pub(crate) fn press(&mut self, node: Node, key: &EventData) {
        let with = |kind: &str| EventData { kind: kind.to_owned(), ..key.clone() };
        let prevented = self.fire(node, &with("keydown"));
        let chord = key.ctrl_key || key.alt_key || key.meta_key;
        if !prevented && !chord {
            self.after_key(node, key.key.as_deref().unwrap_or_default());
        }
        let to = self.dom.focused.unwrap_or(node);
        self.fire(to, &with("keyup"));
        self.settle();
    }

    fn after_key(&mut self, node: Node, key: &str) {
        let mut characters = key.chars();
        let single = characters.next().filter(|_| characters.next().is_none());
        let is_button = self.dom.is(node, &["button", "summary"]) || self.dom.is_checkable(node);
        match (key, single) {
            ("Enter", _) if self.dom.is(node, &["textarea"]) => self.insert_text(node, "\n"),
            ("Enter", _) if self.dom.takes_text(node) => self.enter(node),
            ("Enter" | " ", _) if is_button => self.activate(node, &EventData::default()),
            ("Enter", _) if self.dom.is(node, &["a"]) => self.activate(node, &EventData::default()),
            ("Backspace", _) if self.dom.takes_text(node) => self.delete(node, true),
            ("Delete", _) if self.dom.takes_text(node) => self.delete(node, false),
            (_, Some(_)) if self.dom.takes_text(node) => self.insert_text(node, key),
            _ => {}
        }
    }

    /// Enter in a text field: `change`, and the form's submission.
    fn enter(&mut self, node: Node) {
        let value = self.dom.value(node);
        let before = self.dom.beside_mut(node).field.at_focus.clone();
        if before.is_some() && before != value {
            self.dom.beside_mut(node).field.at_focus = value;
            self.fire(node, &event("change"));
        }
        let Some(form) = self.dom.form_of(node) else { return };
        let button = self.dom.with_descendants(form).into_iter().find(|node| {
            let kind = self.dom.attribute(*node, "type");
            (self.dom.is(*node, &["button"]) && matches!(kind.as_deref(), None | Some("submit")))
                || self.dom.input_type(*node) == "submit"
        });
        match button {
            Some(button) => self.activate(button, &EventData::default()),
            None => self.submit(form),
        }
    }

    fn insert_text(&mut self, node: Node, text: &str) {
        let (from, to) = self.dom.selection(node);
        self.edit(node, from, to, text, "insertText");
    }

    fn delete(&mut self, node: Node, back: bool) {
        let (mut from, mut to) = self.dom.selection(node);
        if from == to && back {
            from = from.saturating_sub(1);
        } else if from == to {
            to += 1;
        }
        self.edit(node, from, to, "", "delete");
    }

    /// Replaces a range of a field's text, in characters, as typing does.
    fn edit(&mut self, node: Node, from: usize, to: usize, text: &str, why: &str) {
        if self.dom.has_attribute(node, "readonly") || self.dom.is_disabled(node) {
            return;
        }
        let value = self.dom.value(node).unwrap_or_default();
        let length = value.chars().count();
        let to = to.min(length);
        if from == to && text.is_empty() {
            return;
        }
        let changed: String =
            value.chars().take(from).chain(text.chars()).chain(value.chars().skip(to)).collect();
        let caret = from + text.chars().count();
        self.dom.set_value(node, &changed);
        self.dom.beside_mut(node).field.selection = Some((caret, caret));
        let data = (why == "insertText").then(|| text.to_owned());
        self.fire(node, &EventData { data, ..event("input") });
    }

    /// Drags one element onto another. It is dropped if `dragover` accepts it.
    pub(crate) fn drag(&mut self, from: Node, to: Node) {
        let above = self.dom.with_ancestors(from).into_iter();
        let source = above
            .into_iter()
            .find(|node| self.dom.attribute(*node, "draggable").as_deref() == Some("true"));
        let Some(source) = source else { return };
        if self.fire(source, &event("dragstart")) {
            return;
        }
        let carried = self.dom.attribute(source, "data-drag").unwrap_or_default();
        self.fire(to, &event("dragenter"));
        if self.fire(to, &event("dragover")) {
            self.fire(to, &EventData { data: Some(carried), ..event("drop") });
        }
        self.fire(source, &event("dragend"));
    }
}
