use super::*;
use hmr_protocol::Swap;

fn plain(event: &Event) -> String {
    anstream::adapter::strip_str(&human(event)).to_string()
}

#[test]
fn control_characters_in_texts_of_a_page_are_shown_and_not_interpreted() {
    let hostile = || "\u{1b}]0;title\u{7}\u{9b}2J\u{202e}".to_owned();
    let printed = |event: Event| human(&shown(event));
    let expected = "␛]0;title␇<U+009B>2J<U+202E>";
    let trap = Trap { module: hostile(), message: hostile(), ..Trap::default() };
    let keys = serde_json::json!({hostile(): {"outcome": "reset", "reason": hostile()}});
    let report = serde_json::json!({"instances": [{"keys": keys}]});
    let swap = Swap { module: hostile(), report: Some(report), ..Swap::default() };
    for (event, times) in [
        (Event::Problem { page: hostile(), message: hostile() }, 2),
        (Event::Trap { page: hostile(), trap }, 3),
        (Event::Swap { sequence: 1, page: hostile(), swaps: vec![swap] }, 4),
        (Event::Applied { sequence: 1, page: hostile(), what: hostile(), count: 1 }, 2),
    ] {
        let text = printed(event);
        assert_eq!(text.matches(expected).count(), times, "{text:?}");
        assert!(!text.contains(&hostile()[1..]), "{text:?}");
    }
}

#[test]
fn old_code_is_only_mentioned_where_there_is_some() {
    let printed = |running| {
        let (title, diagnostics) = ("board does not compile".into(), Vec::new());
        plain(&Event::BuildFailed { title, diagnostics, running })
    };
    assert_eq!(printed(true), "✗ board does not compile; the old code runs on");
    assert_eq!(printed(false), "✗ board does not compile; pages start once it builds: save a fix");
}

#[test]
fn colours_of_the_compiler_are_left() {
    let diagnostic = Diagnostic {
        level: Level::Error,
        message: String::new(),
        code: None,
        file: None,
        line: None,
        column: None,
        rendered: "\u{1b}[1;91merror\u{1b}[0m\u{1b}]0;title\u{7}".to_owned(),
    };
    let (title, diagnostics) = ("it failed".into(), vec![diagnostic]);
    let event = Event::BuildFailed { title, diagnostics, running: true };
    let text = human(&shown(event));
    assert!(text.starts_with("\u{1b}[1;91merror\u{1b}[0m␛]0;title␇\u{1b}[0m"), "{text:?}");
}

#[test]
fn each_address_has_its_own_line() {
    let event = Event::Ready {
        url: "http://127.0.0.1:1/".into(),
        urls: vec!["http://127.0.0.1:1/".into(), "http://192.0.2.7:1/".into()],
        app: "/app".into(),
        port_taken: None,
        warning: Some("others can reach this".into()),
    };
    let lines = plain(&event);
    let lines: Vec<&str> = lines.lines().map(str::trim).collect();
    assert_eq!(
        lines,
        [
            "",
            "cargo-hmr  http://127.0.0.1:1/  serving `/app`",
            "http://192.0.2.7:1/",
            "warning: others can reach this"
        ]
    );
}

#[test]
fn an_update_tells_what_which_why_and_how_long() {
    let event = Event::Update {
        sequence: 4,
        kind: UpdateKind::HotUpdate,
        reason: "ui/src/lib.rs → ui → board".into(),
        modules: vec![Built { module: "board".into(), hash: "h".into(), bytes: 1 }],
        paths: Vec::new(),
        changed: vec!["ui/src/lib.rs".into()],
        phases: Phases { watch: 9.0, compile: 181.6, prepare: 3.0 },
        clients: 2,
    };
    assert_eq!(
        plain(&event),
        "#4 ui/src/lib.rs changed → hot update of board (ui/src/lib.rs → ui → board) · watch 9 ms · compile 182 ms · prepare 3 ms · 2 pages"
    );
}

#[test]
fn slower_calls_tell_how_much() {
    let slower = Slower {
        module: "board".into(),
        call: "hmr_dispatch".into(),
        calls: 40,
        before_ms: 3.1,
        after_ms: 7.44,
        ..Slower::default()
    };
    assert_eq!(
        plain(&Event::Slower { page: "/#1".into(), slower }),
        "slower /#1 board: hmr_dispatch is 2.4 times slower than before: 3.1 ms → 7.4 ms over 40 calls"
    );
}

#[test]
fn a_refused_version_tells_what_new_pages_get() {
    let event = Event::Refused {
        page: "/#1".into(),
        module: "board".into(),
        hash: "0123456789abcdef".into(),
        serves: "fedcba9876543210".into(),
        reason: "unreachable".into(),
    };
    assert_eq!(plain(&event), "  refused board 01234567; new pages get fedcba98");
}
