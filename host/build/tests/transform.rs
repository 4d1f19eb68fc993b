//! The prepared bytes of a module, and the errors for bytes that are not a module.
//!
//! Modules are made here function by function; each test changes one thing about a good one.

use hmr_build::transform::{prepare, prepare_guarded};
use wasm_encoder::{
    CodeSection, CustomSection, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    ImportSection, MemorySection, MemoryType, Module, NameMap, NameSection, TypeSection, ValType,
};

const I: ValType = ValType::I32;

/// A module in parts.
#[derive(Clone)]
struct Parts {
    imports: Vec<(&'static str, &'static str, Vec<ValType>, Vec<ValType>)>,
    exports: Vec<(&'static str, Vec<ValType>, Vec<ValType>)>,
    memory: bool,
    manifest: Option<&'static str>,
    debug: bool,
    function_name: &'static str,
}

fn good() -> Parts {
    Parts {
        imports: vec![
            ("hmr", "dom", vec![I, I], vec![]),
            ("hmr", "now", vec![], vec![ValType::F64]),
        ],
        exports: vec![
            ("hmr_alloc", vec![I], vec![I]),
            ("hmr_mount", vec![I, I], vec![I]),
            ("hmr_unmount", vec![I], vec![]),
            ("hmr_dispatch", vec![I, I, I], vec![I]),
            ("capture_state", vec![], vec![I]),
            ("restore_state", vec![I, I], vec![I]),
            ("hmr_dispose", vec![], vec![]),
            ("hmr_component:Board", vec![], vec![]),
        ],
        memory: true,
        manifest: Some("abi\t1\ncomponent\tBoard\tsrc/lib.rs\t12\n"),
        debug: true,
        function_name: "_ZN5board5Board17h0123456789abcdefE",
    }
}

impl Parts {
    fn bytes(&self) -> Vec<u8> {
        let (mut types, mut imports) = (TypeSection::new(), ImportSection::new());
        let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
        let mut exports = ExportSection::new();
        let mut index = 0;
        for (module, name, parameters, results) in &self.imports {
            types.ty().function(parameters.clone(), results.clone());
            imports.import(module, name, EntityType::Function(index));
            index += 1;
        }
        for (name, parameters, results) in &self.exports {
            types.ty().function(parameters.clone(), results.clone());
            functions.function(index);
            exports.export(name, ExportKind::Func, index);
            let mut body = Function::new([]);
            body.instructions().unreachable().end();
            code.function(&body);
            index += 1;
        }
        let mut memories = MemorySection::new();
        let memory = MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        };
        memories.memory(memory);
        if self.memory {
            exports.export("memory", ExportKind::Memory, 0);
        }
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions).section(&memories);
        module.section(&exports).section(&code);
        if let Some(manifest) = self.manifest {
            module.section(&custom("hmr.manifest", manifest.as_bytes()));
        }
        if self.debug {
            module.section(&custom(".debug_info", b"secret-dwarf"));
        }
        let mut names = NameMap::new();
        names.append(u32::try_from(self.imports.len()).expect("few imports"), self.function_name);
        let mut name_section = NameSection::new();
        name_section.functions(&names);
        module.section(&name_section);
        module.finish()
    }

    fn error(&self) -> String {
        prepare("board", &self.bytes()).expect_err("no module").to_string()
    }
}

fn custom<'a>(name: &'a str, data: &'a [u8]) -> CustomSection<'a> {
    CustomSection { name: name.into(), data: data.into() }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn a_good_module_keeps_its_code_and_loses_debug_information() {
    let bytes = good().bytes();
    let prepared = prepare("board", &bytes).expect("a good module");
    assert_eq!(prepared.manifest.components[0].name, "Board");
    assert_eq!(prepared.hash.len(), 32);
    assert!(!contains(&prepared.bytes, "secret-dwarf"));
    assert!(contains(&prepared.bytes, "board::Board") && !contains(&prepared.bytes, "_ZN5board"));
    wasmparser::validate(&prepared.bytes).expect("valid wasm");
    let manifest = bytes.windows(12).position(|it| it == b"hmr.manifest").expect("a manifest");
    assert_eq!(bytes[..manifest], prepared.bytes[..manifest], "code stays where it was");
}

#[test]
fn the_same_bytes_give_the_same_bytes() {
    let once = prepare("board", &good().bytes());
    assert_eq!(once, prepare("board", &good().bytes()));
    let other = Parts { manifest: Some("abi\t1\n"), ..good() };
    assert_ne!(
        once.map(|it| it.hash),
        prepare("board", &other.bytes()).map(|it| it.hash),
        "other contents have another hash"
    );
}

#[test]
fn preparing_twice_changes_nothing_more() {
    let once = prepare("board", &good().bytes()).expect("a good module");
    assert_eq!(prepare("board", &once.bytes), Ok(once));
}

#[test]
fn other_bytes_are_not_wasm() {
    for bytes in [&b""[..], b"\0as", b"<!doctype html>"] {
        let error = prepare("board", bytes).expect_err("it is not wasm").to_string();
        assert!(error.starts_with("module `board`: the file is not a wasm binary"), "{error}");
    }
}

#[test]
fn every_truncation_is_an_error_or_a_module_without_its_end() {
    let bytes = good().bytes();
    for end in 8..bytes.len() {
        if let Ok(prepared) = prepare("board", &bytes[..end]) {
            wasmparser::validate(&prepared.bytes).expect("what is accepted is valid");
        }
    }
}

#[test]
fn a_missing_export_is_named() {
    for missing in 0..7 {
        let mut parts = good();
        let (name, ..) = parts.exports.remove(missing);
        let error = parts.error();
        assert!(error.starts_with(&format!("module `board` does not export `{name}`")), "{error}");
    }
    let error = Parts { memory: false, ..good() }.error();
    assert!(error.contains("does not export `memory`"), "{error}");
}

#[test]
fn an_export_of_another_type_shows_both_types() {
    let mut parts = good();
    parts.exports[3].1 = vec![I, I];
    let error = parts.error();
    assert!(
        error.contains(
            "`hmr_dispatch` is `(i32, i32) -> i32`, where the ABI has `(i32, i32, i32) -> i32`"
        ),
        "{error}"
    );
    let mut parts = good();
    parts.exports[7].1 = vec![I];
    assert!(parts.error().contains("`hmr_component:Board` is `(i32)`, where the ABI has `()`"));
}

#[test]
fn an_import_of_another_type_shows_both_types() {
    let mut parts = good();
    parts.imports[1].3 = vec![I];
    let error = parts.error();
    assert!(error.contains("`now` is `() -> i32`, where the ABI has `() -> f64`"), "{error}");
}

#[test]
fn a_foreign_import_is_reported_where_it_comes_from() {
    for (from, word) in [
        ("wbg", "wasm-bindgen's program has run"),
        ("wasi_snapshot_preview1", "WASI"),
        ("env", "`extern` block"),
        ("hmr", "of different versions"),
    ] {
        let mut parts = good();
        parts.imports.push((from, "strange", vec![], vec![]));
        let error = parts.error();
        assert!(error.contains(&format!("imports `{from}.strange`")), "{error}");
        assert!(error.contains("hint: ") && error.contains(word), "{error}");
    }
}

#[test]
fn functions_of_the_browser_may_be_imported() {
    let mut parts = good();
    assert!(!prepare("board", &parts.bytes()).expect("a module").uses_browser);
    parts.imports.push(("__wbindgen_placeholder__", "__wbg_now_1", vec![], vec![]));
    assert!(prepare("board", &parts.bytes()).expect("a module").uses_browser);
}

#[test]
fn another_abi_version_says_what_to_update() {
    let error = Parts { manifest: Some("abi\t2\n"), ..good() }.error();
    assert!(error.contains("version 2 of the ABI, this tool for version 1"), "{error}");
    assert!(error.contains("`cargo install --path host/cargo-hmr`"), "{error}");
    let error = Parts { manifest: Some("abi\t0\n"), ..good() }.error();
    assert!(error.contains("`cargo update -p hmr-sdk`"), "{error}");
}

#[test]
fn a_module_needs_a_manifest_that_can_be_read() {
    let error = Parts { manifest: None, ..good() }.error();
    assert!(error.contains("has no section `hmr.manifest`"), "{error}");
    let error = Parts { manifest: Some("abi\tx\n"), ..good() }.error();
    assert!(error.contains("malformed line"), "{error}");
}

#[test]
fn a_component_model_binary_is_refused() {
    let error = prepare("board", b"\0asm\x0d\0\x01\0").expect_err("a component").to_string();
    assert!(error.contains("it is a component"), "{error}");
}

/// The module's sections by number and contents, without the global, export and code sections.
fn others(bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let sections = wasmparser::Parser::new(0).parse_all(bytes).filter_map(|payload| {
        let (id, range) = payload.expect("a module").as_section()?;
        (![6, 7, 10].contains(&id)).then(|| (id, bytes[range].to_vec()))
    });
    sections.collect()
}

#[test]
fn the_guard_adds_a_global_and_nothing_else_to_code_without_loops() {
    let (plain, guarded) = (good().bytes(), good().bytes());
    let plain = prepare("board", &plain).expect("a good module");
    let guarded = prepare_guarded("board", &guarded).expect("a good module");
    wasmparser::validate(&guarded.bytes).expect("valid wasm");
    assert_eq!(others(&plain.bytes), others(&guarded.bytes), "names, data and types are untouched");
    let code = |bytes: &[u8]| {
        let payloads = wasmparser::Parser::new(0).parse_all(bytes);
        let code = payloads.map(|payload| payload.expect("a module").as_section());
        let (_, range) = code.flatten().find(|(id, _)| *id == 10).expect("code");
        bytes[range].to_vec()
    };
    assert_eq!(code(&plain.bytes), code(&guarded.bytes));
    assert!(contains(&guarded.bytes, "hmr_budget") && !contains(&plain.bytes, "hmr_budget"));
    assert_eq!(prepare_guarded("board", &guarded.bytes), Ok(guarded), "once is enough");
}

#[test]
fn a_budget_of_another_type_is_refused() {
    let mut parts = good();
    parts.exports.push(("hmr_budget", vec![], vec![]));
    let error = parts.error();
    assert!(
        error.contains("`hmr_budget` is not a global, where the ABI has a mutable global"),
        "{error}"
    );
}

#[test]
fn optional_exports_and_imports_of_the_abi_have_their_types_too() {
    let mut parts = good();
    parts.imports.push(("hmr", "port", vec![I, I], vec![]));
    parts.imports.push(("hmr", "invalidate", vec![I, I], vec![]));
    parts.imports.push(("hmr", "random", vec![I, I], vec![]));
    parts.imports.push(("hmr", "read", vec![I, I, I, I], vec![I]));
    parts.exports.push(("hmr_migrate", vec![I, I], vec![I]));
    parts.exports.push(("hmr_health", vec![], vec![I]));
    prepare("board", &parts.bytes()).expect("a good module");
    parts.exports.push(("hmr_prune", vec![], vec![]));
    assert!(parts.error().contains("`hmr_prune` is `()`, where the ABI has `(i32)`"));
}
