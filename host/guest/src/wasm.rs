//! Reading wasm binaries, without running them: custom sections, and where sections and function bodies are.

mod layout;

use wasmparser::{Parser, Payload};

pub use layout::{Function, ModuleLayout, split_body};

/// The contents of the custom section of this name; several of the name count as one. Nothing if there is none.
#[must_use]
pub fn custom_section(bytes: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut found: Option<Vec<u8>> = None;
    for payload in Parser::new(0).parse_all(bytes) {
        if let Ok(Payload::CustomSection(section)) = payload
            && section.name() == name
        {
            found.get_or_insert_default().extend_from_slice(section.data());
        }
    }
    found
}
