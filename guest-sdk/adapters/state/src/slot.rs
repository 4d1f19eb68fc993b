//! One kept value, for as long as it exists.

use std::any::type_name;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use crate::codec::Codec;
use crate::keep::{Keep as _, NotCarried};
use crate::node::Node;
use crate::registry::{self, Held, Live, Place, Started};
use crate::rendering::{is_rendering, whole_name};
use crate::value::Value;
use crate::variables::Variable;

/// Reads a value as it is now.
pub type Read = Box<dyn Fn() -> Result<Value, NotCarried>>;

/// One value of a component, for as long as that exists.
pub struct Slot {
    node: Option<Arc<Node>>,
    component: &'static str,
    name: String,
    kind: &'static str,
    started: RefCell<Started>,
    read: RefCell<Option<Read>>,
}

impl Slot {
    /// A slot for a value of the type `T` that the component makes which renders now, in the instance `node`.
    #[must_use]
    pub fn new<T>(node: Option<Arc<Node>>, name: &str) -> Rc<Self> {
        let (component, name) = whole_name(name);
        let slot = Rc::new(Self {
            node,
            component,
            name,
            kind: type_name::<T>(),
            started: RefCell::default(),
            read: RefCell::default(),
        });
        let live: Rc<dyn Live> = slot.clone();
        registry::register(Rc::downgrade(&live));
        slot
    }

    /// The value to begin with: the old one of this place, or else the initial one.
    pub fn start<T>(&self, codec: Codec<T>, initial: impl FnOnce() -> T) -> T {
        let (value, started) = registry::start(&self.place(), codec, initial);
        self.started.replace(started);
        value
    }

    /// Makes a slot for a variable of a module, held for as long as the program runs. Returns what the variable begins with.
    pub fn of_variable<T>(
        module: &'static str,
        name: &str,
        codec: Codec<T>,
        initial: T,
        read: Read,
    ) -> T {
        let (node, name) = (None, name.to_owned());
        let (started, kind) = (RefCell::default(), type_name::<T>());
        let read = RefCell::new(Some(read));
        let slot = Rc::new(Self { node, component: module, name, kind, started, read });
        let (value, started) = registry::start_late(&slot.place(), codec, || initial);
        slot.started.replace(started);
        let live: Rc<dyn Live> = slot;
        registry::register(Rc::downgrade(&live));
        registry::hold(live);
        value
    }

    /// Makes a slot for a `static` variable, held for as long as the program runs, and gives the variable its old value.
    pub(crate) fn of_static<V: Variable>(
        module: &'static str,
        name: &'static str,
        variable: &'static V,
    ) {
        let kind = type_name::<V>();
        let place =
            Place { path: String::new(), component: module.to_owned(), name: name.to_owned() };
        let set = |value: &Value| variable.set(V::Content::read(value)?);
        let started = registry::start_existing(&place, kind, set, || variable.write());
        let read: Read = Box::new(|| variable.write());
        let (started, read) = (RefCell::new(started), RefCell::new(Some(read)));
        let name = name.to_owned();
        let slot = Rc::new(Self { node: None, component: module, name, kind, started, read });
        let live: Rc<dyn Live> = slot;
        registry::register(Rc::downgrade(&live));
        registry::hold(live);
    }

    /// How the value is read from now on.
    pub fn set_read(&self, read: Read) {
        self.read.replace(Some(read));
    }
}

impl Live for Slot {
    fn place(&self) -> Place {
        Place {
            path: self.node.as_ref().map(|node| node.path()).unwrap_or_default(),
            component: self.component.to_owned(),
            name: self.name.clone(),
        }
    }

    fn kind(&self) -> &'static str {
        self.kind
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

/// A value that is being made, in a framework in which that is possible at any time.
pub struct Begun<T> {
    /// None for a value that is made later than in the start of the application or of a component, as in a handler of an event: it has
    /// no place that could be found again.
    slot: Option<Rc<Slot>>,
    codec: Codec<T>,
}

impl<T> Begun<T> {
    /// Begins to make a value in the instance `node`. Returns what it begins with, too.
    pub fn new(
        node: impl FnOnce() -> Option<Arc<Node>>,
        name: &str,
        codec: Codec<T>,
        initial: T,
    ) -> (Self, T) {
        if !is_rendering() && !registry::is_starting() {
            return (Self { slot: None, codec }, initial);
        }
        let slot = Slot::new::<T>(node(), name);
        let value = slot.start(codec, || initial);
        (Self { slot: Some(slot), codec }, value)
    }

    /// The value was made, and is read in this way. It is to be held for as long as it exists.
    pub fn made(self, read: impl FnOnce(Codec<T>) -> Read) -> Option<Rc<dyn Live>> {
        let slot = self.slot?;
        slot.set_read(read(self.codec));
        Some(slot)
    }

    /// The same, held until [`crate::forget`].
    pub fn held(self, read: impl FnOnce(Codec<T>) -> Read) -> Option<Held> {
        self.made(read).map(registry::hold)
    }
}
