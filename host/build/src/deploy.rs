//! Makes compiled modules into what is deployed.
//!
//! In: the wasm file of a module that was compiled with a profile of the user's ([`Profile::Deployment`](crate::cargo::Profile)). Out: a wasm binary
//! without anything that only development needs. Applications go through [`Bindgen::deploy`](crate::Bindgen::deploy) first.
//!
//! - [`native`] removes the exports that only a swap calls, and the code that nothing else calls;
//! - [`wasm_opt`] runs `wasm-opt`, if it is installed;
//! - [`paths`] takes the names of this machine's folders out of the binary;
//! - [`gzip`] and [`brotli`] compress it;
//! - [`crates`] shows which crates the code comes from.

mod compress;
mod crates;
mod native;
mod paths;
mod wasm_opt;

pub use self::compress::{brotli, gzip};
pub use self::crates::{CrateSize, crate_sizes};
pub use self::native::{DeployedNative, native};
pub use self::paths::MachinePaths;
pub use self::wasm_opt::{NEWER as NEWER_WASM_OPT, Optimised, Optimiser};
