//! One instantiated module: calls into it, and its requests during them.
//!
//! Imports apply nothing: they check and record the module's requests, as [`Effect`]s, which the
//! caller gets once the call is over. That is what keeps a module off the stack when its operations
//! mount other components or fire events, and what lets a swap hold back all that new code does.
//!
//! A [`Guest`] trusts nothing: addresses and lengths are checked against the memory, texts decoded, calls
//! cut when they take too long. Every failure is a [`Fault`]; none is a panic of the host.
//!
//! Every call of an export goes through [`Guest::invoke`], so that the wrappers and meters of [`Calls`] see all of
//! them.

mod invoke;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hmr_abi::event::{EventData, PanicInfo, ResourceRequest};
use hmr_abi::port::{Invalidation, PortRequest};
use hmr_abi::state::{
    HealthReport, MigrateAnswer, MountAnswer, MountRequest, PruneRequest, RestoreReport, Snapshot,
};
use hmr_abi::text::{cut, cut_owned};
use hmr_abi::{IMPORT_MODULE, exports, imports};
use serde::de::DeserializeOwned;
use wasmtime::{
    Caller, Error, Global, Instance, Linker, Memory, MemoryType, Store, StoreLimits,
    StoreLimitsBuilder,
};

use crate::calls::{Calls, Value};
use crate::machine::Limits;
use crate::module::Code;

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

/// Why a call failed. The module's earlier effects remain; its memory can no longer be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{}", described(.0))]
    Panic(PanicInfo),
    #[error("{0}")]
    Trap(String),
    #[error("took longer than {0} ms")]
    Timeout(u128),
    /// The code's own budget was used up; in which function, if it has a name.
    #[error("ran for too long{}", .0.as_ref().map(|name| format!(" in `{name}`")).unwrap_or_default())]
    TooLong(Option<String>),
    #[error("{0}")]
    Malformed(String),
}

struct Host {
    limits: StoreLimits,
    effects: Vec<Effect>,
    /// How many more bytes this call may hand over.
    room: usize,
    clock: Rc<Cell<f64>>,
    panic: Option<PanicInfo>,
    /// How much of the current call was spent in imports.
    away: Duration,
}

/// The settings that code runs with.
#[derive(Clone)]
pub(crate) struct Terms {
    pub(crate) limits: Limits,
    pub(crate) clock: Rc<Cell<f64>>,
    /// The wrappers and meters of its module.
    pub(crate) calls: Rc<Calls>,
}

pub(crate) struct Guest {
    store: Store<Host>,
    instance: Instance,
    limits: Limits,
    memory: Memory,
    budget: Option<Global>,
    calls: Rc<Calls>,
    /// The binary, which has the source locations of traps.
    bytes: Option<std::sync::Arc<[u8]>>,
    /// The trap of the current call's code, regardless of a wrapper's result.
    failed: Option<Fault>,
    /// How long the last calls of each export took, in milliseconds.
    times: BTreeMap<String, Vec<f64>>,
}

impl Guest {
    /// Instantiates `code` and registers its components.
    pub(crate) fn start(code: &Code, terms: &Terms) -> Result<Self, Fault> {
        let mut guest = Self::instantiate(&code.module, terms)?;
        guest.know_bytes(std::sync::Arc::clone(&code.bytes));
        for component in &code.components {
            guest.invoke(&format!("{}{component}", exports::COMPONENT_PREFIX), &[])?;
        }
        Ok(guest)
    }

    /// Locates traps with the binary's line table.
    pub(crate) fn know_bytes(&mut self, bytes: std::sync::Arc<[u8]>) {
        self.bytes = Some(bytes);
    }

    /// Instantiates without registering anything.
    pub(crate) fn instantiate(module: &wasmtime::Module, terms: &Terms) -> Result<Self, Fault> {
        let limits = terms.limits;
        let host = Host {
            limits: StoreLimitsBuilder::new()
                .memory_size(limits.memory)
                .table_elements(1 << 20)
                .memories(2)
                .build(),
            effects: Vec::new(),
            room: limits.handed_over,
            clock: Rc::clone(&terms.clock),
            panic: None,
            away: Duration::ZERO,
        };
        let mut store = Store::new(module.engine(), host);
        store.limiter(|host| &mut host.limits);
        store.set_epoch_deadline(limits.ticks());
        let instance = linker(module.engine())
            .and_then(|linker| linker.instantiate(&mut store, module))
            .map_err(|error| invoke::fault(&error, None, &limits))?;
        // Code that exports none gets one that it does not know of, where nothing fits in.
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
            calls: Rc::clone(&terms.calls),
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
        let answer = self.ask(exports::MOUNT, request)?;
        let MountAnswer { error } = self.answer(exports::MOUNT, answer)?;
        Ok(MountAnswer { error: error.map(cut_owned) })
    }

    pub(crate) fn unmount(&mut self, instance: u32) -> Result<(), Fault> {
        self.invoke(exports::UNMOUNT, &[instance.into()]).map(|_| ())
    }

    /// Notifies an instance that an update removed its place, if the code subscribes to it.
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
        self.number(exports::DISPATCH, &[handler.into(), ptr.into(), len.into()])
    }

    pub(crate) fn capture(&mut self) -> Result<Snapshot, Fault> {
        self.snapshot_of(exports::CAPTURE_STATE)
    }

    /// Runs the hooks that run before an update.
    pub(crate) fn before_update(&mut self) -> Result<Snapshot, Fault> {
        self.snapshot_of(exports::BEFORE_UPDATE)
    }

    fn snapshot_of(&mut self, export: &str) -> Result<Snapshot, Fault> {
        let answer = self.number(export, &[])?;
        if answer == 0 {
            return Ok(Snapshot { abi: hmr_abi::ABI_VERSION, ..Snapshot::default() });
        }
        self.answer(export, answer)
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
        match self.ask(exports::MIGRATE, snapshot)? {
            0 => Ok(None),
            ptr => MigrateAnswer::parse(self.bytes(exports::MIGRATE, ptr)?)
                .map(Some)
                .map_err(|error| not_json(exports::MIGRATE, &error)),
        }
    }

    pub(crate) fn restore(&mut self, snapshot: &Snapshot) -> Result<RestoreReport, Fault> {
        let answer = self.ask(exports::RESTORE_STATE, snapshot)?;
        let mut report: RestoreReport = self.answer(exports::RESTORE_STATE, answer)?;
        report.cut_texts();
        Ok(report)
    }

    /// Which instances are unhealthy; none if the code does not report it.
    pub(crate) fn health(&mut self) -> Result<HealthReport, Fault> {
        if !self.has(exports::HEALTH) {
            return Ok(HealthReport::default());
        }
        let answer = self.number(exports::HEALTH, &[])?;
        self.answer(exports::HEALTH, answer)
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
    pub(crate) fn memory(&self) -> Vec<u8> {
        self.memory.data(&self.store).to_vec()
    }

    /// Restores the memory. Memory added since is zeroed.
    pub(crate) fn put_memory_back(&mut self, was: &[u8]) {
        let memory = self.memory.data_mut(&mut self.store);
        let (known, grown) = memory.split_at_mut(was.len().min(memory.len()));
        known.copy_from_slice(&was[..known.len()]);
        grown.fill(0);
    }

    /// Gives an export a value as JSON text; returns the address of its answer.
    fn ask<T: serde::Serialize>(&mut self, export: &str, value: &T) -> Result<u32, Fault> {
        let (ptr, len) = self.argument(&json(value)?)?;
        self.number(export, &[ptr.into(), len.into()])
    }

    /// Calls an export whose answer is one `i32`.
    pub(crate) fn number(&mut self, export: &str, params: &[Value]) -> Result<u32, Fault> {
        match self.invoke(export, params)?.as_slice() {
            [Value::I32(number)] => Ok(number.cast_unsigned()),
            _ => Err(Fault::Malformed(format!("`{export}` does not answer with an `i32`"))),
        }
    }

    /// Copies `bytes` into room that the module makes for them.
    pub(crate) fn argument(&mut self, bytes: &[u8]) -> Result<(u32, u32), Fault> {
        let len = u32::try_from(bytes.len())
            .map_err(|_| Fault::Malformed("an argument of more than 4 GiB".to_owned()))?;
        let ptr = self.number(exports::ALLOC, &[len.into()])?;
        self.memory.write(&mut self.store, ptr as usize, bytes).map_err(|_| {
            Fault::Malformed(format!(
                "`{}` answered with room for {len} bytes at {ptr}, outside of the memory",
                exports::ALLOC
            ))
        })?;
        Ok((ptr, len))
    }

    /// Reads the JSON answer at `ptr`; address 0 is an empty answer.
    fn answer<T: DeserializeOwned + Default>(&self, export: &str, ptr: u32) -> Result<T, Fault> {
        if ptr == 0 {
            return Ok(T::default());
        }
        serde_json::from_slice(self.bytes(export, ptr)?).map_err(|error| not_json(export, &error))
    }

    /// The bytes of the answer at `ptr`.
    pub(crate) fn bytes(&self, export: &str, ptr: u32) -> Result<&[u8], Fault> {
        length_prefixed(self.memory.data(&self.store), ptr).ok_or_else(|| {
            Fault::Malformed(format!("the answer of `{export}` at {ptr} is outside of the memory"))
        })
    }
}

/// The message of a panic, with the place if that is known.
fn described(info: &PanicInfo) -> String {
    let PanicInfo { message, file, line, .. } = info;
    if file.is_empty() { message.clone() } else { format!("{message} ({file}:{line})") }
}

fn not_json(export: &str, error: &serde_json::Error) -> Fault {
    // The error may quote a value of any length.
    Fault::Malformed(cut_owned(format!("the answer of `{export}` is no such JSON: {error}")))
}

fn json<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(value).map_err(|error| Fault::Malformed(error.to_string()))
}

fn length_prefixed(memory: &[u8], ptr: u32) -> Option<&[u8]> {
    let (len, rest) = memory.get(ptr as usize..)?.split_first_chunk::<4>()?;
    rest.get(..u32::from_le_bytes(*len) as usize)
}

fn linker(engine: &wasmtime::Engine) -> Result<Linker<Host>, Error> {
    let mut linker = Linker::new(engine);
    linker.func_wrap(
        IMPORT_MODULE,
        imports::DOM,
        |mut caller: Caller<'_, Host>, ptr: u32, len: u32| {
            let batch = handed_over(&mut caller, ptr, len)?;
            caller.data_mut().effects.push(Effect::Dom(batch));
            Ok::<(), Error>(())
        },
    )?;
    linker.func_wrap(
        IMPORT_MODULE,
        imports::LOG,
        |mut caller: Caller<'_, Host>, level: u32, ptr: u32, len: u32| {
            let bytes = handed_over(&mut caller, ptr, len)?;
            let text = cut(&String::from_utf8_lossy(&bytes)).into_owned();
            caller.data_mut().effects.push(Effect::Log(level, text));
            Ok::<(), Error>(())
        },
    )?;
    linker.func_wrap(IMPORT_MODULE, imports::NOW, |caller: Caller<'_, Host>| {
        caller.data().clock.get()
    })?;
    linker.func_wrap(
        IMPORT_MODULE,
        imports::PANIC,
        |mut caller: Caller<'_, Host>, ptr: u32, len: u32| {
            let bytes = handed_over(&mut caller, ptr, len)?;
            caller.data_mut().panic = Some(PanicInfo::read(&bytes));
            Ok::<(), Error>(())
        },
    )?;
    request(&mut linker, imports::RESOURCE, "a resource request", Effect::Resource)?;
    request(&mut linker, imports::PORT, "a port request", Effect::Port)?;
    request(&mut linker, imports::INVALIDATE, "an invalidation", |told: Invalidation| {
        Effect::Invalidate(Invalidation { reason: cut_owned(told.reason), ..told })
    })?;
    Ok(linker)
}

/// Provides an import that takes JSON, which becomes an effect.
fn request<T: DeserializeOwned + 'static>(
    linker: &mut Linker<Host>,
    name: &'static str,
    what: &'static str,
    effect: fn(T) -> Effect,
) -> Result<(), Error> {
    linker.func_wrap(
        IMPORT_MODULE,
        name,
        move |mut caller: Caller<'_, Host>, ptr: u32, len: u32| {
            let bytes = handed_over(&mut caller, ptr, len)?;
            let read = serde_json::from_slice(&bytes)
                .map_err(|error| Error::msg(format!("{what} is malformed: {error}")))?;
            caller.data_mut().effects.push(effect(read));
            Ok::<(), Error>(())
        },
    )?;
    Ok(())
}

/// A copy of an import's argument, after checking that it is in the memory's bounds.
fn handed_over(caller: &mut Caller<'_, Host>, ptr: u32, len: u32) -> Result<Vec<u8>, Error> {
    let began = Instant::now();
    let memory = caller
        .get_export(exports::MEMORY)
        .and_then(wasmtime::Extern::into_memory)
        .ok_or_else(|| Error::msg("the module does not export `memory`"))?;
    let (memory, host) = memory.data_and_store_mut(&mut *caller);
    let start = ptr as usize;
    let bytes = start
        .checked_add(len as usize)
        .and_then(|end| memory.get(start..end))
        .ok_or_else(|| Error::msg(format!("{len} bytes at {ptr} are outside of the memory")))?;
    // An empty call costs the host as well, so that a loop of them comes to an end too.
    host.room = host
        .room
        .checked_sub(bytes.len() + 64)
        .ok_or_else(|| Error::msg("one call handed over more than an engine takes"))?;
    let bytes = bytes.to_vec();
    host.away += began.elapsed();
    Ok(bytes)
}
