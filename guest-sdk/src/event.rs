//! Events, their handlers, and the table by which the engine calls them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use hmr_abi::event::{DISPATCH_INERT, DISPATCH_PREVENT, DISPATCH_STOP, EventData};
use sycamore_reactive::{NodeHandle, use_current_scope};

use crate::reactive::{on_cleanup, turn, under};
use crate::runtime::runtime;
use crate::scope::{self, Scope};

/// An event, and the methods to respond to it. Handlers get it by value; it is cheap to clone.
#[derive(Debug, Clone)]
pub struct Event {
    data: Rc<EventData>,
    flags: Rc<Cell<u32>>,
}

macro_rules! field {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> $type {
            self.data.$name
        }
    )*};
}

macro_rules! key_state {
    ($($(#[$doc:meta])* $name:ident: $field:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> bool {
            self.data.$field
        }
    )*};
}

macro_rules! text {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> String {
            self.data.$name.clone().unwrap_or_default()
        }
    )*};
}

impl Event {
    pub(crate) fn new(data: EventData) -> Self {
        Self { data: Rc::new(data), flags: Rc::default() }
    }

    /// The event's type, `click` for instance.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.data.kind
    }

    /// All data of the event from the engine.
    #[must_use]
    pub fn data_ref(&self) -> &EventData {
        &self.data
    }

    text! {
        /// The value of the form field that listens; empty for others.
        value;
        /// `key` of keyboard events; empty for others.
        key;
        /// `code` of keyboard events; empty for others.
        code;
        /// The data of input events and drops; empty for others.
        data;
    }

    /// Whether the check box or radio button that listens is checked.
    #[must_use]
    pub fn checked(&self) -> bool {
        self.data.checked.unwrap_or_default()
    }

    key_state! {
        /// Whether Alt is held.
        alt: alt_key;
        /// Whether Control is held.
        ctrl: ctrl_key;
        /// Whether Meta (⌘, ⊞) is held.
        meta: meta_key;
        /// Whether Shift is held.
        shift: shift_key;
    }

    field! {
        /// Whether the key is held down and repeats.
        repeat: bool;
        /// Whether an input method is composing.
        is_composing: bool;
        /// The mouse button of the event.
        button: i32;
        /// The mouse buttons that are held, a bit mask.
        buttons: u32;
        /// CSS pixels from the viewport's left edge.
        client_x: f64;
        /// CSS pixels from the viewport's top edge.
        client_y: f64;
        /// CSS pixels from the target's left padding edge.
        offset_x: f64;
        /// CSS pixels from the target's top padding edge.
        offset_y: f64;
        /// Horizontal amount of a wheel event.
        delta_x: f64;
        /// Vertical amount of a wheel event.
        delta_y: f64;
        /// How far the element that listens is scrolled down, in CSS pixels, for scroll events.
        scroll_top: f64;
        /// How far the element that listens is scrolled right, in CSS pixels, for scroll events.
        scroll_left: f64;
        /// Milliseconds since the Unix epoch; the clock of [`crate::now`].
        time: f64;
    }

    /// Keeps the browser from doing what it does of itself.
    pub fn prevent_default(&self) {
        self.flags.set(self.flags.get() | DISPATCH_PREVENT);
    }

    /// Keeps the event from the elements around.
    pub fn stop_propagation(&self) {
        self.flags.set(self.flags.get() | DISPATCH_STOP);
    }
}

type Call = Rc<RefCell<dyn FnMut(Event)>>;

/// A handler and where it was made: what it creates belongs there.
#[derive(Clone)]
pub(crate) struct Handler {
    call: Call,
    owner: NodeHandle,
    /// Whether its owner is gone.
    gone: Rc<Cell<bool>>,
    scope: Option<Rc<Scope>>,
}

/// Puts a handler into the table until the running reactive scope is disposed.
pub(crate) fn register(call: Call) -> u32 {
    let runtime = runtime();
    let id = runtime.last_handler.get().wrapping_add(1);
    runtime.last_handler.set(id);
    let gone = Rc::new(Cell::new(false));
    let told = Rc::clone(&gone);
    let handler = Handler { call, owner: use_current_scope(), gone, scope: scope::current() };
    runtime.handlers.borrow_mut().insert(id, handler);
    on_cleanup(move || {
        told.set(true);
        forget(id);
    });
    id
}

/// Takes a handler out of the table; the engine's calls of it are inert from here on.
pub(crate) fn forget(id: u32) {
    runtime().handlers.borrow_mut().remove(&id);
}

/// Runs a handler; returns the flags of `hmr_dispatch`.
pub(crate) fn dispatch(id: u32, data: EventData) -> u32 {
    let handler = runtime().handlers.borrow().get(&id).cloned();
    let Some(Handler { call, owner, gone, scope }) = handler else { return DISPATCH_INERT };
    let event = Event::new(data);
    let flags = Rc::clone(&event.flags);
    let run = || {
        let _entered = scope.map(|scope| scope::Entered::new(scope.later()));
        if let Ok(mut call) = call.try_borrow_mut() {
            call(event);
        }
    };
    turn(|| under(Some(gone), || owner.run_in(run)));
    flags.get()
}
