//! Values as JSON text and back, without losing what plain JSON does not tell apart.
//!
//! It is what `serde_json` writes, but for what it would lose or refuse:
//!
//! | value | text |
//! |---|---|
//! | `NaN`, infinities | `"NaN"`, `"inf"`, `"-inf"` |
//! | `Some(x)`, where `x` is written as `null` or as this very form | `{"$some":…}` |
//! | a map with a key that is not text, a number or a `bool` | `[[key, value], …]` |
//!
//! What `serde_json` has written reads as it did.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use read::{ReadError, read};
pub(crate) use write::{WriteError, write};

/// How the object begins that stands for `Some` of something that is written as `null`; nothing is written between the signs.
const SOME_BEGINS: &str = r#"{"$some":"#;
