//! Projects that are written for [Trunk](https://trunkrs.dev): the links in their pages and their `Trunk.toml`.

mod rust_link;

pub use self::rust_link::{RustLink, RustLinkKind};
