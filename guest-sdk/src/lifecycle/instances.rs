//! The mounted instances.

use std::cell::RefCell;
use std::rc::Rc;

use crate::state::instance::Instance;

thread_local! {
    /// In the order of mounting.
    static INSTANCES: RefCell<Vec<Rc<Instance>>> = const { RefCell::new(Vec::new()) };
}

/// All mounted instances.
pub(crate) fn all() -> Vec<Rc<Instance>> {
    INSTANCES.with_borrow(Clone::clone)
}

/// The mounted instance of this id.
pub(crate) fn find(id: u32) -> Option<Rc<Instance>> {
    INSTANCES.with_borrow(|all| all.iter().find(|instance| instance.id == id).cloned())
}

pub(crate) fn add(instance: &Rc<Instance>) {
    INSTANCES.with_borrow_mut(|all| all.push(Rc::clone(instance)));
}

pub(crate) fn remove(instance: &Rc<Instance>) {
    INSTANCES.with_borrow_mut(|all| all.retain(|other| !Rc::ptr_eq(other, instance)));
}

/// Removes all mounted instances.
pub(crate) fn take_all() -> Vec<Rc<Instance>> {
    INSTANCES.take()
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn reset() {
    INSTANCES.take();
}
