//! The bodies of functions by their meaning, so that two versions of a module can be compared.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use wasmparser::{BlockType, ConstExpr, Data, DataKind, FunctionBody, Operator, RecGroup, TypeRef};

use crate::wasm::Binary;

/// How many bytes of the data at an address are used to identify it.
const BEGINNING: usize = 16;

/// Hashes of bodies by name, sorted: instances of one generic function share a name.
pub(super) type Bodies = BTreeMap<String, Vec<[u8; 32]>>;

/// The bodies of all functions that a module defines.
pub(super) fn read(binary: &Binary<'_>) -> wasmparser::Result<Bodies> {
    let context = Context::read(binary)?;
    let mut bodies = Bodies::new();
    for (index, body) in (binary.imported()?.functions..).zip(&binary.bodies) {
        let name = context.names.get(&index).cloned();
        // Indices mean nothing in another version: all functions without a name are one.
        bodies.entry(name.unwrap_or_else(|| "?".to_owned())).or_default().push(context.hash(body)?);
    }
    for hashes in bodies.values_mut() {
        hashes.sort_unstable();
    }
    Ok(bodies)
}

/// What bodies refer to.
struct Context<'a> {
    types: Vec<String>,
    /// The names of functions by their indices.
    names: BTreeMap<u32, String>,
    /// The segments of data by their addresses.
    data: Vec<(u32, &'a [u8])>,
    /// Where the memory of statics ends, according to the linker's globals.
    end: u32,
}

impl<'a> Context<'a> {
    fn read(binary: &Binary<'a>) -> wasmparser::Result<Self> {
        let types = binary.types()?;
        let types = types.iter().flat_map(RecGroup::types).map(|kind| format!("{kind:?}"));
        let globals = binary.globals()?;
        let ends = globals.iter().filter_map(|global| constant(&global.init_expr));
        Ok(Self {
            types: types.collect(),
            names: names(binary)?,
            data: binary.data()?.iter().filter_map(with_address).collect(),
            end: ends.max().unwrap_or(0),
        })
    }

    fn hash(&self, body: &FunctionBody<'_>) -> wasmparser::Result<[u8; 32]> {
        let mut hash = Sha256::new();
        for local in body.get_locals_reader()? {
            hash.update(format!("{:?}\n", local?));
        }
        let operators = body.get_operators_reader()?;
        for operator in operators {
            hash.update(self.meaning(&operator?));
            hash.update("\n");
        }
        Ok(hash.finalize().into())
    }

    /// An instruction, with its indices and addresses replaced by their meaning.
    fn meaning(&self, operator: &Operator<'_>) -> String {
        match operator {
            Operator::Call { function_index } => format!("call {}", self.function(*function_index)),
            Operator::RefFunc { function_index } => {
                format!("ref {}", self.function(*function_index))
            }
            Operator::CallIndirect { type_index, .. } => {
                format!("call-indirect {:?}", self.types.get(*type_index as usize))
            }
            Operator::Block { blockty: BlockType::FuncType(index) }
            | Operator::Loop { blockty: BlockType::FuncType(index) }
            | Operator::If { blockty: BlockType::FuncType(index) } => {
                format!("block {:?}", self.types.get(*index as usize))
            }
            Operator::I32Const { value } => match self.pointed_at(value.cast_unsigned()) {
                Some(data) => format!("address of {data}"),
                None => format!("{operator:?}"),
            },
            _ => self.with_data(format!("{operator:?}")),
        }
    }

    /// The text of a load or a store, with a fixed address replaced by the data there.
    fn with_data(&self, text: String) -> String {
        const FIELD: &str = "offset: ";
        let Some((head, tail)) = text.split_once(FIELD) else { return text };
        let digits = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        let address = tail[..digits].parse().ok();
        match address.and_then(|address| self.pointed_at(address)) {
            Some(data) => format!("{head}{FIELD}{data}{}", &tail[digits..]),
            None => text,
        }
    }

    fn function(&self, index: u32) -> &str {
        self.names.get(&index).map_or("?", String::as_str)
    }

    /// The data at an address: the first bytes there, or of what they point at. None if the number is not an address of a static.
    fn pointed_at(&self, address: u32) -> Option<String> {
        let Some(bytes) = self.bytes_at(address) else {
            let after = self.data.iter().any(|(start, _)| *start <= address);
            return (after && address < self.end).then(|| "a zeroed static".to_owned());
        };
        let beginning = |bytes: &[u8]| format!("{:?}", &bytes[..bytes.len().min(BEGINNING)]);
        // A pointer and a length: of a text, or of the file in a source location, whose line is left out since it moves
        // with the lines above.
        if let Some((pointer, rest)) = bytes.split_first_chunk()
            && let Some(target) = self.bytes_at(u32::from_le_bytes(*pointer))
        {
            return Some(format!("{} of {:?}", beginning(target), rest.first_chunk::<4>()));
        }
        Some(beginning(bytes))
    }

    fn bytes_at(&self, address: u32) -> Option<&[u8]> {
        self.data.iter().find_map(|(start, data)| {
            let offset = usize::try_from(address.checked_sub(*start)?).ok()?;
            data.get(offset..).filter(|rest| !rest.is_empty())
        })
    }
}

/// The names of functions by their indices: imported ones are called by module and name, all others as the name section has it.
fn names(binary: &Binary<'_>) -> wasmparser::Result<BTreeMap<u32, String>> {
    let imports = binary.imports()?;
    let functions = imports
        .iter()
        .filter(|import| matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)))
        .map(|import| format!("{}.{}", import.module, import.name));
    let mut names: BTreeMap<u32, String> = (0..).zip(functions).collect();
    for section in binary.custom("name") {
        let functions = section.function_names()?.into_iter();
        names.extend(functions.map(|naming| (naming.index, naming.name.to_owned())));
    }
    Ok(names)
}

/// A segment of data and its address, if that is a constant.
fn with_address<'a>(data: &Data<'a>) -> Option<(u32, &'a [u8])> {
    let DataKind::Active { offset_expr, .. } = &data.kind else { return None };
    Some((constant(offset_expr)?, data.data))
}

fn constant(expression: &ConstExpr<'_>) -> Option<u32> {
    match expression.get_operators_reader().read().ok()? {
        Operator::I32Const { value } => Some(value.cast_unsigned()),
        _ => None,
    }
}
