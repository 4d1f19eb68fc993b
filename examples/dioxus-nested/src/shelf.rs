use dioxus::prelude::*;

use crate::counter::Counter;

#[derive(Clone, PartialEq)]
pub struct Book {
    pub id: u32,
    pub title: String,
    pub place: Place,
}

#[derive(Clone, PartialEq)]
pub enum Place {
    Shelf,
    Lent { to: String },
}

impl Book {
    fn new(id: u32) -> Self {
        Self { id, title: format!("book {id}"), place: Place::Shelf }
    }
}

#[component]
pub fn Shelf(title: &'static str) -> Element {
    let mut books = use_signal(|| vec![Book::new(1), Book::new(2)]);
    let mut next = use_signal(|| 3);
    let mut clicks = use_signal(|| 0);
    let add = move |_| {
        clicks += 1;
        books.push(Book::new(next()));
        next += 1;
    };
    let reverse = move |_| {
        clicks += 1;
        books.write().reverse();
    };
    let mut lend = move |id: u32| {
        for book in books.write().iter_mut().filter(|book| book.id == id) {
            book.place = Place::Lent { to: format!("reader {id}") };
        }
    };
    rsx! {
        section { id: title,
            h2 { "{title}" }
            button { class: "add", onclick: add, "Add" }
            button { class: "reverse", onclick: reverse, "Reverse" }
            span { class: "clicks", "{clicks}" }
            ul {
                for book in books() {
                    Row { key: "{book.id}", book: book.clone(), on_lend: move |_| lend(book.id) }
                }
            }
        }
    }
}

#[component]
fn Row(book: Book, on_lend: EventHandler) -> Element {
    let Book { title, place, .. } = book;
    let place = match place {
        Place::Shelf => "here".to_owned(),
        Place::Lent { to } => format!("lent to {to}"),
    };
    rsx! {
        li {
            span { class: "title", "{title}" }
            button { class: "lend", onclick: move |_| on_lend(()), "{place}" }
            Counter { label: title }
        }
    }
}
