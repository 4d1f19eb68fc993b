//! The swap: one module's running code replaced by other bytes, as a transaction.
//!
//! `prepare → quiesce → capture → instantiate → migrate → restore → render → commit → probation`, and from any step before
//! commit `→ rollback`. [`run`] decides what kind of swap it is and goes through the steps. [`capture`] takes the old state,
//! [`candidate`] is new code before anything of it is visible, and [`replace`] makes it visible and commits it. [`undo`],
//! [`restart`] and [`travel`] are the swaps that a page makes without an update: back to the version from before, to a new instance of
//! the same version, and to another state. [`settle`] does what follows from anything that happens in a page.
//!
//! Invariant: for any new bytes, either they run and the old code is gone, or the old code runs on untouched.

pub(crate) mod candidate;
pub(crate) mod capture;
pub(crate) mod replace;
pub(crate) mod restart;
pub(crate) mod run;
pub(crate) mod settle;
pub(crate) mod travel;
pub(crate) mod undo;

use hmr_protocol::SwapStep;

/// Why new code could not take over, and in which step.
pub(crate) type Failure = (SwapStep, String);
