//! References to elements, to call their methods.

use hmr_abi::ops::{Method, NodeId};
use sycamore_reactive as reactive;

use super::drawing::Drawing;
use crate::dom;
use crate::reactive::owner::{note_made, on_cleanup};
use crate::reactive::turn::in_turn;
use crate::reactive::writes::afterwards;

/// A reference to an element, for what only its methods can do. In a handler or task, methods are called when it returns, on
/// the element that exists then. `Copy`.
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

    /// Draws on a `canvas`, on top of what is there.
    pub fn draw(self, draw: impl FnOnce(&mut Drawing)) {
        let mut drawing = Drawing::default();
        draw(&mut drawing);
        let commands = drawing.json();
        self.at_end(move |id| dom::draw(id, &commands));
    }

    /// The element itself, for crates such as `web-sys`: in handlers and callbacks. None before it is in the page, outside of a browser,
    /// and in unit tests.
    #[cfg(feature = "web-sys")]
    #[must_use]
    pub fn element(self) -> Option<web_sys::Element> {
        super::element::element(self.id())
    }

    fn call(self, method: Method) {
        self.at_end(move |id| dom::call(id, method));
    }

    /// Does something with the element that exists when the running handler or task has returned.
    fn at_end(self, run: impl FnOnce(NodeId) + 'static) {
        let now = move || {
            if self.id() != 0 {
                run(self.id());
            }
        };
        if in_turn() {
            afterwards(now);
        } else {
            now();
        }
    }

    /// Puts an element into the reference, until the running reactive scope is disposed.
    pub(crate) fn fill(self, id: NodeId) {
        self.0.set_silent(id);
        on_cleanup(move || {
            if self.id() == id {
                self.0.set_silent(0);
            }
        });
    }

    /// The element's number; 0 if there is none.
    pub(crate) fn id(self) -> NodeId {
        if self.0.is_alive() { self.0.get_untracked() } else { 0 }
    }
}
