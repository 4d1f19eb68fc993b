//! Resources: timers that the engine owns under a component's key, so that a swap keeps their phase.
//!
//! A resource is closed when its reactive scope is disposed, but not when the whole module goes: then it is for
//! the new code to ask for it again, and for the engine to close what was not asked for.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use hmr_abi::event::{Resource, ResourceRequest};
use sycamore_reactive::on_cleanup;

use crate::engine::{clock, send_log, send_resource};
use crate::event::{Event, forget, register};
use crate::instance::Instance;
use crate::scope;

/// Milliseconds since the Unix epoch. It never goes back while a page lives.
#[must_use]
pub fn now() -> f64 {
    clock()
}

/// An open resource. Dropping the handle leaves it open; it ends with the component.
#[derive(Clone, Debug)]
pub struct ResourceHandle(Rc<Open>);

#[derive(Debug)]
struct Open {
    instance: u32,
    key: String,
    handler: u32,
    closed: Cell<bool>,
}

impl ResourceHandle {
    /// Closes it before its component goes.
    pub fn close(&self) {
        if !self.0.closed.replace(true) {
            forget(self.0.handler);
            request(&ResourceRequest::Close { instance: self.0.instance, key: self.0.key.clone() });
        }
    }
}

/// Calls `f` every `ms` milliseconds.
pub fn interval(name: &str, ms: impl Into<f64>, f: impl FnMut() + 'static) -> ResourceHandle {
    open(name, Resource::Interval { ms: ms.into().max(1.0) }, Box::new(f))
}

/// Calls `f` once, `ms` milliseconds from now.
pub fn timeout(name: &str, ms: impl Into<f64>, f: impl FnOnce() + 'static) -> ResourceHandle {
    let mut f = Some(f);
    let once = move || {
        if let Some(f) = f.take() {
            f();
        }
    };
    open(name, Resource::Timeout { ms: ms.into().max(0.0) }, Box::new(once))
}

/// Calls `f` before each repaint.
pub fn animation_frame(name: &str, f: impl FnMut() + 'static) -> ResourceHandle {
    open(name, Resource::AnimationFrame {}, Box::new(f))
}

fn open(name: &str, resource: Resource, mut f: Box<dyn FnMut()>) -> ResourceHandle {
    let handler = register(Rc::new(RefCell::new(move |_: Event| f())));
    let Some(scope) = scope::current() else {
        send_log(2, &format!("the resource `{name}` was asked for outside of a component"));
        let open = Open { instance: 0, key: name.to_owned(), handler, closed: Cell::new(true) };
        return ResourceHandle(Rc::new(open));
    };
    let instance = Rc::clone(&scope.instance);
    let key = scope.key(&scope.take_resource(name));
    if let Some(leaving) = instance.leaving.borrow_mut().as_mut() {
        leaving.remove(&key);
    }
    let open = Rc::new(Open { instance: instance.id, key, handler, closed: Cell::new(false) });
    request(&ResourceRequest::Open {
        instance: open.instance,
        key: open.key.clone(),
        resource,
        handler,
        replay: false,
    });
    let handle = ResourceHandle(open);
    let ending = handle.clone();
    on_cleanup(move || match instance.leaving.borrow_mut().as_mut() {
        Some(leaving) if !ending.0.closed.get() => _ = leaving.insert(ending.0.key.clone()),
        Some(_) => {}
        None => ending.close(),
    });
    handle
}

fn request(request: &ResourceRequest) {
    match serde_json::to_string(request) {
        Ok(json) => send_resource(&json),
        Err(error) => send_log(3, &format!("a resource request could not be written: {error}")),
    }
}

/// From here on resources that end are not closed but noted, because the rendering that follows may open them again.
pub(crate) fn begin_rendering_again(instance: &Instance) {
    *instance.leaving.borrow_mut() = Some(BTreeSet::new());
}

/// Closes what the new rendering did not open again.
pub(crate) fn end_rendering_again(instance: &Instance) {
    for key in instance.leaving.take().unwrap_or_default() {
        request(&ResourceRequest::Close { instance: instance.id, key });
    }
}

/// Leaves every resource open: the module goes, and what follows it settles them.
pub(crate) fn keep_all(instances: &[Rc<Instance>]) {
    for instance in instances {
        begin_rendering_again(instance);
    }
}
