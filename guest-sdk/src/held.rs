//! A `Copy` handle to what lives as long as the reactive scope that it was made in.

use std::fmt;
use std::rc::Rc;

use sycamore_reactive::{Signal, create_signal};

use crate::reactive::note_made;

/// See the module's documentation.
pub(crate) struct Held<T: 'static>(Signal<Rc<T>>);

impl<T> Held<T> {
    pub(crate) fn new(value: T) -> Self {
        Self::of(Rc::new(value))
    }

    /// A handle to what others hold, too.
    pub(crate) fn of(value: Rc<T>) -> Self {
        note_made();
        Self(create_signal(value))
    }

    /// The value; `None` once the scope is gone.
    pub(crate) fn get(self) -> Option<Rc<T>> {
        self.0.is_alive().then(|| self.0.get_clone_untracked())
    }
}

impl<T> Clone for Held<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Held<T> {}

impl<T> fmt::Debug for Held<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_alive() { "Held" } else { "Held(gone)" })
    }
}
