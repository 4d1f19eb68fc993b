//! The tasks of an instance, as snapshots list them: those that run, those that have ended, those that wait to be claimed, and the
//! outcome of each.
//!
//! In a swap the tasks of the old code wait until the new code starts one of the same key, which [`Tasks::claim`]s it. So do the tasks
//! of content that renders again, see [`Tasks::park`].

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use hmr_abi::state::{TaskOutcome, TaskState};

use super::running::Running;
use crate::engine::send_log;
use crate::state::instance::Instance;
use crate::state::key::is_within;
use crate::view::rerender::{Parking, keep_tasks};

/// See the module's documentation. Lists rather than maps: there are few, and each kind of map costs every module kilobytes.
#[derive(Default)]
pub(crate) struct Tasks {
    started: RefCell<Vec<Started>>,
    waiting: RefCell<Vec<Waiting>>,
    /// `Some` only while a snapshot is being restored.
    outcomes: RefCell<Option<Vec<(String, TaskOutcome)>>>,
}

/// A task that the running code has started.
struct Started {
    key: String,
    id: u64,
    /// `None`: it has ended.
    running: Option<Rc<Running>>,
}

/// A task that waits for code which starts it.
struct Waiting {
    key: String,
    previous: Previous,
    /// Whether it is from a snapshot, rather than from a rendering of the same code.
    old: bool,
}

/// The state of a task when the previous code or rendering ended.
pub(super) enum Previous {
    /// It had not ended.
    Running(TaskState),
    /// It had ended.
    Done,
}

const NOT_STARTED: &str = "the new code starts no task of this key";
const OF_A_HANDLER: &str =
    "it was started in a handler, which does not run again; a task of `action` would have resumed";

impl Tasks {
    /// The tasks of an instance.
    pub(crate) fn of(instance: &Instance) -> Rc<Self> {
        keep_tasks(Parking {
            park: |instance, path| Self::of(instance).park(path),
            drop_parked: |instance, path| Self::of(instance).drop_parked(path),
        });
        instance.part()
    }

    /// A task has started; snapshots name it from here on.
    pub(super) fn begin(&self, running: &Rc<Running>) {
        let (key, id) = (running.key.clone(), running.id);
        self.started.borrow_mut().push(Started { key, id, running: Some(Rc::clone(running)) });
    }

    /// Notes a task as ended without running it.
    pub(super) fn begin_done(&self, key: &str, id: u64) {
        self.started.borrow_mut().push(Started { key: key.to_owned(), id, running: None });
    }

    /// The task has ended; snapshots name it as done from here on.
    pub(super) fn end(&self, id: u64) {
        if let Some(started) = self.started.borrow_mut().iter_mut().find(|started| started.id == id)
        {
            started.running = None;
        }
    }

    /// Removes a task from the table.
    pub(super) fn remove(&self, id: u64) {
        self.started.borrow_mut().retain(|started| started.id != id);
    }

    /// Forgets that a task of this key has ended: it may be started again.
    pub(super) fn forget_done(&self, key: &str) {
        self.started.borrow_mut().retain(|started| started.running.is_some() || started.key != key);
    }

    /// Whether a task of this key runs or has ended.
    pub(super) fn has(&self, key: &str) -> bool {
        self.started.borrow().iter().any(|started| started.key == key)
    }

    /// The previous task of this key, which then no longer waits.
    pub(super) fn claim(&self, key: &str) -> Option<Previous> {
        let mut waiting = self.waiting.borrow_mut();
        let at = waiting.iter().position(|waiting| waiting.key == key)?;
        Some(waiting.swap_remove(at).previous)
    }

    /// Notes the outcome of a task, if a snapshot is being restored.
    pub(super) fn note_outcome(&self, key: &str, outcome: TaskOutcome) {
        if let Some(outcomes) = self.outcomes.borrow_mut().as_mut() {
            outcomes.push((key.to_owned(), outcome));
        }
    }

    /// The tasks that have not ended. Those that still wait to be claimed are not among them.
    pub(crate) fn capture(&self) -> BTreeMap<String, TaskState> {
        let mut tasks = BTreeMap::new();
        for started in self.started.borrow().iter() {
            if let Some(running) = &started.running {
                tasks.insert(started.key.clone(), running.state());
            }
        }
        tasks
    }

    /// The tasks that rendering started and that have ended.
    pub(crate) fn capture_done(&self) -> Vec<String> {
        let started = self.started.borrow();
        let done = started.iter().filter(|started| started.running.is_none());
        done.map(|started| started.key.clone()).collect()
    }

    /// Adds the tasks of a snapshot as waiting, and begins to record the outcome of each.
    pub(crate) fn begin_restore(&self, tasks: BTreeMap<String, TaskState>, done: Vec<String>) {
        let mut outcomes = Vec::new();
        let mut waiting = Vec::new();
        for key in done {
            waiting.push(Waiting { key, previous: Previous::Done, old: true });
        }
        for (key, state) in tasks {
            if state.handler {
                outcomes.push((key, TaskOutcome::Dropped { reason: OF_A_HANDLER.to_owned() }));
            } else {
                waiting.push(Waiting { key, previous: Previous::Running(state), old: true });
            }
        }
        *self.waiting.borrow_mut() = waiting;
        *self.outcomes.borrow_mut() = Some(outcomes);
    }

    /// The outcome of each task; unclaimed ones are dropped.
    pub(crate) fn end_restore(&self) -> BTreeMap<String, TaskOutcome> {
        let outcomes = self.outcomes.take().unwrap_or_default();
        let mut outcomes: BTreeMap<_, _> = outcomes.into_iter().collect();
        for waiting in self.waiting.take() {
            if let Previous::Running(_) = waiting.previous {
                let reason = NOT_STARTED.to_owned();
                outcomes.insert(waiting.key, TaskOutcome::Dropped { reason });
            }
        }
        outcomes
    }

    /// Lets the tasks of a scope that is about to render again wait to be claimed. Tasks of its handlers are dropped, except one that
    /// the handler which causes the rendering has just started: it continues.
    fn park(&self, path: &str) {
        let mut waiting = self.waiting.borrow_mut();
        self.started.borrow_mut().retain_mut(|started| {
            let continues =
                started.running.as_ref().is_some_and(|running| running.outlives_content());
            if !is_within(&started.key, path) || continues {
                return true;
            }
            let key = std::mem::take(&mut started.key);
            match started.running.take().map(|running| running.state()) {
                Some(state) if state.handler => {
                    send_log(2, &format!("the task `{key}` was dropped: {OF_A_HANDLER}"));
                }
                Some(state) => {
                    waiting.push(Waiting { key, previous: Previous::Running(state), old: false });
                }
                None => waiting.push(Waiting { key, previous: Previous::Done, old: false }),
            }
            false
        });
    }

    /// Forgets the parked tasks of a scope that its new rendering did not start.
    fn drop_parked(&self, path: &str) {
        self.waiting.borrow_mut().retain(|waiting| waiting.old || !is_within(&waiting.key, path));
    }
}
