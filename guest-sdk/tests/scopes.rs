//! Where keys come from: scopes, and what happens when they are entered again.
#![allow(missing_docs)]

mod swap;

use std::cell::RefCell;
use std::rc::Rc;

use hmr_abi::state::Snapshot;
use hmr_sdk::prelude::*;
use hmr_sdk::testing::Page;
use swap::{lines, used};

fn keys(snapshot: &Snapshot) -> String {
    snapshot.instances[0].signals.keys().cloned().collect::<Vec<_>>().join(" ")
}

mod order {
    use super::*;

    pub(crate) mod before {
        use super::*;

        #[component(export)]
        pub(crate) fn App() -> View {
            let first = signal(0);
            let second = signal(0);
            let third = signal(0);
            let all = move |_| {
                first.set(1);
                second.set(2);
                third.set(3);
            };
            view! { <b on:click={all}>{first} " " {second} " " {third}</b> }
        }
    }

    pub(crate) mod after {
        use super::*;

        #[component(export)]
        pub(crate) fn App() -> View {
            let new = signal(9);
            let third = signal(0);
            let renamed = signal(0);
            let first = signal(0);
            view! { <b>{first} " " {renamed} " " {third} " " {new}</b> }
        }
    }
}

#[test]
fn declarations_that_change_places_keep_their_values_and_a_renamed_one_alone_is_reset() {
    let old = used(Page::new().with::<order::before::AppProps>(), |page| _ = page.click("b"));
    let mut page = Page::new().with::<order::after::AppProps>();
    let report = page.restore(&old);
    assert_eq!(page.html(), "<b>1 0 3 9</b>");
    assert_eq!(
        lines(&report),
        "first: Kept\nnew: Added\nrenamed: Added\nsecond: Orphaned\nthird: Kept\n"
    );
}

#[component(export)]
fn Counter() -> View {
    let count = signal(0);
    view! { <b class={format!("c{}", use_context::<u32>())} on:click={move |_| count.update(|n| *n += 1)}>{count}</b> }
}

#[component(export)]
fn Two() -> View {
    provide_context(7_u32);
    let count = signal(100);
    view! { <i>{count}</i> <Counter /> <Counter key="x" /> }
}

#[test]
fn instances_and_components_of_one_name_do_not_leak_into_each_other() {
    let mut page = Page::new().with::<TwoProps>();
    page.mount(1, "Two", &json!({})).expect("it mounts");
    page.mount(2, "Two", &json!({})).expect("it mounts");
    page.click("b");
    page.click("b");
    let old = page.capture();
    assert_eq!(keys(&old), "Counter:count Counter:x:count count");
    let mut page = Page::new().with::<TwoProps>();
    let report = page.restore(&old);
    assert_eq!(page.html().matches(">2</b>").count(), 1, "{}", page.html());
    assert_eq!(page.html().matches(">0</b>").count(), 3, "{}", page.html());
    assert_eq!(page.html().matches("<i>100</i>").count(), 2);
    assert_eq!(
        lines(&report),
        "Counter:count: Kept\nCounter:x:count: Kept\ncount: Kept\n".repeat(2)
    );
}

#[derive(Clone, Copy)]
struct Field {
    text: Signal<String>,
    touched: Signal<bool>,
}

#[scoped]
fn use_field(initial: &str) -> Field {
    let text = signal(initial.to_owned());
    let touched = signal(false);
    Field { text, touched }
}

mod helpers {
    use super::*;

    pub(crate) mod before {
        use super::*;

        #[component(export)]
        pub(crate) fn App() -> View {
            let name = use_field("n");
            let mail = use_field("m");
            let by_hand = scope("by hand", || signal(0));
            let all = move |_| {
                name.text.set("Ann".into());
                mail.touched.set(true);
                by_hand.set(5);
            };
            view! { <b on:click={all}>{name.text}</b> }
        }
    }

    pub(crate) mod after {
        use super::*;

        #[component(export)]
        pub(crate) fn App() -> View {
            let by_hand = scope("by hand", || signal(0));
            let mail = use_field("m");
            let name = use_field("n");
            view! { <b>{name.text} {mail.text} {move || mail.touched.get().to_string()} {name.touched.get()} {by_hand}</b> }
        }
    }
}

#[test]
fn functions_that_make_signals_have_a_scope_of_their_own() {
    let old = used(Page::new().with::<helpers::before::AppProps>(), |page| _ = page.click("b"));
    assert_eq!(keys(&old), "by hand:signal mail:text mail:touched name:text name:touched");
    let mut page = Page::new().with::<helpers::after::AppProps>();
    page.restore(&old);
    assert_eq!(page.html(), "<b>Annmtruefalse5</b>");
}

/// Not marked: the component's macro does not see into it.
fn pair(start: i32) -> (Signal<i32>, Signal<i32>) {
    let low = signal(start);
    let high = signal(start + 1);
    (low, high)
}

struct Range {
    low: Signal<i32>,
}

impl Range {
    fn new(low: Signal<i32>) -> Self {
        _ = signal(-1);
        Self { low }
    }
}

fn double(value: i32) -> i32 {
    value * 2
}

fn of(pair: (Signal<i32>, Signal<i32>)) -> i32 {
    _ = signal(0);
    pair.1.get()
}

fn shown(view: impl IntoView + 'static) -> View {
    view! { <u>{view}<Note title="in".to_owned() /></u> }
}

mod unmarked {
    use super::*;

    pub(crate) mod before {
        use super::*;

        #[component(export)]
        pub(crate) fn App() -> View {
            let double = signal(double(1));
            let (a, b) = pair(10);
            pair(20).1.set(21);
            let range = Range::new(signal(30));
            let sum = of(pair(50));
            let all = move |_| {
                a.set(11);
                b.set(12);
                range.low.set(31);
                double.set(3);
            };
            view! { <b on:click={all}>{sum}</b> {shown(view! { <Note title="out".to_owned() /> })} }
        }
    }

    pub(crate) mod after {
        use super::*;

        #[component(export)]
        pub(crate) fn App() -> View {
            let more = pair(40);
            let range = Range::new(signal(0));
            let (a, b) = pair(0);
            let text =
                move || format!("{} {} {} {}", a.get(), b.get(), range.low.get(), more.0.get());
            view! { <b>{text}</b> }
        }
    }
}

#[test]
fn unmarked_functions_have_a_scope_if_they_make_something() {
    let old = used(Page::new().with::<unmarked::before::AppProps>(), |page| _ = page.click("b"));
    assert_eq!(
        keys(&old).split(' ').collect::<Vec<_>>(),
        [
            "Note:draft",
            "double",
            "pair#1:signal",
            "pair#1:signal#1",
            "pair:signal",
            "pair:signal#1",
            "range",
            "range#1:signal",
            "shown:Note:draft",
            "sum#1:signal",
            "sum:signal",
            "sum:signal#1",
        ]
    );
    let mut page = Page::new().with::<unmarked::after::AppProps>();
    page.restore(&old);
    assert_eq!(page.html(), "<b>11 12 31 40</b>");
}

#[component(export)]
fn Clock() -> View {
    let times = signal(vec![("12".to_owned(), 0), ("12:30".to_owned(), 0), ("12#1".to_owned(), 0)]);
    let change = move |_| times.update(|times| times[0].1 += 1);
    let double = move |_| times.update(|times| times.push(("12".to_owned(), 9)));
    view! {
        <b on:click={change}>"change"</b>
        <i on:click={double}>"double"</i>
        <For each={move || times.get()} key={|(time, _)| time.clone()} view={|(time, n): (String, i32)| view! {
            <Note key={time.clone()} title={format!("{time}/{n} ")} />
        }} />
    }
}

#[test]
fn keys_of_users_that_hold_signs_of_paths_are_taken_for_no_paths() {
    let mut page = Page::new().with::<ClockProps>();
    page.mount(1, "Clock", &json!({})).expect("it mounts");
    page.click("b");
    page.click("i");
    let keys = keys(&page.capture());
    assert_eq!(
        keys.split(' ').collect::<Vec<_>>(),
        [
            "For(times):12#1:Note:12:draft",
            "For(times):12%231:Note:12%231:draft",
            "For(times):12%3A30:Note:12%3A30:draft",
            "For(times):12:Note:12:draft",
            "times"
        ]
    );
    assert!(
        page.html().ends_with("<p>12/1 0</p><p>12:30/0 0</p><p>12#1/0 0</p><p>12/9 0</p>"),
        "{}",
        page.html()
    );
}

#[component(export)]
fn Shop() -> View {
    let open = signal(true);
    let made = signal(0);
    let reads: Rc<RefCell<Vec<Signal<i32>>>> = Rc::default();
    let all = Rc::clone(&reads);
    let sold = Callback::new(move |n: i32| {
        let price = signal(n);
        all.borrow_mut().push(price);
        made.update(|made| *made += 1);
    });
    let sum = move || made.get() + reads.borrow().iter().map(|price| price.get()).sum::<i32>();
    view! {
        <b>{sum}</b>
        <Show when={move || open.get()}>
            <Till sold={sold} />
        </Show>
        <i on:click={move |_| open.set(false)}>"close"</i>
    }
}

#[component]
fn Till(sold: Callback<i32>) -> View {
    view! { <p on:click={move |_| sold.call(5)}>"sell"</p> }
}

#[test]
fn what_a_callback_makes_lives_as_long_as_what_made_the_callback() {
    let mut page = Page::new().with::<ShopProps>();
    page.mount(1, "Shop", &json!({})).expect("it mounts");
    page.click("p");
    page.click("i");
    assert_eq!(page.html(), "<b>6</b><i>close</i>");
}

#[component(export)]
fn Derived() -> View {
    let step = signal(0);
    let sum = scope("inner", || {
        memo(move || {
            let made = signal(step.get());
            made.get_untracked()
        })
    });
    view! { <b on:click={move |_| step.update(|n| *n += 1)}>{move || sum.get()}</b> }
}

#[test]
fn a_memo_that_runs_again_is_in_its_scope() {
    let mut page = Page::new().with::<DerivedProps>();
    page.mount(1, "Derived", &json!({})).expect("it mounts");
    page.click("b");
    assert_eq!(keys(&page.capture()), "inner:made step");
}

#[component]
fn Note(title: String) -> View {
    let draft = signal(0);
    view! { <p on:click={move |_| draft.update(|n| *n += 1)}>{title} {draft}</p> }
}

#[component(export)]
fn Regions() -> View {
    let turn = signal(0);
    let open = signal(true);
    view! {
        <b on:click={move |_| turn.update(|n| *n += 1)}>"turn"</b>
        <i on:click={move |_| open.update(|open| *open = !*open)}>"toggle"</i>
        {move || view! {
            <Note title={format!("{}:", turn.get())} />
            {move || open.get().then(|| view! { <Note title="inner:".to_owned() /> })}
        }}
    }
}

#[test]
fn a_region_that_renders_again_finds_what_it_had() {
    let mut page = Page::new().with::<RegionsProps>();
    page.mount(1, "Regions", &json!({})).expect("it mounts");
    page.click("p");
    page.click("p");
    let before = keys(&page.capture());
    page.click("b");
    assert!(page.html().ends_with("<p>1:2</p><p>inner:0</p>"), "{}", page.html());
    assert_eq!(keys(&page.capture()), before);
    page.click("i");
    assert!(page.html().ends_with("<p>1:2</p>"), "{}", page.html());
    page.click("b");
    assert!(page.html().ends_with("<p>2:2</p>"), "{}", page.html());
    page.click("i");
    assert!(page.html().ends_with("<p>2:2</p><p>inner:0</p>"), "{}", page.html());
    assert_eq!(keys(&page.capture()), before);
}

#[test]
fn what_is_shown_again_after_it_was_hidden_begins_again() {
    let mut page = Page::new().with::<HiddenProps>();
    page.mount(1, "Hidden", &json!({})).expect("it mounts");
    page.click("p");
    page.click("i");
    page.click("i");
    assert!(page.html().ends_with("<p>a0</p>"), "{}", page.html());
}

#[component(export)]
fn Hidden() -> View {
    let open = signal(true);
    view! {
        <i on:click={move |_| open.update(|open| *open = !*open)}>"toggle"</i>
        {move || open.get().then(|| view! { <Note title="a".to_owned() /> })}
    }
}

#[component(export)]
fn Returned() -> View {
    let shown = signal(0);
    let mut next = scope("counter", || {
        in_scope(|step: i32| {
            let count = signal(0);
            count.update(|n| *n += step);
            count.get()
        })
    });
    let fresh = || {
        let count = signal(0);
        count.update(|n| *n += 1);
        count.get()
    };
    view! {
        <b on:click={move |_| shown.set(next(2))}>{shown}</b>
        <i on:click={move |_| shown.set(fresh())}>"x"</i>
    }
}

#[test]
fn a_closure_that_is_returned_from_a_scope_finds_the_same_entries_when_it_is_called_later() {
    let mut page = Page::new().with::<ReturnedProps>();
    page.mount(1, "Returned", &json!({})).expect("it mounts");
    page.click("b");
    page.click("b");
    assert!(page.html().starts_with("<b>4</b>"), "{}", page.html());
    let old = page.capture();
    assert_eq!(keys(&old), "counter:count shown");
    let mut page = Page::new().with::<ReturnedProps>();
    let report = page.restore(&old);
    assert_eq!(lines(&report), "counter:count: Orphaned\nshown: Kept\n");
    page.click("b");
    assert!(page.html().starts_with("<b>6</b>"), "{}", page.html());
}

#[test]
fn what_a_handler_makes_is_new_each_time_and_is_of_the_scope_that_made_the_handler() {
    let mut page = Page::new().with::<ReturnedProps>();
    page.mount(1, "Returned", &json!({})).expect("it mounts");
    page.click("i");
    page.click("i");
    assert!(page.html().starts_with("<b>1</b>"), "{}", page.html());
    let old = page.capture();
    assert_eq!(keys(&old), "fresh:count fresh:count#1 shown");
    let mut page = Page::new().with::<ReturnedProps>();
    page.restore(&old);
    page.click("i");
    assert!(page.html().starts_with("<b>1</b>"), "{}", page.html());
}

#[component]
fn Caller(#[prop(into)] on_pick: Callback, #[prop(into)] later: Callback) -> View {
    timeout("later", 10, move || later.call(()));
    view! { <b on:click={move |_| on_pick.call(())}>"pick"</b> }
}

#[component(export)]
fn Callbacks() -> View {
    let pick = move |()| {
        let picked = signal(1);
        picked.set(2);
    };
    let later = move |()| {
        let late = signal(1);
        late.set(2);
    };
    view! { <Caller on_pick={pick} later={later} /> }
}

#[test]
fn callbacks_run_in_the_scope_that_made_them() {
    let mut page = Page::new().with::<CallbacksProps>();
    page.mount(1, "Callbacks", &json!({})).expect("it mounts");
    page.click("b");
    assert!(page.fire_resource("Caller:later"));
    assert_eq!(keys(&page.capture()), "late picked");
}

fn unnamed() -> (Signal<i32>, Signal<i32>) {
    (signal(1), signal(2))
}

#[component(export)]
fn Nameless() -> View {
    let (a, b) = unnamed();
    let (c, d) = unnamed();
    view! { <b>{a} {b} {c} {d}</b> }
}

#[test]
fn signals_that_only_their_order_tells_apart_are_warned_of_once() {
    let mut page = Page::new().with::<NamelessProps>();
    page.mount(1, "Nameless", &json!({})).expect("it mounts");
    page.mount(2, "Nameless", &json!({})).expect("it mounts");
    let log = page.log();
    let warnings: Vec<_> = log.iter().map(|(_, line)| line.as_str()).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("`unnamed:signal#1` goes to no binding"), "{warnings:?}");
}
