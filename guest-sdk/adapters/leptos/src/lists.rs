//! Lists with keys: each item has a part of the path that stays with its key.

#![expect(
    unreachable_pub,
    reason = "the macro of Leptos makes more than the functions, and they are exported"
)]

use std::hash::Hash;
use std::sync::Arc;

use hmr_state::{begin, take_tag, Node};
use leptos::control_flow;
use leptos::prelude::*;
use leptos::tachys::view::keyed::SerializableKey;

use crate::{node, Around};

/// The node of a list. It ends with the owner that renders the list.
fn list(component: &str) -> Arc<Node> {
    let numbered = Node::numbered(node(), take_tag().unwrap_or(component));
    let node = numbered.node.clone();
    on_cleanup(move || numbered.end());
    node
}

/// Renders an item of a list.
fn item<V>(
    list: &Arc<Node>,
    key: &impl Hash,
    component: &'static str,
    view: impl FnOnce() -> V,
) -> V {
    provide_context(Around::of_item(Node::of_item(list.clone(), key)));
    let _render = begin(component);
    view()
}

/// `For` of Leptos.
#[component]
pub fn For<IF, I, T, EF, N, KF, K>(
    /// The items.
    each: IF,
    /// The key of an item.
    key: KF,
    /// The view of an item.
    children: EF,
) -> impl IntoView
where
    IF: Fn() -> I + Send + 'static,
    I: IntoIterator<Item = T> + Send + 'static,
    EF: Fn(T) -> N + Send + Clone + 'static,
    N: IntoView + 'static,
    KF: Fn(&T) -> K + Send + Clone + 'static,
    K: Eq + Hash + SerializableKey + 'static,
    T: Send + 'static,
{
    let (list, key_of) = (list("For"), key.clone());
    let children = move |it: T| item(&list, &key_of(&it), "For", || children(it));
    let props = control_flow::ForProps::builder().each(each).key(key).children(children).build();
    control_flow::For(props)
}

/// `ForEnumerate` of Leptos.
#[component]
pub fn ForEnumerate<IF, I, T, EF, N, KF, K>(
    /// The items.
    each: IF,
    /// The key of an item.
    key: KF,
    /// The view of an item, with its position.
    children: EF,
) -> impl IntoView
where
    IF: Fn() -> I + Send + 'static,
    I: IntoIterator<Item = T> + Send + 'static,
    EF: Fn(ReadSignal<usize>, T) -> N + Send + Clone + 'static,
    N: IntoView + 'static,
    KF: Fn(&T) -> K + Send + Clone + 'static,
    K: Eq + Hash + SerializableKey + 'static,
    T: Send + 'static,
{
    let (list, key_of) = (list("ForEnumerate"), key.clone());
    let children = move |position: ReadSignal<usize>, it: T| {
        item(&list, &key_of(&it), "ForEnumerate", || children(position, it))
    };
    let props =
        control_flow::ForEnumerateProps::builder().each(each).key(key).children(children).build();
    control_flow::ForEnumerate(props)
}
