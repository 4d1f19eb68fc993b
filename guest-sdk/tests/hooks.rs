//! Hooks around an update, health, pruning and invalidation.
#![allow(missing_docs)]

mod swap;

use hmr_abi::port::Invalidation;
use hmr_abi::state::{HealthReport, Illness};
use hmr_sdk::prelude::*;
use hmr_sdk::testing::Page;
use swap::{Unwritable, lines, used};

mod before {
    use super::*;
    #[component(export)]
    pub(crate) fn App() -> View {
        let flushed = signal(0);
        let bad = signal(0);
        let name = signal("Ann".to_owned());
        before_update(move |saved| {
            flushed.set(1);
            saved.put("scroll", &120);
            saved.set("name", &"changed on the way");
            saved.put("table", &Unwritable);
        });
        view! { <b on:click={move |_| { bad.set(1); name.set("Bo".into()); }}>{flushed}</b> <Child /> }
    }

    #[component]
    fn Child() -> View {
        before_update(|saved| {
            saved.remove("bad");
            let scroll: Option<u32> = saved.extra("scroll").expect("a number");
            saved.put("seen", &scroll);
        });
        view! {}
    }
}

mod after {
    use super::*;
    #[component(export)]
    pub(crate) fn App() -> View {
        let scroll = signal(0);
        let summary = signal(String::new());
        let flushed = signal(0);
        let name = signal(String::new());
        let bad = signal(7);
        after_update(move |saved, report| {
            scroll.set(saved.extra("scroll").ok().flatten().unwrap_or_default());
            let kept = report.keys.values().filter(|outcome| **outcome == KeyOutcome::Kept).count();
            summary.set(format!("{} of {:?}", kept, saved.keys()));
        });
        view! { <b>{flushed} " " {name} " " {bad} " " {scroll} " " {summary}</b> }
    }
}

#[test]
fn hooks_pass_on_values_that_no_signal_holds() {
    let mut page = Page::new().with::<before::AppProps>();
    page.mount(1, "App", &json!({})).expect("it mounts");
    page.click("b");
    assert!(page.capture().hooks);
    assert!(page.capture().instances[0].extra.is_empty(), "capturing runs no hook");
    let old = page.capture_with_hooks();
    let state = &old.instances[0];
    assert_eq!(state.extra["scroll"].get(), "120");
    assert_eq!(state.extra["seen"].get(), "120");
    assert_eq!(state.signals["flushed"].value.as_ref().map(|value| value.get()), Some("1"));
    assert!(!state.signals.contains_key("bad"));
    assert_eq!(
        page.log().last().map(|(level, line)| (*level, line.as_str())),
        Some((
            3,
            "a hook before the update of `App`: the extra `table` could not be written: it refuses"
        ))
    );

    let mut page = Page::new().with::<after::AppProps>();
    let report = page.restore(&old);
    assert_eq!(page.html(), r#"<b>1 changed on the way 7 120 2 of ["flushed", "name"]</b>"#);
    assert_eq!(
        lines(&report),
        "bad: Added\nflushed: Kept\nname: Kept\nscroll: Added\nsummary: Added\n"
    );
    assert!(!page.capture().hooks);
    assert!(page.capture().instances[0].extra.is_empty(), "extras are for one update");
}

#[test]
fn hooks_after_an_update_run_in_an_update_only() {
    let mut page = Page::new().with::<after::AppProps>();
    page.mount(1, "App", &json!({})).expect("it mounts");
    page.mount(1, "App", &json!({})).expect("it renders again");
    assert_eq!(page.html(), "<b>0  7 0 </b>");
}

#[component(export)]
fn Well(#[prop(default)] quiet: bool) -> View {
    let ill = signal(false);
    let open = signal(true);
    health(move || if ill.get() { Err("the list is empty".to_owned()) } else { Ok(()) });
    prune(move || log::info("pruned"));
    on_cleanup(|| log::info("cleaned up"));
    if !quiet {
        health(|| Ok(()));
    }
    view! {
        <b on:click={move |_| ill.set(true)}>"ill"</b>
        <i on:click={move |_| open.set(false)}>"close"</i>
        <u on:click={move |_| invalidate("the socket has another protocol")}>"x"</u>
        <Show when={move || open.get()}><Frail /></Show>
    }
}

#[component]
fn Frail() -> View {
    let out = signal(false);
    health(move || if out.get() { Err("out of order".into()) } else { Ok(()) });
    view! { <em on:click={move |_| out.set(true)}>"break"</em> }
}

#[test]
fn the_health_of_every_instance_is_asked_for() {
    let mut page = Page::new().with::<WellProps>();
    page.mount(1, "Well", &json!({})).expect("it mounts");
    page.mount(2, "Well", &json!({ "quiet": true })).expect("it mounts");
    assert_eq!(page.health(), HealthReport::default());
    page.click("em");
    page.click("b");
    let illness = |error: &str| {
        let (instance, component) = (1, "Well".to_owned());
        HealthReport { instances: vec![Illness { instance, component, error: error.into() }] }
    };
    assert_eq!(page.health(), illness("the list is empty; out of order"));
    // A hook goes with the scope that registered it.
    page.click("i");
    assert_eq!(page.health(), illness("the list is empty"));
}

#[test]
fn pruning_runs_before_the_clean_ups_and_of_that_instance_alone() {
    let mut page = Page::new().with::<WellProps>();
    page.mount(1, "Well", &json!({})).expect("it mounts");
    page.mount(2, "Well", &json!({})).expect("it mounts");
    page.prune(2);
    page.unmount(2);
    page.prune(77);
    let lines: Vec<_> = page.log().into_iter().map(|(_, line)| line).collect();
    assert_eq!(lines, ["pruned", "cleaned up"]);
}

#[test]
fn an_instance_can_say_that_it_cannot_go_on() {
    let mut page = Page::new().with::<WellProps>();
    page.mount(4, "Well", &json!({})).expect("it mounts");
    page.click("u");
    let reason = "the socket has another protocol".to_owned();
    assert_eq!(page.invalidated(), [Invalidation { instance: 4, reason }]);
}

#[component]
fn Card(name: String) -> View {
    let of = name.clone();
    prune(move || log::info(format!("{of} leaves")));
    view! { <b>{name}</b> }
}

fn tidy() {
    prune(|| log::info("what tidied leaves"));
}

mod two {
    use super::*;
    #[component(export, version = "1.0.0")]
    pub(crate) fn App() -> View {
        prune(|| log::info("all leaves"));
        tidy();
        view! { <Card key="a" name={"a".to_owned()} /><Card key="b" name={"b".to_owned()} /> }
    }
}

mod one {
    use super::*;
    #[component(export, version = "2.0.0")]
    pub(crate) fn App() -> View {
        tidy();
        view! { <Card key="b" name={"b".to_owned()} /> }
    }

    #[migration(App, from = "1.0.0", to = "2.0.0")]
    pub(crate) fn renamed(saved: &mut Saved) -> Result<(), MigrationError> {
        saved.rename_scope("Card:a", "Tile:a");
        Ok(())
    }
}

#[test]
fn what_the_new_code_does_not_render_is_pruned() {
    let old = used(Page::new().with::<two::AppProps>(), |_| {});
    assert_eq!(old.instances[0].prunes, ["Card:a", "Card:b", "tidy"]);
    let report = Page::new().with::<one::AppProps>().restore(&old);
    assert_eq!(report.instances[0].pruned, ["Card:a"]);
    let mut page = Page::new().with::<two::AppProps>();
    page.mount(1, "App", &json!({})).expect("it mounts");
    page.prune_after(&report);
    assert_eq!(page.log().iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>(), ["a leaves"]);
}

#[test]
fn what_a_migration_renames_is_not_pruned() {
    let old = used(Page::new().with::<two::AppProps>(), |_| {});
    let mut page = Page::new().with::<one::AppProps>().with_migration::<one::renamed>();
    let migrated = page.migrate(&old).expect("it migrates");
    assert!(page.restore(&migrated).instances[0].pruned.is_empty());
}

mod refuses {
    use super::*;
    #[component(export, decline = "it draws to a canvas")]
    pub(crate) fn App() -> View {
        let wanted = signal(0);
        after_update(move |_, report| {
            if matches!(report.keys.get("wanted"), Some(KeyOutcome::Reset { .. })) {
                invalidate("without `wanted` there is nothing to show");
            }
        });
        view! { <b>{wanted}</b> }
    }
}

#[test]
fn a_hook_can_invalidate_what_could_not_be_restored() {
    let mut old = used(Page::new().with::<refuses::AppProps>(), |_| {});
    let wanted = old.instances[0].signals.get_mut("wanted").expect("a signal");
    wanted.set = true;
    wanted.value = Some(serde_json::value::to_raw_value("x").expect("JSON"));
    let mut page = Page::new().with::<refuses::AppProps>();
    page.restore(&old);
    assert_eq!(page.invalidated().len(), 1);
}

#[component(export)]
fn Closing() -> View {
    let open = signal(true);
    before_update(move |_| open.set(false));
    view! { <Show when={move || open.get()}><Closed /></Show> }
}

#[component]
fn Closed() -> View {
    let count = signal(1);
    before_update(move |saved| saved.put("count", &count.get()));
    view! { <b>{count}</b> }
}

#[test]
fn a_hook_of_content_that_a_hook_before_it_closed_does_not_run() {
    let mut page = Page::new().with::<ClosingProps>();
    page.mount(1, "Closing", &json!({})).expect("it mounts");
    let state = page.capture_with_hooks().instances.remove(0);
    assert_eq!(state.signals["open"].value.as_ref().map(|value| value.get()), Some("false"));
    assert!(state.extra.is_empty(), "{:?}", state.extra);
}
