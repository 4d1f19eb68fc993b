//! The names of functions: those that wasm-bindgen may ask for, and those that call stacks show.

use std::collections::BTreeMap;

use wasm_encoder::{NameMap, NameSection, Section as _};
use wasmparser::{BinaryReaderError, Name};

use crate::transform::demangle;
use crate::wasm::Binary;

/// Appends a name section with the globals, and the functions for which `known` holds, by their index among all functions.
pub(super) fn append_known(
    binary: &Binary<'_>,
    known: impl Fn(u32) -> bool,
    wasm: &mut Vec<u8>,
) -> Result<(), BinaryReaderError> {
    let (mut functions, mut globals) = (NameMap::new(), NameMap::new());
    for section in binary.custom("name") {
        for subsection in section.names() {
            match subsection? {
                Name::Function(names) => {
                    for naming in names {
                        let naming = naming?;
                        if known(naming.index) {
                            functions.append(naming.index, naming.name);
                        }
                    }
                }
                Name::Global(names) => {
                    for naming in names {
                        let naming = naming?;
                        globals.append(naming.index, naming.name);
                    }
                }
                _ => {}
            }
        }
    }
    let mut names = NameSection::new();
    names.functions(&functions);
    names.globals(&globals);
    names.append_to(wasm);
    Ok(())
}

/// Appends a name section for wasm-bindgen's output: its own names, and for the functions in `origins` those that they had in the old
/// binary. Keys and values are indices among all functions.
pub(super) fn append(
    old: &Binary<'_>,
    bound: &Binary<'_>,
    origins: &BTreeMap<u32, u32>,
    wasm: &mut Vec<u8>,
) -> Result<(), BinaryReaderError> {
    let mut all = BTreeMap::new();
    for section in bound.custom("name") {
        for naming in section.function_names()? {
            all.insert(naming.index, naming.name.to_owned());
        }
    }
    let mut old_names = BTreeMap::new();
    for section in old.custom("name") {
        for naming in section.function_names()? {
            old_names.insert(naming.index, naming.name);
        }
    }
    for (new, origin) in origins {
        if let Some(name) = old_names.get(origin) {
            all.insert(*new, demangle(name));
        }
    }
    let mut functions = NameMap::new();
    for (index, name) in &all {
        functions.append(*index, name);
    }
    let mut names = NameSection::new();
    names.functions(&functions);
    names.append_to(wasm);
    Ok(())
}
