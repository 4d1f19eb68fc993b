//! All that a page holds, and the rules by which modules are called.
//!
//! [`State`] is the page: the document, the modules and their running code, the mounted instances, the
//! resources, and what has been logged. A module is called through [`State::call`] alone, which applies what
//! the module requested once it is off the stack. [`State::settle`] then does what follows from that (mounting,
//! unmounting, focus events, restarting a trapped module) until nothing is left to do.
//!
//! Invariant: between quiesce and the end of a swap, the module that is swapped is not called by anything but
//! the swap; what happens to it meanwhile waits in its queue.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use hmr_abi::constants::{RESTART_LIMIT, RESTART_PERIOD_MS};
use hmr_abi::event::EventData;
use hmr_abi::ops::Method;
use hmr_abi::port::Invalidation;
use hmr_abi::state::{PruneRequest, Snapshot};

use crate::call_timing::{CallTiming, SlowExport};
use crate::calls::Calls;
use crate::connections::{Connections, Delivery};
use crate::detached::DetachedStates;
use crate::dom::{Dom, Node};
use crate::environment::{Environment, Requests};
use crate::guest::{Effect, Fault, Guest, Terms};
use crate::history::History;
use crate::info::{Keys, ModuleInfo, Stats};
use crate::listen::{Listeners, PageEvent};
use crate::machine::Limits;
use crate::module::Code;
use crate::mount::Mount;
use crate::ports::Ports;
use crate::record::{LogLevel, LogLine, RefusedVersion, Trap};
use crate::resources::{Live, Resources};
use crate::swap::{Probation, Swap};
use crate::tree::{Asked, Tree};

/// Something for a module that waits until its swap is over.
#[derive(Debug, Clone)]
pub(crate) enum Waiting {
    Event { node: Node, capture: bool, data: EventData },
    Resource { live: Box<Live>, data: EventData },
    Value(Box<Delivery>),
}

/// Whether a module's code can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// It can, if it runs.
    Well,
    /// It trapped, and waits for a restart.
    Trapped,
    /// It trapped and could not be restarted: only a swap starts it again.
    Stopped,
}

/// A module of the page: its code and, while a component of it is mounted, the running instance of it.
pub(crate) struct Module {
    pub(crate) code: Code,
    /// The running code. There is none while nothing is mounted, and none after a trap that could not be
    /// recovered from.
    pub(crate) guest: Option<Guest>,
    pub(crate) tree: Tree,
    /// The state after the last action that went well.
    pub(crate) last_good: Option<Snapshot>,
    pub(crate) quiesced: bool,
    pub(crate) queue: VecDeque<Waiting>,
    /// It was called since `last_good` was taken.
    pub(crate) touched: bool,
    pub(crate) health: Health,
    /// When the code was restarted after a trap, by the page's clock.
    restarts: Vec<f64>,
    /// The wrappers and meters of its exports.
    pub(crate) calls: Rc<Calls>,
    /// How often code was committed.
    pub(crate) generation: u32,
    /// The version before the one that runs.
    pub(crate) previous: Option<Code>,
    /// The keys of its signals, and the keys from before the last swap.
    pub(crate) keys: Keys,
    pub(crate) previous_keys: Keys,
    /// There while new code is watched.
    pub(crate) probation: Option<Probation>,
    /// The versions that were undone.
    pub(crate) refused: Vec<RefusedVersion>,
    pub(crate) history: History,
    pub(crate) timing: CallTiming,
}

impl Module {
    /// Whether the code that runs is not about to be replaced because it failed.
    pub(crate) fn can_go_on(&self) -> bool {
        self.health != Health::Trapped && !self.has_failed_probation()
    }

    fn has_failed_probation(&self) -> bool {
        self.probation.as_ref().is_some_and(|probation| probation.failed.is_some())
    }
}

/// A page.
pub(crate) struct State {
    pub(crate) dom: Dom,
    pub(crate) limits: Limits,
    /// Milliseconds since the Unix epoch.
    pub(crate) clock: Rc<Cell<f64>>,
    pub(crate) modules: BTreeMap<String, Module>,
    pub(crate) mounts: BTreeMap<u32, Mount>,
    pub(crate) resources: Resources,
    pub(crate) environment: Environment,
    pub(crate) ports: Ports,
    pub(crate) connections: Connections,
    pub(crate) log: Vec<LogLine>,
    pub(crate) traps: Vec<Trap>,
    pub(crate) problems: Vec<String>,
    /// The states from places that updates removed from the page.
    pub(crate) detached: DetachedStates,
    pub(crate) next_instance: u32,
    next_tree: u64,
    /// Calls requested by modules, made once they are off the stack.
    pub(crate) calls: VecDeque<(Node, Method)>,
    /// Instances that reported that they cannot continue, with their modules.
    pub(crate) invalidations: VecDeque<(String, Invalidation)>,
    /// The invalidations since the action began.
    pub(crate) invalidated: Vec<Invalidation>,
    /// The instances that had their turn since the page last settled.
    pub(crate) invalidated_once: BTreeSet<u32>,
    /// All swaps that have ended, in order.
    pub(crate) swaps: Vec<Swap>,
    /// Notifications for listeners, pending until the page is not in use.
    pub(crate) told: VecDeque<PageEvent>,
    pub(crate) listeners: Rc<Listeners>,
    pub(crate) warnings: Vec<SlowExport>,
    pub(crate) stats: Stats,
}

impl State {
    pub(crate) fn new(dom: Dom, limits: Limits, start: f64, environment: Environment) -> Self {
        Self {
            dom,
            limits,
            clock: Rc::new(Cell::new(start)),
            modules: BTreeMap::new(),
            mounts: BTreeMap::new(),
            resources: Resources::default(),
            environment,
            ports: Ports::default(),
            connections: Connections::default(),
            log: Vec::new(),
            traps: Vec::new(),
            problems: Vec::new(),
            detached: DetachedStates::default(),
            next_instance: 1,
            next_tree: 1,
            calls: VecDeque::new(),
            invalidations: VecDeque::new(),
            invalidated: Vec::new(),
            invalidated_once: BTreeSet::new(),
            swaps: Vec::new(),
            told: VecDeque::new(),
            listeners: Rc::default(),
            warnings: Vec::new(),
            stats: Stats::default(),
        }
    }

    pub(crate) fn now(&self) -> f64 {
        self.clock.get()
    }

    pub(crate) fn fresh_tree(&mut self) -> Tree {
        self.next_tree += 1;
        Tree::new(self.next_tree)
    }

    pub(crate) fn add_module(&mut self, name: &str, code: Code) {
        let tree = self.fresh_tree();
        let module = Module {
            code,
            guest: None,
            tree,
            last_good: None,
            quiesced: false,
            queue: VecDeque::new(),
            touched: false,
            health: Health::Well,
            restarts: Vec::new(),
            calls: Rc::default(),
            generation: 0,
            previous: None,
            keys: Keys::new(),
            previous_keys: Keys::new(),
            probation: None,
            refused: Vec::new(),
            history: History::default(),
            timing: CallTiming::default(),
        };
        self.modules.insert(name.to_owned(), module);
    }

    /// The run settings for a module's code.
    pub(crate) fn terms(&self, name: &str) -> Terms {
        let calls = self.modules.get(name).map(|module| Rc::clone(&module.calls));
        Terms {
            limits: self.limits,
            clock: Rc::clone(&self.clock),
            calls: calls.unwrap_or_default(),
        }
    }

    pub(crate) fn is_quiesced(&self, module: &str) -> bool {
        self.modules.get(module).is_some_and(|module| module.quiesced)
    }

    pub(crate) fn module_of_tree(&self, serial: u64) -> Option<String> {
        let found = self.modules.iter().find(|(_, module)| module.tree.serial == serial);
        found.map(|(name, _)| name.clone())
    }

    /// Calls running code and applies its requests. Nothing if it is not running, or if it trapped,
    /// which is recorded then; `during` names the call, for the developer.
    pub(crate) fn call<R>(
        &mut self,
        name: &str,
        during: &str,
        call: impl FnOnce(&mut Guest) -> Result<R, Fault>,
    ) -> Option<R> {
        let (result, effects) = self.call_held_back(name, call)?;
        let applied = self.apply(name, effects);
        match result.and_then(|value| applied.map(|()| value)) {
            Ok(value) => {
                self.count_call(name);
                Some(value)
            }
            Err(fault) => {
                self.trap(name, during, &fault);
                None
            }
        }
    }

    /// Calls running code and returns its requests. Nothing if it is not running.
    pub(crate) fn call_held_back<R>(
        &mut self,
        name: &str,
        call: impl FnOnce(&mut Guest) -> Result<R, Fault>,
    ) -> Option<(Result<R, Fault>, Vec<Effect>)> {
        let module =
            self.modules.get_mut(name).filter(|module| module.health != Health::Trapped)?;
        let guest = module.guest.as_mut()?;
        module.touched = true;
        let result = call(guest);
        Some((result, guest.take_effects()))
    }

    /// Performs a module's requests.
    pub(crate) fn apply(&mut self, name: &str, effects: Vec<Effect>) -> Result<(), Fault> {
        let mut requests = Requests::default();
        let applied = self.apply_but_requests(name, effects, &mut requests);
        self.apply_requests(name, requests);
        applied
    }

    pub(crate) fn apply_but_requests(
        &mut self,
        name: &str,
        effects: Vec<Effect>,
        requests: &mut Requests,
    ) -> Result<(), Fault> {
        for effect in effects {
            match effect {
                Effect::Log(level, text) => self.write_log(LogLevel::from(level), name, text),
                Effect::Resource(request) => requests.resources.push(request),
                Effect::Port(request) => requests.ports.push(request),
                Effect::Invalidate(invalidation) => {
                    self.invalidations.push_back((name.to_owned(), invalidation));
                }
                Effect::Dom(batch) => {
                    let Some(module) = self.modules.get_mut(name) else { continue };
                    let mut asked = Asked::default();
                    let applied = module.tree.apply(&batch, &mut self.dom, &mut asked);
                    self.calls.extend(asked.calls);
                    for warning in asked.warnings {
                        self.write_log(LogLevel::Warn, name, warning);
                    }
                    applied.map_err(|error| Fault::Malformed(error.to_string()))?;
                }
            }
        }
        Ok(())
    }

    pub(crate) fn write_log(&mut self, level: LogLevel, module: &str, text: String) {
        self.log.push(LogLine { level, module: module.to_owned(), text });
    }

    /// Writes the log lines among a call's requests, and ignores the rest.
    pub(crate) fn log_effects(&mut self, name: &str, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::Log(level, text) = effect {
                self.write_log(LogLevel::from(level), name, text);
            }
        }
    }

    /// Notes that running code trapped. When the page settles it is restarted, or undone if it is on probation.
    pub(crate) fn trap(&mut self, name: &str, during: &str, fault: &Fault) {
        let trap = Trap::new(name, during, fault);
        self.write_log(LogLevel::Error, name, format!("trapped: {fault}"));
        self.told.push_back(PageEvent::Trap(trap.clone()));
        if let Some(module) = self.modules.get_mut(name) {
            module.health = Health::Trapped;
            if let Some(probation) = &mut module.probation {
                probation.failed = Some(fault.to_string());
            }
        }
        self.traps.push(trap);
    }

    /// Begins an action of the page's user: an event, a swap, time that passes.
    pub(crate) fn begin(&mut self) {
        self.invalidated.clear();
        self.begin_turn();
    }

    /// Does the pending work until none is left, and records the state.
    pub(crate) fn settle(&mut self) {
        loop {
            self.do_what_is_left();
            self.invalidation_ends();
            self.tell_absent();
            if self.take_notes() {
                break;
            }
        }
        self.compare_paces();
    }

    fn do_what_is_left(&mut self) {
        loop {
            if let Some(name) = self.first_module(Module::has_failed_probation) {
                self.undo(&name);
            } else if let Some(name) = self.first_module(|module| module.health == Health::Trapped)
            {
                self.start_again(&name);
                self.deliver_waiting(&name);
            } else if let Some((node, method)) = self.calls.pop_front() {
                self.call_method(node, method);
            } else if !self.place_components()
                && !self.handle_invalidation()
                && !self.tell_modules()
            {
                break;
            }
        }
    }

    /// The first module of those that can be called now for which something holds.
    fn first_module(&self, holds: impl Fn(&Module) -> bool) -> Option<String> {
        let found = self.modules.iter().find(|(_, module)| !module.quiesced && holds(module));
        found.map(|(name, _)| name.clone())
    }

    /// Replaces running code that trapped by a fresh instance of it with its last good state.
    fn start_again(&mut self, name: &str) {
        let now = self.now();
        let Some(module) = self.modules.get_mut(name) else { return };
        module.health = Health::Well;
        module.restarts.retain(|at| now - at < RESTART_PERIOD_MS);
        let too_often = module.restarts.len() >= RESTART_LIMIT;
        if !too_often {
            module.restarts.push(now);
        }
        let code = module.code.clone();
        if self.mounted_of(name).is_empty() {
            // Code that trapped gets no further call, not even the one that disposes of it.
            if let Some(module) = self.modules.get_mut(name) {
                module.guest = None;
            }
            return self.stop_running(name);
        }
        let snapshot = self.last_good_snapshot(name);
        let outcome = if too_often {
            Err("it traps again and again".to_owned())
        } else {
            self.rehearse(name, &code, &snapshot).map_err(|(_, error)| error)
        };
        match outcome {
            Ok(candidate) => {
                self.stats.revived += 1;
                self.install(name, code, candidate);
            }
            Err(error) => {
                if let Some(module) = self.modules.get_mut(name) {
                    module.guest = None;
                    module.health = Health::Stopped;
                }
                self.problem(format!(
                    "the module `{name}` trapped and could not be started again: {error}"
                ));
            }
        }
    }

    /// Drops running code that nothing is mounted from.
    pub(crate) fn stop_running(&mut self, name: &str) {
        let tree = self.fresh_tree();
        let Some(module) = self.modules.get_mut(name) else { return };
        let guest = module.guest.take();
        module.last_good = None;
        module.probation = None;
        module.tree = tree;
        if let Some(guest) = guest {
            self.dispose(name, guest, &PruneRequest::default());
        }
    }

    /// The last call that running code gets, after it was notified which of its scopes the new code lacks. Its requests are
    /// ignored.
    pub(crate) fn dispose(&mut self, name: &str, mut guest: Guest, pruned: &PruneRequest) {
        let disposed = guest.prune_scopes(pruned).and_then(|()| guest.dispose());
        self.log_effects(name, guest.take_effects());
        if let Err(fault) = disposed {
            let text = format!("the old code trapped while it was disposed of: {fault}");
            self.write_log(LogLevel::Warn, name, text);
        }
    }

    /// Captures the state of each module that was called since its last good snapshot.
    ///
    /// Nothing is left to do if the answer is true: none trapped.
    fn take_notes(&mut self) -> bool {
        let mut well = true;
        let touched = self.modules.iter().filter(|(_, module)| module.touched && !module.quiesced);
        for name in touched.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
            match self.capture(&name) {
                Some(Ok(snapshot)) => {
                    if let Some(module) = self.modules.get_mut(&name) {
                        module.history.note(&module.code.hash, &snapshot);
                        module.keys = ModuleInfo::keys_of(&snapshot);
                        module.last_good = Some(snapshot);
                    }
                }
                Some(Err(fault)) => {
                    self.trap(&name, "capturing the state", &fault);
                    well = false;
                }
                None => {}
            }
            if let Some(module) = self.modules.get_mut(&name) {
                module.touched = false;
            }
        }
        well
    }

    /// The state of running code, or why it could not be captured. Nothing if it is not running.
    pub(crate) fn capture(&mut self, name: &str) -> Option<Result<Snapshot, Fault>> {
        let (captured, effects) = self.call_held_back(name, Guest::capture)?;
        self.log_effects(name, effects);
        Some(captured)
    }

    pub(crate) fn problem(&mut self, text: String) {
        self.write_log(LogLevel::Error, "", text.clone());
        self.told.push_back(PageEvent::Problem(text.clone()));
        self.problems.push(text);
    }
}
