//! Signals and stores, and how they are read.

use std::rc::Rc;

use dioxus::core::{try_consume_context, use_hook, Runtime};
use dioxus::prelude::*;
use dioxus::signals::{Global, InitializeFromFunction, SignalData, Storage};
use hmr_state::{Begun, Codec, NotCarried, Read, Slot};

use crate::instances::{node, Values};

/// The slot of a hook's value.
pub fn use_slot<T: 'static>(name: &str, _: Codec<T>) -> Rc<Slot> {
    use_hook(|| Slot::new::<T>(node(), name))
}

/// Begins to make a value. Returns what it begins with, too.
pub fn start<T>(name: &str, codec: Codec<T>, initial: T) -> (Begun<T>, T) {
    Begun::new(node, name, codec, initial)
}

/// A value was made. It exists for as long as the component.
pub fn made<T>(begun: Begun<T>, made: &impl Made<T>) {
    if let Some(live) = begun.made(|codec| made.read(codec)) {
        if let Some(values) = try_consume_context::<Values>() {
            values.0.borrow_mut().push(live);
        }
    }
}

/// What a global signal or store begins with. Its module and its name are its place.
pub fn global<T, S>(
    (module, name): (&'static str, &'static str),
    codec: Codec<T>,
    make: fn() -> T,
    variable: &'static Global<S, T>,
) -> T
where
    T: 'static,
    S: Readable<Target = T> + InitializeFromFunction<T> + Clone + 'static,
{
    // The value is read from outside of the application's own calls.
    let runtime = Rc::downgrade(&Runtime::current());
    let read: Read = Box::new(move || {
        let runtime = runtime.upgrade().ok_or_else(in_use)?;
        let signal = runtime.in_scope(ScopeId::ROOT, || variable.resolve());
        let value = signal.try_peek_unchecked().map_err(|_| in_use())?;
        (codec.write)(&value)
    });
    Slot::of_variable(module, name, codec, make(), read)
}

/// What holds a value of the type `T`.
pub trait Made<T> {
    /// Reads the value with this codec.
    fn read(&self, codec: Codec<T>) -> Read;
}

fn in_use() -> NotCarried {
    NotCarried::new("a value that is gone or in use")
}

impl<T: 'static, S: Storage<SignalData<T>> + 'static> Made<T> for Signal<T, S> {
    fn read(&self, codec: Codec<T>) -> Read {
        let signal = *self;
        Box::new(move || {
            let value = signal.try_peek().map_err(|_| in_use())?;
            (codec.write)(&value)
        })
    }
}

impl<T: 'static> Made<T> for Store<T> {
    fn read(&self, codec: Codec<T>) -> Read {
        let store = *self;
        Box::new(move || {
            let value = store.try_peek().map_err(|_| in_use())?;
            (codec.write)(&value)
        })
    }
}
