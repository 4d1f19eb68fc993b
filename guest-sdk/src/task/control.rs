//! Starts, ends and cancels tasks.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use hmr_abi::state::TaskState;
use sycamore_reactive::{NodeHandle, create_child_scope};

use super::ready::wake;
use super::running::{Flag, Running, Work};
use super::table::Tasks;
use crate::reactive::owner::on_cleanup;
use crate::reactive::turn::MadeIn;
use crate::state::scope::Scope;

thread_local! {
    /// The tasks of all instances that have not ended.
    static RUNNING: RefCell<Vec<Rc<Running>>> = const { RefCell::new(Vec::new()) };
    /// The number of the last task.
    static LAST: Cell<u64> = const { Cell::new(0) };
}

/// What is needed to start a task.
pub(super) struct Start {
    pub(super) id: u64,
    /// Its path is the task's key.
    pub(super) scope: Rc<Scope>,
    pub(super) owner: NodeHandle,
    /// A flag that outlives the task, if there is one.
    pub(super) flag: Option<Flag>,
    pub(super) state: TaskState,
    pub(super) work: Work,
}

/// A number for a new task.
pub(super) fn next_id() -> u64 {
    LAST.set(LAST.get() + 1);
    LAST.get()
}

/// Starts a task: it runs when the engine's call is about to return.
pub(super) fn start(start: Start) -> Flag {
    let Start { id, scope, owner, flag, mut state, work } = start;
    let previous_answers = RefCell::new(std::mem::take(&mut state.answers));
    let owner = owner.run_in(|| create_child_scope(|| {}));
    let flag = flag.unwrap_or_else(|| owner.run_in(Flag::new));
    let running = Rc::new(Running {
        id,
        key: scope.path().to_owned(),
        scope,
        owner: Cell::new(owner),
        made: MadeIn::this_turn(),
        work: RefCell::new(Some(work)),
        ended: Rc::default(),
        state: RefCell::new(state),
        previous_answers,
        flag,
    });
    let stopped = Rc::clone(&running);
    owner.run_in(|| on_cleanup(move || stopped.stop()));
    Tasks::of(running.instance()).begin(&running);
    RUNNING.with_borrow_mut(|all| all.push(running));
    flag.set(true);
    wake(id);
    flag
}

/// The task of this number, if it has not ended.
pub(super) fn find(id: u64) -> Option<Rc<Running>> {
    RUNNING.with_borrow(|all| all.iter().find(|running| running.id == id).cloned())
}

/// Ends a task where it waits, if it has not ended.
pub(super) fn cancel(id: u64) {
    if let Some(running) = find(id) {
        running.end(true);
    }
}

impl Running {
    /// It has ended by itself, or is cancelled: withdraws its request.
    pub(super) fn end(&self, cancelled: bool) {
        if self.ended.get() {
            return;
        }
        let tasks = Tasks::of(self.instance());
        if cancelled || self.state.borrow().handler || self.state.borrow().argument.is_some() {
            tasks.remove(self.id);
        } else {
            tasks.end(self.id);
        }
        self.ended.set(true);
        self.release();
        self.flag.set(false);
        self.owner.get().dispose();
    }

    /// Its reactive scope is disposed. A task that outlives its content continues with the instance.
    fn stop(self: &Rc<Self>) {
        if self.outlives_content()
            && let Some(owner) = self.instance().owner.get()
        {
            self.owner.set(owner.run_in(|| create_child_scope(|| {})));
            let stopped = Rc::clone(self);
            return self.owner.get().run_in(|| on_cleanup(move || stopped.stop()));
        }
        if !self.ended.replace(true) {
            Tasks::of(self.instance()).remove(self.id);
            self.release();
            self.flag.set_silent(false);
        }
    }

    fn release(&self) {
        RUNNING.with_borrow_mut(|all| all.retain(|running| running.id != self.id));
        let work = self.work.take();
        drop(work);
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub(super) fn reset() {
    RUNNING.take();
    LAST.set(0);
}
