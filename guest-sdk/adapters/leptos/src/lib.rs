//! Signals of Leptos whose values `cargo hmr dev` keeps when the code of an application is exchanged.
//!
//! The tool rewrites the calls of `signal`, `RwSignal::new` and their like in the copy of an application that it compiles, so that an
//! application needs none of this in its source. To call it by hand:
//!
//! ```ignore
//! let (count, set_count) = hmr_leptos::keep!("count", signal, 0);
//! ```
//!
//! A value is found again by the path of component instances, which [`at`], [`scope`] and [`For`] make known, and by its name. Without
//! the development server, each call does what the function of Leptos does.

mod lists;
mod made;

use std::sync::Arc;

pub use self::lists::{For, ForEnumerate};
pub use self::made::{made, made_readable, start, Made};
pub use hmr_state as state;
use hmr_state::{begin, tagged, take_tag, Node};
pub use hmr_state::{enter, leave};
use leptos::prelude::*;
use leptos::reactive::owner::WeakOwner;
use leptos::tachys::reactive_graph::OwnedView;

/// Makes a value, with its name: `keep!("count", RwSignal::new, 0)`.
#[macro_export]
macro_rules! keep {
    ($name:literal, $make:expr, $initial:expr $(,)?) => {{
        let initial = $initial;
        let codec = $crate::state::codec_of_value!(&initial);
        let (begun, value) = $crate::start($name, codec, initial);
        let made = $make(value);
        $crate::made(begun, &made);
        made
    }};
}

/// The same for what can be read and is of a crate that this one does not depend on: `keep_readable!("list", Store::new, List::default())`.
#[macro_export]
macro_rules! keep_readable {
    ($name:literal, $make:expr, $initial:expr $(,)?) => {{
        let initial = $initial;
        let codec = $crate::state::codec_of_value!(&initial);
        let (begun, value) = $crate::start($name, codec, initial);
        let made = $make(value);
        $crate::made_readable(begun, &made);
        made
    }};
}

/// The node of the nearest instance around.
#[derive(Clone)]
pub(crate) struct Around {
    pub(crate) node: Arc<Node>,
    owners: Option<Owners>,
}

/// The owners of a component.
#[derive(Clone)]
struct Owners {
    own: WeakOwner,
    /// The one that it would have without this crate.
    real: WeakOwner,
}

impl Around {
    pub(crate) fn of_item(node: Arc<Node>) -> Self {
        Self { node, owners: None }
    }
}

/// The node in which something is made now.
pub(crate) fn node() -> Option<Arc<Node>> {
    use_context::<Around>().map(|around| around.node)
}

/// The owner in which the component that is called now is called without this crate.
fn real_owner() -> Option<Owner> {
    let current = Owner::current();
    let owners = use_context::<Around>().and_then(|around| around.owners);
    let real = owners.filter(|it| it.own.upgrade() == current).and_then(|it| it.real.upgrade());
    real.or(current)
}

/// Calls the component of a tag.
pub fn at<V>(tag: &'static str, component: impl FnOnce() -> V) -> V {
    let _tagged = tagged(tag);
    component()
}

/// The body of a component: what it makes belongs to an instance of its own.
pub fn scope<V: IntoView>(
    component: &'static str,
    body: impl FnOnce() -> V,
) -> OwnedView<impl IntoView> {
    let tag = take_tag().unwrap_or(component);
    let real = real_owner();
    let own = Owner::new();
    own.with(|| {
        let numbered = Node::numbered(node(), tag);
        let owners = real.map(|real| Owners { own: own.downgrade(), real: real.downgrade() });
        leptos::prelude::provide_context(Around { node: numbered.node.clone(), owners });
        on_cleanup(move || numbered.end());
        let _render = begin(component);
        OwnedView::new(body())
    })
}

/// The same for a component that returns `AnyView`.
pub fn any_scope(component: &'static str, body: impl FnOnce() -> AnyView) -> AnyView {
    scope(component, body).into_any()
}

/// Provides a context where the component would provide it without this crate: its siblings can have it, too.
pub fn provide_context<T: Send + Sync + 'static>(value: T) {
    match real_owner() {
        Some(owner) => owner.with(|| leptos::prelude::provide_context(value)),
        None => leptos::prelude::provide_context(value),
    }
}
