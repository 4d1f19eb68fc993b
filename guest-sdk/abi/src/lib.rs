//! The contract between both sides of the wasm boundary.
//!
//! A *module* (one wasm binary) and an *engine* (the browser client, or `hmr-headless` in wasmtime) communicate
//! through the exports and imports named here, and through five kinds of bytes: batches of DOM
//! operations ([`ops`]), snapshots and restore reports ([`state`]), events and resources ([`event`]), ports
//! ([`port`]) and the manifest section ([`manifest`]). `docs/abi.md` describes every layout for writers of other languages.
//!
//! Nothing here runs anything: this crate is types, names and their encodings, shared by the guest SDK,
//! the headless engine and the tool. Decoders accept bytes of any content and return an error.

pub mod browser;
pub mod constants;
pub mod drawing;
pub mod event;
pub mod lines;
pub mod manifest;
pub mod ops;
pub mod port;
pub mod read;
pub mod seeded;
pub mod state;
pub mod text;

/// The version of the ABI that this crate describes. A module states its own in the manifest section;
/// an engine refuses a module of another version before it touches the running one.
pub const ABI_VERSION: u32 = 1;

/// The name of the wasm import module that holds every import of a module.
pub const IMPORT_MODULE: &str = "hmr";

/// Names of the functions that an engine provides, under [`IMPORT_MODULE`].
pub mod imports {
    /// `dom(ptr: i32, len: i32)`: a batch of DOM operations ([`crate::ops`]).
    pub const DOM: &str = "dom";
    /// `log(level: i32, ptr: i32, len: i32)`: UTF-8 text; level 0 debug, 1 info, 2 warn, 3 error.
    pub const LOG: &str = "log";
    /// `now() -> f64`: milliseconds since the Unix epoch; never goes back while a page lives.
    pub const NOW: &str = "now";
    /// `panic(ptr: i32, len: i32)`: [`crate::event::PanicInfo`] as JSON, just before the module traps.
    pub const PANIC: &str = "panic";
    /// `resource(ptr: i32, len: i32)`: [`crate::event::ResourceRequest`] as JSON.
    pub const RESOURCE: &str = "resource";
    /// `port(ptr: i32, len: i32)`: [`crate::port::PortRequest`] as JSON.
    pub const PORT: &str = "port";
    /// `invalidate(ptr: i32, len: i32)`: [`crate::port::Invalidation`] as JSON.
    pub const INVALIDATE: &str = "invalidate";
    /// `random(ptr: i32, len: i32)`: fills memory with random bytes.
    pub const RANDOM: &str = "random";
    /// `read(ptr: i32, len: i32, into: i32, room: i32) -> i32`: [`crate::read::ReadRequest`] as JSON. The answer, JSON too, is
    /// written to `into` if it has at most `room` bytes. Returns its length, or -1 if there is none.
    pub const READ: &str = "read";
    /// Every import of this ABI version. A module may import fewer, and no others except functions of the browser ([`crate::browser`]).
    pub const ALL: [&str; 9] = [DOM, LOG, NOW, PANIC, RESOURCE, PORT, INVALIDATE, RANDOM, READ];
}

/// Names of what a module exports. [`exports::MEMORY`] and [`exports::FUNCTIONS`] are required, the others are not.
pub mod exports {
    /// The linear memory.
    pub const MEMORY: &str = "memory";
    /// `hmr_alloc(len: i32) -> i32`: memory for an argument; the function that gets the argument frees it.
    pub const ALLOC: &str = "hmr_alloc";
    /// `hmr_mount(ptr: i32, len: i32) -> i32`: [`crate::state::MountRequest`] in, answer out.
    pub const MOUNT: &str = "hmr_mount";
    /// `hmr_unmount(instance: i32)`.
    pub const UNMOUNT: &str = "hmr_unmount";
    /// `hmr_dispatch(handler: i32, ptr: i32, len: i32) -> i32`: [`crate::event::EventData`] in, flags out.
    pub const DISPATCH: &str = "hmr_dispatch";
    /// `capture_state() -> i32`: [`crate::state::Snapshot`] out.
    pub const CAPTURE_STATE: &str = "capture_state";
    /// `restore_state(ptr: i32, len: i32) -> i32`: snapshot in, [`crate::state::RestoreReport`] out.
    pub const RESTORE_STATE: &str = "restore_state";
    /// `hmr_dispose()`: tears down every instance's effects and clean-ups.
    pub const DISPOSE: &str = "hmr_dispose";
    /// `hmr_before_update() -> i32`: runs the hooks of that name; [`crate::state::Snapshot`] out.
    pub const BEFORE_UPDATE: &str = "hmr_before_update";
    /// `hmr_migrate(ptr: i32, len: i32) -> i32`: snapshot in, [`crate::state::MigrateAnswer`] out.
    pub const MIGRATE: &str = "hmr_migrate";
    /// `hmr_health() -> i32`: [`crate::state::HealthReport`] out.
    pub const HEALTH: &str = "hmr_health";
    /// `hmr_prune(instance: i32)`: the instance leaves the page because of an update.
    pub const PRUNE: &str = "hmr_prune";
    /// `hmr_prune_scopes(ptr: i32, len: i32)`: scopes inside of instances are not in the new code; the argument is a
    /// [`PruneRequest`](crate::state::PruneRequest).
    pub const PRUNE_SCOPES: &str = "hmr_prune_scopes";
    /// `hmr_settle()`: the browser has called into the module, by a callback of a crate such as `web-sys`, and the call has returned.
    pub const SETTLE: &str = "hmr_settle";
    /// The functions that a module may export, with their number of parameters; each but those in [`WITHOUT_ANSWER`]
    /// answers an `i32`.
    pub const OPTIONAL: [(&str, usize); 6] =
        [(BEFORE_UPDATE, 0), (MIGRATE, 2), (HEALTH, 0), (PRUNE, 1), (PRUNE_SCOPES, 2), (SETTLE, 0)];
    /// The optional functions that answer nothing.
    pub const WITHOUT_ANSWER: [&str; 3] = [PRUNE, PRUNE_SCOPES, SETTLE];
    /// A mutable `i32` global: how many loop heads and calls the code may still pass before it traps. The tool adds it
    /// to development modules; an engine sets it before each call.
    pub const BUDGET: &str = "hmr_budget";
    /// Exports with this prefix register one component each; an engine calls all of them, `() -> ()`,
    /// right after instantiating. The prefix is followed by the component's name, and for a migration of it `/FROM/TO`.
    pub const COMPONENT_PREFIX: &str = "hmr_component:";
    /// The functions that every module must export, [`MEMORY`] apart.
    pub const FUNCTIONS: [&str; 7] =
        [ALLOC, MOUNT, UNMOUNT, DISPATCH, CAPTURE_STATE, RESTORE_STATE, DISPOSE];
}
