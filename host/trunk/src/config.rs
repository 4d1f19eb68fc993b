//! `Trunk.toml`: which settings a project has, as `trunk serve` reads them.
//!
//! The input is a folder and the environment; the output has defaults filled in and paths absolute. What Trunk knows and this tool does not
//! honour is named in [`Config::not_honoured`], and so is every key that Trunk does not know.

mod environment;
mod keys;
mod raw;

use std::collections::BTreeMap;
use std::net::IpAddr;

use camino::{Utf8Path, Utf8PathBuf};
use http::HeaderMap;
use semver::{Version, VersionReq};
use serde::Deserialize;
use serde_json::Value;

use self::raw::Raw;
use crate::paths;
use crate::proxy::{self, Proxy, RawProxy};
use crate::rust_link::RustLink;
use crate::settings::{self, SettingsError};

/// The names of Trunk's settings files, the first one first.
pub(crate) const FILES: [&str; 6] =
    ["Trunk.toml", ".trunk.toml", "Trunk.yaml", ".trunk.yaml", "Trunk.json", ".trunk.json"];
/// Where values are described.
const HINT: &str = "the keys and their values are described in https://trunk-rs.github.io/trunk/guide/configuration/";
/// Versions of Trunk whose settings are read.
const VERSIONS: [Version; 2] = [Version::new(0, 21, 14), Version::new(0, 22, 0)];

/// The settings of a project for Trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The file that they were read from, if there is one.
    pub file: Option<Utf8PathBuf>,
    /// The folder of the project, absolute: paths are relative to it, and hooks run in it.
    pub folder: Utf8PathBuf,
    /// `[build]`.
    pub build: Build,
    /// `[watch]`.
    pub watch: Watch,
    /// `[serve]`.
    pub serve: Serve,
    /// `[[proxy]]`, and the keys of `[serve]` that begin with `proxy_`.
    pub proxies: Vec<Proxy>,
    /// `[[hooks]]`, for this system.
    pub hooks: Vec<Hook>,
    /// What is not honoured, in one sentence each.
    pub not_honoured: Vec<String>,
}

/// How an application is built.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of Trunk")]
pub struct Build {
    /// `target`: the page.
    pub target: Utf8PathBuf,
    /// `dist`: the folder that `trunk build` writes. It must not be watched.
    pub dist: Utf8PathBuf,
    /// `release`. [`complete`](Self::complete) makes a profile of it.
    pub release: bool,
    /// `cargo_profile`: for links that name none.
    pub cargo_profile: Option<String>,
    /// `features`: for links that say nothing about features; so are the next two.
    pub features: Vec<String>,
    /// `all_features`.
    pub all_features: bool,
    /// `no_default_features`.
    pub no_default_features: bool,
    /// `example`: the example of the package that is built instead of its binary or library.
    pub example: Option<String>,
    /// `offline`, for cargo; so are the next two.
    pub offline: bool,
    /// `frozen`.
    pub frozen: bool,
    /// `locked`.
    pub locked: bool,
    /// `public_url`: what URLs begin with: a path, a relative path or a whole URL. It ends with `/`, unless the project says otherwise.
    pub public_url: String,
    /// `inject_scripts`: whether a script that starts the application is put into the page. If not, the page starts it itself.
    pub inject_scripts: bool,
    /// `minify` is not `never`: stylesheets that are compiled are made smaller in a page that is deployed.
    pub minify: bool,
}

/// What is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// `watch`: files and folders; the folder of the page if there are none.
    pub watch: Vec<Utf8PathBuf>,
    /// `ignore`: globs with the folder of the project before them. Before Trunk 0.22 they were paths, and a folder stood for all in it.
    pub ignore: Vec<Utf8PathBuf>,
}

/// How pages are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serve {
    /// `addresses` and `address`; Trunk's default are the loopback addresses.
    pub addresses: Vec<IpAddr>,
    /// `prefer_address_family`: which of the default addresses.
    pub prefer_address_family: Option<AddressFamily>,
    /// `port`; Trunk's default is 8080.
    pub port: Option<u16>,
    /// `aliases`: other names of the server, for people.
    pub aliases: Vec<String>,
    /// `open`: whether a browser is opened.
    pub open: bool,
    /// `headers` of all answers with the page and its files.
    pub headers: HeaderMap,
    /// `no_spa`: unknown paths are not answered with the page.
    pub no_spa: bool,
    /// `serve_base`: the path that all served paths begin with, with a `/` at its start. If it is not set, it follows from `public_url`.
    pub serve_base: String,
}

/// A family of network addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AddressFamily {
    /// Version 4.
    Ipv4,
    /// Version 6.
    Ipv6,
}

/// A command of the project that runs while it is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// When it runs.
    pub stage: Stage,
    /// The program.
    pub command: String,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Before the page is read.
    PreBuild,
    /// While the assets are built.
    Build,
    /// After everything is built, before it is served.
    PostBuild,
}

impl Stage {
    /// Its name in the settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreBuild => "pre_build",
            Self::Build => "build",
            Self::PostBuild => "post_build",
        }
    }
}

impl Config {
    /// Reads the settings of the project in `folder`, which is absolute: from the first of Trunk's settings files, or else from
    /// `[package.metadata.trunk]`, where `metadata` is the value of `package.metadata` in its `Cargo.toml`. Of the environment variables, those
    /// of Trunk count.
    pub fn read(
        folder: &Utf8Path,
        metadata: Option<&Value>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let file = FILES.iter().map(|name| folder.join(name)).find(|file| file.is_file());
        let (mut values, place) = if let Some(file) = &file {
            (read_file(file)?, file.to_string())
        } else {
            let table = metadata.and_then(|metadata| metadata.get("trunk")).cloned();
            let manifest = folder.join("Cargo.toml");
            (table.unwrap_or_default(), format!("{manifest}: `[package.metadata.trunk]`"))
        };
        if values.is_null() {
            values = Value::Object(serde_json::Map::new());
        }
        let mut not_honoured = Vec::new();
        environment::overlay(&mut values, environment, &mut not_honoured)?;
        let raw: Raw = settings::values(&place, &values, HINT)?;
        // `proxies` is another name of `proxy`.
        if let Some(proxies) = values.as_object_mut().and_then(|all| all.remove("proxies")) {
            values["proxy"] = proxies;
        }
        not_honoured.extend(keys::KEYS.notes(&values));
        not_honoured.extend(other_version(&place, raw.trunk_version.as_deref())?);
        let mut config = complete(folder, raw, &place)?;
        config.file = file;
        config.not_honoured.splice(0..0, not_honoured);
        Ok(config)
    }

    /// The environment variables that Trunk gives to hooks. `staging` is the folder whose files are served when the hooks have run; hooks may
    /// write into it.
    #[must_use]
    pub fn hook_environment(&self, staging: &Utf8Path) -> Vec<(&'static str, String)> {
        let build = &self.build;
        let source = build.target.parent().unwrap_or(&self.folder);
        let profile = if build.release { "release" } else { "debug" };
        vec![
            ("TRUNK_PROFILE", profile.to_owned()),
            ("TRUNK_HTML_FILE", build.target.to_string()),
            ("TRUNK_SOURCE_DIR", source.to_string()),
            ("TRUNK_STAGING_DIR", staging.to_string()),
            ("TRUNK_DIST_DIR", build.dist.to_string()),
            ("TRUNK_PUBLIC_URL", build.public_url.clone()),
        ]
    }
}

impl Build {
    /// The link with what it leaves open: features if it says nothing about them, and the profile.
    #[must_use]
    pub fn complete(&self, link: &RustLink) -> RustLink {
        let mut link = link.clone();
        if link.features.is_empty() && !link.all_features && !link.no_default_features {
            link.features.clone_from(&self.features);
            link.all_features = self.all_features;
            link.no_default_features = self.no_default_features;
        }
        let release = self.release.then(|| "release".to_owned());
        link.profile = link.profile.or_else(|| self.cargo_profile.clone()).or(release);
        link.release_profile = link.release_profile.or_else(|| self.cargo_profile.clone());
        link
    }
}

fn read_file(file: &Utf8Path) -> Result<Value, SettingsError> {
    match file.extension() {
        Some("yaml") => settings::yaml(file, &settings::text(file)?),
        Some("json") => settings::json(file, &settings::text(file)?),
        _ => settings::toml::<Raw>(file, &settings::text(file)?, HINT),
    }
}

/// A note if the project asks for a version of Trunk whose settings this tool does not read.
fn other_version(place: &str, version: Option<&str>) -> Result<Option<String>, SettingsError> {
    let Some(text) = version else { return Ok(None) };
    let required = VersionReq::parse(text).map_err(|error| SettingsError::Value {
        place: place.to_owned(),
        key: "trunk-version".to_owned(),
        message: error.to_string(),
        hint: "write a requirement as for a dependency: `trunk-version = \"0.21\"`".to_owned(),
    })?;
    let known = VERSIONS.iter().any(|version| required.matches(version));
    Ok((!known).then(|| {
        format!("`trunk-version` is `{text}`: settings are read as by Trunk 0.21 and 0.22")
    }))
}

/// Fills in the defaults.
fn complete(folder: &Utf8Path, raw: Raw, place: &str) -> Result<Config, SettingsError> {
    let Raw { build, hooks, watch, mut serve, proxy: mut proxies, .. } = raw;
    proxies.extend(single_proxy(&mut serve));
    let proxies = proxy::check(place, "proxy", proxies)?;
    let build = complete_build(folder, build, place)?;
    let in_folder = |paths: Vec<Utf8PathBuf>| -> Vec<_> {
        paths.iter().map(|path| paths::join(folder, path)).collect()
    };
    let mut watched = in_folder(watch.watch);
    if watched.is_empty() {
        watched.extend(build.target.parent().map(Utf8Path::to_owned));
    }
    let watch = Watch { watch: watched, ignore: in_folder(watch.ignore) };
    let serve_base = match serve.serve_base {
        Some(base) if base.starts_with('/') => base,
        Some(base) => {
            return Err(SettingsError::Value {
                place: place.to_owned(),
                key: "serve.serve_base".to_owned(),
                message: format!("`{base}` is not the path of a URL"),
                hint: format!("begin it with `/`: `serve_base = \"/{base}\"`"),
            });
        }
        None => base_of(&build.public_url),
    };
    let mut headers = proxy::headers(&serve.headers).map_err(|error| SettingsError::Value {
        place: place.to_owned(),
        key: "serve.headers".to_owned(),
        message: error.message,
        hint: error.hint,
    })?;
    let not_honoured = take_unsafe(&mut headers);
    let mut addresses = serve.addresses;
    addresses.extend(serve.address);
    let serve = Serve {
        addresses,
        prefer_address_family: serve.prefer_address_family,
        port: serve.port,
        aliases: serve.aliases,
        open: serve.open,
        headers,
        no_spa: serve.no_spa,
        serve_base,
    };
    let hooks = hooks.into_iter().map(hook).collect();
    let folder = folder.to_owned();
    Ok(Config { file: None, folder, build, watch, serve, proxies, hooks, not_honoured })
}

/// Removes headers that would open the page to other sites, which could read the token of the tool there. Returns what is not honoured.
fn take_unsafe(headers: &mut HeaderMap) -> Vec<String> {
    let is_unsafe = |name: &str, value: &[u8]| match name {
        "cross-origin-resource-policy" => value != b"same-origin",
        "x-content-type-options" => value != b"nosniff",
        "x-frame-options" => {
            !["deny", "sameorigin"].iter().any(|safe| value.eq_ignore_ascii_case(safe.as_bytes()))
        }
        name => name.starts_with("access-control-"),
    };
    let names: Vec<_> = headers
        .iter()
        .filter(|(name, value)| is_unsafe(name.as_str(), value.as_bytes()))
        .map(|(name, _)| name.clone())
        .collect();
    let remove = |name: http::HeaderName| {
        headers.remove(&name);
        format!(
            "`serve.headers.{name}` is not honoured: pages of other sites may not read or show this one"
        )
    };
    names.into_iter().map(remove).collect()
}

fn complete_build(
    folder: &Utf8Path,
    build: raw::Build,
    place: &str,
) -> Result<Build, SettingsError> {
    let features = match build.features {
        raw::OneOrMore::One(feature) => vec![feature],
        raw::OneOrMore::More(features) => features,
    };
    if build.all_features && (build.no_default_features || !features.is_empty()) {
        return Err(SettingsError::Value {
            place: place.to_owned(),
            key: "build.all_features".to_owned(),
            message: "it cannot be combined with `features` or `no_default_features`".to_owned(),
            hint: "remove one of them".to_owned(),
        });
    }
    let mut public_url = match build.public_url.as_str() {
        "" => "/".to_owned(),
        _ => build.public_url,
    };
    if !public_url.ends_with('/') && !build.public_url_no_trailing_slash_fix {
        public_url.push('/');
    }
    let path = |path: Option<Utf8PathBuf>, default: &str| {
        paths::join(folder, path.as_deref().unwrap_or(default.into()))
    };
    Ok(Build {
        target: path(build.target, "index.html"),
        dist: path(build.dist, "dist"),
        release: build.release,
        cargo_profile: build.cargo_profile,
        features,
        all_features: build.all_features,
        no_default_features: build.no_default_features,
        example: build.example,
        offline: build.offline,
        frozen: build.frozen,
        locked: build.locked,
        public_url,
        inject_scripts: build.inject_scripts.unwrap_or(true),
        minify: build.minify != raw::Minify::Never,
    })
}

/// The proxy that the keys of `[serve]` describe: they are older than `[[proxy]]`.
fn single_proxy(serve: &mut raw::Serve) -> Option<RawProxy> {
    Some(RawProxy {
        backend: serve.proxy_backend.take()?,
        rewrite: serve.proxy_rewrite.take(),
        request_headers: BTreeMap::new(),
        ws: serve.proxy_ws.unwrap_or_default(),
        insecure: serve.proxy_insecure.unwrap_or_default(),
        no_system_proxy: serve.proxy_no_system_proxy.unwrap_or_default(),
        no_redirect: serve.proxy_no_redirect.unwrap_or_default(),
    })
}

/// The hook for this system: the command of a system replaces the common one, arguments included.
fn hook(hook: raw::Hook) -> Hook {
    let of_system = match std::env::consts::OS {
        "windows" => hook.windows,
        "macos" => hook.macos,
        "linux" => hook.linux,
        _ => None,
    };
    let raw::Command { command, command_arguments } = of_system.unwrap_or(hook.command);
    Hook { stage: hook.stage, command, arguments: command_arguments }
}

/// The path that served paths begin with, as Trunk makes it of a public URL.
fn base_of(public_url: &str) -> String {
    if let Some((_, rest)) = public_url.split_once("://") {
        return rest.find('/').map_or("/", |start| &rest[start..]).to_owned();
    }
    let path = public_url.strip_prefix('.').unwrap_or(public_url);
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}
