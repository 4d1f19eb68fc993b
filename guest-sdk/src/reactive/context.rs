//! Contexts: values that a component provides to all components inside it.

use sycamore_reactive as reactive;

use super::owner::note_made;

/// Gives a value to the component in which this is called and to all inside it.
pub fn provide_context<T: Clone + 'static>(value: T) {
    note_made();
    reactive::provide_context(value);
}

/// The value of this type that is provided nearest by, or above.
///
/// # Panics
///
/// If there is none; use [`try_context`] to get an `Option`.
#[must_use]
#[track_caller]
pub fn use_context<T: Clone + 'static>() -> T {
    let Some(value) = try_context() else {
        panic!("no context of type `{}` is provided here or above", std::any::type_name::<T>());
    };
    value
}

/// The value of this type that is provided nearest by, or above, if there is one.
#[must_use]
pub fn try_context<T: Clone + 'static>() -> Option<T> {
    reactive::try_use_context()
}
