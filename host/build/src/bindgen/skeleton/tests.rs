//! walrus stands in for wasm-bindgen: it removes what is not used, numbers everything again, and sorts functions by their sizes.

use hmr_abi::lines::{Lines, Row, SECTION};

use super::{DESCRIBE, KEEPER, Skeleton};
use crate::wasm::Binary;

/// What walrus makes of a skeleton, with the bodies.
fn filled(bytes: &[u8]) -> Option<Vec<u8>> {
    let binary = Binary::read(bytes).expect("a module");
    let skeleton = Skeleton::of(&binary).expect("bodies that can be read")?;
    validate(skeleton.wasm());
    let mut module = walrus::Module::from_buffer(skeleton.wasm()).expect("a module");
    walrus::passes::gc::run(&mut module);
    let filled = skeleton.fill(&module.emit_wasm()).expect("it can be filled");
    validate(&filled);
    Some(filled)
}

fn validate(bytes: &[u8]) {
    wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all())
        .validate_all(bytes)
        .expect("it is valid");
}

/// The names of the functions that the body of an exported function calls, in their order.
fn calls(wasm: &[u8], export: &str) -> Vec<String> {
    let binary = Binary::read(wasm).expect("a module");
    let imported = binary.imported().expect("imports").functions;
    let exports = binary.exports().expect("exports");
    let index = exports.iter().find(|it| it.name == export).expect("the export").index;
    let mut names = std::collections::BTreeMap::new();
    for section in binary.custom("name") {
        for naming in section.function_names().expect("names") {
            names.insert(naming.index, naming.name.to_owned());
        }
    }
    let body = &binary.bodies[(index - imported) as usize];
    let operators = body.get_operators_reader().expect("a body").into_iter();
    let called = operators.filter_map(|operator| match operator.expect("an operator") {
        wasmparser::Operator::Call { function_index } => Some(names[&function_index].clone()),
        _ => None,
    });
    called.collect()
}

const MODULE: &str = r#"(module
  (import "env" "unused" (func $unused))
  (import "__wbindgen_placeholder__" "__wbg_log_1" (func $log (param i32)))
  (import "__wbindgen_placeholder__" "__wbindgen_describe" (func $describe (param i32)))
  (import "__wbindgen_placeholder__" "__wbindgen_describe_cast" (func $marker))
  (memory (export "memory") 1)
  (table 3 funcref)
  (elem (i32.const 1) $indirect)
  (global $first (mut i32) (i32.const 1))
  (global $second (mut i64) (i64.const 2))
  (data (i32.const 0) "text")
  (func $small (result i32) global.get $first)
  (func $indirect (param i64) (result i64) local.get 0)
  (func $logs (param i32) local.get 0 call $log)
  (func $describes i32.const 1 call $describe)
  (func $cast call $describes call $marker)
  (func $type_of (export "__wbindgen_describe_main") call $describes)
  (func $of_used (export "__wbindgen_describe___wbg_log_1") call $describes)
  (func $of_unused (export "__wbindgen_describe___wbg_warn_1") call $describes)
  (func $main (export "main") (param i32) (result i32) (local i64)
    call $cast
    call $small
    call $logs
    i64.const 3
    i32.const 1
    call_indirect (param i64) (result i64)
    local.tee 1
    global.set $second
    i32.const 5
    (block (param i32) (result i32) i32.const 1 i32.add)
    (loop (br_if 0 (i32.const 0)))
    call $small
    i32.add)
  (func $dead (export "dead") (result f64) f64.const 1))"#;

#[test]
fn bodies_come_back_with_the_new_numbers() {
    let bytes = wat::parse_str(MODULE).expect("the text is right");
    let filled = filled(&bytes).expect("it has a skeleton");
    assert_eq!(calls(&filled, "main"), ["cast", "small", "logs", "small"]);
    let binary = Binary::read(&filled).expect("a module");
    let exports = binary.exports().expect("exports");
    assert!(exports.iter().all(|export| export.name != KEEPER));
    assert!(binary.globals().expect("globals").len() == 2 && exports.len() == 5);
}

/// The names of the functions that a binary defines, in their order.
fn names(binary: &Binary<'_>) -> Vec<String> {
    let imported = binary.imported().expect("imports").functions;
    let sections = binary.custom("name");
    let names = sections.flat_map(|section| section.function_names().expect("names"));
    let names: std::collections::BTreeMap<u32, String> =
        names.map(|naming| (naming.index, naming.name.to_owned())).collect();
    let own = (imported..).take(binary.bodies.len());
    own.map(|index| names.get(&index).cloned().unwrap_or_default()).collect()
}

#[test]
fn the_lines_of_sources_follow_their_code() {
    let mut bytes = wat::parse_str(MODULE).expect("the text is right");
    let binary = Binary::read(&bytes).expect("a module");
    let files = names(&binary);
    let starts = binary.bodies.iter().map(|body| body.range().start);
    let rows = starts.zip(0..).map(|(start, file)| Row {
        offset: u32::try_from(start).expect("a small module"),
        place: Some((file, 7)),
    });
    let lines = Lines { files, rows: rows.collect() };
    let section = wasm_encoder::CustomSection { name: SECTION.into(), data: lines.encode().into() };
    wasm_encoder::Section::append_to(&section, &mut bytes);

    let filled = filled(&bytes).expect("it has a skeleton");
    let binary = Binary::read(&filled).expect("a module");
    let lines = binary.custom_contents(SECTION).expect("it has lines");
    let lines = Lines::parse(&lines).expect("they can be read");
    for name in ["main", "small", "logs", "indirect"] {
        let at = names(&binary).iter().position(|known| known == name).expect("the function");
        let body = &binary.bodies[at];
        let last = u32::try_from(body.range().end - 1).expect("a small module");
        assert_eq!(lines.find(last), Some((name, 7)), "{lines:?}");
        let first = body.get_operators_reader().expect("a body").read().expect("an instruction");
        assert!(!matches!(first, wasmparser::Operator::I64Const { .. }), "{name}");
    }
}

#[test]
fn wasm_bindgen_gets_what_describes_types_and_what_calls_imports() {
    let bytes = wat::parse_str(MODULE).expect("the text is right");
    let binary = Binary::read(&bytes).expect("a module");
    let skeleton = Skeleton::of(&binary).expect("bodies").expect("it has a skeleton");
    assert_eq!(calls(skeleton.wasm(), "__wbindgen_describe_main"), ["describes"]);
    let text = String::from_utf8_lossy(skeleton.wasm()).into_owned();
    assert!(text.contains(DESCRIBE) && !text.contains("small"), "names of stubs are left out");
    let sizes = |binary: &Binary<'_>| -> Vec<usize> {
        binary.bodies.iter().map(|body| body.as_bytes().len()).collect()
    };
    let small = Binary::read(skeleton.wasm()).expect("a module");
    let (before, after) = (sizes(&binary), sizes(&small));
    // The functions `logs` to `of_used` stay as they are; `main` does not.
    assert_eq!(before[2..7], after[2..7]);
    assert!(after[8] < before[8]);
}

#[test]
fn descriptions_of_what_is_not_imported_are_left_out() {
    let bytes = wat::parse_str(MODULE).expect("the text is right");
    let filled = filled(&bytes).expect("it has a skeleton");
    let binary = Binary::read(&filled).expect("a module");
    let exports = binary.exports().expect("exports");
    let has = |name: &str| exports.iter().any(|export| export.name == name);
    assert!(has("__wbindgen_describe___wbg_log_1") && !has("__wbindgen_describe___wbg_warn_1"));
}

#[test]
fn a_function_that_describes_something_used_too_is_kept() {
    let text = MODULE.replace(
        "(func $of_unused (export",
        "(export \"__wbindgen_describe___wbg_same_1\" (func $of_used)) (func $of_unused (export",
    );
    let bytes = wat::parse_str(text).expect("the text is right");
    let binary = Binary::read(&bytes).expect("a module");
    let skeleton = Skeleton::of(&binary).expect("bodies").expect("it has a skeleton");
    assert_eq!(calls(skeleton.wasm(), "__wbindgen_describe___wbg_log_1"), ["describes"]);
}

#[test]
fn a_binary_that_cannot_be_numbered_again_has_no_skeleton() {
    for text in [
        "(module (memory 1) (memory 1) (func))",
        "(module (tag) (func (throw 0)))",
        "(module (func $f) (elem declare func $f) (func (ref.func $f) drop))",
        "(module (memory 1) (data \"x\") (func (data.drop 0)))",
        "(module (type (struct)) (func (struct.new 0) drop))",
    ] {
        let bytes = wat::parse_str(text).expect("the text is right");
        let binary = Binary::read(&bytes).expect("a module");
        assert!(Skeleton::of(&binary).expect("bodies").is_none(), "{text}");
    }
}

#[test]
fn output_without_the_keeper_is_refused() {
    let bytes = wat::parse_str(MODULE).expect("the text is right");
    let binary = Binary::read(&bytes).expect("a module");
    let skeleton = Skeleton::of(&binary).expect("bodies").expect("it has a skeleton");
    let reason = skeleton.fill(&bytes).expect_err("it is not made from the skeleton");
    assert!(reason.contains("keeper"), "{reason}");
}

#[test]
fn any_valid_module_is_valid_with_its_bodies_again() {
    let (mut seed, mut with_code) = (0x2545_f491_4f6c_dd1d_u64, 0);
    for _ in 0..200 {
        let bytes: Vec<u8> = (0..2000)
            .map(|_| {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                seed.to_le_bytes()[7]
            })
            .collect();
        let mut source = arbitrary::Unstructured::new(&bytes);
        let config = wasm_smith::Config {
            min_funcs: 3,
            exceptions_enabled: false,
            gc_enabled: false,
            memory64_enabled: false,
            max_memories: 1,
            custom_page_sizes_enabled: false,
            wide_arithmetic_enabled: false,
            shared_everything_threads_enabled: false,
            ..wasm_smith::Config::default()
        };
        let Ok(module) = wasm_smith::Module::new(config, &mut source) else { continue };
        let bytes = module.to_bytes();
        // walrus does not know all that wasm-smith makes.
        if walrus::Module::from_buffer(&bytes).is_err() {
            continue;
        }
        with_code += usize::from(filled(&bytes).is_some());
    }
    assert!(with_code > 40, "only {with_code} modules had a skeleton");
}
