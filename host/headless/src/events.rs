//! Events: their way through the document, and to the handlers of modules.
//!
//! An event runs down to its target and up again, as in a browser. The handler is looked up when it is
//! delivered, not when it happened, so that an event which waited for a swap reaches the code that is live then.

use hmr_abi::event::{DISPATCH_PREVENT, DISPATCH_STOP, EventData};
use hmr_abi::ops::{LISTEN_CAPTURE, LISTEN_PASSIVE, LISTEN_PREVENT, LISTEN_STOP, Method};

use crate::dom::{Listener, Node};
use crate::engine::{State, Waiting};
use crate::record::LogLevel;
use crate::resources::Live;

/// Events that do not go up from their target.
const STAY: [&str; 11] = [
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

impl State {
    /// Sends an event to a node. The answer is whether its default was prevented.
    pub(crate) fn fire(&mut self, target: Node, data: &EventData) -> bool {
        let path = self.dom.with_ancestors(target);
        let up = if STAY.contains(&data.kind.as_str()) { 1 } else { path.len() };
        let down = path.iter().rev().map(|node| (*node, true));
        let steps: Vec<(Node, bool)> =
            down.chain(path[..up].iter().map(|node| (*node, false))).collect();
        let mut prevented = false;
        let mut stopped_at = None;
        for (node, capture) in steps {
            // Stopping lets the other phase of the same node pass, at the target.
            if stopped_at.is_some_and(|at| at != node) {
                break;
            }
            let Some(listener) = self.listener(node, &data.kind, capture) else { continue };
            let flags = listener.flags;
            let answer = self.deliver(node, capture, data);
            let passive = flags & LISTEN_PASSIVE != 0;
            prevented |=
                !passive && (flags & LISTEN_PREVENT != 0 || answer & DISPATCH_PREVENT != 0);
            if flags & LISTEN_STOP != 0 || answer & DISPATCH_STOP != 0 {
                stopped_at = Some(node);
            }
        }
        prevented
    }

    fn listener(&self, node: Node, event: &str, capture: bool) -> Option<Listener> {
        let listeners = &self.dom.beside(node)?.rendered.listeners;
        let is = |listener: &&Listener| {
            listener.event == event && (listener.flags & LISTEN_CAPTURE != 0) == capture
        };
        listeners.iter().find(is).cloned()
    }

    /// Runs the handler that listens on a node now, or lets the event wait. The answer is that of `hmr_dispatch`.
    pub(crate) fn deliver(&mut self, node: Node, capture: bool, data: &EventData) -> u32 {
        let Some(listener) = self.listener(node, &data.kind, capture) else { return 0 };
        let origin = self.dom.beside(node).and_then(|beside| beside.origin);
        let Some(name) = origin.and_then(|origin| self.module_of_tree(origin.tree)) else {
            return 0;
        };
        let data = self.of_current_target(node, data);
        if let Some(module) = self.modules.get_mut(&name).filter(|module| module.quiesced) {
            module.queue.push_back(Waiting::Event { node, capture, data });
            return 0;
        }
        let during = format!("a `{}` handler", data.kind);
        let answer = self.call(&name, &during, |guest| guest.dispatch(listener.handler, &data));
        answer.unwrap_or(0)
    }

    /// What an event says of the node whose listener is called.
    fn of_current_target(&self, node: Node, data: &EventData) -> EventData {
        let mut data = data.clone();
        data.value = self.dom.value(node);
        data.checked = self.dom.checked(node);
        if let Some(beside) = self.dom.beside(node) {
            (data.scroll_left, data.scroll_top) = beside.scroll;
        }
        data.time = self.now();
        data
    }

    /// Runs the handler of a resource that fired, or lets it wait; firings that wait already count as one.
    pub(crate) fn fire_resource(&mut self, live: &Live) {
        let data =
            EventData { kind: live.kind().to_owned(), time: self.now(), ..EventData::default() };
        if let Some(module) = self.modules.get_mut(&live.module).filter(|module| module.quiesced) {
            let waits = module.queue.iter().any(|waiting| {
                matches!(waiting, Waiting::Resource { instance, key, .. }
                    if *instance == live.instance && *key == live.key)
            });
            if !waits {
                let (instance, key) = (live.instance, live.key.clone());
                module.queue.push_back(Waiting::Resource { instance, key, data });
            }
            return;
        }
        self.dispatch_resource(&live.module, &live.key, live.handler, &data);
    }

    fn dispatch_resource(&mut self, module: &str, key: &str, handler: u32, data: &EventData) {
        let during = format!("the {} `{key}`", data.kind);
        self.call(module, &during, |guest| guest.dispatch(handler, data));
    }

    /// Delivers what waited for the end of a swap to the code that is live now.
    pub(crate) fn deliver_waiting(&mut self, name: &str) {
        // What waits when the code traps goes to the code that takes its place.
        while let Some(waiting) = self
            .modules
            .get_mut(name)
            .filter(|module| !module.quiesced && module.can_go_on())
            .and_then(|module| module.queue.pop_front())
        {
            match waiting {
                Waiting::Event { node, capture, data } => {
                    if self.listener(node, &data.kind, capture).is_some() {
                        self.deliver(node, capture, &data);
                    } else {
                        let text = format!(
                            "a `{}` event was dropped: nothing listens any more",
                            data.kind
                        );
                        self.write_log(LogLevel::Debug, name, text);
                    }
                }
                Waiting::Resource { instance, key, data } => {
                    if let Some(handler) = self.resources.handler(instance, &key) {
                        self.dispatch_resource(name, &key, handler, &data);
                    }
                }
            }
            self.settle();
        }
    }

    /// Does what a module asked of an element of its own.
    pub(crate) fn call_method(&mut self, node: Node, method: Method) {
        match method {
            Method::Focus => self.focus(Some(node)),
            Method::Blur if self.dom.focused == Some(node) => self.focus(None),
            Method::Select => {
                let end = self.dom.value(node).unwrap_or_default().chars().count();
                self.dom.beside_mut(node).field.selection = Some((0, end));
            }
            Method::Blur | Method::ScrollIntoView => {}
        }
    }

    /// Moves the focus, with the events that this fires. What cannot have it changes nothing.
    pub(crate) fn focus(&mut self, node: Option<Node>) {
        if node.is_some_and(|node| !self.can_focus(node)) || node == self.dom.focused {
            return;
        }
        let event = |kind: &str| EventData { kind: kind.to_owned(), ..EventData::default() };
        if let Some(old) = self.dom.focused.take() {
            let before = self.dom.beside_mut(old).field.at_focus.take();
            if before.is_some() && before != self.dom.value(old) {
                self.fire(old, &event("change"));
            }
            self.fire(old, &event("blur"));
            self.fire(old, &event("focusout"));
        }
        if let Some(new) = node {
            self.dom.focused = node;
            if self.dom.takes_text(new) {
                self.dom.beside_mut(new).field.at_focus = self.dom.value(new);
            }
            self.fire(new, &event("focus"));
            self.fire(new, &event("focusin"));
        }
    }

    pub(crate) fn can_focus(&self, node: Node) -> bool {
        let focusable =
            self.dom.is(node, &["input", "textarea", "select", "button", "summary", "iframe"])
                || (self.dom.is(node, &["a", "area"]) && self.dom.has_attribute(node, "href"))
                || self.dom.has_attribute(node, "tabindex")
                || self.dom.has_attribute(node, "contenteditable");
        focusable && self.dom.is_connected(node) && !self.dom.is_disabled(node)
    }
}
