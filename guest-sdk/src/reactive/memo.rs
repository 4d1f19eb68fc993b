//! Memos: derived values.
//!
//! A memo that is read while writes wait is computed for that moment, *ahead* of the notification. The notification then uses that
//! value, unless something was written since. A follower that got another value is notified even if the memo has its old value again.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

use sycamore_reactive as reactive;

use super::effect::run_in;
use super::handle::Handle;
use super::owner::{made, note_made};
use super::reader::{Reader, Source, follow, following, is_following, reading};
use super::writes::{self, is_pending, notify_pending};
use crate::state::scope;

/// A derived value. It is computed again when what it read has changed, and never captured. `Copy`.
pub struct Memo<T: 'static> {
    node: Source,
    formula: Handle<Formula>,
    value: PhantomData<fn() -> T>,
}

/// How a memo is computed, and its value while writes wait.
struct Formula {
    compute: RefCell<Box<dyn FnMut() -> Rc<dyn Any>>>,
    same: Same,
    ahead: RefCell<Option<Ahead>>,
    given: RefCell<Given>,
}

/// Whether two values of a memo are equal.
type Same = fn(&Rc<dyn Any>, &Rc<dyn Any>) -> bool;

/// The state of a memo while writes are pending.
struct Ahead {
    /// The count of writes that it was computed after.
    writes: u64,
    value: Rc<dyn Any>,
    /// The sources it read; `None` if it made something, which is disposed already.
    reads: Option<Vec<Source>>,
}

/// The values that followers got from a memo while writes were pending.
#[derive(Default)]
enum Given {
    #[default]
    Nothing,
    One(Rc<dyn Any>),
    /// Values that differ.
    Several,
}

impl<T> Clone for Memo<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Memo<T> {}

/// Derives a value from signals and other memos. Its readers are notified only when the value has changed.
///
/// It is computed once for the writes that are notified together, and also when it is read between them. So an `f` that keeps
/// something from one time to the next, the previous value for instance, must not count on being called once for all writes.
pub fn memo<T: PartialEq + 'static>(mut f: impl FnMut() -> T + 'static) -> Memo<T> {
    let compute = Box::new(move || Rc::new(f()) as Rc<dyn Any>);
    let same =
        |new: &Rc<dyn Any>, old: &Rc<dyn Any>| new.downcast_ref::<T>() == old.downcast_ref::<T>();
    let (node, formula) = memo_boxed(compute, same);
    Memo { node, formula, value: PhantomData }
}

fn memo_boxed(
    mut compute: Box<dyn FnMut() -> Rc<dyn Any>>,
    same: Same,
) -> (Source, Handle<Formula>) {
    let scope = scope::current();
    let compute: Box<dyn FnMut() -> Rc<dyn Any>> =
        Box::new(move || run_in(scope.as_ref(), &mut compute));
    let formula = Rc::new(Formula {
        compute: RefCell::new(compute),
        same,
        ahead: RefCell::default(),
        given: RefCell::default(),
    });
    let (computed, compared) = (Rc::clone(&formula), Rc::clone(&formula));
    note_made();
    let node = reactive::create_selector_with(
        move || computed.notified(),
        move |new, old| compared.is_unchanged(new, old),
    );
    notify_pending();
    (node, Handle::of(formula))
}

impl Formula {
    /// The value as of now, before the followers are notified. `None` if no writes wait, or if it is being computed.
    fn ahead(&self) -> Option<Rc<dyn Any>> {
        if !is_pending() {
            return None;
        }
        let count = writes::count();
        if let Some(ahead) = &*self.ahead.borrow()
            && ahead.writes == count
        {
            return Some(Rc::clone(&ahead.value));
        }
        let mut compute = self.compute.try_borrow_mut().ok()?;
        let follows = is_following();
        let before = made();
        let mut computed = None;
        // The items it makes are temporary.
        let scope = reactive::create_child_scope(|| {
            let reader = Reader { follows, reads: Some(Vec::new()) };
            computed = Some(reactive::untrack(|| reading(reader, &mut *compute)));
        });
        scope.dispose();
        let (value, reader) = computed?;
        let reads = reader.reads.filter(|_| made() == before);
        *self.ahead.borrow_mut() = Some(Ahead { writes: count, value: Rc::clone(&value), reads });
        Some(value)
    }

    /// The value for the notification: the one that was computed ahead, if nothing was written since.
    fn notified(&self) -> Rc<dyn Any> {
        if let Some(Ahead { writes, value, reads: Some(reads) }) = &*self.ahead.borrow()
            && *writes == writes::count()
        {
            for source in reads.iter().filter(|source| source.is_alive()) {
                source.track();
            }
            return Rc::clone(value);
        }
        following(|| (self.compute.borrow_mut())())
    }

    /// Notes that a follower got this value while writes waited.
    fn note_given(&self, value: &Rc<dyn Any>) {
        let given = match self.given.take() {
            Given::Nothing => Given::One(Rc::clone(value)),
            Given::One(before) if (self.same)(&before, value) => Given::One(before),
            Given::One(_) | Given::Several => Given::Several,
        };
        self.given.replace(given);
    }

    /// Whether every follower has this value.
    fn is_unchanged(&self, new: &Rc<dyn Any>, old: &Rc<dyn Any>) -> bool {
        let given = match self.given.take() {
            Given::Nothing => true,
            Given::One(value) => (self.same)(new, &value),
            Given::Several => false,
        };
        given && (self.same)(new, old)
    }
}

impl<T: 'static> Memo<T> {
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
        self.with_untracked(T::clone)
    }

    /// Looks at the value in place; the running effect, memo or view follows it.
    #[track_caller]
    pub fn with<R>(self, look: impl FnOnce(&T) -> R) -> R {
        follow(self.node);
        let value = self.now();
        if is_following()
            && let Some(formula) = self.formula.get()
            && is_pending()
        {
            formula.note_given(&value);
        }
        Self::read(&value, look)
    }

    /// Looks at the value in place, without following it.
    #[track_caller]
    pub fn with_untracked<R>(self, look: impl FnOnce(&T) -> R) -> R {
        Self::read(&self.now(), look)
    }

    #[track_caller]
    fn now(self) -> Rc<dyn Any> {
        let ahead = self.formula.get().and_then(|formula| formula.ahead());
        ahead.unwrap_or_else(|| self.node.get_clone_untracked())
    }

    fn read<R>(value: &Rc<dyn Any>, look: impl FnOnce(&T) -> R) -> R {
        let value = value.downcast_ref();
        look(value.unwrap_or_else(|| unreachable!("a memo's node holds its own type")))
    }
}

impl<T: fmt::Debug> fmt::Debug for Memo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|value| value.fmt(f))
    }
}

impl<T: fmt::Display> fmt::Display for Memo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|value| value.fmt(f))
    }
}
