//! What was set on the elements that a later rendering may take over, so that it can be removed then.

use std::cell::RefCell;

use hmr_abi::ops::NodeId;

use crate::state::keyed::ById;

/// Something that was set on an element.
#[derive(PartialEq, Eq)]
pub(super) enum Set {
    Attribute(String),
    Class(String),
    Style(String),
    Listener(String, u8),
}

thread_local! {
    static TRACKED: RefCell<ById<Vec<Set>>> = const { RefCell::new(ById::new()) };
}

/// Begins to track an element, on which nothing is set.
pub(crate) fn track(node: NodeId) {
    TRACKED.with_borrow_mut(|tracked| tracked.insert(node, Vec::new()));
}

/// Forgets an element.
pub(crate) fn forget(node: NodeId) {
    TRACKED.with_borrow_mut(|tracked| tracked.remove(node));
}

/// Notes that something is set on an element, if that is tracked.
pub(super) fn note(node: NodeId, what: impl FnOnce() -> Set) {
    TRACKED.with_borrow_mut(|tracked| {
        if let Some(all) = tracked.get_mut(node) {
            let what = what();
            if !all.contains(&what) {
                all.push(what);
            }
        }
    });
}

/// Removes all that was set on an element, except these attributes.
pub(crate) fn clear(id: NodeId, keep: &[&str]) {
    let all = TRACKED.with_borrow_mut(|tracked| tracked.insert(id, Vec::new())).unwrap_or_default();
    for what in all {
        match what {
            Set::Attribute(name) if keep.contains(&name.as_str()) => {
                note(id, || Set::Attribute(name));
            }
            Set::Attribute(name) => super::remove_attribute(id, &name),
            Set::Class(name) => super::set_class(id, &name, false),
            Set::Style(name) => super::set_style(id, &name, ""),
            Set::Listener(event, flags) => super::unlisten(id, &event, flags),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn reset() {
    TRACKED.set(ById::new());
}
