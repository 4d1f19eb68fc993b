//! The parts of a version that its base lacks.

use std::collections::HashMap;

use hmr_guest::wasm::ModuleLayout;
use wasm_encoder::{
    CodeSection, ConstExpr, DataCountSection, ElementSection, Elements, EntityType, ExportKind,
    ExportSection, FunctionSection, ImportSection, Module as Encoder, RawSection, RefType,
    SectionId,
};
use wasmparser::{
    BinaryReader, DataSectionReader, ElementItems, ElementKind, ElementSectionReader,
    ExportSectionReader, ExternalKind,
};
use wasmtime::{Engine, Module};

use super::{Base, pages};
use crate::body::{Callee, References, normalize, renumber};
use crate::called::Selection;
use crate::interface::Interface;

/// The module name under which delta modules import functions of the base.
pub(crate) const BASE: &str = "hmr base";

/// A delta, compiled, with all that is needed to run it on its base.
pub(crate) struct Delta {
    pub(crate) module: Module,
    /// The bytes that it was compiled from.
    pub(crate) bytes: Vec<u8>,
    pub(crate) interface: Interface,
    /// The version's constants, as the base reads them.
    pub(crate) constants: Vec<u8>,
    /// The pages of the memory with the constants.
    pub(crate) pages: u32,
    /// Its functions, by their numbers among the defined ones of the version.
    pub(crate) functions: Vec<usize>,
    /// How many functions it imports.
    pub(crate) imported: u32,
}

/// Where the functions of a version come from.
struct Division {
    /// By number among the defined ones: the base's function that it is the same as.
    same: Vec<Option<u32>>,
    constants: Vec<u8>,
}

impl Base {
    /// Compiles what a version needs besides the base. Nothing if the version does not fit the base.
    pub(crate) fn delta(
        &self,
        engine: &Engine,
        layout: &ModuleLayout,
        bytes: &[u8],
        selection: &Selection,
    ) -> Option<Delta> {
        let interface = Interface::read(layout, bytes)?;
        if !interface.matches(&self.interface) {
            return None;
        }
        let Division { same, constants } = self.divide(&interface, layout, bytes, selection)?;
        let own = |defined: &usize| same.get(*defined) == Some(&None);
        let functions: Vec<usize> = selection.functions().filter(own).collect();
        let mut references = References::default();
        for defined in &functions {
            references.add(layout.body(bytes, *defined)?)?;
            references.types.push(*layout.types.get(*defined)?);
        }
        let indices = Indices::new(layout, bytes, &functions, &references, &same)?;
        let index = |function| indices.of(function);

        let mut imports = ImportSection::new();
        interface.import_functions(&mut imports);
        for (number, ty) in &indices.imported {
            imports.import(BASE, &number.to_string(), EntityType::Function(*ty));
        }
        interface.import_shared(&mut imports);
        let (mut types, mut code) = (FunctionSection::new(), CodeSection::new());
        for defined in &functions {
            types.function(*layout.types.get(*defined)?);
            code.raw(&renumber(layout.body(bytes, *defined)?, index)?);
        }
        let mut encoder = Encoder::new();
        let copied =
            |id| layout.section(bytes, id as u8).map(|data| RawSection { id: id as u8, data });
        references.types.extend(interface.imports.iter().map(|(_, _, ty)| *ty));
        references.types.extend(indices.imported.iter().map(|(_, ty)| *ty));
        let named = interface.type_section(&references.types.into_iter().collect());
        encoder.section(&named).section(&imports).section(&types);
        encoder.section(&exports(layout, bytes, index)?);
        encoder.section(&elements(layout, bytes, index)?);
        if let Some(data) = copied(SectionId::Data) {
            let count = DataSectionReader::new(BinaryReader::new(data.data, 0)).ok()?.count();
            encoder.section(&DataCountSection { count }).section(&code).section(&data);
        } else {
            encoder.section(&code);
        }
        let binary = encoder.finish();
        let module = Module::from_binary(engine, &binary).ok()?;
        let pages = pages(self.constants);
        let imported = indices.first;
        Some(Delta { module, bytes: binary, interface, constants, pages, functions, imported })
    }

    /// Finds out which functions are the same as the base's, and takes their constants out.
    fn divide(
        &self,
        interface: &Interface,
        layout: &ModuleLayout,
        bytes: &[u8],
        selection: &Selection,
    ) -> Option<Division> {
        let number = |defined: usize| self.numbers.get(layout.functions().get(defined)?).copied();
        let mut same: Vec<Option<u32>> = (0..layout.functions().len())
            .map(|defined| selection.has(defined).then(|| number(defined)).flatten())
            .collect();
        let callee = |function: u32| match function.checked_sub(layout.imported) {
            None => Callee::Imported(function),
            Some(defined) => match same.get(defined as usize).copied().flatten() {
                Some(number) => Callee::Base(number),
                None if selection.has(defined as usize) => Callee::Other,
                None => Callee::Absent,
            },
        };
        let mut constants = vec![0; self.constants as usize * 4];
        // By the base's numbers: who calls the function, and which of the version's functions it is.
        let mut callers: Vec<Vec<usize>> = vec![Vec::new(); self.functions.len()];
        let mut other = Vec::new();
        for (defined, number) in same.iter().enumerate() {
            let Some(number) = *number else { continue };
            let ours = self.functions.get(number as usize)?;
            let (ty, body) = (*layout.types.get(defined)?, layout.body(bytes, defined)?);
            match normalize(interface, ty, body, callee) {
                Some((body, taken)) if body == ours.body => {
                    let start = ours.constants as usize * 4;
                    let place = constants.get_mut(start..start + taken.values.len() * 4)?;
                    for (place, constant) in place.chunks_exact_mut(4).zip(taken.values) {
                        place.copy_from_slice(&constant.to_le_bytes());
                    }
                    for callee in taken.callees {
                        callers.get_mut(callee as usize)?.push(defined);
                    }
                }
                _ => other.push(defined),
            }
        }
        // Code that calls other code counts as other code too.
        while let Some(defined) = other.pop() {
            if let Some(number) = same.get_mut(defined).and_then(Option::take) {
                other.append(callers.get_mut(number as usize)?);
            }
        }
        Some(Division { same, constants })
    }
}

/// The indices that a version's functions have in its delta.
struct Indices {
    /// The functions of the base that are imported, and their types.
    imported: Vec<(u32, u32)>,
    /// How many functions are imported from the host.
    host: u32,
    /// The index of the first function of its own.
    first: u32,
    /// By number among the defined ones.
    defined: Vec<Option<u32>>,
}

impl Indices {
    fn new(
        layout: &ModuleLayout,
        bytes: &[u8],
        functions: &[usize],
        references: &References,
        same: &[Option<u32>],
    ) -> Option<Self> {
        let mut chosen: HashMap<usize, u32> = HashMap::new();
        let mut imported = Vec::new();
        let mut import = |defined: usize| {
            if let Some(Some(number)) = same.get(defined)
                && !chosen.contains_key(&defined)
                && let Some(ty) = layout.types.get(defined)
            {
                chosen.insert(defined, layout.imported + u32::try_from(imported.len()).ok()?);
                imported.push((*number, *ty));
            }
            Some(())
        };
        for function in &references.functions {
            if let Some(defined) = function.checked_sub(layout.imported) {
                import(defined as usize)?;
            }
        }
        for exported in &layout.exported {
            import(*exported as usize)?;
        }
        for (_, functions) in segments(layout, bytes)? {
            for function in functions {
                if let Some(defined) = function.checked_sub(layout.imported) {
                    import(defined as usize)?;
                }
            }
        }
        let first = layout.imported + u32::try_from(imported.len()).ok()?;
        let mut indices: Vec<Option<u32>> = vec![None; same.len()];
        for (defined, index) in chosen.into_iter().chain(functions.iter().copied().zip(first..)) {
            *indices.get_mut(defined)? = Some(index);
        }
        Some(Self { imported, host: layout.imported, first, defined: indices })
    }

    fn of(&self, function: u32) -> Option<u32> {
        match function.checked_sub(self.host) {
            None => Some(function),
            Some(defined) => self.defined.get(defined as usize).copied().flatten(),
        }
    }
}

fn exports(
    layout: &ModuleLayout,
    bytes: &[u8],
    index: impl Fn(u32) -> Option<u32>,
) -> Option<ExportSection> {
    let mut section = ExportSection::new();
    let Some(exports) = layout.section(bytes, SectionId::Export as u8) else {
        return Some(section);
    };
    for export in ExportSectionReader::new(BinaryReader::new(exports, 0)).ok()? {
        let export = export.ok()?;
        let (kind, index) = match export.kind {
            ExternalKind::Func | ExternalKind::FuncExact => {
                (ExportKind::Func, index(export.index)?)
            }
            ExternalKind::Table => (ExportKind::Table, export.index),
            ExternalKind::Memory => (ExportKind::Memory, export.index),
            ExternalKind::Global => (ExportKind::Global, export.index),
            ExternalKind::Tag => return None,
        };
        section.export(export.name, kind, index);
    }
    Some(section)
}

/// The table's contents. A function that is left out is a null reference: calling it traps.
fn elements(
    layout: &ModuleLayout,
    bytes: &[u8],
    index: impl Fn(u32) -> Option<u32>,
) -> Option<ElementSection> {
    let mut section = ElementSection::new();
    for (offset, functions) in segments(layout, bytes)? {
        let functions: Vec<ConstExpr> = functions
            .into_iter()
            .map(|function| match index(function) {
                Some(index) => ConstExpr::ref_func(index),
                None => ConstExpr::ref_null(wasm_encoder::HeapType::FUNC),
            })
            .collect();
        section.active(
            None,
            &ConstExpr::raw(offset.iter().copied()),
            Elements::Expressions(RefType::FUNCREF, functions.into()),
        );
    }
    Some(section)
}

/// Element segments: the offset expression of each, without its `end`, and the functions. Nothing if there are others
/// than those that fill the table.
fn segments<'a>(layout: &ModuleLayout, bytes: &'a [u8]) -> Option<Vec<(&'a [u8], Vec<u32>)>> {
    let mut found = Vec::new();
    let Some(elements) = layout.section(bytes, SectionId::Element as u8) else {
        return Some(found);
    };
    for element in ElementSectionReader::new(BinaryReader::new(elements, 0)).ok()? {
        let element = element.ok()?;
        let (
            ElementKind::Active { table_index: None | Some(0), offset_expr },
            ElementItems::Functions(functions),
        ) = (element.kind, element.items)
        else {
            return None;
        };
        let mut offset = offset_expr.get_binary_reader();
        let offset = offset.read_bytes(offset.bytes_remaining()).ok()?;
        // The encoder writes the `end` itself.
        let offset = offset.strip_suffix(&[0x0b]).unwrap_or(offset);
        found.push((offset, functions.into_iter().collect::<Result<_, _>>().ok()?));
    }
    Some(found)
}
