//! Resources: what the engine owns under a component's key, so that a swap keeps it: timers, listeners, observers, sockets.
//!
//! A resource is closed when its reactive scope is disposed, but not when the whole module goes: then it is for
//! the new code to ask for it again, and for the engine to close what was not asked for; see [`claims`].

pub(crate) mod claims;
mod event_source;
mod listener;
mod observer;
mod query;
mod time;
mod websocket;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use hmr_abi::event::{Resource, ResourceRequest};

pub use event_source::{EventSource, EventSourceBuilder, ServerEvent, event_source};
pub use hmr_abi::event::StorageArea;
pub use listener::{Listener, on_document, on_window};
pub use observer::{
    Intersection, Mutation, Size, intersection_observer, mutation_observer, resize_observer,
};
pub(crate) use observer::{Observer, settle as settle_observers};
pub use query::{StorageChange, media_query, storage_listener};
pub use time::{animation_frame, interval, now, timeout};
pub use websocket::{Closed, Message, WebSocket, WebSocketBuilder, websocket};

use crate::engine::{send_log, send_resource};
use crate::event::{Event, forget, register};
use crate::instance::Instance;
use crate::reactive::{MadeIn, on_cleanup, owner_gone, under};
use crate::scope::{self, Scope};
use claims::Claim;

/// An open resource. Dropping the handle leaves it open; it ends with the component.
#[derive(Clone)]
pub struct ResourceHandle(Option<Rc<Open>>);

/// Data about a requested resource.
pub(crate) struct Open {
    instance: Rc<Instance>,
    key: String,
    handler: u32,
    /// Whether it was requested from the engine: an observer waits for its element.
    asked: Cell<bool>,
    closed: Cell<bool>,
    made: MadeIn,
}

/// The callback for when a resource fires.
pub(crate) type Call = Box<dyn FnMut(Event)>;

impl ResourceHandle {
    /// Closes it before its component goes.
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
    /// Asks the engine for it, or for another element to observe.
    fn ask(&self, resource: Resource, replay: bool) {
        self.asked.set(true);
        let (instance, key) = (self.instance.id, self.key.clone());
        request(&ResourceRequest::Open { instance, key, resource, handler: self.handler, replay });
    }

    /// Closes it now.
    pub(crate) fn close(&self) {
        if self.forget() {
            self.instance.claims.stay(&Claim::Resource(self.key.clone()));
            self.withdraw();
        }
    }

    /// Its scope is gone, or the task that waited for it: closes it, unless its instance renders again.
    pub(crate) fn end(&self) {
        if self.made.just_now() && !self.closed.get() {
            claims::report_unless_claimed(&self.instance, Claim::Resource(self.key.clone()));
        }
        if self.forget() && self.instance.claims.leave(Claim::Resource(self.key.clone())) {
            self.withdraw();
        }
    }

    /// It has fired for the last time: its handler is no longer needed.
    pub(crate) fn spent(&self) {
        forget(self.handler);
    }

    /// Makes it inert. Answers whether it was not so before.
    fn forget(&self) -> bool {
        if self.closed.replace(true) {
            return false;
        }
        forget(self.handler);
        self.instance.claims.open.borrow_mut().retain(|open| open.handler != self.handler);
        true
    }

    fn withdraw(&self) {
        if self.asked.replace(false) {
            let (instance, key) = (self.instance.id, self.key.clone());
            request(&ResourceRequest::Close { instance, key });
        }
    }
}

/// Asks for a resource under a name in the running scope.
fn open(name: &str, resource: Resource, call: Call) -> ResourceHandle {
    let Some(scope) = place(name) else { return ResourceHandle(None) };
    let key = scope.key(&scope.take_resource(name));
    ResourceHandle(Some(open_key(&scope.instance, key, resource, call, false)))
}

/// The scope of a request; a missing scope, or one whose owner is gone, is reported.
pub(crate) fn place(name: &str) -> Option<Rc<Scope>> {
    match scope::current() {
        None => {
            let text = format!("`{name}` was asked for outside of a component, and is not there");
            send_log(2, &text);
            None
        }
        Some(_) if owner_gone() => {
            report_gone(name);
            None
        }
        current => current,
    }
}

/// Logs a request by content that the handler itself has closed.
pub(crate) fn report_gone(name: &str) {
    send_log(2, &format!("`{name}` was asked for by content that has gone, and is not there"));
}

/// Runs something in a scope, or, when its owner is gone, in the whole instance's scope. So a handler that
/// closes its own content can continue.
pub(crate) fn outliving<R>(scope: &Scope, run: impl FnOnce() -> R) -> Option<R> {
    if !owner_gone() {
        return Some(run());
    }
    let node = scope.instance.node.get()?;
    Some(under(None, || node.run_in(run)))
}

/// Asks for a resource under a key, until the running reactive scope is disposed.
pub(crate) fn open_key(
    instance: &Rc<Instance>,
    key: String,
    resource: Resource,
    call: Call,
    replay: bool,
) -> Rc<Open> {
    supersede(instance, &key, resource.is_one_shot());
    instance.claims.stay(&Claim::Resource(key.clone()));
    // A task closes the resource it waits for itself.
    let made = if replay { MadeIn::default() } else { MadeIn::this_turn() };
    let open = prepare(instance, key, call, made);
    open.ask(resource, replay);
    open
}

/// Registers a resource that is not requested from the engine yet.
fn prepare(instance: &Rc<Instance>, key: String, call: Call, made: MadeIn) -> Rc<Open> {
    let handler = register(Rc::new(RefCell::new(call)));
    let open = Rc::new(Open {
        instance: Rc::clone(instance),
        key,
        handler,
        asked: Cell::new(false),
        closed: Cell::new(false),
        made,
    });
    instance.claims.open.borrow_mut().push(Rc::clone(&open));
    let ending = Rc::clone(&open);
    on_cleanup(move || ending.end());
    open
}

/// A handler may request the same resource again. The new handle takes over the resource; one that fires once restarts.
fn supersede(instance: &Instance, key: &str, anew: bool) {
    if let Some(live) = instance.claims.open_at(key)
        && live.forget()
        && anew
    {
        live.withdraw();
    }
}

pub(crate) fn request(request: &ResourceRequest) {
    match serde_json::to_string(request) {
        Ok(json) => send_resource(&json),
        Err(error) => send_log(3, &format!("a resource request could not be written: {error}")),
    }
}

/// Reads the value from a resource. An unreadable value is reported and does not trap.
fn read<T: serde::de::DeserializeOwned>(event: &Event) -> Option<T> {
    match serde_json::from_str(event.data_ref().data.as_deref().unwrap_or("null")) {
        Ok(value) => Some(value),
        Err(error) => {
            send_log(3, &format!("what a `{}` says does not parse: {error}", event.kind()));
            None
        }
    }
}

/// Leaves everything open: the module goes, and what follows it settles it.
pub(crate) fn keep_all(instances: &[Rc<Instance>]) {
    for instance in instances {
        claims::begin_leaving(instance);
    }
}
