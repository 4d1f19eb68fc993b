//! A task's request to the engine: the one future that all others are built on.
//!
//! The first poll sends the request. If the same request was answered before the code was replaced, that answer is available at once,
//! and nothing is sent. Otherwise the request has `replay` set, so that the engine does not carry out a request twice that it has
//! answered after the last snapshot.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use hmr_abi::event::Resource;
use hmr_abi::state::TaskAnswer;

use super::executor::current;
use super::running::Running;
use crate::engine::send_log;
use crate::event::Event;
use crate::resource::{Open, open_key};

/// The data that a resource returns, once. `None` if it is awaited outside of a task, where no request is possible.
pub(crate) struct Ask {
    resource: Option<Resource>,
    pending: Option<(Rc<Open>, Rc<Pending>)>,
}

#[derive(Default)]
struct Pending {
    answer: RefCell<Option<String>>,
    waker: RefCell<Option<Waker>>,
}

/// A task with so many requests probably never ends.
const MANY_REQUESTS: usize = 200;

impl Ask {
    pub(crate) fn new(resource: Resource) -> Self {
        Self { resource: Some(resource), pending: None }
    }

    fn begin(&mut self, task: &Rc<Running>, resource: Resource) -> Option<String> {
        let name = task.scope.unique_resource_name("request");
        let asked = serde_json::to_string(&resource).unwrap_or_default();
        if let Some(answer) = task.replay(&name, &asked) {
            let data = answer.data.clone().unwrap_or_default();
            task.add_answer(answer);
            return Some(data);
        }
        let pending = Rc::new(Pending::default());
        let (answered, asking) = (Rc::clone(&pending), Rc::clone(task));
        let key = task.scope.key(&name);
        let call = Box::new(move |event: Event| {
            let data = event.sent();
            *answered.answer.borrow_mut() = Some(data.clone().unwrap_or_default());
            asking.add_answer(TaskAnswer { name: name.clone(), asked: asked.clone(), data });
            if let Some(waker) = answered.waker.take() {
                waker.wake();
            }
        });
        let open = open_key(&task.scope.instance, key, resource, call, true);
        self.pending = Some((open, pending));
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
        if task.ended.get() {
            return Poll::Pending;
        }
        if let Some(resource) = self.resource.take()
            && let Some(data) = self.begin(&task, resource)
        {
            return Poll::Ready(Some(data));
        }
        let Some((open, pending)) = &self.pending else { return Poll::Pending };
        if let Some(data) = pending.answer.take() {
            open.remove_handler();
            self.pending = None;
            return Poll::Ready(Some(data));
        }
        *pending.waker.borrow_mut() = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Ask {
    /// Nothing waits for it any more: the request is withdrawn.
    fn drop(&mut self) {
        if let Some((open, _)) = self.pending.take() {
            open.end();
        }
    }
}

impl Running {
    fn add_answer(&self, answer: TaskAnswer) {
        let answers = &mut self.state.borrow_mut().answers;
        answers.push(answer);
        if answers.len() == MANY_REQUESTS {
            let key = &self.key;
            send_log(
                2,
                &format!(
                    "the task `{key}` has asked the engine {MANY_REQUESTS} times, and keeps all the answers until it ends; what goes on for ever is better an `interval` that starts tasks"
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
