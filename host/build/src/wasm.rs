//! Reads wasm binaries. Everything in this crate that looks into a binary does it through [`Binary`].
//!
//! Three libraries work with wasm here, each for what it is best at:
//!
//! - *wasmparser* reads, in this file: one pass finds sections and function bodies. The entries of a section are decoded
//!   when they are asked for, so that a save waits only for what it needs.
//! - *walrus* checks types, in `transform/interface.rs`: it resolves what imports and exports refer to. It gets the module
//!   without code and data, because reading and writing a whole module with it takes ten times as long.
//! - *wasm-encoder* writes: the sections and the code that the transform adds or replaces.

use wasm_encoder::SectionId;
use wasmparser::{
    BinaryReader, Data, Element, Encoding, Export, FromReader, FunctionBody, Global, Import,
    ImportSectionReader, MemoryType, Name, NameSectionReader, Naming, Parser, Payload, RecGroup,
    SectionLimited, Table, TypeRef,
};

/// A core module, cut into its parts.
pub(crate) struct Binary<'a> {
    /// All sections, in their order.
    pub(crate) sections: Vec<Section<'a>>,
    /// The bodies of the functions that the module defines, in their order.
    pub(crate) bodies: Vec<FunctionBody<'a>>,
}

/// A section of a binary.
pub(crate) struct Section<'a> {
    /// The section's number in the binary format; 0 is a custom section.
    pub(crate) id: u8,
    /// The name of a custom section; empty for others.
    pub(crate) name: &'a str,
    /// What a custom section holds after its name, or any other after its header.
    pub(crate) contents: &'a [u8],
    /// All of it, its header included.
    pub(crate) whole: &'a [u8],
    /// Its size without the header, in bytes.
    pub(crate) size: usize,
    /// The offset of `contents` in the binary.
    pub(crate) start: usize,
}

/// How many functions and globals a module imports: their indices come before those that it defines.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Imported {
    pub(crate) functions: u32,
    pub(crate) globals: u32,
}

impl<'a> Binary<'a> {
    /// Cuts `bytes` into their parts.
    ///
    /// # Errors
    /// An explanation of what is wrong and where, if they are not a core module.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, String> {
        let (mut sections, mut bodies) = (Vec::new(), Vec::new());
        let mut end = 8;
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(|error| error.to_string())?;
            match &payload {
                Payload::Version { encoding: Encoding::Component, .. } => {
                    return Err("it is a component, not a core module".into());
                }
                Payload::CodeSectionEntry(body) => bodies.push(body.clone()),
                _ => {}
            }
            let Some((id, range)) = payload.as_section() else { continue };
            // The code section is announced before its end was seen to be there.
            let cut = |range| bytes.get(range).ok_or_else(|| "it ends too soon".to_owned());
            let (name, contents, start) = match &payload {
                Payload::CustomSection(custom) => {
                    (custom.name(), custom.data(), custom.data_offset())
                }
                _ => ("", cut(range.clone())?, range.start),
            };
            let whole = cut(end..range.end)?;
            sections.push(Section { id, name, contents, whole, size: range.len(), start });
            end = range.end;
        }
        Ok(Self { sections, bodies })
    }

    /// The section of this kind, if there is one.
    pub(crate) fn section(&self, id: SectionId) -> Option<&Section<'a>> {
        self.sections.iter().find(|section| section.id == id as u8)
    }

    /// The custom sections of this name.
    pub(crate) fn custom<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Section<'a>> {
        self.sections.iter().filter(move |section| section.is_custom() && section.name == name)
    }

    /// The contents of all custom sections of this name, one after another; none if there is no such section.
    pub(crate) fn custom_contents(&self, name: &str) -> Option<Vec<u8>> {
        let mut found = self.custom(name).peekable();
        found.peek()?;
        Some(found.flat_map(|section| section.contents).copied().collect())
    }

    pub(crate) fn types(&self) -> wasmparser::Result<Vec<RecGroup>> {
        self.entries(SectionId::Type)
    }

    /// The entries of the type section, as bytes.
    pub(crate) fn type_entries(&self) -> wasmparser::Result<Vec<&'a [u8]>> {
        let Some(section) = self.section(SectionId::Type) else { return Ok(Vec::new()) };
        let reader = SectionLimited::<RecGroup>::new(section.reader())?;
        let mut starts = Vec::new();
        for entry in reader.into_iter_with_offsets() {
            starts.push(entry?.0 - section.start);
        }
        let ends = starts.iter().skip(1).copied().chain([section.contents.len()]);
        Ok(starts.iter().zip(ends).map(|(start, end)| &section.contents[*start..end]).collect())
    }

    /// The indices of the types of the functions that the module defines.
    pub(crate) fn function_types(&self) -> wasmparser::Result<Vec<u32>> {
        self.entries(SectionId::Function)
    }

    pub(crate) fn imports(&self) -> wasmparser::Result<Vec<Import<'a>>> {
        let Some(section) = self.section(SectionId::Import) else { return Ok(Vec::new()) };
        ImportSectionReader::new(section.reader())?.into_imports().collect()
    }

    pub(crate) fn tables(&self) -> wasmparser::Result<Vec<Table<'a>>> {
        self.entries(SectionId::Table)
    }

    pub(crate) fn memories(&self) -> wasmparser::Result<Vec<MemoryType>> {
        self.entries(SectionId::Memory)
    }

    pub(crate) fn globals(&self) -> wasmparser::Result<Vec<Global<'a>>> {
        self.entries(SectionId::Global)
    }

    pub(crate) fn exports(&self) -> wasmparser::Result<Vec<Export<'a>>> {
        self.entries(SectionId::Export)
    }

    pub(crate) fn elements(&self) -> wasmparser::Result<Vec<Element<'a>>> {
        self.entries(SectionId::Element)
    }

    pub(crate) fn data(&self) -> wasmparser::Result<Vec<Data<'a>>> {
        self.entries(SectionId::Data)
    }

    /// Whether a memory is shared between threads.
    pub(crate) fn has_shared_memory(&self) -> wasmparser::Result<bool> {
        let defined = self.memories()?;
        let imports = self.imports()?;
        let imported = imports
            .iter()
            .any(|import| matches!(import.ty, TypeRef::Memory(memory) if memory.shared));
        Ok(imported || defined.iter().any(|memory| memory.shared))
    }

    /// How much the module imports.
    pub(crate) fn imported(&self) -> wasmparser::Result<Imported> {
        let mut imported = Imported::default();
        for import in self.imports()? {
            match import.ty {
                TypeRef::Func(_) | TypeRef::FuncExact(_) => imported.functions += 1,
                TypeRef::Global(_) => imported.globals += 1,
                _ => {}
            }
        }
        Ok(imported)
    }

    /// The entries of a section; none if the module does not have it.
    fn entries<T: FromReader<'a>>(&self, id: SectionId) -> wasmparser::Result<Vec<T>> {
        let Some(section) = self.section(id) else { return Ok(Vec::new()) };
        SectionLimited::new(section.reader())?.into_iter().collect()
    }
}

/// A binary without its custom sections: names, producers and everything else that only tools read.
///
/// # Errors
/// An explanation, if it is malformed.
pub(crate) fn without_custom_sections(wasm: &[u8]) -> Result<Vec<u8>, String> {
    let binary = Binary::read(wasm)?;
    let mut bare = wasm_encoder::Module::HEADER.to_vec();
    for section in binary.sections.iter().filter(|section| !section.is_custom()) {
        bare.extend_from_slice(section.whole);
    }
    Ok(bare)
}

impl<'a> Section<'a> {
    pub(crate) fn is_custom(&self) -> bool {
        self.id == SectionId::Custom as u8
    }

    /// Its parts, if this is a name section.
    pub(crate) fn names(&self) -> NameSectionReader<'a> {
        NameSectionReader::new(self.reader())
    }

    /// The names of functions, if this is a name section.
    pub(crate) fn function_names(&self) -> wasmparser::Result<Vec<Naming<'a>>> {
        let mut names = Vec::new();
        for subsection in self.names() {
            let Name::Function(functions) = subsection? else { continue };
            for naming in functions {
                names.push(naming?);
            }
        }
        Ok(names)
    }

    fn reader(&self) -> BinaryReader<'a> {
        BinaryReader::new(self.contents, self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::Binary;

    #[test]
    fn a_memory_for_threads_is_found_whether_it_is_imported_or_not() {
        for (text, expected) in [
            ("(module (memory 1))", false),
            ("(module (memory 1 2 shared))", true),
            ("(module (import \"env\" \"memory\" (memory 1 2 shared)))", true),
            ("(module (import \"env\" \"memory\" (memory 1)))", false),
            ("(module)", false),
        ] {
            let bytes = wat::parse_str(text).expect("the text is right");
            let binary = Binary::read(&bytes).expect("it is a module");
            assert_eq!(binary.has_shared_memory().ok(), Some(expected), "{text}");
        }
    }
}
