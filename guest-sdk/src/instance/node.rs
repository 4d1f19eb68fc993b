//! The node of a signal in the reactive graph, and data about removed nodes.
//!
//! A node belongs to the instance, not to the scope that made the signal: when content renders again, its signals take over
//! the nodes of the previous rendering. So a closure of that rendering, which may still be held, writes to the signal
//! that exists now.

use std::any::Any;
use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::panic::Location;
use std::rc::Rc;

use sycamore_reactive::create_signal;

use super::Instance;
use crate::engine::send_log;
use crate::reactive::Trigger;
use crate::runtime::runtime;

/// Of how many signals that are gone the keys are known. Of the others it is the place that made them.
const MOST_NAMES: usize = 4_096;

/// How many writes that reached nothing are logged.
const MOST_REPORTS: usize = 100;

/// A signal's trigger, and its unique number; 0 if it was made outside of any component.
#[derive(Clone, Copy)]
pub(crate) struct Node {
    pub(crate) trigger: Trigger,
    pub(crate) number: u64,
    /// The code that made the signal.
    pub(crate) made_at: &'static Location<'static>,
}

/// The removed signals, and what was reported about them.
#[derive(Default)]
pub(crate) struct Gone {
    /// By number, the latest last.
    names: RefCell<VecDeque<(u64, String)>>,
    /// Those that can still be read until the engine's call returns: by clean-ups, and by what closed their content.
    readable: RefCell<Vec<Node>>,
    reported: RefCell<BTreeSet<String>>,
}

impl Gone {
    /// The engine's call returns.
    pub(crate) fn settle(&self) {
        for node in self.readable.take() {
            node.trigger.dispose();
        }
    }
}

impl Node {
    /// Whether the signal is gone.
    pub(crate) fn is_gone(self) -> bool {
        let is_it = |node: &Node| node.number == self.number;
        !self.trigger.is_alive() || runtime().gone.readable.borrow().iter().any(is_it)
    }

    /// The name of a removed signal.
    pub(crate) fn name(self) -> String {
        let runtime = runtime();
        let names = runtime.gone.names.borrow();
        let known = names.iter().find(|(number, _)| *number == self.number);
        known.map_or_else(
            || format!("the signal that was made at {}", self.made_at),
            |(_, name)| format!("the signal {name}"),
        )
    }

    /// Logs that a signal was written which is gone; once for each signal and place.
    pub(crate) fn report_lost_write(self, at: &Location<'_>) {
        let name = self.name();
        let text = format!("{name} was written at {at} after it had gone: the value goes nowhere");
        let runtime = runtime();
        let mut reported = runtime.gone.reported.borrow_mut();
        if reported.len() > MOST_REPORTS || reported.contains(&text) {
            return;
        }
        if reported.len() == MOST_REPORTS {
            send_log(2, "further writes to signals that are gone are not reported");
        } else {
            send_log(2, &text);
        }
        reported.insert(text);
    }
}

impl Instance {
    /// A node for a new signal of the instance.
    pub(crate) fn new_node(&self, value: Rc<dyn Any>, made_at: &'static Location<'static>) -> Node {
        let runtime = runtime();
        let number = runtime.last_signal.get() + 1;
        runtime.last_signal.set(number);
        Node { trigger: self.nodes.run_in(|| create_signal(value)), number, made_at }
    }

    /// The signal of a key is gone.
    pub(crate) fn bury(&self, key: &str, node: Node) {
        let runtime = runtime();
        runtime.gone.readable.borrow_mut().push(node);
        let mut names = runtime.gone.names.borrow_mut();
        if names.len() == MOST_NAMES {
            names.pop_front();
        }
        names.push_back((node.number, format!("`{key}` of `{}`", self.component)));
    }
}
