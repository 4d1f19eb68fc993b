//! A task's request to the engine: the one future that all others are built on.
//!
//! The first poll asks. If the task was answered the same question before its code was replaced, the answer is available at once,
//! and the engine is not asked again. Otherwise the engine is asked with `replay`, so that a question which was answered after
//! the last snapshot is not acted on twice.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use hmr_abi::event::Resource;
use hmr_abi::state::TaskAnswer;

use super::{Running, current};
use crate::engine::send_log;
use crate::event::Event;
use crate::resource::{Open, open_key};

/// The data that a resource returns, once. `None` if it is awaited outside of a task, where no request is possible.
pub(crate) struct Ask {
    resource: Option<Resource>,
    asked: Option<(Rc<Open>, Rc<Pending>)>,
}

#[derive(Default)]
struct Pending {
    answer: RefCell<Option<String>>,
    waker: RefCell<Option<Waker>>,
}

/// After so many questions a task is likely to be one that never ends.
const MANY: usize = 200;

impl Ask {
    pub(crate) fn new(resource: Resource) -> Self {
        Self { resource: Some(resource), asked: None }
    }

    fn begin(&mut self, task: &Rc<Running>, resource: Resource) -> Option<String> {
        let name = task.scope.take_resource("request");
        let asked = serde_json::to_string(&resource).unwrap_or_default();
        if let Some(answer) = task.replay(&name, &asked) {
            let data = answer.data.clone().unwrap_or_default();
            task.note(answer);
            return Some(data);
        }
        let pending = Rc::new(Pending::default());
        let (told, asking) = (Rc::clone(&pending), Rc::clone(task));
        let key = task.scope.key(&name);
        let call = Box::new(move |event: Event| {
            let data = event.data_ref().data.clone();
            *told.answer.borrow_mut() = Some(data.clone().unwrap_or_default());
            asking.note(TaskAnswer { name: name.clone(), asked: asked.clone(), data });
            if let Some(waker) = told.waker.take() {
                waker.wake();
            }
        });
        let open = open_key(&task.scope.instance, key, resource, call, true);
        self.asked = Some((open, pending));
        None
    }
}

impl Future for Ask {
    type Output = Option<String>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(task) = current() else {
            send_log(
                3,
                "something was awaited outside of a task that only a task can wait for; start one with `spawn`",
            );
            return Poll::Ready(None);
        };
        if task.gone.get() {
            return Poll::Pending;
        }
        if let Some(resource) = self.resource.take()
            && let Some(data) = self.begin(&task, resource)
        {
            return Poll::Ready(Some(data));
        }
        let Some((open, pending)) = &self.asked else { return Poll::Pending };
        if let Some(data) = pending.answer.take() {
            open.spent();
            self.asked = None;
            return Poll::Ready(Some(data));
        }
        *pending.waker.borrow_mut() = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Ask {
    /// Nothing waits for it any more: the engine may stop.
    fn drop(&mut self) {
        if let Some((open, _)) = self.asked.take() {
            open.end();
        }
    }
}

impl Running {
    fn note(&self, answer: TaskAnswer) {
        let answers = &mut self.state.borrow_mut().answers;
        answers.push(answer);
        if answers.len() == MANY {
            let key = &self.key;
            send_log(
                2,
                &format!(
                    "the task `{key}` has asked the engine {MANY} times, and keeps all the answers until it ends; what goes on for ever is better an `interval` that starts tasks"
                ),
            );
        }
    }
}

/// Waits so many milliseconds. Only in a task.
pub fn sleep(ms: impl Into<f64>) -> impl Future<Output = ()> {
    wait(ms.into().max(0.0))
}

async fn wait(ms: f64) {
    if Ask::new(Resource::Timeout { ms }).await.is_none() {
        std::future::pending::<()>().await;
    }
}
