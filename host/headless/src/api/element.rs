//! An element of a page: reading it, and doing to it what a reader does.

use hmr_abi::event::EventData;

use super::Page;
use super::actions::{click, drag, press, submit, type_text};
use super::error::PageError;
use crate::dom::Node;
use crate::page::PageState;
use crate::page::events::fire;
use crate::page::focus::{can_focus, focus};

impl Page {
    /// The first element that matches a CSS selector.
    pub fn find(&self, selector: &str) -> Result<Element, PageError> {
        let first = self.find_all(selector)?.into_iter().next();
        first
            .ok_or_else(|| PageError::NotFound { selector: selector.to_owned(), html: self.html() })
    }

    /// All elements that match a CSS selector, in document order.
    pub fn find_all(&self, selector: &str) -> Result<Vec<Element>, PageError> {
        let found = self.state.borrow().dom.select(selector);
        let found =
            found.map_err(|why| PageError::Selector { selector: selector.to_owned(), why })?;
        Ok(found.into_iter().map(|node| Element::new(self.clone(), node)).collect())
    }

    /// The text of the first element that matches; empty if none does.
    #[must_use]
    pub fn text(&self, selector: &str) -> String {
        self.find(selector).map(|element| element.text()).unwrap_or_default()
    }

    /// The texts of all elements that match.
    #[must_use]
    pub fn texts(&self, selector: &str) -> Vec<String> {
        let found = self.find_all(selector).unwrap_or_default();
        found.iter().map(Element::text).collect()
    }

    /// The element that has the focus.
    #[must_use]
    pub fn focused(&self) -> Option<Element> {
        let focused = self.state.borrow().dom.focused;
        focused.map(|node| Element::new(self.clone(), node))
    }

    /// The markup of the document's body.
    #[must_use]
    pub fn html(&self) -> String {
        let state = self.state.borrow();
        state.dom.inner_html(state.dom.body())
    }
}

/// An element of a page. It represents one node: after a swap, [`Element::is_connected`] tests whether the same node
/// is still there.
#[derive(Clone)]
pub struct Element {
    page: Page,
    node: Node,
}

impl std::fmt::Debug for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.html())
    }
}

impl PartialEq for Element {
    /// Whether both are the same node of the same page.
    fn eq(&self, other: &Self) -> bool {
        std::rc::Rc::ptr_eq(&self.page.state, &other.page.state) && self.node == other.node
    }
}

impl Eq for Element {}

impl Element {
    pub(super) fn new(page: Page, node: Node) -> Self {
        Self { page, node }
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&PageState, Node) -> T) -> T {
        read(&self.page.state.borrow(), self.node)
    }

    /// Does something to the element, and lets the page do what follows from it.
    pub(super) fn act(&self, act: impl FnOnce(&mut PageState, Node)) -> Result<&Self, PageError> {
        let state = self.page.state.borrow();
        if !state.dom.is_connected(self.node) {
            return Err(PageError::Gone { tag: state.dom.tag(self.node) });
        }
        drop(state);
        self.page.act(|state| act(state, self.node));
        Ok(self)
    }

    fn unable(&self, why: &'static str) -> PageError {
        PageError::Unable { tag: self.tag(), why }
    }

    pub(super) fn needs(&self, can: bool, why: &'static str) -> Result<(), PageError> {
        if can { Ok(()) } else { Err(self.unable(why)) }
    }

    /// The first element below this one that matches a CSS selector, which is matched in the whole document.
    pub fn find(&self, selector: &str) -> Result<Self, PageError> {
        let first = self.find_all(selector)?.into_iter().next();
        first
            .ok_or_else(|| PageError::NotFound { selector: selector.to_owned(), html: self.html() })
    }

    /// All elements below this one that match a CSS selector, in document order.
    pub fn find_all(&self, selector: &str) -> Result<Vec<Self>, PageError> {
        let mut all = self.page.find_all(selector)?;
        all.retain(|found| {
            found != self && self.read(|state, node| state.dom.contains(node, found.node))
        });
        Ok(all)
    }

    /// The tag, as it was written.
    #[must_use]
    pub fn tag(&self) -> String {
        self.read(|state, node| state.dom.tag(node))
    }

    /// The text in it.
    #[must_use]
    pub fn text(&self) -> String {
        self.read(|state, node| state.dom.text(node))
    }

    /// Its markup, itself included.
    #[must_use]
    pub fn html(&self) -> String {
        self.read(|state, node| state.dom.html(node))
    }

    /// The markup in it.
    #[must_use]
    pub fn inner_html(&self) -> String {
        self.read(|state, node| state.dom.inner_html(node))
    }

    /// An attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<String> {
        self.read(|state, node| state.dom.attribute(node, name))
    }

    /// Sets an attribute as a script of the page would. Of an `hmr-component`, this gives other props, or
    /// mounts another component.
    pub fn set_attribute(&self, name: &str, value: &str) -> Result<&Self, PageError> {
        self.act(|state, node| state.dom.set_attribute(node, name, value))
    }

    /// Puts markup in front of the element as a script of the page would.
    pub fn put_before(&self, html: &str) -> Result<&Self, PageError> {
        self.act(|state, node| state.dom.put_before(node, html))
    }

    /// Wraps the element in a new one, as a script of the page would.
    pub fn wrap(&self, tag: &str) -> Result<&Self, PageError> {
        self.act(|state, node| {
            state.dom.wrap(node, tag);
            if state.dom.focused.is_some_and(|focused| state.dom.contains(node, focused)) {
                state.dom.focused = None;
            }
        })
    }

    /// Replaces each text in the element with markup, as a translator does.
    pub fn replace_texts(&self, html: impl Fn(&str) -> String) -> Result<&Self, PageError> {
        self.act(|state, node| state.dom.replace_texts(node, html))
    }

    /// Replaces the content of the element with markup, as a script of the page or a reader's editing does.
    pub fn replace_content(&self, html: &str) -> Result<&Self, PageError> {
        self.act(|state, node| {
            state.dom.replace_content(node, html);
            if state.dom.focused.is_some_and(|focused| !state.dom.is_connected(focused)) {
                state.dom.focused = None;
            }
        })
    }

    /// Takes the element out of the document as a script of the page would.
    pub fn remove(&self) -> Result<(), PageError> {
        self.act(|state, node| {
            state.dom.detach(node);
            if state.dom.focused.is_some_and(|focused| state.dom.contains(node, focused)) {
                state.dom.focused = None;
            }
        })
        .map(|_| ())
    }

    /// Whether it has a class.
    #[must_use]
    pub fn has_class(&self, class: &str) -> bool {
        self.attribute("class")
            .is_some_and(|all| all.split_ascii_whitespace().any(|one| one == class))
    }

    /// Whether it matches a CSS selector.
    #[must_use]
    pub fn matches(&self, selector: &str) -> bool {
        self.read(|state, node| state.dom.matches(node, selector))
    }

    /// A JavaScript property; `null` if it was never set and no attribute or state defines it.
    #[must_use]
    pub fn property(&self, name: &str) -> serde_json::Value {
        self.read(|state, node| state.dom.property(node, name))
    }

    /// The value of a form field, a button or an option.
    pub fn value(&self) -> Result<String, PageError> {
        self.read(|state, node| state.dom.value(node)).ok_or_else(|| self.unable("has no value"))
    }

    /// The values of the options that are selected in a `select`, in their order.
    pub fn chosen(&self) -> Result<Vec<String>, PageError> {
        self.needs(self.read(|state, node| state.dom.is(node, &["select"])), "has no options")?;
        Ok(self.read(|state, node| state.dom.chosen(node)))
    }

    /// Whether a check box or a radio button is on.
    pub fn is_checked(&self) -> Result<bool, PageError> {
        self.read(|state, node| state.dom.checked(node))
            .ok_or_else(|| self.unable("cannot be checked"))
    }

    /// Whether it has the focus.
    #[must_use]
    pub fn is_focused(&self) -> bool {
        self.read(|state, node| state.dom.focused == Some(node))
    }

    /// Whether a control is disabled, by its own attribute or by its `fieldset`.
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        self.read(|state, node| state.dom.is_disabled(node))
    }

    /// Whether it is in the document.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.read(|state, node| state.dom.is_connected(node))
    }

    /// The ends of a field's selection, in characters; both are the caret if nothing is selected.
    #[must_use]
    pub fn selection(&self) -> (usize, usize) {
        self.read(|state, node| state.dom.selection(node))
    }

    /// `scrollLeft` and `scrollTop`, in CSS pixels.
    #[must_use]
    pub fn scroll(&self) -> (f64, f64) {
        self.read(|state, node| {
            state.dom.node_state(node).map(|node_state| node_state.scroll).unwrap_or_default()
        })
    }

    /// Clicks: pointer and mouse events, the focus, `click`, and what a click does by default.
    pub fn click(&self) -> Result<&Self, PageError> {
        self.click_with(&EventData::default())
    }

    /// [`Element::click`] with modifier keys and a place.
    pub fn click_with(&self, data: &EventData) -> Result<&Self, PageError> {
        self.act(|state, node| click(state, node, data))
    }

    /// Gives it the focus.
    pub fn focus(&self) -> Result<&Self, PageError> {
        self.needs(self.read(|state, node| can_focus(&state.dom, node)), "cannot have the focus")?;
        self.act(|state, node| focus(state, Some(node)))
    }

    /// Takes the focus away from it, which fires `change` if its text was changed.
    pub fn blur(&self) -> Result<&Self, PageError> {
        self.act(|state, node| {
            if state.dom.focused == Some(node) {
                focus(state, None);
            }
        })
    }

    /// Types at the caret, key by key.
    pub fn type_text(&self, text: &str) -> Result<&Self, PageError> {
        let can =
            self.read(|state, node| state.dom.takes_text(node) && !state.dom.is_disabled(node));
        self.needs(can, "cannot be typed into")?;
        self.act(|state, node| type_text(state, node, text))
    }

    /// Presses and releases a key: `Enter`, `Escape`, `a`. `Enter` in a field submits its form, a printable key types.
    pub fn press(&self, key: &str) -> Result<&Self, PageError> {
        self.press_with(&EventData { key: Some(key.to_owned()), ..EventData::default() })
    }

    /// [`Element::press`] with modifier keys.
    pub fn press_with(&self, key: &EventData) -> Result<&Self, PageError> {
        self.act(|state, node| {
            focus(state, Some(node));
            press(state, node, key);
        })
    }

    /// Selects a range of a field's text, in characters.
    pub fn select_range(&self, from: usize, to: usize) -> Result<&Self, PageError> {
        self.needs(self.read(|state, node| state.dom.takes_text(node)), "has no text to select")?;
        self.act(|state, node| {
            focus(state, Some(node));
            state.dom.node_state_mut(node).field.selection = Some((from.min(to), from.max(to)));
        })
    }

    /// Replaces a field's value as a reader does: `input` and `change` are fired. For a `select`, the value of an option.
    pub fn set_value(&self, value: &str) -> Result<&Self, PageError> {
        let can = self.read(|state, node| state.dom.is_field(node) && !state.dom.is_disabled(node));
        self.needs(can, "has no value to set")?;
        self.act(|state, node| {
            focus(state, Some(node));
            state.dom.set_value(node, value);
            let event = |kind: &str| EventData { kind: kind.to_owned(), ..EventData::default() };
            fire(state, node, &event("input"));
            state.dom.node_state_mut(node).field.at_focus = Some(value.to_owned());
            fire(state, node, &event("change"));
        })
    }

    /// Selects the options with these values in a `select`, and no others: `input` and `change` are fired. In one for one option it is
    /// the first with the value; without a value, nothing is selected.
    pub fn choose(&self, values: &[impl AsRef<str>]) -> Result<&Self, PageError> {
        let can = self
            .read(|state, node| state.dom.is(node, &["select"]) && !state.dom.is_disabled(node));
        self.needs(can, "has no options to choose")?;
        self.act(|state, node| {
            focus(state, Some(node));
            let mut options = state.dom.options(node);
            options.retain(|option| {
                let value = state.dom.option_value(*option);
                values.iter().any(|chosen| chosen.as_ref() == value)
            });
            if !state.dom.takes_several(node) {
                options.truncate(1);
            }
            state.dom.choose_only(node, &options);
            for kind in ["input", "change"] {
                fire(state, node, &EventData { kind: kind.to_owned(), ..EventData::default() });
            }
        })
    }

    /// Selects this option in its `select`: `input` and `change` are fired. In one for several, the others stay as they are.
    pub fn pick(&self) -> Result<&Self, PageError> {
        let select = self.read(|state, node| state.dom.select_of(node));
        let select = select.ok_or_else(|| self.unable("stands in no select"))?;
        self.act(|state, node| {
            focus(state, Some(select));
            state.dom.choose(select, node, true);
            for kind in ["input", "change"] {
                fire(state, select, &EventData { kind: kind.to_owned(), ..EventData::default() });
            }
        })
    }

    /// Ticks or unticks by a click, if it is not so already.
    pub fn set_checked(&self, on: bool) -> Result<&Self, PageError> {
        if self.is_checked()? == on { Ok(self) } else { self.click() }
    }

    /// Submits the form that it is or is in.
    pub fn submit(&self) -> Result<&Self, PageError> {
        let form = self.read(|state, node| state.dom.form_of(node));
        let form = form.ok_or_else(|| self.unable("stands in no form"))?;
        self.act(|state, _| submit(state, form))
    }

    /// Scrolls it, in CSS pixels, and fires `scroll`.
    pub fn scroll_to(&self, left: f64, top: f64) -> Result<&Self, PageError> {
        self.act(|state, node| {
            state.dom.node_state_mut(node).scroll = (left.max(0.0), top.max(0.0));
            fire(state, node, &EventData { kind: "scroll".to_owned(), ..EventData::default() });
        })
    }

    /// Drags it (or the `draggable` element that it is in) onto another element.
    pub fn drag_to(&self, target: &Self) -> Result<&Self, PageError> {
        self.needs(
            target.is_connected(),
            "is dragged to an element that is no longer in the document",
        )?;
        self.act(|state, node| drag(state, node, target.node))
    }

    /// Fires any event, without a default.
    pub fn dispatch(&self, event: &str, data: EventData) -> Result<&Self, PageError> {
        self.act(|state, node| {
            _ = fire(state, node, &EventData { kind: event.to_owned(), ..data });
        })
    }
}
