//! The places of other modules' components, `hmr-component` elements, in content that renders again.
//!
//! The content of such a place belongs to another module and has its own state. So when a region or a list's item renders again,
//! an element of the same place, the same module, component and name in the same key scope, is not created again: it is that of
//! the previous rendering, moved to its new position, with the attributes that the new one has.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use hmr_abi::ops::Namespace;

use crate::dom::{self, NodeId};
use crate::instance::{Instance, is_within};
use crate::reactive::on_cleanup;
use crate::runtime::runtime;
use crate::scope;

/// The places of an instance, by key.
#[derive(Default)]
pub(crate) struct Places {
    there: RefCell<BTreeMap<String, NodeId>>,
    /// Those of content that is rendering again.
    parked: RefCell<BTreeMap<String, NodeId>>,
}

/// The values set on the elements of places, and which of them were just taken over.
#[derive(Default)]
pub(crate) struct Placed {
    set: RefCell<BTreeMap<NodeId, Vec<Set>>>,
    taken_over: RefCell<BTreeSet<NodeId>>,
}

/// Something that was set on an element.
#[derive(PartialEq, Eq)]
pub(crate) enum Set {
    Attribute(String),
    Class(String),
    Style(String),
    Listener(String, u8),
}

impl Places {
    /// Parks the places of a scope that is about to render again.
    pub(crate) fn park(&self, path: &str) {
        let leaving = self
            .there
            .borrow_mut()
            .extract_if(.., |key, _| is_within(key, path))
            .collect::<Vec<_>>();
        self.parked.borrow_mut().extend(leaving);
    }

    /// Forgets the parked places of a scope that its new rendering does not have.
    pub(crate) fn drop_parked(&self, path: &str) {
        self.parked.borrow_mut().retain(|key, node| {
            let gone = is_within(key, path);
            if gone {
                runtime().placed.set.borrow_mut().remove(node);
            }
            !gone
        });
    }
}

impl Placed {
    /// Records the values set on an element, if that is a place.
    pub(crate) fn note(&self, node: NodeId, what: impl FnOnce() -> Set) {
        if let Some(all) = self.set.borrow_mut().get_mut(&node) {
            let what = what();
            if !all.contains(&what) {
                all.push(what);
            }
        }
    }

    /// The elements that were taken over since this was called last.
    pub(crate) fn take(&self) -> BTreeSet<NodeId> {
        self.taken_over.take()
    }

    /// Takes an element over from the rendering before: nothing is set on it any more.
    fn take_over(&self, node: NodeId) {
        let all = self.set.borrow_mut().insert(node, Vec::new()).unwrap_or_default();
        for what in all {
            match what {
                // Both have these, or they would not be the same place.
                Set::Attribute(name)
                    if matches!(name.as_str(), "module" | "component" | "name") =>
                {
                    self.note(node, || Set::Attribute(name));
                }
                Set::Attribute(name) => dom::remove_attribute(node, &name),
                Set::Class(name) => dom::set_class(node, &name, false),
                Set::Style(name) => dom::set_style(node, &name, ""),
                Set::Listener(event, flags) => dom::unlisten(node, &event, flags),
            }
        }
        self.taken_over.borrow_mut().insert(node);
    }
}

/// The element for a place: the one of the rendering before, if it has this place, or a new one.
pub(crate) fn element(tag: &str, what: &str) -> NodeId {
    let Some(scope) = scope::current() else { return dom::create_element(Namespace::Html, tag) };
    let instance = std::rc::Rc::clone(&scope.instance);
    let key = scope.key(&scope.take_place(what));
    let before = instance.places.parked.borrow_mut().remove(&key);
    let placed = &runtime().placed;
    let node = before.unwrap_or_else(|| dom::create_element(Namespace::Html, tag));
    if before.is_some() {
        placed.take_over(node);
    } else {
        placed.set.borrow_mut().insert(node, Vec::new());
    }
    instance.places.there.borrow_mut().insert(key.clone(), node);
    on_cleanup(move || leave(&instance, &key, node));
    node
}

/// The scope that rendered a place goes. A place that was parked may stay.
fn leave(instance: &Instance, key: &str, node: NodeId) {
    let mut there = instance.places.there.borrow_mut();
    if there.get(key) == Some(&node) {
        there.remove(key);
        runtime().placed.set.borrow_mut().remove(&node);
    }
}
