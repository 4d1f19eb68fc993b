//! What a module imports and exports, checked against the ABI.
//!
//! walrus resolves the types, on a skeleton of the module: each function's body is replaced by
//! `unreachable`, and data and custom sections are left out. So the cost does not grow with the
//! code, while every reference among types, imports, functions, tables and exports is validated.

use hmr_abi::{IMPORT_MODULE, browser, exports, imports};
use walrus::{ExportItem, FunctionId, ImportKind, ModuleConfig, ValType};
use wasm_encoder::{CodeSection, Function, Module, RawSection, SectionId};

use super::TransformError;
use crate::wasm::Binary;

/// The sections of the skeleton that are taken as they are.
const KEPT: [SectionId; 8] = [
    SectionId::Type,
    SectionId::Import,
    SectionId::Function,
    SectionId::Table,
    SectionId::Memory,
    SectionId::Global,
    SectionId::Export,
    SectionId::Element,
];

const I32: ValType = ValType::I32;

/// What the exported budget of the loop guard is.
const BUDGET_TYPE: &str = "a mutable global of type `i32`";

/// A function's parameters and results.
type Signature = (&'static [ValType], &'static [ValType]);

/// The interface of one module.
pub(super) struct Interface<'a> {
    module: &'a str,
    skeleton: walrus::Module,
}

impl<'a> Interface<'a> {
    pub(super) fn read(module: &'a str, binary: &Binary<'_>) -> Result<Self, TransformError> {
        let skeleton = ModuleConfig::new()
            .generate_name_section(false)
            .generate_producers_section(false)
            .parse(&skeleton(binary))
            .map_err(|error| TransformError::Malformed {
                module: module.to_owned(),
                reason: format!("{error:#}"),
            })?;
        Ok(Self { module, skeleton })
    }

    /// Checks that nothing is imported from elsewhere than the engine and, through wasm-bindgen, the browser.
    pub(super) fn check_origins(&self) -> Result<(), TransformError> {
        let is_known = |module: &str| module == IMPORT_MODULE || browser::is_module(module);
        match self.skeleton.imports.iter().find(|import| !is_known(&import.module)) {
            Some(import) => Err(self.foreign(import)),
            None => Ok(()),
        }
    }

    /// Whether functions of the browser are imported through wasm-bindgen.
    pub(super) fn uses_browser(&self) -> bool {
        self.skeleton.imports.iter().any(|import| browser::is_module(&import.module))
    }

    /// Checks each import and each export by name and type.
    pub(super) fn check(&self) -> Result<(), TransformError> {
        for import in self.skeleton.imports.iter() {
            let ImportKind::Function(function) = import.kind else {
                return Err(self.foreign(import));
            };
            if browser::is_module(&import.module) {
                continue;
            }
            let expected = import_signature(&import.name).ok_or_else(|| self.foreign(import))?;
            self.check_function(&import.name, function, expected)?;
        }
        let required = exports::FUNCTIONS.into_iter().chain([exports::MEMORY]);
        for name in required {
            let found = self.skeleton.exports.iter().any(|export| export.name == name);
            if !found {
                return Err(TransformError::MissingExport { module: self.module.to_owned(), name });
            }
        }
        self.skeleton.exports.iter().try_for_each(|export| self.check_export(export))
    }

    fn check_export(&self, export: &walrus::Export) -> Result<(), TransformError> {
        let name = export.name.as_str();
        if name == exports::MEMORY {
            return match export.item {
                ExportItem::Memory(_) => Ok(()),
                _ => Err(self.wrong_type(name, "not a memory".into(), "a memory".into())),
            };
        }
        if name == exports::BUDGET {
            let ExportItem::Global(global) = export.item else {
                return Err(self.wrong_type(name, "not a global".into(), BUDGET_TYPE.into()));
            };
            let global = self.skeleton.globals.get(global);
            return match (global.mutable, global.ty) {
                (true, I32) => Ok(()),
                _ => Err(self.wrong_type(name, "another global".into(), BUDGET_TYPE.into())),
            };
        }
        let Some(expected) = export_signature(name) else { return Ok(()) };
        match export.item {
            ExportItem::Function(function) => self.check_function(name, function, expected),
            _ => Err(self.wrong_type(name, "not a function".into(), written(expected))),
        }
    }

    fn check_function(
        &self,
        name: &str,
        function: FunctionId,
        expected: Signature,
    ) -> Result<(), TransformError> {
        let found = self.skeleton.types.get(self.skeleton.funcs.get(function).ty());
        let found = (found.params(), found.results());
        if found == expected {
            return Ok(());
        }
        Err(self.wrong_type(name, written(found), written(expected)))
    }

    fn foreign(&self, import: &walrus::Import) -> TransformError {
        TransformError::ForeignImport {
            module: self.module.to_owned(),
            from: import.module.clone(),
            name: import.name.clone(),
            hint: hint(&import.module),
        }
    }

    fn wrong_type(&self, name: &str, found: String, expected: String) -> TransformError {
        TransformError::WrongType {
            module: self.module.to_owned(),
            name: name.to_owned(),
            found,
            expected,
        }
    }
}

/// The module without code and data.
fn skeleton(binary: &Binary<'_>) -> Vec<u8> {
    let mut skeleton = Module::new();
    for section in &binary.sections {
        if KEPT.iter().any(|id| *id as u8 == section.id) {
            skeleton.section(&RawSection { id: section.id, data: section.contents });
        }
    }
    let mut code = CodeSection::new();
    let mut body = Function::new([]);
    body.instructions().unreachable().end();
    for _ in &binary.bodies {
        code.function(&body);
    }
    skeleton.section(&code);
    skeleton.finish()
}

fn import_signature(name: &str) -> Option<Signature> {
    match name {
        imports::DOM
        | imports::PANIC
        | imports::RESOURCE
        | imports::PORT
        | imports::INVALIDATE
        | imports::RANDOM => Some((&[I32, I32], &[])),
        imports::READ => Some((&[I32, I32, I32, I32], &[I32])),
        imports::LOG => Some((&[I32, I32, I32], &[])),
        imports::NOW => Some((&[], &[ValType::F64])),
        _ => None,
    }
}

fn export_signature(name: &str) -> Option<Signature> {
    match name {
        exports::ALLOC => Some((&[I32], &[I32])),
        exports::MOUNT | exports::RESTORE_STATE | exports::MIGRATE => Some((&[I32, I32], &[I32])),
        exports::UNMOUNT | exports::PRUNE => Some((&[I32], &[])),
        exports::PRUNE_SCOPES => Some((&[I32, I32], &[])),
        exports::DISPATCH => Some((&[I32, I32, I32], &[I32])),
        exports::CAPTURE_STATE | exports::BEFORE_UPDATE | exports::HEALTH => Some((&[], &[I32])),
        exports::DISPOSE | exports::SETTLE => Some((&[], &[])),
        name if name.starts_with(exports::COMPONENT_PREFIX) => Some((&[], &[])),
        _ => None,
    }
}

/// A signature as `docs/abi.md` writes it: `(i32, i32) -> i32`.
fn written((parameters, results): (&[ValType], &[ValType])) -> String {
    let list =
        |types: &[ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match results {
        [] => format!("`({})`", list(parameters)),
        results => format!("`({}) -> {}`", list(parameters), list(results)),
    }
}

/// Where imports of this origin usually come from, and what to do about it.
fn hint(from: &str) -> &'static str {
    if from == "wbg" || from.ends_with("_bg.js") {
        "wasm-bindgen's program has run on the file already: give the one that cargo writes"
    } else if from == IMPORT_MODULE {
        "the tool and `hmr-sdk` are of different versions: update both"
    } else if from.starts_with("wasi") {
        "a crate in it is made for WASI: find it with `cargo tree --target wasm32-unknown-unknown`, and use one that works on `wasm32-unknown-unknown`"
    } else {
        "a function is declared in an `extern` block and defined nowhere: C code, for instance, which is not part of a module"
    }
}
