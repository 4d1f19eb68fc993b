//! What a handler may still use after it has rendered its own content again: handlers, tasks and hooks run as one batch,
//! and a signal whose content renders again is the same signal.
#![allow(missing_docs)]

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use hmr_sdk::prelude::*;
use hmr_sdk::testing::Page;
use serde::{Deserialize, Serialize};

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Item {
    id: u32,
    title: String,
}

fn items() -> Vec<Item> {
    vec![Item { id: 1, title: "milk".into() }, Item { id: 2, title: "tea".into() }]
}

/// The rows of a list; what a row's button does is the test's.
type Act = Rc<dyn Fn(Signal<Vec<Item>>, u32, Signal<bool>, Memo<bool>)>;

thread_local! {
    static ACT: RefCell<Option<Act>> = const { RefCell::new(None) };
}

#[component]
fn Row(item: Item, items: Signal<Vec<Item>>) -> View {
    let editing = signal(true);
    let reading = memo(move || !editing.get());
    let id = item.id;
    let act = move |_| {
        let act = ACT.with_borrow(Clone::clone).expect("what to do");
        act(items, id, editing, reading);
    };
    view! { <li><button id={format!("b{id}")} on:click={act}>{item.title} " " {editing}</button></li> }
}

#[component(export)]
fn List() -> View {
    let items = signal(items());
    view! { <For each={move || items.get()} key={|item| item.id} view={move |item| view! { <Row item={item} items={items} /> }} /> }
}

fn list(act: impl Fn(Signal<Vec<Item>>, u32, Signal<bool>, Memo<bool>) + 'static) -> Page {
    ACT.set(Some(Rc::new(act)));
    let mut page = Page::new().with::<ListProps>();
    page.mount(1, "List", &json!({})).expect("List mounts");
    page
}

fn retitle(items: Signal<Vec<Item>>, id: u32) {
    items.update(|items| {
        for item in items.iter_mut().filter(|item| item.id == id) {
            item.title.push('!');
        }
    });
}

fn remove(items: Signal<Vec<Item>>, id: u32) {
    items.update(|items| items.retain(|item| item.id != id));
}

#[test]
fn a_write_after_the_row_has_rendered_again_counts() {
    let mut page = list(|items, id, editing, _| {
        retitle(items, id);
        editing.set(false);
    });
    page.click("#b1");
    assert!(page.html().contains(">milk! false<"), "{}", page.html());
    assert_eq!(page.log(), []);
}

#[test]
fn a_memo_shows_what_was_written_a_line_before() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let noted = Rc::clone(&seen);
    let mut page = list(move |items, id, editing, reading| {
        noted.borrow_mut().push(reading.get());
        editing.set(false);
        noted.borrow_mut().push(reading.get());
        retitle(items, id);
        editing.set(true);
        noted.borrow_mut().push(reading.get());
    });
    page.click("#b1");
    assert_eq!(*seen.borrow(), [false, true, false]);
}

#[test]
fn what_belongs_to_a_row_that_the_handler_removed_can_still_be_read() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let noted = Rc::clone(&seen);
    let mut page = list(move |items, id, editing, reading| {
        remove(items, id);
        noted.borrow_mut().push((editing.get(), reading.get()));
    });
    page.click("#b1");
    assert_eq!(*seen.borrow(), [(true, false)]);
    assert!(!page.html().contains("milk"), "{}", page.html());
}

#[test]
fn a_write_to_a_removed_signal_is_logged_once_with_its_key_and_place() {
    let kept: Rc<RefCell<Vec<Signal<bool>>>> = Rc::default();
    let keep = Rc::clone(&kept);
    let mut page = list(move |items, id, editing, _| {
        keep.borrow_mut().push(editing);
        remove(items, id);
    });
    page.click("#b1");
    assert_eq!(page.log(), []);
    for _ in 0..3 {
        kept.borrow()[0].set(false);
    }
    let at = format!("{}:{}", file!(), line!() - 2);
    let log = page.log();
    assert_eq!(log.len(), 1, "{log:?}");
    assert!(log[0].1.contains("`For(items):1:Row:editing` of `List`"), "{log:?}");
    assert!(log[0].1.contains(&at), "{at} is not in {log:?}");
}

#[test]
fn what_somebody_kept_of_a_rendering_before_is_the_signal_that_is_there_now() {
    let kept: Rc<RefCell<Vec<Signal<bool>>>> = Rc::default();
    let keep = Rc::clone(&kept);
    let mut page = list(move |items, id, editing, _| {
        if id == 1 {
            keep.borrow_mut().push(editing);
            retitle(items, id);
        } else {
            keep.borrow()[0].set(false);
        }
    });
    page.click("#b1");
    page.click("#b1");
    page.click("#b2");
    assert!(page.html().contains(">milk!! false<"), "{}", page.html());
    assert_eq!(page.log(), []);
    let first = kept.borrow()[0];
    assert!(!first.get_untracked());
}

#[component(export)]
fn Search() -> View {
    let open = signal(false);
    let field = NodeRef::new();
    view! {
        <b on:click={move |_| { open.set(true); field.focus(); }}>"search"</b>
        <Show when={move || open.get()}><input ref={field} /></Show>
    }
}

#[test]
fn a_handler_can_focus_an_element_that_it_makes_appear() {
    let mut page = Page::new().with::<SearchProps>();
    page.mount(1, "Search", &json!({})).expect("Search mounts");
    page.operations();
    page.click("b");
    let operations = page.operations();
    let last = operations.last().cloned().unwrap_or_default();
    assert!(last.contains("Focus"), "{operations:#?}");
}

#[component]
fn Sender(item: Item, items: Signal<Vec<Item>>) -> View {
    let sent = output::<u32>("sent");
    let save = action("save", |id: u32| async move {
        log::info(format!("saved {id}"));
    });
    let id = item.id;
    let act = move |_| {
        retitle(items, id);
        sent.send(&id);
        save.run(id);
    };
    view! { <button on:click={act}>{item.title}</button> }
}

#[component(export)]
fn Senders() -> View {
    let items = signal(items());
    view! { <For each={move || items.get()} key={|item| item.id} view={move |item| view! { <Sender item={item} items={items} /> }} /> }
}

#[test]
fn ports_and_actions_of_a_row_that_has_rendered_again_work() {
    let mut page = Page::new().with::<SendersProps>();
    page.mount(1, "Senders", &json!({})).expect("Senders mounts");
    page.click("button");
    assert_eq!(page.sent_through("sent"), [1]);
    let log: Vec<String> = page.log().into_iter().map(|(_, text)| text).collect();
    assert!(log.contains(&"saved 1".to_owned()), "{log:?}");
    assert!(!log.iter().any(|line| line.contains("gone")), "{log:?}");
}

#[component]
fn Waiter(item: Item, items: Signal<Vec<Item>>) -> View {
    let done = signal(false);
    let id = item.id;
    let go = action("go", move |(): ()| async move {
        sleep(10).await;
        retitle(items, id);
        done.set(true);
    });
    view! { <button on:click={move |_| go.run(())}>{item.title} " " {done}</button> }
}

#[component(export)]
fn Waiters() -> View {
    let items = signal(items());
    view! { <For each={move || items.get()} key={|item| item.id} view={move |item| view! { <Waiter item={item} items={items} /> }} /> }
}

#[test]
fn a_task_that_renders_its_own_row_again_ends_once_and_its_last_write_counts() {
    let mut page = Page::new().with::<WaitersProps>();
    page.mount(1, "Waiters", &json!({})).expect("Waiters mounts");
    page.click("button");
    page.fire_resource("For(items):1:Waiter:go:request");
    assert!(page.html().contains(">milk! true<"), "{}", page.html());
    assert!(page.capture().instances[0].tasks.is_empty());
}

#[component(export)]
fn Counter() -> View {
    let count = signal(0);
    let runs = Rc::new(RefCell::new(0));
    let noted = Rc::clone(&runs);
    effect(move || {
        _ = count.get();
        *noted.borrow_mut() += 1;
    });
    on_cleanup(move || log::info(format!("went at {} after {} runs", count.get(), runs.borrow())));
    view! { <b on:click={move |_| for _ in 0..5 { count.update(|n| *n += 1); }}>{count}</b> }
}

#[test]
fn effects_run_once_for_a_handler_and_clean_ups_can_read_signals() {
    let mut page = Page::new().with::<CounterProps>();
    page.mount(1, "Counter", &json!({})).expect("Counter mounts");
    page.click("b");
    assert_eq!(page.html(), "<b>5</b>");
    page.unmount(1);
    assert_eq!(page.log(), [(1, "went at 5 after 2 runs".to_owned())]);
}

#[component(export)]
fn Staged() -> View {
    let go = signal(false);
    let step = signal(0);
    let is_one = memo(move || step.get() == 1);
    let is_other = memo(move || !is_one.get());
    effect(move || {
        if go.get() {
            step.set(1);
            effect(move || log::info(format!("one: {}", is_one.get())));
            effect(move || log::info(format!("other: {}", is_other.get())));
            step.set(0);
        }
    });
    view! { <b on:click={move |_| go.set(true)}></b> }
}

#[test]
fn an_effect_that_read_a_memo_between_writes_is_notified_of_its_last_value() {
    let mut page = Page::new().with::<StagedProps>();
    page.mount(1, "Staged", &json!({})).expect("Staged mounts");
    page.click("b");
    let log: Vec<String> = page.log().into_iter().map(|(_, text)| text).collect();
    assert_eq!(log[..2], ["one: true", "other: false"]);
    let last = |start: &str| log.iter().rfind(|line| line.starts_with(start)).cloned();
    assert_eq!(last("one").as_deref(), Some("one: false"), "{log:?}");
    assert_eq!(last("other").as_deref(), Some("other: true"), "{log:?}");
}

#[component(export)]
fn Difference() -> View {
    let x = signal(0);
    let mut before = 0;
    let difference = memo(move || {
        let difference = x.get() - before;
        before = x.get();
        difference
    });
    let tenfold = memo(move || difference.get() * 10);
    view! {
        <a on:click={move |_| { x.update(|x| *x += 5); log::info(tenfold.get()); }}></a>
        <b on:click={move |_| x.update(|x| *x += 2)}></b>
        <p>{difference} " " {tenfold}</p>
    }
}

#[test]
fn a_memo_that_was_read_after_the_last_write_is_not_computed_again() {
    let mut page = Page::new().with::<DifferenceProps>();
    page.mount(1, "Difference", &json!({})).expect("Difference mounts");
    page.click("a");
    assert_eq!(page.log(), [(1, "50".to_owned())]);
    assert!(page.html().ends_with("<p>5 50</p>"), "{}", page.html());
    page.click("b");
    assert!(page.html().ends_with("<p>2 20</p>"), "{}", page.html());
    page.click("a");
    assert!(page.html().ends_with("<p>5 50</p>"), "{}", page.html());
}

#[component]
fn Price(of: i32, kept: Callback<Signal<i32>>) -> View {
    let price = signal(of * 10);
    kept.call(price);
    view! { <i>{price}</i> }
}

#[component(export)]
fn Prices() -> View {
    let of = signal(1);
    let kept: Rc<Cell<Option<Signal<i32>>>> = Rc::default();
    let keep = Rc::clone(&kept);
    let keep = Callback::new(move |price| keep.set(Some(price)));
    let ready = signal(false);
    effect(move || {
        if ready.get()
            && let Some(price) = kept.get()
        {
            log::info(format!("price {}", price.get()));
        }
    });
    view! {
        {move || view! { <Price of={of.get()} kept={keep} /> }}
        <a on:click={move |_| ready.set(true)}></a>
        <b on:click={move |_| of.update(|of| *of += 1)}></b>
        <u on:click={move |_| of.update(|_| ())}></u>
    }
}

#[test]
fn a_new_initial_value_of_content_that_renders_again_notifies_what_follows_it_from_outside() {
    let mut page = Page::new().with::<PricesProps>();
    page.mount(1, "Prices", &json!({})).expect("Prices mounts");
    for at in ["a", "b", "u", "b"] {
        page.click(at);
    }
    let log: Vec<String> = page.log().into_iter().map(|(_, text)| text).collect();
    assert_eq!(log, ["price 10", "price 20", "price 30"]);
    assert!(page.html().contains("<i>30</i>"), "{}", page.html());
}

thread_local! {
    static NEXT: Cell<u32> = const { Cell::new(0) };
}

#[component(export)]
fn SelfReading() -> View {
    let again = signal(0);
    let numbered = move || {
        _ = again.get();
        let id = signal(NEXT.replace(NEXT.get() + 1));
        view! { <p>{format!("id {}", id.get())}</p> }
    };
    view! { {numbered}<b on:click={move |_| again.set(1)}></b> }
}

#[test]
fn content_that_reads_its_own_initial_value_renders_once() {
    let mut page = Page::new().with::<SelfReadingProps>();
    page.mount(1, "SelfReading", &json!({})).expect("SelfReading mounts");
    page.click("b");
    assert!(page.html().starts_with("<p>id 1</p>"), "{}", page.html());
}

#[component(export)]
fn Cells() -> View {
    let rows = signal(2);
    let each = move |row: u32| {
        let cell = signal_keyed("cell", row);
        CELLS.with_borrow_mut(|cells| cells.push(cell));
        view! { <li>{cell}</li> }
    };
    view! { <For each={move || 0..rows.get()} key={|row| *row} view={each} /><b on:click={move |_| rows.set(0)}></b><a on:click={move |_| rows.set(6000)}></a> }
}

thread_local! {
    static CELLS: RefCell<Vec<Signal<u32>>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn a_lost_write_names_its_signal_however_many_were_removed() {
    let mut page = Page::new().with::<CellsProps>();
    page.mount(1, "Cells", &json!({})).expect("Cells mounts");
    page.click("a");
    page.click("b");
    let cells = CELLS.take();
    cells[5999].set(1);
    cells[0].set(1);
    let log: Vec<String> = page.log().into_iter().map(|(_, text)| text).collect();
    assert!(log[0].starts_with("the signal `For:5999:cell` of `Cells` was written at"), "{log:?}");
    // The keys of the earliest are not kept, but the place that made them is.
    assert!(
        log[1].starts_with("the signal that was made at guest-sdk/tests/handlers.rs:"),
        "{log:?}"
    );
    assert!(log[1].contains(" was written at "), "{log:?}");
    for cell in &cells[3000..3200] {
        cell.set(1);
    }
    let log: Vec<String> = page.log().into_iter().map(|(_, text)| text).collect();
    assert_eq!(log.len(), 101, "{log:?}");
    assert_eq!(log[100], "further writes to signals that are gone are not reported");
}
