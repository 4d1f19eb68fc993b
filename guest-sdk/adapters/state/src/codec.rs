//! Chooses at compile time how values of a type are written and read.

use std::any::type_name;
use std::marker::PhantomData;

use crate::keep::{Keep, NotCarried, ReadError};
use crate::value::Value;

/// How values of a type are written and read.
pub struct Codec<T> {
    /// Writes a value, unless it cannot be carried.
    pub write: fn(&T) -> Result<Value, NotCarried>,
    /// Reads a value.
    pub read: fn(&Value) -> Result<T, ReadError>,
}

impl<T> Clone for Codec<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Codec<T> {}

/// Stands for a type. Method calls on references to it choose the first trait of [`crate::dispatch`] that fits.
pub struct Probe<T>(PhantomData<T>);

impl<T> Clone for Probe<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Probe<T> {}

impl<T> Probe<T> {
    /// Stands for `T`.
    #[must_use]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Default for Probe<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Stands for what a function returns.
pub fn of<T, F: FnOnce() -> T>(_: &F) -> Probe<T> {
    Probe::new()
}

/// Stands for the type of a value.
pub fn of_value<T>(_: &T) -> Probe<T> {
    Probe::new()
}

/// Types that implement [`Keep`].
pub trait ByKeep<T> {
    /// How their values are written and read.
    fn codec(self) -> Codec<T>;
}

impl<T: Keep> ByKeep<T> for &&Probe<T> {
    fn codec(self) -> Codec<T> {
        Codec { write: T::write, read: T::read }
    }
}

/// All other types.
pub trait NotKept<T> {
    /// Says that their values cannot be carried.
    fn codec(self) -> Codec<T>;
}

impl<T> NotKept<T> for Probe<T> {
    fn codec(self) -> Codec<T> {
        Codec {
            write: |_| Err(NotCarried::new(type_name::<T>())),
            read: |_| Err(ReadError::new(format!("`{}` cannot be read", type_name::<T>()))),
        }
    }
}

/// The codec of a type: `codec!(Vec<u32>)`.
#[macro_export]
macro_rules! codec {
    ($type:ty) => {
        $crate::codec_of_probe!($crate::Probe::<$type>::new())
    };
}

/// The codec of what a function returns: `codec_of!(&initial)`.
#[macro_export]
macro_rules! codec_of {
    ($function:expr) => {
        $crate::codec_of_probe!($crate::of($function))
    };
}

/// The codec of a value's type: `codec_of_value!(&initial)`.
#[macro_export]
macro_rules! codec_of_value {
    ($value:expr) => {
        $crate::codec_of_probe!($crate::of_value($value))
    };
}

/// The codec for the type that a probe stands for.
///
/// The tool sets `hmr_serde` for crates that depend on serde.
#[doc(hidden)]
#[macro_export]
macro_rules! codec_of_probe {
    ($probe:expr) => {{
        #[allow(unexpected_cfgs)]
        let codec = {
            #[cfg(hmr_serde)]
            #[allow(unused_imports)]
            use ::hmr_serde::dispatch::*;
            #[allow(unused_imports)]
            use $crate::dispatch::*;
            (&&&$probe).codec()
        };
        codec
    }};
}
