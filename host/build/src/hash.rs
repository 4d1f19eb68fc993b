//! Names for contents.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// The name of a version by its content: the first 128 bits of the SHA-256 of `bytes`, as 32 hexadecimal digits.
#[must_use]
pub fn hash_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(16).fold(String::new(), |mut name, byte| {
        _ = write!(name, "{byte:02x}");
        name
    })
}
