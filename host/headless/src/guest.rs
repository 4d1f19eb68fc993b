//! One instantiated module: calls into it, and its requests during them.
//!
//! Imports apply nothing: the module's requests are recorded as [`Effect`]s, which the caller gets once the call is over.
//! That keeps a module off the stack when its operations mount other components or fire events, and lets a swap hold back
//! all that new code does.
//!
//! A [`Guest`] trusts nothing: addresses and lengths are checked against the memory, texts decoded, calls ended when they
//! take too long. Every failure is a [`Fault`]; none is a panic of the host.
//!
//! Every call of an export goes through [`Guest::invoke`], so that the wrappers and meters of [`Calls`] see all of them.

mod call;
pub(crate) mod code;
pub(crate) mod fault;
pub(crate) mod machine;
pub(crate) mod page_values;
pub(crate) mod value;
pub(crate) mod wrappers;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use hmr_abi::event::{EventData, ResourceRequest};
use hmr_abi::exports;
use hmr_abi::port::{Invalidation, PortRequest};
use hmr_abi::read::ReadRequest;
use hmr_abi::state::{
    HealthReport, MigrateAnswer, MountAnswer, MountRequest, PruneRequest, RestoreReport, Snapshot,
};
use hmr_abi::text::{cut, cut_owned};
use hmr_guest::{
    Exchange, Host, Transfer, define_browser_imports, linker, not_json, store_limits, ticks,
};
use wasmtime::{Global, Instance, Memory, MemoryType, Store, StoreLimits};

use self::code::Code;
use self::fault::Fault;
use self::machine::Limits;
use self::page_values::PageValues;
use self::value::Value;
use self::wrappers::Calls;

/// A module's request to its engine during a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// A batch of DOM operations, not decoded yet.
    Dom(Vec<u8>),
    /// A log line: level and text.
    Log(u32, String),
    Resource(ResourceRequest),
    Port(PortRequest),
    Invalidate(Invalidation),
}

/// The imports' side of a module.
struct PageHost {
    limits: StoreLimits,
    transfer: Transfer,
    effects: Vec<Effect>,
    clock: Clock,
    page_values: PageValues,
}

impl Host for PageHost {
    fn transfer(&mut self) -> &mut Transfer {
        &mut self.transfer
    }

    fn now(&self) -> f64 {
        self.clock.now()
    }

    fn dom(&mut self, batch: Vec<u8>) -> wasmtime::Result<()> {
        self.effects.push(Effect::Dom(batch));
        Ok(())
    }

    fn log(&mut self, level: u32, text: &[u8]) {
        let text = cut(&String::from_utf8_lossy(text)).into_owned();
        self.effects.push(Effect::Log(level, text));
    }

    fn resource(&mut self, request: ResourceRequest) {
        self.effects.push(Effect::Resource(request));
    }

    fn port(&mut self, request: PortRequest) {
        self.effects.push(Effect::Port(request));
    }

    fn invalidate(&mut self, Invalidation { instance, reason }: Invalidation) {
        let reason = cut_owned(reason);
        self.effects.push(Effect::Invalidate(Invalidation { instance, reason }));
    }

    fn random(&mut self, bytes: &mut [u8]) {
        self.page_values.fill_random(bytes);
    }

    fn read(&mut self, request: &ReadRequest) -> Option<String> {
        Some(self.page_values.read(request))
    }
}

/// A page's clock, in milliseconds since the Unix epoch. Clones are the same clock.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock(Rc<Cell<f64>>);

impl Clock {
    pub(crate) fn new(start: f64) -> Self {
        Self(Rc::new(Cell::new(start)))
    }

    pub(crate) fn now(&self) -> f64 {
        self.0.get()
    }

    pub(crate) fn set(&self, now: f64) {
        self.0.set(now);
    }
}

/// What code runs with.
#[derive(Clone)]
pub(crate) struct RunConfig {
    pub(crate) limits: Limits,
    pub(crate) clock: Clock,
    pub(crate) page_values: PageValues,
    /// The wrappers and meters of its module.
    pub(crate) calls: Rc<Calls>,
}

/// An instantiated module.
pub(crate) struct Guest {
    store: Store<PageHost>,
    instance: Instance,
    limits: Limits,
    memory: Memory,
    budget: Option<Global>,
    calls: Rc<Calls>,
    /// The binary, which has the source locations of traps.
    bytes: Option<Arc<[u8]>>,
    /// The trap of the current call's code, regardless of a wrapper's result.
    failed: Option<Fault>,
    /// How long the last calls of each export took, in milliseconds.
    times: BTreeMap<String, Vec<f64>>,
}

impl Guest {
    /// Instantiates `code` and registers its components.
    pub(crate) fn start(code: &Code, config: &RunConfig) -> Result<Self, Fault> {
        let mut guest = Self::instantiate(&code.module, config)?;
        guest.set_bytes(Arc::clone(&code.bytes));
        for component in &code.components {
            guest.invoke(&format!("{}{component}", exports::COMPONENT_PREFIX), &[])?;
        }
        Ok(guest)
    }

    /// Gives traps source locations, from the binary's line table.
    pub(crate) fn set_bytes(&mut self, bytes: Arc<[u8]>) {
        self.bytes = Some(bytes);
    }

    /// Instantiates without registering anything.
    pub(crate) fn instantiate(
        module: &wasmtime::Module,
        config: &RunConfig,
    ) -> Result<Self, Fault> {
        let limits = config.limits;
        let host = PageHost {
            limits: store_limits(limits.memory),
            transfer: Transfer { room: limits.sent, ..Transfer::default() },
            effects: Vec::new(),
            clock: config.clock.clone(),
            page_values: config.page_values.clone(),
        };
        let mut store = Store::new(module.engine(), host);
        store.limiter(|host| &mut host.limits);
        store.set_epoch_deadline(ticks(limits.call));
        let instance = linker(module.engine())
            .and_then(|mut linker| {
                define_browser_imports(&mut linker, module)?;
                linker.instantiate(&mut store, module)
            })
            .map_err(|error| Fault::of_call(&error, None, &limits))?;
        // Code that exports no memory gets an empty one that it does not see, so that every argument is refused.
        let memory = match instance.get_memory(&mut store, exports::MEMORY) {
            Some(memory) => memory,
            None => Memory::new(&mut store, MemoryType::new(0, Some(0)))
                .map_err(|error| Fault::Malformed(format!("{error:#}")))?,
        };
        let budget = instance.get_global(&mut store, exports::BUDGET);
        Ok(Self {
            instance,
            memory,
            limits,
            budget,
            calls: Rc::clone(&config.calls),
            bytes: None,
            failed: None,
            times: BTreeMap::new(),
            store,
        })
    }

    /// The requests since the last call.
    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.store.data_mut().effects)
    }

    pub(crate) fn mount(&mut self, request: &MountRequest) -> Result<MountAnswer, Fault> {
        let answer = self.send_json(exports::MOUNT, request)?;
        let MountAnswer { error } = self.json_answer(exports::MOUNT, answer)?;
        Ok(MountAnswer { error: error.map(cut_owned) })
    }

    pub(crate) fn unmount(&mut self, instance: u32) -> Result<(), Fault> {
        self.invoke(exports::UNMOUNT, &[instance.into()]).map(|_| ())
    }

    /// Notifies an instance that an update removed its element, if the code subscribes to it.
    pub(crate) fn prune(&mut self, instance: u32) -> Result<(), Fault> {
        if self.has(exports::PRUNE) {
            self.invoke(exports::PRUNE, &[instance.into()])?;
        }
        Ok(())
    }

    /// Notifies replaced code which scopes the new code lacks, if it subscribes to it.
    pub(crate) fn prune_scopes(&mut self, request: &PruneRequest) -> Result<(), Fault> {
        if !request.instances.is_empty() && self.has(exports::PRUNE_SCOPES) {
            let (ptr, len) = self.argument(&json(request)?)?;
            self.invoke(exports::PRUNE_SCOPES, &[ptr.into(), len.into()])?;
        }
        Ok(())
    }

    /// The flags of `hmr_dispatch`.
    pub(crate) fn dispatch(&mut self, handler: u32, data: &EventData) -> Result<u32, Fault> {
        let (ptr, len) = self.argument(&json(data)?)?;
        self.call_i32(exports::DISPATCH, &[handler, ptr, len])
    }

    pub(crate) fn capture(&mut self) -> Result<Snapshot, Fault> {
        self.snapshot_of(exports::CAPTURE_STATE)
    }

    /// Runs the hooks that run before an update.
    pub(crate) fn before_update(&mut self) -> Result<Snapshot, Fault> {
        self.snapshot_of(exports::BEFORE_UPDATE)
    }

    fn snapshot_of(&mut self, export: &str) -> Result<Snapshot, Fault> {
        let answer = self.call_i32(export, &[])?;
        if answer == 0 {
            return Ok(Snapshot { abi: hmr_abi::ABI_VERSION, ..Snapshot::default() });
        }
        self.json_answer(export, answer)
    }

    /// Whether the code can bring a snapshot to its own versions.
    pub(crate) fn migrates(&mut self) -> bool {
        self.has(exports::MIGRATE)
    }

    /// The snapshot as this code understands it, or why it cannot be made that. Code that does not migrate takes it
    /// as it is.
    pub(crate) fn migrate(&mut self, snapshot: &Snapshot) -> Result<Option<MigrateAnswer>, Fault> {
        if !self.migrates() {
            return Ok(None);
        }
        match self.send_json(exports::MIGRATE, snapshot)? {
            0 => Ok(None),
            ptr => MigrateAnswer::parse(self.answer(exports::MIGRATE, ptr)?)
                .map(Some)
                .map_err(|error| Fault::Malformed(not_json(exports::MIGRATE, &error))),
        }
    }

    pub(crate) fn restore(&mut self, snapshot: &Snapshot) -> Result<RestoreReport, Fault> {
        let answer = self.send_json(exports::RESTORE_STATE, snapshot)?;
        let mut report: RestoreReport = self.json_answer(exports::RESTORE_STATE, answer)?;
        report.cut_texts();
        Ok(report)
    }

    /// Which instances are unhealthy; none if the code does not report it.
    pub(crate) fn health(&mut self) -> Result<HealthReport, Fault> {
        if !self.has(exports::HEALTH) {
            return Ok(HealthReport::default());
        }
        let answer = self.call_i32(exports::HEALTH, &[])?;
        self.json_answer(exports::HEALTH, answer)
    }

    pub(crate) fn dispose(&mut self) -> Result<(), Fault> {
        self.invoke(exports::DISPOSE, &[]).map(|_| ())
    }

    /// The names of the functions that the module exports.
    pub(crate) fn exports(&mut self) -> Vec<String> {
        let exports = self.instance.exports(&mut self.store);
        let functions = exports.filter_map(|export| {
            let name = export.name().to_owned();
            export.into_func().map(|_| name)
        });
        functions.collect()
    }

    /// Bytes of the memory, if they are all in it.
    pub(crate) fn read(&self, address: u32, length: u32) -> Option<&[u8]> {
        self.memory.data(&self.store).get(address as usize..)?.get(..length as usize)
    }

    /// Writes into the memory, if there is room.
    pub(crate) fn write(&mut self, address: u32, bytes: &[u8]) -> Option<()> {
        self.memory.write(&mut self.store, address as usize, bytes).ok()
    }

    /// A copy of the memory.
    pub(crate) fn copy_memory(&self) -> Vec<u8> {
        self.memory.data(&self.store).to_vec()
    }

    /// Restores a copy of the memory. Memory added since is zeroed.
    pub(crate) fn restore_memory(&mut self, was: &[u8]) {
        let memory = self.memory.data_mut(&mut self.store);
        let (known, grown) = memory.split_at_mut(was.len().min(memory.len()));
        known.copy_from_slice(&was[..known.len()]);
        grown.fill(0);
    }

    /// Calls an export with a value as JSON text; returns the address of its answer.
    fn send_json<T: serde::Serialize>(&mut self, export: &str, value: &T) -> Result<u32, Fault> {
        self.send(export, &json(value)?)
    }
}

impl Exchange for Guest {
    type Fault = Fault;

    fn call_i32(&mut self, export: &str, params: &[u32]) -> Result<u32, Fault> {
        let params: Vec<Value> = params.iter().map(|param| Value::from(*param)).collect();
        match self.invoke(export, &params)?.as_slice() {
            [Value::I32(number)] => Ok(number.cast_unsigned()),
            _ => Err(Fault::Malformed(format!("`{export}` does not answer with an `i32`"))),
        }
    }

    fn memory(&self) -> &[u8] {
        self.memory.data(&self.store)
    }

    fn memory_mut(&mut self) -> &mut [u8] {
        self.memory.data_mut(&mut self.store)
    }

    fn malformed(message: String) -> Fault {
        Fault::Malformed(message)
    }
}

fn json<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(value).map_err(|error| Fault::Malformed(error.to_string()))
}
