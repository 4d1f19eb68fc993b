//! The rules by which a signal's value is kept, read as another type, reset, put aside and restored.
#![allow(missing_docs)]

mod swap;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use hmr_abi::state::Snapshot;
use hmr_sdk::prelude::*;
use hmr_sdk::testing::Page;
use serde::{Deserialize, Serialize};
use swap::{lines, used};

/// Old and new code with one signal, `it`; a click sets the old one. Answers the report's lines and the new value.
macro_rules! retyped {
    ($old:ty => $new:ty, $set:expr, $initial:expr) => {{
        mod old {
            use super::*;
            #[component(export)]
            pub(crate) fn App() -> View {
                let it = signal(<$old>::default());
                view! { <b on:click={move |_| it.set($set)}>"set"</b> }
            }
        }
        mod new {
            use super::*;
            #[component(export)]
            pub(crate) fn App() -> View {
                let it: Signal<$new> = signal($initial);
                view! { <p>{move || it.with(|it| serde_json::to_string(it).unwrap_or_default())}</p> }
            }
        }
        let old = used(Page::new().with::<old::AppProps>(), |page| _ = page.click("b"));
        let mut page = Page::new().with::<new::AppProps>();
        let report = page.restore(&old);
        let html = page.html();
        let value = html.trim_start_matches("<p>").trim_end_matches("</p>").to_owned();
        (lines(&report), value)
    }};
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Person {
    name: String,
    age: u32,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Defaulted {
    name: String,
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Gained {
    name: String,
    age: u32,
    town: String,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Retyped {
    name: String,
    age: bool,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct House {
    owner: Person,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct GainedInside {
    owner: Gained,
}

fn in_ulm() -> Gained {
    Gained { town: "Ulm".into(), ..Gained::default() }
}

fn ann() -> Person {
    Person { name: "Ann".into(), age: 30 }
}

#[test]
fn a_struct_that_lost_a_field_or_gained_one_with_a_default_keeps_the_rest() {
    let (report, value) = retyped!(Person => Defaulted, ann(), Defaulted::default());
    assert_eq!(report, "it: migrated from rules::Person\n");
    assert_eq!(value, r#"{"name":"Ann","tags":[]}"#);
}

#[test]
fn a_field_that_a_struct_gained_without_a_default_is_taken_from_the_initial_value() {
    let (report, value) = retyped!(Person => Gained, ann(), in_ulm());
    assert_eq!(report, "it: migrated from rules::Person, without `town`\n");
    assert_eq!(value, r#"{"name":"Ann","age":30,"town":"Ulm"}"#);
}

#[test]
fn a_field_that_was_retyped_or_gained_further_inside_resets_the_signal_with_the_reason() {
    let (report, value) = retyped!(Person => Retyped, ann(), Retyped::default());
    assert_eq!(report, "it: reset, invalid type: integer `30`, expected a boolean\n");
    assert_eq!(value, r#"{"name":"","age":false}"#);
    let (report, _) =
        retyped!(House => GainedInside, House { owner: ann() }, GainedInside::default());
    assert_eq!(report, "it: reset, missing field `town`\n");
}

#[derive(Clone, Default, Serialize, Deserialize)]
enum Mood {
    #[default]
    Calm,
    Glad {
        why: String,
    },
}

#[derive(Clone, Default, Serialize, Deserialize)]
enum More {
    #[default]
    Angry,
    Glad {
        why: String,
        #[serde(default)]
        very: bool,
    },
}

fn glad() -> Mood {
    Mood::Glad { why: "sun".into() }
}

#[test]
fn an_enum_keeps_a_variant_that_both_have_whatever_else_it_gained_or_lost() {
    let (report, value) = retyped!(Mood => More, glad(), More::Angry);
    assert_eq!(report, "it: migrated from rules::Mood\n");
    assert_eq!(value, r#"{"Glad":{"why":"sun","very":false}}"#);
    let (report, value) = retyped!(Mood => More, Mood::Calm, More::Angry);
    assert_eq!(report, "it: reset, unknown variant `Calm`, expected `Angry` or `Glad`\n");
    assert_eq!(value, r#""Angry""#);
}

#[test]
fn options_vectors_and_maps_are_read_as_their_items_are() {
    let (report, value) = retyped!(u8 => Option<u32>, 7, None);
    assert_eq!((report.as_str(), value.as_str()), ("it: migrated from u8\n", "7"));
    let (report, value) = retyped!(Vec<Mood> => Vec<More>, vec![glad(), glad()], Vec::new());
    assert!(report.starts_with("it: migrated from alloc::vec::Vec<"), "{report}");
    assert_eq!(value.matches("sun").count(), 2, "{value}");
    let (report, value) = retyped!(
        BTreeMap<String, Person> => BTreeMap<String, Option<Defaulted>>,
        [("a".to_owned(), ann())].into(),
        BTreeMap::new()
    );
    assert!(report.starts_with("it: migrated from"), "{report}");
    assert_eq!(value, r#"{"a":{"name":"Ann","tags":[]}}"#);
    let (report, _) = retyped!(Option<u8> => u8, None, 3);
    assert_eq!(report, "it: reset, invalid type: null, expected u8\n");
    let (report, value) = retyped!(u64 => i8, 300, 3);
    assert!(report.starts_with("it: reset, invalid value: integer `300`"), "{report}");
    assert_eq!(value, "3");
}

#[test]
fn a_map_gains_nothing_from_the_initial_value() {
    let (report, value) = retyped!(
        BTreeMap<String, u8> => BTreeMap<String, u32>,
        [("a".to_owned(), 1)].into(),
        [("b".to_owned(), 2)].into()
    );
    assert!(report.starts_with("it: migrated"), "{report}");
    assert_eq!(value, r#"{"a":1}"#);
}

/// Versions of one component whose signals come, go, change their type and are marked.
mod versions {
    use super::*;

    macro_rules! version {
        ($name:ident, $(#[$reset:meta])? $draft:ident: $type:ty = $initial:expr) => {
            pub(crate) mod $name {
                use super::*;
                #[component(export)]
                pub(crate) fn App() -> View {
                    $(#[$reset])?
                    let $draft: Signal<$type> = signal($initial);
                    let other = signal(0);
                    view! {
                        <b on:click={move |_| $draft.set("9".parse().expect("a value"))}>{$draft} "/" {other}</b>
                        <i on:click={move |_| other.set(5)}>"other"</i>
                    }
                }
            }
        };
    }

    version!(text, draft: String = "-".to_owned());
    version!(number, draft: u32 = 1);
    version!(renamed, title: String = "=".to_owned());
    version!(marked, #[reset] draft: String = "-".to_owned());

    pub(crate) mod all_marked {
        use super::*;
        #[component(export, reset)]
        pub(crate) fn App() -> View {
            let draft = signal("-".to_owned());
            let other = signal(0);
            view! { <b>{draft} "/" {other}</b> <Inner /> }
        }
        #[component]
        fn Inner() -> View {
            let deep = signal(0);
            view! { <i on:click={move |_| deep.set(3)}>{deep}</i> }
        }
    }
}

fn restored<P: hmr_sdk::rt::Exported>(old: &Snapshot) -> (Page, String) {
    let mut page = Page::new().with::<P>();
    let report = lines(&page.restore(old));
    (page, report)
}

fn first_version() -> Snapshot {
    used(Page::new().with::<versions::text::AppProps>(), |page| {
        page.click("b");
        page.click("i");
    })
}

#[test]
fn an_undone_edit_brings_an_orphan_back() {
    let first = first_version();
    let (page, report) = restored::<versions::renamed::AppProps>(&first);
    assert_eq!(report, "draft: Orphaned\nother: Kept\ntitle: Added\n");
    let second = page.capture();
    assert_eq!(second.instances[0].signals.keys().collect::<Vec<_>>(), ["other", "title"]);
    assert_eq!(second.instances[0].orphans.keys().collect::<Vec<_>>(), ["draft"]);

    // Another edit in between: the orphan travels on, and is not reported again.
    let (page, report) = restored::<versions::renamed::AppProps>(&second);
    assert_eq!(report, "other: Kept\ntitle: Kept\n");
    let third = page.capture();
    assert_eq!(third.instances[0].orphans["draft"].age, 1);

    let (page, report) = restored::<versions::text::AppProps>(&third);
    assert_eq!(report, "draft: Recovered\nother: Kept\ntitle: Orphaned\n");
    assert!(page.html().starts_with("<b>9/5</b>"), "{}", page.html());
    let fourth = page.capture();
    assert!(fourth.instances[0].signals["draft"].set);
    assert_eq!(fourth.instances[0].orphans.keys().collect::<Vec<_>>(), ["title"]);
}

#[test]
fn an_undone_change_of_type_brings_the_value_back() {
    let mut old = first_version();
    let draft = old.instances[0].signals.get_mut("draft").expect("a draft");
    draft.value = Some(serde_json::value::to_raw_value("noon").expect("JSON"));
    let (mut page, report) = restored::<versions::number::AppProps>(&old);
    let reason = "invalid type: string \"noon\", expected u32";
    assert_eq!(report, format!("draft: reset, {reason}\nother: Kept\n"));
    let untouched = page.capture();
    page.click("b");
    let touched = page.capture();
    for second in [untouched, touched] {
        let (page, report) = restored::<versions::text::AppProps>(&second);
        assert_eq!(report, "draft: Recovered\nother: Kept\n");
        assert!(page.html().starts_with("<b>noon/5</b>"), "{}", page.html());
    }
}

#[test]
fn an_untouched_signal_takes_a_new_initial_value_and_a_touched_one_stays() {
    let old = used(Page::new().with::<versions::text::AppProps>(), |page| _ = page.click("i"));
    let (page, report) = restored::<versions::number::AppProps>(&old);
    assert_eq!(report, "draft: Initial\nother: Kept\n");
    assert!(page.html().starts_with("<b>1/5</b>"), "{}", page.html());
}

#[test]
fn a_marked_binding_is_reset_until_the_mark_is_removed() {
    let (mut page, report) = restored::<versions::marked::AppProps>(&first_version());
    assert_eq!(report, "draft: reset, `draft` is marked `reset`\nother: Kept\n");
    assert!(page.html().starts_with("<b>-/5</b>"), "{}", page.html());
    page.click("b");
    let second = page.capture();
    assert!(second.instances[0].orphans.is_empty());
    let (_, report) = restored::<versions::marked::AppProps>(&second);
    assert_eq!(report, "draft: reset, `draft` is marked `reset`\nother: Kept\n");
    let (page, report) = restored::<versions::text::AppProps>(&second);
    assert_eq!(report, "draft: Kept\nother: Kept\n");
    assert!(page.html().starts_with("<b>9/5</b>"), "{}", page.html());
}

#[test]
fn a_component_that_is_marked_begins_again_with_all_that_is_inside_it() {
    let (mut page, report) = restored::<versions::all_marked::AppProps>(&first_version());
    let marked = "reset, `App` is marked `reset`";
    assert_eq!(report, format!("Inner:deep: Added\ndraft: {marked}\nother: {marked}\n"));
    page.click("i");
    let (page, report) = restored::<versions::all_marked::AppProps>(&page.capture());
    assert_eq!(report, format!("Inner:deep: {marked}\ndraft: {marked}\nother: {marked}\n"));
    assert_eq!(page.html(), "<b>-/0</b><i>0</i>");
    let (_, report) = restored::<versions::text::AppProps>(&page.capture());
    assert_eq!(report, "Inner:deep: Orphaned\ndraft: Kept\nother: Kept\n");
}

#[test]
fn orphans_are_bounded_and_go_untouched_first_and_then_from_the_oldest_on() {
    let mut old = first_version();
    let state = old.instances[0].signals["draft"].clone();
    for n in 0..4500 {
        let mut state = state.clone();
        // Three kinds, which alternate in the order of keys.
        state.age = n % 3;
        state.set = n % 3 != 0;
        old.instances[0].orphans.insert(format!("gone{n:04}"), state);
    }
    let (page, _) = restored::<versions::renamed::AppProps>(&old);
    let orphans = page.capture().instances.remove(0).orphans;
    assert_eq!(orphans.len(), 2048);
    assert!(orphans.contains_key("draft"), "the one of this swap stays");
    assert!(orphans.values().all(|state| state.set), "what nobody set has gone");
    let young = orphans.values().filter(|state| state.age == 2).count();
    assert_eq!(young, 1500, "all of the younger generation stay");
    let is_logged = page.log().iter().any(|(_, line)| line.contains("the oldest 953 are gone"));
    assert!(is_logged, "{:?}", page.log());
}

#[component(export)]
fn Late() -> View {
    let open = signal(false);
    view! {
        <i on:click={move |_| open.set(true)}>"open"</i>
        <Show when={move || open.get()}><Draft /></Show>
    }
}

#[component]
fn Draft() -> View {
    let text = signal(0);
    view! { <b on:click={move |_| text.set(4)}>{text}</b> }
}

#[test]
fn an_orphan_is_taken_up_by_what_is_shown_later() {
    let mut page = Page::new().with::<LateProps>();
    page.mount(1, "Late", &json!({})).expect("it mounts");
    page.click("i");
    page.click("b");
    let mut old = page.capture();
    // As if its owner was forgotten: a list that is loaded again, for instance.
    old.instances[0].signals.remove("open");
    let (mut page, report) = restored::<LateProps>(&old);
    assert_eq!(report, "Show(open):Draft:text: Orphaned\nopen: Added\n");
    page.click("i");
    assert!(page.html().ends_with("<b>4</b>"), "{}", page.html());
    assert!(page.capture().instances[0].orphans.is_empty());
}

static NEXT_ID: AtomicU32 = AtomicU32::new(1);

thread_local! {
    static SEED: Cell<u32> = const { Cell::new(10) };
}

mod numbered {
    use super::*;

    #[component(export)]
    pub(crate) fn App() -> View {
        let first = signal(NEXT_ID.fetch_add(1, Ordering::Relaxed));
        let second = signal(NEXT_ID.fetch_add(1, Ordering::Relaxed));
        let seed = signal(SEED.replace(11));
        view! { <p>{first} " " {second} " " {seed}</p> }
    }
}

mod numbered_in_another_order {
    use super::*;

    #[component(export)]
    pub(crate) fn App() -> View {
        let extra = signal(SEED.replace(12));
        let second = signal(NEXT_ID.fetch_add(1, Ordering::Relaxed));
        let first = signal(NEXT_ID.fetch_add(1, Ordering::Relaxed));
        let seed = signal(SEED.replace(11));
        view! { <p>{first} " " {second} " " {seed}</p><b>{extra}</b> }
    }
}

#[test]
fn a_value_from_a_static_stays_while_its_code_is_the_same() {
    let old = used(Page::new().with::<numbered::AppProps>(), |page| {
        assert_eq!(page.html(), "<p>1 2 10</p>");
    });
    let (page, report) = restored::<numbered_in_another_order::AppProps>(&old);
    assert_eq!(page.html(), "<p>1 2 10</p><b>11</b>");
    assert_eq!(report, "extra: Added\nfirst: Kept\nsecond: Kept\nseed: Kept\n");
}
