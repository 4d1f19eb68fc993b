//! Where the parts of a module are, and what its functions are called; and the module's *marking* variant, in which each
//! function marks that it was called, in a memory of its own, so that no index moves.

use std::collections::HashMap;
use std::ops::Range;

use wasm_encoder::{
    Encode as _, ExportKind, InstructionSink, MemArg, MemoryType, Module, RawSection, Section as _,
    SectionId,
};
use wasmparser::{
    BinaryReader, BinaryReaderError, Encoding, FunctionBody, ImportSectionReader, KnownCustom,
    Name, Parser, Payload, TypeRef,
};

/// The export of a marking variant's own memory: one byte for each defined function, 1 if it was called.
pub(super) const MARKS: &str = "hmr_marks";

/// A function, named so that it is found again in the next version of its module.
///
/// Several functions can have the same name as people write it, for instance those of a generic one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Function {
    pub(super) name: String,
    /// Which one of those with the name.
    pub(super) nth: u32,
    /// How many there are.
    pub(super) of: u32,
}

/// Where the parts of a module are.
#[derive(Debug)]
pub(super) struct ModuleLayout {
    /// How many functions are imported: they have the first indices.
    pub(super) imported: u32,
    memories: u32,
    /// The types of the defined functions.
    pub(super) types: Vec<u32>,
    /// The defined functions that are exported.
    pub(super) exported: Vec<u32>,
    bodies: Vec<Range<usize>>,
    functions: Vec<Function>,
    sections: Vec<(u8, Range<usize>)>,
}

impl ModuleLayout {
    /// Reads the layout of a module.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut layout = Self {
            imported: 0,
            memories: 0,
            types: Vec::new(),
            exported: Vec::new(),
            bodies: Vec::new(),
            functions: Vec::new(),
            sections: Vec::new(),
        };
        let mut names = HashMap::new();
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload?;
            if let Some((id, range)) = payload.as_section()
                && id != SectionId::Custom as u8
            {
                layout.sections.push((id, range));
            }
            match payload {
                // The remaining module exports nothing, and is refused for that.
                Payload::Version { encoding: Encoding::Component, .. } => break,
                Payload::ImportSection(imports) => layout.count_imports(imports)?,
                Payload::MemorySection(memories) => layout.memories += memories.count(),
                Payload::FunctionSection(types) => {
                    layout.types = types.into_iter().collect::<Result<_, _>>()?;
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export?;
                        if export.kind == wasmparser::ExternalKind::Func {
                            layout.exported.extend(export.index.checked_sub(layout.imported));
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => layout.bodies.push(body.range()),
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(section) = section.as_known() {
                        // Unreadable names do not prevent running the code.
                        _ = read_names(section, &mut names);
                    }
                }
                _ => {}
            }
        }
        layout.name_functions(&names);
        Ok(layout)
    }

    fn count_imports(&mut self, imports: ImportSectionReader<'_>) -> Result<(), BinaryReaderError> {
        for import in imports.into_imports() {
            match import?.ty {
                TypeRef::Func(_) | TypeRef::FuncExact(_) => self.imported += 1,
                TypeRef::Memory(_) => self.memories += 1,
                _ => {}
            }
        }
        Ok(())
    }

    fn name_functions(&mut self, names: &HashMap<u32, &str>) {
        let mut counts: HashMap<&str, u32> = HashMap::new();
        let mut numbered: Vec<(&str, u32)> = Vec::with_capacity(self.bodies.len());
        for index in (self.imported..).take(self.bodies.len()) {
            let name = names.get(&index).copied().unwrap_or_default();
            let count = counts.entry(name).or_default();
            numbered.push((name, *count));
            *count += 1;
        }
        let function = |(name, nth): (&str, u32)| Function {
            name: name.to_owned(),
            nth,
            of: counts.get(name).copied().unwrap_or_default(),
        };
        self.functions = numbered.into_iter().map(function).collect();
    }

    /// The defined functions, in their order.
    pub(super) fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The content of a section, if there is one of its kind.
    pub(super) fn section<'a>(&self, bytes: &'a [u8], id: SectionId) -> Option<&'a [u8]> {
        let (_, range) = self.sections.iter().find(|(it, _)| *it == id as u8)?;
        bytes.get(range.clone())
    }

    /// The body of a defined function.
    pub(super) fn body<'a>(&self, bytes: &'a [u8], function: usize) -> Option<&'a [u8]> {
        bytes.get(self.bodies.get(function)?.clone())
    }

    /// The instruction at an offset of the binary: its function among the defined ones, and its number there.
    pub(super) fn instruction(&self, bytes: &[u8], offset: usize) -> Option<(usize, usize)> {
        let function = self.bodies.iter().position(|body| body.contains(&offset))?;
        Some((function, self.offsets(bytes, function)?.iter().rposition(|at| *at <= offset)?))
    }

    /// Where in the binary the instructions of a defined function begin.
    pub(super) fn offsets(&self, bytes: &[u8], function: usize) -> Option<Vec<usize>> {
        let start = self.bodies.get(function)?.start;
        let body = FunctionBody::new(BinaryReader::new(self.body(bytes, function)?, start));
        let operators = body.get_operators_reader().ok()?.into_iter_with_offsets();
        operators.map(|operator| Some(operator.ok()?.1)).collect()
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
        let contents = self.section(bytes, id).unwrap_or(&[0]);
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
    names: &mut HashMap<u32, &'a str>,
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
