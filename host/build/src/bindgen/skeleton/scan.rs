//! Finds the instructions of a function that name something by its number.

use std::ops::Range;

use wasmparser::{BinaryReaderError, BlockType, FunctionBody, Operator, ValType};

/// What a function's body refers to.
pub(super) struct Scanned {
    /// The functions that it calls, by their index among all functions.
    pub(super) calls: Vec<u32>,
    /// The instructions that name a type, a function, a table or a global: offsets in the body.
    pub(super) numbered: Vec<Range<usize>>,
}

/// Scans a body. None if it has an instruction that the skeleton cannot have.
pub(super) fn body(body: &FunctionBody<'_>) -> Result<Option<Scanned>, BinaryReaderError> {
    let mut scanned = Scanned { calls: Vec::new(), numbered: Vec::new() };
    for local in body.get_locals_reader()? {
        if !is_plain(local?.1) {
            return Ok(None);
        }
    }
    let start = body.range().start;
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let at = operators.original_position() - start;
        match operators.read()? {
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                scanned.calls.push(function_index);
            }
            Operator::CallIndirect { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::GlobalGet { .. }
            | Operator::GlobalSet { .. }
            | Operator::TableGet { .. }
            | Operator::TableSet { .. }
            | Operator::TableGrow { .. }
            | Operator::TableSize { .. }
            | Operator::TableFill { .. }
            | Operator::TableCopy { .. }
            | Operator::Block { blockty: BlockType::FuncType(_) }
            | Operator::Loop { blockty: BlockType::FuncType(_) }
            | Operator::If { blockty: BlockType::FuncType(_) } => {}
            _ if has_no_number(body.as_bytes().get(at..).unwrap_or_default()) => continue,
            _ => return Ok(None),
        }
        scanned.numbered.push(at..operators.original_position() - start);
    }
    Ok(Some(scanned))
}

/// Whether a type names no other type.
pub(super) fn is_plain(kind: ValType) -> bool {
    match kind {
        ValType::Ref(kind) => kind.is_func_ref() || kind.is_extern_ref(),
        _ => true,
    }
}

/// Whether the instruction at the beginning of `bytes` names nothing by a number, other than a local, a label, or the one memory. The
/// numbers are those of the section "Instructions" of the WebAssembly specification's binary format.
fn has_no_number(bytes: &[u8]) -> bool {
    match bytes {
        // Control instructions; `block`, `loop` and `if` without a type, or with that of one value. `drop` and `select`, locals, memory,
        // constants, arithmetic. Vectors and atomics.
        [first, ..] if *first != 0xfc => matches!(
            first,
            0x00..=0x05 | 0x0b..=0x0f | 0x1a | 0x1b | 0x20..=0x22 | 0x28..=0xc4 | 0xfd | 0xfe
        ),
        // Saturating conversions, `memory.copy`, `memory.fill`.
        [_, second, ..] => matches!(second, 0x00..=0x07 | 0x0a | 0x0b),
        _ => false,
    }
}
