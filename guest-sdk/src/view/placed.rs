//! The elements of other modules' components, `hmr-component`, in content that renders again.
//!
//! The content of such an element belongs to another module and has its own state. So when a region or a list's item renders again,
//! a placed component with the same module, component and name in the same key scope does not get a new element: it takes over that
//! of the previous rendering, which is moved to its new position and gets the attributes of the new rendering.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use hmr_abi::ops::{Namespace, NodeId};

use crate::dom::{self, tracked};
use crate::reactive::owner::on_cleanup;
use crate::state::instance::Instance;
use crate::state::key::is_within;
use crate::state::scope;
use crate::view::rerender::{Parking, keep_components};

/// The placed components of an instance, by key.
#[derive(Default)]
struct Placed {
    shown: RefCell<BTreeMap<String, NodeId>>,
    /// Those of content that is rendering again.
    parked: RefCell<BTreeMap<String, NodeId>>,
}

thread_local! {
    /// The elements that were taken over since [`take_taken_over`] was called.
    static TAKEN_OVER: RefCell<Vec<NodeId>> = const { RefCell::new(Vec::new()) };
}

impl Placed {
    /// The placed components of an instance.
    fn of(instance: &Instance) -> Rc<Self> {
        keep_components(Parking {
            park: |instance, path| Self::of(instance).park(path),
            drop_parked: |instance, path| Self::of(instance).drop_parked(path),
        });
        instance.part()
    }

    /// Parks the placed components of a scope that is about to render again.
    fn park(&self, path: &str) {
        let leaving = take_within(&mut self.shown.borrow_mut(), path);
        let mut parked = self.parked.borrow_mut();
        for (key, node) in leaving {
            parked.insert(key, node);
        }
    }

    /// Forgets the parked components of a scope that its new rendering does not have.
    fn drop_parked(&self, path: &str) {
        for (_, node) in take_within(&mut self.parked.borrow_mut(), path) {
            tracked::forget(node);
        }
    }
}

/// Removes what is in the scope of this path.
fn take_within(all: &mut BTreeMap<String, NodeId>, path: &str) -> Vec<(String, NodeId)> {
    let mut keys = Vec::new();
    for key in all.keys() {
        if is_within(key, path) {
            keys.push(key.clone());
        }
    }
    let mut taken = Vec::new();
    for key in keys {
        if let Some(node) = all.remove(&key) {
            taken.push((key, node));
        }
    }
    taken
}

/// The elements that were taken over since this was called last, in order.
pub(super) fn take_taken_over() -> Vec<NodeId> {
    let mut all = TAKEN_OVER.take();
    all.sort_unstable();
    all
}

/// The element of a placed component: that of the previous rendering, or a new one.
pub(super) fn element(tag: &str, what: &str) -> NodeId {
    let Some(scope) = scope::current() else { return dom::create_element(Namespace::Html, tag) };
    let key = scope.placed_key(what);
    let placed = Placed::of(&scope.instance);
    let before = placed.parked.borrow_mut().remove(&key);
    let node = if let Some(node) = before {
        // Both have these, or they would not have the same key.
        tracked::clear(node, &["module", "component", "name"]);
        TAKEN_OVER.with_borrow_mut(|all| all.push(node));
        node
    } else {
        let node = dom::create_element(Namespace::Html, tag);
        tracked::track(node);
        node
    };
    placed.shown.borrow_mut().insert(key.clone(), node);
    on_cleanup(move || remove(&placed, &key, node));
    node
}

/// The scope that rendered a placed component is disposed. A parked one may be taken over.
fn remove(placed: &Placed, key: &str, node: NodeId) {
    let mut shown = placed.shown.borrow_mut();
    if shown.get(key) == Some(&node) {
        shown.remove(key);
        tracked::forget(node);
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn reset() {
    TAKEN_OVER.take();
}
