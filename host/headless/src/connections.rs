//! Connections: the links between the instances of a page, and the values on their way through them.
//!
//! [`ports`] has the rules. Nothing here reads a document or calls a module.

pub(crate) mod ports;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hmr_abi::constants::CIRCLE_LIMIT;
use hmr_abi::port::PortRequest;

use self::ports::{ConnectionChange, Declared, Link, Ports, Sent};

/// A value in transit.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) link: Link,
    /// JSON text.
    pub(crate) value: String,
    /// The type of the value; nothing if it is not known, since a transform made it.
    pub(crate) fingerprint: Option<String>,
    /// The host function that it has to go through first.
    pub(crate) transform: Option<String>,
    /// Whether it was sent in reply to another value.
    is_reply: bool,
}

/// The links between a page's instances, and the values in transit.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    pub(crate) ports: Ports,
    links: Vec<Link>,
    in_transit: VecDeque<Delivery>,
    /// Errors of current declarations; each was reported.
    mismatches: BTreeSet<String>,
    /// The missing ports that connections wait for; each was reported.
    missing: BTreeSet<String>,
    /// The transforms that failed in their last call, which was reported.
    failing: BTreeSet<String>,
    /// Whether a value is being delivered: a value sent now is a reply to it.
    delivering: bool,
    /// How many replies were delivered since no value was in transit.
    replies: u32,
}

impl Connections {
    /// Brings the links up to the declarations and the instances' names; `invalid` are the errors of declarations that could
    /// not be read. A new link brings the latest value of a stream. Returns the errors that are new.
    pub(crate) fn refresh(
        &mut self,
        declared: &[Declared],
        invalid: Vec<String>,
        names: &BTreeMap<u32, String>,
    ) -> Vec<String> {
        let (links, mismatches) = self.ports.links(declared, names);
        let before = std::mem::replace(&mut self.links, links.clone());
        for link in links {
            if before.iter().any(|old| old.is(&link)) {
                continue;
            }
            if let Some(value) = self.ports.latest(&link.from).map(str::to_owned) {
                self.queue(link, value);
            }
        }
        new_ones(&mut self.mismatches, invalid.into_iter().chain(mismatches))
    }

    /// The connections that wait for a port that an instance does not have, as far as that is new.
    pub(crate) fn new_missing(
        &mut self,
        declared: &[Declared],
        names: &BTreeMap<u32, String>,
    ) -> Vec<String> {
        new_ones(&mut self.missing, self.ports.absent(declared, names).into_iter())
    }

    /// Queues a value for all inputs that are linked with the output now. Returns whether there is such an output.
    pub(crate) fn send(&mut self, sent: &Sent) -> bool {
        if !self.ports.note(sent) {
            return false;
        }
        let links: Vec<Link> =
            self.links.iter().filter(|link| link.from == sent.from).cloned().collect();
        for link in links {
            self.queue(link, sent.value.clone());
        }
        true
    }

    fn queue(&mut self, link: Link, value: String) {
        let fingerprint = self.ports.given(&link.from).map(str::to_owned);
        let transform = link.transform.clone();
        let is_reply = self.delivering;
        self.in_transit.push_back(Delivery { link, value, fingerprint, transform, is_reply });
    }

    /// Settles what new code of `instances` declared of its ports. Returns the links from before, and what it sent.
    pub(crate) fn settle_ports(
        &mut self,
        instances: &[u32],
        requests: Vec<PortRequest>,
    ) -> (Vec<Link>, Vec<Sent>) {
        (self.links.clone(), self.ports.settle(instances, requests))
    }

    /// The outcome of the connections of `instances` since the links were `before`.
    pub(crate) fn changes_since(
        &self,
        before: &[Link],
        instances: &[u32],
        declared: &[Declared],
    ) -> Vec<ConnectionChange> {
        let why = |link: &Link| self.ports.why_gone(link, declared);
        ports::changes(before, &self.links, instances, why)
    }

    /// The next value, if it must be transformed before any other can be delivered.
    pub(crate) fn next_to_transform(&mut self) -> Option<Delivery> {
        self.in_transit.pop_front_if(|first| first.transform.is_some())
    }

    /// The next value, if it needs no transform.
    pub(crate) fn next_to_deliver(&mut self) -> Option<Delivery> {
        if self.in_transit.is_empty() {
            self.replies = 0;
        }
        self.in_transit.pop_front_if(|first| first.transform.is_none())
    }

    /// Puts a value that was transformed in front of all others.
    pub(crate) fn transformed(&mut self, function: &str, delivery: Delivery) {
        self.failing.remove(function);
        self.in_transit.push_front(delivery);
    }

    /// Notes that a transform has failed. Returns whether that is new.
    pub(crate) fn transform_failed(&mut self, function: String) -> bool {
        self.failing.insert(function)
    }

    /// Counts a value that is about to be delivered. In a circle of connections, replies lead to replies: after many, all
    /// replies are dropped. Then the error is the message for the developer, and this value is not delivered either.
    pub(crate) fn count_delivery(&mut self, delivery: &Delivery) -> Result<(), String> {
        if !delivery.is_reply {
            return Ok(());
        }
        self.replies += 1;
        if self.replies <= CIRCLE_LIMIT {
            return Ok(());
        }
        self.replies = 0;
        let before = self.in_transit.len();
        self.in_transit.retain(|delivery| !delivery.is_reply);
        let dropped = before - self.in_transit.len() + 1;
        let (from, to) = &delivery.link.ends;
        Err(format!(
            "`{from}` and `{to}` are on a circle of connections: it was cut after {CIRCLE_LIMIT} values, and {dropped} dropped"
        ))
    }

    /// Sets whether a value is being delivered. Returns whether one was.
    pub(crate) fn set_delivering(&mut self, delivering: bool) -> bool {
        std::mem::replace(&mut self.delivering, delivering)
    }
}

/// Replaces `known` by `now`, and returns what is new in it.
fn new_ones(known: &mut BTreeSet<String>, now: impl Iterator<Item = String>) -> Vec<String> {
    let now: BTreeSet<String> = now.collect();
    let new = now.difference(known).cloned().collect();
    *known = now;
    new
}
