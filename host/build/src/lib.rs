//! Finds modules, obtains a wasm32 toolchain, compiles and prepares modules for cargo-hmr.
//!
//! A module goes through these stages, in this order:
//!
//! | stage | type | made by |
//! |---|---|---|
//! | module: a package of the workspace, known by its name | [`Module`] | [`app`], which asks cargo for packages and reads their [`config`] |
//! | compiled module: the wasm file that the linker wrote, and what it was made from | [`CompiledModule`] | [`cargo`], in one call for all modules, with a [`toolchain`] for wasm32; it can be cancelled |
//! | bound module: what wasm-bindgen made of an application: its bytes, its glue and its snippets | [`BoundModule`] | [`bindgen`] |
//! | prepared module: of a native module, the bytes that an engine gets, with their hash and the manifest | [`PreparedModule`] | [`transform`], which checks them against the ABI |
//!
//! A prepared module that the tool keeps is a *version*. Whether it becomes one is decided by a [`gate`], the
//! developer's own command; a project for Trunk may have further ones, its `hook`s. [`checkout`] finds the commit that a version was made from, and [`compare`] shows how two
//! versions differ. Messages of the compiler are [`Diagnostic`]s.
//!
//! Everything is synchronous and uses plain threads: callers choose how to wait. Nothing here prints, watches files or
//! communicates with a page. Every child process is started by [`process`] and gets its environment from [`environment`].
//! Wasm binaries are read in one place, `wasm.rs`.

pub mod app;
pub mod auto_state;
pub mod bindgen;
pub mod cargo;
mod cargo_status;
pub mod checkout;
pub mod compare;
pub mod config;
pub mod deploy;
mod diagnostics;
pub mod environment;
pub mod gate;
mod hash;
mod hook;
mod moves;
pub mod noise;
pub mod process;
pub mod site;
mod splice;
pub mod stamp;
mod tail;
pub mod toolchain;
pub mod transform;
mod wasm;

pub use app::{App, AppError, ApplicationTarget, LocalPackage, Module, ModuleKind, imports_glue};
pub use auto_state::wrap_if_asked;
pub use bindgen::{
    BindError, Bindgen, BoundAsset, BoundModule, DeployedApplication, GlueExport, GlueExportKind,
    Snippet, check_wasm_bindgen,
};
pub use cargo::{
    BuildEvent, BuildOutcome, BuildRequest, CompiledModule, Failure, Profile, build, small_settings,
};
pub use checkout::{Commit, commit};
pub use compare::{Comparison, compare};
pub use config::{Config, host_name};
pub use gate::{GateOutcome, gate};
pub use hash::hash_of;
pub use hmr_protocol::{Diagnostic, Level};
pub use hook::{HookOutcome, run_hooks};
pub use process::{CancelToken, supervise_if_asked};
pub use site::{Site, SiteError};
pub use stamp::Stamp;
pub use toolchain::{Finding, Progress, Status, Toolchain, ToolchainError, doctor};
pub use transform::{LOOP_BUDGET, PreparedModule, TransformError, prepare, prepare_guarded};
