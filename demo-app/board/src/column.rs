//! A column: its name, its cards, and the line that adds one.

use crate::{Desk, card::CardView, kanban::Work};
use hmr_sdk::prelude::*;

/// The column `id` of the board; cards can be dropped on it.
#[component]
pub(crate) fn ColumnView(desk: Desk, id: u32) -> View {
    let draft = signal(String::new());
    let over = signal(false);
    let kanban = desk.kanban;

    let name = move || {
        kanban
            .with(|kanban| kanban.column(id).map_or_else(String::new, |column| column.name.clone()))
    };
    let cards = move || {
        kanban.with(|kanban| {
            kanban
                .column(id)
                .map_or_else(Vec::new, |column| column.cards.iter().map(|card| card.id).collect())
        })
    };
    let add = move |_| {
        kanban.update(|kanban| {
            kanban.add_card(id, &draft.get_untracked(), Work::default());
        });
        draft.set(String::new());
    };
    let drop = move |event: Event| {
        over.set(false);
        desk.drop_card(&event, id, None);
    };

    view! {
        <section class="column" class:over={move || over.get() && desk.dragged.get().is_some()} aria-label={name}
            on:dragover:prevent={move |_| over.set(true)} on:dragleave={move |_| over.set(false)} on:drop:prevent={drop}>
            <header class="column-head">
                <input class="column-name" aria-label="Name of the column" prop:value={name}
                    on:change={move |event| kanban.update(|kanban| kanban.rename_column(id, &event.value()))} />
                <span class="tally">{move || cards().len()}</span>
                <button type="button" class="icon" aria-label={move || format!("Remove the column {}", name())}
                    hidden={move || !cards().is_empty()}
                    on:click={move |_| kanban.update(|kanban| kanban.remove_column(id))}>"×"</button>
            </header>
            <ul class="cards">
                <For each={cards} key={|card| *card} view={move |card| view! { <CardView desk={desk} column={id} id={card} /> }} />
            </ul>
            <form class="add-card" on:submit:prevent={add}>
                <input placeholder="Add a card" aria-label={move || format!("Add a card to {}", name())} bind:value={draft} />
                <button class="icon" aria-label="Add the card">"+"</button>
            </form>
        </section>
    }
}
