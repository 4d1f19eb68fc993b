//! Signals inside of other values: their values are carried.
//!
//! A signal that two values share is two signals afterwards.

use crate::keep::{Keep, NotCarried, ReadError};
use crate::value::Value;

/// Implements `Keep` for a type of signals.
macro_rules! signals {
    ($($type:ty where $bound:path: $look:ident, $make:expr;)*) => {$(
        impl<T: Keep + $bound> Keep for $type {
            fn write(&self) -> Result<Value, NotCarried> {
                $look(self)
            }
            fn read(value: &Value) -> Result<Self, ReadError> {
                T::read(value).map($make)
            }
        }
    )*};
}

/// What a signal that does not exist any more is.
fn gone() -> NotCarried {
    NotCarried::new("a signal that is gone")
}

#[cfg(feature = "leptos")]
mod leptos {
    use super::*;
    use ::leptos::prelude::{ArcRwSignal, RwSignal, StoredValue, WithUntracked, WithValue};

    /// What Leptos asks of values in signals.
    pub trait Shared: Send + Sync + 'static {}
    impl<T: Send + Sync + 'static> Shared for T {}

    fn signal<T: Keep + 'static>(
        signal: &impl WithUntracked<Value = T>,
    ) -> Result<Value, NotCarried> {
        signal.try_with_untracked(T::write).ok_or_else(gone)?
    }

    fn stored<T: Keep + 'static>(stored: &impl WithValue<Value = T>) -> Result<Value, NotCarried> {
        stored.try_with_value(T::write).ok_or_else(gone)?
    }

    signals! {
        RwSignal<T> where Shared: signal, RwSignal::new;
        ArcRwSignal<T> where Shared: signal, ArcRwSignal::new;
        StoredValue<T> where Shared: stored, StoredValue::new;
    }
}

#[cfg(feature = "sycamore")]
mod sycamore {
    use super::*;
    use ::sycamore::prelude::{create_signal, Signal};

    /// What Sycamore asks of values in signals.
    pub trait Lasting: 'static {}
    impl<T: 'static> Lasting for T {}

    fn signal<T: Keep + 'static>(signal: &Signal<T>) -> Result<Value, NotCarried> {
        if !signal.is_alive() {
            return Err(gone());
        }
        signal.with_untracked(T::write)
    }

    signals! {
        Signal<T> where Lasting: signal, create_signal;
    }
}

#[cfg(feature = "dioxus")]
mod dioxus {
    use super::*;
    use ::dioxus::prelude::Signal;
    use ::dioxus::signals::ReadableExt as _;

    /// What Dioxus asks of values in signals.
    pub trait Lasting: 'static {}
    impl<T: 'static> Lasting for T {}

    fn signal<T: Keep + 'static>(signal: &Signal<T>) -> Result<Value, NotCarried> {
        let value = signal.try_peek().map_err(|_| gone())?;
        T::write(&value)
    }

    signals! {
        Signal<T> where Lasting: signal, Signal::new;
    }
}
