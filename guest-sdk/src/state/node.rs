//! The node of a signal in the reactive graph, and what is known of signals that were removed.
//!
//! A node belongs to the instance, not to the scope that made the signal: when content renders again, its signals take over
//! the nodes of the previous rendering. So a closure of that rendering, which may still be held, writes to the signal
//! that exists now.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::Location;
use std::rc::Rc;

use sycamore_reactive as reactive;

use crate::engine::send_log;

/// Notifies the followers of a signal, and holds the storage of its value.
pub(crate) type Trigger = reactive::Signal<Rc<dyn Any>>;

/// The number of removed signals whose keys are remembered. Of others only the place in the source is known.
const MAX_REMOVED_NAMES: usize = 4_096;

/// The number of writes to removed signals that are logged.
const MAX_REPORTS: usize = 100;

/// A signal's trigger, and its unique number; 0 if it was made outside of any component.
#[derive(Clone, Copy)]
pub(crate) struct Node {
    pub(crate) trigger: Trigger,
    pub(crate) number: u64,
    /// The code that made the signal.
    pub(crate) made_at: &'static Location<'static>,
}

thread_local! {
    /// The number of the last signal.
    static LAST: Cell<u64> = const { Cell::new(0) };
    /// The names of removed signals by number, the latest last.
    static REMOVED: RefCell<VecDeque<(u64, String)>> = const { RefCell::new(VecDeque::new()) };
    /// Removed signals that can still be read until the engine's call returns: by clean-ups, and by what closed their content.
    static READABLE: RefCell<Vec<Node>> = const { RefCell::new(Vec::new()) };
    /// The logged texts about writes to removed signals.
    static REPORTED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Notes that the signal of a key was removed.
pub(crate) fn note_removed(component: &str, key: &str, node: Node) {
    READABLE.with_borrow_mut(|readable| readable.push(node));
    REMOVED.with_borrow_mut(|removed| {
        if removed.len() == MAX_REMOVED_NAMES {
            removed.pop_front();
        }
        removed.push_back((node.number, format!("`{key}` of `{component}`")));
    });
}

/// The engine's call returns: removed signals can no longer be read.
pub(crate) fn dispose_removed() {
    for node in READABLE.take() {
        node.trigger.dispose();
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn reset() {
    LAST.set(0);
    REMOVED.take();
    READABLE.take();
    REPORTED.take();
}

impl Node {
    /// A node that belongs to the running reactive scope, and to no instance.
    pub(crate) fn of_no_instance(value: Rc<dyn Any>, made_at: &'static Location<'static>) -> Self {
        Self { trigger: reactive::create_signal(value), number: 0, made_at }
    }

    /// A node that belongs to the running reactive scope, with a number of its own.
    pub(crate) fn numbered(value: Rc<dyn Any>, made_at: &'static Location<'static>) -> Self {
        LAST.set(LAST.get() + 1);
        Self { trigger: reactive::create_signal(value), number: LAST.get(), made_at }
    }

    /// Whether the signal was removed.
    pub(crate) fn is_removed(self) -> bool {
        let is_it = |node: &Node| node.number == self.number;
        !self.trigger.is_alive() || READABLE.with_borrow(|readable| readable.iter().any(is_it))
    }

    /// The name of a removed signal.
    pub(crate) fn name(self) -> String {
        let known = REMOVED.with_borrow(|removed| {
            let known = removed.iter().find(|(number, _)| *number == self.number);
            known.map(|(_, name)| format!("the signal {name}"))
        });
        known.unwrap_or_else(|| format!("the signal that was made at {}", self.made_at))
    }

    /// Logs a write to a removed signal, once for each signal and place in the source.
    pub(crate) fn report_lost_write(self, at: &Location<'_>) {
        let name = self.name();
        let text = format!("{name} was written at {at} after it had gone: the value goes nowhere");
        REPORTED.with_borrow_mut(|reported| {
            if reported.len() > MAX_REPORTS || reported.contains(&text) {
                return;
            }
            if reported.len() == MAX_REPORTS {
                send_log(2, "further writes to signals that are gone are not reported");
            } else {
                send_log(2, &text);
            }
            reported.push(text);
        });
    }
}
