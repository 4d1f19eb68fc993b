//! The manifest section.

use hmr_abi::manifest::Manifest;

use crate::beside;

/// A manifest that is read and written is read again as the same.
pub fn manifest(input: &[u8]) {
    let Ok(manifest) = Manifest::parse(input) else { return };
    let again = Manifest::parse(manifest.to_string().as_bytes());
    assert!(again.as_ref() == Ok(&manifest), "{}", beside(&manifest, &again));
}
