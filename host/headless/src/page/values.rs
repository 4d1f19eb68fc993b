//! Delivering values to the inputs of instances.

use hmr_abi::event::{DISPATCH_INERT, EventData};

use crate::connections::Delivery;
use crate::connections::ports::is_compatible;
use crate::module::record::Waiting;
use crate::page::PageState;
use crate::page::call::call;
use crate::page::firings::{GONE, report_not_handled};
use crate::report::log::LogLevel;

/// Takes the next value out, if it must be transformed before any other can be delivered.
pub(crate) fn next_to_transform(state: &mut PageState) -> Option<Delivery> {
    let delivery = state.connections.next_to_transform()?;
    may_be_delivered(state, &delivery).then_some(delivery)
}

/// Delivers the next value, if there is one that needs no transform. Returns whether there was.
pub(crate) fn deliver_value(state: &mut PageState) -> bool {
    let Some(delivery) = state.connections.next_to_deliver() else { return false };
    if may_be_delivered(state, &delivery) {
        deliver_to_input(state, delivery);
    }
    true
}

fn may_be_delivered(state: &mut PageState, delivery: &Delivery) -> bool {
    match state.connections.count_delivery(delivery) {
        Ok(()) => true,
        Err(text) => {
            let module = state.mounts.module_of(delivery.link.to.0).unwrap_or_default();
            state.log.write(LogLevel::Error, module, text);
            false
        }
    }
}

fn deliver_to_input(state: &mut PageState, delivery: Delivery) {
    let Some(module) = state.mounts.module_of(delivery.link.to.0).map(str::to_owned) else {
        return;
    };
    if let Some(record) = state.modules.get_mut(&module).filter(|record| record.is_swapping()) {
        return record.wait(Waiting::Value(Box::new(delivery)));
    }
    deliver_waiting_value(state, &module, &delivery);
}

/// Runs the handler that an input has now, if it takes what was sent.
pub(crate) fn deliver_waiting_value(state: &mut PageState, module: &str, delivery: &Delivery) {
    let (from, to) = &delivery.link.ends;
    let takes = |taken: &str| {
        delivery.fingerprint.as_deref().is_none_or(|given| is_compatible(given, taken))
    };
    let input = state.connections.ports.input(&delivery.link.to);
    let Some(handler) = input.filter(|input| takes(&input.fingerprint)).map(|input| input.handler)
    else {
        let text = format!("a value from `{from}` was dropped: `{to}` does not take it any more");
        return state.log.write(LogLevel::Warn, module, text);
    };
    let data = EventData {
        kind: "port".to_owned(),
        data: Some(delivery.value.clone()),
        time: state.clock.now(),
        ..EventData::default()
    };
    let (instance, port) = &delivery.link.to;
    let during = format!("the input `{port}`");
    let before = state.connections.set_delivering(true);
    let flags = call(state, module, &during, |guest| guest.dispatch(handler, &data)).unwrap_or(0);
    state.connections.set_delivering(before);
    if flags & DISPATCH_INERT != 0 {
        let owner = state.mounts.component_of(*instance);
        let what = format!("the value of `{from}` for `{port}` of {owner}");
        report_not_handled(&mut state.log, module, &what, GONE);
    }
}
