//! What a module's functions refer to outside of their bodies: types, imported functions, memory, table and globals.
//!
//! Base and delta of a version ([`crate::base`]) share the version's memory, table and globals, which the host makes for
//! them; so these are read here, as far as Rust's linker writes them. A module with anything else is rejected.

use std::collections::HashSet;

use hmr_guest::wasm::ModuleLayout;
use wasm_encoder::{EntityType, ImportSection, RefType, SectionId, TypeSection, ValType};
use wasmparser::{
    BinaryReader, CompositeInnerType, GlobalSectionReader, ImportSectionReader,
    MemorySectionReader, Operator, TableSectionReader, TypeRef, TypeSectionReader,
};
use wasmtime::{
    Extern, Global, GlobalType, Memory, MemoryType, Mutability, Ref, Store, Table, TableType, Val,
};

/// The module name under which base and delta import the shared items. No valid module contains such a name.
pub(crate) const SHARED: &str = "hmr shared";

/// The interface of a module's functions.
#[derive(Debug)]
pub(crate) struct Interface {
    /// The types of functions.
    pub(crate) types: Vec<Signature>,
    /// The imported functions: module, name and type.
    pub(crate) imports: Vec<(String, String, u32)>,
    /// The pages of the memory, at first and at most.
    memory: (u32, Option<u32>),
    /// The entries of the table, at first and at most.
    table: (u32, Option<u32>),
    /// Whether each global is mutable, and its value at first.
    globals: Vec<(bool, Value)>,
}

/// The type of a function.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) params: Vec<ValType>,
    results: Vec<ValType>,
    /// Equal for equal types, regardless of their numbers in modules.
    pub(crate) key: String,
}

/// The value of a global.
#[derive(Debug, Clone, Copy)]
enum Value {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
}

impl Value {
    fn ty(self) -> ValType {
        match self {
            Self::I32(_) => ValType::I32,
            Self::I64(_) => ValType::I64,
            Self::F32(_) => ValType::F32,
            Self::F64(_) => ValType::F64,
        }
    }

    fn val(self) -> Val {
        match self {
            Self::I32(value) => Val::I32(value),
            Self::I64(value) => Val::I64(value),
            Self::F32(bits) => Val::F32(bits),
            Self::F64(bits) => Val::F64(bits),
        }
    }
}

/// The things that base and delta share, made for one rehearsal.
pub(crate) struct Shared {
    memory: Memory,
    table: Table,
    globals: Vec<Global>,
}

impl Shared {
    /// The value for an import.
    pub(crate) fn get(&self, name: &str) -> Option<Extern> {
        match name {
            "memory" => Some(self.memory.into()),
            "table" => Some(self.table.into()),
            number => Some((*self.globals.get(number.parse::<usize>().ok()?)?).into()),
        }
    }
}

impl Interface {
    pub(crate) fn read(layout: &ModuleLayout, bytes: &[u8]) -> Option<Self> {
        if layout.section(bytes, SectionId::Start as u8).is_some()
            || layout.section(bytes, SectionId::Tag as u8).is_some()
        {
            return None;
        }
        let reader = |id| layout.section(bytes, id as u8).map(|it| BinaryReader::new(it, 0));
        Some(Self {
            types: types(reader(SectionId::Type)?)?,
            imports: reader(SectionId::Import).map_or(Some(Vec::new()), imports)?,
            memory: memory(reader(SectionId::Memory)?)?,
            table: reader(SectionId::Table).map_or(Some((0, None)), table)?,
            globals: reader(SectionId::Global).map_or(Some(Vec::new()), globals)?,
        })
    }

    /// Whether code that was made for the other interface works with this one.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        let named = |interface: &Self| {
            let import = |(module, name, ty): &(String, String, u32)| {
                let ty = interface.types.get(*ty as usize).map(|ty| ty.key.clone());
                (module.clone(), name.clone(), ty)
            };
            interface.imports.iter().map(import).collect::<Vec<_>>()
        };
        let kinds = |interface: &Self| {
            let kind = |(mutable, value): &(bool, Value)| (*mutable, value.ty());
            interface.globals.iter().map(kind).collect::<Vec<_>>()
        };
        named(self) == named(other) && kinds(self) == kinds(other)
    }

    /// The types, of which only some are used. The others are all the same, and keep their places: each existing type
    /// costs the compiler a trampoline.
    pub(crate) fn type_section(&self, used: &HashSet<u32>) -> TypeSection {
        let mut section = TypeSection::new();
        for (ty, number) in self.types.iter().zip(0..) {
            let (params, results) = if used.contains(&number) {
                (&ty.params[..], &ty.results[..])
            } else {
                (&[][..], &[][..])
            };
            section.ty().function(params.iter().copied(), results.iter().copied());
        }
        section
    }

    /// Imports the functions that the module imports.
    pub(crate) fn import_functions(&self, section: &mut ImportSection) {
        for (module, name, ty) in &self.imports {
            section.import(module, name, EntityType::Function(*ty));
        }
    }

    /// Imports the memory, the table and the globals.
    pub(crate) fn import_shared(&self, section: &mut ImportSection) {
        let memory = wasm_encoder::MemoryType {
            minimum: 0,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        };
        section.import(SHARED, "memory", memory);
        let table = wasm_encoder::TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: 0,
            maximum: None,
            shared: false,
        };
        section.import(SHARED, "table", table);
        for (at, (mutable, value)) in self.globals.iter().enumerate() {
            let (val_type, mutable) = (value.ty(), *mutable);
            let global = wasm_encoder::GlobalType { val_type, mutable, shared: false };
            section.import(SHARED, &at.to_string(), global);
        }
    }

    /// Creates the shared parts.
    pub(crate) fn make<T: 'static>(&self, store: &mut Store<T>) -> wasmtime::Result<Shared> {
        let memory = Memory::new(&mut *store, MemoryType::new(self.memory.0, self.memory.1))?;
        let (entries, most) = self.table;
        let table = TableType::new(wasmtime::RefType::FUNCREF, entries, most);
        let table = Table::new(&mut *store, table, Ref::Func(None))?;
        let globals = self.globals.iter().map(|(mutable, value)| {
            let mutability = if *mutable { Mutability::Var } else { Mutability::Const };
            let val = value.val();
            let content = match value {
                Value::I32(_) => wasmtime::ValType::I32,
                Value::I64(_) => wasmtime::ValType::I64,
                Value::F32(_) => wasmtime::ValType::F32,
                Value::F64(_) => wasmtime::ValType::F64,
            };
            Global::new(&mut *store, GlobalType::new(content, mutability), val)
        });
        let globals = globals.collect::<wasmtime::Result<_>>()?;
        Ok(Shared { memory, table, globals })
    }
}

fn types(reader: BinaryReader<'_>) -> Option<Vec<Signature>> {
    let mut types = Vec::new();
    for group in TypeSectionReader::new(reader).ok()? {
        let mut group = group.ok()?.into_types();
        let (Some(ty), None) = (group.next(), group.next()) else { return None };
        let CompositeInnerType::Func(ty) = ty.composite_type.inner else { return None };
        let converted = |types: &[wasmparser::ValType]| {
            types.iter().copied().map(value_type).collect::<Option<_>>()
        };
        types.push(Signature {
            params: converted(ty.params())?,
            results: converted(ty.results())?,
            key: format!("{:?} -> {:?};", ty.params(), ty.results()),
        });
    }
    Some(types)
}

fn value_type(ty: wasmparser::ValType) -> Option<ValType> {
    Some(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(_) => return None,
    })
}

fn imports(reader: BinaryReader<'_>) -> Option<Vec<(String, String, u32)>> {
    let imports = ImportSectionReader::new(reader).ok()?.into_imports().map(|import| {
        let import = import.ok()?;
        let TypeRef::Func(ty) = import.ty else { return None };
        Some((import.module.to_owned(), import.name.to_owned(), ty))
    });
    imports.collect()
}

fn memory(reader: BinaryReader<'_>) -> Option<(u32, Option<u32>)> {
    let mut memories = MemorySectionReader::new(reader).ok()?.into_iter();
    let (Some(Ok(ty)), None) = (memories.next(), memories.next()) else { return None };
    if ty.memory64 || ty.shared || ty.page_size_log2.is_some() {
        return None;
    }
    limits(ty.initial, ty.maximum)
}

fn table(reader: BinaryReader<'_>) -> Option<(u32, Option<u32>)> {
    let mut tables = TableSectionReader::new(reader).ok()?.into_iter();
    let (Some(Ok(table)), None) = (tables.next(), tables.next()) else { return None };
    let ty = table.ty;
    let plain = matches!(table.init, wasmparser::TableInit::RefNull);
    if ty.table64 || ty.shared || ty.element_type != wasmparser::RefType::FUNCREF || !plain {
        return None;
    }
    limits(ty.initial, ty.maximum)
}

fn limits(initial: u64, maximum: Option<u64>) -> Option<(u32, Option<u32>)> {
    let maximum = maximum.map(u32::try_from).transpose().ok()?;
    Some((u32::try_from(initial).ok()?, maximum))
}

fn globals(reader: BinaryReader<'_>) -> Option<Vec<(bool, Value)>> {
    let globals = GlobalSectionReader::new(reader).ok()?.into_iter().map(|global| {
        let global = global.ok()?;
        let mut operators = global.init_expr.get_operators_reader();
        let value = match operators.read().ok()? {
            Operator::I32Const { value } => Value::I32(value),
            Operator::I64Const { value } => Value::I64(value),
            Operator::F32Const { value } => Value::F32(value.bits()),
            Operator::F64Const { value } => Value::F64(value.bits()),
            _ => return None,
        };
        let plain = matches!(operators.read(), Ok(Operator::End)) && operators.eof();
        (plain && !global.ty.shared).then_some((global.ty.mutable, value))
    });
    globals.collect()
}
