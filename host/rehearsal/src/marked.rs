//! A module's *marked* variant: each function marks that it was called, in a memory of its own, so that no index changes.

use hmr_guest::wasm::{ModuleLayout, split_body};
use wasm_encoder::{
    Encode as _, ExportKind, InstructionSink, MemArg, MemoryType, Module, RawSection, Section as _,
    SectionId,
};
use wasmparser::{BinaryReader, BinaryReaderError};

/// The export of the memory with the marks: one byte for each defined function, 1 if it was called.
pub(crate) const MARKS: &str = "hmr_marks";

/// The marked variant of a module.
pub(crate) fn marked(layout: &ModuleLayout, bytes: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
    let memory = marks_memory(count(layout));
    let mut export = Vec::new();
    MARKS.encode(&mut export);
    ExportKind::Memory.encode(&mut export);
    layout.memories.encode(&mut export);
    let replaced = [
        (SectionId::Memory as u8, with_entry(layout, bytes, SectionId::Memory, &memory)?),
        (SectionId::Export as u8, with_entry(layout, bytes, SectionId::Export, &export)?),
        (SectionId::Code as u8, marked_code(layout, bytes)?),
    ];
    Ok(assemble(layout, bytes, &replaced))
}

/// The contents of a code section in which each function begins by setting its mark.
fn marked_code(layout: &ModuleLayout, bytes: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
    let mut code = Vec::new();
    count(layout).encode(&mut code);
    for (range, offset) in layout.bodies().iter().zip(0..) {
        let body = &bytes[range.clone()];
        let (locals, rest) = split_body(body)?;
        let mut mark = Vec::new();
        InstructionSink::new(&mut mark).i32_const(0).i32_const(1).i32_store8(MemArg {
            offset,
            align: 0,
            memory_index: layout.memories,
        });
        (body.len() + mark.len()).encode(&mut code);
        for part in [locals, &mark, rest] {
            code.extend_from_slice(part);
        }
    }
    Ok(code)
}

/// The entry of a memory section for so many marks.
fn marks_memory(marks: u32) -> Vec<u8> {
    let pages = u64::from(marks).div_ceil(1 << 16).max(1);
    let mut memory = Vec::new();
    MemoryType {
        minimum: pages,
        maximum: Some(pages),
        memory64: false,
        shared: false,
        page_size_log2: None,
    }
    .encode(&mut memory);
    memory
}

fn count(layout: &ModuleLayout) -> u32 {
    u32::try_from(layout.bodies().len()).unwrap_or(u32::MAX)
}

/// The contents of a section with one more entry at the end.
fn with_entry(
    layout: &ModuleLayout,
    bytes: &[u8],
    id: SectionId,
    entry: &[u8],
) -> Result<Vec<u8>, BinaryReaderError> {
    let contents = layout.section(bytes, id as u8).unwrap_or(&[0]);
    let mut reader = BinaryReader::new(contents, 0);
    let count = reader.read_var_u32()?;
    let mut longer = Vec::with_capacity(contents.len() + entry.len() + 1);
    (count + 1).encode(&mut longer);
    longer.extend_from_slice(&contents[reader.original_position()..]);
    longer.extend_from_slice(entry);
    Ok(longer)
}

/// The module without custom sections, with some sections replaced. Only sections that the ABI makes every module have
/// are replaced.
fn assemble(layout: &ModuleLayout, bytes: &[u8], replaced: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut module = Module::HEADER.to_vec();
    module.reserve(bytes.len());
    for (id, range) in layout.sections() {
        let other = replaced.iter().find(|(it, _)| it == id);
        let data = other.map_or(&bytes[range.clone()], |(_, contents)| contents);
        RawSection { id: *id, data }.append_to(&mut module);
    }
    module
}
