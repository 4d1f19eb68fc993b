//! Gives wasm-bindgen a small binary instead of a large one.
//!
//! wasm-bindgen reads and writes every instruction of a binary, which takes longer than everything else that a save does after the
//! compiler. But it only changes how functions are numbered, the functions that call imports, and the functions that describe types to it,
//! which it runs. So it gets a *skeleton*: the same binary, in which the bodies of all other functions are replaced by stubs. [`fill`] then
//! puts the bodies into its output, with the new numbers.
//!
//! - Each stub has a number by which it is found in the output.
//! - One more function, the *keeper*, is exported. It uses every global and table, and calls every function that the replaced bodies
//!   call. So wasm-bindgen removes none of them, and its output shows the new number of each.
//! - If the binary has lines of the user's sources, the bodies that are not replaced begin with a number, too: then the lines follow their code.
//! - Crates such as `web-sys` describe thousands of functions of the browser, of which an application imports a few. The descriptions of the
//!   others are left out.
//!
//! A binary that uses what this cannot number again, such as exceptions or several memories, has no skeleton and is processed whole.

mod fill;
mod lines;
mod names;
mod scan;

use std::collections::BTreeSet;

use hmr_abi::lines::SECTION;
use wasm_encoder::{Encode as _, ExportKind, Function, InstructionSink, SectionId};
use wasmparser::{
    BinaryReaderError, CompositeInnerType, Export, ExternalKind, FuncType, FunctionBody, TypeRef,
};

use self::scan::Scanned;
use crate::splice::{count, splice, with_entry};
use crate::wasm::Binary;

/// The name under which the keeper is exported.
const KEEPER: &str = "hmr_skeleton_keeper";

/// In the upper half of a stub's number.
const STUB: i64 = 0x686d_7273 << 32;

/// In the upper half of the number with which a body begins that is not replaced.
const KEPT: i64 = 0x686d_726b << 32;

/// How the names of imports begin with which functions describe types.
const DESCRIBE: &str = "__wbindgen_describe";

/// How the names of exported functions begin that describe types.
const DESCRIBE_EXPORT: &str = "__wbindgen_describe_";

/// How the names begin of functions that crates import.
const IMPORTED: &str = "__wbg_";

/// A binary without most of its code.
pub(super) struct Skeleton<'b, 'a> {
    binary: &'b Binary<'a>,
    /// The binary that wasm-bindgen gets.
    wasm: Vec<u8>,
    /// The functions that the binary defines, in their order.
    functions: Vec<Scanned>,
    /// The functions that the keeper calls, by their index among all functions.
    called: BTreeSet<u32>,
    imported: u32,
    /// The exports that are left out, by their positions.
    unused: BTreeSet<usize>,
    /// The functions whose bodies begin with a number, by their index among those that the binary defines.
    numbered: BTreeSet<usize>,
}

impl<'b, 'a> Skeleton<'b, 'a> {
    /// The skeleton of a binary; none if it uses what the skeleton cannot have.
    pub(super) fn of(binary: &'b Binary<'a>) -> Result<Option<Self>, BinaryReaderError> {
        let Some(signatures) = signatures(binary)? else { return Ok(None) };
        let mut functions = Vec::with_capacity(binary.bodies.len());
        for body in &binary.bodies {
            let Some(scanned) = scan::body(body)? else { return Ok(None) };
            functions.push(scanned);
        }
        let imported = binary.imported()?.functions;
        let exports = binary.exports()?;
        let unused = unused_descriptions(binary, &exports)?;
        let own = |at: usize| exports[at].index.checked_sub(imported).map(|own| own as usize);
        // Nothing calls these. The compiler may have made one function of equal descriptions.
        let used: BTreeSet<usize> =
            (0..exports.len()).filter(|at| !unused.contains(at)).filter_map(own).collect();
        let undescribed: BTreeSet<usize> =
            unused.iter().filter_map(|at| own(*at)).filter(|it| !used.contains(it)).collect();
        let Kept { all: kept, run } = kept(binary, &functions, imported, &undescribed)?;
        let has_lines = binary.custom(SECTION).next().is_some();
        let numbered = kept.difference(&run).copied().filter(|_| has_lines).collect();
        let replaced = |index: &usize| !kept.contains(index) && !undescribed.contains(index);
        let called = (0..functions.len())
            .filter(replaced)
            .flat_map(|index| functions[index].calls.iter().copied())
            .collect();
        let wasm = Vec::new();
        let mut skeleton = Self { binary, wasm, functions, called, imported, unused, numbered };
        skeleton.wasm = skeleton.write(&signatures, &kept)?;
        Ok(Some(skeleton))
    }

    /// The binary that wasm-bindgen gets.
    pub(super) fn wasm(&self) -> &[u8] {
        &self.wasm
    }

    fn write(
        &self,
        signatures: &[FuncType],
        kept: &BTreeSet<usize>,
    ) -> Result<Vec<u8>, BinaryReaderError> {
        let binary = self.binary;
        let contents = |id| binary.section(id).map_or(&[0][..], |section| section.contents);
        let types = binary.types()?.iter().map(|group| group.types().len()).sum::<usize>();
        let keeper = self.imported + number(self.functions.len());
        let mut of_keeper = Vec::new();
        number(types).encode(&mut of_keeper);
        // A function type without parameters and results.
        let no_values = [0x60, 0, 0];
        let replaced = vec![
            (SectionId::Type as u8, with_entry(contents(SectionId::Type), &no_values)?),
            (SectionId::Function as u8, with_entry(contents(SectionId::Function), &of_keeper)?),
            (SectionId::Export as u8, self.exports(keeper)?),
            (SectionId::Code as u8, self.code(signatures, kept)?),
        ];
        let mut wasm = wasm_encoder::Module::HEADER.to_vec();
        for part in splice(binary, replaced) {
            if part.custom_name() != Some("name") {
                part.append_to(&mut wasm);
            }
        }
        let exports = binary.exports()?;
        let exported: BTreeSet<u32> = exports
            .iter()
            .filter(|export| export.kind == ExternalKind::Func)
            .map(|export| export.index)
            .collect();
        // wasm-bindgen asks for names of functions that it knows, such as `main`.
        let known = |index: u32| {
            let own = index.checked_sub(self.imported);
            own.is_none_or(|own| kept.contains(&(own as usize))) || exported.contains(&index)
        };
        names::append_known(binary, known, &mut wasm)?;
        Ok(wasm)
    }

    /// The contents of the export section.
    fn exports(&self, keeper: u32) -> Result<Vec<u8>, BinaryReaderError> {
        let exports = self.binary.exports()?;
        let used = exports.iter().enumerate().filter(|(at, _)| !self.unused.contains(at));
        let entries = used.map(|(_, export)| (export.name, export.kind, export.index));
        Ok(export_section(entries.chain([(KEEPER, ExternalKind::Func, keeper)])))
    }

    fn code(
        &self,
        signatures: &[FuncType],
        kept: &BTreeSet<usize>,
    ) -> Result<Vec<u8>, BinaryReaderError> {
        let mut code = Vec::new();
        number(self.functions.len() + 1).encode(&mut code);
        for (index, body) in self.binary.bodies.iter().enumerate() {
            if self.numbered.contains(&index) {
                with_number(number(index), body)?.encode(&mut code);
            } else if kept.contains(&index) {
                body.as_bytes().encode(&mut code);
            } else {
                stub(number(index)).encode(&mut code);
            }
        }
        self.keeper(signatures)?.encode(&mut code);
        Ok(code)
    }

    fn keeper(&self, signatures: &[FuncType]) -> Result<Function, BinaryReaderError> {
        let mut bytes = Vec::new();
        let mut sink = InstructionSink::new(&mut bytes);
        for global in 0..globals(self.binary)? {
            sink.global_get(global).drop();
        }
        for table in 0..tables(self.binary)? {
            sink.table_size(table).drop();
        }
        for function in &self.called {
            let Some(signature) = signatures.get(*function as usize) else { continue };
            for parameter in signature.params() {
                push_default(&mut sink, *parameter);
            }
            sink.call(*function);
            for _ in signature.results() {
                sink.drop();
            }
        }
        sink.end();
        let mut function = Function::new([]);
        function.raw(bytes);
        Ok(function)
    }
}

/// The exports, by their positions, that describe functions of the browser which the binary does not import.
fn unused_descriptions(
    binary: &Binary<'_>,
    exports: &[Export<'_>],
) -> Result<BTreeSet<usize>, BinaryReaderError> {
    let imports = binary.imports()?;
    let mut used: BTreeSet<&str> = imports.iter().map(|import| import.name).collect();
    used.extend(exports.iter().map(|export| export.name));
    let is_unused = |export: &Export<'_>| {
        let described = export.name.strip_prefix(DESCRIBE_EXPORT);
        described.is_some_and(|name| name.starts_with(IMPORTED) && !used.contains(name))
    };
    let unused = exports.iter().enumerate().filter(|(_, export)| is_unused(export));
    Ok(unused.map(|(at, _)| at).collect())
}

/// The functions whose bodies wasm-bindgen gets, by their index among those that the binary defines.
struct Kept {
    /// Those that call an import, and those that it may run.
    all: BTreeSet<usize>,
    /// Those that it may run to find out about types.
    run: BTreeSet<usize>,
}

fn kept(
    binary: &Binary<'_>,
    functions: &[Scanned],
    imported: u32,
    undescribed: &BTreeSet<usize>,
) -> Result<Kept, BinaryReaderError> {
    let imports = binary.imports()?;
    let names = imports.iter().filter(|import| matches!(import.ty, TypeRef::Func(_)));
    let names: Vec<&str> = names.map(|import| import.name).collect();
    let name = |callee: u32| names.get(callee as usize).copied();
    let calls = |function: &Scanned, is: &dyn Fn(&str) -> bool| {
        function.calls.iter().any(|callee| name(*callee).is_some_and(is))
    };
    let mut callers: Vec<Vec<usize>> = vec![Vec::new(); functions.len()];
    for (caller, function) in functions.iter().enumerate() {
        for callee in &function.calls {
            if let Some(callee) = callee.checked_sub(imported).map(|own| own as usize) {
                callers[callee].push(caller);
            }
        }
    }
    // A description ends with the call of a marker, in a function that ordinary code calls.
    let ends = |index: usize| {
        calls(&functions[index], &|name| name.starts_with(DESCRIBE) && name != DESCRIBE)
    };
    let mut describing: BTreeSet<usize> = (0..functions.len()).filter(|it| ends(*it)).collect();
    let describe = (0..functions.len()).filter(|it| calls(&functions[*it], &|it| it == DESCRIBE));
    let mut waiting: Vec<usize> = describe.collect();
    while let Some(function) = waiting.pop() {
        if describing.insert(function) {
            waiting.extend(callers[function].iter().copied());
        }
    }
    let exports = binary.exports()?;
    let exported = exports.iter().filter(|export| {
        export.kind == ExternalKind::Func && export.name.starts_with(DESCRIBE_EXPORT)
    });
    let own = |index: u32| index.checked_sub(imported).map(|own| own as usize);
    describing.extend(exported.filter_map(|export| own(export.index)));
    describing.retain(|function| !undescribed.contains(function));
    let mut run = BTreeSet::new();
    let mut waiting: Vec<usize> = describing.into_iter().collect();
    while let Some(function) = waiting.pop() {
        if run.insert(function) {
            waiting.extend(functions[function].calls.iter().filter_map(|callee| own(*callee)));
        }
    }
    let mut all = run.clone();
    all.extend((0..functions.len()).filter(|it| calls(&functions[*it], &|_| true)));
    all.retain(|function| !undescribed.contains(function));
    Ok(Kept { all, run })
}

/// The types of all functions, imported ones first. None if a type is not an ordinary function type, or if there are several memories.
fn signatures(binary: &Binary<'_>) -> Result<Option<Vec<FuncType>>, BinaryReaderError> {
    let mut types = Vec::new();
    for group in binary.types()? {
        for kind in group.types() {
            let CompositeInnerType::Func(function) = &kind.composite_type.inner else {
                return Ok(None);
            };
            if group.types().len() > 1 || !function_type_is_plain(function) {
                return Ok(None);
            }
            types.push(function.clone());
        }
    }
    let mut memories = binary.memories()?.len();
    let mut signatures = Vec::new();
    for import in binary.imports()? {
        match import.ty {
            TypeRef::Func(index) => signatures.extend(types.get(index as usize).cloned()),
            TypeRef::Memory(_) => memories += 1,
            TypeRef::Global(_) | TypeRef::Table(_) => {}
            TypeRef::Tag(_) | TypeRef::FuncExact(_) => return Ok(None),
        }
    }
    for index in binary.function_types()? {
        signatures.extend(types.get(index as usize).cloned());
    }
    Ok((memories <= 1 && binary.section(SectionId::Tag).is_none()).then_some(signatures))
}

fn function_type_is_plain(function: &FuncType) -> bool {
    function.params().iter().chain(function.results()).all(|kind| scan::is_plain(*kind))
}

/// The contents of an export section with these names, kinds and indices.
fn export_section<'e>(entries: impl Iterator<Item = (&'e str, ExternalKind, u32)>) -> Vec<u8> {
    let (mut count, mut contents) = (0_u32, Vec::new());
    for (name, kind, index) in entries {
        let kind = match kind {
            ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
            ExternalKind::Table => ExportKind::Table,
            ExternalKind::Memory => ExportKind::Memory,
            ExternalKind::Global => ExportKind::Global,
            ExternalKind::Tag => ExportKind::Tag,
        };
        name.encode(&mut contents);
        kind.encode(&mut contents);
        index.encode(&mut contents);
        count += 1;
    }
    let mut section = Vec::new();
    count.encode(&mut section);
    section.append(&mut contents);
    section
}

/// A body that begins with the number of its function.
fn with_number(index: u32, body: &FunctionBody<'_>) -> Result<Vec<u8>, BinaryReaderError> {
    let bytes = body.as_bytes();
    let code = body.get_operators_reader()?.original_position() - body.range().start;
    let mut numbered = bytes[..code].to_vec();
    InstructionSink::new(&mut numbered).i64_const(KEPT | i64::from(index)).drop();
    numbered.extend_from_slice(&bytes[code..]);
    Ok(numbered)
}

/// A body that says which function's it is.
fn stub(index: u32) -> Vec<u8> {
    let mut bytes = vec![0];
    InstructionSink::new(&mut bytes).i64_const(STUB | i64::from(index)).drop().unreachable().end();
    bytes
}

fn push_default(sink: &mut InstructionSink<'_>, kind: wasmparser::ValType) {
    use wasmparser::ValType as Kind;
    match kind {
        Kind::I32 => sink.i32_const(0),
        Kind::I64 => sink.i64_const(0),
        Kind::F32 => sink.f32_const(0.0.into()),
        Kind::F64 => sink.f64_const(0.0.into()),
        Kind::V128 => sink.v128_const(0),
        Kind::Ref(kind) if kind.is_func_ref() => sink.ref_null(wasm_encoder::HeapType::FUNC),
        Kind::Ref(_) => sink.ref_null(wasm_encoder::HeapType::EXTERN),
    };
}

/// How many globals a binary has, imported ones included.
fn globals(binary: &Binary<'_>) -> Result<u32, BinaryReaderError> {
    let own = binary.section(SectionId::Global).map_or(Ok(0), |it| Ok(count(it.contents)?.0))?;
    Ok(binary.imported()?.globals + own)
}

/// How many tables a binary has, imported ones included.
fn tables(binary: &Binary<'_>) -> Result<u32, BinaryReaderError> {
    let imports = binary.imports()?;
    let imported = imports.iter().filter(|import| matches!(import.ty, TypeRef::Table(_))).count();
    Ok(number(imported + binary.tables()?.len()))
}

/// A count or an index as the binary format has it.
fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
