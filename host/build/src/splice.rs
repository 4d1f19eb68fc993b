//! Replaces whole sections of a binary, and adds entries to them, without reading the others.

use wasm_encoder::{Encode as _, RawSection, Section as _};
use wasmparser::{BinaryReader, BinaryReaderError};

use crate::wasm::{Binary, Section};

/// The order of a module's sections, by their numbers in the binary format.
const ORDER: [u8; 13] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

/// A section of a new binary: as it was, or with other contents.
pub(crate) enum Part<'s, 'a> {
    Same(&'s Section<'a>),
    Other { id: u8, contents: Vec<u8> },
}

/// Puts the replaced sections where the old ones were, or where the format wants them if there was none.
pub(crate) fn splice<'s, 'a>(
    binary: &'s Binary<'a>,
    replaced: Vec<(u8, Vec<u8>)>,
) -> Vec<Part<'s, 'a>> {
    let position = |id: u8| ORDER.iter().position(|known| *known == id).unwrap_or(ORDER.len());
    let mut parts = Vec::with_capacity(binary.sections.len() + replaced.len());
    let mut waiting = replaced.into_iter().peekable();
    for section in &binary.sections {
        if section.is_custom() {
            if !section.name.starts_with("metadata.code.") {
                parts.push(Part::Same(section));
            }
            continue;
        }
        while let Some((id, contents)) =
            waiting.next_if(|(id, _)| position(*id) < position(section.id))
        {
            parts.push(Part::Other { id, contents });
        }
        match waiting.next_if(|(id, _)| *id == section.id) {
            Some((id, contents)) => parts.push(Part::Other { id, contents }),
            None => parts.push(Part::Same(section)),
        }
    }
    parts.extend(waiting.map(|(id, contents)| Part::Other { id, contents }));
    parts
}

/// The number of entries of a section, and the entries.
pub(crate) fn count(contents: &[u8]) -> Result<(u32, &[u8]), BinaryReaderError> {
    let mut reader = BinaryReader::new(contents, 0);
    let count = reader.read_var_u32()?;
    Ok((count, &contents[reader.original_position()..]))
}

/// The contents of a section with one more entry after all others.
pub(crate) fn with_entry(contents: &[u8], entry: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
    let (count, entries) = count(contents)?;
    let mut longer = Vec::with_capacity(contents.len() + entry.len() + 1);
    (count + 1).encode(&mut longer);
    longer.extend_from_slice(entries);
    longer.extend_from_slice(entry);
    Ok(longer)
}

impl Part<'_, '_> {
    /// The name of a custom section; none for others.
    pub(crate) fn custom_name(&self) -> Option<&str> {
        match self {
            Self::Same(section) if section.is_custom() => Some(section.name),
            _ => None,
        }
    }

    /// Appends the section to a binary.
    pub(crate) fn append_to(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Same(section) => bytes.extend_from_slice(section.whole),
            Self::Other { id, contents } => {
                RawSection { id: *id, data: contents }.append_to(bytes);
            }
        }
    }
}
