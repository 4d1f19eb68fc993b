//! `<Show>` and `<For>`.

use std::any::Any;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::rc::Rc;

use sycamore_reactive::{NodeHandle, create_child_scope, use_current_scope};

use crate::dom::NodeId;
use crate::reactive::{effect_boxed, memo, untrack};
use crate::resource::claims;
use crate::runtime::runtime;
use crate::scope::{self, Scope};
use crate::task;
use crate::view::{IntoView, Region, View, dynamic};

/// The key scope of a `<Show>` or `<For>`: named after its subject, so that two that swap places keep their state.
fn scope_name(tag: &str, name: &str) -> String {
    if name.is_empty() { tag.to_owned() } else { format!("{tag}({})", scope::escaped(name)) }
}

/// `<Show>`: renders `then` or `otherwise`, and again only when the condition has changed. `name` may be empty.
pub fn show<T: IntoView, E: IntoView>(
    name: &str,
    when: impl FnMut() -> bool + 'static,
    then: impl Fn() -> T + 'static,
    otherwise: impl Fn() -> E + 'static,
) -> View {
    let when = memo(when);
    dynamic(
        &scope_name("Show", name),
        Box::new(move || {
            if when.get() {
                untrack(|| then().into_view())
            } else {
                untrack(|| scope::scope("fallback", || otherwise().into_view()))
            }
        }),
    )
}

/// The items of a list, each with its key, of any type.
type Keyed = Vec<(String, Box<dyn Any>)>;

/// `<For>`: one view per item. A node moves with its item; an item that has changed renders again with its state kept.
/// `name` may be empty.
pub fn list<I, T, K, V>(
    name: &str,
    each: impl Fn() -> I + 'static,
    key: impl Fn(&T) -> K + 'static,
    view: impl Fn(T) -> V + 'static,
) -> View
where
    I: IntoIterator<Item = T>,
    T: Clone + PartialEq + 'static,
    K: Display,
    V: IntoView,
{
    let items = move || -> Keyed {
        let keyed = |item: T| (key(&item).to_string(), Box::new(item) as Box<dyn Any>);
        each().into_iter().map(keyed).collect()
    };
    let same = |new: &dyn Any, old: &dyn Any| new.downcast_ref::<T>() == old.downcast_ref::<T>();
    let render = move |item: &dyn Any| {
        item.downcast_ref::<T>().map_or(View::empty(), |item| view(item.clone()).into_view())
    };
    list_boxed(&scope_name("For", name), Box::new(items), same, Box::new(render))
}

/// Renders an item.
type RenderItem = Box<dyn Fn(&dyn Any) -> View>;

/// One item that is shown.
struct Row {
    key: String,
    item: Box<dyn Any>,
    node: NodeHandle,
    view: View,
}

struct List {
    region: Rc<Region>,
    /// The owner of the rows; they outlive the effect's runs.
    owner: NodeHandle,
    scope: Option<Rc<Scope>>,
    render: RenderItem,
}

fn list_boxed(
    name: &str,
    mut items: Box<dyn FnMut() -> Keyed>,
    same: fn(&dyn Any, &dyn Any) -> bool,
    render: RenderItem,
) -> View {
    let region = Region::new();
    let view = region.view();
    let scope = scope::current().map(|scope| scope.inner(name));
    let list = List { region, owner: use_current_scope(), scope, render };
    let rows = RefCell::new(Vec::new());
    effect_boxed(Box::new(move || {
        let items = distinct(items());
        untrack(|| {
            let old = rows.take();
            *rows.borrow_mut() = list.update(old, items, same);
        });
    }));
    view
}

/// Gives the second item of a key the key `key#1`, as every duplicate gets one.
fn distinct(items: Keyed) -> Keyed {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut rename = |key: String| {
        let times = seen.entry(key.clone()).or_insert(0);
        *times += 1;
        if *times == 1 { key } else { format!("{key}#{}", *times - 1) }
    };
    items.into_iter().map(|(key, item)| (rename(scope::escaped(&key).into_owned()), item)).collect()
}

impl List {
    fn update(
        &self,
        old: Vec<Row>,
        items: Keyed,
        same: fn(&dyn Any, &dyn Any) -> bool,
    ) -> Vec<Row> {
        let mut old: BTreeMap<String, (usize, Row)> =
            old.into_iter().enumerate().map(|(at, row)| (row.key.clone(), (at, row))).collect();
        let mut kept = Vec::with_capacity(items.len());
        for (key, item) in items {
            kept.push((key.clone(), item, old.remove(&key)));
        }
        for (_, row) in old.into_values() {
            row.node.dispose();
            row.view.remove(&BTreeSet::new());
        }
        let mut left = Vec::new();
        let mut rows = Vec::with_capacity(kept.len());
        let mut places = Vec::with_capacity(kept.len());
        for (key, item, before) in kept {
            match before {
                Some((at, row)) if same(&*item, &*row.item) => {
                    places.push(Some(at));
                    rows.push(row);
                }
                Some((_, row)) => {
                    places.push(None);
                    rows.push(self.again(row, item, &mut left));
                }
                None => {
                    places.push(None);
                    rows.push(self.row(key, item));
                }
            }
        }
        self.arrange(&rows, &places);
        for (view, taken_over) in left {
            view.remove(&taken_over);
        }
        let parts = rows.iter().flat_map(|row| row.view.parts.clone()).collect();
        self.region.note(View { parts });
        rows
    }

    fn row(&self, key: String, item: Box<dyn Any>) -> Row {
        let mut view = View::empty();
        let node = self.owner.run_in(|| {
            create_child_scope(|| match &self.scope {
                Some(scope) => scope::enter(scope.within(&key), || view = (self.render)(&*item)),
                None => view = (self.render)(&*item),
            })
        });
        view.set_key(&key);
        Row { key, item, node, view }
    }

    /// Renders a row whose item has changed, with its signals, tasks and resources kept. Its previous nodes are put on the list
    /// `left`, to be removed once the new rendering is in the document, if that has taken something over from it.
    fn again(&self, row: Row, item: Box<dyn Any>, left: &mut Vec<(View, BTreeSet<NodeId>)>) -> Row {
        let Some(scope) = &self.scope else {
            row.node.dispose();
            row.view.remove(&BTreeSet::new());
            return self.row(row.key, item);
        };
        let (instance, path) = (&scope.instance, scope.key(&row.key));
        instance.park(&path);
        let outermost = claims::begin_leaving(instance);
        row.node.dispose();
        let old = row.view;
        let row = self.row(row.key, item);
        let taken_over = runtime().placed.take();
        if taken_over.is_empty() {
            old.remove(&taken_over);
        } else {
            left.push((old, taken_over));
        }
        task::run_ready();
        instance.drop_parked(&path);
        if outermost {
            claims::end_leaving(instance);
        }
        row
    }

    /// Brings the nodes into the rows' order. The longest run of rows that are in order already stays where it is.
    fn arrange(&self, rows: &[Row], places: &[Option<usize>]) {
        let Some((parent, end)) = self.region.place() else { return };
        let staying = longest_rising(places);
        let mut before: NodeId = end;
        for (at, row) in rows.iter().enumerate().rev() {
            if !staying.contains(&at) {
                row.view.place(parent, before);
            }
            before = row.view.first().unwrap_or(before);
        }
    }
}

/// The positions of a longest rising subsequence of the places that there are.
fn longest_rising(places: &[Option<usize>]) -> std::collections::BTreeSet<usize> {
    // `tails[n]` is the position at which the best run of length n + 1 ends; `links` leads back through a run.
    let mut tails: Vec<usize> = Vec::new();
    let mut links: Vec<Option<usize>> = vec![None; places.len()];
    for (at, place) in places.iter().enumerate() {
        let Some(place) = place else { continue };
        let length = tails.partition_point(|&tail| places[tail].is_some_and(|tail| tail < *place));
        links[at] = length.checked_sub(1).map(|shorter| tails[shorter]);
        if length == tails.len() {
            tails.push(at);
        } else {
            tails[length] = at;
        }
    }
    std::iter::successors(tails.last().copied(), |&at| links[at]).collect()
}
