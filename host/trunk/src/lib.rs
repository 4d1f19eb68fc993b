//! Projects that are written for [Trunk](https://trunkrs.dev): the links in their pages and their `Trunk.toml`.

mod config;
mod keys;
mod nearest;
mod page;
mod paths;
mod rust_link;
mod settings;

pub use self::config::{AddressFamily, Build, Config, Hook, Proxy, Serve, Stage, Watch};
pub use self::page::{
    Affected, BuildOptions, BuiltPage, Found, Page, PageError, RunTool, ServedFile, Source,
    ToolCall, ToolError,
};
pub use self::rust_link::{RustLink, RustLinkKind};
pub use self::settings::SettingsError;
