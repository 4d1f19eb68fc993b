//! What differs between two versions of a module.
//!
//! In go the bytes of two prepared modules; out comes a [`Comparison`] for people to read. Functions are matched by their
//! names, and a function has changed if its instructions have: what shifts merely because something else grew (indices of
//! functions and types, addresses of data) is compared by its meaning.

use std::collections::{BTreeMap, BTreeSet};

use hmr_abi::manifest::{self, Manifest};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use wasmparser::{
    BlockType, ConstExpr, Data, DataKind, FunctionBody, KnownCustom, Name, Operator, Parser,
    Payload,
};

/// How many bytes of the data at an address are used to identify it.
const TOLD: usize = 16;

/// What differs between two versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The sizes of the whole, in bytes.
    pub size: Sizes,
    /// The sizes of the sections that either version has, by name, in bytes; 0 where it lacks one.
    pub sections: BTreeMap<String, Sizes>,
    /// Components.
    pub components: Difference,
    /// Exports.
    pub exports: Difference,
    /// Functions with a body, by name.
    pub functions: FunctionDifference,
}

/// A size before and after, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// In the first version.
    pub from: usize,
    /// In the second version.
    pub to: usize,
}

/// Names that only one of the versions has; sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Only the second version has these.
    pub added: Vec<String>,
    /// Only the first version has these.
    pub removed: Vec<String>,
}

/// What became of functions; sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FunctionDifference {
    /// Only the second version has these.
    pub added: Vec<String>,
    /// Only the first version has these.
    pub removed: Vec<String>,
    /// Both have these, with other instructions.
    pub changed: Vec<String>,
}

/// Compares two modules.
///
/// # Errors
/// An error message if the bytes are not a wasm module.
pub fn compare(from: &[u8], to: &[u8]) -> Result<Comparison, String> {
    let (old, new) = (Outline::read(from)?, Outline::read(to)?);
    let names: BTreeSet<&String> = old.sections.keys().chain(new.sections.keys()).collect();
    let size = |outline: &Outline, name: &String| outline.sections.get(name).copied().unwrap_or(0);
    Ok(Comparison {
        size: Sizes { from: from.len(), to: to.len() },
        sections: names
            .into_iter()
            .map(|name| (name.clone(), Sizes { from: size(&old, name), to: size(&new, name) }))
            .collect(),
        components: difference(&old.components, &new.components),
        exports: difference(&old.exports, &new.exports),
        functions: functions(&old.functions, &new.functions),
    })
}

fn difference(old: &BTreeSet<String>, new: &BTreeSet<String>) -> Difference {
    Difference {
        added: new.difference(old).cloned().collect(),
        removed: old.difference(new).cloned().collect(),
    }
}

fn functions(old: &Bodies, new: &Bodies) -> FunctionDifference {
    let only = |these: &Bodies, others: &Bodies| {
        these.keys().filter(|name| !others.contains_key(*name)).cloned().collect()
    };
    let changed =
        old.iter().filter(|(name, bodies)| new.get(*name).is_some_and(|new| new != *bodies));
    FunctionDifference {
        added: only(new, old),
        removed: only(old, new),
        changed: changed.map(|(name, _)| name.clone()).collect(),
    }
}

/// Hashes of bodies by name, sorted: instances of one generic function share a name.
type Bodies = BTreeMap<String, Vec<[u8; 32]>>;

/// The parts of a module that are compared.
#[derive(Default)]
struct Outline {
    sections: BTreeMap<String, usize>,
    components: BTreeSet<String>,
    exports: BTreeSet<String>,
    functions: Bodies,
}

/// A module as far as bodies refer to it.
#[derive(Default)]
struct Parts<'a> {
    types: Vec<String>,
    imported: u32,
    names: BTreeMap<u32, String>,
    data: Vec<(u32, &'a [u8])>,
    /// Where the memory of statics ends, according to the linker's globals.
    end: u32,
    bodies: Vec<FunctionBody<'a>>,
}

impl Outline {
    fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut outline = Self::default();
        let mut parts = Parts::default();
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(|error| error.to_string())?;
            outline.note(&payload, &mut parts).map_err(|error| error.to_string())?;
        }
        for (number, body) in (parts.imported..).zip(&parts.bodies) {
            let hash = parts.hash(body).map_err(|error| error.to_string())?;
            let name = parts.names.get(&number).cloned();
            // Numbers mean nothing in another version: all functions without a name are one.
            outline.functions.entry(name.unwrap_or_else(|| "?".to_owned())).or_default().push(hash);
        }
        outline.functions.values_mut().for_each(|bodies| bodies.sort_unstable());
        Ok(outline)
    }

    fn note<'a>(&mut self, payload: &Payload<'a>, parts: &mut Parts<'a>) -> wasmparser::Result<()> {
        if let Some((_, range)) = payload.as_section() {
            let name = match payload {
                Payload::CustomSection(custom) => custom.name().to_owned(),
                other => section_name(other).to_owned(),
            };
            *self.sections.entry(name).or_default() += range.len();
        }
        match payload {
            Payload::TypeSection(types) => {
                for group in types.clone() {
                    parts.types.extend(group?.types().map(|kind| format!("{kind:?}")));
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports() {
                    let import = import?;
                    if let wasmparser::TypeRef::Func(_) = import.ty {
                        parts
                            .names
                            .insert(parts.imported, format!("{}.{}", import.module, import.name));
                        parts.imported += 1;
                    }
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports.clone() {
                    self.exports.insert(export?.name.to_owned());
                }
            }
            Payload::GlobalSection(globals) => {
                for global in globals.clone() {
                    let end = constant(&global?.init_expr).unwrap_or(0);
                    parts.end = parts.end.max(end);
                }
            }
            Payload::DataSection(data) => {
                for segment in data.clone() {
                    parts.data.extend(placed(&segment?));
                }
            }
            Payload::CodeSectionEntry(body) => parts.bodies.push(body.clone()),
            Payload::CustomSection(custom) if custom.name() == manifest::SECTION => {
                if let Ok(manifest) = Manifest::parse(custom.data()) {
                    self.components.extend(manifest.components.into_iter().map(|entry| entry.name));
                }
            }
            Payload::CustomSection(custom) => {
                if let KnownCustom::Name(names) = custom.as_known() {
                    for subsection in names {
                        let Name::Function(functions) = subsection? else { continue };
                        for naming in functions {
                            let naming = naming?;
                            parts.names.insert(naming.index, naming.name.to_owned());
                        }
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn section_name(payload: &Payload<'_>) -> &'static str {
    match payload {
        Payload::TypeSection(_) => "type",
        Payload::ImportSection(_) => "import",
        Payload::FunctionSection(_) => "function",
        Payload::TableSection(_) => "table",
        Payload::MemorySection(_) => "memory",
        Payload::GlobalSection(_) => "global",
        Payload::ExportSection(_) => "export",
        Payload::StartSection { .. } => "start",
        Payload::ElementSection(_) => "element",
        Payload::DataCountSection { .. } => "data count",
        Payload::CodeSectionStart { .. } => "code",
        Payload::DataSection(_) => "data",
        _ => "other",
    }
}

/// A segment of data and its address, if that is a constant.
fn placed<'a>(data: &Data<'a>) -> Option<(u32, &'a [u8])> {
    let DataKind::Active { offset_expr, .. } = &data.kind else { return None };
    Some((constant(offset_expr)?, data.data))
}

fn constant(expression: &ConstExpr<'_>) -> Option<u32> {
    match expression.get_operators_reader().read().ok()? {
        Operator::I32Const { value } => Some(value.cast_unsigned()),
        _ => None,
    }
}

impl Parts<'_> {
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
            _ => self.with_address(format!("{operator:?}")),
        }
    }

    /// The text of a load or a store, with a fixed address replaced by the data there.
    fn with_address(&self, text: String) -> String {
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
        let told = |bytes: &[u8]| format!("{:?}", &bytes[..bytes.len().min(TOLD)]);
        // A pointer and a length: of a text, or of the file in a source location, whose line is left out since it moves
        // with the lines above.
        if let Some((pointer, rest)) = bytes.split_first_chunk()
            && let Some(target) = self.bytes_at(u32::from_le_bytes(*pointer))
        {
            return Some(format!("{} of {:?}", told(target), rest.first_chunk::<4>()));
        }
        Some(told(bytes))
    }

    fn bytes_at(&self, address: u32) -> Option<&[u8]> {
        self.data.iter().find_map(|(start, data)| {
            let offset = usize::try_from(address.checked_sub(*start)?).ok()?;
            data.get(offset..).filter(|rest| !rest.is_empty())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module whose function `board::add` adds `step`, with `extra` in front of everything.
    fn module(extra: &str, step: i32) -> Vec<u8> {
        let text = format!(
            r#"(module {extra}
                 (func $zero (result i32) i32.const 0)
                 (func $board::add (export "add") (param i32) (result i32) local.get 0 i32.const {step} i32.add)
                 (func $board::twice (export "twice") (param i32) (result i32) local.get 0 call $board::add call $board::add))"#
        );
        wat::parse_str(text).expect("a module")
    }

    #[test]
    fn only_what_changed_is_reported() {
        let told = compare(&module("", 1), &module("", 2)).expect("modules");
        assert_eq!(told.functions.changed, ["board::add"]);
        assert!(told.functions.added.is_empty() && told.functions.removed.is_empty());
        assert_eq!((told.exports, told.components), Default::default());
        assert_eq!(told.sections["code"].from, told.sections["code"].to);
    }

    #[test]
    fn what_merely_shifts_is_no_change() {
        let extra = r#"(func $board::new (export "new") (param f32) (result f64) f64.const 1)"#;
        let told = compare(&module("", 1), &module(extra, 1)).expect("modules");
        assert_eq!(told.functions.added, ["board::new"]);
        assert_eq!(told.functions.changed, [""; 0]);
        assert_eq!(told.exports.added, ["new"]);
        assert!(told.size.to > told.size.from);
        let back = compare(&module(extra, 1), &module("", 1)).expect("modules");
        assert_eq!((back.functions.removed.len(), back.exports.removed.len()), (1, 1));
    }

    #[test]
    fn data_count_by_what_they_are_not_by_where_they_lie() {
        let module = |at: u32, text: &str| {
            wat::parse_str(format!(
                r#"(module (memory 1) (func $name (result i32) i32.const {at}) (data (i32.const {at}) "{text}"))"#
            ))
            .expect("a module")
        };
        let same = compare(&module(1024, "milk"), &module(2048, "milk")).expect("modules");
        assert_eq!(same.functions.changed, [""; 0]);
        let other = compare(&module(1024, "milk"), &module(1024, "salt")).expect("modules");
        assert_eq!(other.functions.changed, ["name"]);
    }

    #[test]
    fn bytes_of_any_content_are_an_error() {
        assert!(compare(b"", &module("", 1)).is_err());
        assert!(compare(b"\0asm\x01\0\0\0\x0a\xff", &module("", 1)).is_err());
    }
}
