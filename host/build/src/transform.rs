//! Makes a compiled module into a [`PreparedModule`].
//!
//! The input is the bytes of the wasm file that the linker wrote; the output is the bytes that are served, their hash and the
//! manifest, or a [`TransformError`] that explains which rule of the ABI the module breaks and what to do.
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
use wasmparser::BinaryReaderError;

pub use self::guard::LOOP_BUDGET;
pub(crate) use self::guard::guarded;
use self::interface::Interface;
pub(crate) use self::names::demangle;
use crate::hash::hash_of;
use crate::moves::{Moves, offset};
use crate::splice::Part;
use crate::wasm::{Binary, Section};

/// The first bytes of each wasm binary.
const MAGIC: &[u8] = b"\0asm";

/// A module as engines get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedModule {
    /// The wasm binary.
    pub bytes: Vec<u8>,
    /// SHA-256 of `bytes`, the first 32 hexadecimal digits.
    pub hash: String,
    /// The module's own description.
    pub manifest: Manifest,
    /// Whether it imports functions of the browser, through crates made with wasm-bindgen.
    pub uses_browser: bool,
}

/// Why the bytes are not a module. Each error names the module.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransformError {
    /// Other bytes.
    #[error("module `{module}`: the file is not a wasm binary\nhint: save again to rebuild it")]
    NotWasm {
        /// The module's name.
        module: String,
    },
    /// Wasm, but broken.
    #[error(
        "module `{module}`: the wasm binary is malformed: {reason}\nhint: save again to rebuild it"
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
        /// Where such an import usually comes from, and what to do.
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
pub fn prepare(module: &str, bytes: &[u8]) -> Result<PreparedModule, TransformError> {
    prepare_as(module, bytes, false)
}

/// Like [`prepare`], with the loop guard: code that passes more loop heads and calls than the exported global
/// `hmr_budget` allows traps. A module that exports such a global already is guarded already, and stays as it is.
pub fn prepare_guarded(module: &str, bytes: &[u8]) -> Result<PreparedModule, TransformError> {
    prepare_as(module, bytes, true)
}

fn prepare_as(module: &str, bytes: &[u8], guarded: bool) -> Result<PreparedModule, TransformError> {
    if !bytes.starts_with(MAGIC) {
        return Err(TransformError::NotWasm { module: module.to_owned() });
    }
    let malformed = |reason| TransformError::Malformed { module: module.to_owned(), reason };
    let binary = Binary::read(bytes).map_err(malformed)?;
    let interface = Interface::read(module, &binary)?;
    interface.check_origins()?;
    let manifest = read_manifest(module, &binary)?;
    interface.check()?;
    let bytes = assemble(module, &binary, guarded).map_err(|error| malformed(error.to_string()))?;
    let uses_browser = interface.uses_browser();
    Ok(PreparedModule { hash: hash_of(&bytes), bytes, manifest, uses_browser })
}

fn read_manifest(module: &str, binary: &Binary<'_>) -> Result<Manifest, TransformError> {
    let module = || module.to_owned();
    let Some(bytes) = binary.custom_contents(manifest::SECTION) else {
        return Err(TransformError::NoManifest { module: module() });
    };
    let manifest = Manifest::parse(&bytes)
        .map_err(|reason| TransformError::Manifest { module: module(), reason })?;
    if manifest.abi != hmr_abi::ABI_VERSION {
        return Err(TransformError::OtherVersion { module: module(), found: manifest.abi });
    }
    Ok(manifest)
}

/// Makes the binary that is served.
fn assemble(
    module: &str,
    binary: &Binary<'_>,
    guarded: bool,
) -> Result<Vec<u8>, BinaryReaderError> {
    let size: usize = binary.sections.iter().map(|section| section.whole.len()).sum();
    let mut bytes = Vec::with_capacity(8 + size + size / 8);
    bytes.extend_from_slice(&wasm_encoder::Module::HEADER);
    let (parts, moves) = if guarded && !guard::is_guarded(binary)? {
        guard::guard(binary)?
    } else {
        (binary.sections.iter().map(Part::Same).collect(), Moves::default())
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
    if let Some(mut lines) = lines::read(binary) {
        for row in &mut lines.rows {
            row.offset = moves.new_offset(row.offset).saturating_add(offset(code));
        }
        let section = CustomSection { name: SECTION.into(), data: lines.encode().into() };
        section.append_to(&mut bytes);
    }
    Ok(bytes)
}

/// Appends a section as it is, or what replaces a custom one.
fn append(module: &str, section: &Section<'_>, bytes: &mut Vec<u8>) {
    match section.name {
        name if section.is_custom() && is_for_debuggers(name) => {}
        "name" if section.is_custom() => match names::rewrite(module, section) {
            Some(names) => bytes.extend_from_slice(&names),
            // Names serve people alone: those that cannot be read are passed on.
            None => bytes.extend_from_slice(section.whole),
        },
        _ => bytes.extend_from_slice(section.whole),
    }
}

/// Whether a custom section is of no use to an engine: DWARF, or the linker's notes.
fn is_for_debuggers(name: &str) -> bool {
    name.starts_with(".debug_") || name.starts_with("reloc.") || name == "linking"
}
