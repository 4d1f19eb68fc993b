//! What projects say for [cargo-leptos](https://github.com/leptos-rs/cargo-leptos) in the metadata of their manifests.
//!
//! cargo-leptos builds a server and a library for the browser. A project whose pages are rendered by a server needs that server; of the
//! others, this module has what concerns the browser.

mod keys;

use std::net::SocketAddr;

use camino::Utf8PathBuf;
use serde::Deserialize;
use serde_json::Value;

use crate::settings::{self, SettingsError};

const HINT: &str = "the keys and their values are described in https://github.com/leptos-rs/cargo-leptos#parameters-reference";
/// Features of a package that needs a server to render its pages.
const SERVER_FEATURES: [&str; 4] = ["ssr", "hydrate", "islands", "islands-router"];

/// One project for cargo-leptos. Paths are as they are written: relative to the folder of the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leptos {
    /// `name`: of a project in a workspace.
    pub name: Option<String>,
    /// `lib-package`: the package for the browser; the one with this metadata if it is absent.
    pub lib_package: Option<String>,
    /// `output-name`: the name of the files, without their endings; the name of the package if it is absent.
    pub output_name: Option<String>,
    /// `site-addr`: where the site is served.
    pub site_addr: Option<SocketAddr>,
    /// `site-root`: the folder that cargo-leptos writes. It must not be watched. `CARGO_TARGET_DIR` at its start stands for cargo's target
    /// folder.
    pub site_root: Utf8PathBuf,
    /// `site-pkg-dir`: the path below which the stylesheet is served.
    pub site_pkg_dir: Utf8PathBuf,
    /// `style-file`: CSS, SCSS or Sass.
    pub style_file: Option<Utf8PathBuf>,
    /// `tailwind-input-file`: its output is added to the stylesheet.
    pub tailwind_input_file: Option<Utf8PathBuf>,
    /// `tailwind-config-file`.
    pub tailwind_config_file: Option<Utf8PathBuf>,
    /// `assets-dir`: its content is served from the root.
    pub assets_dir: Option<Utf8PathBuf>,
    /// `watch-additional-files`.
    pub watch: Vec<Utf8PathBuf>,
    /// `lib-features` and `features`.
    pub features: Vec<String>,
    /// `lib-default-features`: whether the default features are used, too.
    pub default_features: bool,
    /// `lib-profile-dev`.
    pub profile: Option<String>,
    /// Why the project needs a server to render its pages, if it does: such projects are not supported.
    pub server_rendered: Option<String>,
    /// What is not honoured, in one sentence each.
    pub not_honoured: Vec<String>,
}

/// What is read. Every key may be absent.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", expecting = "a table")]
struct Raw {
    name: Option<String>,
    bin_package: Option<String>,
    lib_package: Option<String>,
    output_name: Option<String>,
    site_addr: Option<SocketAddr>,
    site_root: Option<Utf8PathBuf>,
    site_pkg_dir: Option<Utf8PathBuf>,
    style_file: Option<Utf8PathBuf>,
    tailwind_input_file: Option<Utf8PathBuf>,
    tailwind_config_file: Option<Utf8PathBuf>,
    assets_dir: Option<Utf8PathBuf>,
    watch_additional_files: Vec<Utf8PathBuf>,
    features: Vec<String>,
    lib_features: Vec<String>,
    lib_default_features: bool,
    bin_features: Vec<String>,
    lib_profile_dev: Option<String>,
}

/// Reads `[package.metadata.leptos]` or `[[workspace.metadata.leptos]]`: `metadata` is the value of `package.metadata` or
/// `workspace.metadata`. It is empty if there is neither.
pub fn leptos_metadata(metadata: &Value) -> Result<Vec<Leptos>, SettingsError> {
    match metadata.get("leptos") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(tables)) => {
            tables.iter().map(|table| read("`[[workspace.metadata.leptos]]`", table)).collect()
        }
        Some(table) => Ok(vec![read("`[package.metadata.leptos]`", table)?]),
    }
}

fn read(place: &str, table: &Value) -> Result<Leptos, SettingsError> {
    let raw: Raw = settings::values(place, table, HINT)?;
    let server_rendered = server_rendered(&raw);
    let mut features = raw.lib_features;
    features.extend(raw.features);
    Ok(Leptos {
        name: raw.name,
        lib_package: raw.lib_package,
        output_name: raw.output_name.filter(|name| !name.is_empty()),
        site_addr: raw.site_addr,
        site_root: raw.site_root.unwrap_or_else(|| "CARGO_TARGET_DIR/site".into()),
        site_pkg_dir: raw.site_pkg_dir.unwrap_or_else(|| "pkg".into()),
        style_file: raw.style_file,
        tailwind_input_file: raw.tailwind_input_file,
        tailwind_config_file: raw.tailwind_config_file,
        assets_dir: raw.assets_dir,
        watch: raw.watch_additional_files,
        features,
        default_features: raw.lib_default_features,
        profile: raw.lib_profile_dev,
        server_rendered,
        not_honoured: keys::KEYS.notes(table),
    })
}

/// Why a project needs a server to render its pages.
fn server_rendered(raw: &Raw) -> Option<String> {
    if let Some(package) = &raw.bin_package {
        return Some(format!("`bin-package` is `{package}`, a server that renders the pages"));
    }
    let lists = [
        ("bin-features", &raw.bin_features),
        ("lib-features", &raw.lib_features),
        ("features", &raw.features),
    ];
    lists.into_iter().find_map(|(key, features)| {
        let of_server = |feature: &&String| SERVER_FEATURES.contains(&feature.as_str());
        let feature = features.iter().find(of_server)?;
        Some(format!("`{key}` has `{feature}`, for pages that a server renders"))
    })
}
