//! The messages between the tool and a page; `docs/protocol.md` describes them.
//!
//! [`server`] has the messages of the tool, [`client`] those of a page, [`swap`] the report about a swap, and
//! [`diagnostic`] what a compiler says. [`preflight`] has the messages between the tool and the process that rehearses. Types only: nothing here runs anything. Reading a page's messages is lenient (they
//! are shown, never trusted); writing is exact.

pub mod client;
pub mod diagnostic;
mod few;
pub mod limits;
pub mod preflight;
pub mod server;
mod shorten;
pub mod swap;

pub use client::{ClientMessage, ModuleState, Rehearse, Slower, Trap};
pub use diagnostic::{Diagnostic, Failure, Level};
pub use server::{ApplicationStart, Hello, RehearsalTime, ServerMessage, Verdict, Version};
pub use shorten::shorten;
pub use swap::{Cause, RehearsalOutcome, Swap, SwapOutcome, SwapStep};

#[cfg(test)]
mod client_sources;
