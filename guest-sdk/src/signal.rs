//! Signals: state that is followed, and that a swap carries over under its key.

mod restore;

use std::any::{Any, TypeId, type_name};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sycamore_reactive as reactive;

use crate::encoding;
use crate::engine;
use crate::instance::{Instance, Live, Node, Parked, Slot};
use crate::reactive::{follow_signal, notify, notify_outside, on_cleanup};
use crate::runtime::runtime;
use crate::scope::{self, Code, Entry, Scope};
use restore::{Decode, New, Waiting};

/// A value that a signal can hold: anything that `serde` writes and reads back.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the state of a signal",
    label = "a swap could not write this to JSON and read it back",
    note = "hint: derive `serde::Serialize` and `serde::Deserialize` for it"
)]
pub trait State: Serialize + DeserializeOwned + 'static {}

impl<T: Serialize + DeserializeOwned + 'static> State for T {}

/// State that views and effects follow, and that survives a swap. `Copy` for any `T`.
pub struct Signal<T: 'static> {
    node: Node,
    value: PhantomData<fn() -> T>,
}

impl<T> Clone for Signal<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Signal<T> {}

struct Stored<T> {
    value: RefCell<T>,
    set: Cell<bool>,
    code: Option<Code>,
}

impl<T: State> Slot for Stored<T> {
    fn fingerprint(&self) -> &'static str {
        type_name::<T>()
    }

    fn is_set(&self) -> bool {
        self.set.get()
    }

    fn code(&self) -> Option<Code> {
        self.code
    }

    fn write(&self) -> Result<Box<RawValue>, String> {
        encoding::write(&*self.value.borrow()).map_err(|error| error.to_string())
    }
}

/// Makes a signal. Its key is the binding that it goes to, in its component: `let count = signal(0)` is `count`.
///
/// If the module is being swapped in, the value is that of the old code's signal of this key; but `value` if that was never set
/// and the code of the initial value has changed since.
#[track_caller]
pub fn signal<T: State>(value: T) -> Signal<T> {
    make(None, value)
}

/// Makes a signal under a key of your own choice.
#[track_caller]
pub fn signal_keyed<T: State>(key: &str, value: T) -> Signal<T> {
    make(Some(&scope::escaped(key)), value)
}

#[track_caller]
fn make<T: State>(name: Option<&str>, mut value: T) -> Signal<T> {
    let mut place = match Place::claim(name, TypeId::of::<Stored<T>>()) {
        Ok(place) => place,
        Err(node) => return Signal { node, value: PhantomData },
    };
    let live = place.live().and_then(|live| (live as Rc<dyn Any>).downcast::<Stored<T>>().ok());
    let stored = live.unwrap_or_else(|| {
        let set = place.restore(type_name::<T>(), &mut |json| match json {
            Some(json) => {
                value = encoding::read(json)?;
                Ok(None)
            }
            None => Ok(encoding::write(&value).ok()),
        });
        Rc::new(Stored { value: RefCell::new(value), set: Cell::new(set), code: place.code() })
    });
    let slot = Rc::clone(&stored) as _;
    Signal { node: place.settle(slot, stored, Location::caller()), value: PhantomData }
}

/// Warns of a second signal in a place that has no name; once in a module.
fn warn_of_unnamed(key: &str) {
    let Some(first) = key.strip_suffix("#1") else { return };
    if !runtime().said_unnamed.replace(true) {
        let told = format!(
            "`{key}` goes to no binding, so only its order tells it from `{first}`, and an edit that reorders them exchanges their \
             values; `#[scoped]` on the function that makes them, or `signal_keyed`, gives them names"
        );
        engine::send_log(2, &told);
    }
}

/// Where a new signal lives: its key, and the old value that waits there.
struct Place {
    home: Option<Home>,
    parked: Option<Parked>,
    /// The node of the rendering before. The new signal takes it over, so that what still holds the old one writes to the new.
    node: Option<Node>,
    /// The storage of the rendering before, if the signal was not set there.
    unset: Option<Rc<dyn Slot>>,
}

struct Home {
    scope: Rc<Scope>,
    key: String,
}

impl Place {
    /// The place of a new signal; in a scope that continues, the existing signal of this type.
    fn claim(name: Option<&str>, stored: TypeId) -> Result<Self, Node> {
        let Some(scope) = scope::current() else {
            return Ok(Self { home: None, parked: None, node: None, unset: None });
        };
        let binding = scope.binding();
        let named = name.or(binding.as_deref());
        let name = named.unwrap_or("signal");
        let instance = &scope.instance;
        let key = loop {
            let key = scope.key(&scope.take(name));
            let live = instance.signals.borrow().get(&key).cloned();
            match live {
                Some(live) if scope.entry() == Entry::Again && live.holds(stored) => {
                    return Err(live.node);
                }
                Some(_) => {}
                None => break key,
            }
        };
        if named.is_none() && scope.entry() == Entry::Rendering {
            warn_of_unnamed(&key);
        }
        let (parked, node) = match instance.claim(&key) {
            Some(Parked::Live(live)) if !live.holds(stored) => {
                instance.bury(&key, live.node);
                (None, None)
            }
            Some(Parked::Live(live)) => {
                let node = live.node;
                (Some(Parked::Live(live)), Some(node))
            }
            parked => (parked, None),
        };
        Ok(Self { home: Some(Home { scope, key }), parked, node, unset: None })
    }

    /// The storage of the rendering before, if the signal was set there.
    fn live(&mut self) -> Option<Rc<dyn Slot>> {
        match self.parked.take() {
            Some(Parked::Live(live)) if live.slot.is_set() => Some(live.slot),
            Some(Parked::Live(live)) => {
                self.unset = Some(live.slot);
                None
            }
            parked => {
                self.parked = parked;
                None
            }
        }
    }

    /// The code of the initial value.
    fn code(&self) -> Option<Code> {
        self.home.as_ref().and_then(|home| home.scope.code())
    }

    /// Puts an old value into a new signal, records the outcome, and returns whether the signal counts as set.
    fn restore(&mut self, fingerprint: &str, decode: Decode<'_>) -> bool {
        let Some(Home { scope, key }) = &self.home else { return false };
        let old = match self.parked.take() {
            Some(Parked::Old(old)) => Some(old),
            _ => None,
        };
        // A handler always makes new signals, so it takes no old values.
        let orphan =
            if scope.entry() == Entry::Later { None } else { scope.instance.take_orphan(key) };
        let new = New { fingerprint, code: scope.code(), reset: scope.reset() };
        restore::restore(&scope.instance, key, new, Waiting { old, orphan }, decode)
    }

    /// Registers the signal until its reactive scope is disposed.
    fn settle(
        mut self,
        slot: Rc<dyn Slot>,
        value: Rc<dyn Any>,
        made_at: &'static Location<'static>,
    ) -> Node {
        let Some(Home { scope, key }) = self.home else {
            return Node { trigger: reactive::create_signal(value), number: 0, made_at };
        };
        let instance = Rc::clone(&scope.instance);
        let differs = self.unset.take().is_some_and(|old| !is_same(&*old, &*slot));
        let node = if let Some(node) = self.node {
            node.trigger.set_silent(value);
            node
        } else {
            instance.new_node(value, made_at)
        };
        let live = Live { slot: Rc::clone(&slot), node };
        instance.signals.borrow_mut().insert(key.clone(), live);
        on_cleanup(move || leave(&instance, &key, &slot));
        if differs {
            notify_outside(node.trigger, node.number, made_at);
        }
        node
    }
}

/// Whether two signals hold the same value, as far as that can be written.
fn is_same(one: &dyn Slot, other: &dyn Slot) -> bool {
    matches!((one.write(), other.write()), (Ok(one), Ok(other)) if one.get() == other.get())
}

/// The scope that made a signal is disposed. A signal that was parked is no longer among the live ones: its node may go on.
fn leave(instance: &Instance, key: &str, slot: &Rc<dyn Slot>) {
    let is_it = |live: &Live| Rc::ptr_eq(&live.slot, slot);
    let gone = {
        let mut signals = instance.signals.borrow_mut();
        if signals.get(key).is_some_and(is_it) { signals.remove(key) } else { None }
    };
    if let Some(live) = gone {
        instance.bury(key, live.node);
    }
}

impl<T: 'static> Signal<T> {
    #[track_caller]
    fn stored(self) -> Rc<Stored<T>> {
        assert!(self.node.trigger.is_alive(), "{} was read after it had gone", self.node.name());
        let value = self.node.trigger.get_clone_untracked();
        value.downcast().unwrap_or_else(|_| unreachable!("a signal's node holds its own type"))
    }

    /// A copy of the value; the running effect, memo or view follows it.
    #[must_use]
    #[track_caller]
    pub fn get(self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    /// A copy of the value, without following it.
    #[must_use]
    #[track_caller]
    pub fn get_untracked(self) -> T
    where
        T: Clone,
    {
        self.stored().value.borrow().clone()
    }

    /// Looks at the value in place; the running effect, memo or view follows it.
    #[track_caller]
    pub fn with<R>(self, look: impl FnOnce(&T) -> R) -> R {
        follow_signal(self.node.trigger, self.node.number);
        look(&self.stored().value.borrow())
    }

    /// Looks at the value in place, without following it.
    #[track_caller]
    pub fn with_untracked<R>(self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.stored().value.borrow())
    }

    /// Replaces the value and notifies what follows it: in a handler or task, when that returns. A signal that is gone stays as
    /// it is, which is logged.
    #[track_caller]
    pub fn set(self, value: T) {
        self.update(|old| *old = value);
    }

    /// Changes the value in place and notifies what follows it: in a handler or task, when that returns. A signal that is gone
    /// stays as it is, which is logged.
    #[track_caller]
    pub fn update<R>(self, change: impl FnOnce(&mut T) -> R) {
        if self.node.is_gone() {
            return self.node.report_lost_write(Location::caller());
        }
        let stored = self.stored();
        _ = change(&mut stored.value.borrow_mut());
        stored.set.set(true);
        notify(self.node.trigger);
    }
}

impl<T: fmt::Debug> fmt::Debug for Signal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|value| value.fmt(f))
    }
}

impl<T: fmt::Display> fmt::Display for Signal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|value| value.fmt(f))
    }
}
