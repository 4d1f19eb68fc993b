//! What an application has panicked with, for those without a panic hook.
//!
//! On wasm32-unknown-unknown, a panic without a hook ends in a trap that says nothing. The standard library passes each panic to one
//! function (`library/std/src/panicking.rs` in Rust's repository): `std::panicking::panic_with_hook`, in older versions
//! `rust_panic_with_hook`. Its parameters are a reference to a `dyn PanicPayload`, which is two numbers, a reference to a
//! `core::panic::Location`, and two flags. Code at its entry stores the first three numbers in exported globals. The page reads
//! them when the application has trapped (`client/bindgen/panic.js`); the function table is exported for that, too. If the function is not
//! there, or has other parameters, the binary stays as it is.

use wasm_encoder::{
    ConstExpr, Encode as _, ExportKind, GlobalType, InstructionSink, SectionId, ValType,
};
use wasmparser::{BinaryReaderError, CompositeInnerType};

use crate::splice::{count, with_entry};
use crate::transform::demangle;
use crate::wasm::Binary;

/// The exported globals, in the order of the parameters that they hold: the payload, its methods, and the location. The client has the
/// same names.
const GLOBALS: [&str; 3] = ["hmr_panic_payload", "hmr_panic_methods", "hmr_panic_location"];

/// The name under which the function table is exported. The client has the same.
const TABLE: &str = "hmr_function_table";

/// The function that gets each panic, by how its name ends.
const FUNCTIONS: [&str; 2] = ["panicking::panic_with_hook", "panicking::rust_panic_with_hook"];

/// How many parameters it has.
const PARAMETERS: usize = 5;

/// The sections that change, with their new contents.
pub(super) fn with_globals(binary: &Binary<'_>) -> Result<Vec<(u8, Vec<u8>)>, BinaryReaderError> {
    let imported = binary.imported()?;
    let Some(function) = function(binary, imported.functions)? else { return Ok(Vec::new()) };
    let (Some(globals), Some(exports)) =
        (binary.section(SectionId::Global), binary.section(SectionId::Export))
    else {
        return Ok(Vec::new());
    };
    let first = imported.globals + count(globals.contents)?.0;
    let (mut globals, mut exports) = (globals.contents.to_vec(), exports.contents.to_vec());
    for (name, index) in GLOBALS.iter().zip(first..) {
        globals = with_entry(&globals, &global())?;
        exports = with_entry(&exports, &export(name, ExportKind::Global, index))?;
    }
    if binary.section(SectionId::Table).is_some() {
        exports = with_entry(&exports, &export(TABLE, ExportKind::Table, 0))?;
    }
    let code = with_stores(binary, function, first)?;
    Ok(vec![
        (SectionId::Global as u8, globals),
        (SectionId::Export as u8, exports),
        (SectionId::Code as u8, code),
    ])
}

/// The entry of a global with the value 0.
fn global() -> Vec<u8> {
    let mut entry = Vec::new();
    GlobalType { val_type: ValType::I32, mutable: true, shared: false }.encode(&mut entry);
    ConstExpr::i32_const(0).encode(&mut entry);
    entry
}

/// The entry of an export.
fn export(name: &str, kind: ExportKind, index: u32) -> Vec<u8> {
    let mut entry = Vec::new();
    name.encode(&mut entry);
    kind.encode(&mut entry);
    index.encode(&mut entry);
    entry
}

/// The function that gets each panic, as its index among those that the binary defines.
fn function(binary: &Binary<'_>, imported: u32) -> Result<Option<usize>, BinaryReaderError> {
    let mut index = None;
    for section in binary.custom("name") {
        let names = section.function_names()?;
        let found = names.iter().find(|naming| {
            // Most names need not be demangled.
            naming.name.contains("panic_with_hook") && {
                let name = demangle(naming.name);
                FUNCTIONS.iter().any(|end| name.ends_with(end))
            }
        });
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
        let fits = kind.params().len() == PARAMETERS
            && kind.params().iter().all(|it| *it == wasmparser::ValType::I32);
        fits.then_some(())
    };
    Ok(own.filter(|own| has_parameters(own).is_some()))
}

/// The code section with stores to the globals from the one with the index `first` at the entry of one function.
fn with_stores(
    binary: &Binary<'_>,
    function: usize,
    first: u32,
) -> Result<Vec<u8>, BinaryReaderError> {
    let mut stores = Vec::new();
    let mut sink = InstructionSink::new(&mut stores);
    for (parameter, global) in (0..).zip(first..).take(GLOBALS.len()) {
        sink.local_get(parameter).global_set(global);
    }
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
        (bytes.len() + stores.len()).encode(&mut code);
        code.extend_from_slice(&bytes[..entry]);
        code.extend_from_slice(&stores);
        code.extend_from_slice(&bytes[entry..]);
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the exports after the change, of a module with this function.
    fn exported(name: &str, parameters: &str) -> Vec<String> {
        let text = format!(
            "(module (table 1 funcref) (global (mut i32) (i32.const 7)) (memory (export \"memory\") 1) \
             (func ${name} {parameters} (local i64) unreachable))"
        );
        let bytes = wat::parse_str(text).expect("the text is right");
        let binary = Binary::read(&bytes).expect("it is a module");
        let replaced = with_globals(&binary).expect("it can be read");
        let mut changed = wasm_encoder::Module::HEADER.to_vec();
        for part in crate::splice::splice(&binary, replaced) {
            part.append_to(&mut changed);
        }
        wasmparser::validate(&changed).expect("it is valid");
        let binary = Binary::read(&changed).expect("it is a module");
        let exports = binary.exports().expect("it has exports");
        exports.iter().map(|export| export.name.to_owned()).collect()
    }

    #[test]
    fn the_function_that_gets_panics_is_found_by_its_name_and_parameters() {
        let five = "(param i32 i32 i32 i32 i32)";
        let all = ["memory", GLOBALS[0], GLOBALS[1], GLOBALS[2], TABLE];
        for name in [
            "_ZN3std9panicking15panic_with_hook17h0123456789abcdefE",
            "_ZN3std9panicking20rust_panic_with_hook17h0123456789abcdefE",
            "_RNvNtCs1_3std9panicking15panic_with_hook",
        ] {
            assert_eq!(exported(name, five), all, "{name}");
        }
        let name = "_ZN3std9panicking15panic_with_hook17h0123456789abcdefE";
        assert_eq!(exported(name, "(param i32 i32)"), ["memory"]);
        assert_eq!(exported("_ZN3app15panic_with_hook17h0123456789abcdefE", five), ["memory"]);
    }
}
