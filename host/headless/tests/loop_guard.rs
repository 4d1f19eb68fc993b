//! The effect of the loop guard on running code: code that ends works as before, endless code traps.

use wasmtime::{Engine, Instance, Linker, Module, Store, Trap};

/// A guarded module with these fields, and room for so many loop heads and calls.
struct Guarded {
    store: Store<()>,
    instance: Instance,
}

impl Guarded {
    fn new(fields: &str, budget: i32) -> Self {
        let text = format!(
            r#"(module
                (@custom "hmr.manifest" "abi\091\ncomponent\09C\09c.wat\091\n")
                (memory (export "memory") 1)
                (func (export "hmr_alloc") (param i32) (result i32) (i32.const 0))
                (func (export "hmr_mount") (param i32 i32) (result i32) (i32.const 0))
                (func (export "hmr_unmount") (param i32))
                (func (export "hmr_dispatch") (param i32 i32 i32) (result i32) (i32.const 0))
                (func (export "capture_state") (result i32) (i32.const 0))
                (func (export "restore_state") (param i32 i32) (result i32) (i32.const 0))
                (func (export "hmr_dispose"))
                {fields})"#
        );
        let bytes = wat::parse_str(text).expect("WebAssembly text");
        let bytes = hmr_build::prepare_guarded("c", &bytes).expect("a module").bytes;
        let engine = Engine::default();
        let module = Module::from_binary(&engine, &bytes).expect("it is valid");
        let mut store = Store::new(&engine, ());
        let instance =
            Linker::new(&engine).instantiate(&mut store, &module).expect("it is instantiated");
        let mut guarded = Self { store, instance };
        let global = guarded.global();
        global.set(&mut guarded.store, budget.into()).expect("the budget is mutable");
        guarded
    }

    fn global(&mut self) -> wasmtime::Global {
        let global = self.instance.get_global(&mut self.store, hmr_abi::exports::BUDGET);
        global.expect("the budget is exported")
    }

    fn budget(&mut self) -> i32 {
        self.global().get(&mut self.store).i32().expect("an `i32`")
    }

    /// Calls `run`; nothing if the guard made it trap.
    fn run(&mut self, argument: i32) -> Option<i32> {
        let run = self.instance.get_typed_func::<i32, i32>(&mut self.store, "run");
        match run.expect("it has `run`").call(&mut self.store, argument) {
            Ok(answer) => Some(answer),
            Err(error) => {
                let trap = error.downcast_ref::<Trap>();
                assert_eq!(trap, Some(&Trap::UnreachableCodeReached), "{error:?}");
                assert!(self.budget() < 0, "only the guard traps here");
                None
            }
        }
    }
}

const FIBONACCI: &str = r#"
    (func $fib (export "run") (param i32) (result i32)
        (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
            (then (local.get 0))
            (else (i32.add
                (call $fib (i32.sub (local.get 0) (i32.const 1)))
                (call $fib (i32.sub (local.get 0) (i32.const 2)))))))"#;

#[test]
fn an_endless_loop_traps() {
    let mut guarded = Guarded::new(
        r#"(func (export "run") (param i32) (result i32) (loop (br 0)) (unreachable))"#,
        1000,
    );
    assert_eq!(guarded.run(0), None);
    assert_eq!(guarded.budget(), -1);
}

#[test]
fn recursion_that_never_gets_deep_traps_too() {
    let mut guarded = Guarded::new(FIBONACCI, 1_000_000);
    assert_eq!(guarded.run(40), None);
}

#[test]
fn code_that_ends_in_time_does_what_it_did() {
    let mut guarded = Guarded::new(FIBONACCI, 100_000);
    assert_eq!(guarded.run(15), Some(610));
    assert_eq!(guarded.budget(), 100_000 - 1973, "one for each call");
}

#[test]
fn functions_that_call_each_other_trap() {
    let fields = r#"
        (func $even (param i32) (result i32) (call $odd (local.get 0)) (return (call $odd (i32.const 0))))
        (func $odd (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (call $even (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 1))))
        (func (export "run") (param i32) (result i32) (call $even (local.get 0)))"#;
    assert!(Guarded::new(fields, 10_000).run(20).is_some(), "short ways end");
    assert_eq!(Guarded::new(fields, 20).run(500), None);
}

#[test]
fn loops_behind_a_table_are_guarded() {
    let fields = r#"
        (table 1 funcref) (elem (i32.const 0) $closure)
        (func $closure (param i32) (result i32) (loop (br_if 0 (local.get 0))) (i32.const 7))
        (func (export "run") (param i32) (result i32)
            (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0)))"#;
    assert_eq!(Guarded::new(fields, 1000).run(0), Some(7));
    assert_eq!(Guarded::new(fields, 1000).run(1), None);
}

#[test]
fn branches_out_of_nested_blocks_lead_where_they_led() {
    // Counts the primes below the argument, with branches of several depths and a block that has a result.
    let fields = r#"
        (func (export "run") (param $end i32) (result i32)
            (local $n i32) (local $d i32) (local $found i32)
            (local.set $n (i32.const 2))
            (block $done
                (loop $numbers
                    (br_if $done (i32.ge_u (local.get $n) (local.get $end)))
                    (local.set $d (i32.const 2))
                    (local.set $found (i32.add (local.get $found)
                        (block $told (result i32)
                            (loop $divisors
                                (drop (br_if $told (i32.const 1) (i32.ge_u (local.get $d) (local.get $n))))
                                (drop (br_if $told (i32.const 0)
                                    (i32.eqz (i32.rem_u (local.get $n) (local.get $d)))))
                                (local.set $d (i32.add (local.get $d) (i32.const 1)))
                                (br $divisors))
                            (unreachable))))
                    (local.set $n (i32.add (local.get $n) (i32.const 1)))
                    (br $numbers)))
            (local.get $found))"#;
    assert_eq!(Guarded::new(fields, 100_000).run(100), Some(25));
}
