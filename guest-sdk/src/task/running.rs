//! The data of a task that has not ended.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;

use hmr_abi::state::{TaskAnswer, TaskState};
use sycamore_reactive::{NodeHandle, create_signal};

use crate::reactive::owner::note_made;
use crate::reactive::reader::follow;
use crate::reactive::turn::MadeIn;
use crate::reactive::writes::notify;
use crate::state::instance::Instance;
use crate::state::node::Trigger;
use crate::state::scope::Scope;

/// The future that a task runs.
pub(super) type Work = Pin<Box<dyn Future<Output = ()>>>;

/// A task that has not ended.
pub(super) struct Running {
    pub(super) id: u64,
    pub(super) key: String,
    pub(super) scope: Rc<Scope>,
    /// The owner of what it makes.
    pub(super) owner: Cell<NodeHandle>,
    pub(super) made: MadeIn,
    /// `None` while it is polled, and once it has ended.
    pub(super) work: RefCell<Option<Work>>,
    pub(super) ended: Rc<Cell<bool>>,
    pub(super) state: RefCell<TaskState>,
    /// The answers from before the code was replaced.
    pub(super) previous_answers: RefCell<Vec<TaskAnswer>>,
    pub(super) flag: Flag,
}

impl Running {
    pub(super) fn instance(&self) -> &Instance {
        &self.scope.instance
    }

    /// Its part of a snapshot.
    pub(super) fn state(&self) -> TaskState {
        self.state.borrow().clone()
    }

    /// The previous answer to a request, if the request is the same. After a different request, later answers are not used.
    pub(super) fn replay(&self, name: &str, asked: &str) -> Option<TaskAnswer> {
        let mut answers = self.previous_answers.borrow_mut();
        let at = answers.iter().position(|answer| answer.name == name)?;
        let answer = answers.swap_remove(at);
        if answer.asked == asked {
            return Some(answer);
        }
        answers.clear();
        None
    }

    /// Whether it continues when its content is disposed, because the handler that closes the content has just started it.
    pub(super) fn outlives_content(&self) -> bool {
        self.made.is_being_rendered() && self.state.borrow().handler && !self.ended.get()
    }
}

/// Whether a task runs, to be followed. `Copy`.
#[derive(Clone, Copy)]
pub(super) struct Flag(Trigger);

impl Flag {
    pub(super) fn new() -> Self {
        note_made();
        Self(create_signal(Rc::new(Cell::new(false))))
    }

    pub(super) fn set(self, runs: bool) {
        if self.0.is_alive() {
            self.set_silent(runs);
            notify(self.0);
        }
    }

    /// Sets it without notifying, if it is not disposed.
    pub(super) fn set_silent(self, runs: bool) {
        if self.0.is_alive()
            && let Some(flag) = self.0.get_clone_untracked().downcast_ref::<Cell<bool>>()
        {
            flag.set(runs);
        }
    }

    pub(super) fn get(self) -> bool {
        if !self.0.is_alive() {
            return false;
        }
        follow(*self.0);
        self.0.get_clone_untracked().downcast_ref::<Cell<bool>>().is_some_and(Cell::get)
    }
}
