//! Lets the lines of the user's sources follow their code into what wasm-bindgen makes of a skeleton.
//!
//! The bodies that come back in place of stubs keep their instructions. wasm-bindgen writes the others again: those begin with a number by
//! which they are found, and have the same instructions in the same order. Of all other functions the lines are not known any more.

use std::ops::Range;

use hmr_abi::lines::{Lines, SECTION};
use wasm_encoder::{CustomSection, Encode as _, Section as _};
use wasmparser::{BinaryReaderError, FunctionBody, Operator};

use super::{KEPT, number};
use crate::moves::{Moves, offset};
use crate::wasm::Binary;

/// A code section, and where its instructions come from.
pub(super) struct FollowedCode {
    /// The contents of the section.
    pub(super) bytes: Vec<u8>,
    /// From the old binary to `bytes`.
    pub(super) moves: CodeMoves,
}

/// Where instructions went, and in which bodies of the old binary they were.
#[derive(Default)]
pub(super) struct CodeMoves {
    moves: Moves,
    bodies: Vec<Range<usize>>,
}

impl FollowedCode {
    /// A section for so many bodies.
    pub(super) fn new(bodies: usize) -> Self {
        let mut bytes = Vec::new();
        number(bodies).encode(&mut bytes);
        Self { bytes, moves: CodeMoves::default() }
    }

    /// Adds a body of which nothing is known.
    pub(super) fn add(&mut self, body: &[u8]) {
        body.encode(&mut self.bytes);
    }

    /// Adds a body that comes from one of the old binary: `places` are offsets in that binary, and in the body.
    pub(super) fn add_followed(
        &mut self,
        body: &[u8],
        origin: &FunctionBody<'_>,
        places: Vec<(usize, usize)>,
    ) {
        self.add(body);
        let start = self.bytes.len() - body.len();
        for (from, to) in places {
            self.moves.moves.add(from, start + to);
        }
        self.moves.bodies.push(origin.range());
    }
}

/// Appends the lines of a binary to what its code has become, if it has lines. `code_start` is the offset of the contents of the new code section.
pub(super) fn append(binary: &Binary<'_>, moves: CodeMoves, code_start: usize, wasm: &mut Vec<u8>) {
    let lines = binary.custom_contents(SECTION);
    // Lines that cannot be read only make messages shorter.
    let Some(mut lines) = lines.and_then(|lines| Lines::parse(&lines).ok()) else { return };
    let CodeMoves { mut moves, mut bodies } = moves;
    moves.sort();
    bodies.sort_unstable_by_key(|body| body.start);
    // A row at the end of a body says that what comes next is not known.
    lines.rows.retain(|row| {
        let at = row.offset as usize;
        let after = bodies.partition_point(|body| body.start <= at);
        let body = after.checked_sub(1).and_then(|last| bodies.get(last));
        body.is_some_and(|body| at < body.end || (at == body.end && row.place.is_none()))
    });
    for row in &mut lines.rows {
        row.offset = moves.new_offset(row.offset).saturating_add(offset(code_start));
    }
    lines.rows.sort_by_key(|row| row.offset);
    CustomSection { name: SECTION.into(), data: lines.encode().into() }.append_to(wasm);
}

/// A body that wasm-bindgen has got and written, without the number at its beginning.
pub(super) struct Numbered {
    /// Its index among the functions that the old binary defines.
    pub(super) origin: usize,
    pub(super) bytes: Vec<u8>,
    /// Where its instructions are in `bytes`.
    instructions: Vec<usize>,
}

impl Numbered {
    pub(super) fn read(body: &FunctionBody<'_>) -> Result<Option<Self>, BinaryReaderError> {
        let start = body.range().start;
        let reader = body.get_operators_reader()?;
        let code = reader.original_position() - start;
        let mut operators = reader.into_iter_with_offsets();
        let Some((Operator::I64Const { value }, _)) = operators.next().transpose()? else {
            return Ok(None);
        };
        let Ok(origin) = u32::try_from(value ^ KEPT) else { return Ok(None) };
        // The number is dropped.
        operators.next().transpose()?;
        let mut positions = Vec::new();
        for operator in operators {
            positions.push(operator?.1 - start);
        }
        let Some(first) = positions.first().copied() else { return Ok(None) };
        let bytes = body.as_bytes();
        Ok(Some(Self {
            origin: origin as usize,
            bytes: [&bytes[..code], &bytes[first..]].concat(),
            instructions: positions.into_iter().map(|at| at - first + code).collect(),
        }))
    }

    /// Where instructions were in the binary, and where they are in the body. wasm-bindgen writes them in the same order.
    pub(super) fn places(
        &self,
        origin: &FunctionBody<'_>,
    ) -> Result<Vec<(usize, usize)>, BinaryReaderError> {
        let start = origin.range().start;
        let mut moved = vec![(start, 0)];
        let old = origin.get_operators_reader()?.into_iter_with_offsets();
        for (old, new) in old.zip(&self.instructions) {
            let at = old?.1;
            let (from, to) = moved[moved.len() - 1];
            if at - from != *new - to {
                moved.push((at, *new));
            }
        }
        Ok(moved)
    }
}
