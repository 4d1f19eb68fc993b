use sycamore::prelude::*;

use crate::counter::Counter;

#[derive(Clone, PartialEq)]
pub struct Book {
    pub id: u32,
    pub title: String,
    pub place: Signal<Place>,
}

#[derive(Clone, PartialEq)]
pub enum Place {
    Shelf,
    Lent { to: String },
}

impl Book {
    fn new(id: u32) -> Self {
        Self { id, title: format!("book {id}"), place: create_signal(Place::Shelf) }
    }
}

#[component(inline_props)]
pub fn Shelf(title: &'static str) -> View {
    let books = create_signal(vec![Book::new(1), Book::new(2)]);
    let next = create_signal(3);
    let clicks = create_signal(0);
    let scope = use_current_scope();
    let click = move || clicks.set(clicks.get() + 1);
    let add = move |_| {
        click();
        let book = scope.run_in(|| Book::new(next.get()));
        books.update(|books| books.push(book));
        next.set(next.get() + 1);
    };
    let reverse = move |_| {
        click();
        books.update(|books| books.reverse());
    };
    view! {
        section(id=title) {
            h2 { (title) }
            button(class="add", on:click=add) { "Add" }
            button(class="reverse", on:click=reverse) { "Reverse" }
            span(class="clicks") { (clicks) }
            ul {
                Keyed(
                    list=books,
                    view=|book| view! { Row(book=book) },
                    key=|book| book.id,
                )
            }
        }
    }
}

#[component(inline_props)]
fn Row(book: Book) -> View {
    let Book { id, title, place, .. } = book;
    let name = title.clone();
    let shown = move || match place.get_clone() {
        Place::Shelf => "here".to_owned(),
        Place::Lent { to } => format!("lent to {to}"),
    };
    let lend = move |_| place.set(Place::Lent { to: format!("reader {id}") });
    view! {
        li {
            span(class="title") { (name.clone()) }
            button(class="lend", on:click=lend) { (shown()) }
            Counter(label=title)
        }
    }
}
