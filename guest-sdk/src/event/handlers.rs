//! The table of handlers, by which the engine calls them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use hmr_abi::event::DISPATCH_INERT;
use sycamore_reactive::{NodeHandle, use_current_scope};

use super::Event;
use crate::reactive::owner::{on_cleanup, with_owner};
use crate::reactive::turn::turn;
use crate::state::keyed::ById;
use crate::state::scope::{self, Scope};

type Call = Rc<RefCell<dyn FnMut(Event)>>;

/// A handler, and the scopes in which it was made: what it creates belongs there.
#[derive(Clone)]
struct Handler {
    call: Call,
    owner: NodeHandle,
    /// Whether its owner is disposed.
    disposed: Rc<Cell<bool>>,
    scope: Option<Rc<Scope>>,
}

thread_local! {
    static HANDLERS: RefCell<ById<Handler>> = const { RefCell::new(ById::new()) };
    /// The number of the last handler.
    static LAST: Cell<u32> = const { Cell::new(0) };
}

/// Adds a handler until the running reactive scope is disposed.
pub(crate) fn register(call: Call) -> u32 {
    let id = LAST.get().wrapping_add(1);
    LAST.set(id);
    let disposed = Rc::new(Cell::new(false));
    let flag = Rc::clone(&disposed);
    let handler = Handler { call, owner: use_current_scope(), disposed, scope: scope::current() };
    HANDLERS.with_borrow_mut(|handlers| handlers.insert(id, handler));
    on_cleanup(move || {
        flag.set(true);
        remove(id);
    });
    id
}

/// Removes a handler: calls of it have no effect from here on.
pub(crate) fn remove(id: u32) {
    HANDLERS.with_borrow_mut(|handlers| handlers.remove(id));
}

/// Runs a handler; returns the flags of `hmr_dispatch`.
pub(crate) fn dispatch(id: u32, event: Event) -> u32 {
    let handler = HANDLERS.with_borrow_mut(|handlers| handlers.get_mut(id).cloned());
    let Some(Handler { call, owner, disposed, scope }) = handler else { return DISPATCH_INERT };
    let flags = Rc::clone(&event.flags);
    let run = || {
        let _entered = scope.map(|scope| scope::Entered::new(scope.later()));
        if let Ok(mut call) = call.try_borrow_mut() {
            call(event);
        }
    };
    turn(|| with_owner(Some(disposed), || owner.run_in(run)));
    flags.get()
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn reset() {
    HANDLERS.set(ById::new());
    LAST.set(0);
}
