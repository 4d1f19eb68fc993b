//! One instance of new code in a rehearsal: it is called as a swap would call it, and nothing that it does is visible.
//!
//! It lives for one rehearsal, may lack code, and a trap must report which function it was in. DOM operations and
//! requests are decoded, since a malformed one is a trap, and dropped; log lines are dropped. Whether operations fit
//! together is left to the page, which renders outside of its document first.

use hmr_abi::exports;
use hmr_guest::{Exchange, define_browser_imports, ticks};
use wasmtime::{
    Error, Extern, Instance, Linker, Memory, MemoryType, Store, WasmParams, WasmResults,
};

use crate::base::{BASE, Base, CONSTANTS, Delta};
use crate::code::Code;
use crate::fault::Fault;
use crate::host::RehearsalHost;
use crate::interface::SHARED;
use crate::machine::{Limits, Machine};

/// The budget of the loop guard: the time limit ends a rehearsal.
const BUDGET: i32 = i32::MAX;

/// An instance of new code.
pub(crate) struct Guest {
    store: Store<RehearsalHost>,
    instance: Instance,
    memory: Memory,
    limits: Limits,
}

impl Guest {
    /// Instantiates code. All its calls together may last as long as one.
    pub(crate) fn start(machine: &Machine, code: &Code, start_time: f64) -> Result<Self, Fault> {
        let limits = machine.limits;
        let host = RehearsalHost::new(limits.memory, limits.sent, start_time);
        let mut store = Store::new(&machine.engine, host);
        store.limiter(|host| &mut host.limits);
        store.set_epoch_deadline(ticks(limits.time));
        let mut linker = machine.linker.clone();
        let instance = match code {
            Code::Whole(module) => define_browser_imports(&mut linker, module)
                .and_then(|()| linker.instantiate(&mut store, module)),
            Code::Split(base, delta) => define_browser_imports(&mut linker, &base.module)
                .and_then(|()| define_browser_imports(&mut linker, &delta.module))
                .and_then(|()| instantiate(&mut store, &linker, base, delta)),
        }
        .map_err(|error| Fault::of_call(&error, None, limits.time))?;
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
    pub(crate) fn register(&mut self, components: &[String]) -> Result<(), Fault> {
        components.iter().try_for_each(|component| {
            self.call(&format!("{}{component}", exports::COMPONENT_PREFIX), ())
        })
    }

    /// Whether the module has a function of this name.
    pub(crate) fn has(&mut self, export: &str) -> bool {
        self.instance.get_func(&mut self.store, export).is_some()
    }

    /// Calls an export with bytes, and reads the bytes that it returns, which may be empty.
    pub(crate) fn ask(&mut self, export: &str, bytes: &[u8]) -> Result<Vec<u8>, Fault> {
        let ptr = self.send(export, bytes)?;
        self.answer(export, ptr).map(<[u8]>::to_vec)
    }

    /// Calls an export without parameters, and reads the bytes that it returns.
    pub(crate) fn query(&mut self, export: &str) -> Result<Vec<u8>, Fault> {
        let ptr = self.call_i32(export, &[])?;
        self.answer(export, ptr).map(<[u8]>::to_vec)
    }

    /// The contents of another memory.
    pub(crate) fn memory_named(&mut self, name: &str) -> Vec<u8> {
        let memory = self.instance.get_memory(&mut self.store, name);
        memory.map_or_else(Vec::new, |memory| memory.data(&self.store).to_vec())
    }

    fn call<P: WasmParams, R: WasmResults>(&mut self, export: &str, params: P) -> Result<R, Fault> {
        let function = self
            .instance
            .get_typed_func::<P, R>(&mut self.store, export)
            .map_err(|error| Fault::plain(format!("`{export}`: {error:#}")))?;
        function.call(&mut self.store, params).map_err(|error| {
            let panic = self.store.data_mut().transfer.panic.take();
            Fault::of_call(&error, panic, self.limits.time)
        })
    }
}

impl Exchange for Guest {
    type Fault = Fault;

    fn call_i32(&mut self, export: &str, params: &[u32]) -> Result<u32, Fault> {
        match *params {
            [] => self.call(export, ()),
            [one] => self.call(export, one),
            [one, two] => self.call(export, (one, two)),
            _ => Err(Fault::plain(format!("`{export}` does not take {} numbers", params.len()))),
        }
    }

    fn memory(&self) -> &[u8] {
        self.memory.data(&self.store)
    }

    fn memory_mut(&mut self) -> &mut [u8] {
        self.memory.data_mut(&mut self.store)
    }

    fn malformed(message: String) -> Fault {
        Fault::plain(message)
    }
}

/// Instantiates a base, and a delta on it.
fn instantiate(
    store: &mut Store<RehearsalHost>,
    linker: &Linker<RehearsalHost>,
    base: &Base,
    delta: &Delta,
) -> Result<Instance, Error> {
    let shared = delta.interface.make(store)?;
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
