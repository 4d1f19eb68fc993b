//! Resources in the headless engine: the events of each kind, and the effect of a swap.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use hmr_abi::ops::{LISTEN_CAPTURE, LISTEN_PREVENT, LISTEN_STOP, Namespace, Op, root_of};
use hmr_headless::{
    EventData, Message, Page, PageBuilder, ResourceOutcome, Response, StorageArea, Swap,
    SwapOutcome, SwapStep,
};
use hmr_tests::scripted::{Scripted, received, warnings};
use serde_json::{Value, json};

const HTML: &str = r#"<hmr-component module="m" component="App"></hmr-component>"#;

fn app() -> Scripted {
    Scripted::new(1, "App")
}

fn builder(guest: &Scripted) -> PageBuilder {
    Page::builder().html(HTML).module("m", guest.bytes())
}

fn open(guest: &Scripted) -> Page {
    builder(guest).open().expect("the page opens")
}

fn commit(page: &Page, guest: &Scripted) -> Swap {
    let swap = page.swap("m", guest.bytes());
    assert!(swap.is_committed(), "{swap}");
    swap
}

fn outcomes(swap: &Swap) -> Vec<(&str, ResourceOutcome)> {
    swap.resources.iter().map(|one| (one.key.as_str(), one.outcome)).collect()
}

/// Swaps to `guest`, and does something once the old code is held.
fn swap_while(page: &Page, guest: &Scripted, act: impl Fn()) -> Swap {
    page.swap_observed("m", guest.bytes(), |step| {
        if step == SwapStep::Capture {
            act();
        }
    })
}

fn get(url: &str) -> Value {
    json!({ "method": "GET", "url": url })
}

#[test]
fn requests_are_answered_manually() {
    let headers = json!({ "method": "POST", "url": "/api", "headers": { "x": "y" }, "body": "b" });
    let page = open(&app().opens("load", "request", &headers, 1).opens(
        "more",
        "request",
        &get("/more"),
        2,
    ));
    let requests = page.requests();
    assert_eq!(requests.len(), 2);
    let request = &requests[0];
    assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", "/api"));
    assert_eq!((request.headers["x"].as_str(), request.body.as_deref()), ("y", Some("b")));
    assert_eq!((request.module.as_str(), request.instance, request.key.as_str()), ("m", 1, "load"));
    request.answer(Response::text(201, "made"));
    request.answer(Response::text(500, "a second answer is ignored"));
    assert!(!request.is_in_flight());
    page.requests()[0].fail("offline");
    assert_eq!(
        received(&page, "m"),
        [
            r#"1 request {"body":"made","headers":{"content-type":"text/plain;charset=utf-8"},"status":201}"#,
            r#"2 request {"error":"offline"}"#
        ]
    );
    assert_eq!(page.requests().len(), 0);
}

#[test]
fn a_server_answers_each_request_and_may_use_the_page() {
    let guest = app()
        .opens("first", "request", &get("/api/1?fresh"), 1)
        .on_open(1, "second", "request", &get("/api/2"), 2)
        .on_open(2, "third", "request", &get("/other"), 3);
    let requested: Rc<RefCell<Vec<String>>> = Rc::default();
    let seen = Rc::clone(&requested);
    let page = open(&guest);
    let used = page.clone();
    page.serve("GET", "/api/*", move |request| {
        seen.borrow_mut().push(format!("{} {}", request.url, used.requests().len()));
        Response::json(200, request.key.as_str())
    });
    assert_eq!(*requested.borrow(), ["/api/1?fresh 1", "/api/2 1"]);
    assert_eq!(received(&page, "m").len(), 2);
    assert_eq!(page.requests()[0].url, "/other");
    page.serve("GET", "*", |_| Response::failure("no server is there"));
    assert_eq!(received(&page, "m")[2], r#"3 request {"error":"no server is there"}"#);
}

#[test]
fn endless_requests_are_cut() {
    let guest =
        app().opens("again", "request", &get("/"), 1).on_open(1, "again", "request", &get("/"), 1);
    let page = builder(&guest).serve("GET", "/", |_| Response::text(200, "")).open();
    let page = page.expect("the page opens");
    assert!(warnings(&page).iter().any(|text| text.contains("more than 10000 things in one turn")));
    assert_eq!(page.requests().len(), 1);
}

#[test]
fn an_answered_request_is_kept_and_replayed_if_requested() {
    let plain = app().opens("load", "request", &get("/"), 1);
    let replayed = app().opens_replayed("load", "request", &get("/"), 1);
    let page = builder(&plain).serve("GET", "/", |_| Response::text(200, "milk")).open();
    let page = page.expect("the page opens");
    assert_eq!(received(&page, "m").len(), 1);
    let swap = commit(&page, &plain.first("hmr_mount", "nop"));
    assert_eq!(outcomes(&swap), [("load", ResourceOutcome::Kept)]);
    assert_eq!(
        (received(&page, "m").len(), page.requests().len()),
        (1, 0),
        "it does not fire again"
    );
    let swap = commit(&page, &replayed);
    assert_eq!(outcomes(&swap), [("load", ResourceOutcome::Kept)]);
    let logged = received(&page, "m");
    assert_eq!((logged.len(), &logged[0]), (2, &logged[1]), "{logged:?}");
    let swap = commit(&page, &app().opens("load", "request", &get("/other"), 1));
    assert_eq!(outcomes(&swap), [("load", ResourceOutcome::Replaced)]);
    assert_eq!(page.requests()[0].url, "/other");
}

#[test]
fn what_fires_during_a_swap_reaches_the_side_that_wins_in_order() {
    let old = app()
        .opens("tick", "interval", &json!({ "ms": 10 }), 1)
        .opens("load", "request", &get("/"), 2)
        .opens("feed", "websocket", &json!({ "url": "/feed" }), 3)
        .opens("gone", "request", &get("/gone"), 4);
    let new = app()
        .opens("tick", "interval", &json!({ "ms": 10 }), 5)
        .opens_replayed("load", "request", &get("/"), 6)
        .opens("feed", "websocket", &json!({ "url": "/feed" }), 7);
    let page = open(&old);
    let socket = page.sockets().remove(0);
    socket.accept();
    let before = received(&page, "m").len();
    let act = || {
        socket.send("one").expect("it is open");
        page.advance(Duration::from_millis(35));
        page.requests().iter().for_each(|request| request.answer(Response::text(200, "")));
        socket.send("two").expect("it is open");
        assert_eq!(received(&page, "m").len(), before, "nothing reaches a module that is held");
    };
    let swap = swap_while(&page, &new, act);
    assert!(swap.is_committed(), "{swap}");
    let answer =
        r#"request {"body":"","headers":{"content-type":"text/plain;charset=utf-8"},"status":200}"#;
    assert_eq!(
        received(&page, "m")[before..],
        [
            r#"7 websocket {"data":"one","state":"message"}"#.to_owned(),
            "5 interval".to_owned(),
            format!("6 {answer}"),
            r#"7 websocket {"data":"two","state":"message"}"#.to_owned()
        ],
        "a replay is not logged again"
    );
    assert!(socket.is_open());

    let broken = new.first("restore_state", "unreachable");
    let before = received(&page, "m").len();
    let swap = swap_while(&page, &broken, || socket.send("three").expect("it is open"));
    assert_eq!(swap.outcome, SwapOutcome::RolledBack);
    assert_eq!(
        received(&page, "m")[before..],
        [r#"7 websocket {"data":"three","state":"message"}"#]
    );
}

#[test]
fn messages_wait_for_a_socket_to_open_and_are_sent_both_ways() {
    let send = |data: &str, binary: bool| json!({ "op": "send", "instance": 1, "key": "feed", "data": data, "binary": binary });
    let socket = json!({ "url": "wss://example.org/feed", "protocols": ["v1"] });
    let guest = app()
        .opens("feed", "websocket", &socket, 1)
        .sends("resource", &send("early", false))
        .sends("resource", &send("AP8=", true))
        .sends("resource", &send("no Base64", true))
        .on(1, "resource", &send("heard", false));
    let page = open(&guest);
    let socket = page.sockets().remove(0);
    assert_eq!(
        (socket.url(), socket.protocols()),
        ("wss://example.org/feed", &["v1".to_owned()][..])
    );
    assert!(!socket.is_open() && socket.received().is_empty() && socket.send("x").is_err());
    socket.accept();
    socket.send_bytes(&[1, 2]).expect("it is open");
    assert_eq!(
        socket.received(),
        [Message::from("early"), Message::Bytes(vec![0, 255]), "heard".into(), "heard".into()]
    );
    socket.close(1006, "lost");
    assert_eq!(
        received(&page, "m"),
        [
            r#"1 websocket {"state":"open"}"#,
            r#"1 websocket {"binary":"AQI=","state":"message"}"#,
            r#"1 websocket {"clean":false,"code":1006,"reason":"lost","state":"closed"}"#
        ]
    );
    let logged = warnings(&page);
    assert!(
        logged[0].contains("no Base64") && logged[1].contains("no web socket of that key"),
        "{logged:?}"
    );
    assert_eq!(page.sockets().len(), 0);
    let swap = commit(&page, &guest.first("hmr_mount", "nop"));
    assert_eq!(outcomes(&swap), [("feed", ResourceOutcome::Replaced)], "it had ended");
    assert!(page.sockets().remove(0).received().is_empty());
}

#[test]
fn event_sources_fail_reconnect_and_end() {
    let source = json!({ "url": "/events", "events": ["score"] });
    let page = open(&app().opens("live", "event-source", &source, 1));
    let source = page.event_sources().remove(0);
    source.open();
    source.send("score", "1:0").expect("it is open");
    source.send("other", "nothing listens").expect("it is open");
    source.fail();
    assert!(source.send("score", "lost").is_err());
    source.open();
    source.end();
    source.open();
    assert_eq!(
        received(&page, "m"),
        [
            r#"1 event-source {"state":"open"}"#,
            r#"1 event-source {"data":"1:0","event":"score","id":"","state":"message"}"#,
            r#"1 event-source {"closed":false,"state":"error"}"#,
            r#"1 event-source {"state":"open"}"#,
            r#"1 event-source {"closed":true,"state":"error"}"#
        ]
    );
    assert_eq!(page.event_sources().len(), 0);
}

#[test]
fn listeners_get_events_of_the_window_the_document_and_events_that_bubble() {
    let at =
        |target: &str, flags: u8| json!({ "target": target, "event": "keydown", "flags": flags });
    let guest = app()
        .opens("up", "listener", &at("window", 0), 1)
        .opens("down", "listener", &at("window", LISTEN_CAPTURE), 2)
        .opens("document", "listener", &at("document", LISTEN_PREVENT), 3);
    let page = open(&guest);
    let escape = || EventData { key: Some("Escape".to_owned()), ..EventData::default() };
    assert!(!page.fire_window("keydown", escape()));
    assert!(page.fire_document("keydown", escape()), "it is prevented");
    page.find("hmr-component")
        .expect("the component")
        .dispatch("keydown", escape())
        .expect("it is there");
    page.fire_window("keyup", escape());
    let order: String =
        received(&page, "m").iter().filter_map(|line| line.chars().next()).collect();
    assert_eq!(order, "21231231");
    assert_eq!(received(&page, "m")[0], "2 keydown");
    _ = commit(
        &page,
        &app().opens("document", "listener", &at("document", LISTEN_STOP), 4).opens(
            "up",
            "listener",
            &at("window", 0),
            1,
        ),
    );
    let before = received(&page, "m").len();
    page.fire_document("keydown", escape());
    assert_eq!(received(&page, "m")[before..], ["4 keydown"], "it is stopped");
}

const BOX: [Op<'static>; 3] = [
    Op::CreateElement { id: 1, namespace: Namespace::Html, tag: "p" },
    Op::SetAttribute { id: 1, name: "id", value: "box" },
    Op::Insert { parent: root_of(1), child: 1, before: 0 },
];

#[test]
fn observers_report_sizes_and_visibility_and_continue_with_another_element() {
    let node = json!({ "node": 1 });
    let half = json!({ "node": 1, "threshold": 0.5 });
    let guest = |tag| {
        let mut view = BOX;
        view[0] = Op::CreateElement { id: 1, namespace: Namespace::Html, tag };
        app().view(&view).opens("size", "resize-observer", &node, 1).opens(
            "seen",
            "intersection-observer",
            &half,
            2,
        )
    };
    let page = open(&guest("p"));
    let element = page.find("#box").expect("the box");
    element.resize(320.0, 200.0).expect("it is there").resize(320.0, 200.0).expect("it is there");
    for ratio in [0.2, 0.5, 0.9, 0.1] {
        element.intersect(ratio).expect("it is there");
    }
    assert_eq!(
        received(&page, "m"),
        [
            r#"1 resize-observer {"height":0.0,"width":0.0}"#,
            r#"2 intersection-observer {"intersecting":false,"ratio":0.0}"#,
            r#"1 resize-observer {"height":200.0,"width":320.0}"#,
            r#"2 intersection-observer {"intersecting":true,"ratio":0.5}"#,
            r#"2 intersection-observer {"intersecting":false,"ratio":0.1}"#
        ]
    );
    let before = received(&page, "m").len();
    _ = commit(&page, &guest("p").first("hmr_mount", "nop"));
    assert_eq!(received(&page, "m").len(), before, "the element is the same");
    let swap = commit(&page, &guest("div"));
    assert_eq!(outcomes(&swap)[0], ("size", ResourceOutcome::Kept));
    assert_eq!(received(&page, "m")[before], r#"1 resize-observer {"height":0.0,"width":0.0}"#);
    page.find("div#box").expect("the box").resize(1.0, 2.0).expect("it is there");
    assert_eq!(received(&page, "m")[before + 2], r#"1 resize-observer {"height":2.0,"width":1.0}"#);
}

#[test]
fn mutation_observers_report_changes_in_the_subtree() {
    let guest = app()
        .view(&BOX)
        .opens("below", "mutation-observer", &json!({ "node": 1 }), 1)
        .opens("go", "listener", &json!({ "target": "window", "event": "go" }), 2)
        .on_dom(
            2,
            &[
                Op::CreateElement { id: 2, namespace: Namespace::Html, tag: "b" },
                Op::CreateText { id: 3, text: "x" },
                Op::Insert { parent: 2, child: 3, before: 0 },
                Op::Insert { parent: 1, child: 2, before: 0 },
                Op::SetAttribute { id: 1, name: "title", value: "its own is not below it" },
            ],
        )
        .opens("on", "listener", &json!({ "target": "window", "event": "on" }), 3)
        .on_dom(
            3,
            &[
                Op::SetText { id: 3, text: "y" },
                Op::SetAttribute { id: 2, name: "class", value: "c" },
            ],
        );
    let page = open(&guest);
    page.fire_window("go", EventData::default());
    page.fire_window("on", EventData::default());
    page.find("b").expect("it is there").remove().expect("it is there");
    let logged: Vec<_> =
        received(&page, "m").into_iter().filter(|line| line.starts_with('1')).collect();
    assert_eq!(
        logged,
        [
            r#"1 mutation-observer {"added":1,"attributes":[],"removed":0,"text":false}"#,
            r#"1 mutation-observer {"added":0,"attributes":["class"],"removed":0,"text":true}"#,
            r#"1 mutation-observer {"added":0,"attributes":[],"removed":1,"text":false}"#
        ]
    );
}

#[test]
fn an_observer_without_an_element_logs_a_warning() {
    let page = open(&app().opens("size", "resize-observer", &json!({ "node": 9 }), 1));
    assert!(warnings(&page)[0].contains("`size` of `App` (instance 1) names the node 9"));
}

#[test]
fn media_queries_are_reported_at_first_and_when_they_change() {
    let page =
        open(&app().opens("wide", "media-query", &json!({ "query": "(min-width: 40rem)" }), 1));
    page.set_media("(min-width: 40rem)", true);
    page.set_media("(min-width: 40rem)", true);
    page.set_media("(prefers-color-scheme: dark)", true);
    let logged = |matches| format!(r#"1 media-query {{"matches":{matches}}}"#);
    assert_eq!(received(&page, "m"), [logged(false), logged(true)]);
}

#[test]
fn storage_is_shared_and_reports_changes_of_other_pages_only() {
    let call =
        |function: &str, argument: Value| json!({ "function": function, "argument": argument });
    let cart = |value: &str| json!({ "area": "local", "item": "cart", "value": value });
    let guest = app()
        .opens("cart", "storage", &json!({ "area": "local", "item": "cart" }), 1)
        .opens("all", "storage", &json!({ "area": "session" }), 2)
        .opens("get", "call", &call("storage.get", cart("")), 3)
        .opens("set", "call", &call("storage.set", cart("[1]")), 4)
        .opens("wrong", "call", &call("storage.get", json!({ "area": "none", "item": "x" })), 5);
    let page = builder(&guest).store(StorageArea::Local, "cart", "[]").open().expect("it opens");
    assert_eq!(page.storage(StorageArea::Local).get("cart").as_deref(), Some("[1]"));
    page.storage(StorageArea::Local).set("cart", "[2]");
    page.store_from_elsewhere(StorageArea::Local, "cart", "[3]");
    page.store_from_elsewhere(StorageArea::Local, "cart", "[3]");
    page.store_from_elsewhere(StorageArea::Local, "other", "x");
    page.store_from_elsewhere(StorageArea::Session, "any", "x");
    page.store_from_elsewhere(StorageArea::Local, "cart", None);
    assert_eq!(
        received(&page, "m"),
        [
            r#"3 call {"value":"[]"}"#,
            r#"4 call {"value":"[1]"}"#,
            r#"5 call {"error":"`area` is `local` or `session`"}"#,
            r#"1 storage {"item":"cart","new":"[3]","old":"[2]"}"#,
            r#"2 storage {"item":"any","new":"x","old":null}"#,
            r#"1 storage {"item":"cart","new":null,"old":"[3]"}"#
        ]
    );
}

#[test]
fn host_functions_answer_at_once_or_later_or_do_not_exist() {
    let call = |function: &str| json!({ "function": function, "argument": [1, 2] });
    let guest = app()
        .opens("sum", "call", &call("sum"), 1)
        .opens("ask", "call", &call("ask"), 2)
        .opens("none", "call", &call("none"), 3);
    let sum = |argument: Value| {
        let numbers = argument.as_array().ok_or("no list")?;
        Ok(json!(numbers.iter().filter_map(Value::as_i64).sum::<i64>()))
    };
    let page = builder(&guest).host("sum", sum).host_deferred("ask").open().expect("it opens");
    assert_eq!(received(&page, "m")[0], r#"1 call {"value":3}"#);
    assert!(received(&page, "m")[1].contains("there is no host function `none`"));
    let call = page.calls().remove(0);
    assert_eq!(
        (call.function.as_str(), &call.argument, call.key.as_str()),
        ("ask", &json!([1, 2]), "ask")
    );
    call.answer(Err("no".to_owned()));
    call.answer(Ok(json!("a second answer is ignored")));
    assert_eq!(received(&page, "m")[2..], [r#"2 call {"error":"no"}"#]);
    assert_eq!(page.calls().len(), 0);
}

#[test]
fn an_event_for_a_removed_handler_is_logged_by_name() {
    let page = open(&app().opens("tick", "interval", &json!({ "ms": 10 }), 1).without_handler(1));
    page.advance(Duration::from_millis(10));
    assert_eq!(
        warnings(&page),
        ["`interval` of `tick` of `App` was not handled: its handler belongs to code that is gone"]
    );
}

#[test]
fn a_timeout_fires_once_whatever_is_swapped_in() {
    let soon = json!({ "ms": 10 });
    let page = open(&app().opens("soon", "timeout", &soon, 1));
    page.advance(Duration::from_millis(5));
    _ = commit(&page, &app().opens("soon", "timeout", &soon, 2));
    page.advance(Duration::from_millis(5));
    assert_eq!(received(&page, "m"), ["2 timeout"], "it kept its phase");
    let swap = commit(&page, &app().opens("soon", "timeout", &soon, 3));
    assert_eq!(outcomes(&swap), [("soon", ResourceOutcome::Kept)]);
    page.advance(Duration::from_secs(1));
    assert_eq!(received(&page, "m"), ["2 timeout"]);
    _ = commit(&page, &app());
    _ = commit(&page, &app().opens("soon", "timeout", &soon, 3));
    page.advance(Duration::from_secs(1));
    assert_eq!(received(&page, "m"), ["2 timeout", "3 timeout"], "closing forgets");
}

#[test]
fn rendering_again_settles_resources() {
    let page = open(&app().opens("feed", "websocket", &json!({ "url": "/feed" }), 1));
    let socket = page.sockets().remove(0);
    socket.accept();
    page.find("hmr-component")
        .expect("it is there")
        .set_attribute("props", r#"{"a":1}"#)
        .expect("it is there");
    socket.send("x").expect("it was kept");
    assert_eq!(page.sockets().len(), 1);
    page.find("hmr-component").expect("it is there").remove().expect("it is there");
    assert!(!socket.is_open());
    assert_eq!(page.sockets().len(), 0);
}

#[test]
fn a_module_may_not_name_instances_of_others() {
    let other = json!({ "op": "open", "instance": 7, "key": "tick", "kind": "interval", "args": { "ms": 10 }, "handler": 1 });
    let page = open(&app().sends("resource", &other));
    assert!(warnings(&page)[0].contains("the instance 7, which is not the module's"));
}
