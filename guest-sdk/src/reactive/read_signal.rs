//! A value that is only read: of a signal, a memo, or one that stays as it is.

use std::fmt;

use serde::{Deserialize, Deserializer};

use super::handle::Handle;
use super::memo::Memo;
use super::signal::Signal;

/// A value that views and effects follow and do not write: what a component takes as a prop. Signals, memos and plain values convert
/// into it. `Copy`.
///
/// ```
/// # use hmr_sdk::prelude::*;
/// #[component]
/// fn Meter(level: ReadSignal<f64>) -> View {
///     view! { <output>{level}</output> }
/// }
/// # #[component] fn App() -> View {
/// let level = signal(0.5);
/// view! { <Meter level={level} /><Meter level={memo(move || level.get() * 2.0)} /><Meter level=1.0 /> }
/// # }
/// ```
pub struct ReadSignal<T: 'static>(Kind<T>);

enum Kind<T: 'static> {
    Signal(Signal<T>),
    Memo(Memo<T>),
    Fixed(Handle<T>),
}

impl<T> Clone for Kind<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Kind<T> {}

impl<T> Clone for ReadSignal<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ReadSignal<T> {}

impl<T> From<Signal<T>> for ReadSignal<T> {
    fn from(signal: Signal<T>) -> Self {
        Self(Kind::Signal(signal))
    }
}

impl<T> From<Memo<T>> for ReadSignal<T> {
    fn from(memo: Memo<T>) -> Self {
        Self(Kind::Memo(memo))
    }
}

impl<T> From<T> for ReadSignal<T> {
    /// One whose value never changes. It lives as long as the content in which it is made.
    fn from(value: T) -> Self {
        Self(Kind::Fixed(Handle::new(value)))
    }
}

impl From<&str> for ReadSignal<String> {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl<T: Default> Default for ReadSignal<T> {
    fn default() -> Self {
        T::default().into()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ReadSignal<T> {
    /// A prop that a page gives as JSON has a value that never changes: with new props, the component renders again.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Into::into)
    }
}

impl<T: 'static> ReadSignal<T> {
    /// A copy of the value; the running effect, memo or view follows it.
    #[must_use]
    #[track_caller]
    pub fn get(self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    /// A copy of the value, without following it.
    #[must_use]
    #[track_caller]
    pub fn get_untracked(self) -> T
    where
        T: Clone,
    {
        self.with_untracked(T::clone)
    }

    /// Looks at the value in place; the running effect, memo or view follows it.
    #[track_caller]
    pub fn with<R>(self, look: impl FnOnce(&T) -> R) -> R {
        match self.0 {
            Kind::Signal(signal) => signal.with(look),
            Kind::Memo(memo) => memo.with(look),
            Kind::Fixed(value) => look_at(value, look),
        }
    }

    /// Looks at the value in place, without following it.
    #[track_caller]
    pub fn with_untracked<R>(self, look: impl FnOnce(&T) -> R) -> R {
        match self.0 {
            Kind::Signal(signal) => signal.with_untracked(look),
            Kind::Memo(memo) => memo.with_untracked(look),
            Kind::Fixed(value) => look_at(value, look),
        }
    }

    /// The value, if it never changes.
    pub(crate) fn fixed(self) -> Option<T>
    where
        T: Clone,
    {
        match self.0 {
            Kind::Fixed(value) => Some(look_at(value, T::clone)),
            Kind::Signal(_) | Kind::Memo(_) => None,
        }
    }
}

#[track_caller]
fn look_at<T, R>(value: Handle<T>, look: impl FnOnce(&T) -> R) -> R {
    let value = value.get();
    look(value.as_deref().expect("a value was read after the content that it was made in had gone"))
}

impl<T: fmt::Debug> fmt::Debug for ReadSignal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|value| value.fmt(f))
    }
}

impl<T: fmt::Display> fmt::Display for ReadSignal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|value| value.fmt(f))
    }
}
