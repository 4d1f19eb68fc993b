//! The output of views, and their updates when signals change: elements, lists, conditions, bindings, events.
#![allow(missing_docs)]

use hmr_abi::event::{DISPATCH_INERT, DISPATCH_PREVENT, EventData};
use hmr_sdk::prelude::*;
use hmr_sdk::testing::{Page, panic_of};
use serde::{Deserialize, Serialize};

#[component(export)]
fn Counter(#[prop(default)] start: i32, #[prop(default)] title: String) -> View {
    let count = signal(start);
    let double = memo(move || count.get() * 2);
    effect(move || log::info(format!("count is {}", count.get())));
    view! {
        <section class="counter" class:negative={move || count.get() < 0}>
            <h2>{title}</h2>
            <button on:click={move |_| count.update(|n| *n += 1)} disabled={move || count.get() > 4}>"+1"</button>
            <output>{count} " doubled is " {double}</output>
        </section>
    }
}

#[test]
fn a_counter_changes_only_what_shows_it() {
    let mut page = Page::new().with::<CounterProps>();
    page.mount(1, "Counter", &json!({ "start": 3, "title": "T" })).expect("it mounts");
    assert_eq!(
        page.html(),
        r#"<section class="counter"><h2>T</h2><button>+1</button><output>3 doubled is 6</output></section>"#
    );
    page.operations();
    page.click("button");
    let operations = page.operations();
    assert_eq!(operations.len(), 2, "{operations:?}");
    assert!(operations.iter().all(|op| op.starts_with("SetText")), "{operations:?}");
    page.click("button");
    assert!(page.html().contains(r#"<button disabled="">"#), "{}", page.html());
    assert_eq!(page.log().last().map(|(_, line)| line.as_str()), Some("count is 5"));
}

#[test]
fn mounting_tells_what_is_wrong() {
    let mut page = Page::new().with::<CounterProps>();
    let unknown = page.mount(1, "Contador", &json!({})).expect_err("no such component");
    assert_eq!(unknown, "there is no component `Contador`; exported: `Counter`");
    let wrong =
        page.mount(1, "Counter", &json!({ "start": "x" })).expect_err("props of a wrong type");
    assert!(
        wrong.starts_with("the props of `Counter` do not parse: field `start`: invalid type"),
        "{wrong}"
    );
    assert_eq!(page.html(), "");
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Item {
    id: u32,
    text: String,
}

fn item(id: u32, text: &str) -> Item {
    Item { id, text: text.to_owned() }
}

#[component]
fn Row(item: Item, #[prop(into)] on_remove: Callback<u32>) -> View {
    let draft = signal(String::new());
    let id = item.id;
    view! {
        <li>
            {item.text} ":" {draft}
            <input class={format!("r{id}")} bind:value={draft} />
            <button class={format!("x{id}")} on:click={move |_| on_remove.call(id)}>"×"</button>
        </li>
    }
}

#[component(export)]
fn Rows() -> View {
    let items = signal(vec![item(1, "a"), item(2, "b"), item(3, "c")]);
    view! {
        <ul>
            <For each={move || items.get()} key={|item| item.id} view={move |item| view! {
                <Row item={item} on_remove={move |id| items.update(|all| all.retain(|item| item.id != id))} />
            }} />
        </ul>
        <button class="rotate" on:click={move |_| items.update(|all| all.rotate_right(1))}>"r"</button>
        <button class="insert" on:click={move |_| items.update(|all| all.insert(1, item(9, "n")))}>"i"</button>
        <button class="rename" on:click={move |_| items.update(|all| all[0].text.push('!'))}>"n"</button>
    }
}

fn order(page: &Page) -> String {
    let html = page.html();
    html.split("<li>")
        .skip(1)
        .map(|row| row.split('<').next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_list_moves_inserts_and_removes_rows_and_keeps_their_state() {
    let mut page = Page::new().with::<RowsProps>();
    page.mount(1, "Rows", &json!({})).expect("it mounts");
    page.input("input.r2", "typed");
    assert_eq!(order(&page), "a: b:typed c:");

    page.operations();
    page.click(".rotate");
    assert_eq!(order(&page), "c: a: b:typed");
    let operations = page.operations();
    assert_eq!(operations.len(), 1, "one row moves, the others stay: {operations:?}");
    assert!(operations[0].starts_with("Insert"), "{operations:?}");

    page.click(".insert");
    assert_eq!(order(&page), "c: n: a: b:typed");
    page.click(".rename");
    assert_eq!(order(&page), "c!: n: a: b:typed");

    let handler = page.handler(".x1", "click").expect("row a has a handler");
    page.click(".x1");
    assert_eq!(order(&page), "c!: n: b:typed");
    let click = EventData { kind: "click".into(), ..EventData::default() };
    assert_eq!(page.dispatch(handler, &click), DISPATCH_INERT);
}

#[test]
fn a_row_that_changes_keeps_its_signals_and_a_removed_one_loses_them() {
    let mut page = Page::new().with::<RowsProps>();
    page.mount(1, "Rows", &json!({})).expect("it mounts");
    page.input("input.r1", "mine");
    page.click(".rename");
    assert_eq!(order(&page), "a!:mine b: c:");
    let keys = |page: &Page| {
        page.capture().instances[0].signals.keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        keys(&page),
        "For(items):1:Row:draft For(items):2:Row:draft For(items):3:Row:draft items"
    );
    page.click(".x2");
    assert_eq!(keys(&page), "For(items):1:Row:draft For(items):3:Row:draft items");
}

#[component(export)]
fn Door() -> View {
    let open = signal(false);
    let renders = signal(0);
    view! {
        <button on:click={move |_| open.update(|open| *open = !*open)}>"knock"</button>
        <a on:click={move |_| open.set(true)}>"open"</a>
        <Show when={move || open.get()} fallback={|| view! { <i>"closed"</i> }}>
            <Inside renders={renders} close={move |()| open.set(false)} />
        </Show>
    }
}

#[component]
fn Inside(renders: Signal<i32>, close: Callback) -> View {
    renders.update(|n| *n += 1);
    let steps = signal(0);
    on_cleanup(|| log::info("left"));
    effect(move || {
        if steps.get() > 1 {
            close.call(());
        }
    });
    view! { <b on:click={move |_| steps.update(|n| *n += 1)}>{renders} " " {steps}</b> }
}

#[test]
fn show_renders_again_only_when_its_condition_changes() {
    let mut page = Page::new().with::<DoorProps>();
    page.mount(1, "Door", &json!({})).expect("it mounts");
    assert!(page.html().ends_with("<i>closed</i>"));
    page.click("button");
    assert!(page.html().ends_with("<b>1 0</b>"), "{}", page.html());
    page.click("a");
    assert!(page.html().ends_with("<b>1 0</b>"), "{}", page.html());
    assert!(page.capture().instances[0].signals.contains_key("Show(open):Inside:steps"));
    page.click("button");
    assert!(page.log().iter().any(|(_, line)| line == "left"));
    assert!(!page.capture().instances[0].signals.contains_key("Show(open):Inside:steps"));
}

#[test]
fn an_effect_can_close_the_region_that_it_lives_in() {
    let mut page = Page::new().with::<DoorProps>();
    page.mount(1, "Door", &json!({})).expect("it mounts");
    page.click("button");
    page.click("b");
    page.click("b");
    assert!(page.html().ends_with("<i>closed</i>"), "{}", page.html());
}

#[component(export)]
fn Form() -> View {
    let name = signal("Ann".to_owned());
    let agreed = signal(false);
    let field = NodeRef::new();
    view! {
        <form on:submit:prevent={move |_| field.focus()}>
            <input id="name" ref={field} bind:value={name} maxlength=20 />
            <input id="agreed" type="checkbox" bind:checked={agreed} />
            <a on:click={|event: Event| event.prevent_default()}>"link"</a>
            <p style:color={move || agreed.get().then_some("green")} title={None::<String>}
                aria-hidden={false} data-n={3} hidden={move || name.with(String::is_empty)}>{name}</p>
            <svg viewBox="0 0 1 1"><circle r="1" /><foreignObject><p>"x"</p></foreignObject></svg>
            <hmr-component module="board" component="Board" props={json!({ "title": "T" })} />
        </form>
    }
}

#[test]
fn fields_are_bound_both_ways_and_attributes_follow() {
    let mut page = Page::new().with::<FormProps>();
    page.mount(1, "Form", &json!({})).expect("it mounts");
    assert_eq!(
        page.html(),
        concat!(
            r#"<form><input id="name" maxlength="20" .value="Ann"></input>"#,
            r#"<input id="agreed" type="checkbox" .checked=false></input><a>link</a>"#,
            r#"<p aria-hidden="false" data-n="3">Ann</p>"#,
            r#"<svg viewBox="0 0 1 1"><circle r="1"></circle><foreignObject><p>x</p></foreignObject></svg>"#,
            r#"<hmr-component component="Board" module="board" props="{"title":"T"}"></hmr-component></form>"#,
        )
    );
    let operations = page.operations().join("\n");
    assert!(operations.contains(r#"namespace: Svg, tag: "circle""#), "{operations}");
    assert!(operations.contains(r#"event: "submit", handler: 1, flags: 1"#), "{operations}");

    page.input("#name", "");
    let change = EventData { kind: "change".into(), checked: Some(true), ..EventData::default() };
    page.fire("#agreed", &change);
    assert!(page.html().contains(r#".value="""#), "{}", page.html());
    assert!(
        page.html().contains(r#"<p aria-hidden="false" data-n="3" hidden="" style="color:green">"#),
        "{}",
        page.html()
    );
    assert_eq!(page.click("a"), DISPATCH_PREVENT);
    page.operations();
    page.fire("form", &EventData { kind: "submit".into(), ..EventData::default() });
    assert_eq!(page.operations(), ["Call { id: 2, method: Focus }"]);
}

#[component]
fn Card(title: String, children: Children) -> View {
    let open = signal(true);
    provide_context(7_u8);
    view! { <article class:open={open}><h3>{title}</h3>{children}</article> }
}

#[component]
fn Leaf(#[prop(default = 1)] times: usize, #[prop(into)] label: String) -> View {
    let own = signal(0);
    let seven = use_context::<u8>();
    (0..times)
        .map(|_| view! { <i>{label.clone()} {own} {seven}</i> })
        .collect::<Vec<_>>()
        .into_view()
}

#[component(export)]
fn Nested() -> View {
    let turn = signal(0);
    let maybe = Some("yes");
    view! {
        <>
            <Card title={"one".to_owned()}><Leaf label="a" /><Leaf label="b" times=2 /></Card>
            <Card title={"two".to_owned()} key={"k"}><Leaf label="c" key=5 /></Card>
            {move || view! { <Card title={turn.get().to_string()}>"turn"</Card> }}
            {maybe} {None::<&str>}
            <button on:click={move |_| turn.update(|n| *n += 1)}>"turn"</button>
        </>
    }
}

#[test]
fn components_nest_and_have_keys_of_their_own() {
    let mut page = Page::new().with::<NestedProps>();
    page.mount(1, "Nested", &json!({})).expect("it mounts");
    let keys =
        |page: &Page| page.capture().instances[0].signals.keys().cloned().collect::<Vec<_>>();
    let expected = [
        "?Card:Card:open",
        "Card:Leaf#1:own",
        "Card:Leaf:own",
        "Card:k:Leaf:5:own",
        "Card:k:open",
        "Card:open",
        "turn",
    ];
    assert_eq!(keys(&page), expected);
    assert!(page.html().contains("<i>b07</i><i>b07</i>"), "{}", page.html());
    page.click("button");
    assert!(page.html().contains("<h3>1</h3>turn"), "{}", page.html());
    assert_eq!(keys(&page), expected, "a region that renders again finds the same names");
}

#[component(export)]
fn Sums() -> View {
    let (a, b) = (signal(1), signal(2));
    let sum = memo(move || a.get() + b.get());
    effect(move || log::info(sum.get()));
    effect(move || {
        if a.get() > 10 {
            b.set(0);
        }
    });
    let both = move |_| {
        batch(|| {
            a.set(2);
            b.set(1);
            a.set(5);
        });
    };
    let after = move |_| {
        a.set(20);
        log::info(format!("{a} {b} {sum}"));
    };
    view! { <i on:click={both}>{sum}</i> <b on:click={after}>{untrack(move || sum.get())}</b> }
}

#[test]
fn handlers_and_batches_notify_once_and_memos_are_up_to_date_in_between() {
    let mut page = Page::new().with::<SumsProps>();
    page.mount(1, "Sums", &json!({})).expect("it mounts");
    let lines = |page: &Page| page.log().into_iter().map(|(_, line)| line).collect::<Vec<_>>();
    page.click("i");
    assert_eq!(lines(&page), ["3", "6"]);
    page.click("b");
    assert_eq!(lines(&page)[2..], ["20 1 21", "21", "20"]);
    assert_eq!(page.html(), "<i>20</i><b>3</b>");
}

#[component(export)]
fn Bad() -> View {
    let list = signal(vec![1]);
    view! { <b on:click={move |_| list.update(|all| all.push(list.with(Vec::len)))}>"x"</b> }
}

#[test]
fn a_mistake_with_a_signal_is_reported_where_it_is_made() {
    let report = panic_of(|| {
        let mut page = Page::new().with::<BadProps>();
        page.mount(1, "Bad", &json!({})).expect("it mounts");
        page.click("b");
    });
    assert!(report.expect("it panics").file.ends_with("views.rs"));
}

#[test]
fn a_panic_is_reported_with_its_place() {
    let report = panic_of(|| panic!("index {}", 7)).expect("it panics");
    assert_eq!((report.message.as_str(), report.file.ends_with("views.rs")), ("index 7", true));
    assert!(report.line > 0 && report.column > 0);
    assert_eq!(panic_of(|| {}), None);
}

#[component(export)]
fn Placing() -> View {
    let n = signal(0);
    let rows = signal(vec![(1, 10), (2, 20)]);
    view! {
        <b on:click={move |_| n.update(|n| *n += 1)}>"again"</b>
        <i on:click={move |_| rows.update(|rows| { rows[0].1 += 1; rows.swap(0, 1); })}>"rows"</i>
        {move || { let odd = n.get() % 2 == 1; view! { <p><hmr-component module="a" component="A" title={odd.then_some("odd")} on:focus={|_| {}} />
            {odd.then(|| view! { <hmr-component module="a" component="A" name="second" /> })}</p> } }}
        <For each={move || rows.get()} key={|row| row.0} view={|row| view! { <hmr-component module="a" component="A" props={json!({"n": row.1})} /> }} />
    }
}

#[test]
fn the_place_of_another_modules_component_is_moved_when_its_region_or_row_renders_again() {
    let mut page = Page::new().with::<PlacingProps>();
    page.mount(1, "Placing", &json!({})).expect("it mounts");
    let created = |page: &mut Page| {
        let operations = page.operations();
        let places = operations.iter().filter(|op| op.contains("tag: \"hmr-component\""));
        places.count()
    };
    assert_eq!(created(&mut page), 3);
    page.click("b");
    assert!(page.html().contains(r#"<p><hmr-component component="A" module="a" title="odd"></hmr-component><hmr-component component="A" module="a" name="second"></hmr-component></p>"#), "{}", page.html());
    assert_eq!(created(&mut page), 1);
    page.click("b");
    assert!(
        page.html().contains(r#"<p><hmr-component component="A" module="a"></hmr-component></p>"#),
        "{}",
        page.html()
    );
    assert_eq!(created(&mut page), 0);
    page.click("b");
    assert_eq!(created(&mut page), 1, "what was removed is made again");
    page.click("i");
    assert_eq!(created(&mut page), 0);
    assert!(page.html().ends_with(r#"props="{"n":20}"></hmr-component><hmr-component component="A" module="a" props="{"n":11}"></hmr-component>"#), "{}", page.html());
    page.mount(1, "Placing", &json!({})).expect("it renders again");
    assert_eq!(created(&mut page), 4, "the engine finds out which is which");
}
