//! The engine's page: all that it holds ([`PageState`]), and everything that calls its modules.
//!
//! A module is called through [`call::call`] alone, which applies what the module requested once it is off the stack. What
//! follows from that (mounting, unmounting, values, firings) is done later, step by step, when the page settles.
//!
//! Invariant: while a swap holds a module, nothing but the swap calls it; what happens to it waits in its queue.

pub(crate) mod call;
pub(crate) mod connect;
pub(crate) mod detach;
pub(crate) mod events;
pub(crate) mod firings;
pub(crate) mod focus;
pub(crate) mod guest_call;
pub(crate) mod health;
pub(crate) mod invalidate;
pub(crate) mod load;
pub(crate) mod mounting;
pub(crate) mod notify;
pub(crate) mod render_again;
pub(crate) mod requests;
pub(crate) mod snapshots;
pub(crate) mod values;

use std::collections::VecDeque;
use std::rc::Rc;

use hmr_abi::ops::Method;

use crate::connections::Connections;
use crate::dom::{Dom, Node};
use crate::environment::Environment;
use crate::guest::machine::Limits;
use crate::guest::page_values::PageValues;
use crate::guest::{Clock, RunConfig};
use crate::module::Modules;
use crate::mounts::Mounts;
use crate::mounts::detached::DetachedStates;
use crate::mounts::invalidations::Invalidations;
use crate::report::log::Log;

/// All that a page holds. Each field is a table with its own rules; functions that need only some of them take these.
pub(crate) struct PageState {
    pub(crate) limits: Limits,
    pub(crate) clock: Clock,
    pub(crate) page_values: PageValues,
    pub(crate) dom: Dom,
    pub(crate) modules: Modules,
    pub(crate) mounts: Mounts,
    pub(crate) detached: DetachedStates,
    pub(crate) invalidations: Invalidations,
    pub(crate) environment: Environment,
    pub(crate) connections: Connections,
    pub(crate) log: Log,
    /// Calls of elements' methods that modules requested, made once the modules are off the stack.
    pub(crate) method_calls: VecDeque<(Node, Method)>,
}

impl PageState {
    pub(crate) fn new(
        dom: Dom,
        limits: Limits,
        clock: Clock,
        page_values: PageValues,
        environment: Environment,
    ) -> Self {
        Self {
            limits,
            clock,
            page_values,
            dom,
            modules: Modules::default(),
            mounts: Mounts::default(),
            detached: DetachedStates::default(),
            invalidations: Invalidations::default(),
            environment,
            connections: Connections::default(),
            log: Log::default(),
            method_calls: VecDeque::new(),
        }
    }

    /// Begins an action of the page's user: an event, a swap, time that passes.
    pub(crate) fn begin(&mut self) {
        self.invalidations.clear_handled();
        self.environment.begin_turn();
    }

    /// What a module's code runs with.
    pub(crate) fn run_config(&self, module: &str) -> RunConfig {
        let calls = self.modules.get(module).map(|record| Rc::clone(&record.calls));
        RunConfig {
            limits: self.limits,
            clock: self.clock.clone(),
            page_values: self.page_values.clone(),
            calls: calls.unwrap_or_default(),
        }
    }
}
