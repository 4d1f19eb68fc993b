//! Snapshots: the state that new code gets from old code.

use std::collections::{BTreeMap, BTreeSet};

use hmr_abi::state::{InstanceReport, InstanceState, RestoreReport, Snapshot};
use hmr_sdk::prelude::*;
use hmr_sdk::testing::Page;
use serde::{Deserialize, Serialize};

use crate::beside;

/// State of several kinds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Person {
    name: String,
    age: u8,
    #[serde(default)]
    tags: Vec<String>,
    weight: Option<f64>,
}

/// State that is one of several.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
enum Shape {
    #[default]
    None,
    Circle(f64),
    Box {
        width: u64,
        height: i64,
    },
}

#[component]
fn Item(id: u32) -> View {
    let count = signal(0_u32);
    let note = signal(String::new());
    interval("tick", 1000.0, move || count.set(id));
    view! { <li id={id.to_string()} on:click={move |_| note.set(count.get().to_string())}>{count} " " {note}</li> }
}

/// A component with signals of several types, a list, a condition, tasks, resources, a port, hooks and migrations.
#[component(export, version = "1.2.0")]
fn App(#[prop(default)] title: String) -> View {
    let total = signal(0_u32);
    let draft = signal(String::new());
    let person = signal(Person::default());
    let shape = signal(Shape::default());
    let items = signal(vec![1_u32, 2]);
    let open = signal(false);
    let exact = signal(0.0_f64);
    let names = signal(BTreeMap::<String, u64>::new());
    spawn("load", async move {
        if let Ok(answer) = http::get("/list").send().await {
            sleep(50.0).await;
            draft.set(answer.text().to_owned());
        }
    });
    let save = action("save", move |amount: u32| async move {
        sleep(f64::from(amount % 100)).await;
        total.set(amount);
    });
    let total_port = output_stream::<u32>("total");
    effect(move || total_port.send(&total.get()));
    after_update(move |saved, report| {
        _ = (saved.extra::<u32>("scroll"), saved.keys(), report.keys.len());
    });
    health(move || Ok(()));
    let press = move |_| {
        save.run(total.get_untracked());
        exact.set(0.1 + 0.2);
        person.set(Person {
            name: "Ada".into(),
            age: 36,
            tags: vec!["a".into()],
            weight: Some(0.3),
        });
        shape.set(Shape::Circle(1.5));
        names.update(|names| _ = names.insert("all".into(), u64::MAX));
        open.set(true);
    };
    view! {
        <h1 on:click={press}>{title} {move || format!("{:?} {:?} {}", person.get(), shape.get(), exact.get())}</h1>
        <input bind:value={draft} />
        <Show when={move || open.get()}><Item id={0} /></Show>
        <ul><For each={move || items.get()} key={|id| *id} view={|id| view! { <Item id={id} /> }} /></ul>
        <p>{move || names.with(BTreeMap::len).to_string()}</p>
    }
}

/// A component without a version.
#[component(export)]
fn Plain() -> View {
    let n = signal(0_i64);
    let maybe = signal(None::<String>);
    view! { <b on:click={move |_| n.set(n.get() / 2)}>{n} {move || maybe.get()}</b> }
}

#[migration(App, from = "1.0.0", to = "1.1.0")]
fn rename(saved: &mut Saved) -> Result<(), MigrationError> {
    saved.rename("count", "total");
    saved.rename_scope("Row", "For");
    Ok(())
}

#[migration(App, from = "1.1.0", to = "1.2.0")]
fn double(saved: &mut Saved) -> Result<(), MigrationError> {
    let total: u32 = saved.get("total")?.unwrap_or_default();
    saved.set("total", &total.wrapping_mul(2));
    saved.put("scroll", &total);
    saved.remove("obsolete");
    Ok(())
}

fn page() -> Page {
    Page::new()
        .with::<AppProps>()
        .with::<PlainProps>()
        .with_migration::<rename>()
        .with_migration::<double>()
}

/// Restores bytes of any content: the report lists every instance of a snapshot, in its order, and what was restored can
/// be captured and restored again as it is.
pub fn restore(input: &[u8]) {
    let mut page = page();
    let report = page.restore_bytes(input);
    check(&mut page, input, &report);
}

/// Migrates bytes of any content, and restores the result.
pub fn migrate(input: &[u8]) {
    let mut page = page();
    let Ok(migrated) = page.migrate_bytes(input) else { return };
    let written = serde_json::to_vec(&migrated).expect("a migrated snapshot can be written");
    assert!(migrated.transform.is_empty(), "the transform is done, and still there");
    let report = page.restore_bytes(&written);
    check(&mut page, &written, &report);
}

fn check(page: &mut Page, input: &[u8], report: &RestoreReport) {
    let expected: Snapshot = serde_json::from_slice(input).unwrap_or_default();
    let names = |state: &InstanceState| (state.instance, state.component.clone());
    let expected: Vec<_> = expected.instances.iter().map(names).collect();
    let names = |report: &InstanceReport| (report.instance, report.component.clone());
    let reported: Vec<_> = report.instances.iter().map(names).collect();
    assert!(reported == expected, "{}", beside(&expected, &reported));

    let first = page.capture();
    let running: BTreeSet<u32> = first.instances.iter().map(|state| state.instance).collect();
    let restored = report.instances.iter().filter(|report| report.error.is_none());
    assert_eq!(running, restored.map(|report| report.instance).collect());
    _ = (page.html(), page.health());
    page.dispose();
    let mut page = self::page();
    let again = page.restore(&first);
    assert!(again.instances.iter().all(|report| report.error.is_none()), "{again:?}");
    let second = page.capture();
    assert!(values(&first) == values(&second), "{}", beside(&values(&first), &values(&second)));
    page.dispose();
}

/// What must stay the same if the code does: each signal's value and whether it was set.
fn values(snapshot: &Snapshot) -> Vec<BTreeMap<&str, (bool, Option<&str>)>> {
    snapshot
        .instances
        .iter()
        .map(|instance| {
            let signals = instance.signals.iter();
            signals
                .map(|(key, state)| {
                    (key.as_str(), (state.set, state.value.as_ref().map(|value| value.get())))
                })
                .collect()
        })
        .collect()
}
