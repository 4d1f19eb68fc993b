//! A module assembled with `wasm-encoder`, instruction by instruction: what a compiler of another language would make.
//!
//! It is a counter of one digit. The digit lives in the snapshot's own text, so that capturing is handing over an address; the view and
//! the text that a click changes have copies of it.

use std::borrow::Cow;

use hmr_abi::manifest::{ComponentEntry, Manifest, SECTION};
use hmr_abi::ops::{Namespace, Op, root_of};
use hmr_abi::{ABI_VERSION, IMPORT_MODULE, exports, imports};
use wasm_encoder::{
    CodeSection, ConstExpr, CustomSection, DataSection, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, ImportSection, InstructionSink, MemArg, MemorySection, MemoryType,
    Module, TypeSection, ValType,
};

const VIEW: u32 = 0x1000;
const SHOW: u32 = 0x2000;
const SNAPSHOT: u32 = 0x3000;
const REPORT: u32 = 0x4000;
const ARGUMENT: u32 = 0x5000;

/// The bytes after the digit at the end of a snapshot.
const AFTER_DIGIT: &str = "}}}]}";

/// The bytes of a counter that increases by `step` and shows its digit in an element called `tag`.
#[must_use]
pub fn counter(step: i32, tag: &str) -> Vec<u8> {
    let view = batch(&[
        Op::CreateElement { id: 1, namespace: Namespace::Html, tag: "button" },
        Op::CreateText { id: 2, text: "add" },
        Op::Insert { parent: 1, child: 2, before: 0 },
        Op::Listen { id: 1, event: "click", handler: 1, flags: 0 },
        Op::CreateElement { id: 3, namespace: Namespace::Html, tag },
        Op::Insert { parent: root_of(1), child: 1, before: 0 },
        Op::Insert { parent: root_of(1), child: 3, before: 0 },
        Op::CreateText { id: 4, text: "0" },
    ]);
    let tail = batch(&[Op::Insert { parent: 3, child: 4, before: 0 }]);
    let show = batch(&[Op::SetText { id: 4, text: "0" }]);
    let snapshot = [
        r#"{"abi":1,"instances":[{"instance":1,"component":"Counter","props":{},"signals":{"digit":{"type":"digit","set":true,"value":0"#,
        AFTER_DIGIT,
    ]
    .concat();
    let report = r#"{"instances":[{"instance":1,"component":"Counter","keys":{"digit":{"outcome":"kept"}}}]}"#;

    let layout = Layout {
        step,
        view_len: length(&view) + length(&tail),
        view_digit: VIEW + length(&view) - 1,
        show_len: length(&show),
        snapshot_digit: SNAPSHOT + 4 + length(snapshot.as_bytes())
            - length(AFTER_DIGIT.as_bytes())
            - 1,
    };
    let mut data = DataSection::new();
    let answer =
        |text: &str| [&length(text.as_bytes()).to_le_bytes()[..], text.as_bytes()].concat();
    for (at, bytes) in [
        (VIEW, [view, tail].concat()),
        (SHOW, show),
        (SNAPSHOT, answer(&snapshot)),
        (REPORT, answer(report)),
    ] {
        data.active(0, &ConstExpr::i32_const(at.cast_signed()), bytes);
    }
    module(&layout, &data)
}

/// Addresses and lengths that the code needs.
struct Layout {
    step: i32,
    view_len: u32,
    view_digit: u32,
    show_len: u32,
    snapshot_digit: u32,
}

#[expect(clippy::too_many_lines, reason = "one list of the instructions of a module")]
fn module(layout: &Layout, data: &DataSection) -> Vec<u8> {
    use ValType::I32;
    let mut types = TypeSection::new();
    let signatures: [(&[ValType], &[ValType]); 7] = [
        (&[I32, I32], &[]),
        (&[I32], &[I32]),
        (&[I32, I32], &[I32]),
        (&[I32], &[]),
        (&[I32, I32, I32], &[I32]),
        (&[], &[I32]),
        (&[], &[]),
    ];
    for (params, results) in signatures {
        types.ty().function(params.iter().copied(), results.iter().copied());
    }
    let mut imported = ImportSection::new();
    imported.import(IMPORT_MODULE, imports::DOM, EntityType::Function(0));
    let component = format!("{}Counter", exports::COMPONENT_PREFIX);
    let functions: [(&str, u32, Function); 8] = [
        (exports::ALLOC, 1, function(|code| _ = code.i32_const(ARGUMENT.cast_signed()))),
        (
            exports::MOUNT,
            2,
            function(|code| {
                send(code, VIEW, layout.view_len);
                code.i32_const(0);
            }),
        ),
        (exports::UNMOUNT, 3, function(|_| ())),
        (exports::DISPATCH, 4, function(|code| count(code, layout))),
        (exports::CAPTURE_STATE, 5, function(|code| _ = code.i32_const(SNAPSHOT.cast_signed()))),
        (exports::RESTORE_STATE, 2, function(|code| restore(code, layout))),
        (exports::DISPOSE, 6, function(|_| ())),
        (&component, 6, function(|_| ())),
    ];
    let (mut declared, mut exported, mut code) =
        (FunctionSection::new(), ExportSection::new(), CodeSection::new());
    exported.export(exports::MEMORY, ExportKind::Memory, 0);
    for (index, (name, signature, body)) in (1..).zip(&functions) {
        declared.function(*signature);
        exported.export(name, ExportKind::Func, index);
        code.function(body);
    }
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let manifest = Manifest {
        abi: ABI_VERSION,
        components: vec![ComponentEntry {
            name: "Counter".into(),
            file: "counter.asm".into(),
            line: 1,
        }],
        ..Manifest::default()
    };
    let mut module = Module::new();
    module
        .section(&types)
        .section(&imported)
        .section(&declared)
        .section(&memories)
        .section(&exported);
    module.section(&code).section(data).section(&CustomSection {
        name: SECTION.into(),
        data: Cow::Owned(manifest.to_string().into_bytes()),
    });
    module.finish()
}

fn function(body: impl FnOnce(&mut InstructionSink<'_>)) -> Function {
    let mut function = Function::new([]);
    let mut code = function.instructions();
    body(&mut code);
    code.end();
    function
}

fn byte(at: u32) -> MemArg {
    MemArg { offset: at.into(), align: 0, memory_index: 0 }
}

/// `dom(at, len)`
fn send(code: &mut InstructionSink<'_>, at: u32, len: u32) {
    code.i32_const(at.cast_signed()).i32_const(len.cast_signed()).call(0);
}

/// Raises the digit, shows it, and answers that nothing is to be prevented.
fn count(code: &mut InstructionSink<'_>, layout: &Layout) {
    let show_digit = SHOW + layout.show_len - 1;
    code.i32_const(0).i32_const(0).i32_load8_u(byte(layout.snapshot_digit));
    code.i32_const(layout.step).i32_add().i32_store8(byte(layout.snapshot_digit));
    copy_digit(code, layout.snapshot_digit, show_digit);
    send(code, SHOW, layout.show_len);
    code.i32_const(0);
}

/// Reads the digit at the end of the snapshot, and renders.
fn restore(code: &mut InstructionSink<'_>, layout: &Layout) {
    let from_end = i32::try_from(AFTER_DIGIT.len() + 1).expect("a short text");
    code.i32_const(0);
    code.local_get(0).local_get(1).i32_add().i32_const(from_end).i32_sub().i32_load8_u(byte(0));
    code.i32_store8(byte(layout.snapshot_digit));
    copy_digit(code, layout.snapshot_digit, layout.view_digit);
    send(code, VIEW, layout.view_len);
    code.i32_const(REPORT.cast_signed());
}

fn copy_digit(code: &mut InstructionSink<'_>, from: u32, to: u32) {
    code.i32_const(0).i32_const(0).i32_load8_u(byte(from)).i32_store8(byte(to));
}

fn batch(ops: &[Op<'_>]) -> Vec<u8> {
    let mut batch = Vec::new();
    for op in ops {
        op.encode(&mut batch);
    }
    batch
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("a short text")
}
