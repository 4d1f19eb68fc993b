//! Rehearsals of a traced module: what is taken from the base, and what is compiled again, must make no difference.

use std::time::Duration;

use hmr_abi::lines::{Lines, Row};
use hmr_rehearsal::{Rehearsal, Rehearser, Version};

const SNAPSHOT: &str = r#"{"abi":1,"instances":[{"instance":1,"component":"Counter","props":{}}]}"#;

/// A module whose `restore_state` answers with a report if `check` leaves 1 on the stack, and traps otherwise. `fields` come behind
/// the functions of the ABI, `front` before them.
fn module(front: &str, check: &str, fields: &str) -> Vec<u8> {
    let report = r#"{"instances":[{"instance":1,"component":"Counter","keys":{}}]}"#;
    let length = report.len();
    let report = report.replace('"', "\\22");
    let text = format!(
        r#"(module
            (@custom "hmr.manifest" "abi\091\ncomponent\09Counter\09counter.wat\091\n")
            (import "hmr" "dom" (func $dom (param i32 i32)))
            (import "hmr" "random" (func $random (param i32 i32)))
            (import "hmr" "read" (func $read (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 64) "\{length:02x}\00\00\00{report}")
            {front}
            (func (export "hmr_alloc") (param i32) (result i32) (i32.const 4096))
            (func (export "hmr_mount") (param i32 i32) (result i32) (i32.const 0))
            (func (export "hmr_unmount") (param i32))
            (func (export "hmr_dispatch") (param i32 i32 i32) (result i32) (i32.const 4))
            (func (export "capture_state") (result i32) (i32.const 0))
            (func $restore_state (export "restore_state") (param i32 i32) (result i32)
                (if (i32.ne (call $check) (i32.const 1)) (then (unreachable)))
                (i32.const 64))
            (func (export "hmr_dispose"))
            (func (export "hmr_component:Counter"))
            (func $check (result i32) {check})
            {fields})"#
    );
    wat::parse_str(text).expect("WebAssembly text")
}

/// A rehearser with a trace of a version.
fn traced(bytes: &[u8]) -> Rehearser {
    let mut rehearser = Rehearser::new().expect("wasmtime runs");
    let version = rehearser.prepare("counter", bytes).expect("a module");
    let trace = rehearser.trace(&version, SNAPSHOT, &[]).run().expect("it compiles");
    rehearser.add(trace);
    assert!(rehearser.has_trace("counter"));
    rehearser
}

/// How a version fares: nothing, or what it fails with.
fn rehearsed(rehearser: &mut Rehearser, bytes: &[u8]) -> (Option<String>, bool) {
    let mut version: Version = rehearser.prepare("counter", bytes).expect("a module");
    let rehearsal: Rehearsal = rehearser.rehearse(&mut version, SNAPSHOT, &[]);
    // Once more, so that what a first rehearsal leaves behind would show.
    let again = rehearser.rehearse(&mut version, SNAPSHOT, &[]);
    assert_eq!(rehearsal.failure, again.failure);
    (rehearsal.failure.map(|failure| failure.error), rehearsal.outdated)
}

/// A function of its own, which every version has: it adds what stands at an address to what it gets.
fn add_at(address: u32) -> String {
    format!(
        "(func $add (param i32) (result i32) (i32.add (local.get 0) (i32.load offset={address} (i32.const 0))))"
    )
}

#[test]
fn code_that_moved_is_taken_from_the_base_with_its_own_addresses() {
    let version = |address: u32, value: u32| {
        let data = format!("(data (i32.const {address}) \"\\{value:02x}\\00\\00\\00\")");
        let same =
            format!("(i32.eq (call $add (i32.const {address})) (i32.const {}))", address + value);
        module("", &same, &format!("{data} {}", add_at(address)))
    };
    let mut rehearser = traced(&version(2048, 7));
    // Wrong constants would make the sums differ.
    assert_eq!(rehearsed(&mut rehearser, &version(2048, 7)), (None, false));
    assert_eq!(rehearsed(&mut rehearser, &version(3000, 9)), (None, false));
}

#[test]
fn a_rehearsal_has_random_bytes_and_knows_of_no_page() {
    let version = |answer: &str| {
        let check = format!(
            "(call $random (i32.const 512) (i32.const 4))
             (i32.and (i32.ne (i32.load (i32.const 512)) (i32.const 0))
               (i32.eq (call $read (i32.const 600) (i32.const 19) (i32.const 700) (i32.const 64)) (i32.const {answer})))"
        );
        let request = r#"(data (i32.const 600) "{\22read\22:\22location\22}")"#;
        module("", &check, request)
    };
    let mut rehearser = traced(&version("-1"));
    assert_eq!(rehearsed(&mut rehearser, &version("-1")), (None, false));
    assert!(rehearsed(&mut rehearser, &version("0")).0.is_some(), "the answer is checked");
}

#[test]
fn stores_of_every_type_go_to_their_own_addresses() {
    let version = |address: u32| {
        let stores = format!(
            "(i32.store offset={address} (local.get 0) (i32.const 1000))
             (i64.store offset={} (local.get 0) (i64.const 2000))
             (f32.store offset={} (local.get 0) (f32.const 4))
             (f64.store offset={} (local.get 0) (f64.const 8))
             (i64.store8 offset={} (local.get 0) (i64.const 16))",
            address + 8,
            address + 16,
            address + 24,
            address + 32
        );
        let sum = format!(
            "(i32.add (i32.add (i32.load offset={address} (i32.const 4)) (i32.wrap_i64 (i64.load offset={} (i32.const 4))))
               (i32.add (i32.add (i32.trunc_f32_s (f32.load offset={} (i32.const 4))) (i32.trunc_f64_s (f64.load offset={} (i32.const 4))))
                 (i32.load8_u offset={} (i32.const 4))))",
            address + 8, address + 16, address + 24, address + 32
        );
        let check = format!("(call $write (i32.const 4)) (i32.eq {sum} (i32.const 3028))");
        module("", &check, &format!("(func $write (param i32) (local f64) {stores})"))
    };
    let mut rehearser = traced(&version(2048));
    assert_eq!(rehearsed(&mut rehearser, &version(5000)), (None, false));
}

#[test]
fn places_in_the_table_move_with_the_functions() {
    let version = |others: usize, wanted: u32| {
        let place = 64 + others;
        let fields = format!(
            "(type $answers (func (result i32)))
             (table 400 funcref)
             (elem (i32.const 64) {} $answer)
             (func $answer (result i32) (i32.const {wanted}))
             (func $other (result i32) (i32.const 99))
             (func $ask (param i32) (result i32) (call_indirect (type $answers) (local.get 0)))",
            "$other ".repeat(others)
        );
        let check = format!("(i32.eq (call $ask (i32.const {place})) (i32.const {wanted}))");
        module("", &check, &fields)
    };
    let mut rehearser = traced(&version(0, 70));
    assert_eq!(rehearsed(&mut rehearser, &version(5, 71)), (None, false));
    assert_eq!(rehearsed(&mut rehearser, &version(200, 90)), (None, false));
}

#[test]
fn a_function_that_differs_is_compiled_with_all_that_call_it() {
    let version = |inner: &str| {
        let fields = format!(
            "(func $inner (param i32) (result i32) {inner})
             (func $outer (param i32) (result i32) (i32.add (call $inner (local.get 0)) (i32.const 1)))
             (func $apart (result i32) (call $inner (i32.const 1)))"
        );
        module("", "(drop (call $apart)) (call $outer (i32.const 0))", &fields)
    };
    let mut rehearser = traced(&version("(local.get 0)"));
    assert_eq!(
        rehearsed(&mut rehearser, &version("(i32.mul (local.get 0) (local.get 0))")).0,
        None
    );
    let (failure, _) = rehearsed(&mut rehearser, &version("(i32.add (local.get 0) (i32.const 1))"));
    let failure = failure.expect("the new code was not run");
    assert!(failure.contains("`restore_state`"), "{failure}");
    let (failure, _) = rehearsed(&mut rehearser, &version("(unreachable)"));
    assert!(failure.is_some_and(|failure| failure.contains("`inner`")));
}

#[test]
fn an_endless_loop_in_new_code_is_reported_with_its_line() {
    let version = |inner: &str| {
        let fields = format!("(func $inner (result i32) {inner} (i32.const 1))");
        module("", "(call $inner)", &fields)
    };
    let mut rehearser = traced(&version("")).time_limit(Duration::from_millis(50));
    let mut endless = version("(loop $on (drop (i32.const 0x12345)) (br $on))");
    let looping = [0x03, 0x40, 0x41, 0xc5, 0xc6, 0x04];
    let at = endless.windows(looping.len()).position(|bytes| bytes == looping);
    let at = u32::try_from(at.expect("the loop")).expect("a short module");
    let row = |offset, line| Row { offset, place: Some((0, line)) };
    let files = vec!["src/lib.rs".to_owned()];
    let lines = Lines { files, rows: vec![row(0, 1), row(at, 7), row(at + 10, 9)] }.encode();
    let name = hmr_abi::lines::SECTION.as_bytes();
    for part in [
        &[0, 1 + name.len() + lines.len()].map(|part| u8::try_from(part).expect("short"))[..],
        &[9],
        name,
        &lines,
    ] {
        endless.extend_from_slice(part);
    }
    let (failure, _) = rehearsed(&mut rehearser, &endless);
    assert_eq!(failure.as_deref(), Some("ran for more than 50 ms in `inner` (src/lib.rs:7)"));
}

#[test]
fn a_trap_in_the_base_is_reported_with_its_function() {
    let version = |divisor: u32| {
        let front = "(func $first (result i32) (i32.const 70))";
        let fields =
            "(func $divide (param i32) (result i32) (i32.div_u (i32.const 6000) (local.get 0)))";
        let check = format!(
            "(drop (call $first)) (drop (call $divide (i32.load offset=2048 (i32.const 0)))) (i32.const 1) (data_is {divisor})"
        );
        let check = check.replace(&format!(" (data_is {divisor})"), "");
        let data = format!("(data (i32.const 2048) \"\\{divisor:02x}\\00\\00\\00\")");
        module(front, &check, &format!("{fields} {data}"))
    };
    let mut rehearser = traced(&version(3));
    assert_eq!(rehearsed(&mut rehearser, &version(2)), (None, false));
    let (failure, _) = rehearsed(&mut rehearser, &version(0));
    assert!(failure.is_some_and(|failure| failure.contains("divide by zero in `divide`")));
}

#[test]
fn code_that_no_rehearsal_called_before_is_found_all_the_same() {
    let version = |flag: u32| {
        let fields = format!(
            "(data (i32.const 2048) \"\\{flag:02x}\\00\\00\\00\")
             (type $answers (func (result i32)))
             (table 2 funcref)
             (elem (i32.const 0) $named $pointed)
             (func $named (result i32) (i32.const 1))
             (func $pointed (result i32) (i32.const 1))
             (func $choose (param i32) (result i32)
                (if (i32.eq (local.get 0) (i32.const 1)) (then (return (call $named))))
                (if (i32.eq (local.get 0) (i32.const 2)) (then (return (call_indirect (type $answers) (i32.const 1)))))
                (i32.const 1))"
        );
        module("", "(call $choose (i32.load offset=2048 (i32.const 0)))", &fields)
    };
    let mut rehearser = traced(&version(0));
    assert_eq!(rehearsed(&mut rehearser, &version(0)), (None, false));
    for flag in [1, 2] {
        let mut running = rehearser.prepare("counter", &version(flag)).expect("a module");
        assert_eq!(rehearser.misses(&mut running, SNAPSHOT), Some(true));
        // It passes, and asks for another trace.
        assert_eq!(rehearsed(&mut rehearser, &version(flag)), (None, true));
    }
    let version_1 = rehearser.prepare("counter", &version(1)).expect("a module");
    let trace = rehearser.trace(&version_1, SNAPSHOT, &[]).run().expect("it compiles");
    rehearser.add(trace);
    let mut running = rehearser.prepare("counter", &version(1)).expect("a module");
    assert_eq!(rehearser.misses(&mut running, SNAPSHOT), Some(false));
    assert_eq!(rehearsed(&mut rehearser, &version(1)), (None, false));
    // What was known before is not forgotten.
    assert_eq!(rehearsed(&mut rehearser, &version(0)), (None, false));
}

#[test]
fn modules_that_cannot_be_divided_are_rehearsed_whole() {
    let started = module(
        "(global $g (mut i32) (i32.const 0)) (start $begin) (func $begin (global.set $g (i32.const 1)))",
        "(global.get $g)",
        "",
    );
    let mut rehearser = traced(&started);
    assert_eq!(rehearsed(&mut rehearser, &started), (None, false));

    let plain = module("", "(i32.const 1)", "");
    let with_global =
        module("(global $g (mut i64) (i64.const 1))", "(i32.wrap_i64 (global.get $g))", "");
    let mut rehearser = traced(&plain);
    assert_eq!(rehearsed(&mut rehearser, &with_global), (None, false));
}
