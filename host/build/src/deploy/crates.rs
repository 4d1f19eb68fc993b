//! Which crates the code of a binary comes from.

use std::collections::BTreeMap;

use crate::transform::demangle;
use crate::wasm::Binary;

/// The code of one crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrateSize {
    /// The crate's name.
    pub name: String,
    /// How long the bodies of its functions are, in bytes.
    pub bytes: usize,
}

/// The crates of a binary by the size of their code, the largest first. Generic code counts for the crate of the function, not of its type
/// arguments. Empty if the binary has no names of functions.
///
/// # Errors
/// An explanation, if it is malformed.
pub fn crate_sizes(wasm: &[u8]) -> Result<Vec<CrateSize>, String> {
    let binary = Binary::read(wasm)?;
    let text = |error: wasmparser::BinaryReaderError| error.to_string();
    let imported = binary.imported().map_err(text)?.functions;
    let mut sizes = BTreeMap::<String, usize>::new();
    for section in binary.custom("name") {
        for naming in section.function_names().map_err(text)? {
            let own = naming.index.checked_sub(imported).map(|own| own as usize);
            let Some(body) = own.and_then(|own| binary.bodies.get(own)) else { continue };
            let name = crate_of(&demangle(naming.name)).unwrap_or("other").to_owned();
            *sizes.entry(name).or_default() += body.as_bytes().len();
        }
    }
    let mut sizes: Vec<_> =
        sizes.into_iter().map(|(name, bytes)| CrateSize { name, bytes }).collect();
    sizes.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    Ok(sizes)
}

/// The crate of a function, by its demangled name: `alloc` for `<alloc::vec::Vec<T> as core::ops::Drop>::drop`.
fn crate_of(function: &str) -> Option<&str> {
    let start = function.find(|letter: char| letter.is_alphabetic() || letter == '_')?;
    let path = &function[start..];
    let end = path.find("::")?;
    let name = path[..end].split('[').next()?;
    let is_name = name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    (is_name && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::crate_of;

    #[test]
    fn the_crate_is_the_first_part_of_a_path() {
        assert_eq!(crate_of("board::Board::{closure}"), Some("board"));
        assert_eq!(crate_of("<alloc::vec::Vec<T> as core::ops::Drop>::drop"), Some("alloc"));
        assert_eq!(crate_of("<&mut serde_json::Value as Debug>::fmt"), None);
        assert_eq!(crate_of("memcpy"), None);
    }
}
