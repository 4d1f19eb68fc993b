//! Ongoing operations continue through swaps: sockets, timers, requests, connections of ports.

use hmr_tests::dev::SOON;
use hmr_tests::session::Session;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

const FEED: &str = "feed/src/lib.rs";

#[test]
fn a_web_socket_stays_the_same_across_ten_edits_and_loses_no_message() {
    let mut session = Session::start_with(|demo| {
        demo.edit("feed/src/notes.rs", "MOST_NOTES: usize = 50", "MOST_NOTES: usize = 1_000_000");
    });
    session.browser.wait_text("#fence .feed-state", "live");
    session.browser.keys("#fence input", "half a no");
    session.feed.start_notes();

    let mut shown = "live".to_owned();
    for number in 1..=10 {
        let next = format!("live {number}");
        session.demo.edit(FEED, &format!("\"{shown}\""), &format!("\"{next}\""));
        session.dev.wait_swap("feed", "committed");
        session.browser.wait_text("#fence .feed-state", &next);
        shown = next;
    }
    let last = session.feed.stop_notes();
    assert!(last > 10, "it has sent notes all the while: {last}");
    let notes =
        "[...document.querySelectorAll('#fence .notes li span')].map(note => note.textContent)";
    session.browser.wait(&format!("{notes}.length >= {last}"));
    let all: Vec<String> = (1..=last).rev().map(|number| format!("note {number}")).collect();
    assert_eq!(session.browser.value(notes, &[]), json!(all), "each once, in order");

    session.browser.keys("#fence input", "te\n");
    session.browser.wait("document.querySelector('#fence input').value === ''");
    wait_received(&session, "half a note");
    assert_eq!(session.feed.connections(), 1);
    assert!(session.is_marked());
}

#[test]
fn a_migration_may_need_what_a_hook_saves_even_if_the_rehearsal_lacks_it() {
    let mut session = Session::start_with(|demo| {
        let hook = "before_update(move |saved| saved.put(\"scroll\", &7_u32));";
        let state = "    let draft = signal(String::new());\n";
        demo.edit(FEED, state, &format!("{state}    {hook}\n"));
    });
    session.dev.wait_preflight();
    session.browser.wait_text("#fence .feed-state", "live");
    session.browser.keys("#fence input", "half a no");
    let old = session.demo.read(FEED);
    let step = "\n/// Nothing goes without the offset.\n\
        #[migration(Feed, from = \"1.2.0\", to = \"1.3.0\")]\n\
        pub fn scroll_is_needed(saved: &mut Saved) -> Result<(), MigrationError> {\n    \
            let scroll: Option<u32> = saved.extra(\"scroll\")?;\n    \
            scroll.map(|_| ()).ok_or_else(|| MigrationError::new(\"no offset\"))\n}\n";
    session.demo.write(FEED, old.replace("version = \"1.2.0\"", "version = \"1.3.0\"") + step);
    let swapped = session.dev.wait_swap("feed", "committed");
    let instance = &swapped["swaps"][0]["report"]["instances"][0];
    assert_eq!(instance["migrations"], json!(["1.2.0 → 1.3.0"]), "{swapped}");
    let events = session.dev.events();
    let lacking =
        events.iter().find(|event| event["event"] == "rehearsal" && event["outcome"] == "skipped");
    assert!(
        lacking.is_some_and(|it| it["error"]
            .as_str()
            .is_some_and(|it| it.contains("hooks") && it.contains("no offset"))),
        "{lacking:?}"
    );
    assert_eq!(
        session.browser.value("document.querySelector('#fence input').value", &[]),
        "half a no"
    );
}

#[test]
fn a_new_version_needs_its_migration_and_connections_of_ports_are_kept() {
    let mut session = Session::start();
    session.browser.wait_text("#fence .feed-state", "live");
    session.browser.keys("#fence input", "half a no");
    let old = session.demo.read(FEED);
    let new = old
        .replace("version = \"1.2.0\"", "version = \"1.3.0\"")
        .replace("    let draft = signal(", "    let text = signal(")
        .replace("bind:value={draft}", "bind:value={text}")
        .replace("    let send = move", "    let draft = text;\n    let send = move");
    session.demo.write(FEED, &new);
    let refused = session.dev.wait_swap("feed", "rolled-back");
    assert!(refused.to_string().contains("1.3.0"), "the missing link is named: {refused}");
    assert_eq!(
        session.browser.value("document.querySelector('#fence input').value", &[]),
        "half a no"
    );

    let migrations = session.demo.read("feed/src/migrations.rs");
    let step = "\n/// The half-written note is `text` again.\n\
        #[migration(Feed, from = \"1.2.0\", to = \"1.3.0\")]\n\
        pub fn draft_becomes_text(saved: &mut Saved) -> Result<(), MigrationError> {\n    \
            saved.rename(\"draft\", \"text\");\n    Ok(())\n}\n";
    session.demo.write("feed/src/migrations.rs", migrations + step);
    let swapped = session.dev.wait_swap("feed", "committed");
    let instance = &swapped["swaps"][0]["report"]["instances"][0];
    assert_eq!(instance["migrations"], json!(["1.2.0 → 1.3.0"]), "{swapped}");
    assert_eq!(instance["keys"]["text"]["outcome"], "migrated", "{swapped}");
    assert_eq!(
        session.browser.value("document.querySelector('#fence input').value", &[]),
        "half a no"
    );

    let handle = "#plan .column:nth-child(3) .card [aria-label^=Move]";
    session.browser.keys(handle, "\u{e014}");
    wait_received(&session, "Done: Repair the leg of the potting bench");
    assert_eq!(session.feed.connections(), 1);
    assert!(session.is_marked());
}

/// Waits until the feed's server received this, and nothing else.
fn wait_received(session: &Session, text: &str) {
    let last = std::time::Instant::now() + SOON;
    while session.feed.received() != [text] {
        assert!(std::time::Instant::now() < last, "received {:?}", session.feed.received());
        thread::yield_now();
    }
}

/// Adds resources to the sign-up form, in two versions of its code.
fn with_resources(source: &str, url: &str, code: &str) -> String {
    const ANCHOR: &str = "    let sent = signal(None::<Booking>);\n";
    let added = format!(
        "{ANCHOR}    interval(\"beat\", 1000, || host::notify(\"beat\", &\"{code}\"));\n    \
         let answer = signal(String::new());\n    \
         spawn(\"ask\", async move {{\n        \
             let text = http::get(\"{url}\").send().await.map_or_else(|error| error.to_string(), |answer| answer.text().to_owned());\n        \
             answer.set(format!(\"{code} code: {{text}}\"));\n    }});\n"
    );
    let source = hmr_tests::demo::replaced("signup", source, ANCHOR, &added);
    hmr_tests::demo::replaced(
        "signup",
        &source,
        "\"First Saturday of March, at the long bench\"",
        "{answer}",
    )
}

#[test]
fn an_interval_keeps_its_phase_and_a_request_is_answered_in_the_new_code() {
    let (url, requests) = unhurried_server();
    let mut session = Session::start();
    session.browser.run(
        "window.beats = []; __hmr.host('beat', code => { beats.push([performance.now(), code]); })",
        &[],
    );
    let source = session.demo.read("signup/src/lib.rs");
    session.demo.write("signup/src/lib.rs", with_resources(&source, &url, "old"));
    session.dev.wait_swap("signup", "committed");
    let mut request = requests.recv_timeout(SOON).expect("the component sends a request");
    session.browser.wait("beats.length > 1");

    session.demo.write("signup/src/lib.rs", with_resources(&source, &url, "new"));
    let swapped = session.dev.wait_swap("signup", "committed");
    assert_eq!(outcome_of(&swapped, "beat"), "kept", "{swapped}");
    answer(&mut request, "at last");
    session.browser.wait_text("#swap .panel-head p", "new code: at last");
    assert!(requests.try_recv().is_err(), "it was requested once");
    session.browser.wait("beats.filter(([, code]) => code === 'new').length > 2");

    // Half a second after a beat, timers that restart would stay half a second late.
    session.browser.run(
        "window.before = beats.length; const look = () => \
            performance.now() - beats.at(-1)[0] < 500 ? requestAnimationFrame(look) \
            : __hmr.reload('signup').then(swap => { window.swapped = swap.outcome; }); look()",
        &[],
    );
    session.browser.wait("window.swapped === 'committed'");
    session.browser.wait("beats.length > before + 3");
    // A busy machine makes beats late, never early: the most punctual ones show the phase.
    let phases = "(() => { const [[start]] = beats, off = ([time]) => Math.abs((time - start + 500) % 1000 - 500), \
        least = some => Math.min(...some.map(off)); \
        return [least(beats.slice(2, before)), least(beats.slice(before))]; })()";
    let off = session.browser.value(phases, &[]);
    let off: Vec<f64> = serde_json::from_value(off).expect("two numbers");
    assert!(off.iter().all(|off| *off < 250.0), "milliseconds out of phase: {off:?}");
    assert!(requests.try_recv().is_err(), "a task that has ended sends no more requests");
    assert!(session.is_marked());
}

/// The outcome of a resource in the first swap of an event.
fn outcome_of<'a>(event: &'a Value, key: &str) -> &'a str {
    let resources = event["swaps"][0]["resources"].as_array();
    let mut own = resources.into_iter().flatten().filter(|resource| resource["key"] == key);
    own.next().and_then(|resource| resource["outcome"].as_str()).unwrap_or("not reported")
}

/// A server that passes each request on, to be answered at any time by the test.
fn unhurried_server() -> (String, Receiver<TcpStream>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    let (sender, requests) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            // Browsers open connections ahead of time, and send nothing through them.
            if lines.next().is_some()
                && lines.any(|line| line.is_empty())
                && sender.send(stream).is_err()
            {
                return;
            }
        }
    });
    (format!("http://{address}/"), requests)
}

fn answer(stream: &mut TcpStream, body: &str) {
    let head = "HTTP/1.1 200 OK\r\naccess-control-allow-origin: *\r\nconnection: close";
    write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .expect("the page listens");
}
