//! The ABI's exports as ordinary functions: mount, dispatch, hooks, and the steps of a swap.
//!
//! None of them traps on malformed input: the engine's bytes may be of any content.

pub(crate) mod capture;
pub(crate) mod engine_hooks;
pub(crate) mod hooks;
pub(crate) mod instances;
pub(crate) mod migration;
pub(crate) mod mount;
pub(crate) mod render;
pub(crate) mod restore;
