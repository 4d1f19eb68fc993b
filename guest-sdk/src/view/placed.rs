//! The elements of other modules' components, `hmr-component`, in content that renders again.
//!
//! The content of such an element belongs to another module and has its own state. So when a region or a list's item renders again,
//! a placed component with the same module, component and name in the same key scope does not get a new element: it takes over that
//! of the previous rendering, which is moved to its new position and gets the attributes of the new rendering.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use hmr_abi::ops::{Namespace, NodeId};

use crate::dom::{self, tracked};
use crate::reactive::owner::on_cleanup;
use crate::state::instance::Instance;
use crate::state::key::is_within;
use crate::state::scope;

/// The placed components of an instance, by key.
#[derive(Default)]
pub(super) struct Placed {
    shown: RefCell<BTreeMap<String, NodeId>>,
    /// Those of content that is rendering again.
    parked: RefCell<BTreeMap<String, NodeId>>,
}

thread_local! {
    /// The elements that were taken over since [`take_taken_over`] was called.
    static TAKEN_OVER: RefCell<BTreeSet<NodeId>> = const { RefCell::new(BTreeSet::new()) };
}

impl Placed {
    /// The placed components of an instance.
    pub(super) fn of(instance: &Instance) -> Rc<Self> {
        instance.part()
    }

    /// Parks the placed components of a scope that is about to render again.
    pub(super) fn park(&self, path: &str) {
        let mut shown = self.shown.borrow_mut();
        let leaving = shown.extract_if(.., |key, _| is_within(key, path));
        self.parked.borrow_mut().extend(leaving);
    }

    /// Forgets the parked components of a scope that its new rendering does not have.
    pub(super) fn drop_parked(&self, path: &str) {
        self.parked.borrow_mut().retain(|key, node| {
            let is_dropped = is_within(key, path);
            if is_dropped {
                tracked::forget(*node);
            }
            !is_dropped
        });
    }
}

/// The elements that were taken over since this was called last.
pub(super) fn take_taken_over() -> BTreeSet<NodeId> {
    TAKEN_OVER.take()
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
        TAKEN_OVER.with_borrow_mut(|all| all.insert(node));
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
