//! The imports that a module has, and how bytes get out of it through them.
//!
//! Imports apply nothing: they check and decode what the module sends, and pass it to the engine's [`Host`].

use std::time::{Duration, Instant};

use hmr_abi::event::{PanicInfo, ResourceRequest};
use hmr_abi::port::{Invalidation, PortRequest};
use hmr_abi::read::ReadRequest;
use hmr_abi::{IMPORT_MODULE, exports, imports};
use serde::de::DeserializeOwned;
use wasmtime::{Caller, Engine, Error, Linker, Result};

/// How many bytes of room each transfer takes besides its own bytes: so a loop of empty ones ends too.
const TRANSFER_COST: usize = 64;

/// What an engine does with a module's requests.
pub trait Host: 'static {
    /// The record of what the module has sent.
    fn transfer(&mut self) -> &mut Transfer;

    /// The time that the module sees, in milliseconds since the Unix epoch.
    fn now(&self) -> f64;

    /// Takes a batch of DOM operations, not decoded.
    ///
    /// # Errors
    /// An error becomes a trap of the module.
    fn dom(&mut self, batch: Vec<u8>) -> Result<()>;

    /// Takes a log line: its level, and its text of any bytes.
    fn log(&mut self, level: u32, text: &[u8]);

    /// Takes a request about a resource.
    fn resource(&mut self, request: ResourceRequest);

    /// Takes a request about a port.
    fn port(&mut self, request: PortRequest);

    /// Takes the report of an instance that cannot continue.
    fn invalidate(&mut self, invalidation: Invalidation);

    /// Fills a slice with random bytes.
    fn random(&mut self, bytes: &mut [u8]);

    /// The answer to a request, as JSON, if the engine has one.
    fn read(&mut self, request: &ReadRequest) -> Option<String>;
}

/// What a module has sent through its imports.
#[derive(Debug, Default)]
pub struct Transfer {
    /// How many more bytes it may send.
    pub room: usize,
    /// Its report of a panic, if it sent one.
    pub panic: Option<PanicInfo>,
    /// How long its imports took to read what it sent.
    pub time: Duration,
}

/// Provides the imports of the ABI.
///
/// # Errors
/// wasmtime refuses a definition.
pub fn linker<H: Host>(engine: &Engine) -> Result<Linker<H>> {
    let mut linker = Linker::new(engine);
    linker.func_wrap(
        IMPORT_MODULE,
        imports::DOM,
        |mut caller: Caller<'_, H>, ptr: u32, len: u32| {
            let batch = receive(&mut caller, ptr, len)?;
            caller.data_mut().dom(batch)
        },
    )?;
    linker.func_wrap(
        IMPORT_MODULE,
        imports::LOG,
        |mut caller: Caller<'_, H>, level: u32, ptr: u32, len: u32| {
            let text = receive(&mut caller, ptr, len)?;
            caller.data_mut().log(level, &text);
            Ok::<(), Error>(())
        },
    )?;
    linker.func_wrap(IMPORT_MODULE, imports::NOW, |caller: Caller<'_, H>| caller.data().now())?;
    linker.func_wrap(
        IMPORT_MODULE,
        imports::PANIC,
        |mut caller: Caller<'_, H>, ptr: u32, len: u32| {
            let bytes = receive(&mut caller, ptr, len)?;
            caller.data_mut().transfer().panic = Some(PanicInfo::read(&bytes));
            Ok::<(), Error>(())
        },
    )?;
    json_import(&mut linker, imports::RESOURCE, "a resource request", H::resource)?;
    json_import(&mut linker, imports::PORT, "a port request", H::port)?;
    json_import(&mut linker, imports::INVALIDATE, "an invalidation", H::invalidate)?;
    linker.func_wrap(
        IMPORT_MODULE,
        imports::RANDOM,
        |mut caller: Caller<'_, H>, ptr: u32, len: u32| {
            let (bytes, host) = region(&mut caller, ptr, len)?;
            host.random(bytes);
            Ok::<(), Error>(())
        },
    )?;
    linker.func_wrap(
        IMPORT_MODULE,
        imports::READ,
        |mut caller: Caller<'_, H>, ptr: u32, len: u32, into: u32, room: u32| {
            let request = receive(&mut caller, ptr, len)?;
            let (target, host) = region(&mut caller, into, room)?;
            read(host, &request, target)
        },
    )?;
    Ok(linker)
}

/// Provides an import that takes JSON. `what` names it in messages.
fn json_import<H: Host, T: DeserializeOwned + 'static>(
    linker: &mut Linker<H>,
    name: &str,
    what: &'static str,
    take: fn(&mut H, T),
) -> Result<()> {
    linker.func_wrap(
        IMPORT_MODULE,
        name,
        move |mut caller: Caller<'_, H>, ptr: u32, len: u32| {
            let bytes = receive(&mut caller, ptr, len)?;
            let read = serde_json::from_slice(&bytes)
                .map_err(|error| Error::msg(format!("{what} is malformed: {error}")))?;
            take(caller.data_mut(), read);
            Ok::<(), Error>(())
        },
    )?;
    Ok(())
}

/// Answers a request for something that the engine knows. Returns the length of the answer, which is written if there is room.
fn read<H: Host>(host: &mut H, request: &[u8], target: &mut [u8]) -> Result<i32> {
    let request: serde_json::Value = serde_json::from_slice(request)
        .map_err(|error| Error::msg(format!("a read request is malformed: {error}")))?;
    // What is not known may come from a later version of the SDK.
    let answer = serde_json::from_value(request).ok().and_then(|request| host.read(&request));
    let Some(answer) = answer else { return Ok(-1) };
    if let Some(target) = target.get_mut(..answer.len()) {
        target.copy_from_slice(answer.as_bytes());
    }
    Ok(i32::try_from(answer.len()).unwrap_or(-1))
}

/// A copy of the bytes that a module sends, after checking that they are in its memory and that it may send so many.
fn receive<H: Host>(caller: &mut Caller<'_, H>, ptr: u32, len: u32) -> Result<Vec<u8>> {
    let began = Instant::now();
    let (bytes, host) = region(caller, ptr, len)?;
    let bytes = bytes.to_vec();
    host.transfer().time += began.elapsed();
    Ok(bytes)
}

/// The bytes that an import names, after checking that they are in the module's memory and that it may pass so many.
fn region<'a, H: Host>(
    caller: &'a mut Caller<'_, H>,
    ptr: u32,
    len: u32,
) -> Result<(&'a mut [u8], &'a mut H)> {
    let memory = caller
        .get_export(exports::MEMORY)
        .and_then(wasmtime::Extern::into_memory)
        .ok_or_else(|| Error::msg("the module does not export `memory`"))?;
    let (memory, host) = memory.data_and_store_mut(caller);
    let start = ptr as usize;
    let bytes = start
        .checked_add(len as usize)
        .and_then(|end| memory.get_mut(start..end))
        .ok_or_else(|| Error::msg(format!("{len} bytes at {ptr} are outside of the memory")))?;
    let transfer = host.transfer();
    transfer.room = transfer
        .room
        .checked_sub(bytes.len() + TRANSFER_COST)
        .ok_or_else(|| Error::msg("one call handed over more than an engine takes"))?;
    Ok((bytes, host))
}
