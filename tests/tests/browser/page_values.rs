//! What a module uses of a real page: the reader's history, links, the title, files, the clipboard, a canvas, random numbers.

use hmr_tests::session::Session;
use serde_json::json;

const MODULE: &str = r##"//! A page that uses what is around it.
use hmr_sdk::prelude::*;

#[derive(Clone, PartialEq, Debug, Route)]
enum Place {
    #[route("/")]
    Home,
    #[route("/users/:id")]
    User { id: u32 },
}

/// What the test sees.
#[component(export)]
pub fn Signup() -> View {
    let router = router::<Place>();
    let id = signal(random::uuid());
    let content = signal(String::new());
    let offset = LocalTime::at(0.0).offset;
    let read = action("read", move |file: File| async move {
        match file.text().await {
            Ok(text) => content.set(format!("{} {text}", file.name())),
            Err(error) => log::error(error),
        }
    });
    let copy = action("copy", move |text: String| async move {
        match clipboard::write_text(&text).await {
            Ok(()) => content.set("copied".to_owned()),
            Err(error) => content.set(error.to_string()),
        }
    });
    effect(move || set_title(format!("{:?}", router.route())));
    view! {
        <p id="place">{move || format!("at {:?}", router.route())}</p>
        <a id="ann" href={router.href(&Place::User { id: 7 })}>"Ann"</a>
        <a id="part" href="#part">"part"</a>
        <button id="home" on:click={move |_| router.push(&Place::Home)}>"home"</button>
        <button id="copy" on:click={move |_| copy.run("milk".to_owned())}>"copy"</button>
        <p id="id">{id}</p>
        <p id="offset">{offset}</p>
        <canvas id="picture" width=4 height=4 draw={|picture| { picture.fill_style("rgb(10 20 30)").fill_rect(0.0, 0.0, 4.0, 4.0); }} />
        <input id="file" type="file" on:change={move |event: Event| if let Some(file) = event.files().into_iter().next() { read.run(file) }} />
        <p id="content">{content}</p>
    }
}
"##;

/// The color of the picture, as red, green and blue.
const COLOR: &str = "[...document.querySelector('#picture').getContext('2d').getImageData(1, 1, 1, 1).data].slice(0, 3).join()";

#[test]
fn a_module_uses_the_page_around_it_and_new_code_goes_on_there() {
    let mut session = Session::start_with(|demo| demo.write("signup/src/lib.rs", MODULE));
    let Session { browser, dev, demo, .. } = &mut session;
    browser.wait_text("#place", "at Some(Home)");
    browser.wait("document.title === 'Some(Home)'");
    let id = browser.text("#id");
    assert_eq!(id.len(), 36, "{id}");
    let offset = browser.value("String(-new Date(0).getTimezoneOffset())", &[]);
    assert_eq!(json!(browser.text("#offset")), offset);
    assert_eq!(browser.value(COLOR, &[]), "10,20,30");

    browser.run("window.stayed = true", &[]);
    browser.click("#ann");
    browser.wait_text("#place", "at Some(User { id: 7 })");
    assert_eq!(browser.value("location.pathname", &[]), "/users/7");
    browser.wait("document.title === 'Some(User { id: 7 })'");
    browser.click("#part");
    browser.wait("location.hash === '#part'");
    browser.click("#home");
    browser.wait_text("#place", "at Some(Home)");
    browser.back();
    browser.back();
    browser.wait_text("#place", "at Some(User { id: 7 })");
    browser.wait("location.hash === ''");

    let file = demo.path("list.txt");
    demo.write("list.txt", "milk & eggs");
    browser.keys("#file", &file.display().to_string());
    browser.wait_text("#content", "list.txt milk & eggs");
    browser.click("#copy");
    browser.wait_text("#content", "copied");

    demo.edit("signup/src/lib.rs", "\"at {:?}\"", "\"now {:?}\"");
    demo.edit("signup/src/lib.rs", "rgb(10 20 30)", "rgb(1 2 3)");
    dev.wait_swap("signup", "committed");
    browser.wait_text("#place", "now Some(User { id: 7 })");
    assert_eq!(browser.text("#id"), id);
    browser.wait(&format!("{COLOR} === '1,2,3'"));
    browser.back();
    browser.wait_text("#place", "now Some(Home)");
    browser.click("#ann");
    browser.wait_text("#place", "now Some(User { id: 7 })");
    assert_eq!(browser.value("window.stayed", &[]), true, "nothing has loaded the page again");

    browser.reload();
    browser.wait_text("#place", "now Some(User { id: 7 })");
    assert_eq!(browser.value("location.pathname", &[]), "/users/7");
}
