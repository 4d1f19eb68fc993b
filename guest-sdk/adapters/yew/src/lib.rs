//! Hooks of Yew whose values `cargo hmr dev` keeps when the code of an application is exchanged.
//!
//! The tool rewrites the calls of `use_state` and its like in the copy of an application that it compiles, so that an application needs
//! none of this in its source. To call it by hand:
//!
//! ```ignore
//! let count = hmr_yew::use_kept_state(hmr_yew::kept!("count", || 0));
//! ```
//!
//! A value is found again by the path of component instances, which [`at`] and [`begin`] make known, and by its name. Without the
//! development server, each hook does what the hook of Yew does.

mod fields;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

pub use self::fields::{created, Fields, FieldsStart};
pub use hmr_state as state;
pub use hmr_state::{begin, enter, leave};
use hmr_state::{Codec, Node, NotCarried, Slot};
use yew::prelude::*;
use yew::virtual_dom::{VComp, VNode};

/// An initial value with its name, for the hooks of this crate: `kept!("count", || 0)`.
#[macro_export]
macro_rules! kept {
    ($name:literal, $initial:expr) => {{
        let initial = $initial;
        let codec = $crate::state::codec_of!(&initial);
        $crate::Kept { name: $name, initial, codec }
    }};
}

/// What [`kept!`] makes.
pub struct Kept<T, I> {
    /// The name of the value in its component or hook.
    pub name: &'static str,
    /// Makes the initial value.
    pub initial: I,
    /// How the value is written and read.
    pub codec: Codec<T>,
}

/// The node of the nearest component around.
#[derive(Debug, Clone)]
pub(crate) struct Around(pub(crate) Arc<Node>);

impl PartialEq for Around {
    /// Always equal, so that nothing renders because a path has changed.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[derive(Clone, PartialEq, Properties)]
struct InstanceProps {
    segment: String,
    child: Html,
}

/// Stands around a component, and gives it its part of the path.
struct Instance(Around);

impl Component for Instance {
    type Message = ();
    type Properties = InstanceProps;

    fn create(context: &Context<Self>) -> Self {
        let around = context.link().context::<Around>(Callback::noop());
        let parent = around.map(|(around, _)| around.0);
        Self(Around(Node::new(parent, context.props().segment.clone())))
    }

    fn changed(&mut self, context: &Context<Self>, _: &Self::Properties) -> bool {
        self.0 .0.set_segment(context.props().segment.clone());
        true
    }

    fn view(&self, context: &Context<Self>) -> Html {
        let child = context.props().child.clone();
        html! { <ContextProvider<Around> context={self.0.clone()}>{ child }</ContextProvider<Around>> }
    }
}

/// Gives a component in markup its part of the path: its tag, its key if it has one, and its number among the same.
#[must_use]
pub fn at(tag: &'static str, node: Html) -> Html {
    let VNode::VComp(_) = &node else { return node };
    let key = node.key().cloned();
    let segment = state::tag_segment(tag, key.as_ref().map(|it| &**it));
    let props = Rc::new(InstanceProps { segment, child: node });
    VComp::new::<Instance>(props, key).into()
}

#[hook]
fn use_slot<T: 'static>(name: &'static str) -> Rc<Slot> {
    let around = use_context::<Around>();
    let made = use_memo((), |()| Slot::new::<T>(around.map(|it| it.0), name));
    (*made).clone()
}

macro_rules! hooks {
    ($($(#[$doc:meta])* $name:ident = $hook:ident($($bound:tt)*) -> $handle:ident;)*) => {$(
        $(#[$doc])*
        #[hook]
        pub fn $name<T, F>(kept: Kept<T, F>) -> $handle<T>
        where
            T: 'static + $($bound)*,
            F: FnOnce() -> T,
        {
            let Kept { name, initial, codec } = kept;
            let slot = use_slot::<T>(name);
            let handle = {
                let slot = slot.clone();
                $hook(move || slot.start(codec, initial))
            };
            let current = handle.clone();
            slot.set_read(Box::new(move || (codec.write)(&current)));
            handle
        }
    )*};
}

hooks! {
    /// `use_state`.
    use_kept_state = use_state(Sized) -> UseStateHandle;
    /// `use_state_eq`.
    use_kept_state_eq = use_state_eq(PartialEq) -> UseStateHandle;
    /// `use_reducer`.
    use_kept_reducer = use_reducer(Reducible) -> UseReducerHandle;
    /// `use_reducer_eq`.
    use_kept_reducer_eq = use_reducer_eq(Reducible + PartialEq) -> UseReducerHandle;
}

/// `use_mut_ref`.
#[hook]
pub fn use_kept_mut_ref<T, F>(kept: Kept<T, F>) -> Rc<RefCell<T>>
where
    T: 'static,
    F: FnOnce() -> T,
{
    let Kept { name, initial, codec } = kept;
    let slot = use_slot::<T>(name);
    let cell = {
        let slot = slot.clone();
        use_mut_ref(move || slot.start(codec, initial))
    };
    let current = Rc::downgrade(&cell);
    slot.set_read(Box::new(move || {
        let cell = current.upgrade().ok_or_else(|| NotCarried::new("a value that is gone"))?;
        let value = cell.try_borrow().map_err(|_| NotCarried::new("a value that is in use"))?;
        (codec.write)(&value)
    }));
    cell
}
