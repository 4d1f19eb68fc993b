//! Tasks: asynchronous work that a component starts, and a small executor that runs it.
//!
//! A task has a key, as a signal has. Its future runs when a call of the engine is about to return, never during a
//! rendering, in a key scope and a reactive scope of its own: what it requests from the engine is called `KEY:request`,
//! `KEY:request#1`, … and ends with it.
//!
//! A swap cannot move a future. The new code runs the future of the same key from its beginning, and requests that the engine has
//! answered before are answered at once, from the snapshot; see [`ask`].
//!
//! Invariants: a key names one task; a future is polled by [`executor::run_ready`] alone, and never while it is being polled; a task
//! that has ended is never polled again.

pub(crate) mod action;
pub(crate) mod ask;
mod control;
pub(crate) mod executor;
mod ready;
mod running;
pub(crate) mod table;

use std::rc::Rc;

use hmr_abi::state::{TaskOutcome, TaskState};
use sycamore_reactive::use_current_scope;

use crate::engine::send_log;
use crate::reactive::owner::on_cleanup;
use crate::resource::run_in_scope_or_instance;
use crate::state::scope::{self, Entry, Scope};
use control::{Start, cancel, next_id, start};
use running::{Flag, Work};
use table::{Previous, Tasks};

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
/// In a handler, `name` is for messages only: a swap drops the task, since the handler does not run again. [`action`](crate::action()) makes
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
    run_in_scope_or_instance(&scope, || spawn_in(&scope, name, work))
        .unwrap_or(Task { flag: None, id: 0 })
}

fn spawn_in(scope: &Rc<Scope>, name: &str, work: Work) -> Task {
    let tasks = Tasks::of(&scope.instance);
    let mut key = scope.task_key(name);
    if scope.entry() == Entry::Again {
        tasks.forget_done(&key);
    }
    while tasks.has(&key) {
        key = scope.task_key(name);
    }
    let handler = scope.entry() == Entry::Later;
    let previous = if handler { None } else { tasks.claim(&key) };
    let id = next_id();
    if !handler {
        // That it has ended is remembered until the content that started it is disposed.
        let tasks = Rc::clone(&tasks);
        on_cleanup(move || tasks.remove(id));
    }
    let state = match previous {
        Some(Previous::Done) => {
            tasks.begin_done(&key, id);
            return Task { flag: None, id };
        }
        Some(Previous::Running(state)) => {
            tasks.note_outcome(&key, TaskOutcome::Resumed);
            TaskState { argument: None, ..state }
        }
        None => TaskState { handler, ..TaskState::default() },
    };
    let (scope, owner) = (scope.at_key(&key), use_current_scope());
    executor::enable();
    let flag = start(Start { id, scope, owner, flag: None, state, work });
    Task { flag: Some(flag), id }
}

/// Forgets the tasks of a previous page.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn reset() {
    control::reset();
    executor::reset();
    ready::reset();
}
