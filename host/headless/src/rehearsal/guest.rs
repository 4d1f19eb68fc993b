//! One instance of new code on the stage: it is called as a swap would call it, and nothing that it does shows.
//!
//! This is not the guest that a page runs: it lives for one rehearsal, may lack code, and a trap has to
//! report which function it was in. DOM operations and requests are parsed, for a malformed one is a trap, and dropped; log
//! lines are dropped unread. Whether operations fit together is left to the page, which renders off-document first.

use std::time::Instant;

use hmr_abi::event::{PanicInfo, ResourceRequest};
use hmr_abi::ops::Ops;
use hmr_abi::port::{Invalidation, PortRequest};
use hmr_abi::text::cut_owned;
use hmr_abi::{IMPORT_MODULE, exports, imports};
use serde::de::DeserializeOwned;
use wasmtime::{
    Caller, Error, Extern, Instance, Linker, Memory, MemoryType, Module, Store, StoreLimits,
    StoreLimitsBuilder, Trap, WasmBacktrace, WasmParams, WasmResults,
};

use super::base::{BASE, Base, CONSTANTS, Delta};
use super::frame::SHARED;
use super::{Code, Machine, RehearsalLimits};

/// The budget of the loop guard: the time limit ends a rehearsal.
const BUDGET: i32 = i32::MAX;

/// Why a call failed.
#[derive(Debug)]
pub(super) struct Fault {
    /// The error, without the place.
    pub(super) message: String,
    /// Where the code was, the innermost first, if it was the code that failed.
    pub(super) frames: Vec<Frame>,
    /// The code's own report of its panic, with its place.
    pub(super) panic: Option<PanicInfo>,
    /// Whether it may have called missing code: its trap looks like that, and has no message.
    pub(super) trapped: bool,
    /// Whether its time was over.
    pub(super) late: bool,
}

/// A call that was under way.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) module: Module,
    /// The index of the function.
    pub(super) function: u32,
    /// Where in the binary it was.
    pub(super) offset: Option<usize>,
}

impl Fault {
    pub(super) fn plain(message: impl Into<String>) -> Self {
        Self {
            message: cut_owned(message.into()),
            frames: Vec::new(),
            panic: None,
            trapped: false,
            late: false,
        }
    }
}

pub(super) struct Host {
    limits: StoreLimits,
    /// How many more bytes may be handed over.
    room: usize,
    panic: Option<PanicInfo>,
    started: Instant,
    clock: f64,
}

pub(super) struct Guest {
    pub(super) store: Store<Host>,
    instance: Instance,
    memory: Memory,
    limits: RehearsalLimits,
}

impl Guest {
    /// Instantiates code. All calls together may last as long as one.
    pub(super) fn start(machine: &Machine, code: &Code, clock: f64) -> Result<Self, Fault> {
        let limits = machine.limits;
        let host = Host {
            limits: StoreLimitsBuilder::new()
                .memory_size(limits.memory)
                .table_elements(1 << 20)
                .memories(2)
                .build(),
            room: limits.handed_over,
            panic: None,
            started: Instant::now(),
            clock,
        };
        let mut store = Store::new(&machine.engine, host);
        store.limiter(|host| &mut host.limits);
        store.set_epoch_deadline(limits.ticks());
        let linker = &machine.linker;
        let instance = match code {
            Code::Whole(module) => linker.instantiate(&mut store, module),
            Code::Split(base, delta) => instantiate(&mut store, linker, base, delta),
        }
        .map_err(|error| fault(&error, None, limits))?;
        let memory = instance
            .get_memory(&mut store, exports::MEMORY)
            .ok_or_else(|| Fault::plain("the module does not export `memory`"))?;
        let mut guest = Self { store, instance, memory, limits };
        if let Some(budget) = guest.instance.get_global(&mut guest.store, exports::BUDGET) {
            budget
                .set(&mut guest.store, BUDGET.into())
                .map_err(|error| Fault::plain(format!("`{}`: {error}", exports::BUDGET)))?;
        }
        Ok(guest)
    }

    /// Registers the components.
    pub(super) fn register(&mut self, components: &[String]) -> Result<(), Fault> {
        components.iter().try_for_each(|component| {
            self.call(&format!("{}{component}", exports::COMPONENT_PREFIX), ())
        })
    }

    /// Whether the module has a function of this name.
    pub(super) fn has(&mut self, export: &str) -> bool {
        self.instance.get_func(&mut self.store, export).is_some()
    }

    /// Calls an export with bytes, and reads the bytes that it returns, which may be empty.
    pub(super) fn ask(&mut self, export: &str, bytes: &[u8]) -> Result<Vec<u8>, Fault> {
        let len = u32::try_from(bytes.len()).map_err(|_| Fault::plain("the state is too large"))?;
        let ptr: u32 = self.call(exports::ALLOC, len)?;
        self.memory.write(&mut self.store, ptr as usize, bytes).map_err(|_| {
            Fault::plain(format!(
                "`{}` answered with room for {len} bytes at {ptr}, outside of the memory",
                exports::ALLOC
            ))
        })?;
        let answer = self.call(export, (ptr, len))?;
        self.answer(export, answer)
    }

    /// Calls an export without parameters, and reads the bytes that it returns.
    pub(super) fn query(&mut self, export: &str) -> Result<Vec<u8>, Fault> {
        let answer = self.call(export, ())?;
        self.answer(export, answer)
    }

    fn answer(&self, export: &str, ptr: u32) -> Result<Vec<u8>, Fault> {
        if ptr == 0 {
            return Ok(Vec::new());
        }
        let memory = self.memory.data(&self.store);
        let bytes = memory.get(ptr as usize..).and_then(|at| at.split_first_chunk::<4>());
        bytes
            .and_then(|(len, rest)| rest.get(..u32::from_le_bytes(*len) as usize))
            .map(<[u8]>::to_vec)
            .ok_or_else(|| {
                Fault::plain(format!("the answer of `{export}` at {ptr} is outside of the memory"))
            })
    }

    /// The contents of another memory.
    pub(super) fn memory_named(&mut self, name: &str) -> Vec<u8> {
        let memory = self.instance.get_memory(&mut self.store, name);
        memory.map_or_else(Vec::new, |memory| memory.data(&self.store).to_vec())
    }

    fn call<P: WasmParams, R: WasmResults>(&mut self, export: &str, params: P) -> Result<R, Fault> {
        let function = self
            .instance
            .get_typed_func::<P, R>(&mut self.store, export)
            .map_err(|error| Fault::plain(format!("`{export}`: {error:#}")))?;
        function.call(&mut self.store, params).map_err(|error| {
            let panic = self.store.data_mut().panic.take();
            fault(&error, panic, self.limits)
        })
    }
}

/// Instantiates a base, and a delta upon it.
fn instantiate(
    store: &mut Store<Host>,
    linker: &Linker<Host>,
    base: &Base,
    delta: &Delta,
) -> Result<Instance, Error> {
    let shared = delta.frame.make(store)?;
    let pages = MemoryType::new(delta.pages, Some(delta.pages));
    let constants = Memory::new(&mut *store, pages)?;
    constants.write(&mut *store, 0, &delta.constants)?;
    let of_base = base.module.imports().map(|import| match (import.module(), import.name()) {
        (SHARED, CONSTANTS) => Some(constants.into()),
        (SHARED, name) => shared.get(name),
        _ => linker.get_by_import(&mut *store, &import),
    });
    let unknown = || Error::msg("an import that no engine provides");
    let of_base = of_base.collect::<Option<Vec<Extern>>>().ok_or_else(unknown)?;
    let running = Instance::new(&mut *store, &base.module, &of_base)?;
    let of_delta = delta.module.imports().map(|import| match (import.module(), import.name()) {
        (SHARED, name) => shared.get(name),
        (BASE, number) => {
            running.get_module_export(&mut *store, base.export(number.parse().ok()?)?)
        }
        _ => linker.get_by_import(&mut *store, &import),
    });
    let of_delta = of_delta.collect::<Option<Vec<Extern>>>().ok_or_else(unknown)?;
    Instance::new(&mut *store, &delta.module, &of_delta)
}

fn fault(error: &Error, panic: Option<PanicInfo>, limits: RehearsalLimits) -> Fault {
    let frames = error.downcast_ref::<WasmBacktrace>().map_or(&[][..], WasmBacktrace::frames);
    let frames = frames.iter().map(|frame| Frame {
        module: frame.module().clone(),
        function: frame.func_index(),
        offset: frame.module_offset(),
    });
    if let Some(info) = panic {
        let message = info.message.clone();
        return Fault { frames: frames.collect(), panic: Some(info), ..Fault::plain(message) };
    }
    let message = match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => {
            format!("ran for more than {} ms", limits.time.as_millis())
        }
        Some(trap) => trap.to_string(),
        None => error.root_cause().to_string(),
    };
    let trap = error.downcast_ref::<Trap>();
    let absent = [Trap::UnreachableCodeReached, Trap::IndirectCallToNull];
    let trapped = trap.is_some_and(|trap| absent.contains(trap));
    let late = matches!(trap, Some(Trap::Interrupt));
    Fault { frames: frames.collect(), trapped, late, ..Fault::plain(message) }
}

/// The stage's imports for modules.
pub(super) fn linker(engine: &wasmtime::Engine) -> Result<Linker<Host>, Error> {
    let mut linker = Linker::new(engine);
    linker.func_wrap(
        IMPORT_MODULE,
        imports::DOM,
        |mut caller: Caller<'_, Host>, ptr: u32, len: u32| {
            let batch = handed_over(&mut caller, ptr, len)?;
            Ops::new(&batch).try_for_each(|op| op.map(drop)).map_err(|error| {
                Error::msg(format!("a batch of DOM operations does not decode: {error}"))
            })
        },
    )?;
    linker.func_wrap(
        IMPORT_MODULE,
        imports::LOG,
        |mut caller: Caller<'_, Host>, _level: u32, ptr: u32, len: u32| {
            handed_over(&mut caller, ptr, len).map(drop)
        },
    )?;
    linker.func_wrap(IMPORT_MODULE, imports::NOW, |caller: Caller<'_, Host>| {
        let host = caller.data();
        host.clock + host.started.elapsed().as_secs_f64() * 1e3
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
    read_and_drop::<ResourceRequest>(&mut linker, imports::RESOURCE, "a resource request")?;
    read_and_drop::<PortRequest>(&mut linker, imports::PORT, "a port request")?;
    read_and_drop::<Invalidation>(&mut linker, imports::INVALIDATE, "an invalidation")?;
    Ok(linker)
}

fn read_and_drop<T: DeserializeOwned>(
    linker: &mut Linker<Host>,
    name: &str,
    what: &'static str,
) -> Result<(), Error> {
    linker.func_wrap(
        IMPORT_MODULE,
        name,
        move |mut caller: Caller<'_, Host>, ptr: u32, len: u32| {
            let bytes = handed_over(&mut caller, ptr, len)?;
            serde_json::from_slice::<T>(&bytes)
                .map(drop)
                .map_err(|error| Error::msg(format!("{what} is malformed: {error}")))
        },
    )?;
    Ok(())
}

/// A copy of an import's argument, after checking that it is in the memory's bounds.
fn handed_over(caller: &mut Caller<'_, Host>, ptr: u32, len: u32) -> Result<Vec<u8>, Error> {
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
        .ok_or_else(|| Error::msg("more was handed over than an engine takes"))?;
    Ok(bytes.to_vec())
}
