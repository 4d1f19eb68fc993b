//! Checks of a compiled module, before any of it runs, and of what it reports about a restore.
//!
//! In: bytes of any content, and the module that wasmtime compiled from them. Out: the module's manifest and components,
//! or a [`ModuleError`] that explains to the developer what to change. The check is complete: a module that passes has every
//! required export with its type, and imports nothing that an engine does not provide.

use hmr_abi::manifest::{Manifest, ManifestError, SECTION};
use hmr_abi::state::{RestoreReport, Snapshot};
use hmr_abi::{ABI_VERSION, IMPORT_MODULE, browser, exports, imports};
use wasmtime::{ExternType, FuncType, GlobalType, Module, Mutability, ValType};

use crate::wasm::custom_section;

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
         hint: a function that is declared in an `extern` block must be defined in the module"
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
    /// wasmtime does not run on this machine.
    #[error("wasmtime cannot run here: {0}")]
    Machine(String),
}

/// Checks a compiled module against the ABI, with the manifest in its bytes. Returns the manifest, and the names of its
/// components in the order of the export section.
///
/// # Errors
/// The first rule of the ABI that the module breaks.
pub fn check(bytes: &[u8], module: &Module) -> Result<(Manifest, Vec<String>), ModuleError> {
    let checked = check_exports(bytes, module)?;
    check_imports(module)?;
    Ok(checked)
}

/// [`check`] without the imports, for code whose imports are known.
///
/// # Errors
/// The first rule of the ABI that the module breaks.
pub fn check_exports(
    bytes: &[u8],
    module: &Module,
) -> Result<(Manifest, Vec<String>), ModuleError> {
    let section = custom_section(bytes, SECTION).ok_or(ModuleError::NoManifest)?;
    let manifest = Manifest::parse(&section)?;
    if manifest.abi != ABI_VERSION {
        return Err(ModuleError::Version { found: manifest.abi });
    }
    check_export_types(module)?;
    let components =
        module.exports().filter_map(|export| export.name().strip_prefix(exports::COMPONENT_PREFIX));
    let components = components.map(str::to_owned).collect();
    Ok((manifest, components))
}

fn check_export_types(module: &Module) -> Result<(), ModuleError> {
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
        let result = if exports::WITHOUT_ANSWER.contains(&name) {
            ResultType::None
        } else {
            ResultType::I32
        };
        if let Some(export) = module.get_export(name)
            && !export.func().is_some_and(|found| is_type(found, (params, result)))
        {
            return Err(wrong(name, &show((params, result)), &export));
        }
    }
    if let Some(export) = module.get_export(exports::BUDGET)
        && !export.global().is_some_and(is_budget)
    {
        return Err(wrong(exports::BUDGET, "a mutable i32 global", &export));
    }
    for export in module.exports().filter(|e| e.name().starts_with(exports::COMPONENT_PREFIX)) {
        if !export.ty().func().is_some_and(|found| is_type(found, (0, ResultType::None))) {
            return Err(wrong(export.name(), &show((0, ResultType::None)), &export.ty()));
        }
    }
    Ok(())
}

fn check_imports(module: &Module) -> Result<(), ModuleError> {
    for import in module.imports() {
        let name = import.name().to_owned();
        if browser::is_module(import.module()) && import.ty().func().is_some() {
            continue;
        }
        let in_abi = (import.module() == IMPORT_MODULE).then(|| import_type(&name)).flatten();
        let Some(expected) = in_abi else {
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
enum ResultType {
    None,
    I32,
    F64,
}

fn export_type(name: &str) -> (usize, ResultType) {
    match name {
        exports::ALLOC => (1, ResultType::I32),
        exports::MOUNT | exports::RESTORE_STATE => (2, ResultType::I32),
        exports::UNMOUNT => (1, ResultType::None),
        exports::DISPATCH => (3, ResultType::I32),
        exports::CAPTURE_STATE => (0, ResultType::I32),
        _ => (0, ResultType::None),
    }
}

fn import_type(name: &str) -> Option<(usize, ResultType)> {
    match name {
        imports::DOM
        | imports::PANIC
        | imports::RESOURCE
        | imports::PORT
        | imports::INVALIDATE
        | imports::RANDOM => Some((2, ResultType::None)),
        imports::READ => Some((4, ResultType::I32)),
        imports::LOG => Some((3, ResultType::None)),
        imports::NOW => Some((0, ResultType::F64)),
        _ => None,
    }
}

fn is_budget(found: &GlobalType) -> bool {
    matches!((found.content(), found.mutability()), (ValType::I32, Mutability::Var))
}

fn is_type(found: &FuncType, (params, result): (usize, ResultType)) -> bool {
    let mut results = found.results();
    let found_result = results.next();
    found.params().len() == params
        && found.params().all(|param| matches!(param, ValType::I32))
        && results.next().is_none()
        && matches!(
            (result, found_result),
            (ResultType::None, None)
                | (ResultType::I32, Some(ValType::I32))
                | (ResultType::F64, Some(ValType::F64))
        )
}

fn show((params, result): (usize, ResultType)) -> String {
    let arrow = match result {
        ResultType::None => "",
        ResultType::I32 => " -> i32",
        ResultType::F64 => " -> f64",
    };
    format!("({}){arrow}", vec!["i32"; params].join(", "))
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

/// Whether new code has restored every instance of a snapshot, according to its report.
///
/// # Errors
/// The first instance that it did not restore, as a message for the developer.
pub fn check_report(report: &RestoreReport, snapshot: &Snapshot) -> Result<(), String> {
    for state in &snapshot.instances {
        let entry = report.instances.iter().find(|entry| entry.instance == state.instance);
        match entry.map(|entry| &entry.error) {
            Some(None) => {}
            Some(Some(error)) => {
                return Err(format!(
                    "the instance {} of `{}` cannot be restored: {error}",
                    state.instance, state.component
                ));
            }
            None => {
                return Err(format!(
                    "the restore report does not tell of the instance {}",
                    state.instance
                ));
            }
        }
    }
    Ok(())
}
