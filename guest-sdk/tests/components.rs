//! What components take and return: values that are only read, callbacks, types, and fields that are bound to them.
#![allow(missing_docs)]

use std::fmt::Display;
use std::str::FromStr;

use hmr_sdk::prelude::*;
use hmr_sdk::testing::Page;
use hmr_sdk::{dbg, eprintln, println};

#[component]
fn Meter(level: ReadSignal<i32>, #[prop(default)] unit: ReadSignal<String>) -> View {
    let double = memo(move || level.get() * 2);
    view! { <b title={level}>{level} {unit} " " {double}</b> }
}

#[component(export)]
fn Meters() -> View {
    let level = signal(1);
    let unit = signal("m".to_owned());
    view! {
        <Meter level={level} unit={unit} />
        <Meter level={memo(move || level.get() + 10)} unit="km" />
        <Meter level=7 />
        <i on:click={move |_| level.update(|level| *level += 1)}></i>
        <u on:click={move |_| unit.set("cm".to_owned())}></u>
    }
}

#[test]
fn a_prop_that_is_only_read_takes_signals_memos_and_plain_values() {
    let mut page = Page::new().with::<MetersProps>();
    page.mount(1, "Meters", &json!({})).expect("it mounts");
    let shown = r#"<b title="1">1m 2</b><b title="11">11km 22</b><b title="7">7 14</b>"#;
    assert!(page.html().starts_with(shown), "{}", page.html());
    page.click("i");
    page.click("u");
    let shown = r#"<b title="2">2cm 4</b><b title="12">12km 24</b><b title="7">7 14</b>"#;
    assert!(page.html().starts_with(shown), "{}", page.html());
}

#[component(export)]
fn Gauge(level: ReadSignal<u8>, #[prop(default)] name: ReadSignal<Option<String>>) -> View {
    view! { <b>{level} {move || name.get()}</b> }
}

#[test]
fn a_page_gives_a_prop_that_is_only_read_as_json() {
    let mut page = Page::new().with::<GaugeProps>();
    page.mount(1, "Gauge", &json!({ "level": 3 })).expect("it mounts");
    assert_eq!(page.html(), "<b>3</b>");
    page.mount(1, "Gauge", &json!({ "level": 4, "name": "x" })).expect("it mounts");
    assert_eq!(page.html(), "<b>4x</b>");
    let error = page.mount(2, "Gauge", &json!({ "level": 300 })).expect_err("too large");
    assert!(error.starts_with("the props of `Gauge` do not parse: field `level`"), "{error}");
}

#[component]
fn Stepper(on_step: Callback<i32>) -> View {
    view! {
        <i on:click={move |_| on_step.call(1)}></i>
        <u on:click={move |_| on_step.call(-1)}></u>
    }
}

#[component(export)]
fn Steps() -> View {
    let sum = signal(0);
    let on_step = Callback::new(move |by: i32| sum.update(|sum| *sum += by));
    let kept = Callback::new(move |()| on_step.call(10));
    view! { <b on:click={move |_| kept.call(())}>{sum}</b><Stepper on_step={on_step} /> }
}

#[test]
fn a_callback_is_copied() {
    let mut page = Page::new().with::<StepsProps>();
    page.mount(1, "Steps", &json!({})).expect("it mounts");
    for at in ["i", "i", "u", "b"] {
        page.click(at);
    }
    assert!(page.html().starts_with("<b>11</b>"), "{}", page.html());
}

#[component(export)]
fn Gone() -> View {
    let shown = signal(true);
    let kept = signal(0_u32);
    let given = std::rc::Rc::new(std::cell::Cell::new(Callback::<u32>::default()));
    let (give, take) = (std::rc::Rc::clone(&given), given);
    let content = move || {
        shown.get().then(|| {
            give.set(Callback::new(move |n| kept.set(n)));
            view! { <i></i> }
        })
    };
    view! {
        {content}
        <b on:click={move |_| take.get().call(5)}>{kept}</b>
        <u on:click={move |_| shown.set(false)}></u>
    }
}

#[test]
fn a_callback_of_content_that_was_removed_does_nothing_and_is_logged() {
    let mut page = Page::new().with::<GoneProps>();
    page.mount(1, "Gone", &json!({})).expect("it mounts");
    page.click("b");
    assert!(page.html().contains("<b>5</b>"), "{}", page.html());
    assert_eq!(page.log(), []);
    page.click("u");
    page.click("b");
    let log = page.log();
    assert_eq!(log.len(), 1, "{log:?}");
    assert!(
        log[0].1.starts_with("a callback was called at guest-sdk/tests/components.rs:"),
        "{log:?}"
    );
}

#[component]
fn Listed<T: Display + Clone + PartialEq + 'static, const N: usize>(
    items: ReadSignal<Vec<T>>,
    on_pick: Callback<T>,
    #[prop(default)] marks: Option<[char; N]>,
) -> impl IntoView {
    let count = signal(N);
    let view = move |item: T| {
        let picked = item.clone();
        view! { <i on:click={move |_| on_pick.call(picked.clone())}>{item.to_string()}</i> }
    };
    view! {
        <For each={move || items.get()} key={ToString::to_string} view={view} />
        <s>{count} {marks.map(|marks| marks.map(|mark| view! { <q>{mark}</q> }))}</s>
    }
}

/// No prop mentions the type.
#[component]
fn Zero<T: Default + Display>() -> impl IntoView {
    T::default().to_string()
}

#[component(export)]
fn Lists() -> impl IntoView {
    let numbers = signal(vec![1, 2]);
    let last = signal(String::new());
    (0..1).map(|_| view! {
        <Listed<_, 2> items={numbers} marks={Some(['a', 'b'])} on_pick={move |n: i32| last.set(format!("number {n}"))} />
        <Listed<&'static str, 0> items={vec!["x"]} on_pick={move |text: &str| last.set(format!("text {text}"))} />
        <b>{last}<Zero<u8> /></b>
    }).collect::<Vec<_>>()
}

#[test]
fn a_component_may_have_parameters_and_return_anything_that_stands_in_a_view() {
    let mut page = Page::new().with::<ListsProps>();
    page.mount(1, "Lists", &json!({})).expect("it mounts");
    let shown = "<i>1</i><i>2</i><s>2<q>a</q><q>b</q></s><i>x</i><s>0</s><b>0</b>";
    assert_eq!(page.html(), shown);
    page.click("i");
    assert!(page.html().ends_with("<b>number 10</b>"), "{}", page.html());
}

#[derive(Clone, Copy, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
struct Percent(u8);

impl FromStr for Percent {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.trim_end_matches('%').parse().map(Self)
    }
}

impl Display for Percent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}%", self.0)
    }
}

#[component(export)]
fn Fields() -> View {
    let size = signal(5_i32);
    let share = signal(Percent(20));
    let scale = signal(1.5_f64);
    view! {
        <input class="size" bind:value={size} />
        <input class="share" bind:value={share} />
        <input class="scale" bind:value={scale} />
        <p>{size} " " {move || share.get().to_string()} " " {scale}</p>
        <i on:click={move |_| size.set(5)}></i>
    }
}

fn value_of(page: &Page, class: &str) -> String {
    let html = page.html();
    let (_, field) = html.split_once(&format!("class=\"{class}\" .value=\"")).expect("the field");
    field.split('"').next().unwrap_or_default().to_owned()
}

#[test]
fn a_field_keeps_what_was_typed_and_sets_its_signal_to_what_can_be_read() {
    let mut page = Page::new().with::<FieldsProps>();
    page.mount(1, "Fields", &json!({})).expect("it mounts");
    assert!(page.html().contains("<p>5 20% 1.5</p>"), "{}", page.html());
    page.input(".size", "12");
    assert!(page.html().contains("<p>12 20% 1.5</p>"), "{}", page.html());
    assert_eq!(value_of(&page, "size"), "12");

    // A text that is no number changes nothing, and the field is not written.
    page.operations();
    page.input(".size", "12a");
    assert_eq!(page.operations(), [""; 0]);
    assert!(page.html().contains("<p>12 20% 1.5</p>"), "{}", page.html());

    // The same value in other words: the field is not written either.
    page.input(".scale", "2.");
    page.input(".share", "30");
    assert!(page.html().contains("<p>12 30% 2</p>"), "{}", page.html());
    let operations = page.operations().join("\n");
    assert!(!operations.contains("SetProperty"), "{operations}");
}

#[test]
fn a_field_shows_what_its_signal_is_set_to_whatever_was_typed() {
    let mut page = Page::new().with::<FieldsProps>();
    page.mount(1, "Fields", &json!({})).expect("it mounts");
    page.input(".size", "five");
    page.operations();
    page.click("i");
    let operations = page.operations();
    assert!(operations.iter().any(|op| op.contains("SetProperty")), "{operations:?}");
    assert_eq!(value_of(&page, "size"), "5");
}

#[component(export)]
fn Printing() -> View {
    println!();
    println!("one {}", 1);
    eprintln!("two {two}", two = 2);
    let three = dbg!(1 + 2);
    let (four, five) = dbg!(4, "five",);
    log::debug!("{three} {four} {five}");
    log::warn!("{:?}", Some(1));
    log::info!("x");
    log::error!("y");
    view! {}
}

#[test]
fn lines_are_printed_to_the_log() {
    let mut page = Page::new().with::<PrintingProps>();
    page.mount(1, "Printing", &json!({})).expect("it mounts");
    let log = page.log();
    let place = |text: &str| text.split_once("] ").map_or(text, |(_, text)| text).to_owned();
    let log: Vec<_> = log.iter().map(|(level, text)| (*level, place(text))).collect();
    let line = |level: u32, text: &str| (level, text.to_owned());
    assert_eq!(
        log,
        [
            line(1, ""),
            line(1, "one 1"),
            line(3, "two 2"),
            line(1, "1 + 2 = 3"),
            line(1, "4 = 4"),
            line(1, "\"five\" = \"five\""),
            line(0, "3 4 five"),
            line(2, "Some(1)"),
            line(1, "x"),
            line(3, "y"),
        ]
    );
}
