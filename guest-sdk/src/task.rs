//! Tasks: asynchronous work that a component starts, and a small executor that runs it.
//!
//! A task has a key, as a signal has. Its future runs when a call of the engine is about to return, never in the midst of a
//! rendering, in a key scope and a reactive scope of its own: what it asks the engine for is called `KEY:request`,
//! `KEY:request#1`, … and ends with it.
//!
//! A swap cannot carry a future over. The new code runs the future of the same key from its beginning, and what the engine
//! answered before is answered again at once, from the snapshot; see [`ask`].
//!
//! Invariants: a key names one task; a future is polled by [`run_ready`] alone, and never while it is being polled; a task
//! that is gone is never polled again.

mod action;
pub(crate) mod ask;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use hmr_abi::state::{TaskAnswer, TaskOutcome, TaskState};
use sycamore_reactive::{NodeHandle, create_child_scope, create_signal, use_current_scope};

pub use action::{Action, action};
pub use ask::sleep;

use crate::engine::send_log;
use crate::instance::{Instance, Was};
use crate::reactive::{
    MadeIn, Trigger, follow, note_made, notify, on_cleanup, turn, under, untrack,
};
use crate::resource::outliving;
use crate::runtime::runtime;
use crate::scope::{self, Scope};

/// The future that a task runs.
pub(crate) type Work = Pin<Box<dyn Future<Output = ()>>>;

/// A task that has not ended.
pub(crate) struct Running {
    pub(crate) id: u64,
    pub(crate) key: String,
    scope: Rc<Scope>,
    /// The owner of the items it makes.
    node: Cell<NodeHandle>,
    made: MadeIn,
    /// `None` while it is polled, and once it has ended.
    work: RefCell<Option<Work>>,
    gone: Rc<Cell<bool>>,
    state: RefCell<TaskState>,
    /// The answers from before the code was replaced.
    before: RefCell<Vec<TaskAnswer>>,
    flag: Flag,
}

thread_local! {
    /// Those that were woken, in that order.
    static READY: RefCell<VecDeque<u64>> = const { RefCell::new(VecDeque::new()) };
    /// The one that is polled.
    static CURRENT: RefCell<Option<Rc<Running>>> = const { RefCell::new(None) };
}

/// Whether a task runs, to be followed. `Copy`.
#[derive(Clone, Copy)]
struct Flag(Trigger);

impl Flag {
    fn new() -> Self {
        note_made();
        Self(create_signal(Rc::new(Cell::new(false))))
    }

    fn set(self, runs: bool) {
        if self.0.is_alive() {
            self.cell(runs);
            notify(self.0);
        }
    }

    fn cell(self, runs: bool) {
        if let Some(flag) = self.0.get_clone_untracked().downcast_ref::<Cell<bool>>() {
            flag.set(runs);
        }
    }

    fn get(self) -> bool {
        if !self.0.is_alive() {
            return false;
        }
        follow(*self.0);
        self.0.get_clone_untracked().downcast_ref::<Cell<bool>>().is_some_and(Cell::get)
    }
}

/// A task that was started. `Copy`.
#[derive(Clone, Copy)]
pub struct Task {
    flag: Option<Flag>,
    id: u64,
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Task").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Task {
    /// Whether it has not ended; the running effect, memo or view follows it.
    #[must_use]
    pub fn is_running(self) -> bool {
        self.flag.is_some_and(Flag::get)
    }

    /// Ends it where it waits; its request is withdrawn.
    pub fn cancel(self) {
        cancel(self.id);
    }
}

/// Starts a task.
///
/// In a component's body, its key is `name` in the component. If the component is rendered again, or its code replaced, a task
/// that had not ended runs again from its beginning, and what it was answered before is answered at once; one that had ended
/// does not run again. It ends with the component, or with the task that started it.
///
/// In a handler, `name` is for messages only: a swap drops the task, since the handler does not run again. [`action`] makes
/// one that a swap resumes.
///
/// ```
/// # use hmr_sdk::prelude::*;
/// # #[component] fn App() -> View {
/// let items = signal(Vec::<String>::new());
/// spawn("load", async move {
///     match http::get("/items.json").send().await.and_then(|response| response.json()) {
///         Ok(loaded) => items.set(loaded),
///         Err(error) => log::error(error),
///     }
/// });
/// # view! {} }
/// ```
pub fn spawn(name: &str, work: impl Future<Output = ()> + 'static) -> Task {
    spawn_boxed(name, Box::pin(work))
}

fn spawn_boxed(name: &str, work: Work) -> Task {
    let Some(scope) = scope::current() else {
        send_log(
            2,
            &format!("the task `{name}` was started outside of a component, and does not run"),
        );
        return Task { flag: None, id: 0 };
    };
    outliving(&scope, || spawn_in(&scope, name, work)).unwrap_or(Task { flag: None, id: 0 })
}

fn spawn_in(scope: &Rc<Scope>, name: &str, work: Work) -> Task {
    let instance = Rc::clone(&scope.instance);
    let mut key = scope.key(&scope.take_task(name));
    if scope.entry() == scope::Entry::Again {
        instance.tasks.forget_done(&key);
    }
    while instance.tasks.has(&key) {
        key = scope.key(&scope.take_task(name));
    }
    let handler = scope.entry() == scope::Entry::Later;
    let was = if handler { None } else { instance.tasks.claim(&key) };
    let id = next_id();
    if !handler {
        // That it has ended is of interest until the place that started it goes.
        let instance = Rc::clone(&instance);
        on_cleanup(move || instance.tasks.remove(id));
    }
    let state = match was {
        Some(Was::Done) => {
            instance.tasks.begin_done(&key, id);
            return Task { flag: None, id };
        }
        Some(Was::Running(state)) => {
            instance.tasks.note(&key, TaskOutcome::Resumed);
            TaskState { argument: None, ..state }
        }
        None => TaskState { handler, ..TaskState::default() },
    };
    let (scope, owner) = (scope.at_key(&key), use_current_scope());
    let flag = start(Start { id, scope, owner, flag: None, state, work });
    Task { flag: Some(flag), id }
}

fn next_id() -> u64 {
    let runtime = runtime();
    runtime.last_task.set(runtime.last_task.get() + 1);
    runtime.last_task.get()
}

/// The data to start a task.
struct Start {
    id: u64,
    /// Its path is the task's key.
    scope: Rc<Scope>,
    owner: NodeHandle,
    /// One that outlives the task, if there is one.
    flag: Option<Flag>,
    state: TaskState,
    work: Work,
}

fn start(start: Start) -> Flag {
    let Start { id, scope, owner, flag, mut state, work } = start;
    let before = RefCell::new(std::mem::take(&mut state.answers));
    let node = owner.run_in(|| create_child_scope(|| {}));
    let flag = flag.unwrap_or_else(|| node.run_in(Flag::new));
    let running = Rc::new(Running {
        id,
        key: scope.path().to_owned(),
        scope,
        node: Cell::new(node),
        made: MadeIn::this_turn(),
        work: RefCell::new(Some(work)),
        gone: Rc::default(),
        state: RefCell::new(state),
        before,
        flag,
    });
    let ending = Rc::clone(&running);
    node.run_in(|| on_cleanup(move || ending.stop()));
    running.instance().tasks.begin(&running);
    runtime().tasks.borrow_mut().push(running);
    flag.set(true);
    wake(id);
    flag
}

impl Running {
    pub(crate) fn instance(&self) -> &Instance {
        &self.scope.instance
    }

    /// Its part of a snapshot.
    pub(crate) fn state(&self) -> TaskState {
        self.state.borrow().clone()
    }

    /// The previous answer, if the request is the same. After a different request, no answer that was given
    /// later counts.
    fn replay(&self, name: &str, asked: &str) -> Option<TaskAnswer> {
        let mut before = self.before.borrow_mut();
        let at = before.iter().position(|answer| answer.name == name)?;
        let answer = before.swap_remove(at);
        if answer.asked == asked {
            return Some(answer);
        }
        before.clear();
        None
    }

    /// It has ended by itself, or is cancelled: withdraws its request.
    fn end(&self, cancelled: bool) {
        if self.gone.get() {
            return;
        }
        if cancelled || self.state.borrow().handler || self.state.borrow().argument.is_some() {
            self.instance().tasks.remove(self.id);
        } else {
            self.instance().tasks.end(self.id);
        }
        self.gone.set(true);
        self.release();
        self.flag.set(false);
        self.node.get().dispose();
    }

    /// Whether the handler that started it is what takes away the content that it is in.
    pub(crate) fn outlives(&self) -> bool {
        self.made.just_now() && self.state.borrow().handler && !self.gone.get()
    }

    /// Its reactive scope is disposed. A task just started by the handler that closes the content continues with the instance.
    fn stop(self: &Rc<Self>) {
        if self.outlives()
            && let Some(owner) = self.instance().node.get()
        {
            self.node.set(owner.run_in(|| create_child_scope(|| {})));
            let ending = Rc::clone(self);
            return self.node.get().run_in(|| on_cleanup(move || ending.stop()));
        }
        if !self.gone.replace(true) {
            self.instance().tasks.remove(self.id);
            self.release();
            if self.flag.0.is_alive() {
                self.flag.cell(false);
            }
        }
    }

    fn release(&self) {
        runtime().tasks.borrow_mut().retain(|running| running.id != self.id);
        let work = self.work.take();
        drop(work);
    }
}

/// Lets a task run when the engine's call is about to return.
fn wake(id: u64) {
    READY.with_borrow_mut(|ready| {
        if !ready.contains(&id) {
            ready.push_back(id);
        }
    });
}

struct Woken(u64);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        wake(self.0);
    }
}

/// Runs every task that was woken, until all of them wait.
pub(crate) fn run_ready() {
    while let Some(id) = READY.with_borrow_mut(VecDeque::pop_front) {
        if let Some(running) = running(id) {
            poll(&running);
        }
    }
}

fn running(id: u64) -> Option<Rc<Running>> {
    runtime().tasks.borrow().iter().find(|running| running.id == id).cloned()
}

/// Ends a task where it waits, if it has not ended.
fn cancel(id: u64) {
    if let Some(running) = running(id) {
        running.end(true);
    }
}

fn poll(running: &Rc<Running>) {
    let Some(mut work) = running.work.take() else { return };
    let waker = Waker::from(Arc::new(Woken(running.id)));
    turn(|| {
        let current = Current::enter(running);
        let run = || {
            let _entered = scope::Entered::new(Rc::clone(&running.scope));
            untrack(|| work.as_mut().poll(&mut Context::from_waker(&waker)))
        };
        let polled = under(Some(Rc::clone(&running.gone)), || running.node.get().run_in(run));
        drop(current);
        // Before what it wrote is rendered: a task that has ended does not start again with its content.
        match polled {
            Poll::Ready(()) => running.end(false),
            Poll::Pending if !running.gone.get() => *running.work.borrow_mut() = Some(work),
            // It was cancelled by what it did itself.
            Poll::Pending => drop(work),
        }
    });
}

/// The task that is polled, for as long as it is.
struct Current(Option<Rc<Running>>);

impl Current {
    fn enter(running: &Rc<Running>) -> Self {
        Self(CURRENT.replace(Some(Rc::clone(running))))
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

/// The task that is polled.
fn current() -> Option<Rc<Running>> {
    CURRENT.with_borrow(Clone::clone)
}

/// Forgets what was woken in a page before.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn reset() {
    READY.take();
    CURRENT.take();
}
