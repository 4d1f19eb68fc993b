//! A to-do list.
//!
//! Try it: add some items, open one for editing, type into it, and change a text below. What is typed stays, and so does
//! which item is open.

use hmr_sdk::prelude::*;
use serde::{Deserialize, Serialize};

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Item {
    id: u32,
    text: String,
    done: bool,
}

/// The list, with a form for new items.
#[component(export)]
pub fn Todo() -> View {
    let items = signal(Vec::<Item>::new());
    let draft = signal(String::new());
    let open = memo(move || items.with(|items| items.iter().filter(|item| !item.done).count()));

    let add = move |_| {
        let text = draft.get_untracked().trim().to_owned();
        if text.is_empty() {
            return;
        }
        items.update(|items| {
            let id = items.iter().map(|item| item.id).max().unwrap_or(0) + 1;
            items.push(Item { id, text, done: false });
        });
        draft.set(String::new());
    };
    let change = move |changed: Item| {
        items.update(|items| {
            if let Some(item) = items.iter_mut().find(|item| item.id == changed.id) {
                *item = changed;
            }
        });
    };

    view! {
        <form on:submit:prevent={add}>
            <input aria-label="New item" placeholder="What is to be done?" bind:value={draft} />
            <button>"Add"</button>
        </form>
        <ul>
            <For each={move || items.get()} key={|item| item.id}
                view={move |item: Item| view! { <Row item={item} on_change={change} /> }} />
        </ul>
        <p>{open} " left"</p>
    }
}

/// One item; it can be edited.
#[component]
fn Row(item: Item, #[prop(into)] on_change: Callback<Item>) -> View {
    let editing = signal(false);
    let text = signal(item.text.clone());
    let toggled = Item { done: !item.done, ..item.clone() };
    let renamed = item.clone();

    let save = move |_| {
        editing.set(false);
        on_change.call(Item { text: text.get_untracked(), ..renamed.clone() });
    };

    view! {
        <li class:done={item.done}>
            <input type="checkbox" aria-label="Done" checked={item.done}
                on:change={move |_| on_change.call(toggled.clone())} />
            <span hidden={editing} on:dblclick={move |_| editing.set(true)}>{item.text}</span>
            <form hidden={move || !editing.get()} on:submit:prevent={save}>
                <input aria-label="Text" bind:value={text} />
            </form>
        </li>
    }
}
