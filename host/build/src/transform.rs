//! From the linker's bytes to what an engine gets.
//!
//! In go the bytes of a wasm file; out come the bytes that are served, their hash and the manifest, or a
//! [`TransformError`] that explains which rule of the ABI the module breaks and what to do.
//!
//! Sections are copied as they are. Left out is what only a debugger reads, but for the lines of the user's own code, which
//! are added as a section of our own ([`lines`]), and the names of functions are written as people write them. The same
//! bytes always give the same bytes.
//!
//! [`prepare_guarded`] also splices the loop guard ([`guard`]) into the function bodies, [`prepare`] leaves them
//! alone. Neither validates them: every engine does before it touches the running code, and a save should not wait
//! for that twice.

mod guard;
mod interface;
mod lines;
mod names;

use hmr_abi::lines::SECTION;
use hmr_abi::manifest::{self, Manifest, ManifestError};
use wasm_encoder::{CustomSection, RawSection, Section as _, SectionId};
use wasmparser::{BinaryReaderError, Encoding, Parser, Payload};

pub use self::guard::LOOP_BUDGET;
use self::guard::{Moves, Part};
use self::interface::Interface;
pub use self::names::demangle;
use crate::hash::hash_of;

/// The first bytes of each wasm binary.
const MAGIC: &[u8] = b"\0asm";

/// A module that an engine accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The wasm binary.
    pub bytes: Vec<u8>,
    /// SHA-256 of `bytes`, the first 32 hexadecimal digits.
    pub hash: String,
    /// The module's own description.
    pub manifest: Manifest,
}

/// Why the bytes are not a module. Each error names the module.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransformError {
    /// Other bytes.
    #[error(
        "module `{module}`: the file is not a wasm binary\nhint: save again to compile it anew"
    )]
    NotWasm {
        /// The module's name.
        module: String,
    },
    /// Wasm, but broken.
    #[error(
        "module `{module}`: the wasm binary is malformed: {reason}\nhint: save again to compile it anew"
    )]
    Malformed {
        /// The module's name.
        module: String,
        /// What is wrong with the module.
        reason: String,
    },
    /// An import that no engine provides.
    #[error("module `{module}` imports `{from}.{name}`, which no engine provides\nhint: {hint}")]
    ForeignImport {
        /// The module's name.
        module: String,
        /// The import's module.
        from: String,
        /// The import's name.
        name: String,
        /// Where it comes from as a rule.
        hint: &'static str,
    },
    /// An import or an export of another type than the ABI gives it.
    #[error(
        "module `{module}`: `{name}` is {found}, where the ABI has {expected}\nhint: let `hmr-sdk` define it, and have only one version of it: `cargo tree --duplicates --target wasm32-unknown-unknown`"
    )]
    WrongType {
        /// The module's name.
        module: String,
        /// The import's or export's name.
        name: String,
        /// What it is.
        found: String,
        /// What it must be.
        expected: String,
    },
    /// An export that is required.
    #[error(
        "module `{module}` does not export `{name}`\nhint: its library must use `hmr-sdk`, and nothing may remove that: a `#[component]` in it is enough"
    )]
    MissingExport {
        /// The module's name.
        module: String,
        /// The export's name.
        name: &'static str,
    },
    /// The manifest section is missing.
    #[error(
        "module `{module}` has no section `hmr.manifest`\nhint: write a component marked `#[component(export)]`, with `hmr-sdk` as a dependency"
    )]
    NoManifest {
        /// The module's name.
        module: String,
    },
    /// The manifest section cannot be read.
    #[error(
        "module `{module}`: {reason}\nhint: have only one version of `hmr-sdk`: `cargo tree --duplicates --target wasm32-unknown-unknown`"
    )]
    Manifest {
        /// The module's name.
        module: String,
        /// What is wrong with the manifest.
        reason: ManifestError,
    },
    /// Made for another ABI version than the tool's.
    #[error("module `{module}` was made for version {found} of the ABI, this tool for version {}\nhint: {}", hmr_abi::ABI_VERSION, version_hint(*found))]
    OtherVersion {
        /// The module's name.
        module: String,
        /// The module's version.
        found: u32,
    },
}

fn version_hint(found: u32) -> &'static str {
    if found < hmr_abi::ABI_VERSION {
        "update the library: `cargo update -p hmr-sdk`"
    } else {
        "update the tool: `cargo install --path host/cargo-hmr` in a newer clone of cargo-hmr"
    }
}

/// Checks a module against the ABI and makes the bytes that are served.
pub fn prepare(module: &str, bytes: &[u8]) -> Result<Prepared, TransformError> {
    prepare_as(module, bytes, false)
}

/// Like [`prepare`], with the loop guard: code that passes more loop heads and calls than the exported global
/// `hmr_budget` allows traps. A module that exports such a global already is guarded already, and stays as it is.
pub fn prepare_guarded(module: &str, bytes: &[u8]) -> Result<Prepared, TransformError> {
    prepare_as(module, bytes, true)
}

fn prepare_as(module: &str, bytes: &[u8], guarded: bool) -> Result<Prepared, TransformError> {
    if !bytes.starts_with(MAGIC) {
        return Err(TransformError::NotWasm { module: module.to_owned() });
    }
    let malformed = |reason| TransformError::Malformed { module: module.to_owned(), reason };
    let sections = Sections::read(bytes).map_err(malformed)?;
    let interface = Interface::read(module, &sections)?;
    interface.check_origins()?;
    let manifest = read_manifest(module, &sections)?;
    interface.check()?;
    let bytes = sections.assemble(module, guarded).map_err(|error| malformed(error.to_string()))?;
    Ok(Prepared { hash: hash_of(&bytes), bytes, manifest })
}

fn read_manifest(module: &str, sections: &Sections<'_>) -> Result<Manifest, TransformError> {
    let module = || module.to_owned();
    let Some(bytes) = sections.custom(manifest::SECTION) else {
        return Err(TransformError::NoManifest { module: module() });
    };
    let manifest = Manifest::parse(&bytes)
        .map_err(|reason| TransformError::Manifest { module: module(), reason })?;
    if manifest.abi != hmr_abi::ABI_VERSION {
        return Err(TransformError::OtherVersion { module: module(), found: manifest.abi });
    }
    Ok(manifest)
}

/// A binary cut into its sections.
struct Sections<'a> {
    sections: Vec<Section<'a>>,
    /// How many function bodies the code section has.
    bodies: u32,
}

struct Section<'a> {
    /// The section's number in the binary format; 0 is a custom section.
    id: u8,
    /// The name of a custom section; empty for others.
    name: &'a str,
    /// What a custom section holds behind its name, or any other behind its header.
    contents: &'a [u8],
    /// All of it, its header included.
    whole: &'a [u8],
}

/// The number of custom sections.
const CUSTOM: u8 = 0;

impl<'a> Sections<'a> {
    /// Splits `bytes` into sections. The error explains what is wrong and where.
    fn read(bytes: &'a [u8]) -> Result<Self, String> {
        let mut sections = Vec::new();
        let mut bodies = 0;
        let mut end = 8;
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(|error| error.to_string())?;
            if let Payload::Version { encoding: Encoding::Component, .. } = &payload {
                return Err("it is a component, not a core module".into());
            }
            if let Payload::CodeSectionStart { count, .. } = &payload {
                bodies = *count;
            }
            let Some((id, range)) = payload.as_section() else { continue };
            // The code section is announced before its end was seen to be there.
            let cut = |range| bytes.get(range).ok_or_else(|| "it ends too soon".to_owned());
            let (name, contents) = match &payload {
                Payload::CustomSection(custom) => (custom.name(), custom.data()),
                _ => ("", cut(range.clone())?),
            };
            sections.push(Section { id, name, contents, whole: cut(end..range.end)? });
            end = range.end;
        }
        Ok(Self { sections, bodies })
    }

    /// The contents of all custom sections of this name, one after another.
    fn custom(&self, name: &str) -> Option<Vec<u8>> {
        let mut found =
            self.sections.iter().filter(|it| it.id == CUSTOM && it.name == name).peekable();
        found.peek()?;
        Some(found.flat_map(|section| section.contents).copied().collect())
    }

    /// What the section of this kind holds, if there is one.
    fn contents(&self, id: SectionId) -> Option<&'a [u8]> {
        self.sections.iter().find(|section| section.id == id as u8).map(|section| section.contents)
    }

    /// The binary that is served.
    fn assemble(&self, module: &str, guarded: bool) -> Result<Vec<u8>, BinaryReaderError> {
        let size: usize = self.sections.iter().map(|section| section.whole.len()).sum();
        let mut bytes = Vec::with_capacity(8 + size + size / 8);
        bytes.extend_from_slice(&wasm_encoder::Module::HEADER);
        let (parts, moves) = if guarded && !guard::is_guarded(self)? {
            guard::guard(self)?
        } else {
            (self.sections.iter().map(Part::Same).collect(), Moves::default())
        };
        let mut code = 0;
        for part in parts {
            let (id, length) = match part {
                Part::Same(section) => {
                    append(module, section, &mut bytes);
                    (section.id, section.contents.len())
                }
                Part::Other { id, contents } => {
                    RawSection { id, data: &contents }.append_to(&mut bytes);
                    (id, contents.len())
                }
            };
            if id == SectionId::Code as u8 {
                code = bytes.len() - length;
            }
        }
        if let Some(mut lines) = lines::read(self) {
            for row in &mut lines.rows {
                row.offset = moves.new_offset(row.offset).saturating_add(offset(code));
            }
            let section = CustomSection { name: SECTION.into(), data: lines.encode().into() };
            section.append_to(&mut bytes);
        }
        Ok(bytes)
    }

    /// What a section for debuggers holds.
    fn debugging(&self, name: &str) -> Option<&'a [u8]> {
        let mut named = self.sections.iter().filter(|it| it.id == CUSTOM && it.name == name);
        named.next().map(|section| section.contents)
    }
}

/// Appends a section as it is, or what becomes of a custom one.
fn append(module: &str, section: &Section<'_>, bytes: &mut Vec<u8>) {
    match section.name {
        name if section.id == CUSTOM && is_for_debuggers(name) => {}
        "name" if section.id == CUSTOM => match names::rewrite(module, section.contents) {
            Some(names) => bytes.extend_from_slice(&names),
            // Names serve people alone: those that cannot be read are passed on.
            None => bytes.extend_from_slice(section.whole),
        },
        _ => bytes.extend_from_slice(section.whole),
    }
}

fn offset(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

/// Whether a custom section is of no use to an engine: DWARF, or the linker's notes.
fn is_for_debuggers(name: &str) -> bool {
    name.starts_with(".debug_") || name.starts_with("reloc.") || name == "linking"
}
