//! A developer's operations on the modules of a headless page: history, saved snapshots, proxies, wrappers, measurements.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use hmr_headless::{
    CallError, EventKind, ExecuteError, Execution, LogLevel, ModuleState, NamedSnapshot, Page,
    PageError, SwapOutcome, SwapStep, Value, execute,
};
use hmr_tests::guests::Guest;
use serde_json::json;

const HTML: &str =
    r#"<main><hmr-component module="counter" component="Counter"></hmr-component></main>"#;

const TRAVEL: [SwapStep; 6] = [
    SwapStep::Quiesce,
    SwapStep::Capture,
    SwapStep::Instantiate,
    SwapStep::Restore,
    SwapStep::Render,
    SwapStep::Commit,
];

fn open(guest: &Guest) -> Page {
    Page::builder().html(HTML).module("counter", guest.bytes()).open().expect("the page opens")
}

fn count(page: &Page) -> String {
    page.text("output").trim().to_owned()
}

fn add(page: &Page) {
    page.find("button.add").expect("the button").click().expect("it can be clicked");
}

#[test]
fn a_module_steps_back_and_forth_through_its_states() {
    let page = open(&Guest::counter(1));
    for _ in 0..3 {
        add(&page);
    }
    let len = || page.history("counter").expect("a module").len();
    assert_eq!(len(), 4);
    let swap = page.step("counter", -1).expect("it is there");
    assert_eq!((swap.outcome, &swap.events[..]), (SwapOutcome::Committed, &TRAVEL[..]), "{swap}");
    assert_eq!(count(&page), "2");
    _ = page.step("counter", -1).expect("it is there");
    assert_eq!((count(&page), len()), ("1".into(), 4));
    _ = page.step("counter", 1).expect("it is there");
    assert_eq!((count(&page), len()), ("2".into(), 4));
    _ = page.go_to("counter", 0).expect("it is there");
    assert_eq!(count(&page), "0");
    let error = page.step("counter", -1).expect_err("it is the first");
    assert!(error.to_string().contains("has no state -1: it has 4"), "{error}");
    // A new change drops the later states.
    add(&page);
    assert_eq!((len(), page.history_index("counter").expect("a module")), (2, 1));
    assert!(page.step("counter", 1).is_err());
    assert!(page.history("other").is_err());
}

#[test]
fn equal_states_are_kept_once_and_fifty_at_most() {
    let page = open(&Guest::counter(1));
    page.find("input").expect("the input").type_text("nothing of it").expect("it takes text");
    let swap = page.swap("counter", Guest::counter(2).bytes());
    assert!(swap.is_committed(), "{swap}");
    assert_eq!(page.history("counter").expect("a module").len(), 1);
    for _ in 0..60 {
        add(&page);
    }
    assert_eq!(page.history("counter").expect("a module").len(), 50);
    assert_eq!(page.history_index("counter").expect("a module"), 49);
    _ = page.go_to("counter", 0).expect("it is there");
    assert_eq!(count(&page), "22");
}

#[test]
fn a_saved_snapshot_reaches_another_page() {
    let page = open(&Guest::counter(1));
    add(&page);
    add(&page);
    let saved = page.save_snapshot("two clicks").expect("it can be captured");
    let text = saved.to_json().expect("JSON");
    assert!(
        text.starts_with(r#"{"hmr":1,"name":"two clicks","modules":[{"module":"counter","hash":""#)
    );

    let other = Page::builder()
        .html(r#"<hmr-component></hmr-component><hmr-component module="counter" component="Counter"></hmr-component>"#)
        .module("counter", Guest::counter(5).bytes())
        .open()
        .expect("the page opens");
    let swaps = other.load_snapshot(&NamedSnapshot::from_json(&text).expect("it is one"));
    let swaps = swaps.expect("nothing is being swapped");
    // It is of another version, so it is migrated.
    assert!(swaps[0].is_committed() && swaps[0].events.contains(&SwapStep::Migrate), "{swaps:?}");
    assert_eq!(count(&other), "2");
    add(&other);
    assert_eq!(count(&other), "7");

    let wrong = NamedSnapshot::from_json(&text.replacen("\"hmr\":1", "\"hmr\":2", 1));
    assert!(wrong.expect_err("a later format").to_string().contains("version 2 of the format"));
    assert!(matches!(NamedSnapshot::from_json("[]"), Err(PageError::Saved(_))));
    let empty = Page::builder().open().expect("the page opens");
    assert_eq!(empty.load_snapshot(&saved), Ok(vec![]));
}

#[test]
fn a_proxy_reaches_the_version_that_runs() {
    let add_up = |times: i32| {
        Guest::counter(1).with(&format!(
            r#"(func (export "mix") (param i32 i64 f32 f64) (result f64)
                 (f64.mul (f64.const {times})
                   (f64.add (f64.add (f64.convert_i32_s (local.get 0)) (f64.convert_i64_s (local.get 1)))
                     (f64.add (f64.promote_f32 (local.get 2)) (local.get 3)))))
               (func (export "raise") (global.set $count (i32.const 30)) (call $show))
               (func (export "fail") unreachable)"#
        ))
    };
    let page = open(&add_up(1));
    let proxy = page.module("counter").expect("it is there");
    let params = [1.into(), 2_i64.into(), 3.5_f32.into(), 4.0_f64.into()];
    assert_eq!(proxy.call("mix", &params), Ok(vec![Value::F64(10.5)]));
    let swap = page.swap("counter", add_up(2).bytes());
    assert!(swap.is_committed(), "{swap}");
    assert_eq!(proxy.call("mix", &params), Ok(vec![Value::F64(21.0)]));
    assert_eq!(proxy.call("raise", &[]), Ok(vec![]));
    assert_eq!(count(&page), "30", "its operations were applied");
    for (export, params, why) in [
        ("none", &[][..], "does not export a function `none`"),
        ("raise", &[Value::I32(1)], "takes (), and was called with (i32)"),
        ("mix", &[Value::I32(1)], "takes (i32, i64, f32, f64)"),
    ] {
        let error = proxy.call(export, params).expect_err("it cannot be called");
        assert!(error.to_string().contains(why), "{error}");
    }
    assert!(page.traps().is_empty(), "a call that cannot be made is not a trap");
    assert!(proxy.call("fail", &[]).expect_err("it traps").to_string().contains("unreachable"));
    assert_eq!(page.undone().len(), 1, "it was on probation");
    assert!(matches!(page.module("other"), Err(PageError::NoModule(_))));
}

#[test]
fn a_module_is_reloaded_and_rolled_back_with_its_state() {
    let page = open(&Guest::counter(1));
    assert!(matches!(page.rollback("counter"), Err(PageError::NoPrevious(_))));
    add(&page);
    let swap = page.reload("counter").expect("it is there");
    assert!(swap.is_committed(), "{swap}");
    let swap = page.swap("counter", Guest::counter(10).bytes());
    assert!(swap.is_committed(), "{swap}");
    add(&page);
    let swap = page.rollback("counter").expect("there is one before");
    assert!(swap.is_committed(), "{swap}");
    add(&page);
    assert_eq!(count(&page), "12");
    let module = &page.modules()[0];
    assert_eq!(module.generation, 4);
    assert_eq!(module.keys[&1].iter().collect::<Vec<_>>(), ["count"]);
    assert_eq!(module.previous_keys, module.keys);
    assert_eq!(module.state, ModuleState::Probation);
    assert_eq!(page.stats().committed, 4);
    assert!(page.reload("other").is_err());
    let swap = page.restart("counter").expect("it is there");
    assert!(swap.is_committed(), "{swap}");
    assert_eq!(count(&page), "0", "the state is left behind");
}

#[test]
fn updates_are_reported_with_both_sides() {
    let page = open(&Guest::counter(1));
    let events = Rc::new(RefCell::new(Vec::new()));
    let log = Rc::clone(&events);
    let inside = page.clone();
    let subscription = page.on_module_update("counter", move |next, prev| {
        // A listener may use the page.
        assert_eq!(inside.modules()[0].name, "counter");
        log.borrow_mut().push((prev.generation, next.generation, prev.hash != next.hash));
    });
    _ = page.swap("counter", Guest::counter(2).bytes());
    _ = page.reload("counter");
    subscription.cancel();
    _ = page.swap("counter", Guest::counter(3).bytes());
    assert_eq!(*events.borrow(), [(1, 2, true), (2, 3, false)]);
}

#[test]
fn wrappers_apply_to_exports_in_all_versions() {
    let page = open(&Guest::counter(1));
    let calls = Rc::new(Cell::new(0));
    let counted = Rc::clone(&calls);
    let patch = page.patch_function("counter", "hmr_dispatch", move |original, params| {
        counted.set(counted.get() + 1);
        original.call(params)?;
        original.call(params)
    });
    let patch = patch.expect("it is there");
    add(&page);
    assert_eq!((count(&page), calls.get()), ("2".into(), 1));
    let swap = page.swap("counter", Guest::counter(10).bytes());
    assert!(swap.is_committed(), "{swap}");
    add(&page);
    assert_eq!((count(&page), calls.get()), ("22".into(), 2));
    let outer = page
        .patch_function("counter", "hmr_dispatch", |_, _| Ok(vec![Value::I32(4)]))
        .expect("it is there");
    add(&page);
    assert_eq!((count(&page), calls.get()), ("22".into(), 2), "the outer one calls nothing");
    outer.rollback();
    patch.rollback();
    add(&page);
    assert_eq!(count(&page), "32");
}

#[test]
fn a_wrapper_that_refuses_or_answers_nonsense_counts_as_a_trap() {
    for answer in [Err(CallError::new("not today")), Ok(vec![Value::F64(1.0)]), Ok(vec![])] {
        let page = open(&Guest::counter(1));
        let result = answer.clone();
        let patch = page
            .patch_function("counter", "hmr_dispatch", move |_, _| result.clone())
            .expect("it is there");
        add(&page);
        assert_eq!(page.traps().len(), 1, "{answer:?}");
        patch.rollback();
        add(&page);
        assert_eq!(count(&page), "1");
    }
    // A trap of the code remains one, regardless of the wrapper's result.
    let page = open(&Guest::counter(1).first("hmr_dispatch", "unreachable"));
    let hide = page.patch_function("counter", "hmr_dispatch", |original, params| {
        Ok(original.call(params).unwrap_or_else(|_| vec![Value::I32(0)]))
    });
    assert!(hide.is_ok());
    add(&page);
    assert_eq!(page.traps().len(), 1);
}

#[test]
fn calls_are_measured_until_the_profile_is_stopped() {
    let page = open(&Guest::counter(1).with(r#"(func (export "fail") unreachable)"#));
    let profile = page.profile("counter").expect("it is there");
    add(&page);
    add(&page);
    let dispatched = profile.metrics()["hmr_dispatch"];
    assert_eq!((dispatched.calls, dispatched.errors), (2, 0));
    assert!(dispatched.own <= dispatched.total && dispatched.total > Duration::ZERO);
    let proxy = page.module("counter").expect("it is there");
    assert!(proxy.call("fail", &[]).is_err());
    let metrics = profile.stop();
    assert_eq!((metrics["fail"].calls, metrics["fail"].errors), (1, 1));
    let before = page.stats().calls;
    add(&page);
    assert!(page.stats().calls > before);
    let ended = page.profile("counter").expect("it is there");
    page.cleanup();
    add(&page);
    assert!(ended.metrics().is_empty());
}

#[test]
fn code_that_has_become_slower_is_reported() {
    let page = open(&Guest::counter(1));
    for _ in 0..20 {
        add(&page);
    }
    let slow = "(local $round i32) (loop $rounds
        (local.set $round (i32.add (local.get $round) (i32.const 1)))
        (br_if $rounds (i32.lt_u (local.get $round) (i32.const 30000000))))";
    let slow = Guest::counter(1)
        .with(&format!("(func $slow {slow})"))
        .first("hmr_dispatch", "(call $slow)");
    let swap = page.swap("counter", slow.bytes());
    assert!(swap.is_committed(), "{swap}");
    for _ in 0..19 {
        add(&page);
    }
    assert_eq!(page.warnings(), []);
    for _ in 0..2 {
        add(&page);
    }
    let warnings = page.warnings();
    assert_eq!(warnings.len(), 1);
    assert_eq!((warnings[0].export.as_str(), warnings[0].calls), ("hmr_dispatch", 20));
    assert!(warnings[0].after > 2.0 * warnings[0].before);
    assert!(warnings[0].to_string().contains("times slower than before the swap"));
}

#[test]
fn cleanup_removes_listeners_and_wrappers() {
    let page = open(&Guest::counter(1));
    let events = Rc::new(Cell::new(0));
    let log = Rc::clone(&events);
    page.on(EventKind::Swap, move |_| log.set(log.get() + 1));
    page.patch_function("counter", "hmr_dispatch", |_, _| Ok(vec![Value::I32(0)]))
        .expect("it is there");
    page.cleanup();
    _ = page.reload("counter").expect("it is there");
    add(&page);
    assert_eq!((events.get(), count(&page)), (0, "1".into()));
}

fn run(text: &str, execution: &Execution) -> Result<serde_json::Value, ExecuteError> {
    let ran = execute(&wat::parse_str(text).expect("it is WebAssembly"), execution)?;
    assert_eq!(ran.logs, []);
    Ok(ran.value)
}

#[test]
fn a_module_that_is_executed_has_the_imports_of_the_abi() {
    let text = r#"(module
        (import "hmr" "log" (func $log (param i32 i32 i32))) (import "hmr" "now" (func $now (result f64)))
        (import "hmr" "dom" (func $dom (param i32 i32)))
        (memory (export "memory") 1) (data (i32.const 8) "checked")
        (func (export "run") (result f64)
          (call $log (i32.const 2) (i32.const 8) (i32.const 7)) (call $dom (i32.const 8) (i32.const 7))
          (call $now)))"#;
    let bytes = wat::parse_str(text).expect("it is WebAssembly");
    let ran = execute(&bytes, &Execution::default()).expect("it runs");
    assert_eq!(ran.logs, [(LogLevel::Warn, "checked".to_owned())]);
    assert!(ran.value.as_f64().is_some_and(|now| now > 1e12), "{}", ran.value);
}

#[test]
fn a_proxy_reads_and_writes_the_memory_and_lists_the_exports() {
    let page =
        open(&Guest::counter(1).with(
            r#"(func (export "first") (param i32) (result i32) (i32.load8_u (local.get 0)))"#,
        ));
    let module = page.module("counter").expect("it is there");
    assert!(module.exports().expect("it runs").iter().any(|name| name == "first"));
    module.write(60_000, &[7, 8]).expect("there is room");
    assert_eq!(module.read(60_001, 1), Ok(vec![8]));
    assert_eq!(module.call("first", &[Value::I32(60_000)]), Ok(vec![Value::I32(7)]));
    let outside = module.write(u32::MAX, &[1]).expect_err("there is no room").to_string();
    assert!(outside.contains("outside of the memory of `counter`"), "{outside}");
}

#[test]
fn a_module_is_executed_on_its_own() {
    let number = |ty: &str, body: &str| {
        run(
            &format!(r#"(module (func (export "run") (result {ty}) {body}))"#),
            &Execution::default(),
        )
    };
    assert_eq!(number("i32", "i32.const -7"), Ok(json!(-7)));
    assert_eq!(number("i64", "i64.const 9007199254740993"), Ok(json!(9_007_199_254_740_993_i64)));
    assert_eq!(number("f64", "f64.const 0.5"), Ok(json!(0.5)));
    assert!(matches!(number("f64", "f64.const nan"), Err(ExecuteError::Failed(_))));
    // Hands its argument back, behind its length.
    let echo = r#"(module (memory (export "memory") 1)
        (func (export "hmr_alloc") (param i32) (result i32)
          (i32.store (i32.const 8) (local.get 0)) (i32.const 12))
        (func (export "run") (param i32 i32) (result i32) (i32.sub (local.get 0) (i32.const 4))))"#;
    let context = json!({"title": "Ideas", "n": [1, 2.5, null]});
    let execution = Execution { context: context.clone(), ..Execution::default() };
    assert_eq!(run(echo, &execution), Ok(context));
}

#[test]
fn what_cannot_be_executed_reports_why() {
    let plain = Execution { limit: Duration::from_millis(100), ..Execution::default() };
    let import = r#"(module (import "env" "now" (func (result f64))) (func (export "run")))"#;
    assert!(matches!(run(import, &plain), Err(ExecuteError::Import { .. })));
    assert!(matches!(run("(module)", &plain), Err(ExecuteError::Exports(_))));
    assert!(matches!(execute(b"garbage", &plain), Err(ExecuteError::Invalid(_))));
    for (body, why) in
        [("(loop (br 0)) (i32.const 0)", "took longer than 100 ms"), ("unreachable", "unreachable")]
    {
        let text = format!(r#"(module (func (export "run") (result i32) {body}))"#);
        let error = run(&text, &plain).expect_err("it fails").to_string();
        assert!(error.contains(why), "{error}");
    }
    let nothing = r#"(module (func (export "run")))"#;
    assert!(run(nothing, &plain).expect_err("no number").to_string().contains("one finite number"));
    let takes = r#"(module (func (export "run") (param i32) (result i32) (local.get 0)))"#;
    assert!(run(takes, &plain).expect_err("a parameter").to_string().contains("takes (i32)"));
    let memory = r#"(module (memory (export "memory") 1)
        (func (export "run") (result i32) (memory.grow (i32.const 100))))"#;
    let small = Execution { memory: 1 << 20, ..Execution::default() };
    assert_eq!(run(memory, &small), Ok(json!(-1)), "its memory may not grow so far");
}
