//! Parses, checks and expands the `view!`, `#[component]`, `#[scoped]`, `#[migration]` and `#[derive(Route)]` macros of hmr-sdk.
//!
//! Ordinary functions from tokens to tokens, so that they are tested without a compiler: the proc-macro crate only
//! calls them. A mistake becomes a `compile_error!` at its position with a `hint:`, and several are reported at once.
//! Expansions are kept small: calls of functions of `hmr_sdk::rt`, few closures, no type that is not needed.

mod component;
mod error;
mod migration;
mod names;
mod naming;
mod options;
mod origin;
mod route;
mod sdk;
mod tags;
mod view;

pub use component::{component, scoped};
pub use migration::migration;
pub use route::route;
pub use sdk::{Sdk, reach};
pub use view::view;
