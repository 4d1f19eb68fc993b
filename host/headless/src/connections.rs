//! Connections: values on their way from one instance's output to another's input.
//!
//! `hmr-connect` elements of the document declare them, [`crate::ports`] has the rules, and this carries them out. The links
//! are computed again from the document whenever it may have changed; a link that was not there before brings the latest
//! value of a stream. A value is delivered when no module is on the stack, and waits in the queue of a module that is held by a swap.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hmr_abi::constants::CIRCLE_LIMIT;
use hmr_abi::event::{DISPATCH_INERT, EventData};
use hmr_abi::port::PortRequest;
use serde_json::Value;

use crate::engine::{State, Waiting};
use crate::events::GONE;
use crate::page::Page;
use crate::ports::{self, ConnectionChange, Declared, Link, Sent};
use crate::record::LogLevel;

/// A value in transit.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    link: Link,
    /// JSON text.
    value: String,
    /// The type of the value; nothing is known of one that was transformed.
    fingerprint: Option<String>,
    /// The host function that it goes through yet.
    transform: Option<String>,
    /// Whether it was sent in answer to another value.
    answers: bool,
}

/// The links between a page's instances.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    links: Vec<Link>,
    on_their_way: VecDeque<Delivery>,
    /// Errors of current declarations; each was reported.
    misfits: BTreeSet<String>,
    /// The missing ports that connections wait for; each was reported.
    absent: BTreeSet<String>,
    /// The transforms that failed in their last call, which was reported.
    failing: BTreeSet<String>,
    /// Whether a value is being delivered: a value sent now is a reply to it.
    delivering: bool,
}

impl Page {
    pub(crate) fn run_transform(&self, mut delivery: Delivery) {
        let Some(function) = delivery.transform.take() else { return };
        let answer = match serde_json::from_str::<Value>(&delivery.value) {
            Ok(value) => self.run_function(&function, value),
            Err(error) => Some(Err(format!("the value is no JSON: {error}"))),
        };
        let why = match answer {
            Some(Ok(value)) => {
                self.state.borrow_mut().connections.failing.remove(&function);
                delivery.value = value.to_string();
                delivery.fingerprint = None;
                self.state.borrow_mut().connections.on_their_way.push_front(delivery);
                return;
            }
            Some(Err(why)) => why,
            None => format!("`{function}` does not answer at once"),
        };
        let (from, to) = &delivery.link.ends;
        let text = format!("a value of `{from}` did not reach `{to}`: {why}");
        let mut state = self.state.borrow_mut();
        if state.connections.failing.insert(function) {
            state.problem(text);
        }
    }
}

impl State {
    /// Does what running code asks of one of its instance's ports.
    pub(crate) fn apply_port_request(&mut self, name: &str, request: PortRequest) {
        if let Some(sent) = self.ports.apply(request) {
            self.send(name, &sent);
        }
    }

    /// Queues a value for all inputs that are connected now.
    fn send(&mut self, name: &str, sent: &Sent) {
        self.refresh_connections();
        let (instance, port) = &sent.from;
        if !self.ports.note(sent) {
            let who = self.who(*instance);
            let text = format!("a value of {who} was dropped: it has no output `{port}`");
            return self.write_log(LogLevel::Warn, name, text);
        }
        let links: Vec<Link> =
            self.connections.links.iter().filter(|link| link.from == sent.from).cloned().collect();
        for link in links {
            self.put_on_the_way(link, sent.value.clone());
        }
    }

    fn put_on_the_way(&mut self, link: Link, value: String) {
        let fingerprint = self.ports.given(&link.from).map(str::to_owned);
        let transform = link.transform.clone();
        let answers = self.connections.delivering;
        let delivery = Delivery { link, value, fingerprint, transform, answers };
        self.connections.on_their_way.push_back(delivery);
    }

    /// Brings the links up to the current document and ports. A new one brings the latest value of a stream.
    pub(crate) fn refresh_connections(&mut self) {
        let (declared, mut problems) = self.declared();
        let (links, misfits) = self.ports.links(&declared, &self.names());
        problems.extend(misfits);
        let before = std::mem::replace(&mut self.connections.links, links.clone());
        for link in links {
            if before.iter().any(|old| old.is(&link)) {
                continue;
            }
            if let Some(value) = self.ports.latest(&link.from).map(str::to_owned) {
                self.put_on_the_way(link, value);
            }
        }
        let problems: BTreeSet<String> = problems.into_iter().collect();
        let news: Vec<String> = problems.difference(&self.connections.misfits).cloned().collect();
        self.connections.misfits = problems;
        for text in news {
            self.problem(text);
        }
    }

    /// Reports which connections wait for a port that an instance could have by now.
    pub(crate) fn tell_absent(&mut self) {
        let (declared, _) = self.declared();
        let absent: BTreeSet<String> =
            self.ports.absent(&declared, &self.names()).into_iter().collect();
        let news: Vec<String> = absent.difference(&self.connections.absent).cloned().collect();
        self.connections.absent = absent;
        for text in news {
            self.write_log(LogLevel::Warn, "", text);
        }
    }

    /// The declarations of the document's `hmr-connect` elements, and the errors of invalid ones.
    fn declared(&self) -> (Vec<Declared>, Vec<String>) {
        let all = self.dom.with_descendants(self.dom.root()).into_iter();
        let (mut declared, mut problems) = (Vec::new(), Vec::new());
        for node in all.filter(|node| self.dom.is(*node, &["hmr-connect"])) {
            let attribute = |name| self.dom.attribute(node, name);
            let (from, to) = (attribute("from"), attribute("to"));
            let read = Declared::read(
                from.as_deref(),
                to.as_deref(),
                attribute("kind"),
                attribute("transform"),
            );
            match read {
                Ok(one) => declared.push(one),
                Err(problem) => problems.push(problem),
            }
        }
        (declared, problems)
    }

    /// The names of the mounted instances.
    fn names(&self) -> BTreeMap<u32, String> {
        let mounted = self.mounts.iter().filter(|(_, mount)| !mount.failed);
        let name = |mount: &crate::mount::Mount| {
            let given = self.dom.attribute(mount.node, "name").filter(|name| !name.is_empty());
            given.unwrap_or_else(|| mount.wanted.component.clone())
        };
        mounted.map(|(instance, mount)| (*instance, name(mount))).collect()
    }

    /// Settles what fresh code of a module's instances declared of its ports while it was held back, and reports the result for
    /// their connections. The values it sent are then delivered.
    pub(crate) fn settle_ports(
        &mut self,
        name: &str,
        instances: &[u32],
        requests: Vec<PortRequest>,
    ) -> Vec<ConnectionChange> {
        let before = self.connections.links.clone();
        let sent = self.ports.settle(instances, requests);
        self.refresh_connections();
        let (declared, _) = self.declared();
        let after = &self.connections.links;
        let why = |link: &Link| self.ports.why_gone(link, &declared);
        let changes = ports::changes(&before, after, instances, why);
        for sent in sent {
            self.send(name, &sent);
        }
        changes
    }

    /// The value that must be transformed before any other can be delivered.
    pub(crate) fn next_to_transform(&mut self) -> Option<Delivery> {
        let waits = &mut self.connections.on_their_way;
        waits.pop_front_if(|first| first.transform.is_some())
    }

    /// Delivers the next value, if it needs no transform.
    pub(crate) fn deliver_value(&mut self) -> bool {
        let waits = &mut self.connections.on_their_way;
        if waits.is_empty() {
            self.environment.answers = 0;
        }
        let Some(delivery) = waits.pop_front_if(|first| first.transform.is_none()) else {
            return false;
        };
        if self.may_go_on(&delivery) {
            self.deliver_to_input(delivery);
        }
        true
    }

    /// Whether a value may be delivered. In a circle of connections, answers lead to answers: after many, this one is dropped with
    /// all the others.
    pub(crate) fn may_go_on(&mut self, delivery: &Delivery) -> bool {
        if !delivery.answers {
            return true;
        }
        self.environment.answers += 1;
        if self.environment.answers <= CIRCLE_LIMIT {
            return true;
        }
        self.environment.answers = 0;
        let waiting = &mut self.connections.on_their_way;
        let before = waiting.len();
        waiting.retain(|delivery| !delivery.answers);
        let dropped = before - waiting.len() + 1;
        let (from, to) = &delivery.link.ends;
        let text = format!(
            "`{from}` and `{to}` are on a circle of connections: it was cut after {CIRCLE_LIMIT} values, and {dropped} dropped"
        );
        let mount = self.mounts.get(&delivery.link.to.0);
        let module = mount.map(|mount| mount.wanted.module.clone()).unwrap_or_default();
        self.write_log(LogLevel::Error, &module, text);
        false
    }

    fn deliver_to_input(&mut self, delivery: Delivery) {
        let Some(mount) = self.mounts.get(&delivery.link.to.0) else { return };
        let name = mount.wanted.module.clone();
        if let Some(module) = self.modules.get_mut(&name).filter(|module| module.quiesced) {
            module.queue.push_back(Waiting::Value(Box::new(delivery)));
            return;
        }
        self.deliver_waiting_value(&name, &delivery);
    }

    /// Runs the handler that an input has now, if it takes what was sent.
    pub(crate) fn deliver_waiting_value(&mut self, name: &str, delivery: &Delivery) {
        let (from, to) = &delivery.link.ends;
        let takes = |taken: &str| {
            delivery.fingerprint.as_deref().is_none_or(|given| ports::is_compatible(given, taken))
        };
        let input = self.ports.input(&delivery.link.to);
        let Some(handler) =
            input.filter(|input| takes(&input.fingerprint)).map(|input| input.handler)
        else {
            let text =
                format!("a value from `{from}` was dropped: `{to}` does not take it any more");
            return self.write_log(LogLevel::Warn, name, text);
        };
        let data = EventData {
            kind: "port".to_owned(),
            data: Some(delivery.value.clone()),
            time: self.now(),
            ..EventData::default()
        };
        let (instance, port) = &delivery.link.to;
        let during = format!("the input `{port}`");
        let before = std::mem::replace(&mut self.connections.delivering, true);
        let flags = self.call(name, &during, |guest| guest.dispatch(handler, &data)).unwrap_or(0);
        self.connections.delivering = before;
        if flags & DISPATCH_INERT != 0 {
            let who = self.component_of(*instance);
            let what = format!("the value of `{from}` for `{port}` of {who}");
            self.not_handled(name, &what, GONE);
        }
    }
}
