//! Modules in wasmtime, at the lowest level: what every engine on wasmtime does with them in the same way.
//!
//! `hmr-headless` runs modules in a page, and `hmr-rehearsal` runs them for a moment to find out whether a swap will
//! work. Both check a module against the ABI ([`check()`]), give it the same imports ([`linker`], with a [`Host`] that
//! decides what happens to the requests), call it with bytes and read its answers ([`Exchange`]), and hold it to limits
//! ([`store_limits`], [`ticks`]). Both read its binary with [`wasm`].
//!
//! Nothing here trusts a module: addresses and lengths are checked against its memory, and what it sends is limited.

mod browser;
mod check;
mod engine;
mod exchange;
mod imports;
pub mod wasm;

pub use browser::{BrowserOnly, define_browser_imports};
pub use check::{ModuleError, check, check_exports, check_report};
pub use engine::{start_engine, store_limits, ticks};
pub use exchange::{Exchange, not_json, read_answer};
pub use imports::{Host, Transfer, linker};
