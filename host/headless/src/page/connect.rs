//! Connections between the instances of a page, as the `hmr-connect` elements of the document declare them.
//!
//! The links are computed again from the document whenever it may have changed.

use hmr_abi::port::PortRequest;

use crate::connections::ports::{ConnectionChange, Declared, Sent};
use crate::dom::Dom;
use crate::page::PageState;
use crate::report::log::LogLevel;

/// The declarations in a document, and the errors of those that cannot be read.
fn declared(dom: &Dom) -> (Vec<Declared>, Vec<String>) {
    let all = dom.with_descendants(dom.root()).into_iter();
    let (mut declared, mut invalid) = (Vec::new(), Vec::new());
    for node in all.filter(|node| dom.is(*node, &["hmr-connect"])) {
        let attribute = |name| dom.attribute(node, name);
        let (from, to) = (attribute("from"), attribute("to"));
        let (kind, transform) = (attribute("kind"), attribute("transform"));
        match Declared::read(from.as_deref(), to.as_deref(), kind, transform) {
            Ok(one) => declared.push(one),
            Err(error) => invalid.push(error),
        }
    }
    (declared, invalid)
}

/// Brings the links up to the current document and ports, and reports declarations that make none.
pub(crate) fn refresh(state: &mut PageState) {
    let (declared, invalid) = declared(&state.dom);
    let names = state.mounts.names(&state.dom);
    for text in state.connections.refresh(&declared, invalid, &names) {
        state.log.problem(text);
    }
}

/// Reports which connections wait for a port that an instance could have by now.
pub(crate) fn report_missing(state: &mut PageState) {
    let (declared, _) = declared(&state.dom);
    let names = state.mounts.names(&state.dom);
    for text in state.connections.new_missing(&declared, &names) {
        state.log.write(LogLevel::Warn, "", text);
    }
}

/// Does what running code asks of one of its instance's ports.
pub(crate) fn apply_port_request(state: &mut PageState, module: &str, request: PortRequest) {
    if let Some(sent) = state.connections.ports.apply(request) {
        send(state, module, &sent);
    }
}

/// Queues a value for all inputs that are connected now.
fn send(state: &mut PageState, module: &str, sent: &Sent) {
    refresh(state);
    if !state.connections.send(sent) {
        let (instance, port) = &sent.from;
        let sender = state.mounts.describe(*instance);
        let text = format!("a value of {sender} was dropped: it has no output `{port}`");
        state.log.write(LogLevel::Warn, module, text);
    }
}

/// Settles what new code of a module's instances declared of its ports while it was held back, and returns the outcome of
/// their connections. The values that it sent are queued then.
pub(crate) fn settle_ports(
    state: &mut PageState,
    module: &str,
    instances: &[u32],
    requests: Vec<PortRequest>,
) -> Vec<ConnectionChange> {
    let (before, sent) = state.connections.settle_ports(instances, requests);
    refresh(state);
    let (declared, _) = declared(&state.dom);
    let changes = state.connections.changes_since(&before, instances, &declared);
    for sent in sent {
        send(state, module, &sent);
    }
    changes
}
