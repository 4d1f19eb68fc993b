//! Any module at all is still valid once it is guarded. What guarded code does is seen in the workspace's suites,
//! where there is an engine to run it.

use std::fmt::Write as _;

use super::{guard, is_guarded};
use crate::transform::Part;
use crate::wasm::Binary;
use wasm_encoder::{RawSection, Section as _};

/// The module with the guard, without checks of the ABI.
fn guarded(bytes: &[u8]) -> Vec<u8> {
    let binary = Binary::read(bytes).expect("a module");
    assert!(!is_guarded(&binary).expect("exports"), "it has no budget yet");
    let mut module = wasm_encoder::Module::HEADER.to_vec();
    for part in guard(&binary).expect("bodies that can be read").0 {
        match part {
            Part::Same(section) => module.extend_from_slice(section.whole),
            Part::Other { id, contents } => {
                RawSection { id, data: &contents }.append_to(&mut module);
            }
        }
    }
    let binary = Binary::read(&module).expect("a module");
    assert!(is_guarded(&binary).expect("exports"), "it has one now");
    module
}

fn validate(bytes: &[u8]) -> Result<(), wasmparser::BinaryReaderError> {
    wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all())
        .validate_all(bytes)
        .map(drop)
}

#[test]
fn any_valid_module_is_valid_with_the_guard() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut with_code = 0;
    for _ in 0..300 {
        let bytes: Vec<u8> = (0..2000)
            .map(|_| {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                seed.to_le_bytes()[7]
            })
            .collect();
        let mut source = arbitrary::Unstructured::new(&bytes);
        let config = wasm_smith::Config { min_funcs: 3, ..wasm_smith::Config::default() };
        let Ok(mut module) = wasm_smith::Module::new(config, &mut source) else { continue };
        _ = module.ensure_termination(100);
        let before = module.to_bytes();
        if validate(&before).is_err() {
            continue;
        }
        let after = guarded(&before);
        validate(&after).unwrap_or_else(|error| {
            panic!(
                "{error}
{before:?}"
            )
        });
        with_code += usize::from(after.len() > before.len() + 100);
    }
    assert!(with_code > 50, "only {with_code} modules had something to guard");
}

/// How many times each function checks the budget.
fn checks(text: &str) -> Vec<usize> {
    let module = guarded(&wat::parse_str(text).expect("WebAssembly text"));
    validate(&module).expect("valid");
    let mut found = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(&module) {
        if let wasmparser::Payload::CodeSectionEntry(body) = payload.expect("a module") {
            let operators = body.get_operators_reader().expect("a body").into_iter();
            found.push(
                operators
                    .filter(|operator| matches!(operator, Ok(wasmparser::Operator::Unreachable)))
                    .count(),
            );
        }
    }
    found
}

#[test]
fn functions_that_end_by_themselves_are_left_alone() {
    let text = "(module (import \"hmr\" \"now\" (func $now (result f64)))
        (table 1 funcref) (elem (i32.const 0) $leaf)
        (func $leaf (drop (call $now)))
        (func $caller (call $leaf) (call_indirect (i32.const 0))))";
    assert_eq!(checks(text), [0, 0]);
}

#[test]
fn loops_and_recursion_are_guarded_each_once() {
    let text = "(module
        (func $loops (loop (loop (br 0))))
        (func $itself (call $itself))
        (func $even (call $odd)) (func $odd (call $even))
        (func $calls_them (call $even) (call $itself) (call $loops)))";
    assert_eq!(checks(text), [2, 1, 1, 1, 0]);
}

#[test]
fn what_a_table_leads_back_to_is_guarded() {
    let text = "(module (table 2 funcref) (elem (i32.const 0) func $back $leaf)
        (func $back (call $through))
        (func $leaf)
        (func $through (call_indirect (i32.const 0)))
        (func $outside (call $through)))";
    assert_eq!(checks(text), [1, 0, 1, 0]);
    let text = "(module (type $f (func)) (elem declare func $back)
        (func $back (call $through (ref.func $back)))
        (func $through (param (ref $f)) (return_call_ref $f (local.get 0))))";
    assert_eq!(checks(text), [1, 1], "also through a reference");
}

#[test]
fn long_chains_of_calls_need_no_deep_stack() {
    let last = 100_000;
    let mut text = String::from("(module ");
    for function in 0..last {
        _ = write!(text, "(func (call {}))", function + 1);
    }
    text += "(func (call 0)))";
    assert_eq!(checks(&text), vec![1; last + 1]);
}
