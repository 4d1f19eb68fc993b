//! Where keys come from: scopes, and what happens when they are entered again.
#![allow(missing_docs)]

mod swap;

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
fn what_is_shown_again_after_it_was_hidden_begins_anew() {
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
    assert_eq!(keys(&old), "count count#1 shown");
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
