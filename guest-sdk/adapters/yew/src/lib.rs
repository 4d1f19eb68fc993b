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
use std::collections::HashMap;
use std::rc::Rc;

pub use self::fields::{created, Fields, FieldsStart};
pub use hmr_state as state;
use hmr_state::{Codec, Live, NotCarried, Place, Started, Value};
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

/// An instance of a component, with those around it.
#[derive(Debug)]
pub(crate) struct Node {
    parent: Option<Rc<Node>>,
    /// Its part of the path. It changes when the instance gets another place among its siblings.
    segment: RefCell<String>,
}

impl Node {
    pub(crate) fn path(&self) -> String {
        let mut path = self.parent.as_ref().map(|parent| parent.path()).unwrap_or_default();
        path.push('/');
        path.push_str(&self.segment.borrow());
        path
    }
}

/// The node of the nearest component around.
#[derive(Debug, Clone)]
pub(crate) struct Around(pub(crate) Rc<Node>);

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
        let segment = RefCell::new(context.props().segment.clone());
        Self(Around(Rc::new(Node { parent, segment })))
    }

    fn changed(&mut self, context: &Context<Self>, _: &Self::Properties) -> bool {
        self.0 .0.segment.replace(context.props().segment.clone());
        true
    }

    fn view(&self, context: &Context<Self>) -> Html {
        let child = context.props().child.clone();
        html! { <ContextProvider<Around> context={self.0.clone()}>{ child }</ContextProvider<Around>> }
    }
}

thread_local! {
    static RENDERING: RefCell<Vec<Rendering>> = const { RefCell::new(Vec::new()) };
}

/// A component that renders now.
struct Rendering {
    component: &'static str,
    /// The hooks that run now, outermost first.
    hooks: Vec<&'static str>,
    /// How often each tag was rendered.
    tags: HashMap<(&'static str, String), usize>,
}

/// The time in which a component renders.
#[must_use]
pub struct Render(());

/// A component begins to render.
pub fn begin(component: &'static str) -> Render {
    let rendering = Rendering { component, hooks: Vec::new(), tags: HashMap::new() };
    RENDERING.with(|all| all.borrow_mut().push(rendering));
    Render(())
}

impl Drop for Render {
    fn drop(&mut self) {
        RENDERING.with(|all| _ = all.borrow_mut().pop());
    }
}

/// The time in which a hook runs.
#[must_use]
pub struct InHook(());

/// A hook is about to be called whose result has this name.
pub fn enter(name: &'static str) -> InHook {
    rendering(|it| it.hooks.push(name));
    InHook(())
}

/// The hook has returned `result`.
pub fn leave<T>(_: InHook, result: T) -> T {
    rendering(|it| it.hooks.pop());
    result
}

fn rendering<T>(then: impl FnOnce(&mut Rendering) -> T) -> Option<T> {
    RENDERING.with(|all| all.borrow_mut().last_mut().map(then))
}

/// Gives a component in markup its part of the path: its tag, its key if it has one, and its number among the same.
#[must_use]
pub fn at(tag: &'static str, node: Html) -> Html {
    let VNode::VComp(_) = &node else { return node };
    let key = node.key().cloned();
    let written = key.as_ref().map(|key| format!("[{key}]")).unwrap_or_default();
    // Outside of the rendering of a known component, as in a function that a router calls, nothing is counted.
    let number = rendering(|it| {
        let count = it.tags.entry((tag, written.clone())).or_default();
        *count += 1;
        *count - 1
    });
    let segment = match number {
        None | Some(0) => format!("{tag}{written}"),
        Some(number) => format!("{tag}{written}~{number}"),
    };
    let props = Rc::new(InstanceProps { segment, child: node });
    VComp::new::<Instance>(props, key).into()
}

/// One value of a component, for as long as that exists.
struct Slot<T> {
    around: Option<Around>,
    component: &'static str,
    name: String,
    codec: Codec<T>,
    started: RefCell<Started>,
    read: RefCell<Option<Read>>,
}

type Read = Box<dyn Fn() -> Result<Value, NotCarried>>;

impl<T> Live for Slot<T> {
    fn place(&self) -> Place {
        Place {
            path: self.around.as_ref().map(|around| around.0.path()).unwrap_or_default(),
            component: self.component.to_owned(),
            name: self.name.clone(),
        }
    }

    fn kind(&self) -> &'static str {
        std::any::type_name::<T>()
    }

    fn started(&self) -> Started {
        self.started.borrow().clone()
    }

    fn value(&self) -> Result<Value, NotCarried> {
        match &*self.read.borrow() {
            Some(read) => read(),
            None => Err(NotCarried::new("a value that is being made")),
        }
    }
}

impl<T> Slot<T> {
    fn new(around: Option<Around>, name: &str, codec: Codec<T>) -> Self {
        let (component, hooks) =
            rendering(|it| (it.component, it.hooks.clone())).unwrap_or_default();
        let names: Vec<&str> = hooks.into_iter().chain([name]).collect();
        Self {
            around,
            component,
            name: names.join("."),
            codec,
            started: RefCell::default(),
            read: RefCell::default(),
        }
    }

    fn start(&self, initial: impl FnOnce() -> T) -> T {
        let (value, started) = state::start(&self.place(), self.codec, initial);
        self.started.replace(started);
        value
    }
}

#[hook]
fn use_slot<T: 'static>(name: &'static str, codec: Codec<T>) -> Rc<Slot<T>> {
    let around = use_context::<Around>();
    let made = use_memo((), |()| {
        let slot = Rc::new(Slot::new(around, name, codec));
        let live: Rc<dyn Live> = slot.clone();
        state::register(Rc::downgrade(&live));
        slot
    });
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
            let slot = use_slot(name, codec);
            let handle = {
                let slot = slot.clone();
                $hook(move || slot.start(initial))
            };
            let current = handle.clone();
            slot.read.replace(Some(Box::new(move || (codec.write)(&current))));
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
    let slot = use_slot(name, codec);
    let cell = {
        let slot = slot.clone();
        use_mut_ref(move || slot.start(initial))
    };
    let current = Rc::downgrade(&cell);
    slot.read.replace(Some(Box::new(move || {
        let cell = current.upgrade().ok_or_else(|| NotCarried::new("a value that is gone"))?;
        let value = cell.try_borrow().map_err(|_| NotCarried::new("a value that is in use"))?;
        (codec.write)(&value)
    })));
    cell
}
