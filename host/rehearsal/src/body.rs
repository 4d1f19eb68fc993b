//! Function bodies with their constants taken out.
//!
//! An edit moves data and functions, so after it most functions of a module are what they were, but for addresses and
//! numbers. A body's *normal form* leaves out what moves: two bodies are the same code exactly if these are equal. What
//! was left out are its *constants*: addresses, and small numbers that may be positions in the table. [`parameterize`]
//! writes code that reads them from a memory of their own, and does what the body does, for any constants.

use hmr_guest::wasm::split_body;
use wasm_encoder::{Encode as _, InstructionSink, MemArg, ValType};
use wasmparser::{BinaryReader, BlockType, FunctionBody, Operator, OperatorsReader};

use crate::interface::Interface;

/// Numbers from here on are taken out. Smaller ones are seldom a position in the table, and often something else.
const FIRST_CONSTANT: i32 = 64;

/// Offsets of loads and stores from here on are taken out: the linker puts no data below.
const FIRST_ADDRESS: u64 = 1024;

/// The memory with the constants.
const CONSTANTS: u32 = 1;

/// The placeholder for what was left out: no number is written like that, so nothing else reads the same.
const LEFT_OUT: [u8; 6] = [0xff; 6];

/// The target of a call in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Callee {
    /// An imported function.
    Imported(u32),
    /// One of the base's functions.
    Base(u32),
    /// A function that is left out: calling it ends the rehearsal.
    Absent,
    /// A function that the base does not have.
    Other,
}

/// A body without its constants.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NormalizedBody {
    code: Vec<u8>,
}

/// What was taken out of a body.
#[derive(Debug, Default)]
pub(crate) struct Constants {
    /// The constants, in their order.
    pub(crate) values: Vec<u32>,
    /// The functions of the base that are called.
    pub(crate) callees: Vec<u32>,
}

/// A part of a body.
enum Piece<'a> {
    /// Stays as it is.
    Same(&'a [u8]),
    Constant(u32),
    Load(Access),
    Store(Access, ValType),
    /// The opcode, and the index of the function.
    Call(u8, u32),
    /// The opcode, the type, and the bytes of the table's index.
    CallIndirect(u8, u32, &'a [u8]),
    /// The opcode and the type of a block that has parameters or several results.
    Block(u8, u32),
}

/// A load or a store at an address.
#[derive(Clone, Copy)]
struct Access {
    opcode: u8,
    align: u8,
    offset: u32,
}

/// The normal form of a body, and what was taken out. Nothing if the body does what cannot be moved to another module.
pub(crate) fn normalize(
    interface: &Interface,
    ty: u32,
    body: &[u8],
    callee: impl Fn(u32) -> Callee,
) -> Option<(NormalizedBody, Constants)> {
    let mut code = Vec::with_capacity(body.len() + 16);
    let mut taken = Constants::default();
    let type_key = |ty: u32| interface.types.get(ty as usize).map(|ty| ty.key.as_bytes());
    code.extend_from_slice(type_key(ty)?);
    let (locals, rest) = split_body(body).ok()?;
    code.extend_from_slice(locals);
    pieces(rest, |piece| {
        match piece {
            Piece::Same(bytes) => code.extend_from_slice(bytes),
            Piece::Constant(value) => {
                code.push(0x41);
                code.extend_from_slice(&LEFT_OUT);
                taken.values.push(value);
            }
            Piece::Load(access) | Piece::Store(access, _) => {
                code.extend([access.opcode, access.align]);
                code.extend_from_slice(&LEFT_OUT);
                taken.values.push(access.offset);
            }
            Piece::Call(opcode, function) => {
                code.push(opcode);
                code.extend_from_slice(&LEFT_OUT);
                let (kind, number) = match callee(function) {
                    Callee::Imported(number) => (0, number),
                    Callee::Base(number) => {
                        taken.callees.push(number);
                        (1, number)
                    }
                    Callee::Absent => (2, 0),
                    // Not shared.
                    Callee::Other => return None,
                };
                code.push(kind);
                code.extend_from_slice(&number.to_le_bytes());
            }
            Piece::CallIndirect(opcode, ty, table) => {
                code.push(opcode);
                code.extend_from_slice(&LEFT_OUT);
                code.extend_from_slice(type_key(ty)?);
                code.extend_from_slice(table);
            }
            Piece::Block(opcode, ty) => {
                code.push(opcode);
                code.extend_from_slice(&LEFT_OUT);
                code.extend_from_slice(type_key(ty)?);
            }
        }
        Some(())
    })?;
    Some((NormalizedBody { code }, taken))
}

/// A body that reads its constants from memory, the first of them at `constants` (counted in constants). `index` returns
/// the new index of a function, if it exists.
pub(crate) fn parameterize(
    interface: &Interface,
    ty: u32,
    body: &[u8],
    mut constants: u32,
    index: impl Fn(u32) -> Option<u32>,
) -> Option<Vec<u8>> {
    let (locals, rest) = split_body(body).ok()?;
    let params = interface.types.get(ty as usize)?.params.len();
    let own = declared(locals)?.checked_add(u32::try_from(params).ok()?)?;
    let mut code = Vec::with_capacity(body.len() * 2);
    let mut stored: Vec<ValType> = Vec::new();
    pieces(rest, |piece| {
        let next = |sink: &mut InstructionSink<'_>, constants: &mut u32| {
            let offset = u64::from(*constants) * 4;
            *constants += 1;
            sink.i32_const(0).i32_load(MemArg { offset, align: 2, memory_index: CONSTANTS });
        };
        match piece {
            Piece::Same(bytes) => code.extend_from_slice(bytes),
            Piece::Constant(_) => next(&mut InstructionSink::new(&mut code), &mut constants),
            Piece::Load(access) => {
                let mut sink = InstructionSink::new(&mut code);
                next(&mut sink, &mut constants);
                sink.i32_add();
                code.extend([access.opcode, access.align, 0]);
            }
            Piece::Store(access, ty) => {
                // The stored value is above the address, and has to be moved.
                let at = stored.iter().position(|it| *it == ty).unwrap_or_else(|| {
                    stored.push(ty);
                    stored.len() - 1
                });
                let local = own + u32::try_from(at).ok()?;
                let mut sink = InstructionSink::new(&mut code);
                sink.local_set(local);
                next(&mut sink, &mut constants);
                sink.i32_add().local_get(local);
                code.extend([access.opcode, access.align, 0]);
            }
            Piece::Call(opcode, function) => call(&mut code, opcode, index(function)),
            Piece::CallIndirect(opcode, ty, table) => {
                code.push(opcode);
                ty.encode(&mut code);
                code.extend_from_slice(table);
            }
            Piece::Block(opcode, ty) => {
                code.push(opcode);
                i64::from(ty).encode(&mut code);
            }
        }
        Some(())
    })?;
    let mut whole = with_locals(locals, &stored)?;
    whole.append(&mut code);
    Some(whole)
}

/// A body in which only the functions that are called have other indices.
pub(crate) fn renumber(body: &[u8], index: impl Fn(u32) -> Option<u32>) -> Option<Vec<u8>> {
    let (locals, rest) = split_body(body).ok()?;
    let mut code = Vec::with_capacity(body.len() + 16);
    code.extend_from_slice(locals);
    let mut copied = 0;
    let mut operators = OperatorsReader::new(BinaryReader::new(rest, 0));
    while !operators.eof() {
        let at = operators.original_position();
        let (opcode, function) = match operators.read().ok()? {
            Operator::Call { function_index } => (0x10, function_index),
            Operator::ReturnCall { function_index } => (0x12, function_index),
            Operator::RefFunc { .. } => return None,
            _ => continue,
        };
        code.extend_from_slice(&rest[copied..at]);
        copied = operators.original_position();
        call(&mut code, opcode, index(function));
    }
    code.extend_from_slice(&rest[copied..]);
    Some(code)
}

/// The items that a body refers to.
#[derive(Debug, Default)]
pub(crate) struct References {
    /// The functions that it calls by name.
    pub(crate) functions: Vec<u32>,
    /// Types of functions, of those that it calls through the table and of blocks.
    pub(crate) types: Vec<u32>,
}

impl References {
    /// Adds those of a body.
    pub(crate) fn add(&mut self, body: &[u8]) -> Option<()> {
        let (_, rest) = split_body(body).ok()?;
        let mut operators = OperatorsReader::new(BinaryReader::new(rest, 0));
        while !operators.eof() {
            match operators.read().ok()? {
                Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                    self.functions.push(function_index);
                }
                Operator::CallIndirect { type_index, .. }
                | Operator::ReturnCallIndirect { type_index, .. } => self.types.push(type_index),
                Operator::Block { blockty: BlockType::FuncType(ty) }
                | Operator::Loop { blockty: BlockType::FuncType(ty) }
                | Operator::If { blockty: BlockType::FuncType(ty) } => self.types.push(ty),
                _ => {}
            }
        }
        Some(())
    }
}

/// Writes a call. That of a function that is left out traps; since code behind a trap may find anything on its stack,
/// what was valid stays valid.
fn call(code: &mut Vec<u8>, opcode: u8, index: Option<u32>) {
    match index {
        Some(index) => {
            code.push(opcode);
            index.encode(code);
        }
        None => _ = InstructionSink::new(code).unreachable(),
    }
}

/// How many locals a declaration of locals declares.
fn declared(locals: &[u8]) -> Option<u32> {
    let mut declared = 0u32;
    for group in FunctionBody::new(BinaryReader::new(locals, 0)).get_locals_reader().ok()? {
        declared = declared.checked_add(group.ok()?.0)?;
    }
    Some(declared)
}

/// The declaration of locals with one more of each of these types.
fn with_locals(declared: &[u8], more: &[ValType]) -> Option<Vec<u8>> {
    let mut reader = BinaryReader::new(declared, 0);
    let groups = reader.read_var_u32().ok()?;
    let mut written = Vec::with_capacity(declared.len() + 2 * more.len() + 1);
    (groups + u32::try_from(more.len()).ok()?).encode(&mut written);
    written.extend_from_slice(&declared[reader.original_position()..]);
    for ty in more {
        1u32.encode(&mut written);
        ty.encode(&mut written);
    }
    Some(written)
}

/// Cuts instructions into pieces. Nothing if there is one that means something else in another module.
fn pieces<'a>(rest: &'a [u8], mut on: impl FnMut(Piece<'a>) -> Option<()>) -> Option<()> {
    let mut operators = OperatorsReader::new(BinaryReader::new(rest, 0));
    let mut copied = 0;
    while !operators.eof() {
        let at = operators.original_position();
        let operator = operators.read().ok()?;
        let end = operators.original_position();
        let opcode = *rest.get(at)?;
        let piece = match operator {
            Operator::I32Const { value } if value >= FIRST_CONSTANT => {
                Piece::Constant(value.cast_unsigned())
            }
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                Piece::Call(opcode, function_index)
            }
            Operator::CallIndirect { type_index, .. }
            | Operator::ReturnCallIndirect { type_index, .. } => {
                let mut reader = BinaryReader::new(&rest[at + 1..end], 0);
                reader.read_var_u32().ok()?;
                let table = &rest[at + 1 + reader.original_position()..end];
                Piece::CallIndirect(opcode, type_index, table)
            }
            Operator::Block { blockty: BlockType::FuncType(ty) }
            | Operator::Loop { blockty: BlockType::FuncType(ty) }
            | Operator::If { blockty: BlockType::FuncType(ty) } => Piece::Block(opcode, ty),
            Operator::RefFunc { .. }
            | Operator::MemoryInit { .. }
            | Operator::DataDrop { .. }
            | Operator::TableInit { .. }
            | Operator::ElemDrop { .. } => return None,
            other => match access(&other) {
                Some((memory, None)) => Piece::Load(access_at(opcode, memory)?),
                Some((memory, Some(value))) => Piece::Store(access_at(opcode, memory)?, value),
                None => continue,
            },
        };
        if copied < at {
            on(Piece::Same(&rest[copied..at]))?;
        }
        copied = end;
        on(piece)?;
    }
    on(Piece::Same(&rest[copied..]))
}

fn access_at(opcode: u8, memory: wasmparser::MemArg) -> Option<Access> {
    Some(Access { opcode, align: memory.align, offset: u32::try_from(memory.offset).ok()? })
}

/// A plain load or store at a static address, and the type of the stored value.
fn access(operator: &Operator<'_>) -> Option<(wasmparser::MemArg, Option<ValType>)> {
    let (memory, stored) = match *operator {
        Operator::I32Load { memarg }
        | Operator::I64Load { memarg }
        | Operator::F32Load { memarg }
        | Operator::F64Load { memarg }
        | Operator::I32Load8S { memarg }
        | Operator::I32Load8U { memarg }
        | Operator::I32Load16S { memarg }
        | Operator::I32Load16U { memarg }
        | Operator::I64Load8S { memarg }
        | Operator::I64Load8U { memarg }
        | Operator::I64Load16S { memarg }
        | Operator::I64Load16U { memarg }
        | Operator::I64Load32S { memarg }
        | Operator::I64Load32U { memarg } => (memarg, None),
        Operator::I32Store { memarg }
        | Operator::I32Store8 { memarg }
        | Operator::I32Store16 { memarg } => (memarg, Some(ValType::I32)),
        Operator::I64Store { memarg }
        | Operator::I64Store8 { memarg }
        | Operator::I64Store16 { memarg }
        | Operator::I64Store32 { memarg } => (memarg, Some(ValType::I64)),
        Operator::F32Store { memarg } => (memarg, Some(ValType::F32)),
        Operator::F64Store { memarg } => (memarg, Some(ValType::F64)),
        _ => return None,
    };
    (memory.memory == 0 && memory.offset >= FIRST_ADDRESS).then_some((memory, stored))
}
