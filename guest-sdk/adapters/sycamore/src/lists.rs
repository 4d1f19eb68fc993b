//! Lists with keys: each item has a part of the path that stays with its key.

use std::hash::Hash;
use std::marker::PhantomData;

use hmr_state::{begin, take_tag, Node};
use sycamore::prelude::*;

use crate::{node, Around};

/// The arguments of [`Keyed`], as Sycamore has them.
#[derive(Props)]
pub struct KeyedProps<T, K, U, List, F, Key>
where
    List: Into<MaybeDyn<Vec<T>>> + 'static,
    F: Fn(T) -> U + 'static,
    Key: Fn(&T) -> K + 'static,
    T: 'static,
{
    list: List,
    view: F,
    key: Key,
    #[prop(default)]
    _phantom: PhantomData<(T, K, U)>,
}

/// `Keyed` of Sycamore.
#[component]
pub fn Keyed<T, K, U, List, F, Key>(props: KeyedProps<T, K, U, List, F, Key>) -> View
where
    T: PartialEq + Clone + 'static,
    K: Hash + Eq + 'static,
    U: Into<View> + 'static,
    List: Into<MaybeDyn<Vec<T>>> + 'static,
    F: Fn(T) -> U + 'static,
    Key: Fn(&T) -> K + 'static,
{
    let KeyedProps { list, view, key, .. } = props;
    let numbered = Node::numbered(node(), take_tag().unwrap_or("Keyed"));
    let parent = numbered.node.clone();
    on_cleanup(move || numbered.end());
    let key = std::rc::Rc::new(key);
    let key_of = key.clone();
    let view = move |item: T| {
        provide_context(Around::of_item(Node::of_item(parent.clone(), &key_of(&item))));
        let _render = begin("Keyed");
        view(item)
    };
    let props = sycamore::web::KeyedProps::builder().list(list).view(view);
    sycamore::web::Keyed(props.key(move |item: &T| key(item)).build())
}
