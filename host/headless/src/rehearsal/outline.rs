//! A module's functions, and variants of the module in which only some of them are there.
//!
//! Compiling all of a module takes longer than a save may wait, and a rehearsal calls a small part of it. A
//! *partial* variant ([`partial`]) has only that part. In a *marking* variant, all functions are there, and each marks that
//! it was called, in a memory of its own, so that no index moves.

mod partial;

use std::collections::BTreeMap;
use std::ops::Range;

use wasm_encoder::{
    Encode as _, ExportKind, InstructionSink, MemArg, MemoryType, Module, RawSection, Section as _,
    SectionId,
};
use wasmparser::{
    BinaryReader, BinaryReaderError, Encoding, FunctionBody, ImportSectionReader, KnownCustom,
    Name, Operator, Parser, Payload, TypeRef,
};

pub(super) use self::partial::{MISSING, Partial};

/// The export of a marking variant's own memory: one byte for each defined function, 1 if it was called.
pub(super) const MARKS: &str = "hmr_marks";

/// A function, named so that it is found again in the next version of its module.
///
/// Several functions can have the same name as people write it, for instance those of a generic one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Function {
    pub(super) name: String,
    /// Which one of those with the name.
    pub(super) nth: u32,
    /// How many there are.
    pub(super) of: u32,
}

/// Where the parts of a module are.
#[derive(Debug)]
pub(super) struct Outline {
    /// How many functions are imported: they have the first indices.
    pub(super) imported: u32,
    memories: u32,
    /// How many globals there are, imported ones included.
    globals: u32,
    /// The types of the defined functions.
    types: Vec<u32>,
    /// The defined functions that are exported.
    exported: Vec<u32>,
    bodies: Vec<Range<usize>>,
    functions: Vec<Function>,
    sections: Vec<(u8, Range<usize>)>,
}

impl Outline {
    /// Reads the outline of a module.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut outline = Self {
            imported: 0,
            memories: 0,
            globals: 0,
            types: Vec::new(),
            exported: Vec::new(),
            bodies: Vec::new(),
            functions: Vec::new(),
            sections: Vec::new(),
        };
        let mut names = BTreeMap::new();
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload?;
            if let Some((id, range)) = payload.as_section()
                && id != SectionId::Custom as u8
            {
                outline.sections.push((id, range));
            }
            match payload {
                // What is left of it exports nothing, and is refused for that.
                Payload::Version { encoding: Encoding::Component, .. } => break,
                Payload::ImportSection(imports) => outline.count_imports(imports)?,
                Payload::MemorySection(memories) => outline.memories += memories.count(),
                Payload::GlobalSection(globals) => outline.globals += globals.count(),
                Payload::FunctionSection(types) => {
                    outline.types = types.into_iter().collect::<Result<_, _>>()?;
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export?;
                        if export.kind == wasmparser::ExternalKind::Func {
                            outline.exported.extend(export.index.checked_sub(outline.imported));
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => outline.bodies.push(body.range()),
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(section) = section.as_known() {
                        // Names that cannot be read are no reason not to run the code.
                        _ = read_names(section, &mut names);
                    }
                }
                _ => {}
            }
        }
        outline.name_functions(&mut names);
        Ok(outline)
    }

    fn count_imports(&mut self, imports: ImportSectionReader<'_>) -> Result<(), BinaryReaderError> {
        for import in imports.into_imports() {
            match import?.ty {
                TypeRef::Func(_) | TypeRef::FuncExact(_) => self.imported += 1,
                TypeRef::Memory(_) => self.memories += 1,
                TypeRef::Global(_) => self.globals += 1,
                _ => {}
            }
        }
        Ok(())
    }

    fn name_functions(&mut self, names: &mut BTreeMap<u32, &str>) {
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        let names: Vec<&str> = (self.imported..)
            .take(self.bodies.len())
            .map(|index| names.remove(&index).unwrap_or_default())
            .collect();
        let numbered: Vec<(&str, u32)> = names
            .iter()
            .map(|name| {
                let count = counts.entry(name).or_default();
                *count += 1;
                (*name, *count - 1)
            })
            .collect();
        self.functions = numbered
            .into_iter()
            .map(|(name, nth)| Function { name: name.to_owned(), nth, of: counts[name] })
            .collect();
    }

    /// The defined functions, in their order.
    pub(super) fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The defined functions that `function` calls by name.
    pub(super) fn calls(&self, bytes: &[u8], function: usize) -> Vec<usize> {
        let Some(range) = self.bodies.get(function) else { return Vec::new() };
        let Some(body) = bytes.get(range.clone()) else { return Vec::new() };
        let mut found = Vec::new();
        let Ok(mut operators) =
            FunctionBody::new(BinaryReader::new(body, 0)).get_operators_reader()
        else {
            return found;
        };
        while let Ok(operator) = operators.read() {
            if let Operator::Call { function_index } | Operator::ReturnCall { function_index } =
                operator
                && let Some(defined) = function_index.checked_sub(self.imported)
            {
                found.push(defined as usize);
            }
        }
        found
    }

    /// The module with marks.
    pub(super) fn marking(&self, bytes: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
        let mut code = Vec::new();
        self.count().encode(&mut code);
        for (range, offset) in self.bodies.iter().zip(0..) {
            let body = &bytes[range.clone()];
            let operators = FunctionBody::new(BinaryReader::new(body, 0)).get_operators_reader()?;
            let (locals, rest) = body.split_at(operators.original_position());
            let mut mark = Vec::new();
            InstructionSink::new(&mut mark).i32_const(0).i32_const(1).i32_store8(MemArg {
                offset,
                align: 0,
                memory_index: self.memories,
            });
            (body.len() + mark.len()).encode(&mut code);
            for part in [locals, &mark, rest] {
                code.extend_from_slice(part);
            }
        }
        let pages = u64::from(self.count()).div_ceil(1 << 16).max(1);
        let mut memory = Vec::new();
        MemoryType {
            minimum: pages,
            maximum: Some(pages),
            memory64: false,
            shared: false,
            page_size_log2: None,
        }
        .encode(&mut memory);
        let mut export = Vec::new();
        MARKS.encode(&mut export);
        ExportKind::Memory.encode(&mut export);
        self.memories.encode(&mut export);
        let replaced = [
            (SectionId::Memory as u8, self.with_entry(bytes, SectionId::Memory, &memory)?),
            (SectionId::Export as u8, self.with_entry(bytes, SectionId::Export, &export)?),
            (SectionId::Code as u8, code),
        ];
        Ok(self.assemble(bytes, &replaced))
    }

    fn count(&self) -> u32 {
        u32::try_from(self.bodies.len()).unwrap_or(u32::MAX)
    }

    /// The contents of a section with one entry more behind all others.
    fn with_entry(
        &self,
        bytes: &[u8],
        id: SectionId,
        entry: &[u8],
    ) -> Result<Vec<u8>, BinaryReaderError> {
        let section = self.sections.iter().find(|(it, _)| *it == id as u8);
        let contents = section.map_or(&[0][..], |(_, range)| &bytes[range.clone()]);
        let mut reader = BinaryReader::new(contents, 0);
        let count = reader.read_var_u32()?;
        let mut longer = Vec::with_capacity(contents.len() + entry.len() + 1);
        (count + 1).encode(&mut longer);
        longer.extend_from_slice(&contents[reader.original_position()..]);
        longer.extend_from_slice(entry);
        Ok(longer)
    }

    /// The module without custom sections, and with other contents where there are some. Only sections that the
    /// ABI makes every module have are replaced.
    fn assemble(&self, bytes: &[u8], replaced: &[(u8, Vec<u8>)]) -> Vec<u8> {
        let mut module = Module::HEADER.to_vec();
        module.reserve(bytes.len());
        for (id, range) in &self.sections {
            let other = replaced.iter().find(|(it, _)| it == id);
            let data = other.map_or(&bytes[range.clone()], |(_, contents)| contents);
            RawSection { id: *id, data }.append_to(&mut module);
        }
        module
    }
}

fn read_names<'a>(
    section: wasmparser::NameSectionReader<'a>,
    names: &mut BTreeMap<u32, &'a str>,
) -> Result<(), BinaryReaderError> {
    for subsection in section {
        if let Name::Function(functions) = subsection? {
            for naming in functions {
                let naming = naming?;
                names.insert(naming.index, naming.name);
            }
        }
    }
    Ok(())
}
