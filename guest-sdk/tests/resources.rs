//! What components request of the engine besides nodes: the requests, the answers, and what a swap leaves open.
#![allow(missing_docs)]
#![allow(clippy::needless_raw_string_hashes, reason = "as `expect-test` writes them")]

use expect_test::{Expect, expect};
use hmr_abi::event::{DISPATCH_INERT, EventData, ResourceRequest};
use hmr_sdk::prelude::*;
use hmr_sdk::testing::Page;

fn requests(page: &Page, from: usize, expected: &Expect) {
    let line = |request: &ResourceRequest| match request {
        ResourceRequest::Open { key, resource, replay, .. } => {
            format!("open {key} {resource:?}{}\n", if *replay { " replay" } else { "" })
        }
        ResourceRequest::Send { key, data, binary, .. } => format!("send {key} {data} {binary}\n"),
        ResourceRequest::Close { key, .. } => format!("close {key}\n"),
    };
    expected.assert_eq(&page.resources()[from..].iter().map(line).collect::<String>());
}

fn lines(page: &Page) -> Vec<String> {
    page.log().into_iter().map(|(_, line)| line).collect()
}

#[component(export)]
fn Everything(#[prop(default)] quiet: bool) -> View {
    if quiet {
        return View::empty();
    }
    on_window("keydown", |event: Event| log::info(format!("key {}", event.key())));
    on_document("visibilitychange", |event: Event| log::info(event.kind()));
    Listener::window("wheel")
        .name("zoom")
        .prevent()
        .capture()
        .open(|event| log::info(event.delta_y()));
    Listener::document("scroll").passive().stop().open(|_| {});
    media_query("wide", "(min-width: 40rem)", |wide| log::info(format!("wide {wide}")));
    storage_listener("cart", StorageArea::Local, "cart", |change| log::info(format!("{change:?}")));
    storage_listener("all", StorageArea::Session, None, |_| {});
    view! {}
}

#[test]
fn each_kind_is_asked_for_and_says_what_it_has_to_say() {
    let mut page = Page::new().with::<EverythingProps>();
    page.mount(1, "Everything", &json!({})).expect("it mounts");
    requests(
        &page,
        0,
        &expect![[r#"
            open window.keydown Listener { target: Window, event: "keydown", flags: 0 }
            open document.visibilitychange Listener { target: Document, event: "visibilitychange", flags: 0 }
            open zoom Listener { target: Window, event: "wheel", flags: 5 }
            open document.scroll Listener { target: Document, event: "scroll", flags: 10 }
            open wide MediaQuery { query: "(min-width: 40rem)" }
            open cart Storage { area: Local, item: Some("cart") }
            open all Storage { area: Session, item: None }
        "#]],
    );
    let key = EventData { kind: "keydown".into(), key: Some("k".into()), ..EventData::default() };
    assert!(page.fire_resource_event("window.keydown", key));
    let shown = EventData { kind: "visibilitychange".into(), ..EventData::default() };
    assert!(page.fire_resource_event("document.visibilitychange", shown));
    assert!(page.fire_resource_event("zoom", EventData { delta_y: 3.0, ..EventData::default() }));
    assert!(page.fire_resource_with("wide", &json!({ "matches": true })));
    assert!(page.fire_resource_with("wide", &json!({ "matches": "often" })));
    assert!(page.fire_resource_with("cart", &json!({ "item": "cart", "old": null, "new": "[]" })));
    assert_eq!(
        lines(&page),
        [
            "key k",
            "visibilitychange",
            "3",
            "wide true",
            "what a `media-query` says does not parse: invalid type: string \"often\", expected a boolean at line 1 column 18",
            "StorageChange { item: Some(\"cart\"), old: None, new: Some(\"[]\") }",
        ]
    );
    page.mount(1, "Everything", &json!({ "quiet": true })).expect("it renders");
    assert_eq!(page.open_resources().len(), 0);
}

#[test]
fn a_handler_of_a_removed_component_is_inert() {
    let mut page = Page::new().with::<EverythingProps>();
    page.mount(1, "Everything", &json!({})).expect("it mounts");
    let Some(ResourceRequest::Open { handler, .. }) = page.resources().first().cloned() else {
        panic!("the listener is asked for first");
    };
    page.unmount(1);
    assert_eq!(page.open_resources().len(), 0);
    assert_eq!(page.dispatch(handler, &EventData::default()), DISPATCH_INERT);
    assert_eq!(lines(&page), [""; 0]);
}

#[component(export)]
fn Observed(#[prop(default)] without: bool) -> View {
    let shown = signal(true);
    let (frame, inner) = (NodeRef::new(), NodeRef::new());
    let width = signal(0.0);
    resize_observer("size", frame, move |size| width.set(size.width));
    intersection_observer("seen", inner, 0.5, |seen| log::info(format!("{seen:?}")));
    mutation_observer("changes", inner, |changes| log::info(format!("{changes:?}")));
    view! {
        <button on:click={move |_| shown.update(|shown| *shown = !*shown)}>{width}</button>
        {(!without).then(|| view! { <div ref={frame}></div> })}
        <Show when={move || shown.get()}><p ref={inner}>"x"</p></Show>
    }
}

#[test]
fn observers_follow_the_element_of_their_reference() {
    let mut page = Page::new().with::<ObservedProps>();
    page.mount(1, "Observed", &json!({})).expect("it mounts");
    requests(
        &page,
        0,
        &expect![[r#"
            open size ResizeObserver { node: 3 }
            open seen IntersectionObserver { node: 5, threshold: 0.5 }
            open changes MutationObserver { node: 5 }
        "#]],
    );
    page.fire_resource_with("size", &json!({ "width": 320, "height": 10 }));
    assert!(page.html().starts_with("<button>320</button>"), "{}", page.html());
    page.fire_resource_with("seen", &json!({ "intersecting": true, "ratio": 0.75 }));
    page.fire_resource_with(
        "changes",
        &json!({ "added": 1, "removed": 0, "attributes": ["class"], "text": false }),
    );
    assert_eq!(
        lines(&page),
        [
            "Intersection { intersecting: true, ratio: 0.75 }",
            "Mutation { added: 1, removed: 0, attributes: [\"class\"], text: false }"
        ]
    );
    page.click("button");
    page.click("button");
    requests(
        &page,
        3,
        &expect![[r#"
            close seen
            close changes
            open seen IntersectionObserver { node: 7, threshold: 0.5 }
            open changes MutationObserver { node: 7 }
        "#]],
    );
    page.mount(1, "Observed", &json!({ "without": true })).expect("it renders");
    requests(
        &page,
        7,
        &expect![[r#"
            close size
            open seen IntersectionObserver { node: 12, threshold: 0.5 }
            open changes MutationObserver { node: 12 }
        "#]],
    );
}

#[component(export)]
fn Feed(#[prop(default)] mark: String) -> View {
    let last = signal(String::new());
    let (opened, closing) = (mark.clone(), mark.clone());
    let socket = websocket("feed", "/feed")
        .protocol("v1")
        .on_open(move || log::info(format!("open{opened}")))
        .on_message(move |message| match message {
            Message::Text(text) => last.set(format!("{text}{mark}")),
            Message::Bytes(bytes) => last.set(format!("{bytes:?}{mark}")),
        })
        .on_close(move |closed| log::info(format!("{closed:?}{closing}")))
        .open();
    view! {
        <p>{last}</p>
        <i class="say" on:click={move |_| socket.send("hello")}></i>
        <i class="bytes" on:click={move |_| socket.send_bytes(&[0, 255])}></i>
        <i class="close" on:click={move |_| socket.close()}></i>
    }
}

#[test]
fn a_socket_sends_receives_and_closes() {
    let mut page = Page::new().with::<FeedProps>();
    page.mount(1, "Feed", &json!({})).expect("it mounts");
    requests(
        &page,
        0,
        &expect![[r#"
            open feed WebSocket { url: "/feed", protocols: ["v1"] }
        "#]],
    );
    page.fire_resource_with("feed", &json!({ "state": "open" }));
    page.fire_resource_with("feed", &json!({ "state": "message", "data": "hi" }));
    assert!(page.html().starts_with("<p>hi</p>"), "{}", page.html());
    page.fire_resource_with("feed", &json!({ "state": "message", "binary": "AP8=" }));
    assert!(page.html().starts_with("<p>[0, 255]</p>"), "{}", page.html());
    page.fire_resource_with("feed", &json!({ "state": "message", "binary": "?" }));
    page.click(".say");
    page.click(".bytes");
    assert_eq!(page.sent("feed"), ["hello", "AP8="]);
    let closed = json!({ "state": "closed", "code": 1000, "reason": "bye", "clean": true });
    page.fire_resource_with("feed", &closed);
    page.click(".close");
    page.click(".say");
    requests(
        &page,
        1,
        &expect![[r#"
            send feed hello false
            send feed AP8= true
            close feed
        "#]],
    );
    assert_eq!(
        lines(&page),
        [
            "open",
            "a message of a web socket: Invalid symbol 63, offset 0.",
            "Closed { code: 1000, reason: \"bye\", clean: true }",
            "a message was sent through a web socket that is closed",
        ]
    );
}

#[test]
fn new_code_takes_over_a_socket_with_its_own_handlers() {
    let mut page = Page::new().with::<FeedProps>();
    page.mount(1, "Feed", &json!({ "mark": "!" })).expect("it mounts");
    page.fire_resource_with("feed", &json!({ "state": "message", "data": "one" }));
    let mut snapshot = page.capture();
    page.dispose();
    assert_eq!(page.open_resources().len(), 1, "the old code leaves it open");

    snapshot.instances[0].props =
        serde_json::value::to_raw_value(&json!({ "mark": "?" })).expect("props");
    let mut page = Page::new().with::<FeedProps>();
    page.restore(&snapshot);
    requests(
        &page,
        0,
        &expect![[r#"
            open feed WebSocket { url: "/feed", protocols: ["v1"] }
        "#]],
    );
    assert!(page.html().starts_with("<p>one!</p>"), "{}", page.html());
    page.fire_resource_with("feed", &json!({ "state": "message", "data": "two" }));
    assert!(page.html().starts_with("<p>two?</p>"), "{}", page.html());
    page.mount(1, "Feed", &json!({})).expect("it renders");
    page.click(".say");
    assert_eq!(page.sent("feed"), ["hello"]);
}

#[component(export)]
fn News() -> View {
    let source = event_source("news", "/events")
        .on_open(|| log::info("open"))
        .on("tick", |event| log::info(format!("tick {} {}", event.id, event.data)))
        .on_message(|event| log::info(format!("message {}", event.data)))
        .on_error(|closed| log::info(format!("error {closed}")))
        .open();
    view! { <b on:click={move |_| source.close()}></b> }
}

#[test]
fn events_of_a_server_go_to_the_handler_of_their_name() {
    let mut page = Page::new().with::<NewsProps>();
    page.mount(1, "News", &json!({})).expect("it mounts");
    let says = |event: &str| json!({ "state": "message", "event": event, "id": "7", "data": "d" });
    page.fire_resource_with("news", &json!({ "state": "open" }));
    for event in ["tick", "message", "other"] {
        page.fire_resource_with("news", &says(event));
    }
    page.fire_resource_with("news", &json!({ "state": "error", "closed": true }));
    page.click("b");
    assert_eq!(lines(&page), ["open", "tick 7 d", "message d", "error true"]);
    requests(
        &page,
        0,
        &expect![[r#"
            open news EventSource { url: "/events", events: ["tick"] }
            close news
        "#]],
    );
}

#[component(export)]
fn Search() -> View {
    let shown = signal(String::new());
    let search = move |event: Event| {
        let text = event.value();
        timeout("search", 300, move || shown.set(text));
        interval("blink", 500, || log::info("blink"));
    };
    view! { <input on:input={search} /><b>{shown}</b> }
}

#[test]
fn a_handler_that_asks_again_gets_a_fresh_timeout_and_the_same_interval() {
    let mut page = Page::new().with::<SearchProps>();
    page.mount(1, "Search", &json!({})).expect("it mounts");
    page.input("input", "a");
    page.input("input", "ab");
    requests(
        &page,
        0,
        &expect![[r#"
            open search Timeout { ms: 300.0 }
            open blink Interval { ms: 500.0 }
            close search
            open search Timeout { ms: 300.0 }
            open blink Interval { ms: 500.0 }
        "#]],
    );
    page.fire_resource("search");
    page.fire_resource("blink");
    assert!(page.html().ends_with("<b>ab</b>"), "{}", page.html());
    assert_eq!(lines(&page), ["blink"]);
    page.unmount(1);
    assert_eq!(page.open_resources().len(), 0);
}

#[component(export)]
fn Rows() -> View {
    let rows = signal(vec![(1, 'a'), (2, 'b')]);
    let each = move |(id, letter): (i32, char)| {
        interval("beat", 100, move || log::info(letter));
        view! { <li>{id}</li> }
    };
    view! {
        <For each={move || rows.get()} key={|row| row.0} view={each} />
        <a on:click={move |_| rows.update(|rows| rows[0].1 = 'z')}></a>
        <b on:click={move |_| rows.update(|rows| rows.truncate(1))}></b>
    }
}

#[test]
fn an_item_that_changes_keeps_its_resources_and_a_removed_one_closes_them() {
    let mut page = Page::new().with::<RowsProps>();
    page.mount(1, "Rows", &json!({})).expect("it mounts");
    page.click("a");
    page.click("b");
    requests(
        &page,
        0,
        &expect![[r#"
            open For(rows):1:beat Interval { ms: 100.0 }
            open For(rows):2:beat Interval { ms: 100.0 }
            open For(rows):1:beat Interval { ms: 100.0 }
            close For(rows):2:beat
        "#]],
    );
    page.fire_resource("For(rows):1:beat");
    assert_eq!(lines(&page), ["z"]);
}

#[component(export)]
fn Restarting() -> View {
    let text = signal(0);
    effect(move || {
        let _ = text.get();
        timeout("settle", 300, || log::info("settled"));
    });
    view! { <b on:click={move |_| text.set(1)}></b> }
}

#[test]
fn an_effect_that_runs_again_starts_its_timeout_again() {
    let mut page = Page::new().with::<RestartingProps>();
    page.mount(1, "Restarting", &json!({})).expect("it mounts");
    page.click("b");
    requests(
        &page,
        0,
        &expect![[r#"
            open settle Timeout { ms: 300.0 }
            close settle
            open settle Timeout { ms: 300.0 }
        "#]],
    );
}

#[test]
fn outside_of_a_component_nothing_is_requested() {
    let page = Page::new();
    interval("tick", 100, || {}).close();
    on_window("keydown", |_| {});
    assert_eq!(page.resources().len(), 0);
    assert_eq!(
        lines(&page),
        [
            "`tick` was asked for outside of a component, and is not there",
            "`window.keydown` was asked for outside of a component, and is not there"
        ]
    );
}

#[component(export)]
fn Reopening() -> View {
    let text = signal(0);
    let rows = signal(vec![(1, 'a')]);
    let content = move || {
        let number = text.get();
        interval("beat", 100, || log::info("beat"));
        let ask = move |_| {
            interval("beat", 100, || log::info("beat of the handler"));
            interval("gone", 100, || {});
            text.set(number + 1);
        };
        view! { <b on:click={ask}>{number}</b> }
    };
    let each = move |(_, letter): (i32, char)| {
        interval("row", 100, || log::info("row"));
        let port = output::<char>("letter");
        let ask = move |_| {
            interval("row", 100, || log::info("row of the handler"));
            let again = output::<char>("letter");
            interval("lost", 100, || {});
            rows.set(vec![(1, 'z')]);
            again.send(&letter);
        };
        port.send(&letter);
        view! { <a on:click={ask}>{letter}</a> }
    };
    view! { {content}<For each={move || rows.get()} key={|row| row.0} view={each} /> }
}

#[test]
fn only_requests_that_the_new_content_does_not_make_are_reported() {
    let mut page = Page::new().with::<ReopeningProps>();
    page.mount(1, "Reopening", &json!({})).expect("it mounts");
    page.click("b");
    page.click("a");
    assert_eq!(
        lines(&page),
        [
            "`?:gone` was asked for by content that has gone, and is not there",
            "`For(rows):1:lost` was asked for by content that has gone, and is not there"
        ]
    );
    let open = page.open_resources();
    assert_eq!(open.into_keys().collect::<Vec<_>>(), ["?:beat", "For(rows):1:row"]);
    page.fire_resource("?:beat");
    page.fire_resource("For(rows):1:row");
    assert_eq!(lines(&page)[2..], ["beat", "row"]);
}
