//! The events of a page, and the listeners for them.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};

use crate::report::module_info::ModuleInfo;
use crate::report::slow_export::SlowExport;
use crate::report::swap::Swap;
use crate::report::trap::Trap;
use hmr_protocol::SwapStep;

/// Something that happened in a page.
#[derive(Debug, Clone)]
pub enum PageEvent {
    /// A swap entered a step.
    Step {
        /// The module.
        module: String,
        /// The version that the swap is about.
        hash: String,
        /// The step.
        step: SwapStep,
    },
    /// A swap ended.
    Swap(Swap),
    /// Code was committed.
    Update {
        /// The module as it is now.
        next: ModuleInfo,
        /// The module as it was.
        prev: ModuleInfo,
    },
    /// Running code trapped.
    Trap(Trap),
    /// Something is wrong that a developer should see; also in [`Page::problems`](crate::Page::problems).
    Problem(String),
    /// An export has become clearly slower since a swap; also in [`Page::warnings`](crate::Page::warnings).
    Slower(SlowExport),
}

/// A kind of [`PageEvent`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// [`PageEvent::Step`]
    Step,
    /// [`PageEvent::Swap`]
    Swap,
    /// [`PageEvent::Update`]
    Update,
    /// [`PageEvent::Trap`]
    Trap,
    /// [`PageEvent::Problem`]
    Problem,
    /// [`PageEvent::Slower`]
    Slower,
}

impl PageEvent {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Step { .. } => EventKind::Step,
            Self::Swap(_) => EventKind::Swap,
            Self::Update { .. } => EventKind::Update,
            Self::Trap(_) => EventKind::Trap,
            Self::Problem(_) => EventKind::Problem,
            Self::Slower(_) => EventKind::Slower,
        }
    }
}

type Callback = Rc<dyn Fn(&PageEvent)>;

/// The listeners of a page, in the order in which they came.
#[derive(Default)]
pub(crate) struct Listeners {
    all: RefCell<Vec<(u64, EventKind, Callback)>>,
    next: Cell<u64>,
}

impl Listeners {
    /// Calls the listeners for an event, in the order in which they came.
    pub(crate) fn call(&self, event: &PageEvent) {
        let kind = event.kind();
        let all = self.all.borrow();
        let of_kind = all.iter().filter(|(_, of, _)| *of == kind);
        let callbacks: Vec<Callback> = of_kind.map(|(.., one)| Rc::clone(one)).collect();
        drop(all);
        for callback in callbacks {
            callback(event);
        }
    }

    pub(crate) fn add(
        self: &Rc<Self>,
        kind: EventKind,
        listener: impl Fn(&PageEvent) + 'static,
    ) -> Subscription {
        let id = self.next.replace(self.next.get() + 1);
        self.all.borrow_mut().push((id, kind, Rc::new(listener)));
        Subscription { listeners: Rc::downgrade(self), id }
    }

    pub(crate) fn clear(&self) {
        self.all.borrow_mut().clear();
    }
}

/// A listener, until it is cancelled. Dropping this leaves it there.
pub struct Subscription {
    listeners: Weak<Listeners>,
    id: u64,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Subscription {
    /// Takes the listener away.
    pub fn cancel(self) {
        if let Some(listeners) = self.listeners.upgrade() {
            listeners.all.borrow_mut().retain(|(id, ..)| *id != self.id);
        }
    }
}
