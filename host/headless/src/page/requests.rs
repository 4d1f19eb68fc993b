//! What modules request of the world outside of them: resources and ports.

use hmr_abi::event::{Resource, ResourceRequest};
use hmr_abi::port::PortRequest;

use crate::connections::Connections;
use crate::connections::ports::ConnectionChange;
use crate::environment::Environment;
use crate::environment::resources::{ResourceChange, Step};
use crate::page::PageState;
use crate::page::connect::{apply_port_request, settle_ports};
use crate::report::log::LogLevel;

/// A module's requests besides changes of the document, in order.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    pub(crate) resources: Vec<ResourceRequest>,
    pub(crate) ports: Vec<PortRequest>,
}

impl Requests {
    /// Removes the requests of one instance.
    pub(crate) fn split_off(&mut self, instance: u32) -> Self {
        let resources = self.resources.extract_if(.., |request| request.instance() == instance);
        let ports = self.ports.extract_if(.., |request| port_owner(request) == instance);
        Self { resources: resources.collect(), ports: ports.collect() }
    }
}

fn port_owner(request: &PortRequest) -> u32 {
    match request {
        PortRequest::Output { instance, .. }
        | PortRequest::Input { instance, .. }
        | PortRequest::Send { instance, .. }
        | PortRequest::Close { instance, .. } => *instance,
    }
}

/// The outcome of the resources and connections of replaced code.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    pub(crate) resources: Vec<ResourceChange>,
    pub(crate) connections: Vec<ConnectionChange>,
}

/// Performs the requests of running code.
pub(crate) fn apply_requests(state: &mut PageState, module: &str, requests: Requests) {
    let now = state.clock.now();
    for request in requests.resources {
        let closes = matches!(request, ResourceRequest::Close { .. });
        if may_request(state, module, request.instance(), closes) {
            let steps = state.environment.resources.apply(module, request, now);
            take_steps(state, module, steps);
        }
    }
    for request in requests.ports {
        let closes = matches!(request, PortRequest::Close { .. });
        if may_request(state, module, port_owner(&request), closes) {
            apply_port_request(state, module, request);
        }
    }
}

/// Settles what new code of a module's instances requested while it was held back. Its tree is already the module's.
pub(crate) fn settle_requests(
    state: &mut PageState,
    module: &str,
    instances: &[u32],
    mut requests: Requests,
) -> Settled {
    requests.resources.retain(|request| instances.contains(&request.instance()));
    requests.ports.retain(|request| instances.contains(&port_owner(request)));
    let now = state.clock.now();
    let table = &mut state.environment.resources;
    let (resources, steps) = table.settle(module, instances, requests.resources, now);
    take_steps(state, module, steps);
    let connections = settle_ports(state, module, instances, requests.ports);
    Settled { resources, connections }
}

/// Closes all resources and ports of an instance.
pub(crate) fn close_all_of(
    environment: &mut Environment,
    connections: &mut Connections,
    instance: u32,
) {
    environment.close_all_of(instance);
    connections.ports.close_all_of(instance);
}

/// Whether a module may make a request about an instance: one that is its own. One that is being unmounted may still be
/// closed.
fn may_request(state: &mut PageState, module: &str, instance: u32, closes: bool) -> bool {
    let may = state.mounts.module_of(instance).map_or(closes, |owner| owner == module);
    if !may {
        let text = format!(
            "a request about the instance {instance}, which is not the module's, was left out"
        );
        state.log.write(LogLevel::Warn, module, text);
    }
    may
}

/// Does what follows from changes of the table of resources.
fn take_steps(state: &mut PageState, module: &str, steps: Vec<Step>) {
    for step in steps {
        match step {
            Step::Start(serial) => {
                state.environment.start(serial);
                observe(state, serial);
            }
            Step::Adopt(serial) => observe(state, serial),
            Step::Stop(serial) => state.environment.stop(serial),
            Step::Replay(serial, data) => state.environment.replay(serial, data),
            Step::Send { socket: Some(serial), data, binary, key, .. } => {
                if !state.environment.network.send(serial, data, binary) {
                    let text = format!("a message for `{key}` is no Base64; it was left out");
                    state.log.write(LogLevel::Warn, module, text);
                }
            }
            Step::Send { socket: None, instance, key, .. } => {
                let sender = state.mounts.describe(instance);
                let text = format!(
                    "a message for `{key}` of {sender} was dropped: no web socket of that key is open"
                );
                state.log.write(LogLevel::Warn, module, text);
            }
        }
    }
}

/// Starts to observe the element that an observer names now, or continues if it is the one from before. Nothing for other
/// resources.
fn observe(state: &mut PageState, serial: u64) {
    let Some(live) = state.environment.resources.get(serial) else { return };
    let (Resource::ResizeObserver { node }
    | Resource::IntersectionObserver { node, .. }
    | Resource::MutationObserver { node }) = live.resource
    else {
        return;
    };
    let live = live.clone();
    let element = state.modules.get(&live.module).and_then(|record| record.tree.element_of(node));
    let Some(element) = element else {
        state.environment.observers.stop(serial);
        let text = format!(
            "the {} `{}` of {} names the node {node}, which is no element",
            live.resource.kind(),
            live.key,
            state.mounts.describe(live.instance)
        );
        return state.log.write(LogLevel::Warn, &live.module, text);
    };
    let observers = &mut state.environment.observers;
    let first = observers.watch(&state.dom, serial, &live.resource, element);
    if first.is_some() {
        state.environment.fire(serial, first);
    }
}
