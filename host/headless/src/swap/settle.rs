//! Doing what follows from an action, until nothing is left to do.
//!
//! Code that failed is undone or restarted first; then come the calls of elements' methods, mounting, invalidations, and at
//! last firings, values and mutations. When nothing is left, the state of each module that was called is captured.

use super::restart::restart;
use super::undo::undo;
use crate::module::record::{ModuleRecord, Waiting};
use crate::page::PageState;
use crate::page::connect::{refresh, report_missing};
use crate::page::events::{deliver, describe, listener};
use crate::page::firings::{
    deliver_firing, deliver_waiting_firing, fire_mutations, report_not_handled,
};
use crate::page::focus::call_method;
use crate::page::guest_call::{capture, trap};
use crate::page::invalidate::handle_invalidation;
use crate::page::mounting::place_components;
use crate::page::values::{deliver_value, deliver_waiting_value};
use crate::report::slow_export::SlowExport;
use crate::report::swap::Swap;

/// Does the pending work until none is left, and records the states of modules.
pub(crate) fn settle(state: &mut PageState) {
    loop {
        do_pending_work(state);
        state.invalidations.end_round();
        report_missing(state);
        if capture_changed(state) {
            break;
        }
    }
    report_slow_exports(state);
}

fn do_pending_work(state: &mut PageState) {
    loop {
        if let Some(module) = state.modules.first_free(ModuleRecord::awaits_undo) {
            undo(state, &module);
            deliver_waiting(state, &module);
        } else if let Some(module) = state.modules.first_free(ModuleRecord::awaits_restart) {
            restart(state, &module);
            deliver_waiting(state, &module);
        } else if let Some((node, method)) = state.method_calls.pop_front() {
            call_method(state, node, method);
        } else if !place_components(state) && !handle_invalidation(state) && !notify_modules(state)
        {
            break;
        }
    }
}

/// Makes one step of notifying modules: firings, then values, then changes below observed elements. Returns whether there was
/// a step to make.
fn notify_modules(state: &mut PageState) -> bool {
    refresh(state);
    deliver_firing(state) || deliver_value(state) || fire_mutations(state)
}

/// Delivers what waited for the end of a swap to the code that runs now. What waits when the code fails goes to the code that
/// replaces it.
pub(crate) fn deliver_waiting(state: &mut PageState, module: &str) {
    while let Some(waiting) = state.modules.get_mut(module).and_then(ModuleRecord::next_waiting) {
        state.environment.begin_turn();
        match waiting {
            Waiting::Event { node, capture, data } => {
                let dom = &state.dom;
                if listener(dom, node, &data.kind, capture).is_some() {
                    deliver(state, node, capture, &data);
                } else if dom.contains(dom.root(), node) {
                    let what = describe(dom, node, &data);
                    report_not_handled(&mut state.log, module, &what, "its handler is gone");
                }
            }
            Waiting::Firing { live, data } => deliver_waiting_firing(state, &live, &data),
            Waiting::Value(delivery) => deliver_waiting_value(state, module, &delivery),
        }
        settle(state);
    }
}

/// Captures the state of each module that was called since its last good state. Returns whether none trapped.
fn capture_changed(state: &mut PageState) -> bool {
    let PageState { modules, log, .. } = state;
    let mut all_well = true;
    let changed = modules.iter().filter(|(_, record)| record.has_changed());
    for module in changed.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
        match capture(modules, log, &module) {
            Some(Ok(snapshot)) => {
                if let Some(record) = modules.get_mut(&module) {
                    record.note_keys(&snapshot);
                    record.note_good_state(snapshot);
                }
            }
            Some(Err(fault)) => {
                trap(modules, log, &module, "capturing the state", &fault);
                all_well = false;
            }
            None => {}
        }
        if let Some(record) = modules.get_mut(&module) {
            record.capture_ended();
        }
    }
    all_well
}

/// Warns of exports that have slowed down since the last swaps.
fn report_slow_exports(state: &mut PageState) {
    let PageState { modules, log, .. } = state;
    for (name, record) in modules.iter_mut() {
        for (export, before, after, calls) in record.find_slow_exports() {
            let (module, hash) = (name.clone(), record.code().hash.to_string());
            log.slow_export(SlowExport { module, hash, export, before, after, calls });
        }
    }
}

/// Records a swap that has ended, and lets the page settle. Invalidations that had to wait for its end are dealt with then,
/// and reported with it.
pub(crate) fn settle_swap(state: &mut PageState, swap: Swap) -> Swap {
    let unsettled = state.log.swap_ended_unsettled(swap);
    settle(state);
    let invalidated = state.invalidations.take_handled();
    state.log.swap_settled(unsettled, |swap| swap.invalidated = invalidated)
}
