//! Events: their way through the document, and to the handlers of modules.
//!
//! An event goes down to its target and up again, as in a browser. The handler is looked up when the event is delivered, not
//! when it happened, so that an event which waited for a swap reaches the code that runs then.

use hmr_abi::event::{
    DISPATCH_INERT, DISPATCH_PREVENT, DISPATCH_STOP, EventData, ListenerTarget, Resource,
};
use hmr_abi::ops::{LISTEN_CAPTURE, LISTEN_PASSIVE, LISTEN_PREVENT, LISTEN_STOP};

use crate::dom::{Dom, Listener, Node};
use crate::module::record::Waiting;
use crate::page::PageState;
use crate::page::call::call;
use crate::page::firings::{GONE, fire_resource, report_not_handled};

/// Events that do not go up from their target.
const NOT_BUBBLING: [&str; 11] = [
    "focus",
    "blur",
    "scroll",
    "load",
    "error",
    "toggle",
    "mouseenter",
    "mouseleave",
    "pointerenter",
    "pointerleave",
    "invalid",
];

/// What an event passes on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Node(Node),
    Document,
    Window,
}

/// Sends an event to a node. The answer is whether its default was prevented.
pub(crate) fn fire(state: &mut PageState, target: Node, data: &EventData) -> bool {
    let mut path: Vec<Target> =
        state.dom.with_ancestors(target).into_iter().map(Target::Node).collect();
    if state.dom.is_connected(target) {
        path.extend([Target::Document, Target::Window]);
    }
    dispatch(state, &path, data)
}

pub(crate) fn fire_document(state: &mut PageState, data: &EventData) -> bool {
    dispatch(state, &[Target::Document, Target::Window], data)
}

pub(crate) fn fire_window(state: &mut PageState, data: &EventData) -> bool {
    dispatch(state, &[Target::Window], data)
}

/// Sends an event down a path to its first target and up again.
fn dispatch(state: &mut PageState, path: &[Target], data: &EventData) -> bool {
    let up = if NOT_BUBBLING.contains(&data.kind.as_str()) { 1 } else { path.len() };
    let down = path.iter().rev().map(|target| (*target, true));
    let mut prevented = false;
    let mut stopped_at = None;
    for (target, capture) in down.chain(path[..up].iter().map(|target| (*target, false))) {
        // Stopping lets the other phase of the same target pass.
        if stopped_at.is_some_and(|at| at != target) {
            break;
        }
        for (flags, answer) in call_listeners(state, target, capture, data) {
            let passive = flags & LISTEN_PASSIVE != 0;
            prevented |=
                !passive && (flags & LISTEN_PREVENT != 0 || answer & DISPATCH_PREVENT != 0);
            if flags & LISTEN_STOP != 0 || answer & DISPATCH_STOP != 0 {
                stopped_at = Some(target);
            }
        }
    }
    prevented
}

/// Runs the handlers that listen on one target. Returns the flags of each, and the result of `hmr_dispatch`.
fn call_listeners(
    state: &mut PageState,
    target: Target,
    capture: bool,
    data: &EventData,
) -> Vec<(u8, u32)> {
    let at = match target {
        Target::Node(node) => {
            let listener = listener(&state.dom, node, &data.kind, capture);
            let flags = listener.map(|listener| listener.flags).into_iter();
            return flags.map(|flags| (flags, deliver(state, node, capture, data))).collect();
        }
        Target::Document => ListenerTarget::Document,
        Target::Window => ListenerTarget::Window,
    };
    let data = EventData { value: None, checked: None, time: state.clock.now(), ..data.clone() };
    let mut answers = Vec::new();
    for live in state.environment.resources.listeners(at, &data.kind, capture) {
        // One that an earlier listener closed is no longer notified.
        if let Some(live) = state.environment.resources.get(live.serial).cloned()
            && let Resource::Listener { flags, .. } = live.resource
        {
            answers.push((flags, fire_resource(state, &live, data.clone())));
        }
    }
    answers
}

pub(crate) fn listener(dom: &Dom, node: Node, event: &str, capture: bool) -> Option<Listener> {
    let listeners = &dom.node_state(node)?.rendered.listeners;
    let is = |listener: &&Listener| {
        listener.event == event && (listener.flags & LISTEN_CAPTURE != 0) == capture
    };
    listeners.iter().find(is).cloned()
}

/// Runs the handler that listens on a node now, or lets the event wait. The answer is that of `hmr_dispatch`.
pub(crate) fn deliver(state: &mut PageState, node: Node, capture: bool, data: &EventData) -> u32 {
    let Some(listener) = listener(&state.dom, node, &data.kind, capture) else { return 0 };
    let origin = state.dom.node_state(node).and_then(|node_state| node_state.origin);
    let Some(module) = origin.and_then(|origin| state.modules.of_tree(origin.tree)) else {
        return 0;
    };
    let module = module.to_owned();
    let data = data_at(state, node, data);
    if let Some(record) = state.modules.get_mut(&module).filter(|record| record.is_swapping()) {
        record.wait(Waiting::Event { node, capture, data });
        return 0;
    }
    let during = format!("a `{}` handler", data.kind);
    let answer = call(state, &module, &during, |guest| guest.dispatch(listener.handler, &data));
    let answer = answer.unwrap_or(0);
    if answer & DISPATCH_INERT != 0 {
        let what = describe(&state.dom, node, &data);
        report_not_handled(&mut state.log, &module, &what, GONE);
    }
    answer
}

pub(crate) fn describe(dom: &Dom, node: Node, data: &EventData) -> String {
    format!("`{}` on `{}`", data.kind, dom.tag(node))
}

/// The event's data about the node whose listener is called.
fn data_at(state: &PageState, node: Node, data: &EventData) -> EventData {
    let mut data = data.clone();
    data.value = state.dom.value(node);
    data.checked = state.dom.checked(node);
    if let Some(node_state) = state.dom.node_state(node) {
        if !node_state.files.is_empty() {
            data.files.clone_from(&node_state.files);
        }
        (data.scroll_left, data.scroll_top) = node_state.scroll;
    }
    data.time = state.clock.now();
    data
}
