//! Calls of running code, and what they request.

use crate::guest::fault::Fault;
use crate::guest::{Effect, Guest};
use crate::page::PageState;
use crate::page::guest_call::{call_held_back, trap};
use crate::page::health::count_call;
use crate::page::requests::{Requests, apply_requests};
use crate::rendering::tree::TreeRequests;
use crate::report::log::LogLevel;

/// Calls running code and applies its requests. Nothing if it is not running, or if it trapped, which is recorded then;
/// `during` names the call, for the developer.
pub(crate) fn call<R>(
    state: &mut PageState,
    module: &str,
    during: &str,
    call: impl FnOnce(&mut Guest) -> Result<R, Fault>,
) -> Option<R> {
    let (result, effects) = call_held_back(&mut state.modules, module, call)?;
    let applied = apply(state, module, effects);
    let PageState { modules, log, .. } = state;
    match result.and_then(|value| applied.map(|()| value)) {
        Ok(value) => {
            count_call(modules, log, module);
            Some(value)
        }
        Err(fault) => {
            trap(modules, log, module, during, &fault);
            None
        }
    }
}

/// Performs a module's requests.
pub(crate) fn apply(
    state: &mut PageState,
    module: &str,
    effects: Vec<Effect>,
) -> Result<(), Fault> {
    let mut requests = Requests::default();
    let applied = apply_but_requests(state, module, effects, &mut requests);
    apply_requests(state, module, requests);
    applied
}

/// Performs a module's requests, except those about resources and ports, which it adds to `requests`.
pub(crate) fn apply_but_requests(
    state: &mut PageState,
    module: &str,
    effects: Vec<Effect>,
    requests: &mut Requests,
) -> Result<(), Fault> {
    for effect in effects {
        match effect {
            Effect::Log(level, text) => state.log.write(LogLevel::from(level), module, text),
            Effect::Resource(request) => requests.resources.push(request),
            Effect::Port(request) => requests.ports.push(request),
            Effect::Invalidate(invalidation) => state.invalidations.add(module, invalidation),
            Effect::Dom(batch) => {
                let Some(record) = state.modules.get_mut(module) else { continue };
                let mut requested = TreeRequests::default();
                let applied = record.tree.apply(&batch, &mut state.dom, &mut requested);
                state.method_calls.extend(requested.calls);
                let undrawn = record.tree.draw(&mut state.dom, requested.drawings);
                for warning in requested.warnings.into_iter().chain(undrawn) {
                    state.log.write(LogLevel::Warn, module, warning);
                }
                applied.map_err(|error| Fault::Malformed(error.to_string()))?;
            }
        }
    }
    Ok(())
}
