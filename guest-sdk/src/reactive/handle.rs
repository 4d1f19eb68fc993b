//! A `Copy` handle to a value that lives as long as the reactive scope that it was made in; outside of any component, as long as
//! the module.

use std::fmt;
use std::rc::Rc;

use sycamore_reactive::{Signal, create_signal};

use super::owner::note_made;
use crate::root;

/// See the module's documentation.
pub(crate) struct Handle<T: ?Sized + 'static>(Signal<Rc<T>>);

impl<T> Handle<T> {
    pub(crate) fn new(value: T) -> Self {
        Self::of(Rc::new(value))
    }
}

impl<T: ?Sized> Handle<T> {
    /// A handle to a value that others hold, too.
    pub(crate) fn of(value: Rc<T>) -> Self {
        note_made();
        if root::is_entered() {
            Self(create_signal(value))
        } else {
            root::run_in(|| Self(create_signal(value)))
        }
    }

    /// The value; `None` once the scope is disposed.
    pub(crate) fn get(self) -> Option<Rc<T>> {
        self.0.is_alive().then(|| self.0.get_clone_untracked())
    }
}

impl<T: ?Sized> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Handle<T> {}

impl<T: ?Sized> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_alive() { "Handle" } else { "Handle(disposed)" })
    }
}
