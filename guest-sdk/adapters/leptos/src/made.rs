//! Signals and stored values, and how they are read.

use hmr_state::{forget, Begun, Codec, NotCarried, Read};
use leptos::prelude::*;
use leptos::reactive::owner::Storage;

use crate::node;

/// Begins to make a value. Returns what it begins with, too.
pub fn start<T>(name: &str, codec: Codec<T>, initial: T) -> (Begun<T>, T) {
    Begun::new(node, name, codec, initial)
}

/// A value was made. It exists until its owner is cleaned up.
pub fn made<T>(begun: Begun<T>, made: &impl Made<T>) {
    hold(begun, |codec| made.read(codec));
}

/// The same for a value in something that can be read.
pub fn made_readable<T: 'static>(
    begun: Begun<T>,
    made: &(impl WithUntracked<Value = T> + Clone + 'static),
) {
    hold(begun, |codec| untracked(made.clone(), codec));
}

fn hold<T>(begun: Begun<T>, read: impl FnOnce(Codec<T>) -> Read) {
    if let Some(held) = begun.held(read) {
        on_cleanup(move || forget(held));
    }
}

/// What holds a value of the type `T`.
pub trait Made<T> {
    /// Reads the value with this codec.
    fn read(&self, codec: Codec<T>) -> Read;
}

fn gone() -> NotCarried {
    NotCarried::new("a signal that is gone")
}

fn untracked<T: 'static>(signal: impl WithUntracked<Value = T> + 'static, codec: Codec<T>) -> Read {
    Box::new(move || signal.try_with_untracked(codec.write).ok_or_else(gone)?)
}

fn stored<T: 'static>(stored: impl WithValue<Value = T> + 'static, codec: Codec<T>) -> Read {
    Box::new(move || stored.try_with_value(codec.write).ok_or_else(gone)?)
}

impl<T: 'static, S: Storage<ArcRwSignal<T>> + 'static> Made<T> for RwSignal<T, S> {
    fn read(&self, codec: Codec<T>) -> Read {
        untracked(*self, codec)
    }
}

impl<T: 'static, S: Storage<ArcReadSignal<T>> + 'static, W> Made<T> for (ReadSignal<T, S>, W) {
    fn read(&self, codec: Codec<T>) -> Read {
        untracked(self.0, codec)
    }
}

impl<T: 'static> Made<T> for ArcRwSignal<T> {
    fn read(&self, codec: Codec<T>) -> Read {
        untracked(self.clone(), codec)
    }
}

impl<T: 'static, W> Made<T> for (ArcReadSignal<T>, W) {
    fn read(&self, codec: Codec<T>) -> Read {
        untracked(self.0.clone(), codec)
    }
}

impl<T: 'static, S: Storage<ArcStoredValue<T>> + 'static> Made<T> for StoredValue<T, S> {
    fn read(&self, codec: Codec<T>) -> Read {
        stored(*self, codec)
    }
}

impl<T: 'static> Made<T> for ArcStoredValue<T> {
    fn read(&self, codec: Codec<T>) -> Read {
        stored(self.clone(), codec)
    }
}
