//! The scopes that code was made in, to run it there later.

use std::cell::Cell;
use std::rc::Rc;

use sycamore_reactive::{NodeHandle, use_current_scope};

use super::owner::{on_cleanup, with_owner};
use crate::state::scope::{self, Entry, Scope};

/// A closure that runs in the scope in which this is called, regardless of when and where it is called. It finds the
/// signals that it made in earlier runs again.
pub fn in_scope<A, R>(mut f: impl FnMut(A) -> R) -> impl FnMut(A) -> R {
    let handle = ScopeHandle::current();
    move |argument| handle.run_again(|| f(argument))
}

/// A key scope, its reactive scope, and whether that is disposed.
pub(crate) struct ScopeHandle(Option<(Rc<Scope>, NodeHandle, Rc<Cell<bool>>)>);

impl ScopeHandle {
    /// The scopes in which this is called.
    pub(crate) fn current() -> Self {
        let scope = scope::current();
        Self(scope.map(|scope| {
            let disposed = Rc::new(Cell::new(false));
            let flag = Rc::clone(&disposed);
            on_cleanup(move || flag.set(true));
            (scope, use_current_scope(), disposed)
        }))
    }

    /// Runs a function that continues in the scopes, if they are not disposed.
    pub(crate) fn run_again<R>(&self, f: impl FnOnce() -> R) -> R {
        self.run(Entry::Again, f)
    }

    /// Runs a function that was made in the scopes, if they are not disposed.
    pub(crate) fn run_later<R>(&self, f: impl FnOnce() -> R) -> R {
        self.run(Entry::Later, f)
    }

    fn run<R>(&self, entry: Entry, f: impl FnOnce() -> R) -> R {
        match &self.0 {
            Some((scope, owner, disposed)) if !disposed.get() => {
                let scope = scope.at(scope.path().to_owned(), entry);
                with_owner(Some(Rc::clone(disposed)), || owner.run_in(|| scope::enter(scope, f)))
            }
            _ => f(),
        }
    }
}
