use std::rc::Rc;

use yew::prelude::*;

use crate::counter::Counter;

#[derive(Clone, PartialEq)]
pub struct Book {
    pub id: u32,
    pub title: AttrValue,
    pub place: Place,
}

#[derive(Clone, PartialEq)]
pub enum Place {
    Shelf,
    Lent { to: String },
}

#[derive(Clone, PartialEq)]
pub struct Books {
    next: u32,
    books: Vec<Book>,
}

pub enum Action {
    Add,
    Reverse,
    Lend(u32),
}

impl Default for Books {
    fn default() -> Self {
        let books = Self { next: 1, books: Vec::new() };
        books.with_one_more().with_one_more()
    }
}

impl Books {
    fn with_one_more(mut self) -> Self {
        let title = format!("book {}", self.next).into();
        self.books.push(Book { id: self.next, title, place: Place::Shelf });
        self.next += 1;
        self
    }
}

impl Reducible for Books {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut books = (*self).clone();
        match action {
            Action::Add => books = books.with_one_more(),
            Action::Reverse => books.books.reverse(),
            Action::Lend(id) => {
                for book in books.books.iter_mut().filter(|book| book.id == id) {
                    book.place = Place::Lent { to: format!("reader {id}") };
                }
            }
        }
        Rc::new(books)
    }
}

#[derive(PartialEq, Properties)]
pub struct ShelfProps {
    pub title: AttrValue,
}

#[component]
pub fn Shelf(props: &ShelfProps) -> Html {
    let books = use_reducer(Books::default);
    let clicks = use_mut_ref(|| 0);
    let act = |action: fn() -> Action| {
        let (books, clicks) = (books.dispatcher(), clicks.clone());
        move |_: MouseEvent| {
            *clicks.borrow_mut() += 1;
            books.dispatch(action());
        }
    };
    html! {
        <section id={props.title.clone()}>
            <h2>{ &props.title }</h2>
            <button class="add" onclick={act(|| Action::Add)}>{ "Add" }</button>
            <button class="reverse" onclick={act(|| Action::Reverse)}>{ "Reverse" }</button>
            <span class="clicks">{ *clicks.borrow() }</span>
            <ul>
                { for books.books.iter().map(|book| {
                    let (books, id) = (books.dispatcher(), book.id);
                    let lend = Callback::from(move |()| books.dispatch(Action::Lend(id)));
                    html! { <Row key={book.id} book={book.clone()} {lend} /> }
                }) }
            </ul>
        </section>
    }
}

#[derive(PartialEq, Properties)]
pub struct RowProps {
    pub book: Book,
    pub lend: Callback<()>,
}

#[component]
pub fn Row(props: &RowProps) -> Html {
    let Book { title, place, .. } = &props.book;
    let place = match place {
        Place::Shelf => "here".to_owned(),
        Place::Lent { to } => format!("lent to {to}"),
    };
    html! {
        <li>
            <span class="title">{ title }</span>
            <button class="lend" onclick={props.lend.reform(|_| ())}>{ place }</button>
            <Counter label={title.clone()} />
        </li>
    }
}
