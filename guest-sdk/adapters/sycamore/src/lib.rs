//! Signals of Sycamore whose values `cargo hmr dev` keeps when the code of an application is exchanged.
//!
//! The tool rewrites the calls of `create_signal` and its like in the copy of an application that it compiles, so that an application
//! needs none of this in its source. To call it by hand:
//!
//! ```ignore
//! let count = hmr_sycamore::keep!("count", create_signal, 0);
//! ```
//!
//! A value is found again by the path of component instances, which [`TAG`], [`scope`] and [`Keyed`] make known, and by its name. Without
//! the development server, each call does what the function of Sycamore does.

mod lists;

use std::ops::Add;
use std::sync::Arc;

pub use self::lists::Keyed;
pub use hmr_state as state;
use hmr_state::{begin, forget, tagged, take_tag, Begun, Codec, Node, NotCarried, Read, Tagged};
pub use hmr_state::{enter, leave};
use sycamore::prelude::*;
use sycamore::reactive::NodeHandle;

/// Makes a value, with its name: `keep!("count", create_signal, 0)`. Further arguments of the function follow.
#[macro_export]
macro_rules! keep {
    ($name:literal, $make:expr, $initial:expr $(, $more:expr)* $(,)?) => {{
        let initial = $initial;
        let codec = $crate::state::codec_of_value!(&initial);
        let (begun, value) = $crate::start($name, codec, initial);
        let made = $make(value $(, $more)*);
        $crate::made(begun, &made);
        made
    }};
}

/// The node of the nearest instance around.
#[derive(Clone)]
pub(crate) struct Around {
    pub(crate) node: Arc<Node>,
    scopes: Option<Scopes>,
}

/// The scopes of a component.
#[derive(Clone, Copy)]
struct Scopes {
    /// The depth of its own. A scope inside of it with the same depth is itself.
    depth: u32,
    /// The one that it would have without this crate.
    real: NodeHandle,
}

impl Around {
    pub(crate) fn of_item(node: Arc<Node>) -> Self {
        Self { node, scopes: None }
    }
}

/// The node in which something is made now.
pub(crate) fn node() -> Option<Arc<Node>> {
    try_use_context::<Around>().map(|around| around.node)
}

/// The scope in which the component that is called now is called without this crate.
fn real_scope() -> NodeHandle {
    let depth = use_scope_depth();
    let scopes = try_use_context::<Around>().and_then(|around| around.scopes);
    scopes.filter(|it| it.depth == depth).map_or_else(use_current_scope, |it| it.real)
}

/// `TAG + "Row"` says that the component of a tag is about to be called. The markup of Sycamore takes a call of a function for something
/// that changes, but not an operator.
pub struct Tag;

/// See [`Tag`].
pub const TAG: Tag = Tag;

impl Add<&'static str> for Tag {
    type Output = Tagged;

    fn add(self, tag: &'static str) -> Tagged {
        tagged(tag)
    }
}

/// The body of a component: what it makes belongs to an instance of its own.
pub fn scope(component: &'static str, body: impl FnOnce() -> View) -> View {
    let tag = take_tag().unwrap_or(component);
    let real = real_scope();
    let mut view = View::default();
    create_child_scope(|| {
        let numbered = Node::numbered(node(), tag);
        let scopes = Some(Scopes { depth: use_scope_depth(), real });
        sycamore::reactive::provide_context(Around { node: numbered.node.clone(), scopes });
        on_cleanup(move || numbered.end());
        let _render = begin(component);
        view = body();
    });
    view
}

/// Provides a context where the component would provide it without this crate: its siblings can have it, too.
pub fn provide_context<T: 'static>(value: T) {
    real_scope().run_in(|| sycamore::reactive::provide_context(value));
}

/// Begins to make a value. Returns what it begins with, too.
pub fn start<T>(name: &str, codec: Codec<T>, initial: T) -> (Begun<T>, T) {
    Begun::new(node, name, codec, initial)
}

/// A value was made. It exists until its scope is disposed.
pub fn made<T>(begun: Begun<T>, made: &impl Made<T>) {
    if let Some(held) = begun.held(|codec| made.read(codec)) {
        on_cleanup(move || forget(held));
    }
}

/// What holds a value of the type `T`.
pub trait Made<T> {
    /// Reads the value with this codec.
    fn read(&self, codec: Codec<T>) -> Read;
}

impl<T: 'static> Made<T> for ReadSignal<T> {
    fn read(&self, codec: Codec<T>) -> Read {
        let signal = *self;
        Box::new(move || {
            if !signal.is_alive() {
                return Err(NotCarried::new("a signal that is gone"));
            }
            signal.with_untracked(codec.write)
        })
    }
}

impl<T: 'static> Made<T> for Signal<T> {
    fn read(&self, codec: Codec<T>) -> Read {
        let signal: ReadSignal<T> = **self;
        signal.read(codec)
    }
}

impl<T: 'static, D> Made<T> for (ReadSignal<T>, D) {
    fn read(&self, codec: Codec<T>) -> Read {
        self.0.read(codec)
    }
}
