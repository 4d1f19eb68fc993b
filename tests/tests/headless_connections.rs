//! Ports and connections in the headless engine: which values are sent to which inputs, also after a swap.

use hmr_abi::ops::{Namespace, Op, root_of};
use hmr_headless::{ConnectionOutcome, EventData, LogLevel, Page, Swap, SwapOutcome, SwapStep};
use hmr_tests::scripted::{Scripted, received, warnings};
use serde_json::{Value, json};

/// A board, the instance 1, that sends `7` on the event `go`.
fn board() -> Scripted {
    sender(1, "Board", "port")
}

fn sender(instance: u32, component: &str, kind: &str) -> Scripted {
    Scripted::new(instance, component)
        .output("moved", kind, "u32")
        .opens("go", "listener", &json!({ "target": "window", "event": "go" }), 1)
        .on_send(1, "moved", "7")
}

/// A log with an input for numbers, at its handler 1.
fn log(instance: u32) -> Scripted {
    Scripted::new(instance, "Log").input("entry", "u32", 1)
}

fn component_html(module: &str, component: &str) -> String {
    format!(r#"<hmr-component module="{module}" component="{component}"></hmr-component>"#)
}

fn connect(attributes: &str) -> String {
    format!("<hmr-connect {attributes}></hmr-connect>")
}

const BOARD_TO_LOG: &str = r#"from="Board.moved" to="Log.entry""#;

/// A page with a board and a log, in this order, and a connection.
fn page(board: &Scripted, log: &Scripted, attributes: &str) -> Page {
    let html =
        [component_html("board", "Board"), component_html("log", "Log"), connect(attributes)]
            .concat();
    Page::builder()
        .html(html)
        .module("board", board.bytes())
        .module("log", log.bytes())
        .open()
        .expect("the page opens")
}

fn go(page: &Page) {
    page.fire_window("go", EventData::default());
}

fn errors(page: &Page) -> Vec<String> {
    let log = page.log().into_iter();
    log.filter(|line| line.level == LogLevel::Error).map(|line| line.text).collect()
}

/// The values that a log's input got.
fn got(page: &Page, module: &str) -> Vec<String> {
    let all = received(page, module).into_iter();
    all.filter_map(|line| line.split_once(" port ").map(|(_, value)| value.to_owned())).collect()
}

fn outcomes(swap: &Swap) -> Vec<(&str, &str, ConnectionOutcome, Option<&str>)> {
    let changes = swap.connections.iter();
    changes
        .map(|one| (one.from.as_str(), one.to.as_str(), one.outcome, one.reason.as_deref()))
        .collect()
}

#[test]
fn values_are_sent_where_an_element_connects_them() {
    let page = page(&board(), &log(2), BOARD_TO_LOG);
    go(&page);
    assert_eq!(received(&page, "log"), ["1 port 7"]);
    let element = page.find("hmr-connect").expect("the connection");
    element.set_attribute("to", "Log.other").expect("it is there");
    go(&page);
    assert_eq!(got(&page, "log"), ["7"]);
    element.set_attribute("to", "Log.entry").expect("it is there");
    go(&page);
    assert_eq!(got(&page, "log"), ["7", "7"]);
    element.remove().expect("it is there");
    go(&page);
    assert_eq!(got(&page, "log"), ["7", "7"]);
    page.append_html(&connect(BOARD_TO_LOG));
    go(&page);
    assert_eq!(got(&page, "log"), ["7", "7", "7"]);
    assert_eq!(page.problems(), [""; 0]);
    let waits = "`Board.moved` is not connected to `Log.other` yet: `Log` has no input `other`; its inputs: `entry`";
    assert_eq!(warnings(&page), [waits]);
}

#[test]
fn a_module_may_render_a_connection() {
    let view = [
        Op::CreateElement { id: 1, namespace: Namespace::Html, tag: "hmr-connect" },
        Op::SetAttribute { id: 1, name: "from", value: "Board.moved" },
        Op::SetAttribute { id: 1, name: "to", value: "Log.entry" },
        Op::Insert { parent: root_of(2), child: 1, before: 0 },
    ];
    let page = page(&board(), &log(2).view(&view), "from='Board.none' to='Log.entry'");
    go(&page);
    assert_eq!(got(&page, "log"), ["7"]);
    let swap = page.swap("log", log(2).bytes());
    assert_eq!(
        outcomes(&swap),
        [(
            "Board.moved",
            "Log.entry",
            ConnectionOutcome::Dropped,
            Some("no `hmr-connect` element declares it any more")
        )]
    );
    go(&page);
    assert_eq!(got(&page, "log"), ["7"]);
}

#[test]
fn all_of_a_name_are_connected() {
    let html = [
        r#"<hmr-component module="a" component="Board" name="left"></hmr-component>"#.to_owned(),
        r#"<hmr-component module="b" component="Board" name="left"></hmr-component>"#.to_owned(),
        component_html("c", "Log"),
        component_html("d", "Log"),
        connect(r#"from="left.moved" to="Log.entry""#),
        connect(r#"from="left.moved" to="Log.entry""#),
        connect(r#"from="Board.moved" to="Log.entry""#),
    ];
    let page = Page::builder()
        .html(html.concat())
        .module("a", board().bytes())
        .module("b", sender(2, "Board", "port").bytes())
        .module("c", log(3).bytes())
        .module("d", log(4).bytes())
        .open()
        .expect("the page opens");
    go(&page);
    assert_eq!((got(&page, "c").len(), got(&page, "d").len()), (2, 2), "two senders, sent once");
    page.find_all("hmr-component").expect("a selector")[1]
        .set_attribute("name", "right")
        .expect("it is there");
    go(&page);
    assert_eq!(got(&page, "c").len(), 3);
}

#[test]
fn a_stream_sends_its_latest_value_only_to_new_inputs() {
    let stream = sender(1, "Board", "stream");
    let page = page(&stream, &log(2), BOARD_TO_LOG);
    go(&page);
    assert_eq!(got(&page, "log").len(), 1);
    let swap = page.swap("log", log(2).first("hmr_mount", "nop").bytes());
    assert_eq!(outcomes(&swap)[0].2, ConnectionOutcome::Kept);
    let swap = page.swap("board", stream.first("hmr_mount", "nop").bytes());
    assert_eq!(outcomes(&swap)[0].2, ConnectionOutcome::Kept);
    assert_eq!(got(&page, "log").len(), 1, "it got that one already");
    // The log is mounted again, as the instance 3.
    page.find(r#"hmr-component[module="log"]"#).expect("the log").remove().expect("it is there");
    assert!(page.swap("log", log(3).bytes()).outcome == SwapOutcome::NotMounted);
    page.append_html(&component_html("log", "Log"));
    assert_eq!(got(&page, "log"), ["7", "7"], "an instance that is mounted later gets it");
    let element = page.find("hmr-connect").expect("the connection");
    element.remove().expect("it is there");
    page.append_html(&connect(&format!("{BOARD_TO_LOG} kind='stream'")));
    assert_eq!(got(&page, "log").len(), 3, "a new connection brings it");
    assert_eq!(warnings(&page), [""; 0]);
}

#[test]
fn a_port_sends_nothing_to_inputs_that_connect_later() {
    let page = page(&board(), &log(2), "from='Board.moved' to='Log.none'");
    go(&page);
    page.append_html(&connect(BOARD_TO_LOG));
    assert_eq!(got(&page, "log"), [""; 0]);
}

#[test]
fn types_must_fit_unless_a_transform_makes_them() {
    let text = Scripted::new(2, "Log").input("entry", "alloc::string::String", 1);
    let page = page(&board(), &text, BOARD_TO_LOG);
    go(&page);
    go(&page);
    assert_eq!(got(&page, "log"), [""; 0]);
    let problems = page.problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0].contains("gives `u32` and `Log.entry` takes `alloc::string::String`"),
        "{problems:?}"
    );
    let element = page.find("hmr-connect").expect("the connection");
    element.set_attribute("transform", "shorten").expect("it is there");
    go(&page);
    go(&page);
    let problems = page.problems();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[1].contains("there is no host function `shorten`"), "{problems:?}");
    let used = page.clone();
    page.host("shorten", move |value: Value| {
        Ok(json!(format!("{value} of {}", used.texts("p").len())))
    });
    go(&page);
    assert_eq!(got(&page, "log"), [r#""7 of 0""#]);
    page.host_deferred("shorten");
    go(&page);
    assert!(page.problems()[2].contains("does not answer at once"));
}

#[test]
fn any_json_is_compatible_and_the_kind_counts_where_it_is_named() {
    let any = Scripted::new(2, "Log").input("entry", "serde_json::value::Value", 1);
    let page = page(&board(), &any, BOARD_TO_LOG);
    go(&page);
    assert_eq!(got(&page, "log"), ["7"]);
    page.find("hmr-connect").expect("it").set_attribute("kind", "stream").expect("it is there");
    go(&page);
    assert_eq!(got(&page, "log"), ["7"]);
    assert!(page.problems()[0].contains("is a `port`, and the connection asks for a `stream`"));
    page.append_html(&connect("from='Board'"));
    assert!(page.problems()[1].contains("has `Board` as its `from`"), "{:?}", page.problems());
    assert_eq!(page.problems().len(), 2);
}

#[test]
fn a_swap_checks_connections_against_the_new_ports() {
    let html = [BOARD_TO_LOG, "from='Board.moved' to='Log.note'"].map(connect).concat();
    let page = page(&board(), &log(2), "from='Board.none' to='Log.entry'");
    page.append_html(&html);
    let both = log(2).input("note", "u32", 2);
    let swap = page.swap("log", both.bytes());
    assert_eq!(
        outcomes(&swap),
        [
            ("Board.moved", "Log.entry", ConnectionOutcome::Kept, None),
            ("Board.moved", "Log.note", ConnectionOutcome::Made, None)
        ]
    );
    go(&page);
    assert_eq!(received(&page, "log"), ["1 port 7", "2 port 7"]);
    let swap = page.swap("log", Scripted::new(2, "Log").input("entry", "u64", 1).bytes());
    assert_eq!(
        outcomes(&swap),
        [
            (
                "Board.moved",
                "Log.entry",
                ConnectionOutcome::Dropped,
                Some(
                    "`Board.moved` gives `u32` and `Log.entry` takes `u64`\n\
                     hint: a `transform` can make the one from the other"
                )
            ),
            (
                "Board.moved",
                "Log.note",
                ConnectionOutcome::Dropped,
                Some("the input `Log.note` is gone")
            )
        ]
    );
    let swap = page.swap("board", Scripted::new(1, "Board").bytes());
    assert_eq!(outcomes(&swap), []);
    let broken = both.first("restore_state", "unreachable");
    let swap = page.swap("log", broken.bytes());
    assert_eq!((swap.outcome, swap.connections.len()), (SwapOutcome::RolledBack, 0));
}

#[test]
fn values_for_a_module_that_is_held_wait_for_the_side_that_wins() {
    let page = page(&board(), &log(2), BOARD_TO_LOG);
    let swap_while = |guest: &Scripted| {
        page.swap_observed("log", guest.bytes(), |step| {
            if step == SwapStep::Capture {
                let before = got(&page, "log").len();
                go(&page);
                go(&page);
                assert_eq!(got(&page, "log").len(), before, "nothing reaches it now");
            }
        })
    };
    let other = Scripted::new(2, "Log").input("entry", "u32", 2);
    let swap = swap_while(&other);
    assert!(swap.is_committed(), "{swap}");
    assert_eq!(received(&page, "log"), ["2 port 7", "2 port 7"]);
    let swap = swap_while(&log(2).first("restore_state", "unreachable"));
    assert_eq!(swap.outcome, SwapOutcome::RolledBack);
    assert_eq!(received(&page, "log").len(), 4);
    assert_eq!(received(&page, "log")[3], "2 port 7");
    // The new code takes other values: those that wait are not for it.
    let swap = swap_while(&Scripted::new(2, "Log").input("entry", "u64", 3));
    assert!(swap.is_committed(), "{swap}");
    assert_eq!(received(&page, "log").len(), 4);
    let dropped = warnings(&page);
    let dropped = dropped.iter().filter(|text| text.contains("does not take it any more"));
    assert_eq!(dropped.count(), 2);
}

#[test]
fn what_new_code_sends_is_delivered_once_it_runs() {
    let page = page(&board(), &log(2), BOARD_TO_LOG);
    let send = json!({ "op": "send", "instance": 1, "port": "moved", "value": "8" });
    let swap = page.swap("board", board().sends("port", &send).bytes());
    assert!(swap.is_committed(), "{swap}");
    assert_eq!(got(&page, "log"), ["8"]);
    let early = Scripted::new(1, "Board").sends("port", &send);
    let swap = page.swap("board", early.bytes());
    assert!(swap.is_committed(), "{swap}");
    assert!(warnings(&page)[0].contains("it has no output `moved`"), "{:?}", warnings(&page));
}

#[test]
fn connections_in_a_circle_are_cut() {
    let board = board().input("entry", "u32", 2).on_send(2, "moved", "8");
    let echo = log(2).output("echo", "port", "u32").on_send(1, "echo", "9");
    let page = page(&board, &echo, BOARD_TO_LOG);
    page.append_html(&connect("from='Log.echo' to='Board.entry'"));
    go(&page);
    let errors = errors(&page);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("it was cut after 1000 values, and 1 dropped"), "{errors:?}");
    let count = got(&page, "log").len();
    assert!((2..=1000).contains(&count), "{count}");
    assert_eq!(page.traps(), []);
    go(&page);
    assert!(got(&page, "log").len() > count, "the next turn is a new one");
}

#[test]
fn a_module_is_never_called_while_it_is_on_the_stack() {
    let own =
        board().input("entry", "u32", 2).on_send(2, "other", "1").output("other", "port", "u32");
    let page = page(&own, &log(2), "from='Board.moved' to='Board.entry'");
    page.append_html(&connect("from='Board.other' to='Log.entry'"));
    go(&page);
    assert_eq!(received(&page, "board"), ["1 go", "2 port 7"]);
    assert_eq!((got(&page, "log").len(), page.traps().len()), (1, 0));
}

#[test]
fn a_connection_of_a_closed_port_waits_until_it_is_declared_again() {
    let close = json!({ "op": "close", "instance": 2, "port": "entry", "input": true });
    let open =
        json!({ "op": "input", "instance": 2, "port": "entry", "type": "u32", "handler": 1 });
    let at = |event: &str| json!({ "target": "window", "event": event });
    let log = log(2)
        .opens("shut", "listener", &at("shut"), 3)
        .on(3, "port", &close)
        .opens("open", "listener", &at("open"), 4)
        .on(4, "port", &open);
    let page = page(&board(), &log, BOARD_TO_LOG);
    for event in ["shut", "go", "open", "go"] {
        page.fire_window(event, EventData::default());
    }
    assert_eq!(got(&page, "log"), ["7"]);
    assert_eq!(page.problems(), [""; 0]);
    let waits = "`Board.moved` is not connected to `Log.entry` yet: `Log` has no input `entry`";
    assert_eq!(warnings(&page), [waits]);
}

#[test]
fn a_circle_through_a_transform_is_cut() {
    let html = [
        component_html("board", "Board"),
        connect("from='Board.moved' to='Board.entry' transform='same'"),
    ];
    let page = Page::builder()
        .html(html.concat())
        .module("board", board().input("entry", "String", 2).on_send(2, "moved", "8").bytes())
        .host("same", Ok)
        .open()
        .expect("the page opens");
    go(&page);
    let errors = errors(&page);
    assert!(errors[0].contains("it was cut after 1000 values, and 1 dropped"), "{errors:?}");
    assert_eq!(page.problems(), [""; 0]);
}
