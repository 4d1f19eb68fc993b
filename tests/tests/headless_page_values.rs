//! What modules read of the page around them in the headless engine, and what they do to it: the address, random bytes, the time zone,
//! files, the clipboard.

use hmr_abi::ops::{Namespace, Op, root_of};
use hmr_headless::{EventData, File, LogLevel, Page, Value};
use hmr_tests::scripted::{Scripted, received, warnings};
use serde_json::json;

const HTML: &str = r#"<a id="in" href="/app/users/7?a=1">in</a><a id="here" href="/app#part">here</a>
    <a id="near" href="/application">near</a><a id="new" href="/app/new" target="_blank">new</a>
    <a id="load" href="/app/file" download>load</a><a id="ext" href="/app/x" rel="external">ext</a>
    <a id="out" href="https://example.org/app/">out</a><a id="none">none</a><a id="bad" href="http://[">bad</a>
    <hmr-component module="m" component="App"></hmr-component>"#;

fn open(guest: &Scripted) -> Page {
    let builder = Page::builder().html(HTML).module("m", guest.bytes()).location("/app");
    builder.open().expect("the page opens")
}

fn click(page: &Page, selector: &str, how: &EventData) {
    page.find(selector).expect("the link").click_with(how).expect("it can be clicked");
}

#[test]
fn links_within_the_application_change_the_address_and_others_are_left_to_the_browser() {
    let links = json!({ "links": "/app" });
    let page = open(&Scripted::new(1, "App").opens("here", "location", &links, 1));
    let plain = EventData::default();
    for selector in ["#in", "#here", "#near", "#new", "#load", "#ext", "#out", "#none", "#bad"] {
        click(&page, selector, &plain);
    }
    for held in [
        EventData { ctrl_key: true, ..EventData::default() },
        EventData { meta_key: true, ..EventData::default() },
        EventData { shift_key: true, ..EventData::default() },
        EventData { alt_key: true, ..EventData::default() },
        EventData { button: 1, ..EventData::default() },
    ] {
        click(&page, "#in", &held);
    }
    let of = |paths: &[&str]| -> Vec<String> {
        paths.iter().map(|path| format!("http://localhost{path}")).collect()
    };
    assert_eq!(page.locations(), of(&["/app", "/app/users/7?a=1", "/app#part"]));
    let mut loads = of(&["/application", "/app/new", "/app/file", "/app/x"]);
    loads.push("https://example.org/app/".to_owned());
    loads.extend(of(&["/app/users/7?a=1"; 5]));
    assert_eq!(page.loads(), loads);
    let data = |path: &str, query: &str, hash: &str| {
        let location =
            json!({ "origin": "http://localhost", "path": path, "query": query, "hash": hash });
        format!("1 location {location}")
    };
    assert_eq!(received(&page, "m"), [data("/app/users/7", "a=1", ""), data("/app", "", "part")]);
    page.go_by(-1);
    click(&page, "#in", &plain);
    assert_eq!(page.locations().len(), 3, "the same address again is not a further entry");
    assert!(page.go_to_location("https://example.org/").is_err_and(|why| why.contains("origin")));
    assert!(page.go_to_location("http://[").is_err());
    page.go_by(-10);
    assert_eq!(page.location(), "http://localhost/app/users/7?a=1");
}

#[test]
fn without_a_router_every_link_is_left_to_the_browser() {
    let page = open(&Scripted::new(1, "App").opens("here", "location", &json!({}), 1));
    click(&page, "#in", &EventData::default());
    assert_eq!(page.loads(), ["http://localhost/app/users/7?a=1"]);
    assert_eq!(page.location(), "http://localhost/app");
    assert_eq!(received(&page, "m"), [""; 0]);
    click(&page, "#here", &EventData::default());
    assert_eq!(received(&page, "m").len(), 1);
}

#[test]
fn a_page_needs_an_address() {
    let error = Page::builder().location("http://[").open().expect_err("no address");
    assert!(error.to_string().starts_with("the page has no address: `http://[`"), "{error}");
}

/// A module that asks for what the page knows: `ask` returns the length of the answer, `byte` a byte of it, and `random` one of four
/// random bytes.
fn asking(request: &str) -> Vec<u8> {
    let len = request.len();
    let request = request.replace('"', "\\22");
    wat::parse_str(format!(
        r#"(module
        (@custom "hmr.manifest" "abi\091\ncomponent\09App\09app.wat\091\n")
        (import "hmr" "random" (func $random (param i32 i32)))
        (import "hmr" "read" (func $read (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 8) "{request}")
        (data (i32.const 4096) "\3a\00\00\00{{\22instances\22:[{{\22instance\22:1,\22component\22:\22App\22,\22keys\22:{{}}}}]}}")
        (func (export "ask") (param i32) (result i32)
          (call $read (i32.const 8) (i32.const {len}) (i32.const 1024) (local.get 0)))
        (func (export "byte") (param i32) (result i32) (i32.load8_u (i32.add (i32.const 1024) (local.get 0))))
        (func (export "random") (param i32) (result i32)
          (call $random (i32.const 2048) (i32.const 4)) (i32.load8_u (i32.add (i32.const 2048) (local.get 0))))
        (func (export "far") (result i32) (call $random (i32.const 65535) (i32.const 2)) (i32.const 0))
        (func (export "hmr_alloc") (param i32) (result i32) (i32.const 8192))
        (func (export "hmr_mount") (param i32 i32) (result i32) (i32.const 0))
        (func (export "hmr_unmount") (param i32))
        (func (export "hmr_dispatch") (param i32 i32 i32) (result i32) (i32.const 4))
        (func (export "capture_state") (result i32) (i32.const 0))
        (func (export "restore_state") (param i32 i32) (result i32) (i32.const 4096))
        (func (export "hmr_dispose"))
        (func (export "hmr_component:App")))"#
    ))
    .expect("the text is WebAssembly")
}

fn call(page: &Page, export: &str, argument: &[i32]) -> i32 {
    let arguments: Vec<_> = argument.iter().map(|number| Value::I32(*number)).collect();
    let answer = page.module("m").expect("the module").call(export, &arguments);
    match answer.expect("it answers").as_slice() {
        [Value::I32(number)] => *number,
        other => panic!("{other:?}"),
    }
}

/// The answer to a request.
fn answer(page: &Page) -> String {
    let len = call(page, "ask", &[1024]);
    let bytes = (0..len).map(|at| u8::try_from(call(page, "byte", &[at])).expect("a byte"));
    String::from_utf8(bytes.collect()).expect("text")
}

#[test]
fn the_time_zone_and_the_address_are_read_at_once() {
    let page = |request: &str| {
        let builder = Page::builder().html(HTML).module("m", asking(request));
        builder.time_zone(-210).location("/a?b#c").open().expect("the page opens")
    };
    let zone = answer(&page(r#"{"read":"time-zone","at":0}"#));
    assert_eq!(zone.parse(), Ok(-210.0), "{zone}");
    let here = page(r#"{"read":"location"}"#);
    let shown = answer(&here);
    let location: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    let expected = json!({ "origin": "http://localhost", "path": "/a", "query": "b", "hash": "c" });
    assert_eq!(location, expected);
    // Without room, only the length is known.
    assert_eq!(call(&here, "ask", &[0]), i32::try_from(shown.len()).expect("short"));
    for unknown in [r#"{"read":"weather"}"#, r#"{"read":"time-zone"}"#, "null"] {
        assert_eq!(call(&page(unknown), "ask", &[9]), -1, "{unknown}");
    }
    let malformed = page("{");
    let error = malformed.module("m").expect("the module").call("ask", &[Value::I32(9)]);
    assert!(error.is_err_and(|why| why.to_string().contains("a read request is malformed")));
}

#[test]
fn random_bytes_are_those_of_the_seed() {
    let bytes = |seed| {
        let builder = Page::builder().html(HTML).module("m", asking("{}")).random_seed(seed);
        let page = builder.open().expect("the page opens");
        (0..4).map(|at| call(&page, "random", &[at])).collect::<Vec<_>>()
    };
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
    let page = Page::builder().html(HTML).module("m", asking("{}")).open().expect("it opens");
    let error = page.module("m").expect("the module").call("far", &[]).expect_err("a trap");
    assert!(error.to_string().contains("2 bytes at 65535 are outside of the memory"), "{error}");
}

#[test]
fn files_and_the_clipboard_reach_host_functions() {
    let html = r#"<input type="file"><input id="text">"#;
    let guest = Scripted::new(1, "App")
        .opens(
            "a",
            "call",
            &json!({ "function": "file.read", "argument": { "file": "1", "as": "text" } }),
            1,
        )
        .opens("b", "call", &json!({ "function": "clipboard.read", "argument": {} }), 2);
    let page = Page::builder().html(html).module("m", guest.bytes()).open().expect("it opens");
    let field = page.find("input").expect("the field");
    let file = || File::new("a.txt", "text/plain", "milk");
    _ = field.choose_files(&[file()]).expect("a file");
    assert_eq!(field.value().expect("its value"), "C:\\fakepath\\a.txt");
    let error = field.choose_files(&[file(), file()]).expect_err("one file");
    assert!(error.to_string().contains("takes one file"), "{error}");
    let other = page.find("#text").expect("it is there");
    let error = other.choose_files(&[file()]);
    assert!(error.is_err_and(|why| why.to_string().contains("takes no files")));
    page.set_clipboard("eggs");
    page.append_html(r#"<hmr-component module="m" component="App"></hmr-component>"#);
    assert_eq!(received(&page, "m"), [r#"1 call {"value":"milk"}"#, r#"2 call {"value":"eggs"}"#]);
}

#[test]
fn what_cannot_be_drawn_is_reported() {
    let create = |id, tag| Op::CreateElement { id, namespace: Namespace::Html, tag };
    let insert = |child| Op::Insert { parent: root_of(1), child, before: 0 };
    let commands = r#"[["fillRect",0,0,8,8],["eval","x"]]"#;
    let guest = Scripted::new(1, "App").view(&[
        create(1, "canvas"),
        create(2, "p"),
        insert(1),
        insert(2),
        Op::Draw { id: 1, commands },
        Op::Draw { id: 2, commands },
        Op::Draw { id: 9, commands },
    ]);
    let page = open(&guest);
    assert_eq!(page.find("canvas").expect("it is there").drawing(), ["fillRect 0 0 8 8"]);
    let known =
        ["`eval` is not a command of a drawing", "nothing is drawn on `p`: it has no 2D context"];
    assert_eq!(warnings(&page), known);
    let malformed = guest.view(&[Op::Draw { id: 1, commands: "[1]" }]);
    let page = open(&malformed);
    let log = page.log();
    let error = log.iter().find(|line| line.level == LogLevel::Error).expect("an error");
    assert!(error.text.contains("a drawing is not a list of commands"), "{}", error.text);
}

#[test]
fn both_engines_know_the_same_commands_of_drawings() {
    let client = include_str!("../../client/dom/drawing.js");
    let (_, lists) = client.split_once("const METHODS").expect("the methods");
    let (lists, _) = lists.split_once("/**").expect("their end");
    let mut known: Vec<&str> = lists.split('"').skip(1).step_by(2).collect();
    let mut own = [&hmr_abi::drawing::METHODS[..], &hmr_abi::drawing::PROPERTIES[..]].concat();
    known.sort_unstable();
    own.sort_unstable();
    assert_eq!(known, own);
}
