//! The settings as they are written: what is honoured, with Trunk's types. Every key may be absent.

use std::collections::BTreeMap;
use std::net::IpAddr;

use camino::Utf8PathBuf;
use serde::Deserialize;

use super::{AddressFamily, Stage};
use crate::proxy::RawProxy;

#[derive(Default, Deserialize)]
#[serde(default, expecting = "a table")]
pub(super) struct Raw {
    #[serde(alias = "trunk-version")]
    pub(super) trunk_version: Option<String>,
    pub(super) build: Build,
    pub(super) hooks: Vec<Hook>,
    pub(super) watch: Watch,
    pub(super) serve: Serve,
    #[serde(alias = "proxies")]
    pub(super) proxy: Vec<RawProxy>,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "a table")]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of Trunk")]
pub(super) struct Build {
    pub(super) target: Option<Utf8PathBuf>,
    pub(super) dist: Option<Utf8PathBuf>,
    pub(super) release: bool,
    pub(super) cargo_profile: Option<String>,
    pub(super) offline: bool,
    pub(super) frozen: bool,
    pub(super) locked: bool,
    pub(super) public_url: String,
    pub(super) public_url_no_trailing_slash_fix: bool,
    pub(super) no_default_features: bool,
    pub(super) all_features: bool,
    pub(super) features: OneOrMore,
    pub(super) example: Option<String>,
    pub(super) inject_scripts: Option<bool>,
    pub(super) minify: Minify,
}

/// When Trunk makes files smaller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Minify {
    #[default]
    Never,
    OnRelease,
    Always,
}

/// Trunk accepts one text instead of a list of one.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
pub(super) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl Default for OneOrMore {
    fn default() -> Self {
        Self::More(Vec::new())
    }
}

#[derive(Deserialize)]
pub(super) struct Hook {
    pub(super) stage: Stage,
    #[serde(flatten)]
    pub(super) command: Command,
    pub(super) windows: Option<Command>,
    pub(super) macos: Option<Command>,
    pub(super) linux: Option<Command>,
}

#[derive(Deserialize)]
pub(super) struct Command {
    pub(super) command: String,
    #[serde(default)]
    pub(super) command_arguments: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "a table")]
pub(super) struct Watch {
    pub(super) watch: Vec<Utf8PathBuf>,
    pub(super) ignore: Vec<Utf8PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "a table")]
#[expect(clippy::struct_field_names, reason = "the names are Trunk's")]
pub(super) struct Serve {
    pub(super) address: Option<IpAddr>,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) prefer_address_family: Option<AddressFamily>,
    pub(super) port: Option<u16>,
    pub(super) aliases: Vec<String>,
    pub(super) open: bool,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) no_spa: bool,
    pub(super) serve_base: Option<String>,
    pub(super) proxy_backend: Option<String>,
    pub(super) proxy_rewrite: Option<String>,
    pub(super) proxy_ws: Option<bool>,
    pub(super) proxy_insecure: Option<bool>,
    pub(super) proxy_no_system_proxy: Option<bool>,
    pub(super) proxy_no_redirect: Option<bool>,
}
