//! Effects, memos, clean-ups, contexts: the reactive graph, on `sycamore-reactive`.
//!
//! Writes made while an effect runs notify when the outermost effect has returned, and writes of a handler, a task or a hook when
//! that has returned: see [`turn`]. So an effect may close the very region that it lives in, and a handler may go on with what
//! belongs to content that it has rendered again. A memo that is read in between is computed for that moment, *ahead* of the
//! notification. Then the notification takes that value, unless something was written since; and who followed the memo as
//! another value is notified even if the memo has its old value again.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::rc::Rc;

use sycamore_reactive as reactive;
use sycamore_reactive::ReadSignal;

use crate::element;
use crate::held::Held;
use crate::resource::claims;
use crate::scope::{self, Scope};

thread_local! {
    /// Whether what a handler or task runs under is gone by now; none in code that runs by itself.
    static OWNER: RefCell<Option<Rc<Cell<bool>>>> = const { RefCell::new(None) };
    static RUNNING: Cell<u32> = const { Cell::new(0) };
    /// The writes, with their places.
    static PENDING: RefCell<Vec<(Trigger, Place)>> = const { RefCell::new(Vec::new()) };
    /// The number of writes. A memo computed while writes were pending is valid until the next write.
    static WRITES: Cell<u64> = const { Cell::new(0) };
    /// Signals whose initial value another one has replaced since the last notification.
    static EXCHANGED: RefCell<Vec<Exchanged>> = const { RefCell::new(Vec::new()) };
    /// The number of the current run of an effect or memo, and of the last one that began.
    static RUN: Cell<u64> = const { Cell::new(0) };
    static LAST_RUN: Cell<u64> = const { Cell::new(0) };
    static READER: RefCell<Reader> = const { RefCell::new(Reader { follows: false, reads: None }) };
    /// How much was made that lives until its reactive scope is disposed.
    static MADE: Cell<u64> = const { Cell::new(0) };
    /// Whether a handler, a task or a hook runs.
    static IN_TURN: Cell<bool> = const { Cell::new(false) };
    /// The number of the last turn.
    static TURN: Cell<u64> = const { Cell::new(0) };
}

/// How many times in a row what a write has set off may write again. Effects that write what they read do it for ever.
const MOST_ROUNDS: u32 = 5_000;

/// A signal or memo, as what follows it sees it.
type Source = ReadSignal<Rc<dyn Any>>;

/// A reader of signals and memos.
#[derive(Default)]
struct Reader {
    /// Whether it runs again when what it reads has changed: an effect, or a memo that one reads.
    follows: bool,
    /// The sources read by a memo that is computed ahead.
    reads: Option<Vec<Source>>,
}

type Place = &'static Location<'static>;

/// The target that a write notifies.
pub(crate) type Trigger = reactive::Signal<Rc<dyn Any>>;

/// Runs the dependents of a trigger: now, or when the outermost effect, handler or batch has returned.
#[track_caller]
pub(crate) fn notify(trigger: Trigger) {
    WRITES.set(WRITES.get() + 1);
    let place = Location::caller();
    PENDING.with_borrow_mut(|pending| pending.push((trigger, place)));
    drain();
}

/// A signal whose initial value content that rendered again has replaced.
struct Exchanged {
    trigger: Trigger,
    /// The signal's number.
    number: u64,
    place: Place,
    /// The last run that had begun.
    run: u64,
}

/// Notes that content that renders again has replaced the initial value of a signal: what follows it from outside is notified.
pub(crate) fn notify_outside(trigger: Trigger, number: u64, place: Place) {
    WRITES.set(WRITES.get() + 1);
    let run = LAST_RUN.get();
    EXCHANGED.with_borrow_mut(|all| all.push(Exchanged { trigger, number, place, run }));
    drain();
}

/// The running effect reads a signal. If the effect itself has just replaced the value, nobody is notified: it would replace the
/// value again and again if it differs each time.
fn keep_from_circling(number: u64) {
    if READER.with_borrow(|reader| reader.follows) {
        let run = RUN.get();
        EXCHANGED.with_borrow_mut(|all| {
            all.retain(|exchanged| exchanged.number != number || run > exchanged.run);
        });
    }
}

fn drain() {
    let mut rounds = 0;
    while RUNNING.get() == 0 {
        let mut triggers = PENDING.take();
        let exchanged = EXCHANGED.take().into_iter();
        triggers.extend(exchanged.map(|exchanged| (exchanged.trigger, exchanged.place)));
        let Some((_, place)) = triggers.last() else {
            claims::report_missed();
            return;
        };
        rounds += 1;
        if rounds > MOST_ROUNDS {
            crate::panic::at(
                place,
                "effects go round in a circle: what follows this signal writes it again and again; write it only where its value \
                 changes",
            );
        }
        // Together, so that what depends on several of them runs once.
        holding(|| {
            reactive::batch(|| {
                for (trigger, _) in triggers.into_iter().filter(|(trigger, _)| trigger.is_alive()) {
                    trigger.update(|_| {});
                }
            });
        });
    }
}

/// Forgets what was left by a test that panicked inside an effect.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn reset() {
    RUNNING.set(0);
    PENDING.take();
    EXCHANGED.take();
    OWNER.take();
    IN_TURN.set(false);
    READER.take();
    claims::reset();
}

/// Runs something that reads as this reader, and returns the reader.
fn reading<R>(reader: Reader, run: impl FnOnce() -> R) -> (R, Reader) {
    let before = READER.replace(reader);
    let result = run();
    (result, READER.replace(before))
}

/// Runs something that runs again when what it reads has changed.
fn following<R>(run: impl FnOnce() -> R) -> R {
    reading(Reader { follows: true, reads: None }, run).0
}

/// The running effect, memo or view follows a source.
pub(crate) fn follow(source: Source) {
    source.track();
    READER.with_borrow_mut(|reader| {
        if let Some(reads) = &mut reader.reads {
            reads.push(source);
        }
    });
}

/// The running effect, memo or view follows the signal of this number.
pub(crate) fn follow_signal(trigger: Trigger, number: u64) {
    follow(*trigger);
    keep_from_circling(number);
}

/// Whether something was written whose followers were not notified yet.
fn is_waiting() -> bool {
    !PENDING.with_borrow(Vec::is_empty) || !EXCHANGED.with_borrow(Vec::is_empty)
}

/// Notes that something was made that lives until its reactive scope is disposed.
pub(crate) fn note_made() {
    MADE.set(MADE.get() + 1);
}

/// Runs something under a reactive scope, which may be disposed meanwhile: disposing it sets the flag.
pub(crate) fn under<R>(gone: Option<Rc<Cell<bool>>>, run: impl FnOnce() -> R) -> R {
    let before = OWNER.replace(gone);
    let result = run();
    OWNER.set(before);
    result
}

/// Whether the running reactive scope is gone: a handler has closed the content that it is in. Nothing can be made in it.
pub(crate) fn owner_gone() -> bool {
    OWNER.with_borrow(|gone| gone.as_ref().is_some_and(|gone| gone.get()))
}

/// Runs something during which writes wait.
fn holding<R>(run: impl FnOnce() -> R) -> R {
    RUNNING.set(RUNNING.get() + 1);
    let result = run();
    RUNNING.set(RUNNING.get() - 1);
    result
}

/// Runs a handler, a task or a hook: what it writes notifies once, when it has returned, and the elements that it names by
/// reference are those that are there then.
pub(crate) fn turn<R>(run: impl FnOnce() -> R) -> R {
    if RUNNING.get() > 0 {
        return run();
    }
    IN_TURN.set(true);
    TURN.set(TURN.get() + 1);
    let result = holding(run);
    IN_TURN.set(false);
    drain();
    element::call_waiting();
    result
}

/// Whether a handler, a task or a hook runs, whose writes wait.
pub(crate) fn in_turn() -> bool {
    IN_TURN.get()
}

/// Something made by a handler, such as a task, that the handler's own earlier writes may close.
#[derive(Clone, Copy, Default)]
pub(crate) struct MadeIn(Option<u64>);

impl MadeIn {
    /// The turn that runs, if any.
    pub(crate) fn this_turn() -> Self {
        Self(in_turn().then(|| TURN.get()))
    }

    /// Whether what goes now was made a moment ago by the handler whose writes are being rendered.
    pub(crate) fn just_now(self) -> bool {
        !in_turn() && RUNNING.get() > 0 && self.0 == Some(TURN.get())
    }
}

/// Runs `f` now, and again whenever a signal or memo that it read has changed. The items it creates are disposed before
/// each further run.
pub fn effect(f: impl FnMut() + 'static) {
    effect_boxed(Box::new(f));
}

pub(crate) fn effect_boxed(mut f: Box<dyn FnMut()>) {
    let scope = scope::current();
    note_made();
    reactive::create_effect(move || following(|| run_in(scope.as_ref(), &mut f)));
    drain();
}

/// Runs what runs again and again: in its scope, of which no name is taken yet, and with writes waiting.
fn run_in<R>(scope: Option<&Rc<Scope>>, f: &mut dyn FnMut() -> R) -> R {
    let run = || match scope {
        Some(scope) => scope::enter(scope.fresh(), f),
        None => f(),
    };
    let before = RUN.replace(LAST_RUN.get() + 1);
    LAST_RUN.set(RUN.get());
    let result = holding(|| under(None, run));
    RUN.set(before);
    result
}

/// Runs `f` when the component, list item or effect in which this was called goes.
pub fn on_cleanup(f: impl FnOnce() + 'static) {
    note_made();
    reactive::on_cleanup(f);
}

/// Runs `f`; what depends on the signals that it writes runs once, afterwards. Handlers and tasks are batches already.
pub fn batch<R>(f: impl FnOnce() -> R) -> R {
    let result = holding(f);
    drain();
    result
}

/// Runs `f` without subscribing to what it reads.
pub fn untrack<R>(f: impl FnOnce() -> R) -> R {
    reactive::untrack(|| reading(Reader::default(), f).0)
}

/// Gives a value to the component in which this is called and to all inside it.
pub fn provide_context<T: Clone + 'static>(value: T) {
    note_made();
    reactive::provide_context(value);
}

/// The value of this type that is provided nearest by, or above.
///
/// # Panics
///
/// If there is none; use [`try_context`] to get an `Option`.
#[must_use]
#[track_caller]
pub fn use_context<T: Clone + 'static>() -> T {
    let Some(value) = try_context() else {
        panic!("no context of type `{}` is provided here or above", std::any::type_name::<T>());
    };
    value
}

/// The value of this type that is provided nearest by, or above, if there is one.
#[must_use]
pub fn try_context<T: Clone + 'static>() -> Option<T> {
    reactive::try_use_context()
}

/// A derived value. It is computed again when what it read has changed, and never captured. `Copy`.
pub struct Memo<T: 'static> {
    node: Source,
    formula: Held<Formula>,
    value: PhantomData<fn() -> T>,
}

/// How a memo is computed, and what it is while writes wait.
struct Formula {
    compute: RefCell<Box<dyn FnMut() -> Rc<dyn Any>>>,
    same: Same,
    ahead: RefCell<Option<Ahead>>,
    handed: RefCell<Handed>,
}

/// Whether two values of a memo are equal.
type Same = fn(&Rc<dyn Any>, &Rc<dyn Any>) -> bool;

/// The state of a memo while writes are pending.
struct Ahead {
    /// The count of writes that it was computed after.
    writes: u64,
    value: Rc<dyn Any>,
    /// The sources it read; `None` if it made something, which is gone already.
    reads: Option<Vec<Source>>,
}

/// The values that followers got from a memo while writes were pending.
#[derive(Default)]
enum Handed {
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

fn memo_boxed(mut compute: Box<dyn FnMut() -> Rc<dyn Any>>, same: Same) -> (Source, Held<Formula>) {
    let scope = scope::current();
    let compute: Box<dyn FnMut() -> Rc<dyn Any>> =
        Box::new(move || run_in(scope.as_ref(), &mut compute));
    let formula = Rc::new(Formula {
        compute: RefCell::new(compute),
        same,
        ahead: RefCell::default(),
        handed: RefCell::default(),
    });
    let (computed, compared) = (Rc::clone(&formula), Rc::clone(&formula));
    note_made();
    let node = reactive::create_selector_with(
        move || computed.notified(),
        move |new, old| compared.is_unchanged(new, old),
    );
    drain();
    (node, Held::of(formula))
}

impl Formula {
    /// The value as of now, though what the memo follows has not been notified yet. Nothing if there is nothing that waits, or if it
    /// is being computed.
    fn ahead(&self) -> Option<Rc<dyn Any>> {
        if !is_waiting() {
            return None;
        }
        let writes = WRITES.get();
        if let Some(ahead) = &*self.ahead.borrow()
            && ahead.writes == writes
        {
            return Some(Rc::clone(&ahead.value));
        }
        let mut compute = self.compute.try_borrow_mut().ok()?;
        let follows = READER.with_borrow(|reader| reader.follows);
        let before = MADE.get();
        let mut computed = None;
        // The items it makes are temporary.
        let scope = reactive::create_child_scope(|| {
            let reader = Reader { follows, reads: Some(Vec::new()) };
            computed = Some(reactive::untrack(|| reading(reader, &mut *compute)));
        });
        scope.dispose();
        let (value, reader) = computed?;
        let reads = reader.reads.filter(|_| MADE.get() == before);
        *self.ahead.borrow_mut() = Some(Ahead { writes, value: Rc::clone(&value), reads });
        Some(value)
    }

    /// The value that followers are notified of: the one that was computed ahead, if nothing was written since.
    fn notified(&self) -> Rc<dyn Any> {
        if let Some(Ahead { writes, value, reads: Some(reads) }) = &*self.ahead.borrow()
            && *writes == WRITES.get()
        {
            for source in reads.iter().filter(|source| source.is_alive()) {
                source.track();
            }
            return Rc::clone(value);
        }
        following(|| (self.compute.borrow_mut())())
    }

    /// Notes that a follower got this value while writes waited.
    fn hand(&self, value: &Rc<dyn Any>) {
        let handed = match self.handed.take() {
            Handed::Nothing => Handed::One(Rc::clone(value)),
            Handed::One(before) if (self.same)(&before, value) => Handed::One(before),
            Handed::One(_) | Handed::Several => Handed::Several,
        };
        self.handed.replace(handed);
    }

    /// Whether no follower has another value than this one.
    fn is_unchanged(&self, new: &Rc<dyn Any>, old: &Rc<dyn Any>) -> bool {
        let handed = match self.handed.take() {
            Handed::Nothing => true,
            Handed::One(value) => (self.same)(new, &value),
            Handed::Several => false,
        };
        handed && (self.same)(new, old)
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
        Self::read(&self.now(), T::clone)
    }

    /// Looks at the value in place; the running effect, memo or view follows it.
    #[track_caller]
    pub fn with<R>(self, look: impl FnOnce(&T) -> R) -> R {
        follow(self.node);
        let value = self.now();
        if READER.with_borrow(|reader| reader.follows)
            && let Some(formula) = self.formula.get()
            && is_waiting()
        {
            formula.hand(&value);
        }
        Self::read(&value, look)
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
