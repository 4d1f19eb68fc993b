//! The headless engine with modules that no compiler made: what a swap keeps, and what a broken one must not touch.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::time::Duration;

use hmr_abi::ops::{Namespace, Op, root_of};
use hmr_headless::{LogLevel, Page, ResourceOutcome, Swap, SwapOutcome, SwapStep};
use hmr_tests::guests::{ADD, COUNT, Guest, INSTANCE, VIEW};

const HTML: &str =
    r#"<main><hmr-component module="counter" component="Counter"></hmr-component></main>"#;

fn open(guest: &Guest) -> Page {
    Page::builder().html(HTML).module("counter", guest.bytes()).open().expect("the page opens")
}

fn count(page: &Page) -> String {
    page.text("output").trim().to_owned()
}

fn add(page: &Page) {
    page.find("button.add").expect("the button").click().expect("it can be clicked");
}

/// Swaps and expects a rollback in `step` that leaves the old code counting; the answer is why.
fn rolled_back(page: &Page, bytes: &[u8], step: SwapStep) -> String {
    let before: u32 = count(page).parse().expect("a count");
    let input = page.find("input").expect("the input");
    let swap = page.swap("counter", bytes);
    assert_eq!((swap.outcome, swap.step), (SwapOutcome::RolledBack, Some(step)), "{swap}");
    assert_eq!(swap.events.last(), Some(&SwapStep::Rollback));
    assert!(input.is_connected());
    add(page);
    assert_eq!(count(page), (before + 1).to_string(), "the old code counts on");
    assert_eq!(page.traps(), []);
    swap.error.expect("a reason")
}

fn broken(export: &'static str, instructions: &str) -> Vec<u8> {
    Guest::counter(10).first(export, instructions).bytes()
}

#[test]
fn a_swap_keeps_state_form_values_and_focus() {
    let page = open(&Guest::counter(1));
    add(&page);
    add(&page);
    let input = page.find("input").expect("the input");
    input.type_text("milk").expect("it takes text").select_range(1, 3).expect("it has text");
    input.scroll_to(0.0, 120.0).expect("it scrolls");
    let swap = page.swap("counter", Guest::counter(10).bytes());
    assert_eq!(swap.outcome, SwapOutcome::Committed, "{swap}");
    assert_eq!(
        swap.events,
        [
            SwapStep::Prepare,
            SwapStep::Quiesce,
            SwapStep::Capture,
            SwapStep::Instantiate,
            SwapStep::Migrate,
            SwapStep::Restore,
            SwapStep::Render,
            SwapStep::Commit,
            SwapStep::Probation
        ]
    );
    assert_eq!(swap.report.expect("a report").instances.len(), 1);
    assert_eq!(count(&page), "2");
    assert!(input.is_connected() && input.is_focused());
    assert_eq!(input.value().expect("it is a field"), "milk");
    assert_eq!((input.selection(), input.scroll()), ((1, 3), (0.0, 120.0)));
    add(&page);
    assert_eq!(count(&page), "12");
    assert_eq!((page.traps(), page.problems()), (vec![], vec![]));
}

#[test]
fn bytes_that_are_not_a_module_are_refused_before_anything_is_changed() {
    let page = open(&Guest::counter(1));
    let prepare = SwapStep::Prepare;
    let error = rolled_back(&page, b"\0asm garbage", prepare);
    assert!(error.contains("not a valid wasm module"), "{error}");
    let cut = Guest::counter(2).bytes();
    rolled_back(&page, &cut[..cut.len() / 2], prepare);
    let error = rolled_back(&page, &Guest::counter(2).without("restore_state").bytes(), prepare);
    assert!(error.contains("does not export `restore_state`"), "{error}");
    let error = rolled_back(&page, &Guest::counter(2).manifest("abi\t2\n").bytes(), prepare);
    assert!(error.contains("version 2 of the ABI"), "{error}");
    let error = rolled_back(&page, &Guest::counter(2).manifest("").bytes(), prepare);
    assert!(error.contains("does not state an ABI version"), "{error}");
    let wrong = Guest::counter(2)
        .without("hmr_unmount")
        .with(r#"(func (export "hmr_unmount") (param i64))"#);
    let error = rolled_back(&page, &wrong.bytes(), prepare);
    assert!(error.contains("`hmr_unmount` is `(i64)`, not `(i32)`"), "{error}");
    let memory = Guest::counter(2).without("memory").with(r#"(func (export "memory"))"#);
    rolled_back(&page, &memory.bytes(), prepare);
}

#[test]
fn an_import_that_no_engine_has_is_refused() {
    let page = open(&Guest::counter(1));
    let foreign = wat::parse_str(
        r#"(module (@custom "hmr.manifest" "abi\091\n") (import "env" "fetch" (func (param i32))))"#,
    )
    .expect("it is WebAssembly");
    rolled_back(&page, &foreign, SwapStep::Prepare);
}

#[test]
fn a_failing_instantiate_leaves_the_old_code_working() {
    let page = open(&Guest::counter(1));
    let instantiate = SwapStep::Instantiate;
    rolled_back(&page, &broken("hmr_component:Counter", "unreachable"), instantiate);
    let grown = Guest::counter(2).with("(func $start unreachable) (start $start)");
    rolled_back(&page, &grown.bytes(), instantiate);
}

#[test]
fn a_failing_restore_leaves_the_old_code_working() {
    let page = open(&Guest::counter(1));
    let restore = SwapStep::Restore;
    let breaks = [
        "unreachable",
        // It rendered and made requests before it trapped.
        "(call $render) unreachable",
        "(call $dom (i32.const -1) (i32.const 100))",
        "(call $dom (i32.const 0) (i32.const -1))",
        "(call $log (i32.const 0) (i32.const 0x7fffffff) (i32.const 0x7fffffff))",
        "(call $resource (i32.const 0) (i32.const 4))",
        "(call $dom (i32.const 65536) (i32.const 4))",
        "(return (i32.const -1))",
        "(return (i32.const 65536))",
        "(return (i32.const 0))",
        "(drop (i32.load (i32.const -4)))",
        "(drop (i32.div_s (i32.const 1) (i32.const 0)))",
    ];
    for instructions in breaks {
        rolled_back(&page, &broken("restore_state", instructions), restore);
    }
    rolled_back(&page, &broken("hmr_alloc", "(return (i32.const -8))"), restore);
    rolled_back(&page, &broken("hmr_alloc", "unreachable"), restore);
    let deep =
        Guest::counter(2).with("(func $deep (call $deep))").first("restore_state", "(call $deep)");
    rolled_back(&page, &deep.bytes(), restore);
}

#[test]
fn invalid_operations_roll_back() {
    let page = open(&Guest::counter(1));
    let element = Op::CreateElement { id: 1, namespace: Namespace::Html, tag: "p" };
    let batches: [&[Op<'_>]; 9] = [
        &[Op::SetText { id: 77, text: "x" }],
        &[element, element],
        &[Op::CreateElement { id: 1, namespace: Namespace::Html, tag: "a b" }],
        &[element, Op::Insert { parent: 1, child: 1, before: 0 }],
        &[element, Op::Insert { parent: root_of(9), child: 1, before: 0 }],
        &[element, Op::Insert { parent: root_of(INSTANCE), child: root_of(INSTANCE), before: 0 }],
        &[element, Op::SetText { id: 1, text: "x" }],
        &[element, Op::SetProperty { id: 1, name: "value", json: "{" }],
        &[Op::CreateMarker { id: 0 }],
    ];
    for ops in batches {
        rolled_back(&page, &Guest::counter(2).view(ops).bytes(), SwapStep::Restore);
    }
    for bytes in [&[99][..], &[1, 1, 0, 0, 0], &[9, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]] {
        rolled_back(&page, &Guest::counter(2).batch(bytes).bytes(), SwapStep::Restore);
    }
    let mut deep = vec![element];
    for id in 2..=2000 {
        deep.push(Op::CreateElement { id, namespace: Namespace::Html, tag: "p" });
        deep.push(Op::Insert { parent: id, child: id - 1, before: 0 });
    }
    let error = rolled_back(&page, &Guest::counter(2).view(&deep).bytes(), SwapStep::Restore);
    assert!(error.contains("too deep"), "{error}");
}

#[test]
fn an_endless_loop_is_cut() {
    let page = Page::builder()
        .html(HTML)
        .module("counter", Guest::counter(1).bytes())
        .call_limit(Duration::from_millis(200))
        .open()
        .expect("the page opens");
    let error = rolled_back(&page, &broken("restore_state", "(loop (br 0))"), SwapStep::Restore);
    assert!(error.contains("took longer than 200 ms"), "{error}");
    rolled_back(&page, &broken("hmr_component:Counter", "(loop (br 0))"), SwapStep::Instantiate);
    // A loop that hands something over each time fills the host's memory no more than one that does not.
    let flood = "(loop (call $log (i32.const 0) (i32.const 0) (i32.const 65536)) (br 0))";
    rolled_back(&page, &broken("restore_state", flood), SwapStep::Restore);
}

#[test]
fn memory_that_grows_without_end_is_cut() {
    let page = Page::builder()
        .html(HTML)
        .module("counter", Guest::counter(1).bytes())
        .memory_limit(1 << 20)
        .open()
        .expect("the page opens");
    let grow = "(if (i32.eq (memory.grow (i32.const 1000)) (i32.const -1)) (then unreachable))";
    rolled_back(&page, &broken("restore_state", grow), SwapStep::Restore);
}

#[test]
fn a_trap_starts_the_module_again_with_its_last_good_state() {
    let trapping = "(if (i32.eq (global.get $count) (i32.const 2)) (then (global.set $count (i32.const 99)) unreachable))";
    let page = open(&Guest::counter(1).first("hmr_dispatch", trapping));
    let input = page.find("input").expect("the input");
    input.type_text("milk").expect("it takes text");
    for _ in 0..3 {
        add(&page);
    }
    assert_eq!(page.traps().len(), 1);
    assert_eq!(page.traps()[0].during, "a `click` handler");
    assert_eq!(count(&page), "2");
    assert!(input.is_connected() && input.value().expect("it is a field") == "milk");
    let swap = page.swap("counter", Guest::counter(5).bytes());
    assert!(swap.is_committed(), "{swap}");
    add(&page);
    assert_eq!(count(&page), "7");
}

#[test]
fn a_panic_is_reported_with_its_source_location() {
    let info = r"{\22message\22:\22no such card\22,\22file\22:\22src/lib.rs\22,\22line\22:42,\22column\22:9}";
    let length = info.replace("\\22", "\"").len();
    let data = format!("(data (i32.const 0x8000) \"{info}\")");
    let call = format!("(call $panic (i32.const 0x8000) (i32.const {length})) unreachable");
    let page = open(&Guest::counter(1).with(&data).first("hmr_dispatch", &call));
    add(&page);
    let traps = page.traps();
    assert_eq!(
        (traps[0].message.as_str(), traps[0].file.as_deref(), traps[0].line),
        ("no such card", Some("src/lib.rs"), 42)
    );
}

#[test]
fn code_that_traps_in_capture_is_replaced_with_its_last_good_state() {
    let trapping = "(if (i32.gt_u (global.get $count) (i32.const 2)) (then unreachable))";
    let page = open(&Guest::counter(1).first("capture_state", trapping));
    for _ in 0..4 {
        add(&page);
    }
    let swap = page.swap("counter", Guest::counter(1).bytes());
    assert!(swap.is_committed(), "{swap}");
    assert_eq!(count(&page), "2");
}

#[test]
fn what_happens_during_a_swap_reaches_the_side_that_wins() {
    let page = open(&Guest::counter(1));
    let click_in = |step: SwapStep, bytes: &[u8]| -> Swap {
        let clicked = RefCell::new(Vec::new());
        let swap = page.swap_observed("counter", bytes, |now| {
            if now == step {
                add(&page);
                clicked.borrow_mut().push(count(&page));
            }
        });
        assert_eq!(clicked.borrow().len(), 1, "the step {step} was entered");
        swap
    };
    let swap = click_in(SwapStep::Capture, &Guest::counter(10).bytes());
    assert!(swap.is_committed(), "{swap}");
    assert_eq!(count(&page), "10", "the new code got the click");
    let swap = click_in(SwapStep::Restore, &broken("restore_state", "unreachable"));
    assert_eq!(swap.outcome, SwapOutcome::RolledBack);
    assert_eq!(count(&page), "20", "the old code got the click");
}

#[test]
fn the_same_bytes_are_not_swapped_and_unmounted_modules_only_change_version() {
    let page = open(&Guest::counter(1));
    assert_eq!(page.swap("counter", Guest::counter(1).bytes()).outcome, SwapOutcome::Unchanged);
    page.find("hmr-component").expect("the component").remove().expect("it is there");
    assert_eq!(page.swap("counter", Guest::counter(3).bytes()).outcome, SwapOutcome::NotMounted);
    page.append_html(HTML);
    add(&page);
    assert_eq!(count(&page), "3");
}

#[test]
fn a_view_that_changes_keeps_the_nodes_that_are_the_same() {
    let page = open(&Guest::counter(1));
    let input = page.find("input").expect("the input");
    input.type_text("milk").expect("it takes text");
    let mut ops: Vec<Op<'_>> = VIEW.to_vec();
    // The field is moved into a label, the button is red, and a heading is first.
    ops.retain(|op| *op != Op::Insert { parent: 1, child: 4, before: 0 });
    ops.extend([
        Op::CreateElement { id: 20, namespace: Namespace::Html, tag: "label" },
        Op::Insert { parent: 20, child: 4, before: 0 },
        Op::Insert { parent: 1, child: 20, before: 0 },
        Op::CreateElement { id: 21, namespace: Namespace::Html, tag: "h1" },
        Op::Insert { parent: 1, child: 21, before: 2 },
        Op::SetAttribute { id: 2, name: "class", value: "add red" },
        Op::SetStyle { id: 2, name: "color", value: "red" },
    ]);
    let button = page.find("button").expect("the button");
    let swap = page.swap("counter", Guest::counter(1).view(&ops).bytes());
    assert!(swap.is_committed(), "{swap}");
    assert_eq!(page.find("label > input").expect("the wrapped field"), input);
    assert!(input.is_focused());
    assert_eq!(input.value().expect("it is a field"), "milk");
    assert!(button.is_connected() && button.has_class("red"));
    assert_eq!(button.attribute("style").as_deref(), Some("color: red;"));
    assert_eq!(
        page.find("section").expect("the section").find_all("h1, button").expect("both")[0].tag(),
        "h1"
    );
    let swap = page.swap("counter", Guest::counter(1).bytes());
    assert!(swap.is_committed(), "{swap}");
    assert_eq!(button.html(), r#"<button class="add">+</button>"#.replace('+', ""));
    assert!(page.find_all("h1, label").expect("a selector").is_empty());
    assert_eq!(page.find("section > input").expect("the field"), input);
}

#[test]
fn resources_are_kept_replaced_opened_and_closed() {
    // Opens the resource in its data once it is mounted or restored; each firing adds one.
    let with = |requests: &[&str]| {
        let mut guest = Guest::counter(1);
        let mut calls = String::new();
        for (at, request) in requests.iter().enumerate() {
            let address = 0x8000 + at * 0x200;
            let escaped = request.replace('"', "\\22");
            guest = guest.with(&format!("(data (i32.const {address}) \"{escaped}\")"));
            _ = write!(
                calls,
                "(call $resource (i32.const {address}) (i32.const {}))",
                request.len()
            );
        }
        guest.first("hmr_mount", &calls).first("restore_state", &calls).bytes()
    };
    let tick = format!(
        r#"{{"op":"open","instance":1,"key":"tick","kind":"interval","args":{{"ms":100}},"handler":{ADD}}}"#
    );
    let other = tick.replace("tick", "other");
    let slow = other.replace("100", "1000");
    let page = Page::builder()
        .html(HTML)
        .module("counter", with(&[&tick, &other]))
        .open()
        .expect("the page opens");
    page.advance(Duration::from_millis(150));
    assert_eq!(count(&page), "2");
    let swap = page.swap("counter", with(&[&tick, &slow]));
    assert!(swap.is_committed(), "{swap}");
    let outcomes: Vec<_> =
        swap.resources.iter().map(|one| (one.key.as_str(), one.outcome)).collect();
    assert_eq!(outcomes, [("tick", ResourceOutcome::Kept), ("other", ResourceOutcome::Replaced)]);
    page.advance(Duration::from_millis(50));
    assert_eq!(count(&page), "3", "the phase was kept");
    let swap = page.swap("counter", Guest::counter(1).bytes());
    let outcomes: Vec<_> = swap.resources.iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes, [ResourceOutcome::Closed, ResourceOutcome::Closed]);
    page.advance(Duration::from_secs(10));
    assert_eq!(count(&page), "3");
}

#[test]
fn a_component_that_does_not_exist_is_reported_in_its_element() {
    let html = r#"<hmr-component module="counter" component="Clock"></hmr-component>
        <hmr-component module="clock" component="Clock"></hmr-component>
        <hmr-component module="counter" component="Counter" props="[1]"></hmr-component>
        <hmr-component></hmr-component>"#;
    let page = Page::builder().html(html).module("counter", Guest::counter(1).bytes()).open();
    let page = page.expect("the page opens");
    let problems = page.problems();
    assert_eq!(problems.len(), 4, "{problems:?}");
    assert!(
        problems[0].contains("has no component `Clock`\nhint: it has `Counter`"),
        "{problems:?}"
    );
    assert!(problems[1].contains("there is no module `clock`"), "{problems:?}");
    assert_eq!(page.texts("hmr-component"), problems);
    page.find_all("hmr-component").expect("all")[2]
        .set_attribute("props", "{}")
        .expect("it is there");
    add(&page);
    assert_eq!(count(&page), "1");
}

#[test]
fn scripts_and_handlers_in_markup_are_left_out() {
    let ops = [
        Op::CreateElement { id: 1, namespace: Namespace::Html, tag: "p" },
        Op::SetAttribute { id: 1, name: "onclick", value: "alert(1)" },
        Op::CreateElement { id: 2, namespace: Namespace::Svg, tag: "SCRIPT" },
        Op::CreateText { id: COUNT, text: "alert(2)" },
        Op::Insert { parent: 2, child: COUNT, before: 0 },
        Op::Insert { parent: 1, child: 2, before: 0 },
        Op::Insert { parent: root_of(INSTANCE), child: 1, before: 0 },
    ];
    let page = open(&Guest::counter(1).view(&ops));
    assert_eq!(page.find("hmr-component").expect("the component").inner_html(), "<p><!----></p>");
    let warnings = page.log().into_iter().filter(|line| line.level == LogLevel::Warn).count();
    assert_eq!(warnings, 2);
}
