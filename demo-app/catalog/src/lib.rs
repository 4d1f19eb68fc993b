//! The seed library: 500 varieties to search, sort and mark as favourites, in a scroller of their own.
//!
//! Try it: scroll to the middle, mark a few, then change a text here, or a line of `data/seeds.csv`, and save.

pub mod query;
mod row;
pub mod seed;

use hmr_sdk::prelude::*;
use query::{Order, Query};
use row::Row;
use std::collections::BTreeSet;
use ui::format;

/// The list and what narrows it.
#[component(export)]
pub fn Catalog(#[prop(default = "Seed library".to_owned())] title: String) -> View {
    let text = signal(String::new());
    let order = signal(Order::default());
    let descending = signal(false);
    let starred_only = signal(false);
    let starred = signal(BTreeSet::<u32>::new());

    let found = memo(move || {
        let only = starred_only.get().then(|| starred.get());
        Query { text: text.get(), order: order.get(), descending: descending.get(), only }
            .select(seed::library())
    });
    let sorting = Sorting { order, descending };

    view! {
        <div class="catalog">
            <header class="panel-head">
                <h2>{title}</h2>
                <p role="status">{move || format::count(found.with(Vec::len), "variety", "varieties")}</p>
            </header>
            <div class="catalog-tools">
                <input type="search" name="search" aria-label="Search the library" placeholder="Try “kale shade” or “may”"
                    bind:value={text} />
                <button type="button" class="button" aria-pressed={starred_only}
                    on:click={move |_| starred_only.update(|only| *only = !*only)}>
                    "★ " {move || starred.with(BTreeSet::len)}
                </button>
            </div>
            <div class="scroller" tabindex="0" role="region" aria-label="Varieties">
                <table>
                    <thead>
                        <tr>
                            <th><span class="unseen">"Favourite"</span></th>
                            <SortHead sorting={sorting} label="Variety" by={Order::Variety} />
                            <SortHead sorting={sorting} label="Kind" by={Order::Kind} />
                            <SortHead sorting={sorting} label="Sow" by={Order::Sow} />
                            <SortHead sorting={sorting} label="Days" by={Order::Days} />
                        </tr>
                    </thead>
                    <tbody>
                        <For each={move || found.get()} key={|packet| *packet}
                            view={move |packet| view! { <Row packet={packet} starred={starred} /> }} />
                    </tbody>
                </table>
                <Show when={move || found.with(Vec::is_empty)}>
                    <p class="nothing">"Nothing of that name. The mice may have had it."</p>
                </Show>
            </div>
        </div>
    }
}

/// How the list is sorted.
#[derive(Clone, Copy)]
struct Sorting {
    order: Signal<Order>,
    descending: Signal<bool>,
}

impl Sorting {
    /// Sorts by a column; a second press on it turns the order round.
    fn press(self, by: Order) {
        batch(|| {
            self.descending
                .set(self.order.get_untracked() == by && !self.descending.get_untracked());
            self.order.set(by);
        });
    }

    /// The `aria-sort` value of a column.
    fn state(self, by: Order) -> &'static str {
        match (self.order.get() == by, self.descending.get()) {
            (false, _) => "none",
            (true, false) => "ascending",
            (true, true) => "descending",
        }
    }
}

/// The head of a column, which sorts by it.
#[component]
fn SortHead(sorting: Sorting, #[prop(into)] label: String, by: Order) -> View {
    view! {
        <th scope="col" aria-sort={move || sorting.state(by)}>
            <button type="button" on:click={move |_| sorting.press(by)}>{label}</button>
        </th>
    }
}
