//! `cargo hmr`: a state-preserving hot module swapper for Rust on the web.
//!
//! One save takes this way through the modules:
//!
//! - [`watch`] notices files and makes a [`watch::ChangeBatch`] of them;
//! - [`graph`] (pure) turns that into an [`graph::UpdatePlan`]: which modules, by which chain, and why;
//! - [`coordinator`] (pure) decides what to do, and [`dev`] does it: it is the one loop, and the only
//!   place where the parts meet;
//! - `hmr-build` compiles and prepares; [`versions`] keeps what was built, and decides which version pages get;
//! - [`experiment`] (pure) gives single pages versions of their own;
//! - [`server`] announces updates over the socket ([`hmr_protocol`]) and passes on what pages answer;
//! - [`preflight`] rehearses swaps before pages make them, in a process of its own;
//! - [`report`] prints [`events`], and is the only one that prints.
//!
//! Deliberately absent: any knowledge of the contents of a module (that is `hmr-abi`'s and the engines'), and any
//! state that outlives the process, but for the snapshots that a developer saves ([`snapshots`]).

pub mod cli;
pub mod coordinator;
pub mod dev;
pub mod events;
pub mod experiment;
pub mod graph;
pub mod preflight;
pub mod report;
pub mod served;
pub mod server;
pub mod snapshots;
pub mod text;
pub mod versions;
pub mod watch;
