//! Code that is compiled once, for all versions of a module.
//!
//! A *base* has the functions that a rehearsal calls, as one version has them, with their constants in a memory of
//! their own. Another version of the module takes from it everything that it has in the same form ([`crate::body`]), and brings
//! its own constants; only what is left, the *delta*, is compiled for it. Both import the version's memory, table and
//! globals.

mod delta;

use std::collections::HashMap;

use hmr_guest::wasm::{Function, ModuleLayout};
use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, FunctionSection, ImportSection, Module as Encoder,
    RawSection, SectionId,
};
use wasmtime::{Engine, Module, ModuleExport};

pub(crate) use self::delta::{BASE, Delta};
use crate::body::{Callee, Constants, NormalizedBody, normalize, parameterize};
use crate::called::Selection;
use crate::interface::{Interface, SHARED};

/// The import name of the memory with the constants.
pub(crate) const CONSTANTS: &str = "constants";

/// A base.
pub(crate) struct Base {
    interface: Interface,
    /// Its functions, by name.
    numbers: HashMap<Function, u32>,
    functions: Vec<BaseFunction>,
    pub(crate) module: Module,
    /// How many constants all functions have.
    constants: u32,
}

/// A function of a base.
struct BaseFunction {
    name: String,
    body: NormalizedBody,
    /// Where its constants begin, counted in constants.
    constants: u32,
    export: ModuleExport,
}

/// A function that a base is to have, before it is compiled.
struct Planned {
    defined: usize,
    body: NormalizedBody,
    constants: Constants,
}

impl Base {
    /// Compiles a base with the functions of a version that `selection` has. Nothing if the version has something that
    /// two modules cannot share.
    pub(crate) fn compile(
        engine: &Engine,
        layout: &ModuleLayout,
        bytes: &[u8],
        selection: &Selection,
    ) -> Option<Self> {
        let interface = Interface::read(layout, bytes)?;
        let planned = plan(&interface, layout, bytes, selection)?;
        let mut indices = vec![None; layout.functions().len()];
        for (function, number) in planned.iter().zip(0..) {
            *indices.get_mut(function.defined)? = Some(layout.imported + number);
        }
        let index = |function: u32| match function.checked_sub(layout.imported) {
            None => Some(function),
            Some(defined) => indices.get(defined as usize).copied().flatten(),
        };
        let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
        let mut exports = ExportSection::new();
        exports.export(hmr_abi::exports::MEMORY, ExportKind::Memory, 0);
        let mut constants = 0;
        let mut starts = Vec::new();
        for (planned, number) in planned.iter().zip(0u32..) {
            let ty = *layout.types.get(planned.defined)?;
            functions.function(ty);
            let body = layout.body(bytes, planned.defined)?;
            code.raw(&parameterize(&interface, ty, body, constants, index)?);
            exports.export(&number.to_string(), ExportKind::Func, layout.imported + number);
            starts.push(constants);
            constants += u32::try_from(planned.constants.values.len()).ok()?;
        }
        let mut imports = ImportSection::new();
        interface.import_functions(&mut imports);
        interface.import_shared(&mut imports);
        imports.import(SHARED, CONSTANTS, constants_memory(constants));
        let mut encoder = Encoder::new();
        let types = layout.section(bytes, SectionId::Type as u8)?;
        encoder.section(&RawSection { id: SectionId::Type as u8, data: types });
        encoder.section(&imports).section(&functions).section(&exports).section(&code);
        let module = Module::from_binary(engine, &encoder.finish()).ok()?;
        let functions = planned.into_iter().zip(starts).zip(0u32..);
        let functions = functions.map(|((planned, constants), number)| {
            Some(BaseFunction {
                name: layout.functions().get(planned.defined)?.name.clone(),
                body: planned.body,
                constants,
                export: module.get_export_index(&number.to_string())?,
            })
        });
        let functions = functions.collect::<Option<Vec<_>>>()?;
        let numbers = selection.functions().filter_map(|defined| {
            let number = index(layout.imported + u32::try_from(defined).ok()?)?;
            Some((layout.functions().get(defined)?.clone(), number - layout.imported))
        });
        Some(Self { numbers: numbers.collect(), interface, functions, module, constants })
    }

    /// How many functions it has.
    pub(crate) fn len(&self) -> usize {
        self.functions.len()
    }

    /// The name of a function.
    pub(crate) fn name(&self, number: u32) -> Option<&str> {
        self.functions.get(number as usize).map(|function| function.name.as_str())
    }

    /// The export of a function.
    pub(crate) fn export(&self, number: u32) -> Option<&ModuleExport> {
        self.functions.get(number as usize).map(|function| &function.export)
    }
}

/// The type of the memory with the constants.
fn constants_memory(constants: u32) -> wasm_encoder::MemoryType {
    let pages = pages(constants).into();
    wasm_encoder::MemoryType {
        minimum: pages,
        maximum: Some(pages),
        memory64: false,
        shared: false,
        page_size_log2: None,
    }
}

/// How many pages so many constants take.
fn pages(constants: u32) -> u32 {
    constants.div_ceil((1 << 16) / 4).max(1)
}

/// Which of the selected functions a base can have, in their order: not those that do what cannot be moved to
/// another module, nor those that call one of these.
fn plan(
    interface: &Interface,
    layout: &ModuleLayout,
    bytes: &[u8],
    selection: &Selection,
) -> Option<Vec<Planned>> {
    let mut candidates: Vec<usize> = selection.functions().collect();
    loop {
        let numbers: HashMap<usize, u32> = candidates.iter().copied().zip(0..).collect();
        let callee = |function: u32| match function.checked_sub(layout.imported) {
            None => Callee::Imported(function),
            Some(defined) => match numbers.get(&(defined as usize)) {
                Some(number) => Callee::Base(*number),
                None if selection.has(defined as usize) => Callee::Other,
                None => Callee::Absent,
            },
        };
        let mut planned = Vec::with_capacity(candidates.len());
        for defined in &candidates {
            let (ty, body) = (*layout.types.get(*defined)?, layout.body(bytes, *defined)?);
            if let Some((normalized, constants)) = normalize(interface, ty, body, callee) {
                planned.push(Planned { defined: *defined, body: normalized, constants });
            }
        }
        if planned.len() == candidates.len() {
            return Some(planned);
        }
        candidates = planned.iter().map(|planned| planned.defined).collect();
    }
}
