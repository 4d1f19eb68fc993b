//! Notifying listeners of a page's events: never while the page is in use, so that listeners may use it.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};

use crate::call_timing::SlowExport;
use crate::engine::State;
use crate::info::ModuleInfo;
use crate::page::Page;
use crate::record::Trap;
use crate::swap::{Swap, SwapStep};

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
    /// Something is wrong that a developer should see; also in [`Page::problems`].
    Problem(String),
    /// An export has become clearly slower since a swap; also in [`Page::warnings`].
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
    fn of(&self, kind: EventKind) -> Vec<Callback> {
        let all = self.all.borrow();
        all.iter().filter(|(_, of, _)| *of == kind).map(|(.., one)| Rc::clone(one)).collect()
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

/// Notifies listeners of the events since the last time.
pub(crate) fn tell(state: &RefCell<State>) {
    loop {
        let (event, listeners) = {
            let mut state = state.borrow_mut();
            let Some(event) = state.told.pop_front() else { return };
            (event, Rc::clone(&state.listeners))
        };
        for listener in listeners.of(event.kind()) {
            listener(&event);
        }
    }
}

impl Page {
    /// Has a function called at each event of a kind. It may use the page.
    ///
    /// The steps of a swap are reported as they are entered, all other events once their cause is over.
    pub fn on(&self, kind: EventKind, listener: impl Fn(&PageEvent) + 'static) -> Subscription {
        let listeners = Rc::clone(&self.state.borrow().listeners);
        let id = listeners.next.replace(listeners.next.get() + 1);
        listeners.all.borrow_mut().push((id, kind, Rc::new(listener)));
        Subscription { listeners: Rc::downgrade(&listeners), id }
    }

    /// Has a function called with each commit of a module's code: the module as it is, and as it was.
    pub fn on_module_update(
        &self,
        module: &str,
        listener: impl Fn(&ModuleInfo, &ModuleInfo) + 'static,
    ) -> Subscription {
        let module = module.to_owned();
        self.on(EventKind::Update, move |event| {
            if let PageEvent::Update { next, prev } = event
                && next.name == module
            {
                listener(next, prev);
            }
        })
    }
}
