//! Projects that were written for other tools: what their pages and settings say, and the files that are made from it.
//!
//! - [`Page`]: a page for [Trunk](https://trunk-rs.github.io/trunk/). Its text in, the served page and its files out.
//! - [`Config`]: `Trunk.toml` and the files that can replace it.
//! - [`leptos_metadata`]: what a manifest says for cargo-leptos. [`Dioxus`]: `Dioxus.toml`, and the page that dx makes.
//!
//! This crate parses and processes. It never prints, watches, serves, or starts a program: see [`RunTool`]. Formats are those of Trunk 0.21 and
//! 0.22 (`guide/src/assets` and `src/pipelines` in its repository). What is not honoured is named in a note, never ignored silently.
//!
//! # Assets
//!
//! | element | what replaces it | what is served |
//! |---|---|---|
//! | `<link data-trunk rel="rust">` | [`app_html`](BuildOptions::app_html); nothing for a worker | [`RustLink`] says what to build |
//! | `rel="css"` | `<link rel="stylesheet">` with the other attributes | the file |
//! | `rel="scss"`, `rel="sass"` | the same; `<style>` with `data-inline` | what the compiler makes |
//! | `rel="tailwind-css"`, `rel="tailwind-css-extra"` | the same | what the program writes to standard output |
//! | `rel="inline"` | the file, in `<style>` or `<script>` if it is CSS or JavaScript | |
//! | `rel="icon"` | `<link rel="icon">` | the file |
//! | `rel="copy-file"` | nothing | the file |
//! | `rel="copy-dir"` | nothing | the folder |
//! | `<script data-trunk src>` | `<script src>` with the other attributes | the file |
//! | `<base data-trunk-public-url>` in `<head>` | `<base href>` with the public URL | |
//!
//! `data-target-path` is honoured for all that is served. What `trunk serve` does in another way:
//!
//! - Names have no hash of the content, unless [`BuildOptions::hashed`] asks for it: a URL is the public URL and the name of the file, and stays the same across rebuilds. So the element of
//!   a stylesheet that has changed can be found by its URL. Of two files with one name, the second gets a number: `style-2.css`. In Trunk,
//!   their hashes differ. Copied files keep their names, and of two copies the later one is served.
//! - There are no nonces, no integrity digests unless `hashed` asks for them, and nothing is minified.
//! - Sass is compiled by [grass](https://docs.rs/grass), without source maps. Trunk downloads dart-sass, which knows more of the language.
//! - Files and folders that need no processing are served from where they are, so a change needs no build.
//! - `<script …/>` is noted. In Trunk it is an error, unless `allow_self_closing_script` is set.
//!
//! # Settings
//!
//! | section of `Trunk.toml` | honoured, as data | named as not honoured |
//! |---|---|---|
//! | root | `trunk-version` (another version is noted) | `dist` |
//! | `[build]` | `target`, `dist`, `public_url`, `release`, `cargo_profile`, features, `example`, `offline`, `frozen`, `locked`, `inject_scripts`, `minify` | `html_output`, `filehash`, `no_sri`, `pattern_…`, `create_nonce`, what concerns downloads |
//! | `[watch]` | all | |
//! | `[serve]` | addresses, `port`, `aliases`, `open`, `headers`, `no_spa`, `serve_base`, `proxy_…` | `ws_…`, `tls_…`, `csp`, `no_autoreload`, `no_error_reporting` |
//! | `[[proxy]]`, `[[hooks]]` | all | |
//! | `[tools]`, `[clean]`, `[[node_packages]]` | | all |
//!
//! Keys with a value that says what happens anyway, such as `filehash = false`, are not named. The environment variables `TRUNK_…` replace
//! values of the file. As in Trunk, `-` instead of `_` is right only in `trunk-version` and `no-system-proxy`.

mod config;
mod dioxus;
mod integrity;
mod keys;
mod leptos;
mod nearest;
mod page;
mod paths;
mod proxy;
mod rust_link;
mod settings;

pub use self::config::{AddressFamily, Build, Config, Hook, Serve, Stage, Watch};
pub use self::dioxus::{Dioxus, default_dioxus_page};
pub use self::integrity::{has_hash, hashed_name, integrity};
pub use self::leptos::{Leptos, leptos_metadata};
pub use self::page::{
    Affected, BuildOptions, BuiltPage, Found, LeptosStyle, Page, PageError, RunTool, ServedFile,
    Source, ToolCall, ToolError,
};
pub use self::proxy::Proxy;
pub use self::rust_link::{RustLink, RustLinkKind};
pub use self::settings::SettingsError;

/// The names of all files with settings, in the folder of a project.
pub fn settings_files() -> impl Iterator<Item = &'static str> {
    config::FILES.into_iter().chain(dioxus::FILES)
}
