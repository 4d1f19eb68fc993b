//! Keeps the state of applications that know nothing of this project, by compiling a rewritten copy of their sources.
//!
//! Before cargo starts ([`set`]), the tool makes itself the compiler of the workspace's packages, with `RUSTC_WORKSPACE_WRAPPER`. cargo
//! then starts it instead of rustc ([`wrap_if_asked`]). For a crate that uses a known framework, the wrapper
//!
//! 1. compiles the runtime crates against the framework that the crate uses (`runtime.rs`);
//! 2. writes a copy of the crate's folder, in which sources are rewritten by `hmr-auto-state` (`shadow.rs`);
//! 3. calls rustc on that copy, under the paths of the user's own files (`wrapper.rs`);
//! 4. brings the compiler's messages back to the user's text (`messages.rs`).
//!
//! If the copy does not compile, the crate is compiled as it is. If that fails too, its errors are the user's. If not, the sites that
//! the errors name are left out, and the copy is compiled again.
//!
//! Manifests, the lock file, the user's sources and target folder stay as they are. Dependencies are never rewritten.

mod arguments;
mod ignored;
mod inspect;
mod messages;
#[expect(
    clippy::disallowed_methods,
    reason = "the wrapper is a process of cargo's, and what it starts ends with that"
)]
mod runtime;
mod shadow;
#[expect(
    clippy::disallowed_methods,
    reason = "the wrapper is a process of cargo's, and what it starts ends with that"
)]
mod wrapper;

pub use self::inspect::{ChangedLine, InspectError, Inspected, inspect};
pub(crate) use self::wrapper::set;
pub use self::wrapper::wrap_if_asked;
