//! Where the parts of a module are, and what its functions are called.

use std::collections::HashMap;
use std::ops::Range;

use wasmparser::{
    BinaryReader, BinaryReaderError, Encoding, ExternalKind, FunctionBody, ImportSectionReader,
    KnownCustom, Name, NameSectionReader, Parser, Payload, TypeRef,
};

/// The number of custom sections in the binary format.
const CUSTOM: u8 = 0;

/// A function, named so that it is found again in the next version of its module.
///
/// Several functions can have the same name as people write it, for instance those of a generic one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Function {
    /// The name; empty if the binary has none for it.
    pub name: String,
    /// Its position among those with the name, from 0.
    pub nth: u32,
    /// How many functions have the name.
    pub of: u32,
}

/// Where the parts of a module are, as offsets in its bytes.
#[derive(Debug, Default)]
pub struct ModuleLayout {
    /// How many functions are imported: they have the first indices.
    pub imported: u32,
    /// How many memories the module has, imported ones included.
    pub memories: u32,
    /// The types of the defined functions.
    pub types: Vec<u32>,
    /// The defined functions that are exported, by their numbers among the defined ones.
    pub exported: Vec<u32>,
    bodies: Vec<Range<usize>>,
    functions: Vec<Function>,
    sections: Vec<(u8, Range<usize>)>,
}

impl ModuleLayout {
    /// Reads the layout of a module. A component has no functions and no exports.
    ///
    /// # Errors
    /// The bytes are not a wasm binary.
    pub fn read(bytes: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut layout = Self::default();
        let mut names = HashMap::new();
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload?;
            if let Some((id, range)) = payload.as_section()
                && id != CUSTOM
            {
                layout.sections.push((id, range));
            }
            match payload {
                Payload::Version { encoding: Encoding::Component, .. } => break,
                Payload::ImportSection(imports) => layout.count_imports(imports)?,
                Payload::MemorySection(memories) => layout.memories += memories.count(),
                Payload::FunctionSection(types) => {
                    layout.types = types.into_iter().collect::<Result<_, _>>()?;
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export?;
                        if export.kind == ExternalKind::Func {
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
    #[must_use]
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The sections except custom ones, in their order: the number of each in the binary format, and where its contents are.
    #[must_use]
    pub fn sections(&self) -> &[(u8, Range<usize>)] {
        &self.sections
    }

    /// The contents of the section with this number in the binary format, if there is one.
    #[must_use]
    pub fn section<'a>(&self, bytes: &'a [u8], id: u8) -> Option<&'a [u8]> {
        let (_, range) = self.sections.iter().find(|(it, _)| *it == id)?;
        bytes.get(range.clone())
    }

    /// The bodies of the defined functions, in their order.
    #[must_use]
    pub fn bodies(&self) -> &[Range<usize>] {
        &self.bodies
    }

    /// The body of a defined function.
    #[must_use]
    pub fn body<'a>(&self, bytes: &'a [u8], function: usize) -> Option<&'a [u8]> {
        bytes.get(self.bodies.get(function)?.clone())
    }

    /// The instruction at an offset of the binary: its function among the defined ones, and its number in that function.
    #[must_use]
    pub fn instruction(&self, bytes: &[u8], offset: usize) -> Option<(usize, usize)> {
        let function = self.bodies.iter().position(|body| body.contains(&offset))?;
        Some((function, self.offsets(bytes, function)?.iter().rposition(|at| *at <= offset)?))
    }

    /// Where in the binary the instructions of a defined function begin.
    #[must_use]
    pub fn offsets(&self, bytes: &[u8], function: usize) -> Option<Vec<usize>> {
        let start = self.bodies.get(function)?.start;
        let body = FunctionBody::new(BinaryReader::new(self.body(bytes, function)?, start));
        let operators = body.get_operators_reader().ok()?.into_iter_with_offsets();
        operators.map(|operator| Some(operator.ok()?.1)).collect()
    }
}

/// The parts of a function body: the bytes that declare its locals, and its instructions.
///
/// # Errors
/// The declaration of locals is malformed.
pub fn split_body(body: &[u8]) -> Result<(&[u8], &[u8]), BinaryReaderError> {
    let operators = FunctionBody::new(BinaryReader::new(body, 0)).get_operators_reader()?;
    Ok(body.split_at(operators.original_position()))
}

fn read_names<'a>(
    section: NameSectionReader<'a>,
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
