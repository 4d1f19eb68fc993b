//! Events: their way through the document, and to the handlers of modules.
//!
//! An event runs down to its target and up again, as in a browser. The handler is looked up when it is
//! delivered, not when it happened, so that an event which waited for a swap reaches the code that is live then.

use hmr_abi::event::{
    DISPATCH_INERT, DISPATCH_PREVENT, DISPATCH_STOP, EventData, ListenerTarget, Resource,
};
use hmr_abi::ops::{LISTEN_CAPTURE, LISTEN_PASSIVE, LISTEN_PREVENT, LISTEN_STOP, Method};

use crate::dom::{Listener, Node};
use crate::engine::{State, Waiting};
use crate::record::LogLevel;

/// Why code did not take what was for a handler of a disposed instance.
pub(crate) const GONE: &str = "its handler belongs to code that is gone";

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

/// The path of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Node(Node),
    Document,
    Window,
}

impl State {
    /// Sends an event to a node. The answer is whether its default was prevented.
    pub(crate) fn fire(&mut self, target: Node, data: &EventData) -> bool {
        let mut path: Vec<Place> =
            self.dom.with_ancestors(target).into_iter().map(Place::Node).collect();
        if self.dom.is_connected(target) {
            path.extend([Place::Document, Place::Window]);
        }
        self.travel(&path, data)
    }

    pub(crate) fn fire_document(&mut self, data: &EventData) -> bool {
        self.travel(&[Place::Document, Place::Window], data)
    }

    pub(crate) fn fire_window(&mut self, data: &EventData) -> bool {
        self.travel(&[Place::Window], data)
    }

    /// Sends an event down a path to its first place and up again.
    fn travel(&mut self, path: &[Place], data: &EventData) -> bool {
        let up = if STAY.contains(&data.kind.as_str()) { 1 } else { path.len() };
        let down = path.iter().rev().map(|place| (*place, true));
        let mut prevented = false;
        let mut stopped_at = None;
        for (place, capture) in down.chain(path[..up].iter().map(|place| (*place, false))) {
            // Stopping lets the other phase of the same place pass, at the target.
            if stopped_at.is_some_and(|at| at != place) {
                break;
            }
            for (flags, answer) in self.tell_listeners(place, capture, data) {
                let passive = flags & LISTEN_PASSIVE != 0;
                prevented |=
                    !passive && (flags & LISTEN_PREVENT != 0 || answer & DISPATCH_PREVENT != 0);
                if flags & LISTEN_STOP != 0 || answer & DISPATCH_STOP != 0 {
                    stopped_at = Some(place);
                }
            }
        }
        prevented
    }

    /// Runs the handlers that listen in one place. Returns the flags of each, and the result of `hmr_dispatch`.
    fn tell_listeners(&mut self, place: Place, capture: bool, data: &EventData) -> Vec<(u8, u32)> {
        let at = match place {
            Place::Node(node) => {
                let listener = self.listener(node, &data.kind, capture);
                let flags = listener.map(|listener| listener.flags).into_iter();
                return flags.map(|flags| (flags, self.deliver(node, capture, data))).collect();
            }
            Place::Document => ListenerTarget::Document,
            Place::Window => ListenerTarget::Window,
        };
        let data = EventData { value: None, checked: None, time: self.now(), ..data.clone() };
        let mut answers = Vec::new();
        for live in self.resources.listeners(at, &data.kind, capture) {
            // One that an earlier listener closed is no longer notified.
            if let Some(live) = self.resources.get(live.serial).cloned()
                && let Resource::Listener { flags, .. } = live.resource
            {
                answers.push((flags, self.fire_resource(&live, data.clone())));
            }
        }
        answers
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
        let answer = answer.unwrap_or(0);
        if answer & DISPATCH_INERT != 0 {
            self.not_handled(&name, &self.described(node, &data), GONE);
        }
        answer
    }

    fn described(&self, node: Node, data: &EventData) -> String {
        format!("`{}` on `{}`", data.kind, self.dom.tag(node))
    }

    /// Reports errors that no code handled.
    pub(crate) fn not_handled(&mut self, name: &str, what: &str, why: &str) {
        self.write_log(LogLevel::Warn, name, format!("{what} was not handled: {why}"));
    }

    /// The event's data about the node whose listener is called.
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

    /// Delivers what waited for the end of a swap to the code that is live now.
    pub(crate) fn deliver_waiting(&mut self, name: &str) {
        // Events pending when the code traps go to its replacement.
        while let Some(waiting) = self
            .modules
            .get_mut(name)
            .filter(|module| !module.quiesced && module.can_go_on())
            .and_then(|module| module.queue.pop_front())
        {
            self.begin_turn();
            match waiting {
                Waiting::Event { node, capture, data } => {
                    if self.listener(node, &data.kind, capture).is_some() {
                        self.deliver(node, capture, &data);
                    } else if self.dom.contains(self.dom.root(), node) {
                        self.not_handled(name, &self.described(node, &data), "its handler is gone");
                    }
                }
                Waiting::Resource { live, data } => self.deliver_waiting_firing(&live, &data),
                Waiting::Value(delivery) => self.deliver_waiting_value(name, &delivery),
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

    /// Moves the focus, with the events that this fires. A node that is not focusable changes nothing.
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
