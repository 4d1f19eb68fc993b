//! `cargo hmr`: a state-preserving hot module swapper for Rust on the web.
//!
//! A save passes through these modules:
//!
//! - [`watch`] detects changed files and makes a [`watch::ChangeBatch`] of them;
//! - [`graph`] (pure) turns that into an [`graph::UpdatePlan`]: which modules, by which chain, and why;
//! - [`coordinator`] (pure) decides what to do, and [`dev`] does it: it is the only loop, and the only
//!   module that uses all the others;
//! - `hmr-build` compiles and prepares; [`versions`] keeps what was built, and decides which version pages get;
//! - [`site`] builds the page of an application as Trunk or dx would;
//! - [`experiment`] (pure) assigns versions to single pages;
//! - [`server`] announces updates over the socket ([`hmr_protocol`]) and passes on what pages answer;
//! - [`preflight`] rehearses swaps before pages make them, in a process of its own;
//! - [`report`] prints [`events`], and is the only one that prints.
//!
//! [`deploy`] is `cargo hmr build` and `cargo hmr serve`: it shares [`report`], [`site`] and [`server`] with the above.
//!
//! Deliberately absent: any knowledge of the contents of a module (that is `hmr-abi`'s and the engines'), and any
//! state that stays after the process, except for the snapshots that a developer saves ([`snapshots`]).

pub mod cli;
pub mod coordinator;
pub mod deploy;
pub mod dev;
pub mod events;
pub mod experiment;
pub mod graph;
pub mod preflight;
pub mod report;
pub mod served;
pub mod server;
pub mod signals;
pub mod site;
pub mod snapshots;
pub mod staging;
pub mod text;
pub mod versions;
pub mod watch;
