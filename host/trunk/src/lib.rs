//! Projects that are written for [Trunk](https://trunkrs.dev): the links in their pages and their `Trunk.toml`.

mod rust_link;

pub use self::rust_link::{RustLink, RustLinkKind};

/// The links to applications in a page.
///
/// # Errors
/// An explanation of what cannot be read.
pub fn rust_links(_html: &str) -> Result<Vec<RustLink>, String> {
    Ok(Vec::new())
}
