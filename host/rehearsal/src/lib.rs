//! The rehearsal of a swap: whether new code can take a page's state over, before the page itself tries.
//!
//! In: a version's bytes, and the snapshot that a page holds. Out: a [`Rehearsal`], which says that the code accepts the
//! state, or in which step it fails and why. The code is instantiated, its components are registered, it migrates and
//! restores the snapshot, and its health is checked. What it renders is decoded and dropped. Nothing that it does is
//! visible, and its time and memory are limited.
//!
//! Compiling a whole module takes longer than a rehearsal may cost, so a [`Rehearser`] compiles little:
//!
//! 1. A [`TraceRequest`] runs a version with marks in its functions, and so finds out which of them a rehearsal calls
//!    (`called.rs`).
//! 2. These functions are compiled once, as a *base* for all versions to come (`base.rs`).
//! 3. Of a new version, only the functions are compiled that differ from the base by more than addresses (`body.rs`), and
//!    those with new names: the *delta* (`base/delta.rs`).
//! 4. If a rehearsal calls any other function, the whole version is compiled, and the rehearsal starts again.
//!    [`Rehearsal::outdated`] then asks for another trace.

mod base;
mod body;
mod called;
mod code;
mod fault;
mod guest;
mod host;
mod interface;
mod machine;
mod marked;
mod rehearser;
mod steps;
mod trace;
mod traced;

pub use code::{Version, VersionError};
pub use hmr_guest::ModuleError;
pub use rehearser::{Rehearsal, RehearsalFailure, Rehearser};
pub use trace::{Trace, TraceRequest};
