//! The one place that holds a module's running state: its instances, handlers and the batch being written.
//!
//! A wasm module has one thread and so one runtime. On a host each thread has its own, and [`reset`] starts it over,
//! which is how a test plays the old and the new code of a swap in turn.
//! Every cell is borrowed for the length of one small operation only; user code never runs inside a borrow.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use sycamore_reactive::{RootHandle, create_root};

use crate::component::Export;
use crate::event::Handler;
use crate::instance::{Gone, Instance};
use crate::migration::Migration;
use crate::placed::Placed;
use crate::resource::Observer;
use crate::task::Running;

/// A module's state; see the module's documentation.
pub(crate) struct Runtime {
    pub(crate) root: RootHandle,
    /// Mounted instances, in the order of mounting.
    pub(crate) instances: RefCell<Vec<Rc<Instance>>>,
    /// The mountable components, by name.
    pub(crate) components: RefCell<BTreeMap<String, Export>>,
    /// The migrations of all components.
    pub(crate) migrations: RefCell<Vec<Migration>>,
    pub(crate) handlers: RefCell<BTreeMap<u32, Handler>>,
    pub(crate) batch: RefCell<Vec<u8>>,
    /// Method calls, which go to the end of the batch, when the element is in the document.
    pub(crate) calls: RefCell<Vec<u8>>,
    /// Tasks that have not ended.
    pub(crate) tasks: RefCell<Vec<Rc<Running>>>,
    /// Those that watch the element of a reference.
    pub(crate) observers: RefCell<Vec<Observer>>,
    /// Whether it was reported that signals are distinguished by their order only.
    pub(crate) said_unnamed: Cell<bool>,
    /// The elements of other modules' components.
    pub(crate) placed: Placed,
    /// Signals that are gone.
    pub(crate) gone: Gone,
    pub(crate) last_task: Cell<u64>,
    pub(crate) last_signal: Cell<u64>,
    /// How often the clock was read.
    pub(crate) clock_reads: Cell<u64>,
    pub(crate) last_node: Cell<u32>,
    pub(crate) last_handler: Cell<u32>,
}

thread_local! {
    static RUNTIME: RefCell<Rc<Runtime>> = RefCell::new(Rc::new(Runtime::new()));
}

impl Runtime {
    fn new() -> Self {
        Self {
            root: create_root(|| {}),
            instances: RefCell::default(),
            components: RefCell::default(),
            migrations: RefCell::default(),
            handlers: RefCell::default(),
            batch: RefCell::default(),
            calls: RefCell::default(),
            tasks: RefCell::default(),
            observers: RefCell::default(),
            said_unnamed: Cell::new(false),
            placed: Placed::default(),
            gone: Gone::default(),
            last_task: Cell::new(0),
            last_signal: Cell::new(0),
            clock_reads: Cell::new(0),
            last_node: Cell::new(0),
            last_handler: Cell::new(0),
        }
    }

    /// The mounted instance of this id.
    pub(crate) fn instance(&self, id: u32) -> Option<Rc<Instance>> {
        self.instances.borrow().iter().find(|instance| instance.id == id).cloned()
    }
}

/// This thread's runtime.
pub(crate) fn runtime() -> Rc<Runtime> {
    RUNTIME.with_borrow(Rc::clone)
}

/// Starts over with an empty runtime, whose node and handler numbers restart.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn reset() {
    // While it is still the runtime: clean-ups note there what goes.
    runtime().root.dispose();
    RUNTIME.set(Rc::new(Runtime::new()));
    crate::task::reset();
}
