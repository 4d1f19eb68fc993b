//! Actions: tasks that are declared in a component's body and started by its handlers.

use std::any::Any;
use std::cell::Cell;
use std::marker::PhantomData;
use std::rc::Rc;

use hmr_abi::state::{TaskOutcome, TaskState};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sycamore_reactive::{NodeHandle, use_current_scope};

use super::control::{Start, cancel, next_id, start};
use super::executor;
use super::running::{Flag, Work};
use super::table::{Previous, Tasks};
use crate::encoding::{self, ReadError};
use crate::engine::send_log;
use crate::reactive::handle::Handle;
use crate::resource::requesting_scope;
use crate::state::scope::Scope;

/// A task that runs on request, with an argument. `Copy`.
pub struct Action<T> {
    declared: Option<Handle<Declared>>,
    argument: PhantomData<fn(T)>,
}

impl<T> Clone for Action<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Action<T> {}

impl<T> std::fmt::Debug for Action<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Action").field("declared", &self.declared).finish()
    }
}

struct Declared {
    /// Its path is the action's key.
    scope: Rc<Scope>,
    owner: NodeHandle,
    flag: Flag,
    work: Box<dyn Fn(Box<dyn Any>) -> Option<Work>>,
    running: Cell<u64>,
}

/// Declares a task that `run(argument)` starts. A swap while it runs resumes it with its argument, as it does the tasks of
/// [`spawn`](super::spawn).
///
/// ```
/// # use hmr_sdk::prelude::*;
/// # #[component] fn App() -> View {
/// let save = action("save", move |text: String| async move {
///     if let Err(error) = http::post("/notes").body(text).send().await {
///         log::error(error);
///     }
/// });
/// view! { <button on:click={move |_| save.run("milk".to_owned())} disabled={move || save.is_running()}>"Save"</button> }
/// # }
/// ```
pub fn action<T, F, W>(name: &str, work: F) -> Action<T>
where
    T: Serialize + DeserializeOwned + 'static,
    F: Fn(T) -> W + 'static,
    W: Future<Output = ()> + 'static,
{
    let work = Box::new(move |argument: Box<dyn Any>| {
        let argument = argument.downcast::<T>().ok()?;
        Some(Box::pin(work(*argument)) as Work)
    });
    let read = |json: &str| Ok(Box::new(encoding::read::<T>(json)?) as Box<dyn Any>);
    Action { declared: declare(name, work, read), argument: PhantomData }
}

fn declare(
    name: &str,
    work: Box<dyn Fn(Box<dyn Any>) -> Option<Work>>,
    read: fn(&str) -> Result<Box<dyn Any>, ReadError>,
) -> Option<Handle<Declared>> {
    let scope = requesting_scope(name)?;
    let key = scope.task_key(name);
    let (owner, flag) = (use_current_scope(), Flag::new());
    let declared = Declared { scope: scope.at_key(&key), owner, flag, work, running: Cell::new(0) };
    let tasks = Tasks::of(&scope.instance);
    if let Some(Previous::Running(state)) = tasks.claim(&key) {
        let json = state.argument.as_deref().map(RawValue::get);
        let argument = json.ok_or_else(|| "it has no argument that could be read".to_owned());
        let read =
            |json| read(json).map_err(|error| format!("its argument does not parse: {error}"));
        match argument.and_then(read) {
            Ok(argument) => {
                tasks.note_outcome(&key, TaskOutcome::Resumed);
                declared.start(argument, state);
            }
            Err(reason) => tasks.note_outcome(&key, TaskOutcome::Dropped { reason }),
        }
    }
    Some(Handle::new(declared))
}

impl Declared {
    fn start(&self, argument: Box<dyn Any>, state: TaskState) {
        self.cancel();
        let Some(work) = (self.work)(argument) else { return };
        let id = next_id();
        self.running.set(id);
        let (scope, owner, flag) = (self.scope.fresh(), self.owner, Some(self.flag));
        executor::enable();
        start(Start { id, scope, owner, flag, state, work });
    }

    fn cancel(&self) {
        cancel(self.running.get());
    }
}

impl<T: Serialize + DeserializeOwned + 'static> Action<T> {
    /// Starts it. If it runs already, that run is cancelled first: look at [`Action::is_running`] if it must not be.
    pub fn run(self, argument: T) {
        let json = encoding::write(&argument);
        self.run_boxed(Box::new(argument), json.map_err(|error| error.to_string()));
    }
}

impl<T> Action<T> {
    fn run_boxed(self, argument: Box<dyn Any>, json: Result<Box<RawValue>, String>) {
        let Some(declared) = self.declared.and_then(Handle::get) else {
            send_log(2, "an action was run after its component had gone");
            return;
        };
        let argument_json = json.unwrap_or_else(|error| {
            let key = declared.scope.path();
            send_log(
                2,
                &format!(
                    "a swap could not resume `{key}`: its argument cannot be written: {error}"
                ),
            );
            RawValue::NULL.to_owned()
        });
        declared
            .start(argument, TaskState { argument: Some(argument_json), ..TaskState::default() });
    }

    /// Whether it runs; the running effect, memo or view follows it.
    #[must_use]
    pub fn is_running(self) -> bool {
        self.declared.and_then(Handle::get).is_some_and(|declared| declared.flag.get())
    }

    /// Ends it where it waits; its request is withdrawn.
    pub fn cancel(self) {
        if let Some(declared) = self.declared.and_then(Handle::get) {
            declared.cancel();
        }
    }
}
