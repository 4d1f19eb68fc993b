//! Puts the bodies into what wasm-bindgen made of a skeleton.

use std::collections::{BTreeMap, HashMap};

use hmr_abi::lines::SECTION;
use wasm_encoder::reencode::{Error as ReencodeError, Reencode};
use wasm_encoder::{Encode as _, SectionId};
use wasmparser::{
    BinaryReader, BinaryReaderError, ExternalKind, FunctionBody, Operator, OperatorsReader,
};

use super::lines::{self, FollowedCode, Numbered};
use super::{KEEPER, STUB, Skeleton, export_section, number};
use crate::splice::{Part, count, splice};
use crate::wasm::Binary;

/// A body that does nothing but trap: no locals, `unreachable`, `end`.
const TRAP: [u8; 3] = [0, 0, 0x0b];

impl Skeleton<'_, '_> {
    /// The output of wasm-bindgen with the bodies of the binary. The lines of the user's sources ([`hmr_abi::lines`]) follow their code.
    ///
    /// # Errors
    /// An explanation, if wasm-bindgen has changed the skeleton in another way than expected.
    pub(in super::super) fn fill(&self, bound: &[u8]) -> Result<Vec<u8>, String> {
        let bound = Binary::read(bound)?;
        self.filled(&bound).map_err(|error| error.to_string())?
    }

    fn filled(&self, bound: &Binary<'_>) -> Result<Result<Vec<u8>, String>, BinaryReaderError> {
        let imported = bound.imported()?.functions;
        let exports = bound.exports()?;
        let keeper = exports
            .iter()
            .find(|export| export.kind == ExternalKind::Func && export.name == KEEPER)
            .and_then(|export| export.index.checked_sub(imported))
            .map(|index| index as usize);
        let Some((keeper, body)) = keeper.and_then(|it| Some((it, bound.bodies.get(it)?))) else {
            return Ok(Err("it has lost the keeper".into()));
        };
        let Some(mut numbers) = self.numbers(body)? else {
            return Ok(Err("it has changed the keeper".into()));
        };
        let types = numbers.add_types(self.binary, bound)?;
        let mut origins = BTreeMap::new();
        let mut code = FollowedCode::new(bound.bodies.len());
        let mut filled = Vec::new();
        for (index, body) in bound.bodies.iter().enumerate() {
            if index == keeper {
                code.add(&TRAP);
            } else if let Some(origin) = stub_of(body)? {
                filled.clear();
                let places = match self.fill_body(origin, &mut numbers, &mut filled) {
                    Ok(places) => places,
                    Err(reason) => return Ok(Err(reason)),
                };
                code.add_followed(&filled, &self.binary.bodies[origin], places);
                origins.insert(imported + number(index), self.imported + number(origin));
            } else if let Some(numbered) = Numbered::read(body)?
                && let Some(origin) = self.binary.bodies.get(numbered.origin)
            {
                code.add_followed(&numbered.bytes, origin, numbered.places(origin)?);
            } else {
                code.add(body.as_bytes());
            }
        }
        let FollowedCode { bytes: code, moves } = code;
        let replaced = vec![
            (SectionId::Type as u8, types),
            (SectionId::Export as u8, exports_without_keeper(bound)?),
            (SectionId::Code as u8, code),
        ];
        let mut wasm = wasm_encoder::Module::HEADER.to_vec();
        let mut code_start = 0;
        for part in splice(bound, replaced) {
            if !part.custom_name().is_some_and(|name| name == "name" || name == SECTION) {
                part.append_to(&mut wasm);
            }
            if let Part::Other { id, contents } = &part
                && *id == SectionId::Code as u8
            {
                code_start = wasm.len() - contents.len();
            }
        }
        super::names::append(self.binary, bound, &origins, &mut wasm)?;
        lines::append(self.binary, moves, code_start, &mut wasm);
        Ok(Ok(wasm))
    }

    /// The new numbers of globals, tables and functions, as the keeper's body shows them. None if it is not what it was.
    fn numbers(&self, keeper: &FunctionBody<'_>) -> Result<Option<Numbers>, BinaryReaderError> {
        let mut numbers = Numbers::default();
        let mut called = self.called.iter();
        for operator in keeper.get_operators_reader()? {
            match operator? {
                Operator::GlobalGet { global_index } => numbers.globals.push(global_index),
                Operator::TableSize { table } => numbers.tables.push(table),
                Operator::Call { function_index } => {
                    let Some(old) = called.next() else { return Ok(None) };
                    numbers.functions.insert(*old, function_index);
                }
                _ => {}
            }
        }
        let complete = called.next().is_none()
            && numbers.globals.len() == super::globals(self.binary)? as usize
            && numbers.tables.len() == super::tables(self.binary)? as usize;
        Ok(complete.then_some(numbers))
    }

    /// Appends the body of a function, with the new numbers. Returns where instructions were in the binary, and where they are in the body.
    fn fill_body(
        &self,
        function: usize,
        numbers: &mut Numbers,
        to: &mut Vec<u8>,
    ) -> Result<Vec<(usize, usize)>, String> {
        let (Some(body), Some(scanned)) =
            (self.binary.bodies.get(function), self.functions.get(function))
        else {
            return Err("it has a stub with the number of no function".into());
        };
        let bytes = body.as_bytes();
        let start = body.range().start;
        let mut places = vec![(start, 0)];
        let mut copied = 0;
        for place in &scanned.numbered {
            to.extend_from_slice(&bytes[copied..place.start]);
            copied = place.end;
            let reader = BinaryReader::new(&bytes[place.clone()], 0);
            let operator =
                OperatorsReader::new(reader).read().map_err(|error| error.to_string())?;
            let instruction = numbers.instruction(operator).map_err(|error| error.to_string())?;
            let before = to.len();
            instruction.encode(to);
            if to.len() - before != place.len() {
                places.push((start + place.end, to.len()));
            }
        }
        to.extend_from_slice(&bytes[copied..]);
        Ok(places)
    }
}

/// The new numbers by the old ones.
#[derive(Default)]
struct Numbers {
    types: Vec<u32>,
    functions: HashMap<u32, u32>,
    globals: Vec<u32>,
    tables: Vec<u32>,
}

impl Numbers {
    /// Finds the types of the old binary among those of the new one. Returns the contents of a type section that has those that were
    /// missing, too.
    fn add_types(
        &mut self,
        old: &Binary<'_>,
        new: &Binary<'_>,
    ) -> Result<Vec<u8>, BinaryReaderError> {
        let contents = new.section(SectionId::Type).map_or(&[0][..], |section| section.contents);
        let (mut total, entries) = count(contents)?;
        let mut entries = entries.to_vec();
        let mut known: HashMap<_, u32> = new.types()?.into_iter().zip(0..).collect();
        for (group, bytes) in old.types()?.into_iter().zip(old.type_entries()?) {
            let index = *known.entry(group).or_insert_with(|| {
                entries.extend_from_slice(bytes);
                total += 1;
                total - 1
            });
            self.types.push(index);
        }
        let mut section = Vec::with_capacity(contents.len());
        total.encode(&mut section);
        section.extend_from_slice(&entries);
        Ok(section)
    }
}

/// An instruction names what the skeleton cannot number again.
#[derive(Debug, thiserror::Error)]
#[error("number {0} is unknown")]
struct Unknown(u32);

impl Reencode for Numbers {
    type Error = Unknown;

    fn type_index(&mut self, old: u32) -> Result<u32, ReencodeError<Unknown>> {
        found(self.types.get(old as usize), old)
    }

    fn function_index(&mut self, old: u32) -> Result<u32, ReencodeError<Unknown>> {
        found(self.functions.get(&old), old)
    }

    fn global_index(&mut self, old: u32) -> Result<u32, ReencodeError<Unknown>> {
        found(self.globals.get(old as usize), old)
    }

    fn table_index(&mut self, old: u32) -> Result<u32, ReencodeError<Unknown>> {
        found(self.tables.get(old as usize), old)
    }
}

fn found(new: Option<&u32>, old: u32) -> Result<u32, ReencodeError<Unknown>> {
    new.copied().ok_or(ReencodeError::UserError(Unknown(old)))
}

/// The function whose stub a body is, by its index among those that the old binary defines.
fn stub_of(body: &FunctionBody<'_>) -> Result<Option<usize>, BinaryReaderError> {
    // Longer bodies need not be decoded.
    if body.as_bytes().len() > 16 || body.get_locals_reader()?.get_count() > 0 {
        return Ok(None);
    }
    let mut operators = body.get_operators_reader()?;
    let Operator::I64Const { value } = operators.read()? else { return Ok(None) };
    let index = u32::try_from(value ^ STUB).ok().map(|index| index as usize);
    Ok(index.filter(|_| value & STUB == STUB))
}

fn exports_without_keeper(bound: &Binary<'_>) -> Result<Vec<u8>, BinaryReaderError> {
    let exports = bound.exports()?;
    let others = exports.iter().filter(|export| export.name != KEEPER);
    Ok(export_section(others.map(|export| (export.name, export.kind, export.index))))
}
