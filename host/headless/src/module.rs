//! A module's bytes, compiled and checked against the ABI, before any of it runs.
//!
//! In: bytes of any content. Out: [`Code`], which can be instantiated, or a [`ModuleError`] that describes
//! what a host would need to change. Checking is complete: what passes has every required export with
//! its type and imports nothing that an engine does not provide.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use hmr_abi::manifest::{Manifest, ManifestError, SECTION};
use hmr_abi::{ABI_VERSION, IMPORT_MODULE, exports, imports};
use wasmtime::{ExternType, FuncType, GlobalType, Module, Mutability, ValType};

use crate::machine::{self, CompileError};
use crate::rehearsal::{MOST_BYTES, MOST_FUNCTIONS};

/// Why an engine cannot run the bytes as a module.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModuleError {
    /// The bytes are not valid WebAssembly.
    #[error("the bytes are no WebAssembly module")]
    NotWasm,
    /// The bytes are wasm, and wrong.
    #[error("not a valid wasm module: {0}")]
    Invalid(String),
    /// There is no manifest.
    #[error(
        "the module has no section `hmr.manifest`\nhint: a module depends on `hmr-sdk`, \
         and a stripped one has lost its custom sections"
    )]
    NoManifest,
    /// The manifest cannot be read.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The module was made for another version of the ABI.
    #[error(
        "the module speaks version {found} of the ABI, this engine version {ABI_VERSION}\n\
         hint: use `hmr-sdk` and `cargo-hmr` of the same release"
    )]
    Version {
        /// The version that the manifest states.
        found: u32,
    },
    /// A required export is missing.
    #[error("the module does not export `{0}`")]
    MissingExport(String),
    /// An export has another type than the ABI requires.
    #[error("the export `{name}` is `{found}`, not `{expected}`")]
    ExportType {
        /// The export.
        name: String,
        /// The type that the ABI gives it.
        expected: String,
        /// The type that it has.
        found: String,
    },
    /// The module imports what an engine does not provide, or with another type.
    #[error(
        "the module imports `{module}.{name}`, which no engine provides\n\
         hint: modules made with `wasm-bindgen` are not run by this engine"
    )]
    Import {
        /// The import's module.
        module: String,
        /// The import's name.
        name: String,
    },
    /// The module imports what an engine provides with another type.
    #[error("the import `{name}` has another type than the ABI's: `{found}`")]
    ImportType {
        /// The import's name.
        name: String,
        /// The type that it has.
        found: String,
    },
    /// The module is too large to be rehearsed.
    #[error(
        "the module has {functions} functions in {bytes} bytes; up to {MOST_FUNCTIONS} functions in {MOST_BYTES} bytes are rehearsed"
    )]
    TooLarge {
        /// How many functions it has, as far as they were counted.
        functions: usize,
        /// Its size.
        bytes: usize,
    },
    /// wasmtime does not run on this machine.
    #[error("wasmtime cannot run here: {0}")]
    Machine(String),
}

/// Bytes that were compiled and checked.
#[derive(Clone)]
pub(crate) struct Code {
    pub(crate) bytes: Arc<[u8]>,
    /// The content hash of `bytes`, as the tool names versions.
    pub(crate) hash: Arc<str>,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) module: Module,
    /// The names behind `hmr_component:`, in the order of the export section.
    pub(crate) components: Vec<String>,
}

/// How much compiled code the process keeps. Tests open pages with the same bytes again and again.
const MOST_KEPT: usize = 32;

impl Code {
    /// Compiles and checks bytes, unless this process did so lately.
    pub(crate) fn compile(bytes: &[u8]) -> Result<Self, ModuleError> {
        static KEPT: Mutex<VecDeque<Code>> = Mutex::new(VecDeque::new());
        let kept = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept().iter().find(|code| *code.bytes == *bytes).cloned();
        if let Some(code) = known {
            return Ok(code);
        }
        let code = Self::compile_again(bytes)?;
        let mut kept = kept();
        kept.truncate(MOST_KEPT - 1);
        kept.push_front(code.clone());
        Ok(code)
    }

    fn compile_again(bytes: &[u8]) -> Result<Self, ModuleError> {
        if !bytes.starts_with(b"\0asm") {
            return Err(ModuleError::NotWasm);
        }
        let module = machine::compile(bytes).map_err(|error| match error {
            CompileError::Machine(error) => ModuleError::Machine(error),
            CompileError::Invalid(error) => ModuleError::Invalid(error),
        })?;
        let (manifest, components) = check(bytes, &module)?;
        let hash = hmr_build::hash_of(bytes).into();
        Ok(Self { bytes: bytes.into(), hash, manifest: manifest.into(), module, components })
    }
}

/// Checks a compiled module against the ABI, with the manifest that its bytes have. Returns the manifest, and the
/// components in the order of the export section.
pub(crate) fn check(bytes: &[u8], module: &Module) -> Result<(Manifest, Vec<String>), ModuleError> {
    let checked = check_exported(bytes, module)?;
    check_imports(module)?;
    Ok(checked)
}

/// The same without the imports.
pub(crate) fn check_exported(
    bytes: &[u8],
    module: &Module,
) -> Result<(Manifest, Vec<String>), ModuleError> {
    let section = custom_section(bytes, SECTION).ok_or(ModuleError::NoManifest)?;
    let manifest = Manifest::parse(&section)?;
    if manifest.abi != ABI_VERSION {
        return Err(ModuleError::Version { found: manifest.abi });
    }
    check_exports(module)?;
    let components =
        module.exports().filter_map(|export| export.name().strip_prefix(exports::COMPONENT_PREFIX));
    let components = components.map(str::to_owned).collect();
    Ok((manifest, components))
}

/// The content of a module's custom section of this name; several of the name count as one. Nothing if there is none.
#[must_use]
pub fn custom_section(bytes: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut found: Option<Vec<u8>> = None;
    for payload in wasmparser::Parser::new(0).parse_all(bytes) {
        if let Ok(wasmparser::Payload::CustomSection(section)) = payload
            && section.name() == name
        {
            found.get_or_insert_default().extend_from_slice(section.data());
        }
    }
    found
}

fn check_exports(module: &Module) -> Result<(), ModuleError> {
    let missing = |name: &str| ModuleError::MissingExport(name.to_owned());
    let wrong = |name: &str, expected: &str, found: &ExternType| ModuleError::ExportType {
        name: name.to_owned(),
        expected: expected.to_owned(),
        found: describe(found),
    };
    let memory = module.get_export(exports::MEMORY).ok_or_else(|| missing(exports::MEMORY))?;
    if !memory.memory().is_some_and(|memory| !memory.is_64() && !memory.is_shared()) {
        return Err(wrong(exports::MEMORY, "a 32-bit memory", &memory));
    }
    for name in exports::FUNCTIONS {
        let export = module.get_export(name).ok_or_else(|| missing(name))?;
        let expected = export_type(name);
        if !export.func().is_some_and(|found| is_type(found, expected)) {
            return Err(wrong(name, &show(expected), &export));
        }
    }
    for (name, params) in exports::OPTIONAL {
        let answer = if [exports::PRUNE, exports::PRUNE_SCOPES].contains(&name) {
            Answer::Nothing
        } else {
            Answer::Int
        };
        if let Some(export) = module.get_export(name)
            && !export.func().is_some_and(|found| is_type(found, (params, answer)))
        {
            return Err(wrong(name, &show((params, answer)), &export));
        }
    }
    if let Some(export) = module.get_export(exports::BUDGET)
        && !export.global().is_some_and(is_budget)
    {
        return Err(wrong(exports::BUDGET, "a mutable i32 global", &export));
    }
    for export in module.exports().filter(|e| e.name().starts_with(exports::COMPONENT_PREFIX)) {
        if !export.ty().func().is_some_and(|found| is_type(found, (0, Answer::Nothing))) {
            return Err(wrong(export.name(), &show((0, Answer::Nothing)), &export.ty()));
        }
    }
    Ok(())
}

fn check_imports(module: &Module) -> Result<(), ModuleError> {
    for import in module.imports() {
        let name = import.name().to_owned();
        let of_the_abi = (import.module() == IMPORT_MODULE).then(|| import_type(&name)).flatten();
        let Some(expected) = of_the_abi else {
            return Err(ModuleError::Import { module: import.module().to_owned(), name });
        };
        if !import.ty().func().is_some_and(|found| is_type(found, expected)) {
            return Err(ModuleError::ImportType { name, found: describe(&import.ty()) });
        }
    }
    Ok(())
}

/// The result type of an ABI function. Its parameters are all `i32`, so their number is enough.
#[derive(Clone, Copy)]
enum Answer {
    Nothing,
    Int,
    Float,
}

fn export_type(name: &str) -> (usize, Answer) {
    match name {
        exports::ALLOC => (1, Answer::Int),
        exports::MOUNT | exports::RESTORE_STATE => (2, Answer::Int),
        exports::UNMOUNT => (1, Answer::Nothing),
        exports::DISPATCH => (3, Answer::Int),
        exports::CAPTURE_STATE => (0, Answer::Int),
        _ => (0, Answer::Nothing),
    }
}

fn import_type(name: &str) -> Option<(usize, Answer)> {
    match name {
        imports::DOM | imports::PANIC | imports::RESOURCE | imports::PORT | imports::INVALIDATE => {
            Some((2, Answer::Nothing))
        }
        imports::LOG => Some((3, Answer::Nothing)),
        imports::NOW => Some((0, Answer::Float)),
        _ => None,
    }
}

fn is_budget(found: &GlobalType) -> bool {
    matches!((found.content(), found.mutability()), (ValType::I32, Mutability::Var))
}

fn is_type(found: &FuncType, (params, answer): (usize, Answer)) -> bool {
    let mut results = found.results();
    let result = results.next();
    found.params().len() == params
        && found.params().all(|param| matches!(param, ValType::I32))
        && results.next().is_none()
        && matches!(
            (answer, result),
            (Answer::Nothing, None)
                | (Answer::Int, Some(ValType::I32))
                | (Answer::Float, Some(ValType::F64))
        )
}

fn show((params, answer): (usize, Answer)) -> String {
    let answer = match answer {
        Answer::Nothing => "",
        Answer::Int => " -> i32",
        Answer::Float => " -> f64",
    };
    format!("({}){answer}", vec!["i32"; params].join(", "))
}

fn describe(found: &ExternType) -> String {
    match found {
        ExternType::Func(func) => {
            let list = |types: &mut dyn Iterator<Item = ValType>| {
                types.map(|ty| ty.to_string()).collect::<Vec<_>>().join(", ")
            };
            let results = list(&mut func.results());
            let arrow = if results.is_empty() { "" } else { " -> " };
            format!("({}){arrow}{results}", list(&mut func.params()))
        }
        ExternType::Global(_) => "a global".to_owned(),
        ExternType::Table(_) => "a table".to_owned(),
        ExternType::Memory(_) => "another memory".to_owned(),
        ExternType::Tag(_) => "a tag".to_owned(),
    }
}
