//! The whole of a swap in the headless engine: migrations, hooks, probation and undo, prune, invalidation, budgets.

use std::cell::RefCell;
use std::rc::Rc;

use hmr_abi::ops::{Namespace, Op, root_of};
use hmr_headless::{EventKind, ModuleState, Page, PageEvent, Swap, SwapOutcome, SwapStep};
use hmr_tests::guests::{Guest, INSTANCE, VIEW};

const HTML: &str =
    r#"<main><hmr-component module="counter" component="Counter"></hmr-component></main>"#;

const WHOLE: [SwapStep; 9] = [
    SwapStep::Prepare,
    SwapStep::Quiesce,
    SwapStep::Capture,
    SwapStep::Instantiate,
    SwapStep::Migrate,
    SwapStep::Restore,
    SwapStep::Render,
    SwapStep::Commit,
    SwapStep::Probation,
];

const LOADING: [SwapStep; 5] = [
    SwapStep::Prepare,
    SwapStep::Instantiate,
    SwapStep::Render,
    SwapStep::Commit,
    SwapStep::Probation,
];

const UNDOING: [SwapStep; 5] =
    [SwapStep::Undo, SwapStep::Instantiate, SwapStep::Restore, SwapStep::Render, SwapStep::Commit];

fn open(guest: &Guest) -> Page {
    Page::builder().html(HTML).module("counter", guest.bytes()).open().expect("the page opens")
}

fn count(page: &Page) -> String {
    page.text("output").trim().to_owned()
}

fn add(page: &Page) {
    page.find("button.add").expect("the button").click().expect("it can be clicked");
}

fn committed(page: &Page, guest: &Guest) -> Swap {
    let swap = page.swap("counter", guest.bytes());
    assert!(swap.is_committed(), "{swap}");
    assert_eq!(swap.events, WHOLE);
    swap
}

fn logged(page: &Page, text: &str) -> usize {
    page.log().iter().filter(|line| line.text == text).count()
}

/// Instructions that write a line to the log, whose text follows its length at an address.
fn log(address: u32) -> String {
    format!(
        "(call $log (i32.const 1) (i32.const {}) (i32.load (i32.const {address})))",
        address + 4
    )
}

#[test]
fn loading_a_module_is_reported_like_a_swap() {
    let page = open(&Guest::counter(1));
    let swaps = page.swaps();
    assert_eq!(swaps.len(), 1);
    assert_eq!((swaps[0].outcome, &swaps[0].events[..]), (SwapOutcome::Committed, &LOADING[..]));
    assert_eq!(swaps[0].hash, hmr_build::hash_of(&Guest::counter(1).bytes()));
    let module = &page.modules()[0];
    assert_eq!((module.generation, module.state), (1, ModuleState::Running));
    assert_eq!(module.source.as_deref(), Some("counter.wat"));
}

#[test]
fn swaps_that_do_nothing_enter_no_step() {
    let page = open(&Guest::counter(1));
    let steps = Rc::new(RefCell::new(0));
    let count = Rc::clone(&steps);
    page.on(EventKind::Step, move |_| *count.borrow_mut() += 1);
    let none = |swap: Swap, outcome: SwapOutcome| {
        assert_eq!((swap.outcome, swap.events.len()), (outcome, 0), "{swap}");
        swap.error
    };
    none(page.swap("counter", Guest::counter(1).bytes()), SwapOutcome::Unchanged);
    let declining = Guest::counter(2)
        .manifest("abi\t1\ncomponent\tCounter\tc.wat\t1\ndecline\tCounter\tit draws\n");
    let error = none(page.swap("counter", declining.bytes()), SwapOutcome::Declined);
    assert!(error.expect("a reason").contains("`Counter` accepts no hot update: it draws"));
    page.find("hmr-component").expect("the component").remove().expect("it is there");
    none(page.swap("counter", declining.bytes()), SwapOutcome::NotMounted);
    none(page.swap("other", Guest::counter(2).bytes()), SwapOutcome::NotMounted);
    let error = none(page.swap("counter", b"garbage"), SwapOutcome::RolledBack);
    assert!(error.expect("a reason").contains("the bytes are no WebAssembly module"));
    assert_eq!(*steps.borrow(), 0);
    // The code that runs declines as well.
    page.append_html(HTML);
    none(page.swap("counter", Guest::counter(3).bytes()), SwapOutcome::Declined);
}

#[test]
fn a_module_that_could_not_be_started_is_loaded_by_a_swap() {
    let broken = Guest::counter(1).first("hmr_component:Counter", "unreachable");
    let page = open(&broken);
    assert_eq!(page.swaps()[0].outcome, SwapOutcome::RolledBack);
    assert_eq!(
        page.swaps()[0].events,
        [SwapStep::Prepare, SwapStep::Instantiate, SwapStep::Rollback]
    );
    let swap = page.swap("counter", Guest::counter(2).bytes());
    assert_eq!((swap.outcome, &swap.events[..]), (SwapOutcome::Committed, &LOADING[..]), "{swap}");
    add(&page);
    assert_eq!(count(&page), "2");
}

/// A migration that returns its argument: the argument is at 0x10000.
fn migrating(body: &str) -> Guest {
    Guest::counter(10).with(&format!(
        r#"(func (export "hmr_migrate") (param $at i32) (param $len i32) (result i32)
             {body}
             (i32.store (i32.const 0x20000) (local.get $len))
             (memory.copy (i32.const 0x20004) (local.get $at) (local.get $len))
             (i32.const 0x20000))"#
    ))
}

#[test]
fn a_migration_makes_the_state_that_is_restored() {
    let page = open(&Guest::counter(1));
    add(&page);
    // The count is the last but five bytes of the snapshot; it becomes 8.
    let eight = "(i32.store8 (i32.sub (i32.add (local.get $at) (local.get $len)) (i32.const 6)) (i32.const 56))";
    _ = committed(&page, &migrating(eight));
    assert_eq!(count(&page), "8");
}

#[test]
fn a_migration_that_fails_rolls_back() {
    let page = open(&Guest::counter(1));
    add(&page);
    let failing = Guest::counter(10)
        .text_at(0x8000, r#"{"error":"no way from 1 to 2"}"#)
        .with(r#"(func (export "hmr_migrate") (param i32 i32) (result i32) (i32.const 0x8000))"#);
    for (guest, why) in [
        (failing, "no way from 1 to 2"),
        (migrating("unreachable"), "unreachable"),
        (migrating("(return (i32.const -9))"), "outside of the memory"),
        (migrating("(i32.store8 (local.get $at) (i32.const 48))"), "no such JSON"),
    ] {
        let swap = page.swap("counter", guest.bytes());
        assert_eq!(
            (swap.outcome, swap.step),
            (SwapOutcome::RolledBack, Some(SwapStep::Migrate)),
            "{swap}"
        );
        let error = swap.error.expect("a reason");
        assert!(error.contains(why), "{error}");
    }
    add(&page);
    assert_eq!(count(&page), "2");
}

#[test]
fn the_transform_of_an_update_reaches_the_migration_or_else_the_restoring() {
    let page = open(&Guest::counter(1));
    // It logs its argument, and passes it on without the transform, which is first.
    let instructions =
        "(call $log (i32.const 1) (local.get $at) (local.get $len)) (return (i32.const 0))";
    let transform = r#"[{"op":"set","key":"count","value":3}]"#;
    let swap =
        page.swap_with("counter", migrating(instructions).bytes(), transform).expect("a transform");
    assert!(swap.is_committed(), "{swap}");
    let log = page.log();
    let argument = log.iter().find(|line| line.text.contains("transform")).expect("it was logged");
    assert!(
        argument.text.starts_with(&format!(r#"{{"abi":1,"transform":{transform}"#)),
        "{argument}"
    );
    let error = page.swap_with("counter", Guest::counter(2).bytes(), "{}").expect_err("no array");
    assert!(error.to_string().contains("no array of operations"), "{error}");
    // Code that does not migrate gets it with the state, and the counter reads what follows.
    let front = r#""transform":,"#.len() + transform.len();
    let instructions = format!(
        "(call $log (i32.const 1) (local.get $at) (local.get $len))
         (local.set $at (i32.add (local.get $at) (i32.const {front})))
         (local.set $len (i32.sub (local.get $len) (i32.const {front})))"
    );
    let other = Guest::counter(2).first("restore_state", &instructions);
    let swap = page.swap_with("counter", other.bytes(), transform).expect("a transform");
    assert!(swap.is_committed(), "{swap}");
    let arguments: Vec<_> =
        page.log().into_iter().filter(|line| line.text.contains(transform)).collect();
    assert_eq!(arguments.len(), 2, "{arguments:?}");
}

/// Old code whose hook counts 40 up, logs, and opens an interval.
fn hooked(after: &str) -> Guest {
    Guest::counter(1)
        .hooks()
        .text_at(0x8000, "before the update")
        .text_at(0x8100, r#"{"op":"open","instance":1,"key":"hooked","kind":"interval","args":{"ms":100},"handler":1}"#)
        .with(&format!(
            r#"(func (export "hmr_before_update") (result i32)
                 (local $answer i32)
                 (global.set $count (i32.add (global.get $count) (i32.const 40)))
                 (i32.store (i32.const 0x9000) (i32.const 77))
                 {}
                 (call $resource (i32.const 0x8104) (i32.load (i32.const 0x8100)))
                 (call $show)
                 {after}
                 (call $capture))
               (func $capture (result i32)
                 (call $write (i32.const {{count}}) (global.get $count)) (i32.const 0x600))
               (func (export "stored") (result i32) (i32.load (i32.const 0x9000)))"#,
            log(0x8000)
        ).replace("{count}", &snapshot_count().to_string()))
}

/// The position of the count in the snapshot of a guest with hooks.
fn snapshot_count() -> usize {
    let text = format!(
        r#"{{"abi":1,"hooks":true,"instances":[{{"instance":{:10},"component":"Counter","props":{{}},"signals":{{"count":{{"type":"i32","set":true,"value":"#,
        ""
    );
    0x604 + text.len()
}

#[test]
fn hooks_run_before_an_update_and_their_snapshot_counts() {
    let page = open(&hooked(""));
    add(&page);
    let shown = RefCell::new(String::new());
    let swap = page.swap_observed("counter", Guest::counter(10).bytes(), |step| {
        if step == SwapStep::Restore {
            *shown.borrow_mut() = count(&page);
            assert_eq!(logged(&page, "before the update"), 0, "it is held until nothing can fail");
        }
    });
    assert!(swap.is_committed(), "{swap}");
    assert_eq!(*shown.borrow(), "1", "operations of hooks are ignored");
    assert_eq!(count(&page), "41");
    assert_eq!(logged(&page, "before the update"), 1);
}

#[test]
fn a_rollback_restores_the_memory_of_the_old_code() {
    let page = open(&hooked(""));
    add(&page);
    let broken = Guest::counter(10).first("restore_state", "unreachable");
    let swap = page.swap("counter", broken.bytes());
    assert_eq!(
        (swap.outcome, swap.step),
        (SwapOutcome::RolledBack, Some(SwapStep::Restore)),
        "{swap}"
    );
    let stored = page.module("counter").expect("it is there").call("stored", &[]);
    assert_eq!(stored.expect("it is exported"), [0.into()], "what the hook wrote is undone");
    assert_eq!(logged(&page, "before the update"), 0);
    page.advance(std::time::Duration::from_secs(1));
    assert_eq!(count(&page), "1", "the hook's interval was dropped");
}

#[test]
fn hooks_that_trap_do_not_block_an_update() {
    let page = open(&hooked("unreachable"));
    add(&page);
    let swap =
        page.swap("counter", Guest::counter(10).first("restore_state", "unreachable").bytes());
    assert_eq!(swap.outcome, SwapOutcome::RolledBack);
    assert_eq!(page.traps().last().expect("a trap").during, "the hooks before the update");
    add(&page);
    assert_eq!(count(&page), "2", "the old code was started again");
    _ = committed(&page, &Guest::counter(10));
    assert_eq!(count(&page), "2");
}

#[test]
fn new_code_that_traps_on_probation_is_undone() {
    let page = open(&Guest::counter(1));
    add(&page);
    add(&page);
    let input = page.find("input").expect("the input");
    input.type_text("milk").expect("it takes text");
    let failing = Guest::counter(10).first(
        "hmr_dispatch",
        "(if (i32.gt_u (global.get $count) (i32.const 12)) (then unreachable))",
    );
    _ = committed(&page, &failing);
    assert_eq!(page.modules()[0].state, ModuleState::Probation);
    add(&page);
    add(&page);
    assert_eq!(count(&page), "22");
    assert!(page.undone().is_empty());
    add(&page);
    let undone = page.undone();
    assert_eq!(undone.len(), 1);
    assert_eq!((undone[0].outcome, &undone[0].events[..]), (SwapOutcome::Undone, &UNDOING[..]));
    assert_eq!(undone[0].hash, hmr_build::hash_of(&failing.bytes()));
    assert!(undone[0].error.as_ref().expect("a reason").contains("unreachable"));
    assert_eq!(count(&page), "2", "the state from before the swap is back");
    assert!(input.is_connected());
    assert_eq!(input.value().expect("a field"), "milk");
    add(&page);
    assert_eq!(count(&page), "3");
    let module = &page.modules()[0];
    assert_eq!(module.refused[0].hash, undone[0].hash);
    assert_eq!((module.generation, module.state), (3, ModuleState::Running));
    let outcomes: Vec<_> = page.swaps().iter().map(|swap| swap.outcome).collect();
    assert_eq!(outcomes, [SwapOutcome::Committed, SwapOutcome::Committed, SwapOutcome::Undone]);
}

#[test]
fn events_that_wait_when_new_code_traps_are_sent_to_the_old_code() {
    let page = open(&Guest::counter(1));
    let failing = Guest::counter(10).first("hmr_dispatch", "unreachable");
    let swap = page.swap_observed("counter", failing.bytes(), |step| {
        if step == SwapStep::Restore {
            add(&page);
            add(&page);
            add(&page);
        }
    });
    assert!(swap.is_committed(), "{swap}");
    assert_eq!(page.undone().len(), 1);
    assert_eq!(count(&page), "2", "the first click is what failed");
}

#[test]
fn after_probation_the_same_version_continues() {
    let page = open(&Guest::counter(1));
    let failing = Guest::counter(10).first(
        "hmr_dispatch",
        "(if (i32.gt_u (global.get $count) (i32.const 75)) (then unreachable))",
    );
    _ = committed(&page, &failing);
    for _ in 0..8 {
        add(&page);
    }
    assert_eq!(page.modules()[0].state, ModuleState::Running);
    add(&page);
    assert_eq!((page.undone(), page.traps().len()), (vec![], 1));
    assert_eq!(count(&page), "80", "the last good state");
    assert_eq!(page.stats().revived, 1);
}

/// A counter that is unhealthy while a condition is true.
fn unhealthy(condition: &str) -> Guest {
    let error =
        r#"{"instances":[{"instance":1,"component":"Counter","error":"the list is empty"}]}"#;
    Guest::counter(10).text_at(0x8000, error).with(&format!(
        r#"(func (export "hmr_health") (result i32)
             (if (result i32) {condition} (then (i32.const 0x8000)) (else (i32.const 0))))"#
    ))
}

#[test]
fn new_code_that_is_not_healthy_is_undone() {
    let page = open(&Guest::counter(1));
    add(&page);
    _ = committed(&page, &unhealthy("(i32.const 1)"));
    assert_eq!(page.undone().len(), 1);
    let error = page.undone()[0].error.clone().expect("a reason");
    assert!(error.contains("the instance 1 of `Counter`: the list is empty"), "{error}");
    add(&page);
    assert_eq!(count(&page), "2");
    assert!(page.traps().is_empty());
}

#[test]
fn health_is_checked_once_more_after_the_eighth_call() {
    let page = open(&Guest::counter(1));
    _ = committed(&page, &unhealthy("(i32.gt_u (global.get $count) (i32.const 15))"));
    for _ in 0..7 {
        add(&page);
    }
    assert_eq!((count(&page), page.undone().len()), ("70".into(), 0));
    add(&page);
    assert_eq!((count(&page), page.undone().len()), ("0".into(), 1));
    let trapping =
        Guest::counter(10).with(r#"(func (export "hmr_health") (result i32) unreachable)"#);
    _ = committed(&page, &trapping);
    assert_eq!(page.undone().len(), 2);
    assert_eq!(page.traps()[0].during, "the question for its health");
}

#[test]
fn a_component_that_an_update_removes_is_pruned_before_it_is_unmounted() {
    let element = [
        Op::CreateElement { id: 30, namespace: Namespace::Html, tag: "hmr-component" },
        Op::SetAttribute { id: 30, name: "module", value: "inner" },
        Op::SetAttribute { id: 30, name: "component", value: "Counter" },
        Op::Insert { parent: root_of(INSTANCE), child: 30, before: 0 },
    ];
    let outer = |with: bool| {
        let ops: Vec<_> =
            if with { VIEW.iter().chain(&element).copied().collect() } else { VIEW.into() };
        Guest::counter(1).view(&ops).bytes()
    };
    let inner = Guest::counter(1)
        .text_at(0x8000, "pruned")
        .text_at(0x8100, "unmounted")
        .with(&format!(r#"(func (export "hmr_prune") (param i32) {})"#, log(0x8000)))
        .first("hmr_unmount", &log(0x8100));
    let page = Page::builder()
        .html(HTML)
        .module("counter", outer(true))
        .module("inner", inner.bytes())
        .open()
        .expect("the page opens");
    assert_eq!(page.find_all("hmr-component").expect("a selector").len(), 2);
    let swap = page.swap("counter", outer(false));
    assert!(swap.is_committed(), "{swap}");
    let of_inner = || -> Vec<String> {
        let log = page.log().into_iter();
        log.filter(|line| line.module == "inner").map(|line| line.text).collect()
    };
    assert_eq!(of_inner(), ["pruned", "unmounted"]);
    // One that leaves for another reason is only unmounted.
    let swap = page.swap("counter", outer(true));
    assert!(swap.is_committed(), "{swap}");
    page.find("main").expect("the page").remove().expect("it is there");
    let back = "the state that `Counter` had in `counter.Counter#0 > inner.Counter#0` is taken up";
    assert_eq!(of_inner(), ["pruned", "unmounted", back, "unmounted"]);
}

/// A guest that invalidates an instance when a condition holds in an export.
fn invalidating(instance: u32, step: i32, export: &'static str, condition: &str) -> Guest {
    Guest::counter(step)
        .import(r#"(import "hmr" "invalidate" (func $invalidate (param i32 i32)))"#)
        .text_at(0x8000, &format!(r#"{{"instance":{instance},"reason":"the key has changed"}}"#))
        .with("(func $invalid (call $invalidate (i32.const 0x8004) (i32.load (i32.const 0x8000))))")
        .first(export, &format!("(if {condition} (then (call $invalid)))"))
}

#[test]
fn an_instance_that_invalidates_itself_is_mounted_again_without_its_state() {
    let page =
        open(&invalidating(1, 1, "hmr_dispatch", "(i32.eq (global.get $count) (i32.const 2))"));
    add(&page);
    add(&page);
    assert_eq!(count(&page), "2");
    let input = page.find("input").expect("the input");
    add(&page);
    assert_eq!(page.traps(), []);
    assert!(input.is_connected(), "nodes that are the same stay");
    // Its guest keeps the count in a global; a fresh mount shows what the global has.
    let problems = page.problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("went up to the page: the key has changed"), "{problems:?}");
}

#[test]
fn an_instance_that_invalidates_itself_each_time_is_mounted_again_once() {
    let page = open(&Guest::counter(1));
    let never = invalidating(1, 10, "restore_state", "(i32.const 1)");
    let swap = committed(&page, &never.first("hmr_mount", "(call $invalid)"));
    let reasons: Vec<_> =
        swap.invalidated.iter().map(|one| (one.instance, one.reason.as_str())).collect();
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert_eq!(reasons[0].1, "the key has changed");
    let again = page.log().iter().filter(|line| line.text.contains("left as it is")).count();
    assert_eq!(again, 1);
}

#[test]
fn invalidation_is_passed_to_the_parent_of_the_instance() {
    let element = [
        Op::CreateElement { id: 30, namespace: Namespace::Html, tag: "hmr-component" },
        Op::SetAttribute { id: 30, name: "module", value: "inner" },
        Op::SetAttribute { id: 30, name: "component", value: "Counter" },
        Op::Insert { parent: root_of(INSTANCE), child: 30, before: 0 },
    ];
    let ops: Vec<_> = VIEW.iter().chain(&element).copied().collect();
    let outer =
        Guest::counter(1).view(&ops).text_at(0x8000, "rendered").first("hmr_mount", &log(0x8000));
    let inner = invalidating(2, 1, "hmr_dispatch", "(i32.eq (global.get $count) (i32.const 1))");
    let page = Page::builder()
        .html(HTML)
        .module("counter", outer.bytes())
        .module("inner", inner.bytes())
        .open()
        .expect("the page opens");
    let buttons = page.find_all("button.add").expect("both");
    buttons[0].click().expect("the outer one");
    buttons[1].click().expect("the inner one").click().expect("again");
    assert_eq!(logged(&page, "rendered"), 2, "the outer one was rendered again");
    assert_eq!(page.texts("output")[0].trim(), "1", "with its state");
    assert_eq!(page.problems(), Vec::<String>::new());
}

#[test]
fn a_budget_that_is_spent_is_reported_with_the_function() {
    let spending = |function: &str| {
        Guest::counter(10)
            .with(
                r#"(global $budget (export "hmr_budget") (mut i32) (i32.const 0))
                   (func $spin (loop $round
                     (global.set $budget (i32.sub (global.get $budget) (i32.const 1)))
                     (if (i32.lt_s (global.get $budget) (i32.const 0)) (then unreachable))
                     (br $round)))"#,
            )
            .first("restore_state", function)
    };
    let page = Page::builder()
        .html(HTML)
        .module("counter", Guest::counter(1).bytes())
        .budget(1000)
        .open()
        .expect("the page opens");
    let swap = page.swap("counter", spending("(call $spin)").bytes());
    let error = swap.error.expect("a reason");
    assert!(error.contains("ran for too long in `spin`"), "{error}");
    // Other traps are reported as what they are.
    let swap = page.swap("counter", spending("unreachable").bytes());
    assert!(!swap.error.expect("a reason").contains("too long"));
    let swap = page.swap(
        "counter",
        Guest::counter(2).with(r#"(global (export "hmr_budget") i32 (i32.const 0))"#).bytes(),
    );
    assert!(swap.error.expect("a reason").contains("not `a mutable i32 global`"));
}

#[test]
fn optional_exports_of_another_type_are_refused() {
    let page = open(&Guest::counter(1));
    for export in ["hmr_before_update", "hmr_migrate", "hmr_health", "hmr_prune"] {
        let guest = Guest::counter(2).with(&format!("(func (export {export:?}) (param i64))"));
        let swap = page.swap("counter", guest.bytes());
        assert_eq!(swap.step, Some(SwapStep::Prepare));
        let error = swap.error.expect("a reason");
        assert!(error.contains(&format!("`{export}` is `(i64)`")), "{error}");
    }
}

#[test]
fn steps_are_reported_in_order_and_swaps_after_them() {
    let page = open(&Guest::counter(1));
    let events = Rc::new(RefCell::new(Vec::new()));
    let record = |kind| {
        let events = Rc::clone(&events);
        page.on(kind, move |event| {
            events.borrow_mut().push(match event {
                PageEvent::Step { step, .. } => step.to_string(),
                PageEvent::Swap(swap) => swap.to_string(),
                PageEvent::Update { next, prev } => {
                    format!("{} to {}", prev.generation, next.generation)
                }
                PageEvent::Trap(_) => "trap".to_owned(),
                other => format!("{other:?}"),
            });
        })
    };
    let steps = record(EventKind::Step);
    record(EventKind::Swap);
    record(EventKind::Update);
    _ = committed(&page, &Guest::counter(10));
    assert_eq!(
        *events.borrow(),
        [
            "prepare",
            "quiesce",
            "capture",
            "instantiate",
            "migrate",
            "restore",
            "render",
            "commit",
            "1 to 2",
            "probation",
            "counter: committed"
        ]
    );
    events.borrow_mut().clear();
    steps.cancel();
    record(EventKind::Trap);
    _ = committed(&page, &Guest::counter(20).first("hmr_dispatch", "unreachable"));
    add(&page);
    let events = events.borrow();
    assert_eq!(events[..3], ["2 to 3", "counter: committed", "trap"]);
    assert_eq!(events[3], "3 to 4");
    assert!(events[4].starts_with("counter: undone: "), "{events:?}");
}
