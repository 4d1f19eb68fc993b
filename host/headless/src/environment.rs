//! The world outside of the modules, which resources represent, and how it reaches them.
//!
//! [`Outside`] is that world as a test scripts it. The table of resources decides what becomes of each ([`Step`]), and
//! [`State::carry_out`] does it. Every call of a handler goes through [`State::fire_later`]: it waits until no
//! module is on the stack, and longer while a swap is under way.
//!
//! Functions of the test (host functions, servers) run while nothing of the page is borrowed, in [`Page::settle`], so they may
//! use the page.

use std::collections::{BTreeMap, VecDeque};

use hmr_abi::event::{DISPATCH_INERT, EventData, Resource, ResourceRequest};
use hmr_abi::port::PortRequest;

use crate::connections::Delivery;
use crate::engine::{State, Waiting};
use crate::events::GONE;
use crate::host_functions::Functions;
use crate::listen;
use crate::network::Network;
use crate::observers::Observers;
use crate::page::Page;
use crate::ports::ConnectionChange;
use crate::record::LogLevel;
use crate::resources::{Live, ResourceChange, Step};
use crate::storage::Stored;

/// How many firings and functions of the test there may be in one turn, so that questions without end come to one. A browser has no
/// such limit: other things have their turn in between.
const TURN_LIMIT: u32 = 10_000;

/// The world outside of the modules.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    pub(crate) functions: Functions,
    pub(crate) network: Network,
    pub(crate) observers: Observers,
    pub(crate) stored: Stored,
    /// Which media queries match; those that are not here do not.
    pub(crate) media: BTreeMap<String, bool>,
    /// The next actions for functions of the test.
    pub(crate) host_tasks: VecDeque<HostTask>,
    firings: VecDeque<Firing>,
    /// How many firings were delivered, and functions of the test run, in this turn.
    delivered: u32,
    told_of_excess: bool,
    /// How many values were delivered in answer to values, since none was in transit.
    pub(crate) answers: u32,
}

/// Something that a function of the test decides.
#[derive(Debug, Clone)]
pub(crate) enum HostTask {
    /// A host function answers the call with this serial number.
    Call(u64),
    /// A server answers the request with this serial number.
    Request(u64),
    /// A host function transforms a value in transit.
    Transform(Box<Delivery>),
}

/// A resource with a pending message.
#[derive(Debug, Clone)]
struct Firing {
    serial: u64,
    data: Option<String>,
}

/// A module's requests besides changes of the document, in order.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    pub(crate) resources: Vec<ResourceRequest>,
    pub(crate) ports: Vec<PortRequest>,
}

impl Requests {
    /// Removes the entries of one instance.
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

/// The outcome of fresh code's resources and connections.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    pub(crate) resources: Vec<ResourceChange>,
    pub(crate) connections: Vec<ConnectionChange>,
}

impl Page {
    /// Lets the page settle: performs the modules' requests, including functions of the test.
    pub(crate) fn settle(&self) {
        loop {
            let host_task = {
                let mut state = self.state.borrow_mut();
                state.settle();
                state.next_host_task()
            };
            match host_task {
                Some(HostTask::Call(serial)) => self.run_call(serial),
                Some(HostTask::Request(serial)) => self.run_server(serial),
                Some(HostTask::Transform(delivery)) => self.run_transform(*delivery),
                None => break,
            }
        }
        listen::tell(&self.state);
    }

    /// Does something to the page from outside, and lets it settle.
    pub(crate) fn act<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let answer = {
            let mut state = self.state.borrow_mut();
            state.begin();
            act(&mut state)
        };
        self.settle();
        answer
    }

    /// Sets whether a media query matches from now on, and notifies its watchers of a change.
    ///
    /// A query that was never set does not match. The text is compared as it is written.
    pub fn set_media(&self, query: &str, matches: bool) {
        self.act(|state| {
            let before = state.environment.media.insert(query.to_owned(), matches).unwrap_or(false);
            if before == matches {
                return;
            }
            let watching = state.resources.running(
                |resource| matches!(resource, Resource::MediaQuery { query: of } if of == query),
            );
            for live in watching {
                state.fire_later(live.serial, Some(media(matches)));
            }
        });
    }

    /// Fires an event at the window, as a script of the page would. The answer is whether a listener prevented its
    /// default.
    #[expect(clippy::must_use_candidate, reason = "few listeners prevent anything")]
    pub fn fire_window(&self, event: &str, data: EventData) -> bool {
        self.act(|state| state.fire_window(&EventData { kind: event.to_owned(), ..data }))
    }

    /// Fires an event at the document; it goes up to the window. The answer is whether a listener prevented its
    /// default.
    #[expect(clippy::must_use_candidate, reason = "few listeners prevent anything")]
    pub fn fire_document(&self, event: &str, data: EventData) -> bool {
        self.act(|state| state.fire_document(&EventData { kind: event.to_owned(), ..data }))
    }
}

fn media(matches: bool) -> String {
    serde_json::json!({ "matches": matches }).to_string()
}

impl State {
    /// Begins a turn: from here, modules have something new to react to.
    pub(crate) fn begin_turn(&mut self) {
        self.environment.delivered = 0;
        self.environment.told_of_excess = false;
    }

    /// Whether one more firing may reach a module in this turn, or a function of the test be run; it counts then.
    fn may_deliver(&mut self) -> bool {
        self.environment.delivered += 1;
        self.environment.delivered <= TURN_LIMIT
    }

    fn next_host_task(&mut self) -> Option<HostTask> {
        if let Some(delivery) = self.next_to_transform()
            && self.may_go_on(&delivery)
        {
            return Some(HostTask::Transform(Box::new(delivery)));
        }
        if self.environment.host_tasks.is_empty() {
            return None;
        }
        if !self.may_deliver() {
            self.tell_of_excess();
            return None;
        }
        self.environment.host_tasks.pop_front()
    }

    fn tell_of_excess(&mut self) {
        if !self.environment.told_of_excess {
            self.environment.told_of_excess = true;
            let text = format!(
                "modules were told more than {TURN_LIMIT} things in one turn; the rest waits for the next action\n\
                 hint: does an answer lead to the next question?"
            );
            self.write_log(LogLevel::Warn, "", text);
        }
    }

    /// Performs the requests of running code.
    pub(crate) fn apply_requests(&mut self, name: &str, requests: Requests) {
        let now = self.now();
        for request in requests.resources {
            let closes = matches!(request, ResourceRequest::Close { .. });
            if self.may_ask(name, request.instance(), closes) {
                let steps = self.resources.apply(name, request, now);
                self.carry_out(name, steps);
            }
        }
        for request in requests.ports {
            let closes = matches!(request, PortRequest::Close { .. });
            if self.may_ask(name, port_owner(&request), closes) {
                self.apply_port_request(name, request);
            }
        }
    }

    /// Settles what fresh code of a module's instances requested while it was held back. Its tree is already the module's.
    pub(crate) fn settle_fresh(
        &mut self,
        name: &str,
        instances: &[u32],
        mut requests: Requests,
    ) -> Settled {
        requests.resources.retain(|request| instances.contains(&request.instance()));
        requests.ports.retain(|request| instances.contains(&port_owner(request)));
        let now = self.now();
        let (resources, steps) = self.resources.settle(name, instances, requests.resources, now);
        self.carry_out(name, steps);
        let connections = self.settle_ports(name, instances, requests.ports);
        Settled { resources, connections }
    }

    /// Closes all that an instance had.
    pub(crate) fn close_all_of(&mut self, instance: u32) {
        let steps = self.resources.close_all_of(instance);
        self.carry_out("", steps);
        self.ports.close_all_of(instance);
    }

    /// Whether a module may make a request about an instance: one that is its own. One that is being unmounted may still
    /// be closed.
    fn may_ask(&mut self, name: &str, instance: u32, closes: bool) -> bool {
        let owner = self.mounts.get(&instance).map(|mount| mount.wanted.module.as_str());
        let may = owner.map_or(closes, |owner| owner == name);
        if !may {
            let text = format!(
                "a request about the instance {instance}, which is not the module's, was left out"
            );
            self.write_log(LogLevel::Warn, name, text);
        }
        may
    }

    fn carry_out(&mut self, name: &str, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Start(serial) => self.start_resource(serial),
                Step::Adopt(serial) => self.observe(serial),
                Step::Stop(serial) => {
                    self.environment.network.close(serial);
                    self.environment.observers.forget(serial);
                }
                Step::Replay(serial, data) => {
                    self.environment.firings.push_back(Firing { serial, data });
                }
                Step::Send { socket: Some(serial), data, binary, key, .. } => {
                    if !self.environment.network.send(serial, data, binary) {
                        let text = format!("a message for `{key}` is no Base64; it was left out");
                        self.write_log(LogLevel::Warn, name, text);
                    }
                }
                Step::Send { socket: None, instance, key, .. } => {
                    let who = self.who(instance);
                    let text = format!(
                        "a message for `{key}` of {who} was dropped: no web socket of that key is open"
                    );
                    self.write_log(LogLevel::Warn, name, text);
                }
            }
        }
    }

    /// Starts the operation of a new resource.
    fn start_resource(&mut self, serial: u64) {
        let Some(live) = self.resources.get(serial) else { return };
        match &live.resource {
            Resource::MediaQuery { query } => {
                let matches = self.environment.media.get(query).copied().unwrap_or(false);
                self.fire_later(serial, Some(media(matches)));
            }
            Resource::WebSocket { .. } | Resource::EventSource { .. } => {
                self.environment.network.connect(serial);
            }
            Resource::Request { .. } => {
                self.environment.host_tasks.push_back(HostTask::Request(serial));
            }
            Resource::Call { .. } => self.environment.host_tasks.push_back(HostTask::Call(serial)),
            _ => self.observe(serial),
        }
    }

    /// Fires a resource once no module is on the stack. Nothing if it was closed or has ended.
    pub(crate) fn fire_later(&mut self, serial: u64, data: Option<String>) {
        if self.resources.fires(serial, data.as_deref()) {
            self.environment.firings.push_back(Firing { serial, data });
        }
    }

    /// Makes one step of notifying modules: firings, then values, then changes below observed
    /// elements. Returns whether there was a step to make.
    pub(crate) fn tell_modules(&mut self) -> bool {
        self.refresh_connections();
        self.deliver_firing() || self.deliver_value() || self.notice_mutations()
    }

    /// Delivers the next firing, if there is one and the turn is not too long already.
    pub(crate) fn deliver_firing(&mut self) -> bool {
        if self.environment.firings.is_empty() {
            return false;
        }
        if !self.may_deliver() {
            self.tell_of_excess();
            return false;
        }
        if let Some(Firing { serial, data }) = self.environment.firings.pop_front()
            && let Some(live) = self.resources.get(serial).cloned()
        {
            let kind = live.resource.kind().to_owned();
            let event = EventData { kind, data, time: self.now(), ..EventData::default() };
            self.fire_resource(&live, event);
        }
        true
    }

    /// Runs the handler of a resource that fired, or lets the firing wait for the end of a swap. The answer is that of `hmr_dispatch`.
    pub(crate) fn fire_resource(&mut self, live: &Live, data: EventData) -> u32 {
        let Some(module) = self.modules.get_mut(&live.module) else { return 0 };
        if !module.quiesced {
            return self.dispatch_resource(live, &data);
        }
        let waits = |waiting: &Waiting| matches!(waiting, Waiting::Resource { live: other, .. } if other.serial == live.serial);
        if !(live.is_timer() && module.queue.iter().any(waits)) {
            module.queue.push_back(Waiting::Resource { live: Box::new(live.clone()), data });
        }
        0
    }

    fn dispatch_resource(&mut self, live: &Live, data: &EventData) -> u32 {
        self.resources.heard(live.serial);
        let Live { module, key, handler, instance, .. } = live;
        let during = format!("the {} `{key}`", live.resource.kind());
        let flags = self.call(module, &during, |guest| guest.dispatch(*handler, data));
        let flags = flags.unwrap_or(0);
        if flags & DISPATCH_INERT != 0 {
            let who = self.component_of(*instance);
            let what = format!("`{}` of `{key}` of {who}", live.resource.kind());
            self.not_handled(module, &what, GONE);
        }
        flags
    }

    /// Delivers a firing that waited for the end of a swap to the handler that the resource has now.
    pub(crate) fn deliver_waiting_firing(&mut self, live: &Live, data: &EventData) {
        if let Some(live) = self.resources.heir(live).cloned() {
            self.dispatch_resource(&live, data);
            return;
        }
        let who = self.who(live.instance);
        let text = format!(
            "a firing of the {} `{}` of {who} was dropped: the code that runs now does not have it",
            live.resource.kind(),
            live.key
        );
        self.write_log(LogLevel::Debug, &live.module, text);
    }

    /// An instance's component as a message names it.
    pub(crate) fn component_of(&self, instance: u32) -> String {
        match self.mounts.get(&instance) {
            Some(mount) => format!("`{}`", mount.wanted.component),
            None => format!("the instance {instance}"),
        }
    }

    /// An instance as a message names it.
    pub(crate) fn who(&self, instance: u32) -> String {
        match self.mounts.get(&instance) {
            Some(mount) => format!("`{}` (instance {instance})", mount.wanted.component),
            None => format!("the instance {instance}"),
        }
    }
}
