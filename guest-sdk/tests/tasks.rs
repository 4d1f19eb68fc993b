//! Asynchronous work: the requests and answers of tasks, and a swap during one.
#![allow(missing_docs)]
#![allow(clippy::needless_raw_string_hashes, reason = "as `expect-test` writes them")]

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use expect_test::{Expect, expect};
use hmr_abi::event::ResourceRequest;
use hmr_abi::state::{RestoreReport, Snapshot, TaskOutcome};
use hmr_sdk::prelude::*;
use hmr_sdk::testing::Page;

fn requests(page: &Page, from: usize, expected: &Expect) {
    let line = |request: &ResourceRequest| match request {
        ResourceRequest::Open { key, resource, replay, .. } => {
            let json = serde_json::to_string(resource).expect("JSON");
            format!("open {key} {json}{}\n", if *replay { " replay" } else { "" })
        }
        ResourceRequest::Send { key, data, .. } => format!("send {key} {data}\n"),
        ResourceRequest::Close { key, .. } => format!("close {key}\n"),
    };
    expected.assert_eq(&page.resources()[from..].iter().map(line).collect::<String>());
}

fn lines(page: &Page) -> Vec<String> {
    page.log().into_iter().map(|(_, line)| line).collect()
}

fn outcomes(report: &RestoreReport) -> Vec<String> {
    let all = report.instances.iter().flat_map(|instance| &instance.tasks);
    all.map(|(key, outcome)| match outcome {
        TaskOutcome::Resumed => format!("{key}: resumed"),
        TaskOutcome::Dropped { reason } => format!("{key}: dropped, {reason}"),
    })
    .collect()
}

/// A snapshot as it reaches other code: as text.
fn carried(page: &mut Page) -> Snapshot {
    let text = serde_json::to_string(&page.capture()).expect("JSON");
    page.dispose();
    serde_json::from_str(&text).expect("a snapshot")
}

mod before {
    use super::*;

    #[component(export)]
    pub(crate) fn Loader(#[prop(default)] title: String) -> View {
        let shown = signal("nothing".to_owned());
        spawn("load", async move {
            let list: Vec<u32> =
                match http::get("/list").send().await.and_then(|answer| answer.json()) {
                    Ok(list) => list,
                    Err(error) => return shown.set(error.to_string()),
                };
            sleep(50).await;
            let url = format!("/item/{}", list[0]);
            match http::get(url).header("accept", "text/plain").send().await {
                Ok(answer) => shown.set(answer.text().to_owned()),
                Err(error) => shown.set(error.to_string()),
            }
        });
        view! { <p>{title}{shown}</p> }
    }
}

mod after {
    use super::*;

    /// As before, but for what it makes of the answer, and a task that is new.
    #[component(export)]
    pub(crate) fn Loader() -> View {
        let shown = signal("nothing".to_owned());
        spawn("load", async move {
            let first =
                http::get("/list").send().await.and_then(|answer| answer.json::<Vec<u32>>());
            let Ok(list) = first else { return };
            sleep(50).await;
            let url = format!("/item/{}", list[0]);
            if let Ok(answer) = http::get(url).header("accept", "text/plain").send().await {
                shown.set(format!("{}: {}", answer.status(), answer.text()));
            }
        });
        spawn("new", async move {
            sleep(1).await;
        });
        view! { <p>{shown}</p> }
    }
}

mod elsewhere {
    use super::*;

    /// It waits longer than before, so that what was answered afterwards does not count.
    #[component(export)]
    pub(crate) fn Loader() -> View {
        let shown = signal("nothing".to_owned());
        spawn("load", async move {
            if http::get("/list").send().await.is_err() {
                return;
            }
            sleep(99).await;
            shown.set("waited".to_owned());
        });
        view! { <p>{shown}</p> }
    }
}

mod without {
    use super::*;

    #[component(export)]
    pub(crate) fn Loader() -> View {
        view! { <p></p> }
    }
}

fn loading() -> Page {
    let mut page = Page::new().with::<before::LoaderProps>();
    page.mount(1, "Loader", &json!({})).expect("it mounts");
    page
}

#[test]
fn a_task_asks_in_order_and_closes_what_it_asked_for_when_it_ends() {
    let mut page = loading();
    assert!(page.respond("load:request", 200, "[7,8]"));
    assert!(page.fire_resource("load:request#1"));
    assert_eq!(page.html(), "<p>nothing</p>");
    assert!(page.respond("load:request#2", 200, "seven"));
    assert_eq!(page.html(), "<p>seven</p>");
    requests(
        &page,
        0,
        &expect![[r#"
            open load:request {"kind":"request","args":{"method":"GET","url":"/list"}} replay
            open load:request#1 {"kind":"timeout","args":{"ms":50.0}} replay
            open load:request#2 {"kind":"request","args":{"method":"GET","url":"/item/7","headers":{"accept":"text/plain"}}} replay
            close load:request
            close load:request#1
            close load:request#2
        "#]],
    );
}

#[test]
fn what_fails_is_an_error_of_the_await() {
    let mut page = loading();
    page.fail("load:request", "no route");
    assert_eq!(page.html(), "<p>the request failed: no route</p>");
    let mut page = loading();
    page.respond("load:request", 404, "gone");
    assert_eq!(
        page.html(),
        "<p>the answer, of status 404, is not the expected JSON: expected value at line 1 column 1</p>"
    );
    let mut page = loading();
    page.fire_resource_with("load:request", &json!("nonsense"));
    assert!(page.html().contains("the engine's answer does not parse"), "{}", page.html());
}

#[test]
fn new_code_replays_what_was_answered_and_adopts_what_is_in_flight() {
    let mut page = loading();
    page.respond("load:request", 200, "[7,8]");
    page.fire_resource("load:request#1");
    let snapshot = carried(&mut page);
    assert!(!page.respond("load:request#2", 200, "late"), "the old code is gone");

    let mut page = Page::new().with::<after::LoaderProps>();
    let report = page.restore(&snapshot);
    assert_eq!(outcomes(&report), ["load: resumed"]);
    requests(
        &page,
        0,
        &expect![[r#"
            open load:request#2 {"kind":"request","args":{"method":"GET","url":"/item/7","headers":{"accept":"text/plain"}}} replay
            open new:request {"kind":"timeout","args":{"ms":1.0}} replay
        "#]],
    );
    let again = page.capture();
    assert_eq!(
        again.instances[0].tasks["load"].answers.len(),
        2,
        "what was replayed is carried on"
    );
    page.respond("load:request#2", 200, "seven");
    assert_eq!(page.html(), "<p>200: seven</p>");
    let done = &page.capture().instances[0].done;
    assert_eq!(done.iter().collect::<Vec<_>>(), ["load"]);
}

#[test]
fn what_is_asked_for_otherwise_in_new_code_is_asked_for_again() {
    let mut page = loading();
    page.respond("load:request", 200, "[7,8]");
    page.fire_resource("load:request#1");
    let snapshot = carried(&mut page);
    let mut page = Page::new().with::<elsewhere::LoaderProps>();
    assert_eq!(outcomes(&page.restore(&snapshot)), ["load: resumed"]);
    requests(
        &page,
        0,
        &expect![[r#"
            open load:request#1 {"kind":"timeout","args":{"ms":99.0}} replay
        "#]],
    );
    page.fire_resource("load:request#1");
    assert_eq!(page.html(), "<p>waited</p>");
}

#[test]
fn a_task_that_has_ended_does_not_run_again() {
    let mut page = loading();
    page.fail("load:request", "no route");
    let asked = page.resources().len();
    page.mount(1, "Loader", &json!({ "title": "T " })).expect("it renders");
    assert_eq!(page.html(), "<p>T the request failed: no route</p>");
    assert_eq!(page.resources().len(), asked, "a new rendering starts nothing");

    let snapshot = carried(&mut page);
    let mut page = Page::new().with::<after::LoaderProps>();
    assert_eq!(outcomes(&page.restore(&snapshot)), [""; 0]);
    assert_eq!(page.open_resources().into_keys().collect::<Vec<_>>(), ["new:request"]);
    page.fire_resource("new:request");
    let snapshot = carried(&mut page);
    let mut page = Page::new().with::<after::LoaderProps>();
    page.restore(&snapshot);
    assert_eq!(page.resources().len(), 0, "nor does another swap");
}

#[test]
fn a_task_that_new_code_does_not_start_is_dropped() {
    let snapshot = carried(&mut loading());
    let mut page = Page::new().with::<without::LoaderProps>();
    let report = page.restore(&snapshot);
    assert_eq!(outcomes(&report), ["load: dropped, the new code starts no task of this key"]);
    assert_eq!(page.resources().len(), 0);
    assert_eq!(page.capture().instances[0].tasks.len(), 0);
}

#[test]
fn rendering_again_keeps_the_answers_of_a_task() {
    let mut page = loading();
    page.respond("load:request", 200, "[7,8]");
    page.mount(1, "Loader", &json!({ "title": "T " })).expect("it renders");
    requests(
        &page,
        2,
        &expect![[r#"
            open load:request#1 {"kind":"timeout","args":{"ms":50.0}} replay
            close load:request
        "#]],
    );
    page.fire_resource("load:request#1");
    page.respond("load:request#2", 200, "seven");
    assert_eq!(page.html(), "<p>T seven</p>");
    assert_eq!(page.open_resources().len(), 0);
}

mod saving {
    use super::*;

    #[component(export)]
    pub(crate) fn Notes() -> View {
        let saved = signal(String::new());
        let save = action("save", move |text: String| async move {
            match http::post("/notes").json(&json!({ "text": text })).send().await {
                Ok(answer) if answer.is_ok() => saved.set(text),
                Ok(answer) => saved.set(answer.header("X-Why").unwrap_or("?").to_owned()),
                Err(error) => log::error(error),
            }
        });
        view! {
            <button disabled={move || save.is_running()} on:click={move |_| save.run("milk".into())}>{saved}</button>
            <a on:click={move |_| save.cancel()}></a>
        }
    }
}

mod saving_numbers {
    use super::*;

    #[component(export)]
    pub(crate) fn Notes() -> View {
        let save = action("save", |_: u32| async {});
        view! { <p>{move || save.is_running().to_string()}</p> }
    }
}

fn notes() -> Page {
    let mut page = Page::new().with::<saving::NotesProps>();
    page.mount(1, "Notes", &json!({})).expect("it mounts");
    page
}

#[test]
fn an_action_runs_as_often_as_it_is_called() {
    let mut page = notes();
    assert_eq!(page.resources().len(), 0);
    page.click("button");
    assert!(page.html().contains("disabled"), "{}", page.html());
    page.respond("save:request", 201, "");
    assert_eq!(page.html(), "<button>milk</button><a></a>");
    page.click("button");
    page.fire_resource_with(
        "save:request",
        &json!({ "status": 409, "headers": { "x-why": "conflict" }, "body": "" }),
    );
    assert_eq!(page.html(), "<button>conflict</button><a></a>");
    assert_eq!(page.open_resources().len(), 0);
    assert_eq!(page.capture().instances[0].done.len(), 0, "what ran can run again");
}

#[test]
fn an_action_that_is_run_again_or_cancelled_withdraws_what_it_asked_for() {
    let mut page = notes();
    page.click("button");
    page.click("button");
    page.click("a");
    assert!(!page.html().contains("disabled"), "{}", page.html());
    requests(
        &page,
        0,
        &expect![[r#"
            open save:request {"kind":"request","args":{"method":"POST","url":"/notes","headers":{"content-type":"application/json"},"body":"{\"text\":\"milk\"}"}} replay
            close save:request
            open save:request {"kind":"request","args":{"method":"POST","url":"/notes","headers":{"content-type":"application/json"},"body":"{\"text\":\"milk\"}"}} replay
            close save:request
        "#]],
    );
}

#[test]
fn an_action_is_resumed_with_its_argument() {
    let mut page = notes();
    page.click("button");
    let snapshot = carried(&mut page);
    let mut page = Page::new().with::<saving::NotesProps>();
    assert_eq!(outcomes(&page.restore(&snapshot)), ["save: resumed"]);
    assert!(page.html().contains("disabled"), "{}", page.html());
    page.respond("save:request", 201, "");
    assert_eq!(page.html(), "<button>milk</button><a></a>");

    let mut page = Page::new().with::<saving_numbers::NotesProps>();
    assert_eq!(
        outcomes(&page.restore(&snapshot)),
        ["save: dropped, its argument does not parse: invalid type: string \"milk\", expected u32"]
    );
    assert_eq!(page.html(), "<p>false</p>");
}

#[component(export)]
fn Clicked() -> View {
    let shown = signal(0);
    let start = move |_| {
        spawn("once", async move {
            sleep(10).await;
            shown.update(|n| *n += 1);
        });
    };
    view! { <b on:click={start}>{shown}</b> }
}

#[test]
fn what_a_handler_starts_runs_side_by_side_and_is_dropped_by_a_swap() {
    let mut page = Page::new().with::<ClickedProps>();
    page.mount(1, "Clicked", &json!({})).expect("it mounts");
    page.click("b");
    page.click("b");
    page.fire_resource("once#1:request");
    assert_eq!(page.html(), "<b>1</b>");
    page.fire_resource("once:request");
    page.click("b");
    let snapshot = carried(&mut page);
    let mut page = Page::new().with::<ClickedProps>();
    assert_eq!(
        outcomes(&page.restore(&snapshot)),
        [
            "once: dropped, it was started in a handler, which does not run again; a task of `action` would have resumed"
        ]
    );
    assert_eq!((page.html().as_str(), page.resources().len()), ("<b>2</b>", 0));
}

#[component(export)]
fn Host() -> View {
    let ask = action("ask", |(): ()| async {
        let sum = host_call::<u32>("sum", &[1, 2]).await;
        log::info(format!("{sum:?}"));
        let cart = storage::get(StorageArea::Local, "cart").await;
        log::info(format!("{cart:?}"));
        log::info(format!("{:?}", storage::set(StorageArea::Session, "cart", "[]").await));
        log::info(format!("{:?}", storage::remove(StorageArea::Local, "cart").await));
        if let Err(error) = host_call::<u32>("bad", &()).await {
            log::info(error);
        }
        if let Err(error) = host_call::<u32>("gone", &()).await {
            log::info(error);
        }
        let unwritable = std::collections::BTreeMap::from([(vec![1], 2)]);
        if let Err(error) = host_call::<u32>("sum", &unwritable).await {
            log::info(error);
        }
    });
    let notify = |_| {
        host::notify("beep", &json!({ "times": 2 }));
        host::notify("beep", &json!(null));
    };
    view! { <b on:click={move |_| ask.run(())}></b><i on:click={notify}></i> }
}

#[test]
fn host_functions_answer_or_fail() {
    let mut page = Page::new().with::<HostProps>();
    page.mount(1, "Host", &json!({})).expect("it mounts");
    page.click("b");
    page.answer_call("ask:request", &json!(3));
    page.answer_call("ask:request#1", &json!(null));
    page.answer_call("ask:request#2", &json!(null));
    page.fire_resource_with("ask:request#3", &json!({}));
    page.answer_call("ask:request#4", &json!("three"));
    page.fail("ask:request#5", "no such function");
    assert_eq!(
        lines(&page),
        [
            "Ok(3)",
            "Ok(None)",
            "Ok(())",
            "Ok(())",
            "the answer of the host function `bad` is not what was expected: invalid type: string \"three\", expected u32 at line 1 column 7",
            "the host function `gone` failed: no such function",
            "the argument of the host function `sum` cannot be written as JSON: key must be a string",
        ]
    );
    requests(
        &page,
        0,
        &expect![[r#"
            open ask:request {"kind":"call","args":{"function":"sum","argument":[1,2]}} replay
            open ask:request#1 {"kind":"call","args":{"function":"storage.get","argument":{"area":"local","item":"cart"}}} replay
            open ask:request#2 {"kind":"call","args":{"function":"storage.set","argument":{"area":"session","item":"cart","value":"[]"}}} replay
            open ask:request#3 {"kind":"call","args":{"function":"storage.remove","argument":{"area":"local","item":"cart"}}} replay
            open ask:request#4 {"kind":"call","args":{"function":"bad","argument":null}} replay
            open ask:request#5 {"kind":"call","args":{"function":"gone","argument":null}} replay
            close ask:request
            close ask:request#1
            close ask:request#2
            close ask:request#3
            close ask:request#4
            close ask:request#5
        "#]],
    );
}

#[test]
fn a_notification_does_not_wait_and_logs_its_failure() {
    let mut page = Page::new().with::<HostProps>();
    page.mount(1, "Host", &json!({})).expect("it mounts");
    page.click("i");
    page.click("i");
    page.answer_call("notify#1", &json!(null));
    page.fail("notify", "no such function");
    page.click("i");
    assert_eq!(lines(&page), ["the host function `beep` failed: no such function"]);
    requests(
        &page,
        0,
        &expect![[r#"
            open notify {"kind":"call","args":{"function":"beep","argument":{"times":2}}}
            open notify#1 {"kind":"call","args":{"function":"beep","argument":null}}
            open notify#2 {"kind":"call","args":{"function":"beep","argument":{"times":2}}}
            open notify#3 {"kind":"call","args":{"function":"beep","argument":null}}
            close notify#1
            close notify
            open notify {"kind":"call","args":{"function":"beep","argument":{"times":2}}}
            open notify#1 {"kind":"call","args":{"function":"beep","argument":null}}
        "#]],
    );
}

#[component(export)]
fn Hidden() -> View {
    let shown = signal(true);
    let inside = move || {
        spawn("work", async move {
            sleep(1).await;
            shown.set(false);
            // Its own scope is gone: it does not continue.
            sleep(2).await;
            log::error("it went on");
        });
        view! { <p>"x"</p> }
    };
    view! {
        <Show when={move || shown.get()}>{inside()}</Show>
        <b on:click={move |_| shown.update(|shown| *shown = !*shown)}></b>
    }
}

#[test]
fn a_task_ends_with_the_content_that_started_it() {
    let mut page = Page::new().with::<HiddenProps>();
    page.mount(1, "Hidden", &json!({})).expect("it mounts");
    page.click("b");
    assert_eq!(page.open_resources().len(), 0);
    page.click("b");
    assert_eq!(
        page.open_resources().into_keys().collect::<Vec<_>>(),
        ["Show(shown):inside:work:request"]
    );
    page.fire_resource("Show(shown):inside:work:request");
    assert_eq!((page.html().as_str(), page.open_resources().len()), ("<b></b>", 0));
    assert_eq!(lines(&page), [""; 0]);
    let state = &page.capture().instances[0];
    assert_eq!((state.tasks.len(), state.done.len()), (0, 0));
}

#[component(export)]
fn Items() -> View {
    let items = signal(vec![(1, 'a'), (2, 'b')]);
    let each = move |(id, letter): (i32, char)| {
        let loaded = signal(String::new());
        spawn("load", async move {
            if let Ok(answer) = http::get(format!("/{id}")).send().await {
                sleep(5).await;
                loaded.set(format!("{letter}{}", answer.text()));
            }
        });
        view! { <li>{loaded}</li> }
    };
    view! {
        <For each={move || items.get()} key={|item| item.0} view={each} />
        <b on:click={move |_| items.update(|items| items[0].1 = 'z')}></b>
        <i on:click={move |_| items.update(|items| items.retain(|item| item.0 != 1))}></i>
        <u on:click={move |_| items.update(|items| items.insert(0, (1, 'n')))}></u>
    }
}

#[test]
fn an_item_that_changes_keeps_its_task() {
    let mut page = Page::new().with::<ItemsProps>();
    page.mount(1, "Items", &json!({})).expect("it mounts");
    page.respond("For(items):1:load:request", 200, "one");
    page.click("b");
    requests(
        &page,
        3,
        &expect![[r#"
            open For(items):1:load:request#1 {"kind":"timeout","args":{"ms":5.0}} replay
            close For(items):1:load:request
        "#]],
    );
    page.fire_resource("For(items):1:load:request#1");
    assert!(page.html().starts_with("<li>zone</li>"), "{}", page.html());
    page.click("b");
    let asked = page.resources().len();
    page.click("i");
    page.click("u");
    assert_eq!(page.resources().len(), asked + 1, "an item that comes back is another one");
}

#[component(export)]
fn Hurried() -> View {
    let shown = signal(String::new());
    spawn("race", async move {
        let mut answer = pin!(http::get("/slow").send());
        let mut late = pin!(sleep(100));
        let first = poll_fn(|context| {
            if let Poll::Ready(answer) = answer.as_mut().poll(context) {
                return Poll::Ready(answer.ok().map(|answer| answer.text().to_owned()));
            }
            late.as_mut().poll(context).map(|()| None)
        });
        shown.set(first.await.unwrap_or_else(|| "late".to_owned()));
    });
    view! { <p>{shown}</p> }
}

#[test]
fn of_two_things_that_are_awaited_the_first_counts() {
    let mut page = Page::new().with::<HurriedProps>();
    page.mount(1, "Hurried", &json!({})).expect("it mounts");
    assert_eq!(page.open_resources().len(), 2);
    page.fire_resource("race:request#1");
    assert_eq!((page.html().as_str(), page.open_resources().len()), ("<p>late</p>", 0));
}

#[component(export)]
fn Nested() -> View {
    spawn("outer", async {
        sleep(1).await;
        spawn("inner", async {
            interval("tick", 10, || log::info("tick"));
            sleep(2).await;
            log::info("inner");
        });
        sleep(3).await;
    });
    view! {}
}

#[test]
fn what_a_task_makes_ends_with_it_and_is_resumed_with_it() {
    let mut page = Page::new().with::<NestedProps>();
    page.mount(1, "Nested", &json!({})).expect("it mounts");
    page.fire_resource("outer:request");
    let snapshot = carried(&mut page);
    let mut page = Page::new().with::<NestedProps>();
    assert_eq!(outcomes(&page.restore(&snapshot)), ["outer: resumed", "outer:inner: resumed"]);
    page.fire_resource("outer:inner:tick");
    assert_eq!(
        page.open_resources().into_keys().collect::<Vec<_>>(),
        ["outer:inner:request", "outer:inner:tick", "outer:request#1"]
    );
    page.fire_resource("outer:request#1");
    assert_eq!((page.open_resources().len(), lines(&page)), (0, vec!["tick".to_owned()]));
}

#[component(export)]
fn Endless() -> View {
    spawn("poll", async {
        loop {
            sleep(1).await;
        }
    });
    view! {}
}

#[test]
fn a_task_that_never_ends_is_reported() {
    let mut page = Page::new().with::<EndlessProps>();
    page.mount(1, "Endless", &json!({})).expect("it mounts");
    for round in 0..210 {
        let key = if round == 0 { "poll:request".into() } else { format!("poll:request#{round}") };
        assert!(page.fire_resource(&key), "{key}");
    }
    assert_eq!(lines(&page).len(), 1);
    assert!(lines(&page)[0].starts_with("the task `poll` has asked the engine 200 times"));
}

#[component(export)]
fn Astray() -> View {
    let mut outside = Box::pin(http::get("/").send());
    let polled =
        outside.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    let text = match polled {
        Poll::Ready(Err(error)) => error.to_string(),
        _ => String::new(),
    };
    view! { <p>{text}</p> }
}

#[test]
fn what_is_awaited_outside_of_a_task_fails() {
    let mut page = Page::new().with::<AstrayProps>();
    page.mount(1, "Astray", &json!({})).expect("it mounts");
    assert_eq!(
        page.html(),
        "<p>a request was awaited outside of a task; start one with `spawn` or `action`</p>"
    );
    assert_eq!(page.resources().len(), 0);
}

#[component(export)]
fn Refreshing() -> View {
    let mut load = in_scope(|(): ()| {
        spawn("load", async {
            sleep(1).await;
        });
    });
    load(());
    view! { <b on:click={move |_| load(())}></b> }
}

#[test]
fn a_task_of_a_scope_that_is_entered_again_runs_again() {
    let mut page = Page::new().with::<RefreshingProps>();
    page.mount(1, "Refreshing", &json!({})).expect("it mounts");
    for _ in 0..3 {
        assert!(page.fire_resource("load:request"));
        page.click("b");
    }
    page.click("b");
    let keys: Vec<_> = page.capture().instances[0].tasks.keys().cloned().collect();
    assert_eq!(keys, ["load", "load#1"]);
}

#[component]
fn Confirm(open: Signal<bool>, result: Signal<String>) -> View {
    let confirm = move |_| {
        open.set(false);
        timeout("later", 5, || {});
        host::notify("confirmed", &());
        let _ = output::<u32>("closed");
        spawn("save", async move {
            if let Ok(answer) = http::get("/save").send().await {
                result.set(answer.text().to_owned());
            }
        });
    };
    view! { <b on:click={confirm}></b> }
}

#[component(export)]
fn Dialog() -> View {
    let open = signal(true);
    let result = signal(String::new());
    view! {
        <Show when={move || open.get()}><Confirm open={open} result={result} /></Show><p>{result}</p>
    }
}

#[test]
fn a_handler_that_closes_its_own_content_can_still_start_a_task() {
    let mut page = Page::new().with::<DialogProps>();
    page.mount(1, "Dialog", &json!({})).expect("it mounts");
    page.click("b");
    assert_eq!(page.html(), "<p></p>");
    assert_eq!(
        page.open_resources().into_keys().collect::<Vec<_>>(),
        ["Show(open):Confirm:notify", "Show(open):Confirm:save:request"]
    );
    assert_eq!(
        lines(&page),
        [
            "`Show(open):Confirm:later` was asked for by content that has gone, and is not there",
            "`closed` was asked for by content that has gone, and is not there"
        ]
    );
    page.respond("Show(open):Confirm:save:request", 200, "saved");
    assert_eq!(page.html(), "<p>saved</p>");
    page.unmount(1);
    assert_eq!(page.open_resources().len(), 0);
}
