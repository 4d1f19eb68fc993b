//! Polls tasks that were woken.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll};

use super::running::Running;
use super::{control, ready};
use crate::reactive::owner::with_owner;
use crate::reactive::reader::untrack;
use crate::reactive::turn::turn;
use crate::state::scope;

thread_local! {
    /// The task that is polled.
    static CURRENT: RefCell<Option<Rc<Running>>> = const { RefCell::new(None) };
    /// [`run_woken`], once a task was started. A module without tasks has none of the code for them.
    static RUN: Cell<Option<fn()>> = const { Cell::new(None) };
}

/// Runs every task that was woken, until all of them wait.
pub(crate) fn run_ready() {
    if let Some(run) = RUN.get() {
        run();
    }
}

/// A task is about to start.
pub(super) fn enable() {
    RUN.set(Some(run_woken));
}

fn run_woken() {
    while let Some(id) = ready::next() {
        if let Some(running) = control::find(id) {
            poll(&running);
        }
    }
}

fn poll(running: &Rc<Running>) {
    let Some(mut work) = running.work.take() else { return };
    let waker = ready::waker(running.id);
    turn(|| {
        let current = Current::enter(running);
        let run = || {
            let _entered = scope::Entered::new(Rc::clone(&running.scope));
            untrack(|| work.as_mut().poll(&mut Context::from_waker(&waker)))
        };
        let polled =
            with_owner(Some(Rc::clone(&running.ended)), || running.owner.get().run_in(run));
        drop(current);
        // Before what it wrote is rendered: a task that has ended does not start again with its content.
        match polled {
            Poll::Ready(()) => running.end(false),
            Poll::Pending if !running.ended.get() => *running.work.borrow_mut() = Some(work),
            // It has cancelled itself.
            Poll::Pending => drop(work),
        }
    });
}

/// The task that is polled, until this is dropped.
struct Current(Option<Rc<Running>>);

impl Current {
    fn enter(running: &Rc<Running>) -> Self {
        Self(CURRENT.replace(Some(Rc::clone(running))))
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

/// The task that is polled.
pub(super) fn current() -> Option<Rc<Running>> {
    CURRENT.with_borrow(Clone::clone)
}

#[cfg(not(target_arch = "wasm32"))]
pub(super) fn reset() {
    CURRENT.take();
}
