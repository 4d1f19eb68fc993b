//! Observers of elements. The element of a [`NodeRef`] exists only once its view was created, and may be removed and created again
//! with it. So after each call of the engine, when the operations that create elements were sent, every observer is compared with its
//! element.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use hmr_abi::event::Resource;
use hmr_abi::ops::NodeId;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::claims::{Claim, Claims};
use super::{Call, Open, ResourceHandle, prepare, read, requesting_scope, supersede};
use crate::dom::node_ref::NodeRef;
use crate::event::Event;
use crate::reactive::turn::MadeIn;

/// The size of an element's content box, in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Size {
    /// From left to right.
    pub width: f64,
    /// From top to bottom.
    pub height: f64,
}

/// How much of an element is in view.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Intersection {
    /// Whether at least the threshold is.
    pub intersecting: bool,
    /// The share that is, 0 to 1.
    pub ratio: f64,
}

/// The changes below an element.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Mutation {
    /// How many nodes were added.
    pub added: u32,
    /// How many nodes were removed.
    pub removed: u32,
    /// The names of the attributes that changed.
    pub attributes: Vec<String>,
    /// Whether text changed.
    pub text: bool,
}

/// Calls `f` with the size of an element: once it exists, and whenever it changes.
pub fn resize_observer(
    name: &str,
    element: NodeRef,
    f: impl FnMut(Size) + 'static,
) -> ResourceHandle {
    observe(name, element, Box::new(|node| Resource::ResizeObserver { node }), reading(f))
}

/// Calls `f` when more or less of an element is in view than `threshold`, from 0 to 1: once it exists, and at each change.
pub fn intersection_observer(
    name: &str,
    element: NodeRef,
    threshold: f64,
    f: impl FnMut(Intersection) + 'static,
) -> ResourceHandle {
    let resource = move |node| Resource::IntersectionObserver { node, threshold };
    observe(name, element, Box::new(resource), reading(f))
}

/// Calls `f` when something below an element has changed.
pub fn mutation_observer(
    name: &str,
    element: NodeRef,
    f: impl FnMut(Mutation) + 'static,
) -> ResourceHandle {
    observe(name, element, Box::new(|node| Resource::MutationObserver { node }), reading(f))
}

fn reading<T: DeserializeOwned>(mut f: impl FnMut(T) + 'static) -> Call {
    Box::new(move |event: Event| {
        if let Some(value) = read(&event) {
            f(value);
        }
    })
}

/// The resource for an element.
type OfElement = Box<dyn Fn(NodeId) -> Resource>;

/// An observer and the element that the engine knows it to observe.
struct Observer {
    open: Rc<Open>,
    element: NodeRef,
    resource: OfElement,
    /// 0: none.
    observed: Cell<NodeId>,
}

thread_local! {
    static OBSERVERS: RefCell<Vec<Observer>> = const { RefCell::new(Vec::new()) };
    /// [`update_each`], once there is an observer. A module without observers has none of the code for them.
    static UPDATE: Cell<Option<fn()>> = const { Cell::new(None) };
}

fn observe(name: &str, element: NodeRef, resource: OfElement, call: Call) -> ResourceHandle {
    let Some(scope) = requesting_scope(name) else { return ResourceHandle(None) };
    let instance = &scope.instance;
    let key = scope.resource_key(name);
    supersede(instance, &key, false);
    let inherited = Claims::of(instance).claim(&Claim::Resource(key.clone()));
    let open = prepare(instance, key, call, MadeIn::this_turn());
    // The previous rendering requested it: close it if there is no element for it now.
    open.requested.set(inherited);
    let observer = Observer { open: Rc::clone(&open), element, resource, observed: Cell::new(0) };
    OBSERVERS.with_borrow_mut(|observers| observers.push(observer));
    UPDATE.set(Some(update_each));
    ResourceHandle(Some(open))
}

/// Requests what observers need now that their elements exist or do not.
pub(crate) fn update_all() {
    if let Some(update) = UPDATE.get() {
        update();
    }
}

fn update_each() {
    OBSERVERS.with_borrow_mut(|observers| {
        observers.retain(|observer| {
            let is_open = !observer.open.closed.get();
            if is_open {
                observer.update();
            }
            is_open
        });
    });
}

impl Observer {
    fn update(&self) {
        let element = self.element.id();
        if element == 0 {
            self.open.withdraw();
        } else if element != self.observed.get() {
            self.open.request((self.resource)(element), false);
        }
        self.observed.set(element);
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn reset() {
    OBSERVERS.take();
}
