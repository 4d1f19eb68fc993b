//! What a test uses: the page, its elements, its modules, and an application's sources.
//!
//! A [`Page`] is a handle to a [`PageState`]. The files below add its methods, each with the types that belong to them.
//! Functions of the test (servers, host functions, listeners) run while nothing of the page is borrowed, so they may use it.

pub(crate) mod actions;
pub(crate) mod builder;
pub(crate) mod calls;
pub(crate) mod element;
pub(crate) mod error;
pub(crate) mod execute;
pub(crate) mod files;
pub(crate) mod history;
pub(crate) mod inspect;
pub(crate) mod listen;
pub(crate) mod location;
pub(crate) mod observers;
pub(crate) mod project;
pub(crate) mod proxy;
pub(crate) mod requests;
pub(crate) mod snapshots;
pub(crate) mod storage;
pub(crate) mod streams;
pub(crate) mod swaps;
pub(crate) mod transforms;
pub(crate) mod window;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use self::builder::PageBuilder;
use self::requests::Server;
use crate::connections::Delivery;
use crate::environment::HostTask;
use crate::page::PageState;
use crate::page::firings::report_excess;
use crate::page::notify::notify_listeners;
use crate::page::values::next_to_transform;
use crate::swap::settle::settle;

/// A page that runs, without a browser.
///
/// A `Page` is a handle: [`Element`](crate::Element)s that were found in it stay usable while it is used otherwise.
#[derive(Clone)]
pub struct Page {
    state: Rc<RefCell<PageState>>,
    /// The servers that the test plays.
    servers: Rc<RefCell<Vec<Server>>>,
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").finish_non_exhaustive()
    }
}

/// Work for a function of the test.
enum TestTask {
    Host(HostTask),
    /// A host function transforms a value in transit.
    Transform(Box<Delivery>),
}

impl Page {
    fn new(state: PageState, servers: Vec<Server>) -> Self {
        Self { state: Rc::new(RefCell::new(state)), servers: Rc::new(RefCell::new(servers)) }
    }

    /// Starts with an empty document and no modules.
    #[must_use]
    pub fn builder() -> PageBuilder {
        PageBuilder::default()
    }

    /// Lets the page settle: does the pending work, including that of functions of the test.
    fn settle(&self) {
        loop {
            let task = {
                let mut state = self.state.borrow_mut();
                settle(&mut state);
                next_task(&mut state)
            };
            match task {
                Some(TestTask::Host(HostTask::Call(serial))) => self.run_call(serial),
                Some(TestTask::Host(HostTask::Request(serial))) => self.run_server(serial),
                Some(TestTask::Transform(delivery)) => self.run_transform(*delivery),
                None => break,
            }
        }
        notify_listeners(&self.state);
    }

    /// Does something to the page from outside, and lets it settle.
    fn act<T>(&self, act: impl FnOnce(&mut PageState) -> T) -> T {
        let answer = {
            let mut state = self.state.borrow_mut();
            state.begin();
            act(&mut state)
        };
        self.settle();
        answer
    }
}

fn next_task(state: &mut PageState) -> Option<TestTask> {
    if let Some(delivery) = next_to_transform(state) {
        return Some(TestTask::Transform(Box::new(delivery)));
    }
    match state.environment.next_host_task() {
        Ok(task) => task.map(TestTask::Host),
        Err(excess) => {
            report_excess(&mut state.log, excess);
            None
        }
    }
}
