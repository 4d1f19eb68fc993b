//! Resources: what the engine owns under a component's key, so that a swap keeps it: timers, listeners, observers, sockets.
//!
//! A resource is closed when its reactive scope is disposed, except when the whole module is disposed: then the new code may request
//! it again, and the engine closes what was not requested; see [`claims`].

pub(crate) mod claims;
pub(crate) mod event_source;
pub(crate) mod listener;
pub(crate) mod observer;
pub(crate) mod query;
pub(crate) mod time;
pub(crate) mod websocket;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use hmr_abi::event::{Resource, ResourceRequest};

use crate::engine::requests::{close_resource, request_resource};
use crate::engine::send_log;
use crate::event::Event;
use crate::event::handlers::{register, remove};
use crate::reactive::owner::{is_disposed, on_cleanup, with_owner};
use crate::reactive::turn::MadeIn;
use crate::reactive::writes::afterwards;
use crate::state::instance::Instance;
use crate::state::scope::{self, Scope};
use claims::{Claim, Claims};

/// An open resource. Dropping the handle leaves it open; it ends with the component.
#[derive(Clone)]
pub struct ResourceHandle(Option<Rc<Open>>);

/// Data about a requested resource.
pub(crate) struct Open {
    instance: Rc<Instance>,
    key: String,
    handler: u32,
    /// Whether it was requested from the engine: an observer waits for its element.
    requested: Cell<bool>,
    closed: Cell<bool>,
    made: MadeIn,
}

/// The callback for when a resource fires.
pub(crate) type Call = Box<dyn FnMut(Event)>;

impl ResourceHandle {
    /// Closes it before its component is removed.
    pub fn close(&self) {
        if let Some(open) = &self.0 {
            open.close();
        }
    }
}

impl fmt::Debug for ResourceHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.0.as_ref().map(|open| open.key.as_str());
        f.debug_tuple("ResourceHandle").field(&key).finish()
    }
}

impl Open {
    /// Requests it from the engine, or requests to observe another element.
    fn request(&self, resource: Resource, replay: bool) {
        self.requested.set(true);
        let (instance, key) = (self.instance.id, self.key.clone());
        let handler = self.handler;
        request_resource(&ResourceRequest::Open { instance, key, resource, handler, replay });
    }

    /// Closes it now.
    pub(crate) fn close(&self) {
        if self.deactivate() {
            Claims::of(&self.instance).claim(&Claim::Resource(self.key.clone()));
            self.withdraw();
        }
    }

    /// Its scope is disposed, or the task that waited for it: closes it, unless its instance renders again.
    pub(crate) fn end(&self) {
        if self.made.is_being_rendered() && !self.closed.get() {
            report_unless_open(Rc::clone(&self.instance), self.key.clone());
        }
        if self.deactivate()
            && Claims::of(&self.instance).must_close(Claim::Resource(self.key.clone()))
        {
            self.withdraw();
        }
    }

    /// It has fired for the last time: its handler is no longer needed.
    pub(crate) fn remove_handler(&self) {
        remove(self.handler);
    }

    /// Removes its handler, and forgets it. Returns whether that was not done before.
    fn deactivate(&self) -> bool {
        if self.closed.replace(true) {
            return false;
        }
        remove(self.handler);
        Claims::of(&self.instance).open.borrow_mut().retain(|open| open.handler != self.handler);
        true
    }

    fn withdraw(&self) {
        if self.requested.replace(false) {
            close_resource(self.instance.id, &self.key);
        }
    }
}

/// Requests a resource under a name in the running scope.
pub(crate) fn open(name: &str, resource: Resource, call: Call) -> ResourceHandle {
    let Some(scope) = requesting_scope(name) else { return ResourceHandle(None) };
    let key = scope.resource_key(name);
    ResourceHandle(Some(open_key(&scope.instance, key, resource, call, false)))
}

/// The scope of a request. It is logged if there is none, or if its owner is disposed.
pub(crate) fn requesting_scope(name: &str) -> Option<Rc<Scope>> {
    match scope::current() {
        None => {
            let text = format!("`{name}` was asked for outside of a component, and is not there");
            send_log(2, &text);
            None
        }
        Some(_) if is_disposed() => {
            report_disposed(name);
            None
        }
        current => current,
    }
}

/// Logs a request by content that the handler itself has closed.
pub(crate) fn report_disposed(name: &str) {
    send_log(2, &format!("`{name}` was asked for by content that has gone, and is not there"));
}

/// Logs a request by content that was disposed, unless the new content has requested the same by the time that all is rendered.
fn report_unless_open(instance: Rc<Instance>, key: String) {
    afterwards(move || {
        if Claims::of(&instance).open_at(&key).is_none() {
            report_disposed(&key);
        }
    });
}

/// Runs something in a scope, or in the scope of the whole instance if the owner is disposed. So a handler that closes its own
/// content can continue.
pub(crate) fn run_in_scope_or_instance<R>(scope: &Scope, run: impl FnOnce() -> R) -> Option<R> {
    if !is_disposed() {
        return Some(run());
    }
    let owner = scope.instance.owner.get()?;
    Some(with_owner(None, || owner.run_in(run)))
}

/// Requests a resource under a key, until the running reactive scope is disposed.
pub(crate) fn open_key(
    instance: &Rc<Instance>,
    key: String,
    resource: Resource,
    call: Call,
    replay: bool,
) -> Rc<Open> {
    supersede(instance, &key, resource.is_one_shot());
    Claims::of(instance).claim(&Claim::Resource(key.clone()));
    // A task closes the resource it waits for itself.
    let made = if replay { MadeIn::default() } else { MadeIn::this_turn() };
    let open = prepare(instance, key, call, made);
    open.request(resource, replay);
    open
}

/// Registers a resource that is not requested from the engine yet.
fn prepare(instance: &Rc<Instance>, key: String, call: Call, made: MadeIn) -> Rc<Open> {
    let handler = register(Rc::new(RefCell::new(call)));
    let open = Rc::new(Open {
        instance: Rc::clone(instance),
        key,
        handler,
        requested: Cell::new(false),
        closed: Cell::new(false),
        made,
    });
    Claims::of(instance).open.borrow_mut().push(Rc::clone(&open));
    let ending = Rc::clone(&open);
    on_cleanup(move || ending.end());
    open
}

/// A handler may request the same resource again. The new handle takes over the resource, or closes it first if `restart` is set.
fn supersede(instance: &Instance, key: &str, restart: bool) {
    if let Some(live) = Claims::of(instance).open_at(key)
        && live.deactivate()
        && restart
    {
        live.withdraw();
    }
}

/// Reads the value that a resource sends. A value that cannot be read is logged.
pub(crate) fn read<T: serde::de::DeserializeOwned>(event: &Event) -> Option<T> {
    match serde_json::from_str(event.sent().as_deref().unwrap_or("null")) {
        Ok(value) => Some(value),
        Err(error) => {
            send_log(3, &format!("what a `{}` says does not parse: {error}", event.kind()));
            None
        }
    }
}
