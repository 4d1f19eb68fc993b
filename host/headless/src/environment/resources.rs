//! The resources that a page holds on its modules' behalf: the open ones, and their outcomes.
//!
//! A resource is owned by instance and key and stays when the code that opened it is exchanged. This is the table of them and the
//! rules by which fresh code adopts, replaces and closes them. It is pure: nothing here calls a module or knows
//! what a resource represents. A decision is returned as [`Step`]s, which the page carries out.
//!
//! Each resource has a serial number. One that is kept keeps it, one that restarts gets another: pending events
//! for the old one are then dropped.

mod timers;

#[cfg(test)]
mod tests;

use hmr_abi::event::{ListenerTarget, Resource, ResourceRequest, StorageArea};
use hmr_abi::ops::LISTEN_CAPTURE;

/// The outcome of one resource in a swap.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ResourceChange {
    /// Whose it is.
    pub instance: u32,
    /// Its key: scopes, then the name, joined with `:`.
    pub key: String,
    /// The outcome.
    pub outcome: ResourceOutcome,
}

/// The outcome of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceOutcome {
    /// It lives on, phase, connection and all, with the new code's handler.
    Kept,
    /// The new code opened it with other arguments, or it had ended.
    Replaced,
    /// Only the new code opens it.
    Opened,
    /// The new code does not open it.
    Closed,
}

/// How far a resource has come.
#[derive(Debug, Clone, PartialEq)]
enum Phase {
    /// It can fire.
    Running,
    /// A one-shot has fired, and its firing has not been delivered yet.
    Fired(Option<String>),
    /// A one-shot has fired and was handled. Its answer stays, for code that wants it replayed.
    Spent(Option<String>),
    /// A socket or an event source has ended.
    Ended,
}

/// A resource of the table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Live {
    pub(crate) serial: u64,
    /// Who opened it, and gets its firings.
    pub(crate) module: String,
    pub(crate) instance: u32,
    pub(crate) key: String,
    pub(crate) resource: Resource,
    pub(crate) handler: u32,
    phase: Phase,
    /// When it fires next, on the page's clock.
    due: f64,
}

impl Live {
    fn is(&self, instance: u32, key: &str) -> bool {
        self.instance == instance && self.key == key
    }

    pub(crate) fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    /// Whether firings of it that wait count as one.
    pub(crate) fn is_timer(&self) -> bool {
        matches!(
            self.resource,
            Resource::Interval { .. } | Resource::Timeout { .. } | Resource::AnimationFrame {}
        )
    }

    /// Whether it continues when it is opened as `requested`, by the code that opened it or by its replacement.
    fn continues_as(&self, requested: &Requested, fresh: bool) -> bool {
        self.module == requested.module
            && self.resource.same_arguments(&requested.resource)
            && self.phase != Phase::Ended
            && (fresh || !self.resource.is_one_shot())
    }
}

/// A consequence of a change of the table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// The resource is new: start its operation.
    Start(u64),
    /// The resource continues; an observer may have another element now.
    Adopt(u64),
    /// Its operation ends without a further event.
    Stop(u64),
    /// Fresh code receives the answer of a spent one-shot again.
    Replay(u64, Option<String>),
    /// A message goes out; the resource is nothing if no socket has the key.
    Send { socket: Option<u64>, instance: u32, key: String, data: String, binary: bool },
}

/// A requested resource.
struct Requested {
    module: String,
    instance: u32,
    key: String,
    resource: Resource,
    handler: u32,
    replay: bool,
}

/// All resources of a page, in the order in which they were opened.
#[derive(Debug, Clone, Default)]
pub(crate) struct Resources {
    list: Vec<Live>,
    last_serial: u64,
}

impl Resources {
    /// Performs the requests of running code.
    pub(crate) fn apply(&mut self, module: &str, request: ResourceRequest, now: f64) -> Vec<Step> {
        let mut steps = Vec::new();
        match request {
            ResourceRequest::Open { instance, key, resource, handler, replay } => {
                let module = module.to_owned();
                let requested = Requested { module, instance, key, resource, handler, replay };
                self.open(requested, false, now, &mut steps);
            }
            ResourceRequest::Send { instance, key, data, binary } => {
                steps.push(self.send(instance, key, data, binary));
            }
            ResourceRequest::Close { instance, key } => {
                self.close(&mut steps, |live| live.module == module && live.is(instance, &key));
            }
        }
        steps
    }

    /// Settles what fresh code of `instances` requested while it was held back: adopts, replaces and opens
    /// the requested ones, and closes the rest of these instances' resources.
    pub(crate) fn settle(
        &mut self,
        module: &str,
        instances: &[u32],
        requests: Vec<ResourceRequest>,
        now: f64,
    ) -> (Vec<ResourceChange>, Vec<Step>) {
        let (requested, sends) = sum_up(module, requests);
        let mut steps = Vec::new();
        let mut changes = Vec::new();
        let dropped = |live: &Live| {
            let is_requested = requested.iter().any(|one| live.is(one.instance, &one.key));
            !is_requested && live.module == module && instances.contains(&live.instance)
        };
        for live in self.close(&mut steps, dropped) {
            let (instance, key) = (live.instance, live.key);
            changes.push(ResourceChange { instance, key, outcome: ResourceOutcome::Closed });
        }
        for requested in requested {
            let (instance, key) = (requested.instance, requested.key.clone());
            let outcome = self.open(requested, true, now, &mut steps);
            changes.push(ResourceChange { instance, key, outcome });
        }
        for (instance, key, data, binary) in sends {
            steps.push(self.send(instance, key, data, binary));
        }
        (changes, steps)
    }

    fn open(
        &mut self,
        requested: Requested,
        fresh: bool,
        now: f64,
        steps: &mut Vec<Step>,
    ) -> ResourceOutcome {
        let at = self.list.iter().position(|live| live.is(requested.instance, &requested.key));
        let Some(at) = at else {
            let live = self.started(requested, now);
            steps.push(Step::Start(live.serial));
            self.list.push(live);
            return ResourceOutcome::Opened;
        };
        if !self.list[at].continues_as(&requested, fresh) {
            let live = self.started(requested, now);
            steps.extend([Step::Stop(self.list[at].serial), Step::Start(live.serial)]);
            self.list[at] = live;
            return ResourceOutcome::Replaced;
        }
        let live = &mut self.list[at];
        live.handler = requested.handler;
        live.resource = requested.resource;
        steps.push(Step::Adopt(live.serial));
        if let (true, Phase::Spent(answer)) = (fresh && requested.replay, &live.phase) {
            steps.push(Step::Replay(live.serial, answer.clone()));
        }
        ResourceOutcome::Kept
    }

    /// The receiver of a resource's messages from before a swap: it itself, or the one opened in its place because it had ended.
    pub(crate) fn successor(&self, of: &Live) -> Option<&Live> {
        let same = |live: &&Live| {
            live.module == of.module
                && live.is(of.instance, &of.key)
                && live.resource.same_arguments(&of.resource)
        };
        self.get(of.serial).or_else(|| self.list.iter().find(same))
    }

    fn started(&mut self, requested: Requested, now: f64) -> Live {
        self.last_serial += 1;
        Live {
            serial: self.last_serial,
            due: timers::first(&requested.resource, now),
            module: requested.module,
            instance: requested.instance,
            key: requested.key,
            resource: requested.resource,
            handler: requested.handler,
            phase: Phase::Running,
        }
    }

    fn send(&self, instance: u32, key: String, data: String, binary: bool) -> Step {
        let is_socket = |live: &&Live| {
            live.is(instance, &key)
                && live.is_running()
                && matches!(live.resource, Resource::WebSocket { .. })
        };
        let socket = self.list.iter().find(is_socket).map(|live| live.serial);
        Step::Send { socket, instance, key, data, binary }
    }

    fn close(&mut self, steps: &mut Vec<Step>, which: impl Fn(&Live) -> bool) -> Vec<Live> {
        let closed: Vec<Live> = self.list.extract_if(.., |live| which(live)).collect();
        steps.extend(closed.iter().map(|live| Step::Stop(live.serial)));
        closed
    }

    /// Closes all resources of an instance. Returns their serial numbers.
    pub(crate) fn close_all_of(&mut self, instance: u32) -> Vec<u64> {
        let closed = self.close(&mut Vec::new(), |live| live.instance == instance);
        closed.into_iter().map(|live| live.serial).collect()
    }

    /// Notes that a resource fires with `data`; a one-shot does so once only. The answer is whether it fires.
    pub(crate) fn fires(&mut self, serial: u64, data: Option<&str>) -> bool {
        let Some(live) = self.get_mut(serial).filter(|live| live.is_running()) else {
            return false;
        };
        if live.resource.is_one_shot() {
            live.phase = Phase::Fired(data.map(str::to_owned));
        }
        true
    }

    /// Notes that a firing has reached its handler.
    pub(crate) fn delivered(&mut self, serial: u64) {
        if let Some(live) = self.get_mut(serial)
            && let Phase::Fired(answer) = &mut live.phase
        {
            live.phase = Phase::Spent(answer.take());
        }
    }

    /// Notes that a socket or an event source has ended.
    pub(crate) fn ended(&mut self, serial: u64) {
        if let Some(live) = self.get_mut(serial) {
            live.phase = Phase::Ended;
        }
    }

    pub(crate) fn get(&self, serial: u64) -> Option<&Live> {
        self.list.iter().find(|live| live.serial == serial)
    }

    fn get_mut(&mut self, serial: u64) -> Option<&mut Live> {
        self.list.iter_mut().find(|live| live.serial == serial)
    }

    /// Those that can fire and are what `which` looks for, in the order of opening.
    pub(crate) fn running(&self, which: impl Fn(&Resource) -> bool) -> Vec<Live> {
        let found = self.list.iter().filter(|live| live.is_running() && which(&live.resource));
        found.cloned().collect()
    }

    /// The listeners for an event in one of its phases.
    pub(crate) fn listeners(&self, at: ListenerTarget, kind: &str, capture: bool) -> Vec<Live> {
        self.running(|resource| {
            matches!(resource, Resource::Listener { target, event, flags }
                if *target == at && event == kind && (flags & LISTEN_CAPTURE != 0) == capture)
        })
    }

    /// The listeners for changes of a storage item that other pages make.
    pub(crate) fn storage_listeners(&self, area: StorageArea, name: &str) -> Vec<Live> {
        self.running(|resource| {
            matches!(resource, Resource::Storage { area: of, item }
                if *of == area && item.as_deref().is_none_or(|item| item == name))
        })
    }
}

/// A message for a socket: whose, its key, the data, whether it is Base64.
type Sent = (u32, String, String, bool);

/// The sum of a list of requests: the last request for each key, and the messages to send.
fn sum_up(module: &str, requests: Vec<ResourceRequest>) -> (Vec<Requested>, Vec<Sent>) {
    let mut requested: Vec<Requested> = Vec::new();
    let mut sends = Vec::new();
    for request in requests {
        match request {
            ResourceRequest::Open { instance, key, resource, handler, replay } => {
                requested.retain(|other| (other.instance, &other.key) != (instance, &key));
                let module = module.to_owned();
                requested.push(Requested { module, instance, key, resource, handler, replay });
            }
            ResourceRequest::Send { instance, key, data, binary } => {
                sends.push((instance, key, data, binary));
            }
            ResourceRequest::Close { instance, key } => {
                requested.retain(|other| (other.instance, &other.key) != (instance, &key));
                sends.retain(|(whose, of, ..)| (*whose, of) != (instance, &key));
            }
        }
    }
    (requested, sends)
}
