//! `<Show>` and `<For>`.

use std::any::Any;
use std::cell::RefCell;
use std::fmt::Display;
use std::rc::Rc;

use hmr_abi::ops::NodeId;
use sycamore_reactive::{NodeHandle, create_child_scope, use_current_scope};

use super::dynamic::dynamic;
use super::into_view::IntoView;
use super::{Region, View, placed, rerender};
use crate::reactive::effect::effect_boxed;
use crate::reactive::memo::memo;
use crate::reactive::reader::untrack;
use crate::resource::claims;
use crate::state::key::{UsedNames, escaped};
use crate::state::keyed::ByKey;
use crate::state::scope::{self, Scope};
use crate::task::executor;

/// The key scope of a `<Show>` or `<For>`: named after its variable, so that two that swap positions keep their state.
fn scope_name(tag: &str, name: &str) -> String {
    if name.is_empty() { tag.to_owned() } else { format!("{tag}({})", escaped(name)) }
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
    render_item: RenderItem,
}

fn list_boxed(
    name: &str,
    mut items: Box<dyn FnMut() -> Keyed>,
    same: fn(&dyn Any, &dyn Any) -> bool,
    render_item: RenderItem,
) -> View {
    let region = Region::new();
    let view = region.view();
    let scope = scope::current().map(|scope| scope.unique_child(name));
    let list = List { region, owner: use_current_scope(), scope, render_item };
    let rows = RefCell::new(Vec::new());
    effect_boxed(Box::new(move || {
        let items = with_unique_keys(items());
        untrack(|| {
            let old = rows.take();
            *rows.borrow_mut() = list.update(old, items, same);
        });
    }));
    view
}

/// Makes keys unique: the second item of a key gets `key#1`.
fn with_unique_keys(items: Keyed) -> Keyed {
    let used = UsedNames::default();
    items.into_iter().map(|(key, item)| (used.unique(&escaped(&key)), item)).collect()
}

impl List {
    fn update(
        &self,
        old: Vec<Row>,
        items: Keyed,
        same: fn(&dyn Any, &dyn Any) -> bool,
    ) -> Vec<Row> {
        let mut left = ByKey::default();
        for (at, row) in old.into_iter().enumerate() {
            left.insert(row.key.clone(), (at, row));
        }
        let mut kept = Vec::with_capacity(items.len());
        for (key, item) in items {
            kept.push((key.clone(), item, left.remove(&key)));
        }
        for (_, (_, row)) in left.take_if(|_, _| true) {
            row.node.dispose();
            row.view.remove(&[]);
        }
        let mut removed = Vec::new();
        let mut rows = Vec::with_capacity(kept.len());
        let mut positions = Vec::with_capacity(kept.len());
        for (key, item, before) in kept {
            match before {
                Some((at, row)) if same(&*item, &*row.item) => {
                    positions.push(Some(at));
                    rows.push(row);
                }
                Some((_, row)) => {
                    positions.push(None);
                    rows.push(self.render_again(row, item, &mut removed));
                }
                None => {
                    positions.push(None);
                    rows.push(self.render(key, item));
                }
            }
        }
        self.arrange(&rows, &positions);
        for (view, taken_over) in removed {
            view.remove(&taken_over);
        }
        let parts = rows.iter().flat_map(|row| row.view.parts.clone()).collect();
        self.region.set_content(View { parts });
        rows
    }

    fn render(&self, key: String, item: Box<dyn Any>) -> Row {
        let mut view = View::empty();
        let node = self.owner.run_in(|| {
            create_child_scope(|| match &self.scope {
                Some(scope) => {
                    scope::enter(scope.child(&key), || view = (self.render_item)(&*item));
                }
                None => view = (self.render_item)(&*item),
            })
        });
        view.set_key(&key);
        Row { key, item, node, view }
    }

    /// Renders a row whose item has changed, and keeps its signals, tasks and resources. If the new rendering has taken over elements
    /// of the old one, that is added to `removed`, to be removed once the new one is in the document.
    fn render_again(
        &self,
        row: Row,
        item: Box<dyn Any>,
        removed: &mut Vec<(View, Vec<NodeId>)>,
    ) -> Row {
        let Some(scope) = &self.scope else {
            row.node.dispose();
            row.view.remove(&[]);
            return self.render(row.key, item);
        };
        let (instance, path) = (&scope.instance, scope.key(&row.key));
        rerender::park(instance, &path);
        let outermost = claims::begin_leaving(instance);
        row.node.dispose();
        let old = row.view;
        let row = self.render(row.key, item);
        let taken_over = placed::take_taken_over();
        if taken_over.is_empty() {
            old.remove(&taken_over);
        } else {
            removed.push((old, taken_over));
        }
        executor::run_ready();
        rerender::drop_parked(instance, &path);
        if outermost {
            claims::end_leaving(instance);
        }
        row
    }

    /// Brings the nodes into the rows' order. The longest run of rows that are in order already is not moved. `positions` has the
    /// previous positions of rows that were not rendered.
    fn arrange(&self, rows: &[Row], positions: &[Option<usize>]) {
        let Some((parent, end)) = self.region.position() else { return };
        let mut unmoved = vec![false; rows.len()];
        for at in longest_rising(positions) {
            unmoved[at] = true;
        }
        let mut before: NodeId = end;
        for (at, row) in rows.iter().enumerate().rev() {
            if !unmoved[at] {
                row.view.insert(parent, before);
            }
            before = row.view.first().unwrap_or(before);
        }
    }
}

/// The indices of a longest rising subsequence of the positions that there are.
fn longest_rising(positions: &[Option<usize>]) -> Vec<usize> {
    // `tails[n]` is the index at which the best run of length n + 1 ends; `links` leads back through a run.
    let mut tails: Vec<usize> = Vec::new();
    let mut links: Vec<Option<usize>> = vec![None; positions.len()];
    for (at, position) in positions.iter().enumerate() {
        let Some(position) = position else { continue };
        let is_before = |&tail: &usize| positions[tail].is_some_and(|tail| tail < *position);
        let length = tails.partition_point(is_before);
        links[at] = length.checked_sub(1).map(|shorter| tails[shorter]);
        if length == tails.len() {
            tails.push(at);
        } else {
            tails[length] = at;
        }
    }
    std::iter::successors(tails.last().copied(), |&at| links[at]).collect()
}
