//! One instantiated module: calls into it, and what it hands over meanwhile.
//!
//! Imports apply nothing: they check and record what the module asks for, as [`Effect`]s, which the
//! caller gets once the call is over. That is what keeps a module off the stack when its operations
//! mount other components or fire events, and what lets a swap hold back all that new code does.
//!
//! A [`Guest`] trusts nothing: addresses and lengths are checked against the memory, texts decoded, calls
//! cut when they take too long. Every failure is a [`Fault`]; none is a panic of the host.

use std::cell::Cell;
use std::rc::Rc;

use hmr_abi::event::{EventData, PanicInfo, ResourceRequest};
use hmr_abi::port::{Invalidation, PortRequest};
use hmr_abi::state::{MountAnswer, MountRequest, RestoreReport, Snapshot};
use hmr_abi::{IMPORT_MODULE, exports, imports};
use serde::de::DeserializeOwned;
use wasmtime::{
    Caller, Error, Instance, Linker, Memory, Store, StoreLimits, StoreLimitsBuilder, Trap,
    TypedFunc, WasmParams, WasmResults,
};

use crate::machine::{self, Limits};
use crate::module::Code;

/// What a module asked of its engine during a call.
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

/// Why a call failed. What the module did before that stays done; its memory can no longer be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{} ({}:{})", .0.message, .0.file, .0.line)]
    Panic(PanicInfo),
    #[error("{0}")]
    Trap(String),
    #[error("took longer than {0} ms")]
    Timeout(u128),
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
}

pub(crate) struct Guest {
    store: Store<Host>,
    limits: Limits,
    memory: Memory,
    alloc: TypedFunc<u32, u32>,
    mount: TypedFunc<(u32, u32), u32>,
    unmount: TypedFunc<u32, ()>,
    dispatch: TypedFunc<(u32, u32, u32), u32>,
    capture: TypedFunc<(), u32>,
    restore: TypedFunc<(u32, u32), u32>,
    dispose: TypedFunc<(), ()>,
}

impl Guest {
    /// Instantiates `code` and registers its components.
    pub(crate) fn start(code: &Code, limits: Limits, clock: &Rc<Cell<f64>>) -> Result<Self, Fault> {
        let engine = machine::engine().map_err(Fault::Trap)?;
        let host = Host {
            limits: StoreLimitsBuilder::new()
                .memory_size(limits.memory)
                .table_elements(1 << 20)
                .memories(1)
                .build(),
            effects: Vec::new(),
            room: limits.handed_over,
            clock: Rc::clone(clock),
            panic: None,
        };
        let mut store = Store::new(engine, host);
        store.limiter(|host| &mut host.limits);
        store.set_epoch_deadline(limits.ticks());
        let instance = linker(engine)
            .and_then(|linker| linker.instantiate(&mut store, &code.module))
            .map_err(|error| fault(&error, None, &limits))?;
        let mut guest = Self::bind(store, instance, limits)
            .map_err(|error| Fault::Malformed(format!("{error:#}")))?;
        for component in &code.components {
            let name = format!("{}{component}", exports::COMPONENT_PREFIX);
            let register = instance
                .get_typed_func::<(), ()>(&mut guest.store, &name)
                .map_err(|error| Fault::Malformed(format!("{error:#}")))?;
            guest.run(&register, ())?;
        }
        Ok(guest)
    }

    fn bind(mut store: Store<Host>, instance: Instance, limits: Limits) -> Result<Self, Error> {
        let memory = instance
            .get_memory(&mut store, exports::MEMORY)
            .ok_or_else(|| Error::msg("the module does not export `memory`"))?;
        Ok(Self {
            memory,
            limits,
            alloc: instance.get_typed_func(&mut store, exports::ALLOC)?,
            mount: instance.get_typed_func(&mut store, exports::MOUNT)?,
            unmount: instance.get_typed_func(&mut store, exports::UNMOUNT)?,
            dispatch: instance.get_typed_func(&mut store, exports::DISPATCH)?,
            capture: instance.get_typed_func(&mut store, exports::CAPTURE_STATE)?,
            restore: instance.get_typed_func(&mut store, exports::RESTORE_STATE)?,
            dispose: instance.get_typed_func(&mut store, exports::DISPOSE)?,
            store,
        })
    }

    /// What was asked for since the last time.
    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.store.data_mut().effects)
    }

    pub(crate) fn mount(&mut self, request: &MountRequest) -> Result<MountAnswer, Fault> {
        let argument = self.argument(&json(request)?)?;
        let mount = self.mount.clone();
        let answer = self.run(&mount, argument)?;
        self.answer(exports::MOUNT, answer)
    }

    pub(crate) fn unmount(&mut self, instance: u32) -> Result<(), Fault> {
        let unmount = self.unmount.clone();
        self.run(&unmount, instance)
    }

    /// The flags of `hmr_dispatch`.
    pub(crate) fn dispatch(&mut self, handler: u32, data: &EventData) -> Result<u32, Fault> {
        let (ptr, len) = self.argument(&json(data)?)?;
        let dispatch = self.dispatch.clone();
        self.run(&dispatch, (handler, ptr, len))
    }

    pub(crate) fn capture(&mut self) -> Result<Snapshot, Fault> {
        let capture = self.capture.clone();
        let answer = self.run(&capture, ())?;
        if answer == 0 {
            return Ok(Snapshot { abi: hmr_abi::ABI_VERSION, ..Snapshot::default() });
        }
        self.answer(exports::CAPTURE_STATE, answer)
    }

    pub(crate) fn restore(&mut self, snapshot: &Snapshot) -> Result<RestoreReport, Fault> {
        let argument = self.argument(&json(snapshot)?)?;
        let restore = self.restore.clone();
        let answer = self.run(&restore, argument)?;
        self.answer(exports::RESTORE_STATE, answer)
    }

    pub(crate) fn dispose(&mut self) -> Result<(), Fault> {
        let dispose = self.dispose.clone();
        self.run(&dispose, ())
    }

    fn run<P: WasmParams, R: WasmResults>(
        &mut self,
        function: &TypedFunc<P, R>,
        params: P,
    ) -> Result<R, Fault> {
        self.store.set_epoch_deadline(self.limits.ticks());
        let host = self.store.data_mut();
        host.room = self.limits.handed_over;
        host.panic = None;
        function.call(&mut self.store, params).map_err(|error| {
            let panic = self.store.data_mut().panic.take();
            fault(&error, panic, &self.limits)
        })
    }

    /// Copies `bytes` into room that the module makes for them.
    fn argument(&mut self, bytes: &[u8]) -> Result<(u32, u32), Fault> {
        let len = u32::try_from(bytes.len())
            .map_err(|_| Fault::Malformed("an argument of more than 4 GiB".to_owned()))?;
        let alloc = self.alloc.clone();
        let ptr = self.run(&alloc, len)?;
        self.memory.write(&mut self.store, ptr as usize, bytes).map_err(|_| {
            Fault::Malformed(format!(
                "`{}` answered with room for {len} bytes at {ptr}, outside of the memory",
                exports::ALLOC
            ))
        })?;
        Ok((ptr, len))
    }

    /// Reads the JSON answer at `ptr`; address 0 is the answer that says nothing.
    fn answer<T: DeserializeOwned + Default>(&self, export: &str, ptr: u32) -> Result<T, Fault> {
        if ptr == 0 {
            return Ok(T::default());
        }
        let bytes = length_prefixed(self.memory.data(&self.store), ptr).ok_or_else(|| {
            Fault::Malformed(format!("the answer of `{export}` at {ptr} is outside of the memory"))
        })?;
        serde_json::from_slice(bytes).map_err(|error| {
            Fault::Malformed(format!("the answer of `{export}` is no such JSON: {error}"))
        })
    }
}

fn json<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(value).map_err(|error| Fault::Malformed(error.to_string()))
}

fn length_prefixed(memory: &[u8], ptr: u32) -> Option<&[u8]> {
    let (len, rest) = memory.get(ptr as usize..)?.split_first_chunk::<4>()?;
    rest.get(..u32::from_le_bytes(*len) as usize)
}

fn fault(error: &Error, panic: Option<PanicInfo>, limits: &Limits) -> Fault {
    if let Some(info) = panic {
        return Fault::Panic(info);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => Fault::Timeout(limits.call.as_millis()),
        Some(trap) => Fault::Trap(trap.to_string()),
        None => Fault::Trap(error.root_cause().to_string()),
    }
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
            let text = String::from_utf8_lossy(&bytes).into_owned();
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
            let info = serde_json::from_slice(&bytes).unwrap_or_else(|_| PanicInfo {
                message: String::from_utf8_lossy(&bytes).into_owned(),
                ..PanicInfo::default()
            });
            caller.data_mut().panic = Some(info);
            Ok::<(), Error>(())
        },
    )?;
    request(&mut linker, imports::RESOURCE, "a resource request", Effect::Resource)?;
    request(&mut linker, imports::PORT, "a port request", Effect::Port)?;
    request(&mut linker, imports::INVALIDATE, "an invalidation", Effect::Invalidate)?;
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

/// A copy of what an import was called with, once it has been checked that it lies in the memory.
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
        .ok_or_else(|| Error::msg("one call handed over more than an engine takes"))?;
    Ok(bytes.to_vec())
}
