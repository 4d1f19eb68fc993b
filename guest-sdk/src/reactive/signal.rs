//! Signals: values that views and effects follow, and that a swap keeps under their keys.

mod create;

use std::any::{Any, TypeId, type_name};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::writes::{follow_signal, notify};
use crate::encoding;
use crate::state::code::Code;
use crate::state::key::escaped;
use crate::state::node::Node;
use crate::state::signals::Storage;
use create::NewSignal;
#[cfg(not(target_arch = "wasm32"))]
pub(super) use create::reset;

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

impl<T: State> Storage for Stored<T> {
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

/// Makes a signal. Its key is the name of the binding that it is assigned to, in its component: `let count = signal(0)` is `count`.
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
    make(Some(&escaped(key)), value)
}

/// A signal whose value the engine gives. It counts as set, so that new code begins with the value of the old code.
#[track_caller]
pub(crate) fn engine_signal<T: State>(key: &str, value: T) -> Signal<T> {
    let signal = make(Some(key), value);
    signal.stored().set.set(true);
    signal
}

#[track_caller]
fn make<T: State>(name: Option<&str>, mut value: T) -> Signal<T> {
    let mut new = match NewSignal::begin(name, TypeId::of::<Stored<T>>()) {
        Ok(new) => new,
        Err(node) => return Signal { node, value: PhantomData },
    };
    let live = new.take_live().and_then(|live| (live as Rc<dyn Any>).downcast::<Stored<T>>().ok());
    let stored = live.unwrap_or_else(|| {
        let set = new.restore(type_name::<T>(), &mut |json| match json {
            Some(json) => {
                value = encoding::read(json)?;
                Ok(None)
            }
            None => Ok(encoding::write(&value).ok()),
        });
        Rc::new(Stored { value: RefCell::new(value), set: Cell::new(set), code: new.code() })
    });
    let storage = Rc::clone(&stored) as _;
    Signal { node: new.register(storage, stored, Location::caller()), value: PhantomData }
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
        follow_signal(self.node);
        look(&self.stored().value.borrow())
    }

    /// Looks at the value in place, without following it.
    #[track_caller]
    pub fn with_untracked<R>(self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.stored().value.borrow())
    }

    /// Replaces the value and notifies what follows it: in a handler or task, when that returns. A write to a removed signal
    /// has no effect and is logged.
    #[track_caller]
    pub fn set(self, value: T) {
        self.update(|old| *old = value);
    }

    /// Changes the value in place and notifies what follows it: in a handler or task, when that returns. A write to a
    /// removed signal has no effect and is logged.
    #[track_caller]
    pub fn update<R>(self, change: impl FnOnce(&mut T) -> R) {
        if self.node.is_removed() {
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
