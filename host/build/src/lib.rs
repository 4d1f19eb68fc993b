//! Finds modules, obtains a wasm32 toolchain, compiles and prepares modules for cargo-hmr.
//!
//! The way of one module, in the order in which the parts are called:
//!
//! 1. [`app`] asks cargo which packages are modules and what they depend on, and reads their [`config`].
//! 2. [`toolchain`] finds out how to compile for wasm32 here, and builds its standard library if it must.
//! 3. [`cargo`] compiles modules in one cargo call, which can be cancelled; the compiler's messages
//!    are returned as [`diagnostics`].
//! 4. [`transform`] checks the compiled bytes against the ABI and makes what an engine gets.
//!
//! Next to these steps are [`gate`], the developer's own command that decides about an update, [`checkout`], which finds the
//! commit that a version was made from, and [`compare`], which shows how two versions differ.
//!
//! Everything is synchronous and uses plain threads: callers choose how to wait. Nothing here prints,
//! watches files or speaks to a page. Every child process is started by [`process`] and gets its environment from [`environment`].

pub mod app;
pub mod cargo;
mod cargo_status;
pub mod checkout;
pub mod compare;
pub mod config;
pub mod diagnostics;
pub mod environment;
pub mod gate;
mod hash;
pub mod noise;
pub mod process;
pub mod stamp;
pub mod toolchain;
pub mod transform;
mod wasm;

pub use app::{App, AppError, LocalPackage, Module};
pub use cargo::{Artifact, BuildEvent, BuildOutcome, BuildRequest, Failure, build};
pub use checkout::{Commit, commit};
pub use compare::{Comparison, compare};
pub use config::{Config, host_name};
pub use diagnostics::{Diagnostic, Level};
pub use gate::{GateOutcome, gate};
pub use hash::hash_of;
pub use process::{CancelToken, supervise_if_asked};
pub use stamp::Stamp;
pub use toolchain::{Finding, Progress, Status, Toolchain, ToolchainError, doctor};
pub use transform::{LOOP_BUDGET, Prepared, TransformError, prepare, prepare_guarded};
