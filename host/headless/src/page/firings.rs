//! Calling the handlers of resources that fire.

use hmr_abi::event::{DISPATCH_INERT, EventData};

use crate::environment::Fired;
use crate::environment::resources::Live;
use crate::module::record::Waiting;
use crate::page::PageState;
use crate::page::call::call;
use crate::report::log::{Log, LogLevel};

/// Why code did not take what was for a handler of a disposed instance.
pub(crate) const GONE: &str = "its handler belongs to code that is gone";

/// Reports what no code handled.
pub(crate) fn report_not_handled(log: &mut Log, module: &str, what: &str, why: &str) {
    log.write(LogLevel::Warn, module, format!("{what} was not handled: {why}"));
}

/// Delivers the next firing, if there is one and the turn is not too long already. Returns whether it did.
pub(crate) fn deliver_firing(state: &mut PageState) -> bool {
    match state.environment.next_firing() {
        Ok(Some(Fired { resource, data })) => {
            if let Some(live) = resource {
                let kind = live.resource.kind().to_owned();
                let time = state.clock.now();
                fire_resource(state, &live, EventData { kind, data, time, ..EventData::default() });
            }
            true
        }
        Ok(None) => false,
        Err(excess) => {
            report_excess(&mut state.log, excess);
            false
        }
    }
}

/// Reports that a turn has had too many firings, if that is new.
pub(crate) fn report_excess(log: &mut Log, excess: Option<String>) {
    if let Some(text) = excess {
        log.write(LogLevel::Warn, "", text);
    }
}

/// Runs the handler of a resource that fired, or lets the firing wait for the end of a swap. Returns what `hmr_dispatch`
/// returned.
pub(crate) fn fire_resource(state: &mut PageState, live: &Live, data: EventData) -> u32 {
    let Some(record) = state.modules.get_mut(&live.module) else { return 0 };
    if record.is_swapping() {
        record.wait(Waiting::Firing { live: Box::new(live.clone()), data });
        return 0;
    }
    dispatch(state, live, &data)
}

fn dispatch(state: &mut PageState, live: &Live, data: &EventData) -> u32 {
    state.environment.resources.delivered(live.serial);
    let Live { module, key, handler, instance, .. } = live;
    let during = format!("the {} `{key}`", live.resource.kind());
    let flags = call(state, module, &during, |guest| guest.dispatch(*handler, data));
    let flags = flags.unwrap_or(0);
    if flags & DISPATCH_INERT != 0 {
        let owner = state.mounts.component_of(*instance);
        let what = format!("`{}` of `{key}` of {owner}", live.resource.kind());
        report_not_handled(&mut state.log, module, &what, GONE);
    }
    flags
}

/// Delivers a firing that waited for the end of a swap to the handler that the resource has now.
pub(crate) fn deliver_waiting_firing(state: &mut PageState, live: &Live, data: &EventData) {
    if let Some(live) = state.environment.resources.successor(live).cloned() {
        dispatch(state, &live, data);
        return;
    }
    let owner = state.mounts.describe(live.instance);
    let text = format!(
        "a firing of the {} `{}` of {owner} was dropped: the code that runs now does not have it",
        live.resource.kind(),
        live.key
    );
    state.log.write(LogLevel::Debug, &live.module, text);
}

/// Queues firings of the mutation observers below whose elements something has changed. Returns whether there are any.
pub(crate) fn fire_mutations(state: &mut PageState) -> bool {
    let firings = state.environment.observers.find_mutations(&state.dom);
    let any = !firings.is_empty();
    for (serial, data) in firings {
        state.environment.fire(serial, Some(data));
    }
    any
}
