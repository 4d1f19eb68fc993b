//! The season's plan: a board of cards that are dragged, or moved with the arrow keys, from column to column.
//!
//! Its header places the `Stopwatch` of another module. Try it: begin to edit a card, leave the text half-typed,
//! change something here and save. The text, the caret and the columns stay. A card that enters the last column
//! is reported through the port `finished`; `index.html` connects it with the feed.

mod card;
mod column;
pub mod kanban;
pub mod season;

use column::ColumnView;
use hmr_sdk::prelude::*;
use kanban::Kanban;
use ui::{Button, Weight, format};

/// The shared state of the board's parts.
#[derive(Clone, Copy)]
struct Desk {
    kanban: Signal<Kanban>,
    /// The card on which a drag began.
    dragged: Signal<Option<u32>>,
    /// The card that takes the focus when it is next drawn: one that was moved by keyboard.
    followed: Signal<Option<u32>>,
    /// The announcement for screen readers.
    news: Signal<String>,
    /// The titles of cards that come into the last column.
    finished: Output<String>,
}

/// The board. `timer` is the name of the stopwatch in its header.
#[component(export)]
pub fn Board(
    #[prop(default = "Board".to_owned())] title: String,
    #[prop(default = "At it for".to_owned())] timer: String,
) -> View {
    let kanban = signal(season::plan());
    let dragged = signal(None);
    let followed = signal(None);
    let news = signal(String::new());
    let finished = output("finished");
    let desk = Desk { kanban, dragged, followed, news, finished };

    let columns = move || {
        kanban.with(|kanban| kanban.columns.iter().map(|column| column.id).collect::<Vec<_>>())
    };
    let cards = move || kanban.with(|kanban| format::count(kanban.card_count(), "card", "cards"));

    view! {
        <div class="board">
            <header class="panel-head">
                <h2>{title}</h2>
                <p>{cards} " in " {move || format::count(columns().len(), "column", "columns")}</p>
                <hmr-component module="stopwatch" component="Stopwatch" props={json!({ "title": timer, "compact": true })} />
            </header>
            <div class="columns">
                <For each={columns} key={|id| *id} view={move |id| view! { <ColumnView desk={desk} id={id} /> }} />
                <div class="add-column">
                    <Button label="+ Column" weight={Weight::Quiet}
                        on_press={move |_| kanban.update(|kanban| { kanban.add_column("New column"); })} />
                </div>
            </div>
            <p class="help">"Drag a card, or focus its handle " <span aria-hidden="true">"⠿"</span> " and use the arrow keys."</p>
            <p class="unseen" role="status">{news}</p>
        </div>
    }
}
