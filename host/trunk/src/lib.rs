//! Projects that are written for [Trunk](https://trunkrs.dev): the links in their pages and their `Trunk.toml`.

mod nearest;
mod page;
mod paths;
mod rust_link;

pub use self::page::{
    Affected, BuildOptions, BuiltPage, Found, Page, PageError, RunTool, ServedFile, Source,
    ToolCall, ToolError,
};
pub use self::rust_link::{RustLink, RustLinkKind};
