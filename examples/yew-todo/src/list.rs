use std::rc::Rc;

use yew::prelude::*;

use crate::filter::Filter;

#[derive(Clone, Debug, PartialEq)]
pub struct Todo {
    pub id: u32,
    pub title: AttrValue,
    pub done: bool,
}

#[derive(Clone, Debug)]
pub enum Action {
    Add(String),
    Toggle(u32),
    Rename(u32, String),
    Remove(u32),
    ClearDone,
}

#[derive(Clone, Debug, PartialEq)]
pub struct List {
    next_id: u32,
    todos: Vec<Todo>,
}

impl Default for List {
    fn default() -> Self {
        let mut list = Self { next_id: 1, todos: Vec::new() };
        for title in ["Water the tomatoes", "Repair the fence", "Sow the beans", "Buy compost"] {
            list.add(title);
        }
        list
    }
}

impl List {
    fn add(&mut self, title: &str) {
        if !title.trim().is_empty() {
            let title = AttrValue::from(title.trim().to_owned());
            self.todos.push(Todo { id: self.next_id, title, done: false });
            self.next_id += 1;
        }
    }

    fn with(&mut self, id: u32, change: impl FnOnce(&mut Todo)) {
        if let Some(todo) = self.todos.iter_mut().find(|todo| todo.id == id) {
            change(todo);
        }
    }

    pub fn shown(&self, filter: Filter) -> impl Iterator<Item = &Todo> {
        self.todos.iter().filter(move |todo| filter.shows(todo))
    }

    pub fn count(&self, filter: Filter) -> usize {
        self.shown(filter).count()
    }
}

impl Reducible for List {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut list = (*self).clone();
        match action {
            Action::Add(title) => list.add(&title),
            Action::Toggle(id) => list.with(id, |todo| todo.done = !todo.done),
            Action::Rename(id, title) => list.with(id, |todo| todo.title = title.into()),
            Action::Remove(id) => list.todos.retain(|todo| todo.id != id),
            Action::ClearDone => list.todos.retain(|todo| !todo.done),
        }
        list.into()
    }
}
