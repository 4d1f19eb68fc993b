//! Components that are types: their fields are their state.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use hmr_state::{Codec, Live, NotCarried, Place, Started, Value};
use yew::html::Scope;
use yew::prelude::*;

use crate::Around;

/// A component that is a type, and whose fields are kept. The tool writes the implementations.
pub trait Fields: Sized {
    /// The names of the fields.
    const NAMES: &'static [&'static str];

    /// The same with the fields that the component had before.
    #[must_use]
    fn started(self, start: &mut FieldsStart) -> Self;

    /// A field as a value.
    ///
    /// # Errors
    ///
    /// If it cannot be carried.
    fn field(&self, at: usize) -> Result<Value, NotCarried>;
}

/// Gives each field of a component the value that it had before.
pub struct FieldsStart {
    around: Option<Around>,
    component: &'static str,
    started: Vec<(Started, &'static str)>,
}

impl FieldsStart {
    /// The value of a field: the old one, or else this one.
    pub fn field<T>(&mut self, name: &str, codec: Codec<T>, initial: T) -> T {
        let place = place(self.around.as_ref(), self.component, name);
        let (value, started) = hmr_state::start(&place, codec, || initial);
        self.started.push((started, std::any::type_name::<T>()));
        value
    }
}

fn place(around: Option<&Around>, component: &str, name: &str) -> Place {
    Place {
        path: around.map(|around| around.0.path()).unwrap_or_default(),
        component: component.to_owned(),
        name: name.to_owned(),
    }
}

/// A component was created: gives it the fields that it had before, if all of them can be kept.
pub fn created<C>(component: &'static str, context: &Context<C>, made: C) -> C
where
    C: Component + Fields,
{
    let link = context.link();
    let around = link.context::<Around>(Callback::noop()).map(|(around, _)| around);
    if let Some(error) = (0..C::NAMES.len()).find_map(|at| made.field(at).err()) {
        hmr_state::refuse(&place(around.as_ref(), component, "fields"), &error);
        return made;
    }
    let mut start = FieldsStart { around: around.clone(), component, started: Vec::new() };
    let made = made.started(&mut start);
    for (at, (started, kind)) in start.started.into_iter().enumerate() {
        let (around, link) = (around.clone(), link.clone());
        register(Rc::new(Slot {
            around,
            component,
            at,
            started,
            kind,
            link,
            lived: Cell::new(false),
        }));
    }
    made
}

/// One field of a component.
struct Slot<C: Component> {
    around: Option<Around>,
    component: &'static str,
    at: usize,
    started: Started,
    kind: &'static str,
    link: Scope<C>,
    /// Whether the component has been seen: it is not there yet while it is created.
    lived: Cell<bool>,
}

trait Field: Live {
    /// Whether the component is gone.
    fn is_gone(&self) -> bool;
}

impl<C: Component + Fields> Field for Slot<C> {
    fn is_gone(&self) -> bool {
        let lives = self.link.get_component().is_some();
        let lived = self.lived.replace(self.lived.get() || lives);
        lived && !lives
    }
}

impl<C: Component + Fields> Live for Slot<C> {
    fn place(&self) -> Place {
        place(self.around.as_ref(), self.component, C::NAMES[self.at])
    }

    fn kind(&self) -> &'static str {
        self.kind
    }

    fn started(&self) -> Started {
        self.started.clone()
    }

    fn value(&self) -> Result<Value, NotCarried> {
        let component = self.link.get_component();
        let component = component.ok_or_else(|| NotCarried::new("a component that is gone"))?;
        component.field(self.at)
    }
}

thread_local! {
    /// The fields of all components. A component has no place for them.
    static SLOTS: RefCell<Vec<Rc<dyn Field>>> = const { RefCell::new(Vec::new()) };
}

fn register<C: Component + Fields>(slot: Rc<Slot<C>>) {
    let live: Rc<dyn Live> = slot.clone();
    hmr_state::register(Rc::downgrade(&live));
    SLOTS.with(|slots| {
        let mut slots = slots.borrow_mut();
        // Those of components that are gone are removed now and then.
        if slots.len() % 64 == 63 {
            slots.retain(|it| !it.is_gone());
        }
        slots.push(slot);
    });
}
