use leptos::prelude::*;

use crate::counter::Counter;

#[derive(Clone)]
pub struct Book {
    pub id: u32,
    pub title: String,
    pub place: RwSignal<Place>,
}

#[derive(Clone, PartialEq)]
pub enum Place {
    Shelf,
    Lent { to: String },
}

impl Book {
    fn new(id: u32) -> Self {
        Self { id, title: format!("book {id}"), place: RwSignal::new(Place::Shelf) }
    }
}

#[component]
pub fn Shelf(title: &'static str) -> impl IntoView {
    let books = RwSignal::new(vec![Book::new(1), Book::new(2)]);
    let next = StoredValue::new(3);
    let (clicks, set_clicks) = signal(0);
    let click = move || set_clicks.update(|clicks| *clicks += 1);
    let add = move |_| {
        click();
        books.update(|books| books.push(Book::new(next.get_value())));
        next.update_value(|next| *next += 1);
    };
    let reverse = move |_| {
        click();
        books.update(|books| books.reverse());
    };
    view! {
        <section id=title>
            <h2>{title}</h2>
            <button class="add" on:click=add>"Add"</button>
            <button class="reverse" on:click=reverse>"Reverse"</button>
            <span class="clicks">{clicks}</span>
            <ul>
                <For each=move || books.get() key=|book| book.id let:book>
                    <Row book />
                </For>
            </ul>
        </section>
    }
}

#[component]
fn Row(book: Book) -> impl IntoView {
    let Book { id, title, place, .. } = book;
    let shown = move || match place.get() {
        Place::Shelf => "here".to_owned(),
        Place::Lent { to } => format!("lent to {to}"),
    };
    let lend = move |_| place.set(Place::Lent { to: format!("reader {id}") });
    view! {
        <li>
            <span class="title">{title.clone()}</span>
            <button class="lend" on:click=lend>{shown}</button>
            <Counter label=title />
        </li>
    }
}
