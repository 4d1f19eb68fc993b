//! The outcome of state when new code takes over: keys, outcomes, resources.
#![allow(missing_docs)]

mod swap;

use expect_test::{Expect, expect};
use hmr_abi::event::ResourceRequest;
use hmr_abi::state::{RestoreReport, Snapshot};
use hmr_sdk::prelude::*;
use hmr_sdk::testing::Page;
use serde::{Deserialize, Serialize};

fn outcomes(report: &RestoreReport, expected: &Expect) {
    expected.assert_eq(&swap::lines(report));
}

mod before {
    use super::*;

    #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
    pub(crate) struct Person {
        pub(crate) name: String,
    }

    #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
    pub(crate) enum Mood {
        Calm,
        Glad { why: String },
    }

    #[component(export)]
    pub(crate) fn App(#[prop(default = 1)] first: i32) -> View {
        let same = signal(first);
        let hue = signal(0_u8);
        let when = signal(String::new());
        let gone = signal(0);
        let person = signal(Person { name: "Ann".into() });
        let mood = signal(Mood::Calm);
        let maybe = signal(1);
        let nothing = signal(Some(1));
        let untouched = signal(1);
        let odd = signal(f64::NAN);
        let all = move |_| {
            same.set(7);
            hue.set(200);
            when.set("noon".into());
            gone.set(1);
            person.set(Person { name: "Bo".into() });
            mood.set(Mood::Glad { why: "sun".into() });
            maybe.set(5);
            nothing.set(None);
            odd.set(f64::INFINITY);
        };
        view! { <button on:click={all}>{untouched}</button> }
    }
}

mod after {
    use super::*;

    #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
    pub(crate) struct Person {
        name: String,
        #[serde(default)]
        age: u32,
    }

    #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
    pub(crate) enum Mood {
        Calm,
        Glad { why: String },
        Gone,
    }

    #[component(export)]
    pub(crate) fn App(#[prop(default = 1)] first: i32) -> View {
        let same = signal(first);
        let hue = signal(0.5_f64);
        let when = signal(3_u32);
        let new = signal(0);
        let person = signal(Person { name: String::new(), age: 3 });
        let mood = signal(Mood::Gone);
        let maybe = signal(Some(1));
        let nothing = signal(Some(2));
        let untouched = signal(2);
        let odd = signal(1.5);
        view! {
            <p>{same} " " {hue} " " {when} " " {new} " " {move || format!("{:?}", person.get())} " "
                {move || format!("{:?}", mood.get())} " " {move || format!("{:?}", maybe.get())} " " {untouched} " " {odd} {nothing}</p>
        }
    }
}

fn old_page() -> Page {
    let mut page = Page::new().with::<before::AppProps>();
    page.mount(3, "App", &json!({ "first": 4 })).expect("it mounts");
    page.click("button");
    page
}

#[test]
fn each_key_is_kept_migrated_reset_added_or_orphaned() {
    let snapshot = old_page().capture();
    let mut page = Page::new().with::<after::AppProps>();
    let report = page.restore(&snapshot);
    outcomes(
        &report,
        &expect![[r#"
            gone: Orphaned
            hue: migrated from u8
            maybe: migrated from i32
            mood: migrated from swaps::before::Mood
            new: Added
            nothing: Kept
            odd: Kept
            person: migrated from swaps::before::Person
            same: Kept
            untouched: Initial
            when: reset, invalid type: string "noon", expected u32
        "#]],
    );
    assert_eq!(
        page.html(),
        r#"<p>7 200 3 0 Person { name: "Bo", age: 0 } Glad { why: "sun" } Some(5) 2 inf</p>"#
    );
    let again = page.capture();
    let set = |key: &str| again.instances[0].signals[key].set;
    assert_eq!(
        (set("same"), set("hue"), set("when"), set("untouched"), set("new")),
        (true, true, false, false, false)
    );
    assert_eq!(again.instances[0].props.get(), r#"{"first":4}"#);
}

#[test]
fn a_snapshot_of_any_content_is_no_trap() {
    for bytes in
        [&b""[..], b"nonsense", b"{}", b"[1,2]", b"\xff\xfe", br#"{"abi":1,"instances":[{}]}"#]
    {
        let mut page = Page::new().with::<after::AppProps>();
        assert_eq!(page.restore_bytes(bytes), RestoreReport::default(), "{bytes:?}");
    }
}

#[test]
fn what_cannot_be_mounted_is_an_error_of_its_instance() {
    let text = r#"{"abi":1,"instances":[{"instance":1,"component":"Gone","props":{}},
        {"instance":2,"component":"App","props":{"first":"x"}},{"instance":3,"component":"App","props":{}}]}"#;
    let snapshot: Snapshot = serde_json::from_str(text).expect("a snapshot");
    let mut page = Page::new().with::<before::AppProps>();
    let report = page.restore(&snapshot);
    let errors: Vec<_> =
        report.instances.iter().map(|instance| instance.error.as_deref()).collect();
    assert_eq!(
        errors,
        [
            Some("there is no component `Gone`; exported: `App`"),
            Some(
                "the props of `App` do not parse: field `first`: invalid type: string \"x\", expected i32"
            ),
            None
        ]
    );
    assert_eq!(page.html(), "<button>1</button>");
}

#[derive(Clone, Copy)]
struct Fields {
    email: Signal<String>,
    age: Signal<u32>,
}

#[scoped]
fn use_toggle(at_first: bool) -> Signal<bool> {
    let on = signal(at_first);
    on
}

#[scoped]
fn use_fields() -> Fields {
    Fields { email: signal(String::new()), age: signal(0) }
}

fn try_number(text: &str) -> Result<Signal<u32>, std::num::ParseIntError> {
    let parsed = text.parse()?;
    Ok(signal(parsed))
}

#[component(export)]
fn Names() -> View {
    let (left, right) = (signal(0), signal(1));
    let form = Fields { email: signal(String::new()), age: signal(0) };
    let night = use_toggle(true);
    let fields = use_fields();
    let count = signal(0);
    let count = (count, signal(1));
    let number = match try_number("x") {
        Ok(number) => number,
        Err(_) => signal(9),
    };
    let many = [1, 2].map(signal);
    let inner = {
        let deep = signal(0);
        deep
    };
    let chosen = signal_keyed("mine", 0);
    let outer = scope("outer", || signal(0));
    use_toggle(false);
    let _ = (
        left,
        right,
        form.email,
        form.age,
        night,
        fields.email,
        fields.age,
        count,
        number,
        many,
        inner,
        chosen,
        outer,
    );
    view! {}
}

#[test]
fn keys_are_the_names_that_signals_are_bound_to() {
    let mut page = Page::new().with::<NamesProps>();
    page.mount(1, "Names", &json!({})).expect("it mounts");
    let keys: Vec<_> = page.capture().instances[0].signals.keys().cloned().collect();
    assert_eq!(
        keys,
        [
            "count",
            "count#1",
            "deep",
            "fields:age",
            "fields:email",
            "form.age",
            "form.email",
            "left",
            "many",
            "many#1",
            "mine",
            "night:on",
            "number",
            "outer:signal",
            "right",
            "use_toggle:on",
        ]
    );
}

#[component(export)]
fn Clock(#[prop(default = 100)] ms: u32, #[prop(default)] quiet: bool) -> View {
    let ticks = signal(0);
    if !quiet {
        interval("tick", ms, move || ticks.update(|n| *n += 1));
    }
    let later = timeout("later", 500, || log::info("later"));
    animation_frame("frame", || {});
    view! { <b on:click={move |_| later.close()}>{ticks}</b> }
}

fn requests(page: &Page, from: usize) -> Vec<String> {
    let line = |request: &ResourceRequest| match request {
        ResourceRequest::Open { instance, key, resource, .. } => {
            format!("open {instance} {key} {resource:?}")
        }
        ResourceRequest::Send { instance, key, data, .. } => {
            format!("send {instance} {key} {data}")
        }
        ResourceRequest::Close { instance, key } => format!("close {instance} {key}"),
    };
    page.resources()[from..].iter().map(line).collect()
}

#[test]
fn resources_are_opened_fired_and_closed() {
    let mut page = Page::new().with::<ClockProps>();
    page.mount(1, "Clock", &json!({})).expect("it mounts");
    assert_eq!(
        requests(&page, 0),
        [
            "open 1 tick Interval { ms: 100.0 }",
            "open 1 later Timeout { ms: 500.0 }",
            "open 1 frame AnimationFrame"
        ]
    );
    assert!(page.fire_resource("tick"));
    assert_eq!(page.html(), "<b>1</b>");
    page.click("b");
    assert_eq!(requests(&page, 3), ["close 1 later"]);

    // Re-rendering keeps resources that are requested again, and closes the others.
    page.mount(1, "Clock", &json!({ "quiet": true })).expect("it renders");
    assert_eq!(
        requests(&page, 4),
        ["open 1 later Timeout { ms: 500.0 }", "open 1 frame AnimationFrame", "close 1 tick"]
    );
    assert_eq!(page.html(), "<b>1</b>");
    page.unmount(1);
    assert_eq!(requests(&page, 7), ["close 1 later", "close 1 frame"]);
}

#[test]
fn the_old_code_of_a_swap_leaves_its_resources_to_the_new() {
    let mut page = Page::new().with::<ClockProps>();
    page.mount(1, "Clock", &json!({})).expect("it mounts");
    let handler = page.handler("b", "click").expect("a handler");
    page.dispose();
    assert_eq!(requests(&page, 3), [""; 0]);
    assert_eq!(page.dispatch(handler, &hmr_abi::event::EventData::default()), 4);
}

#[test]
fn rendering_again_keeps_state_and_takes_new_props() {
    let mut page = Page::new().with::<before::AppProps>();
    page.mount(1, "App", &json!({})).expect("it mounts");
    page.click("button");
    page.operations();
    page.mount(1, "App", &json!({ "first": 9 })).expect("it renders");
    let operations = page.operations();
    assert!(!operations.iter().any(|op| op.starts_with("Remove")), "{operations:?}");
    let state = page.capture();
    let value = |key: &str| {
        state.instances[0].signals[key].value.as_ref().map(|value| value.get().to_owned())
    };
    assert_eq!(value("same").as_deref(), Some("7"));
    assert_eq!(value("person").as_deref(), Some(r#"{"name":"Bo"}"#));
    assert_eq!(state.instances[0].props.get(), r#"{"first":9}"#);
}

#[component(export)]
fn Refusing() -> View {
    let table = signal(swap::Unwritable);
    view! { <p>{move || table.with(|_| "there")}</p> }
}

#[test]
fn a_value_that_cannot_be_written_is_reported_and_not_a_trap() {
    let mut page = Page::new().with::<RefusingProps>();
    page.mount(1, "Refusing", &json!({})).expect("it mounts");
    let state = &page.capture().instances[0].signals["table"];
    assert!(state.value.is_none());
    assert_eq!(state.error.as_deref(), Some("it refuses"));
}

mod exact {
    use super::*;

    #[component(export)]
    pub(crate) fn App() -> View {
        let numbers = signal(Vec::<f64>::new());
        let fill = move |_| numbers.set((1..2000).map(|n| f64::from(n).sqrt() * 0.1).collect());
        let sum = move || numbers.with(|all| all.iter().map(|n| n.to_bits() % 1024).sum::<u64>());
        view! { <button on:click={fill}>{sum}</button> }
    }
}

#[test]
fn a_number_is_the_same_to_the_last_bit() {
    let mut page = Page::new().with::<exact::AppProps>();
    page.mount(1, "App", &json!({})).expect("it mounts");
    page.click("button");
    let (before, state) = (page.html(), page.capture());
    let mut page = Page::new().with::<exact::AppProps>();
    page.restore(&state);
    assert_eq!(page.html(), before);
}
