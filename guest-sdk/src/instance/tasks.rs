//! The tasks of an instance as snapshots list them: which run, which have ended, which wait to be claimed, and what
//! became of each.
//!
//! The code that runs tasks calls [`Tasks::begin`] when one starts, [`Tasks::end`] and [`Tasks::remove`] afterwards. In a swap
//! the old code's tasks wait until the new code starts one of the same key, which [`Tasks::claim`]s it; so do the tasks of
//! content that renders again, see [`Tasks::park`].

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use hmr_abi::state::{TaskOutcome, TaskState};

use crate::task::Running;

/// See the module's documentation. Lists rather than maps: there are few, and each kind of map costs every module kilobytes.
#[derive(Default)]
pub(crate) struct Tasks {
    here: RefCell<Vec<Entry>>,
    waiting: RefCell<Vec<Waiting>>,
    /// There only while a snapshot is being restored.
    outcomes: RefCell<Option<BTreeMap<String, TaskOutcome>>>,
}

/// A task that was started here.
struct Entry {
    key: String,
    id: u64,
    /// `None`: it has ended.
    running: Option<Rc<Running>>,
}

/// A task that waits for code which starts it.
struct Waiting {
    key: String,
    was: Was,
    /// Whether it was in a snapshot, rather than in a rendering of the same code.
    old: bool,
}

/// The state of a task when the previous code ended.
pub(crate) enum Was {
    /// It had not ended.
    Running(TaskState),
    /// It had ended.
    Done,
}

const NOT_STARTED: &str = "the new code starts no task of this key";
const OF_A_HANDLER: &str =
    "it was started in a handler, which does not run again; a task of `action` would have resumed";

impl Tasks {
    /// A task has started; snapshots name it from here on.
    pub(crate) fn begin(&self, running: &Rc<Running>) {
        let (key, id) = (running.key.clone(), running.id);
        self.here.borrow_mut().push(Entry { key, id, running: Some(Rc::clone(running)) });
    }

    /// Notes a task as ended without running it.
    pub(crate) fn begin_done(&self, key: &str, id: u64) {
        self.here.borrow_mut().push(Entry { key: key.to_owned(), id, running: None });
    }

    /// The task has ended; snapshots name it as done from here on.
    pub(crate) fn end(&self, id: u64) {
        if let Some(entry) = self.here.borrow_mut().iter_mut().find(|entry| entry.id == id) {
            entry.running = None;
        }
    }

    /// The task is neither running nor of further interest.
    pub(crate) fn remove(&self, id: u64) {
        self.here.borrow_mut().retain(|entry| entry.id != id);
    }

    /// Forgets that a task of this key has ended: it may be started again.
    pub(crate) fn forget_done(&self, key: &str) {
        self.here.borrow_mut().retain(|entry| entry.running.is_some() || entry.key != key);
    }

    /// Whether a task of this key runs or has ended.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.here.borrow().iter().any(|entry| entry.key == key)
    }

    /// The task of this key from before, which then no longer waits.
    pub(crate) fn claim(&self, key: &str) -> Option<Was> {
        let mut waiting = self.waiting.borrow_mut();
        let at = waiting.iter().position(|waiting| waiting.key == key)?;
        Some(waiting.swap_remove(at).was)
    }

    /// Notes what became of a task, if a snapshot is being restored.
    pub(crate) fn note(&self, key: &str, outcome: TaskOutcome) {
        if let Some(outcomes) = self.outcomes.borrow_mut().as_mut() {
            outcomes.insert(key.to_owned(), outcome);
        }
    }

    /// The tasks that have not ended. Those that still wait to be claimed are not among them.
    pub(crate) fn capture(&self) -> BTreeMap<String, TaskState> {
        let mut tasks = BTreeMap::new();
        for entry in self.here.borrow().iter() {
            if let Some(running) = &entry.running {
                tasks.insert(entry.key.clone(), running.state());
            }
        }
        tasks
    }

    /// The tasks that rendering started and that have ended.
    pub(crate) fn capture_done(&self) -> Vec<String> {
        let here = self.here.borrow();
        let done = here.iter().filter(|entry| entry.running.is_none());
        done.map(|entry| entry.key.clone()).collect()
    }

    /// Adds the tasks of a snapshot as waiting, and begins to record the outcome of each.
    pub(crate) fn begin_restore(&self, tasks: BTreeMap<String, TaskState>, done: Vec<String>) {
        let mut outcomes = BTreeMap::new();
        let mut waiting = Vec::new();
        for key in done {
            waiting.push(Waiting { key, was: Was::Done, old: true });
        }
        for (key, state) in tasks {
            if state.handler {
                outcomes.insert(key, TaskOutcome::Dropped { reason: OF_A_HANDLER.to_owned() });
            } else {
                waiting.push(Waiting { key, was: Was::Running(state), old: true });
            }
        }
        *self.waiting.borrow_mut() = waiting;
        *self.outcomes.borrow_mut() = Some(outcomes);
    }

    /// The outcome of each task; unclaimed ones are dropped.
    pub(crate) fn end_restore(&self) -> BTreeMap<String, TaskOutcome> {
        let mut outcomes = self.outcomes.take().unwrap_or_default();
        for waiting in self.waiting.take() {
            if let Was::Running(_) = waiting.was {
                let reason = NOT_STARTED.to_owned();
                outcomes.insert(waiting.key, TaskOutcome::Dropped { reason });
            }
        }
        outcomes
    }

    /// Lets the tasks of a scope wait that is about to render again, but for those of its handlers. One that the handler which
    /// lets it render again has just started continues.
    pub(crate) fn park(&self, within: impl Fn(&str) -> bool) {
        let mut waiting = self.waiting.borrow_mut();
        self.here.borrow_mut().retain_mut(|entry| {
            let goes_on = entry.running.as_ref().is_some_and(|running| running.outlives());
            if !within(&entry.key) || goes_on {
                return true;
            }
            let key = std::mem::take(&mut entry.key);
            match entry.running.take().map(|running| running.state()) {
                Some(state) if state.handler => {
                    let told = format!("the task `{key}` was dropped: {OF_A_HANDLER}");
                    crate::engine::send_log(2, &told);
                }
                Some(state) => {
                    waiting.push(Waiting { key, was: Was::Running(state), old: false });
                }
                None => waiting.push(Waiting { key, was: Was::Done, old: false }),
            }
            false
        });
    }

    /// Forgets the parked tasks of a scope that its new rendering did not start.
    pub(crate) fn drop_parked(&self, within: impl Fn(&str) -> bool) {
        self.waiting.borrow_mut().retain(|waiting| waiting.old || !within(&waiting.key));
    }
}
