//! Ports: declarations, incoming and outgoing values, and the effect of a swap on them.
#![allow(missing_docs)]

use hmr_abi::port::PortRequest;
use hmr_sdk::prelude::*;
use hmr_sdk::testing::Page;
use serde::{Deserialize, Serialize};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Card {
    id: u64,
    title: String,
}

#[component(export)]
fn Board(#[prop(default)] only_out: bool) -> View {
    let moved = output::<Card>("moved");
    let level = output_stream::<f64>("level");
    let picked = signal(String::new());
    let latest = if only_out { signal(None) } else { input_stream::<Card>("latest") };
    if !only_out {
        input("pick", move |card: Card| picked.set(card.title));
        input("any", |value: serde_json::Value| log::info(value));
    }
    let send = move |_| {
        moved.send(&Card { id: u64::MAX, title: "milk".into() });
        level.send(&0.5);
    };
    view! {
        <button on:click={send}>{picked}</button>
        <i>{move || latest.get().map(|card| card.title)}</i>
        <hmr-connect from="Board.moved" to="Log.entry" transform="shorten" kind="port"></hmr-connect>
    }
}

fn lines(page: &Page) -> Vec<String> {
    page.log().into_iter().map(|(_, line)| line).collect()
}

fn card(title: &str) -> serde_json::Value {
    json!({ "id": 1, "title": title })
}

#[test]
fn values_are_sent_and_received_by_name() {
    let mut page = Page::new().with::<BoardProps>();
    page.mount(1, "Board", &json!({})).expect("it mounts");
    assert_eq!(
        page.open_ports(),
        [
            "in any: serde_json::value::Value",
            "in latest: ports::Card",
            "in pick: ports::Card",
            "out moved: ports::Card",
            "out stream level: f64",
        ]
    );
    page.click("button");
    assert_eq!(page.sent_through("moved"), [json!({ "id": u64::MAX, "title": "milk" })]);
    assert_eq!(page.sent_through("level"), [json!(0.5)]);
    assert!(page.arrive("pick", &card("a")));
    assert!(page.arrive("latest", &card("b")));
    assert!(page.arrive("any", &json!([1])));
    assert!(!page.arrive("moved", &json!(1)), "an output takes nothing");
    assert_eq!(
        page.html(),
        concat!(
            "<button>a</button><i>b</i>",
            r#"<hmr-connect from="Board.moved" kind="port" to="Log.entry" transform="shorten"></hmr-connect>"#
        )
    );
    assert_eq!(lines(&page), ["[1]"]);
}

#[test]
fn a_value_of_another_type_is_reported_and_not_a_trap() {
    let mut page = Page::new().with::<BoardProps>();
    page.mount(1, "Board", &json!({})).expect("it mounts");
    assert!(page.arrive("pick", &json!("milk")));
    assert!(page.arrive("latest", &json!({ "id": 1 })));
    assert_eq!(
        lines(&page),
        [
            "a value for the input port `pick` is no `ports::Card`: invalid type: string \"milk\", expected struct Card",
            "a value for the input port `latest` is no `ports::Card`: missing field `title`",
        ]
    );
    assert!(page.html().starts_with("<button></button><i></i>"), "{}", page.html());
}

#[test]
fn a_stream_keeps_its_latest_value_in_new_code() {
    let mut page = Page::new().with::<BoardProps>();
    page.mount(1, "Board", &json!({})).expect("it mounts");
    page.arrive("latest", &card("kept"));
    let snapshot = page.capture();
    let before = page.ports().len();
    page.dispose();
    assert_eq!(page.ports().len(), before, "the old code closes none: the new code has them");

    let mut page = Page::new().with::<BoardProps>();
    page.restore(&snapshot);
    assert!(page.html().contains("<i>kept</i>"), "{}", page.html());
    assert_eq!(page.open_ports().len(), 5);
    page.arrive("latest", &card("newer"));
    assert!(page.html().contains("<i>newer</i>"), "{}", page.html());
}

#[test]
fn rendering_again_closes_the_ports_that_are_no_longer_declared() {
    let mut page = Page::new().with::<BoardProps>();
    page.mount(1, "Board", &json!({})).expect("it mounts");
    page.mount(1, "Board", &json!({ "only_out": true })).expect("it renders");
    assert_eq!(page.open_ports(), ["out moved: ports::Card", "out stream level: f64"]);
    let closed = page.ports().iter().filter(|request| matches!(request, PortRequest::Close { .. }));
    assert_eq!(closed.count(), 3);
    page.unmount(1);
    assert_eq!(page.open_ports(), [""; 0]);
}

#[component(export)]
fn Deck() -> View {
    let cards = signal(vec![1, 2]);
    let each = move |id: u32| {
        let moved = output::<u32>("moved");
        input("pick", move |n: u32| log::info(format!("{id} picked {n}")));
        view! { <li class={format!("c{id}")} on:click={move |_| moved.send(&id)}></li> }
    };
    view! {
        <For each={move || cards.get()} key={|id| *id} view={each} />
        <a on:click={move |_| cards.update(|cards| _ = cards.pop())}></a>
    }
}

#[test]
fn of_two_declarations_the_later_counts_until_it_is_removed() {
    let mut page = Page::new().with::<DeckProps>();
    page.mount(1, "Deck", &json!({})).expect("it mounts");
    page.click(".c1");
    page.click(".c2");
    assert_eq!(page.sent_through("moved"), [json!(1), json!(2)]);
    page.arrive("pick", &json!(7));
    page.click("a");
    page.arrive("pick", &json!(8));
    assert_eq!(
        lines(&page),
        [
            "the input port `pick` is declared twice; the later one counts",
            "2 picked 7",
            "1 picked 8"
        ]
    );
    page.click("a");
    assert_eq!(page.open_ports(), [""; 0]);
    assert!(!page.arrive("pick", &json!(9)));
}
