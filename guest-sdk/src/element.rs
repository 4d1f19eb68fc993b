//! Elements as `view!` writes them: one chain of calls per element, each of them small.

use std::cell::RefCell;
use std::rc::Rc;

use hmr_abi::ops::{Method, Namespace};
use sycamore_reactive as reactive;

use crate::attribute::{IntoValue, Source, Target, Value, bind};
use crate::dom::{self, NodeId};
use crate::encoding;
use crate::event::{Event, register};
use crate::placed;
use crate::reactive::{in_turn, note_made, on_cleanup};
use crate::scope::escaped;
use crate::signal::Signal;
use crate::view::{IntoView, View};

/// An element that was just created.
#[derive(Clone, Copy)]
pub struct Element(NodeId);

/// Creates an HTML element.
#[must_use]
pub fn html(tag: &str) -> Element {
    Element(dom::create_element(Namespace::Html, tag))
}

/// Creates the place of another module's component. `what` is as much as is known of module, component and name when the view is
/// compiled; `key` distinguishes it from its siblings, if there is one.
#[must_use]
pub fn placed(what: &str, key: Option<&dyn std::fmt::Display>) -> Element {
    let Some(key) = key.map(ToString::to_string) else {
        return Element(placed::element("hmr-component", what));
    };
    let node = placed::element("hmr-component", &format!("{what}:{}", escaped(&key)));
    dom::set_key(node, &key);
    Element(node)
}

/// Creates an SVG element.
#[must_use]
pub fn svg(tag: &str) -> Element {
    Element(dom::create_element(Namespace::Svg, tag))
}

/// Creates a `MathML` element.
#[must_use]
pub fn mathml(tag: &str) -> Element {
    Element(dom::create_element(Namespace::MathMl, tag))
}

impl IntoView for Element {
    fn into_view(self) -> View {
        View::node(self.0)
    }
}

impl Element {
    /// Sets an attribute to text that is known when the view is compiled.
    pub fn attr_text(self, name: &str, value: &str) -> Self {
        dom::set_attribute(self.0, name, value);
        self
    }

    /// Sets or follows an attribute.
    pub fn attr(self, name: &'static str, value: impl IntoValue) -> Self {
        self.bind(Target::Attribute, name, value.into_source())
    }

    /// Sets or follows a JavaScript property.
    pub fn prop(self, name: &'static str, value: impl IntoValue) -> Self {
        self.bind(Target::Property, name, value.into_source())
    }

    /// Sets or follows one class.
    pub fn class(self, name: &'static str, on: impl IntoValue) -> Self {
        self.bind(Target::Class, name, on.into_source())
    }

    /// Sets or follows one style property.
    pub fn style(self, name: &'static str, value: impl IntoValue) -> Self {
        self.bind(Target::Style, name, value.into_source())
    }

    fn bind(self, target: Target, name: &'static str, source: Source) -> Self {
        bind(self.0, target, name, source);
        self
    }

    /// Binds the text of a form field both ways.
    pub fn bind_value<T: FieldValue>(self, signal: Signal<T>) -> Self {
        self.prop("value", move || signal.get().to_field()).on("input", 0, move |event| {
            if let Some(value) = T::from_field(&event.value()) {
                signal.set(value);
            }
        })
    }

    /// Binds a check box both ways.
    pub fn bind_checked(self, signal: Signal<bool>) -> Self {
        self.prop("checked", signal).on("change", 0, move |event| signal.set(event.checked()))
    }

    /// Listens for an event, with the flags of the ABI.
    pub fn on(self, event: &str, flags: u8, handler: impl FnMut(Event) + 'static) -> Self {
        self.listen(event, flags, Rc::new(RefCell::new(handler)))
    }

    fn listen(self, event: &str, flags: u8, handler: Rc<RefCell<dyn FnMut(Event)>>) -> Self {
        dom::listen(self.0, event, register(handler), flags);
        self
    }

    /// Gives the element an identity among its siblings.
    pub fn key(self, key: impl std::fmt::Display) -> Self {
        dom::set_key(self.0, &key.to_string());
        self
    }

    /// Puts the element into a reference, for as long as it exists.
    pub fn node_ref(self, node_ref: NodeRef) -> Self {
        node_ref.0.set_silent(self.0);
        on_cleanup(move || {
            if node_ref.id() == self.0 {
                node_ref.0.set_silent(0);
            }
        });
        self
    }

    /// Adds text that is known when the view is compiled.
    pub fn text(self, text: &str) -> Self {
        dom::insert(self.0, dom::create_text(text), 0);
        self
    }

    /// Adds the content between the tags.
    pub fn child(self, child: impl IntoView) -> Self {
        self.add(&child.into_view())
    }

    fn add(self, child: &View) -> Self {
        child.place(self.0, 0);
        self
    }
}

/// The `props` of another module's component: any [`serde::Serialize`] value, or a closure that makes one.
pub fn props<T: serde::Serialize>(value: &T) -> Value {
    encoding::write(value).map_or(Value::None, |json| Value::Json(json.get().to_owned()))
}

/// A value that a form field's text can be bound to.
pub trait FieldValue: Clone + 'static {
    /// The text of the field.
    fn to_field(&self) -> String;
    /// The value of the typed text; `None` leaves the signal as it is.
    fn from_field(text: &str) -> Option<Self>;
}

impl FieldValue for String {
    fn to_field(&self) -> String {
        self.clone()
    }

    fn from_field(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

thread_local! {
    /// A handler's calls on elements: they run once the handler's writes are rendered.
    static WAITING: RefCell<Vec<(NodeRef, Method)>> = const { RefCell::new(Vec::new()) };
}

/// Makes the calls that waited for a handler's end.
pub(crate) fn call_waiting() {
    for (node_ref, method) in WAITING.take() {
        node_ref.call(method);
    }
}

/// A reference to an element, for what only its methods can do. In a handler or task, that is done when it returns, with the
/// element that is there then. `Copy`.
#[derive(Clone, Copy)]
pub struct NodeRef(reactive::Signal<NodeId>);

impl Default for NodeRef {
    fn default() -> Self {
        Self::new()
    }
}

impl NodeRef {
    /// A reference to nothing yet; `ref={…}` in a view fills it.
    #[must_use]
    pub fn new() -> Self {
        note_made();
        Self(reactive::create_signal(0))
    }

    /// Puts the keyboard focus on the element.
    pub fn focus(self) {
        self.call(Method::Focus);
    }

    /// Takes the keyboard focus away.
    pub fn blur(self) {
        self.call(Method::Blur);
    }

    /// Selects the field's text.
    pub fn select(self) {
        self.call(Method::Select);
    }

    /// Scrolls as little as it takes to see the element.
    pub fn scroll_into_view(self) {
        self.call(Method::ScrollIntoView);
    }

    fn call(self, method: Method) {
        if in_turn() {
            WAITING.with_borrow_mut(|waiting| waiting.push((self, method)));
        } else if self.id() != 0 {
            dom::call(self.id(), method);
        }
    }

    /// The element's number; 0 if there is none.
    pub(crate) fn id(self) -> NodeId {
        if self.0.is_alive() { self.0.get_untracked() } else { 0 }
    }
}
