//! A module with only some of its functions.
//!
//! The functions that stay move together, so that the others cost nothing: their indices are written anew wherever
//! they stand. A call of one that is left out becomes a note of its number in a global, and a trap; since code behind
//! a trap may find anything on its stack, what was valid stays valid. In tables, a function that is left out is a null
//! reference: calling it traps too, without a note.

use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, Elements, Encode as _, ExportKind, FunctionSection,
    GlobalType, InstructionSink, RefType, SectionId, ValType,
};
use wasmparser::{
    BinaryReader, BinaryReaderError, ElementItems, ElementKind, ElementSectionReader,
    ExportSectionReader, ExternalKind, FunctionBody, GlobalSectionReader, Operator, TableInit,
    TableSectionReader,
};

use super::Outline;

/// The exported global that holds the number of the function that was missed, among the defined ones; -1 before.
pub(in crate::rehearsal) const MISSING: &str = "hmr_missing";

/// Element segments: the offset expression of each, without its `end`, and the functions.
type Segments<'a> = Vec<(&'a [u8], Vec<u32>)>;

/// A variant.
pub(in crate::rehearsal) struct Partial {
    pub(in crate::rehearsal) bytes: Vec<u8>,
    /// The functions that are there, in their order; numbers among the defined ones of the whole module.
    pub(in crate::rehearsal) present: Vec<usize>,
}

/// Where functions have gone.
struct Moved<'a> {
    outline: &'a Outline,
    /// The new index of each defined function that stays.
    indices: Vec<Option<u32>>,
}

impl Moved<'_> {
    /// The new index of a function, or the number of the defined function that is left out.
    fn index(&self, old: u32) -> Result<u32, u32> {
        match old.checked_sub(self.outline.imported) {
            None => Ok(old),
            Some(defined) => self.indices.get(defined as usize).copied().flatten().ok_or(defined),
        }
    }
}

impl Outline {
    /// The module with the functions that `present` tells, those that are exported, and no others. All of them are
    /// there if the module does something with functions that Rust modules do not do.
    pub(in crate::rehearsal) fn partial(
        &self,
        bytes: &[u8],
        present: &[bool],
    ) -> Result<Partial, BinaryReaderError> {
        let mut present = present.to_vec();
        for function in &self.exported {
            if let Some(present) = present.get_mut(*function as usize) {
                *present = true;
            }
        }
        let all = present.iter().all(|present| *present);
        let elements = if all { None } else { self.elements(bytes)? };
        let Some(elements) = elements else {
            let bytes = self.assemble(bytes, &[]);
            return Ok(Partial { bytes, present: (0..self.bodies.len()).collect() });
        };
        let mut next = self.imported;
        let indices = present.iter().map(|present| {
            present.then(|| {
                next += 1;
                next - 1
            })
        });
        let moved = Moved { outline: self, indices: indices.collect() };
        let kept: Vec<usize> =
            present.iter().enumerate().filter(|(_, it)| **it).map(|(at, _)| at).collect();
        let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
        for function in &kept {
            functions.function(self.types.get(*function).copied().unwrap_or_default());
            code.raw(&self.moved_body(bytes, *function, &moved)?);
        }
        let mut global = Vec::new();
        GlobalType { val_type: ValType::I32, mutable: true, shared: false }.encode(&mut global);
        ConstExpr::i32_const(-1).encode(&mut global);
        let globals = self.with_entry(bytes, SectionId::Global, &global)?;
        let replaced = [
            (SectionId::Function as u8, contents(&functions)),
            (SectionId::Global as u8, globals),
            (SectionId::Export as u8, self.moved_exports(bytes, &moved)?),
            (SectionId::Element as u8, moved_elements(elements, &moved)),
            (SectionId::Code as u8, contents(&code)),
        ];
        Ok(Partial { bytes: self.assemble(bytes, &replaced), present: kept })
    }

    fn section<'a>(&self, bytes: &'a [u8], id: SectionId) -> Option<&'a [u8]> {
        let (_, range) = self.sections.iter().find(|(it, _)| *it == id as u8)?;
        bytes.get(range.clone())
    }

    /// The element segments: the offset expression of each, and the functions. Nothing if functions are referred to
    /// from elsewhere too, or there is no place for a global.
    fn elements<'a>(&self, bytes: &'a [u8]) -> Result<Option<Segments<'a>>, BinaryReaderError> {
        let reader = |id| self.section(bytes, id).map(|contents| BinaryReader::new(contents, 0));
        let Some(globals) = reader(SectionId::Global) else { return Ok(None) };
        if self.section(bytes, SectionId::Start).is_some() {
            return Ok(None);
        }
        for global in GlobalSectionReader::new(globals)? {
            for operator in global?.init_expr.get_operators_reader() {
                if let Operator::RefFunc { .. } = operator? {
                    return Ok(None);
                }
            }
        }
        if let Some(tables) = reader(SectionId::Table) {
            for table in TableSectionReader::new(tables)? {
                if let TableInit::Expr(_) = table?.init {
                    return Ok(None);
                }
            }
        }
        let mut found = Vec::new();
        let Some(elements) = reader(SectionId::Element) else { return Ok(Some(found)) };
        for element in ElementSectionReader::new(elements)? {
            let element = element?;
            let (
                ElementKind::Active { table_index: None | Some(0), offset_expr },
                ElementItems::Functions(functions),
            ) = (element.kind, element.items)
            else {
                return Ok(None);
            };
            let mut offset = offset_expr.get_binary_reader();
            let offset = offset.read_bytes(offset.bytes_remaining())?;
            // The encoder writes the `end` itself.
            let offset = offset.strip_suffix(&[0x0b]).unwrap_or(offset);
            found.push((offset, functions.into_iter().collect::<Result<_, _>>()?));
        }
        Ok(Some(found))
    }

    fn moved_exports(&self, bytes: &[u8], moved: &Moved<'_>) -> Result<Vec<u8>, BinaryReaderError> {
        let exports = self.section(bytes, SectionId::Export).unwrap_or(&[0]);
        let mut section = wasm_encoder::ExportSection::new();
        for export in ExportSectionReader::new(BinaryReader::new(exports, 0))? {
            let export = export?;
            let kind = match export.kind {
                ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
                ExternalKind::Table => ExportKind::Table,
                ExternalKind::Memory => ExportKind::Memory,
                ExternalKind::Global => ExportKind::Global,
                ExternalKind::Tag => ExportKind::Tag,
            };
            let index = match kind {
                // Exported functions are all there.
                ExportKind::Func => moved.index(export.index).unwrap_or_default(),
                _ => export.index,
            };
            section.export(export.name, kind, index);
        }
        section.export(MISSING, ExportKind::Global, self.globals);
        Ok(contents(&section))
    }

    /// A body in which functions have their new indices.
    fn moved_body(
        &self,
        bytes: &[u8],
        function: usize,
        moved: &Moved<'_>,
    ) -> Result<Vec<u8>, BinaryReaderError> {
        let body = &bytes[self.bodies[function].clone()];
        let mut operators = FunctionBody::new(BinaryReader::new(body, 0)).get_operators_reader()?;
        let mut written = Vec::with_capacity(body.len());
        let mut copied = 0;
        while !operators.eof() {
            let at = operators.original_position();
            let (index, write): (_, fn(&mut InstructionSink<'_>, u32)) = match operators.read()? {
                Operator::Call { function_index } => (function_index, |sink, index| {
                    sink.call(index);
                }),
                Operator::ReturnCall { function_index } => (function_index, |sink, index| {
                    sink.return_call(index);
                }),
                Operator::RefFunc { function_index } => (function_index, |sink, index| {
                    sink.ref_func(index);
                }),
                _ => continue,
            };
            written.extend_from_slice(&body[copied..at]);
            copied = operators.original_position();
            let mut sink = InstructionSink::new(&mut written);
            match moved.index(index) {
                Ok(index) => write(&mut sink, index),
                Err(missing) => {
                    let missing = i32::try_from(missing).unwrap_or(i32::MAX);
                    sink.i32_const(missing).global_set(self.globals).unreachable();
                }
            }
        }
        written.extend_from_slice(&body[copied..]);
        Ok(written)
    }
}

fn moved_elements(elements: Segments<'_>, moved: &Moved<'_>) -> Vec<u8> {
    let mut section = ElementSection::new();
    for (offset, functions) in elements {
        let functions: Vec<ConstExpr> = functions
            .into_iter()
            .map(|function| match moved.index(function) {
                Ok(index) => ConstExpr::ref_func(index),
                Err(_) => ConstExpr::ref_null(wasm_encoder::HeapType::FUNC),
            })
            .collect();
        section.active(
            None,
            &ConstExpr::raw(offset.iter().copied()),
            Elements::Expressions(RefType::FUNCREF, functions.into()),
        );
    }
    contents(&section)
}

/// What a section holds, without the length that is written in front of it.
fn contents(section: &impl wasm_encoder::Section) -> Vec<u8> {
    let mut encoded = Vec::new();
    section.encode(&mut encoded);
    let mut reader = BinaryReader::new(&encoded, 0);
    _ = reader.read_var_u32();
    let start = reader.original_position();
    encoded.split_off(start)
}
