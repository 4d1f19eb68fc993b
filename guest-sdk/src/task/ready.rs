//! The queue of tasks that were woken.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Wake, Waker};

thread_local! {
    /// In the order in which they were woken.
    static READY: RefCell<VecDeque<u64>> = const { RefCell::new(VecDeque::new()) };
}

/// Lets a task run when the engine's call is about to return.
pub(super) fn wake(id: u64) {
    READY.with_borrow_mut(|ready| {
        if !ready.contains(&id) {
            ready.push_back(id);
        }
    });
}

/// Removes the first task of the queue.
pub(super) fn next() -> Option<u64> {
    READY.with_borrow_mut(VecDeque::pop_front)
}

/// A waker for a task.
pub(super) fn waker(id: u64) -> Waker {
    Waker::from(Arc::new(TaskWaker(id)))
}

struct TaskWaker(u64);

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        wake(self.0);
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub(super) fn reset() {
    READY.take();
}
