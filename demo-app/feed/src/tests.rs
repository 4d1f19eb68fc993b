use super::*;
use crate::migrations::{lines_become_notes, newest_come_first};
use hmr_sdk::testing::{EventData, Page};

/// A page with a feed, whose socket has sent nothing yet.
fn page() -> Page {
    let mut page = code();
    page.mount(1, "Feed", &json!({ "url": "ws://test/" })).expect("the feed mounts");
    page
}

fn code() -> Page {
    Page::new()
        .with::<FeedProps>()
        .with_migration::<lines_become_notes>()
        .with_migration::<newest_come_first>()
}

fn say(page: &mut Page, at: u64, text: &str) {
    let data = json!({ "at": at, "text": text }).to_string();
    assert!(page.fire_resource_with("connect:feed", &json!({ "state": "message", "data": data })));
}

#[test]
fn notes_come_and_go_once_the_socket_is_open() {
    let mut page = page();
    page.input("input", " slugs ");
    page.fire("form", &EventData { kind: "submit".to_owned(), ..EventData::default() });
    assert!(page.html().contains("waits"), "{}", page.html());
    assert!(page.sent("connect:feed").is_empty(), "the socket is not open yet");

    assert!(page.fire_resource_with("connect:feed", &json!({ "state": "open" })));
    assert_eq!(page.sent("connect:feed"), ["slugs"]);
    assert!(!page.html().contains("waits"), "{}", page.html());
    say(&mut page, 60_000, "slugs");
    say(&mut page, 120_000, "more slugs");
    let html = page.html();
    assert!(html.contains("2 notes") && html.contains("live"), "{html}");
    assert!(html.find("more slugs") < html.find("00:01"), "newest first: {html}");

    assert!(page.arrive("post", &json!("Prune the currants")));
    assert_eq!(page.sent("connect:feed"), ["slugs", "Done: Prune the currants"]);
}

#[test]
fn a_server_that_is_away_is_tried_again_after_a_growing_delay() {
    let mut page = page();
    for delay in [1_000, 2_000, 4_000] {
        assert!(
            page.fire_resource_with("connect:feed", &json!({ "state": "closed", "code": 1006 }))
        );
        assert!(page.html().contains(&format!("again in {} s", delay / 1000)), "{}", page.html());
        assert!(page.html().contains("-p feed-server"), "{}", page.html());
        let open = page.open_resources();
        assert!(open.contains_key("retry") && !open.contains_key("connect:feed"), "{open:?}");
        assert!(page.fire_resource("retry"));
        assert!(page.open_resources().contains_key("connect:feed"), "it connects again");
    }
}

#[test]
fn new_code_keeps_the_socket_or_the_wait_for_it() {
    for (state, resource) in [("open", "connect:feed"), ("closed", "retry")] {
        let mut old = page();
        assert!(old.fire_resource_with("connect:feed", &json!({ "state": state })));
        let snapshot = old.capture();
        old.dispose();
        let mut page = code();
        page.restore(&snapshot);
        let open: Vec<String> = page.open_resources().into_keys().collect();
        assert_eq!(open, [resource], "{state}");
    }
}

#[test]
fn the_first_versions_state_is_carried_to_the_newest() {
    let mut page = page();
    let mut snapshot = page.capture();
    page.dispose();
    let feed = &mut snapshot.instances[0];
    feed.version = Some("1.0.0".to_owned());
    feed.signals = serde_json::from_value(json!({
        "lines": { "type": "alloc::vec::Vec<alloc::string::String>", "set": true, "value": ["first", "second"] },
        "text": { "type": "alloc::string::String", "set": true, "value": "half a no" },
    }))
    .expect("signals read");

    let mut page = code();
    let snapshot = page.migrate(&snapshot).expect("it migrates");
    page.restore(&snapshot);
    let html = page.html();
    assert!(html.contains("half a no"), "{html}");
    assert!(html.contains("2 notes") && html.find(">second<") < html.find(">first<"), "{html}");
}
