//! What components use of the page around them: its address, its title, random numbers, local time, files, drawings.
#![allow(missing_docs)]

use hmr_sdk::prelude::*;
use hmr_sdk::testing::{EventData, Page};

#[derive(Clone, PartialEq, Debug, Route)]
enum Place {
    #[route("/")]
    Home,
    #[route("/users/me")]
    Me,
    #[route("/users/:id")]
    User { id: u32 },
    #[route("/notes/:year/*path")]
    Note { year: i32, path: String },
}

#[test]
fn routes_are_read_and_written() {
    let note = |year, path: &str| Place::Note { year, path: path.to_owned() };
    for (path, route) in [
        ("/", Place::Home),
        ("/users/me", Place::Me),
        ("/users/7", Place::User { id: 7 }),
        ("/notes/-3/a%20b/c%2Fd", note(-3, "a b/c/d")),
        ("/notes/1/", note(1, "")),
    ] {
        assert_eq!(Place::parse(path), Some(route), "{path}");
    }
    for path in
        ["/users", "/users/", "/users/x", "/users/7/8", "/notes", "/home", "/users/4294967296"]
    {
        assert_eq!(Place::parse(path), None, "{path}");
    }
    for (route, path) in [
        (Place::Home, "/"),
        (Place::User { id: 7 }, "/users/7"),
        (note(-3, "a b/c?"), "/notes/-3/a%20b/c%3F"),
    ] {
        assert_eq!(route.path(), path);
        assert_eq!(Place::parse(path), Some(route));
    }
}

#[component(export)]
fn Site(base: String) -> View {
    let router = if base == "#" { hash_router::<Place>() } else { router_at::<Place>(&base) };
    effect(move || set_title(format!("{:?}", router.route())));
    view! {
        <a href={router.href(&Place::User { id: 7 })} class:here={move || router.is_at(&Place::User { id: 7 })}></a>
        <p>{move || format!("{:?}", router.route())}</p>
        <b on:click={move |_| router.push(&Place::User { id: 7 })}></b>
        <i on:click={move |_| router.replace(&Place::Me)}></i>
        <u on:click={|_| location::back()}></u>
    }
}

fn shown(page: &Page) -> String {
    let html = page.html();
    let (_, rest) = html.split_once("<p>").expect("a paragraph");
    rest.split_once("</p>").expect("its end").0.to_owned()
}

#[test]
fn a_router_follows_the_path_below_its_base() {
    let mut page = Page::new().with::<SiteProps>();
    page.set_location("/app/users/me?x=1#y");
    page.mount(1, "Site", &json!({ "base": "/app/" })).expect("it mounts");
    assert_eq!(shown(&page), "Some(Me)");
    assert!(page.html().starts_with(r#"<a href="/app/users/7"></a>"#), "{}", page.html());
    assert_eq!(page.title(), Some("Some(Me)"));
    page.click("b");
    assert_eq!((page.location(), shown(&page).as_str()), ("/app/users/7", "Some(User { id: 7 })"));
    assert!(page.html().starts_with(r#"<a class="here""#), "{}", page.html());
    assert_eq!(page.title(), Some("Some(User { id: 7 })"));
    page.set_location("/app");
    assert_eq!(shown(&page), "Some(Home)");
    page.set_location("/application");
    assert_eq!(shown(&page), "None");
    page.set_location("/other");
    assert_eq!(shown(&page), "None");
    page.go_by(-3);
    assert_eq!(shown(&page), "Some(User { id: 7 })");
    page.click("i");
    page.click("u");
    assert_eq!(page.location(), "/app/users/me?x=1#y");
}

#[test]
fn a_router_follows_the_fragment() {
    let mut page = Page::new().with::<SiteProps>();
    page.mount(1, "Site", &json!({ "base": "#" })).expect("it mounts");
    assert_eq!(shown(&page), "Some(Home)");
    assert!(page.html().starts_with(r##"<a href="#/users/7"></a>"##), "{}", page.html());
    page.click("b");
    assert_eq!((page.location(), shown(&page).as_str()), ("/#/users/7", "Some(User { id: 7 })"));
    page.set_location("#none");
    assert_eq!(shown(&page), "None");
}

#[test]
fn new_code_begins_at_the_page_s_address() {
    let mut page = Page::new().with::<SiteProps>();
    page.mount(1, "Site", &json!({ "base": "" })).expect("it mounts");
    page.click("b");
    let snapshot = page.capture();
    assert_eq!(snapshot.instances[0].signals.keys().collect::<Vec<_>>(), ["@location"]);
    let mut page = Page::new().with::<SiteProps>();
    page.set_location("/users/me");
    page.restore(&snapshot);
    assert_eq!(shown(&page), "Some(Me)");
}

#[component(export)]
fn Dice() -> View {
    let id = signal(random::uuid());
    let mut order = [1, 2, 3, 4, 5];
    random::shuffle(&mut order);
    let sum: i32 = order.iter().sum();
    let rolls: Vec<usize> = (0..200).map(|_| random::below(6)).collect();
    assert!((0..6).all(|side| rolls.contains(&side)) && rolls.iter().all(|side| *side < 6));
    assert!((0..200).map(|_| random::fraction()).all(|number| (0.0..1.0).contains(&number)));
    assert_eq!((random::below(0), random::below(1), random::pick::<u8>(&[])), (0, 0, None));
    assert_eq!(random::bytes::<4>().len(), 4);
    view! { <p>{id} " " {sum} " " {random::pick(&["x"]).copied()}</p> }
}

#[test]
fn random_numbers_are_those_of_the_seed() {
    let id = |seed| {
        let mut page = Page::new().with::<DiceProps>();
        page.set_random_seed(seed);
        page.mount(1, "Dice", &json!({})).expect("it mounts");
        let html = page.html();
        assert!(html.ends_with(" 15 x</p>"), "{html}");
        html[3..39].to_owned()
    };
    assert_eq!(id(1), id(1));
    assert_ne!(id(1), id(2));
    let parts: Vec<_> = id(0).split('-').map(str::to_owned).collect();
    assert_eq!(parts.iter().map(String::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    assert!(parts[2].starts_with('4') && "89ab".contains(&parts[3][..1]), "{parts:?}");
}

#[component(export)]
fn Now() -> View {
    view! { <p>{LocalTime::now().to_string()}</p> }
}

#[test]
fn local_time_is_that_of_the_reader_s_zone() {
    let mut page = Page::new().with::<NowProps>();
    page.set_clock(1_767_225_600_000.0);
    page.set_time_zone(-210);
    page.mount(1, "Now", &json!({})).expect("it mounts");
    assert_eq!(page.html(), "<p>2025-12-31T20:30:00-03:30</p>");
}

#[component(export)]
fn Picture() -> View {
    let size = signal(1.0);
    let extra = NodeRef::new();
    view! {
        <canvas id="whole" draw={move |picture| { picture.fill_rect(0.0, 0.0, size.get(), 0.5); }} />
        <canvas id="extra" ref={extra} />
        <b on:click={move |_| size.set(2.0)}></b>
        <i on:click={move |_| extra.draw(|picture| { picture.font("\"a\"").fill_text("b\"c", f64::NAN, 2.5); })}></i>
    }
}

#[test]
fn a_picture_is_drawn_again_from_the_beginning_and_a_reference_draws_on_top() {
    let mut page = Page::new().with::<PictureProps>();
    page.mount(1, "Picture", &json!({})).expect("it mounts");
    assert_eq!(page.drawing("#whole"), ["fillRect 0 0 1 0.5"]);
    page.click("b");
    assert_eq!(page.drawing("#whole"), ["fillRect 0 0 2 0.5"]);
    page.click("i");
    page.click("i");
    let line = "fillText b\"c NaN 2.5";
    assert_eq!(page.drawing("#extra"), ["font \"a\"", line, "font \"a\"", line]);
}

#[component(export)]
fn Upload() -> View {
    let content = signal(String::new());
    let read = action("read", move |file: File| async move {
        match (file.text().await, file.bytes().await) {
            (Ok(text), Ok(bytes)) => content.set(format!("{text} {bytes:?}")),
            (text, bytes) => log::error!("{text:?} {bytes:?}"),
        }
    });
    let chosen = move |event: Event| {
        for file in event.files() {
            log::info!("{} {} {}", file.name(), file.kind(), file.size());
            read.run(file);
        }
    };
    view! { <input type="file" on:change={chosen} /><p>{content}</p> }
}

#[test]
fn a_chosen_file_is_read() {
    let mut page = Page::new().with::<UploadProps>();
    page.mount(1, "Upload", &json!({})).expect("it mounts");
    let files = json!({ "type": "change", "files": [{ "id": "f", "name": "a.txt", "type": "text/plain", "size": 2 }] });
    let event: EventData = serde_json::from_value(files).expect("an event");
    page.fire("input", &event);
    assert_eq!(page.log(), [(1, "a.txt text/plain 2".to_owned())]);
    assert!(page.answer_call("read:request", &json!("hi")));
    assert!(page.answer_call("read:request#1", &json!("aGk=")));
    assert!(page.html().ends_with("<p>hi [104, 105]</p>"), "{}", page.html());
    page.fire("input", &event);
    assert!(page.fail("read:request", "it is gone"));
    assert!(page.answer_call("read:request#1", &json!("not Base64")));
    let log = page.log();
    let last = &log[log.len() - 1].1;
    assert!(last.contains("it is gone") && last.contains("file.read"), "{last}");
}
