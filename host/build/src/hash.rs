//! Names for contents.

use sha2::{Digest, Sha256};

/// The name of a version by its content: the first 128 bits of the SHA-256 of `bytes`, as 32 hexadecimal digits.
#[must_use]
pub fn hash_of(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    let first = hash.first_chunk().expect("SHA-256 has 32 bytes");
    format!("{:032x}", u128::from_be_bytes(*first))
}
