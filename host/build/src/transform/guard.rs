//! The loop guard: code that would run forever traps instead.
//!
//! The input is a module; the output is its sections, some of them with other contents. The module gets one more global,
//! `hmr_budget`, after all others, and exports it. Its code takes one from it at each loop head and at the entry of
//! each function that can call itself, directly or not ([`calls`]), and traps once it is below 0. A browser can interrupt
//! a call in no other way. Functions without loops that cannot recurse stay as they are: they end by themselves.
//!
//! The guard is spliced into the bytes of the code section, between two instructions. It takes nothing from the
//! operand stack, leaves nothing there, and its own block is closed before the next instruction, so neither types nor
//! the depths of branches around it change. No index moves; only offsets in the code do, and what refers to those
//! (hints to branch prediction) is left out.

mod calls;

use std::collections::BTreeSet;

use hmr_abi::exports;
use wasm_encoder::{
    ConstExpr, Encode as _, ExportKind, GlobalType, InstructionSink, SectionId, ValType,
};
use wasmparser::{BinaryReaderError, FunctionBody, Operator};

use self::calls::CallGraph;
use crate::moves::Moves;
use crate::splice::{Part, count, splice, with_entry};
use crate::wasm::{Binary, Section};

/// The budget until an engine sets it: also the default of engines.
pub const LOOP_BUDGET: i32 = hmr_abi::constants::CALL_BUDGET;

/// Whether the module exports the budget already.
pub(super) fn is_guarded(binary: &Binary<'_>) -> Result<bool, BinaryReaderError> {
    Ok(binary.exports()?.iter().any(|export| export.name == exports::BUDGET))
}

/// The guarded module, section by section, and the new offsets of its code.
pub(super) fn guard<'s, 'a>(
    binary: &'s Binary<'a>,
) -> Result<(Vec<Part<'s, 'a>>, Moves), BinaryReaderError> {
    let imported = binary.imported()?;
    // A section that the module does not have is one without entries.
    let contents = |id| binary.section(id).map_or(&[0][..], |section| section.contents);
    let globals = contents(SectionId::Global);
    let budget = imported.globals + count(globals)?.0;
    let exports = with_budget_export(contents(SectionId::Export), budget)?;
    let mut replaced = vec![
        (SectionId::Global as u8, with_budget_global(globals)?),
        (SectionId::Export as u8, exports),
    ];
    let mut moves = Moves::default();
    if let Some(code) = binary.section(SectionId::Code) {
        let code = guarded_code(binary, code, imported.functions, budget, &mut moves)?;
        replaced.push((SectionId::Code as u8, code));
    }
    Ok((splice(binary, replaced), moves))
}

/// A binary with the guard. Nothing in it may refer to offsets in its code.
///
/// # Errors
/// It is malformed.
pub(crate) fn guarded(binary: &Binary<'_>) -> Result<Vec<u8>, BinaryReaderError> {
    let mut guarded = wasm_encoder::Module::HEADER.to_vec();
    for part in guard(binary)?.0 {
        part.append_to(&mut guarded);
    }
    Ok(guarded)
}

fn with_budget_global(contents: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
    let mut entry = Vec::new();
    GlobalType { val_type: ValType::I32, mutable: true, shared: false }.encode(&mut entry);
    ConstExpr::i32_const(LOOP_BUDGET).encode(&mut entry);
    with_entry(contents, &entry)
}

fn with_budget_export(contents: &[u8], budget: u32) -> Result<Vec<u8>, BinaryReaderError> {
    let mut entry = Vec::new();
    exports::BUDGET.encode(&mut entry);
    ExportKind::Global.encode(&mut entry);
    budget.encode(&mut entry);
    with_entry(contents, &entry)
}

fn guarded_code(
    binary: &Binary<'_>,
    section: &Section<'_>,
    imported: u32,
    budget: u32,
    moves: &mut Moves,
) -> Result<Vec<u8>, BinaryReaderError> {
    let mut graph = CallGraph::new(imported, binary.bodies.len());
    let mut scanned = Vec::with_capacity(binary.bodies.len());
    for (body, function) in binary.bodies.iter().zip(0..) {
        let mut call = |callee| graph.edge(function, callee);
        scanned.push(Body::scan(body, section.start, &mut call)?);
    }
    graph.note_references(binary)?;
    let recursive: BTreeSet<u32> = graph.recursive();
    let mut check = Vec::new();
    InstructionSink::new(&mut check)
        .global_get(budget)
        .i32_const(1)
        .i32_sub()
        .global_set(budget)
        .global_get(budget)
        .i32_const(0)
        .i32_lt_s()
        .if_(wasm_encoder::BlockType::Empty)
        .unreachable()
        .end();
    let mut code = Vec::with_capacity(section.size + section.size / 8);
    u32::try_from(scanned.len()).unwrap_or(u32::MAX).encode(&mut code);
    for (body, function) in scanned.iter().zip(0..) {
        body.write(recursive.contains(&function), &check, &mut code, moves);
    }
    Ok(code)
}

/// What a function calls or refers to.
#[derive(Clone, Copy)]
enum Callee {
    /// A function, by its index among all, imported ones included.
    Function(u32),
    /// Any function that is in a table or a reference.
    Reference,
    /// A function that is not called here, but that a reference is made to.
    Referred(u32),
}

/// A function's body, and where it may be interrupted.
struct Body<'a> {
    bytes: &'a [u8],
    /// Its offset in the contents of the code section, its length not counted.
    start: usize,
    /// The offset of the first instruction, in `bytes`.
    entry: usize,
    /// The offsets of the first instructions inside of loops, in `bytes`.
    loops: Vec<usize>,
}

impl<'a> Body<'a> {
    /// Looks for places at which the function may be interrupted, and for calls. `code` is the offset of the code
    /// section's contents.
    fn scan(
        body: &FunctionBody<'a>,
        code: usize,
        call: &mut dyn FnMut(Callee),
    ) -> Result<Self, BinaryReaderError> {
        let start = body.range().start;
        let mut operators = body.get_operators_reader()?;
        let entry = operators.original_position() - start;
        let mut loops = Vec::new();
        while !operators.eof() {
            match operators.read()? {
                Operator::Loop { .. } => loops.push(operators.original_position() - start),
                Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                    call(Callee::Function(function_index));
                }
                Operator::RefFunc { function_index } => call(Callee::Referred(function_index)),
                Operator::CallIndirect { .. }
                | Operator::ReturnCallIndirect { .. }
                | Operator::CallRef { .. }
                | Operator::ReturnCallRef { .. } => call(Callee::Reference),
                _ => {}
            }
        }
        Ok(Self { bytes: body.as_bytes(), start: start - code, entry, loops })
    }

    /// Appends the body, its length first, with `check` at the function's entry if it should be there, and in its loops.
    fn write(&self, at_entry: bool, check: &[u8], to: &mut Vec<u8>, moves: &mut Moves) {
        let offsets = at_entry.then_some(self.entry).into_iter().chain(self.loops.iter().copied());
        (self.bytes.len() + offsets.clone().count() * check.len()).encode(to);
        moves.add(self.start, to.len());
        let mut written = 0;
        for offset in offsets {
            to.extend_from_slice(&self.bytes[written..offset]);
            to.extend_from_slice(check);
            moves.add(self.start + offset, to.len());
            written = offset;
        }
        to.extend_from_slice(&self.bytes[written..]);
    }
}

#[cfg(test)]
mod tests;
