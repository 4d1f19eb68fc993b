//! Values as JSON text and back, without losing distinctions that plain JSON lacks.
//!
//! It is what `serde_json` writes, but for what it would lose or refuse:
//!
//! | value | text |
//! |---|---|
//! | `NaN`, infinities | `"NaN"`, `"inf"`, `"-inf"` |
//! | `Some(x)`, where `x` is written as `null` or as this very form | `{"$some":…}` |
//! | a map with a key that is not text, a number or a `bool` | `[[key, value], …]` |
//!
//! Text written by `serde_json` reads as the same value.

mod error;
mod raw;
mod read;
pub(crate) mod scan;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use error::ReadError;
pub(crate) use raw::raw;
pub(crate) use read::read;
pub(crate) use write::{WriteError, text, write};

/// The start of the object that represents `Some` of a value written as `null`; no whitespace is written between the tokens.
const SOME_BEGINS: &str = r#"{"$some":"#;
