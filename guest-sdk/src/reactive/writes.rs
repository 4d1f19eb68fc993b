//! Writes of signals, and when their followers are notified.
//!
//! Writes made while an effect runs notify when the outermost effect has returned, and writes of a handler, a task or a hook when
//! that has returned; see [`turn`](super::turn). So an effect may close the region that it is in, and a handler may continue with what
//! belongs to content that it has rendered again.

use std::cell::{Cell, RefCell};
use std::panic::Location;

use sycamore_reactive as reactive;

use super::reader::{follow, is_following};
use crate::panic;
use crate::root;
use crate::state::node::{Node, Trigger};

thread_local! {
    /// How many effects, handlers and batches are running, one inside the other. While there are any, writes wait.
    static HOLDING: Cell<u32> = const { Cell::new(0) };
    /// The writes whose followers were not notified yet, with their places in the source.
    static PENDING: RefCell<Vec<(Trigger, Place)>> = const { RefCell::new(Vec::new()) };
    /// Signals whose initial value another one has replaced since the last notification.
    static REPLACED: RefCell<Vec<Replaced>> = const { RefCell::new(Vec::new()) };
    /// What runs when all followers were notified.
    static AFTERWARDS: RefCell<Vec<Box<dyn FnOnce()>>> = const { RefCell::new(Vec::new()) };
    /// The number of writes. A memo computed while writes were pending is valid until the next write.
    static WRITES: Cell<u64> = const { Cell::new(0) };
    /// The number of the current run of an effect or memo, and of the last one that began.
    static RUN: Cell<u64> = const { Cell::new(0) };
    static LAST_RUN: Cell<u64> = const { Cell::new(0) };
}

/// The number of rounds of notifications after one write. Effects that write what they read never end.
const MAX_ROUNDS: u32 = 5_000;

/// A place in the source.
type Place = &'static Location<'static>;

/// A signal whose initial value was replaced by content that rendered again.
struct Replaced {
    trigger: Trigger,
    /// The signal's number.
    number: u64,
    place: Place,
    /// The last run that had begun.
    run: u64,
}

/// Notifies the followers of a signal: now, or when the outermost effect, handler or batch has returned.
#[track_caller]
pub(crate) fn notify(trigger: Trigger) {
    WRITES.set(WRITES.get() + 1);
    let place = Location::caller();
    PENDING.with_borrow_mut(|pending| pending.push((trigger, place)));
    if !in_callback() {
        notify_pending();
    }
}

/// Whether the browser, and not the engine, has called: by a callback of a crate such as `web-sys`. Writes wait until it has returned, and
/// the engine calls `hmr_settle`.
fn in_callback() -> bool {
    cfg!(target_arch = "wasm32") && !root::is_entered()
}

/// Notes that content that renders again has replaced the initial value of a signal. Followers outside of the content are notified.
pub(super) fn notify_replaced(node: Node, place: Place) {
    WRITES.set(WRITES.get() + 1);
    let run = LAST_RUN.get();
    let replaced = Replaced { trigger: node.trigger, number: node.number, place, run };
    REPLACED.with_borrow_mut(|all| all.push(replaced));
    notify_pending();
}

/// The running effect, memo or view follows a signal.
pub(super) fn follow_signal(node: Node) {
    follow(*node.trigger);
    // If the effect itself has just replaced the value, it is not notified: it would replace a value that differs each time
    // for ever.
    if is_following() {
        let run = RUN.get();
        REPLACED.with_borrow_mut(|all| {
            all.retain(|replaced| replaced.number != node.number || run > replaced.run);
        });
    }
}

/// Notifies the followers of all pending writes, and then of the writes that these make, unless writes have to wait.
pub(crate) fn notify_pending() {
    let mut rounds = 0;
    while HOLDING.get() == 0 {
        let mut triggers = PENDING.take();
        let replaced = REPLACED.take().into_iter();
        triggers.extend(replaced.map(|replaced| (replaced.trigger, replaced.place)));
        let Some((_, place)) = triggers.last() else {
            for run in AFTERWARDS.take() {
                run();
            }
            return;
        };
        rounds += 1;
        if rounds > MAX_ROUNDS {
            panic::at(
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

/// Runs something when the followers of all writes so far were notified. Only while writes wait.
pub(crate) fn afterwards(run: impl FnOnce() + 'static) {
    AFTERWARDS.with_borrow_mut(|all| all.push(Box::new(run)));
}

/// Runs something during which writes wait.
pub(super) fn holding<R>(run: impl FnOnce() -> R) -> R {
    HOLDING.set(HOLDING.get() + 1);
    let result = run();
    HOLDING.set(HOLDING.get() - 1);
    result
}

/// Whether something is running during which writes wait.
pub(super) fn is_holding() -> bool {
    HOLDING.get() > 0
}

/// Runs an effect or memo, during which writes wait.
pub(super) fn holding_run<R>(run: impl FnOnce() -> R) -> R {
    let before = RUN.replace(LAST_RUN.get() + 1);
    LAST_RUN.set(RUN.get());
    let result = holding(run);
    RUN.set(before);
    result
}

/// Whether there are writes whose followers were not notified yet.
pub(super) fn is_pending() -> bool {
    !PENDING.with_borrow(Vec::is_empty) || !REPLACED.with_borrow(Vec::is_empty)
}

/// The number of writes so far.
pub(super) fn count() -> u64 {
    WRITES.get()
}

/// Runs `f`; what depends on the signals that it writes runs once, afterwards. Handlers and tasks are batches already.
pub fn batch<R>(f: impl FnOnce() -> R) -> R {
    let result = holding(f);
    if !in_callback() {
        notify_pending();
    }
    result
}

#[cfg(not(target_arch = "wasm32"))]
pub(super) fn reset() {
    HOLDING.set(0);
    PENDING.take();
    REPLACED.take();
    AFTERWARDS.take();
}
