//! Where an application has panicked, for those without a panic hook.
//!
//! On wasm32-unknown-unknown, a panic without a hook ends in a trap that says nothing. The standard library passes the place of each panic to one
//! function, `std::panicking::rust_panic_with_hook`, as the third of five parameters: a reference to `core::panic::Location`
//! (`library/std/src/panicking.rs` in Rust's repository). Code at its entry stores that in a global, which the page reads when the application has trapped. If the function is
//! not there, or has other parameters, the binary stays as it is.

use wasm_encoder::{
    ConstExpr, Encode as _, ExportKind, GlobalType, InstructionSink, SectionId, ValType,
};
use wasmparser::{BinaryReaderError, CompositeInnerType};

use crate::splice::{count, with_entry};
use crate::transform::demangle;
use crate::wasm::Binary;

/// The name of the exported global: the address of a `Location`, or 0. The client has the same.
const GLOBAL: &str = "hmr_panic_place";

/// The function that gets the place of each panic, and how its name ends.
const FUNCTION: &str = "panicking::rust_panic_with_hook";

/// How many parameters it has, and which of them is the place.
const PARAMETERS: (usize, u32) = (5, 2);

/// The sections that change, with their new contents.
pub(super) fn with_place(binary: &Binary<'_>) -> Result<Vec<(u8, Vec<u8>)>, BinaryReaderError> {
    let imported = binary.imported()?;
    let Some(function) = function(binary, imported.functions)? else { return Ok(Vec::new()) };
    let (Some(globals), Some(exports)) =
        (binary.section(SectionId::Global), binary.section(SectionId::Export))
    else {
        return Ok(Vec::new());
    };
    let global = imported.globals + count(globals.contents)?.0;
    let mut entry = Vec::new();
    GlobalType { val_type: ValType::I32, mutable: true, shared: false }.encode(&mut entry);
    ConstExpr::i32_const(0).encode(&mut entry);
    let globals = with_entry(globals.contents, &entry)?;
    entry.clear();
    GLOBAL.encode(&mut entry);
    ExportKind::Global.encode(&mut entry);
    global.encode(&mut entry);
    let exports = with_entry(exports.contents, &entry)?;
    let code = with_store(binary, function, global)?;
    Ok(vec![
        (SectionId::Global as u8, globals),
        (SectionId::Export as u8, exports),
        (SectionId::Code as u8, code),
    ])
}

/// The function that gets the place, as its index among those that the binary defines.
fn function(binary: &Binary<'_>, imported: u32) -> Result<Option<usize>, BinaryReaderError> {
    let mut index = None;
    for section in binary.custom("name") {
        let names = section.function_names()?;
        let found = names.iter().find(|naming| demangle(naming.name).ends_with(FUNCTION));
        index = index.or(found.map(|naming| naming.index));
    }
    let own = index.and_then(|index| index.checked_sub(imported)).map(|own| own as usize);
    let types = binary.types()?;
    let types: Vec<_> = types.iter().flat_map(wasmparser::RecGroup::types).collect();
    let has_parameters = |own: &usize| {
        let index = binary.function_types().ok()?.get(*own).copied()?;
        let CompositeInnerType::Func(kind) = &types.get(index as usize)?.composite_type.inner
        else {
            return None;
        };
        let fits = kind.params().len() == PARAMETERS.0
            && kind.params().iter().all(|it| *it == wasmparser::ValType::I32);
        fits.then_some(())
    };
    Ok(own.filter(|own| has_parameters(own).is_some()))
}

/// The code section with the store at the entry of one function.
fn with_store(
    binary: &Binary<'_>,
    function: usize,
    global: u32,
) -> Result<Vec<u8>, BinaryReaderError> {
    let mut store = Vec::new();
    InstructionSink::new(&mut store).local_get(PARAMETERS.1).global_set(global);
    let mut code = Vec::new();
    u32::try_from(binary.bodies.len()).unwrap_or(u32::MAX).encode(&mut code);
    for (index, body) in binary.bodies.iter().enumerate() {
        let bytes = body.as_bytes();
        if index != function {
            bytes.len().encode(&mut code);
            code.extend_from_slice(bytes);
            continue;
        }
        let entry = body.get_operators_reader()?.original_position() - body.range().start;
        (bytes.len() + store.len()).encode(&mut code);
        code.extend_from_slice(&bytes[..entry]);
        code.extend_from_slice(&store);
        code.extend_from_slice(&bytes[entry..]);
    }
    Ok(code)
}
