//! Types with serde's `Serialize` and `Deserialize` as values that `cargo hmr dev` keeps when the code of an application is exchanged.
//!
//! Types of other crates rarely implement [`hmr_state::Keep`]. This crate makes [`hmr_state::codec!`] choose serde for those that have its
//! traits. It is compiled next to an application that depends on serde by itself. To use it by hand, bring [`dispatch`] into scope.
//!
//! A type with `Keep` and serde's traits is written with serde only if a field in it cannot be kept otherwise: one with `#[serde(skip)]`,
//! for instance.
//!
//! Values are written as `serde_json` writes them, with two differences: a map whose keys are not texts is an array of pairs, and numbers
//! that are not finite are texts.

mod read;
mod write;

use std::any::type_name;
use std::fmt;

use hmr_state::{Codec, Keep, NotCarried, Probe, ReadError, Value};
use serde::de::DeserializeOwned;
use serde::{de, ser, Serialize};

/// The traits that `codec!` chooses from in addition.
#[doc(hidden)]
pub mod dispatch {
    pub use crate::{ByBoth, BySerde};
}

/// Types that implement [`Keep`], and that serde can write and read.
pub trait ByBoth<T> {
    /// How their values are written and read.
    fn codec(self) -> Codec<T>;
}

impl<T: Keep + Serialize + DeserializeOwned> ByBoth<T> for &&&Probe<T> {
    fn codec(self) -> Codec<T> {
        Codec {
            write: |value| value.write().or_else(|reason| write(value).map_err(|_| reason)),
            read: |value| T::read(value).or_else(|reason| read(value).map_err(|_| reason)),
        }
    }
}

/// Types that serde can write and read.
pub trait BySerde<T> {
    /// How their values are written and read.
    fn codec(self) -> Codec<T>;
}

impl<T: Serialize + DeserializeOwned> BySerde<T> for &Probe<T> {
    fn codec(self) -> Codec<T> {
        Codec { write, read }
    }
}

fn write<T: Serialize>(value: &T) -> Result<Value, NotCarried> {
    value.serialize(write::Writer).map_err(|_| NotCarried::new(type_name::<T>()))
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, ReadError> {
    T::deserialize(read::Reader(value)).map_err(|error| ReadError::new(error.0))
}

/// Why a value cannot be written or read.
#[derive(Debug)]
struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}
