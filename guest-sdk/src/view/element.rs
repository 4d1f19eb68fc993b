//! Elements as `view!` writes them: one chain of calls per element, each of them small.

use std::cell::RefCell;
use std::rc::Rc;

use hmr_abi::ops::{Namespace, NodeId};

use super::View;
use super::attribute::{IntoValue, Source, Target, Value, bind};
use super::field::{self, FieldValue};
use super::into_view::IntoView;
use super::placed;
use crate::dom;
use crate::dom::drawing::Drawing;
use crate::dom::node_ref::NodeRef;
use crate::encoding;
use crate::event::Event;
use crate::event::handlers::register;
use crate::reactive::effect::effect_boxed;
use crate::reactive::signal::Signal;
use crate::state::key::escaped;

/// An element that was just created.
#[derive(Clone, Copy)]
pub struct Element(NodeId);

/// Creates an HTML element.
#[must_use]
pub fn html(tag: &str) -> Element {
    Element(dom::create_element(Namespace::Html, tag))
}

/// Creates the element of another module's component. `what` is what is known of module, component and name when the view is
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
        let text = move || signal.with(T::to_field);
        let read = move |text: &str| {
            let value = T::from_field(text)?;
            let written = value.to_field();
            signal.set(value);
            Some(written)
        };
        let typed = field::bind(self.0, Box::new(text), Box::new(read));
        self.on("input", 0, typed)
    }

    /// Binds a check box both ways.
    pub fn bind_checked(self, signal: Signal<bool>) -> Self {
        self.prop("checked", signal).on("change", 0, move |event| signal.set(event.checked()))
    }

    /// Makes the picture of a `canvas`, and again whenever what it reads has changed. Each time it begins with an empty canvas.
    pub fn draw(self, mut draw: impl FnMut(&mut Drawing) + 'static) -> Self {
        effect_boxed(Box::new(move || {
            let mut drawing = Drawing::from_blank();
            draw(&mut drawing);
            dom::draw(self.0, &drawing.json());
        }));
        self
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
        node_ref.fill(self.0);
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
        child.insert(self.0, 0);
        self
    }
}

/// The `props` of another module's component: any [`serde::Serialize`] value, or a closure that makes one.
pub fn props<T: serde::Serialize>(value: &T) -> Value {
    encoding::write(value).map_or(Value::None, |json| Value::Json(json.get().to_owned()))
}
