//! The files that an application names with Dioxus' `asset!`.
//!
//! The macro leaves a buffer of 4096 bytes in the binary for each file: a map in CBOR with the path of the source, and with a text that the tool that builds
//! the application replaces by the path under which it serves the file (`BundledAsset` in the crate `manganis-core` 0.7). The address of a buffer is
//! the value of an exported global. The paths that are written here do not depend on the content of the files, so that a change of a stylesheet changes no code.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use ciborium::Value;
use wasmparser::{DataKind, ExternalKind, Operator};

use crate::hash::hash_of;
use crate::wasm::Binary;

/// What the names of the exported globals contain.
const EXPORT: &str = "__ASSETS__";

/// The size of a buffer, in bytes.
const BUFFER: usize = 4096;

/// The longest path, in bytes.
const LONGEST_PATH: usize = 256;

/// A file, or a folder, that an application fetches while it runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BoundAsset {
    /// Its path below `assets`.
    pub path: String,
    /// Where it is; absolute.
    pub source: Utf8PathBuf,
}

/// Writes the paths of all assets into a binary.
///
/// # Errors
/// An explanation of what cannot be read.
pub(super) fn fill_in(wasm: &mut [u8]) -> Result<Vec<BoundAsset>, String> {
    let places = places(wasm)?;
    let mut assets = BTreeSet::new();
    for place in places {
        let Some(buffer) = wasm.get_mut(place..place + BUFFER) else { continue };
        assets.extend(fill_in_one(buffer));
    }
    Ok(assets.into_iter().collect())
}

/// Where the buffers are in a binary.
fn places(wasm: &[u8]) -> Result<Vec<usize>, String> {
    let text = |error: wasmparser::BinaryReaderError| error.to_string();
    let binary = Binary::read(wasm)?;
    let exports = binary.exports().map_err(text)?;
    let exported =
        exports.iter().filter(|it| it.kind == ExternalKind::Global && it.name.contains(EXPORT));
    let exported: Vec<u32> = exported.map(|export| export.index).collect();
    if exported.is_empty() {
        return Ok(Vec::new());
    }
    let imported = binary.imported().map_err(text)?.globals;
    let globals = binary.globals().map_err(text)?;
    let data = binary.data().map_err(text)?;
    let mut places = Vec::new();
    for index in exported {
        let global = index.checked_sub(imported).and_then(|own| globals.get(own as usize));
        let Some(address) = global.and_then(|global| constant(&global.init_expr)) else { continue };
        for segment in &data {
            let DataKind::Active { offset_expr, .. } = &segment.kind else { continue };
            let inside = constant(offset_expr).and_then(|start| address.checked_sub(start));
            if let Some(inside) = inside.filter(|inside| inside + BUFFER <= segment.data.len()) {
                // The segment is a part of the binary.
                places.push(segment.data.as_ptr() as usize - wasm.as_ptr() as usize + inside);
            }
        }
    }
    Ok(places)
}

fn constant(expression: &wasmparser::ConstExpr<'_>) -> Option<usize> {
    match expression.get_operators_reader().read().ok()? {
        Operator::I32Const { value } => Some(value.cast_unsigned() as usize),
        _ => None,
    }
}

/// Writes the path of one asset into its buffer. None if that has another format.
fn fill_in_one(buffer: &mut [u8]) -> Option<BoundAsset> {
    let mut value: Value = ciborium::from_reader(&*buffer).ok()?;
    let entries = value.as_map_mut()?;
    let source = bytes(entries, "absolute_source_path")?;
    let source = Utf8PathBuf::from(String::from_utf8(source.clone()).ok()?);
    let options = entries.iter().find(|(key, _)| key.as_text() == Some("options"));
    let hashed = options.and_then(|(_, options)| {
        let hash = options.as_map()?.iter().find(|(key, _)| key.as_text() == Some("add_hash"))?;
        hash.1.as_integer().map(|value| value != 0.into())
    });
    let path = path_of(&source, hashed.unwrap_or(true))?;
    *bytes(entries, "bundled_path")? = path.clone().into_bytes();
    let mut encoded = Vec::new();
    ciborium::into_writer(&value, &mut encoded).ok()?;
    let (front, rest) = buffer.split_at_mut_checked(encoded.len())?;
    front.copy_from_slice(&encoded);
    rest.fill(0);
    Some(BoundAsset { path, source })
}

fn bytes<'a>(entries: &'a mut [(Value, Value)], key: &str) -> Option<&'a mut Vec<u8>> {
    let entry = entries.iter_mut().find(|(name, _)| name.as_text() == Some(key))?;
    entry.1.as_bytes_mut()
}

/// The path under which a file is served: its name, and what distinguishes it from others of the same name unless it is asked for by that.
fn path_of(source: &Utf8Path, hashed: bool) -> Option<String> {
    let name = source.file_name()?;
    let path = if hashed {
        format!("{}/{name}", hash_of(source.as_str().as_bytes()).get(..8)?)
    } else {
        name.to_owned()
    };
    (path.len() <= LONGEST_PATH).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(add_hash: u8) -> Vec<u8> {
        let text = |text: &str| Value::Text(text.to_owned());
        let bytes = |text: &str| Value::Bytes(text.as_bytes().to_vec());
        let options = vec![
            (text("add_hash"), Value::from(add_hash)),
            (text("variant"), Value::Map(vec![(text("Unknown"), Value::Map(Vec::new()))])),
        ];
        let asset = Value::Map(vec![
            (text("absolute_source_path"), bytes("/app/assets/main.css")),
            (text("bundled_path"), bytes(&"This should be replaced. ".repeat(8))),
            (text("options"), Value::Map(options)),
        ]);
        let mut buffer = Vec::new();
        ciborium::into_writer(&asset, &mut buffer).expect("it can be written");
        buffer.resize(BUFFER, 0);
        buffer
    }

    #[test]
    fn a_path_is_written_into_the_buffer_of_its_asset() {
        for (add_hash, expected) in [(0, "main.css"), (1, "/main.css")] {
            let mut bytes = buffer(add_hash);
            let asset = fill_in_one(&mut bytes).expect("it is an asset");
            assert!(asset.path.ends_with(expected), "{asset:?}");
            assert_eq!((asset.source.as_str(), bytes.len()), ("/app/assets/main.css", BUFFER));
            let again = fill_in_one(&mut bytes).expect("it is an asset still");
            assert_eq!(again, asset);
        }
        assert_eq!(fill_in_one(&mut [0; BUFFER]), None);
        assert_eq!(fill_in_one(&mut [0xff; BUFFER]), None);
    }
}
