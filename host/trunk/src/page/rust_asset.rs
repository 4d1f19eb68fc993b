//! The attributes of `<link data-trunk rel="rust">`.

use super::attributes::Attributes;
use super::error::PageError;
use crate::nearest::nearest;
use crate::rust_link::{RustLink, RustLinkKind};

/// Attributes that are read.
const HONOURED: [&str; 18] = [
    "data-bin",
    "data-target-name",
    "data-type",
    "data-cargo-features",
    "data-cargo-all-features",
    "data-cargo-no-default-features",
    "data-cargo-profile",
    "data-cargo-profile-dev",
    "data-cargo-profile-release",
    "data-wasm-opt",
    "data-wasm-opt-params",
    "data-initializer",
    "data-wasm-no-import",
    "data-wasm-import-name",
    "data-bindgen-target",
    "data-loader-shim",
    "data-target-path",
    "data-trunk-skip",
];
/// Attributes that only matter for the size and the names in the wasm.
const WITHOUT_EFFECT: [&str; 8] = [
    "data-keep-debug",
    "data-no-demangle",
    "data-reference-types",
    "data-weak-refs",
    "data-typescript",
    "data-cross-origin",
    "data-integrity",
    "data-no-minify",
];

/// Reads the attributes; those without effect are added to `notes`.
pub(super) fn read(
    line: usize,
    attributes: &Attributes,
    notes: &mut Vec<String>,
) -> Result<RustLink, PageError> {
    let text = |name: &str| attributes.get(name).filter(|value| !value.is_empty());
    let app = RustLink {
        href: text("href").map(Into::into),
        bin: text("data-bin").map(Into::into),
        target_name: text("data-target-name").map(Into::into),
        kind: kind(line, attributes)?,
        features: features(text("data-cargo-features")),
        all_features: attributes.has("data-cargo-all-features"),
        no_default_features: attributes.has("data-cargo-no-default-features"),
        profile: text("data-cargo-profile-dev").or(text("data-cargo-profile")).map(Into::into),
        release_profile: text("data-cargo-profile-release")
            .or(text("data-cargo-profile"))
            .map(Into::into),
        wasm_opt: wasm_opt(line, attributes)?,
        wasm_opt_arguments: text("data-wasm-opt-params")
            .unwrap_or_default()
            .split_whitespace()
            .map(Into::into)
            .collect(),
        initializer: text("data-initializer").map(Into::into),
        no_import: attributes.has("data-wasm-no-import"),
        import_name: text("data-wasm-import-name").map(Into::into),
        bindgen_target: text("data-bindgen-target").map(Into::into),
        loader_shim: attributes.has("data-loader-shim"),
        target_path: attributes.target_path(line)?.map(Into::into),
        skip: attributes.has("data-trunk-skip"),
    };
    if app.all_features && (app.no_default_features || !app.features.is_empty()) {
        return Err(PageError::Features { line });
    }
    for name in attributes.data_names() {
        if HONOURED.contains(&name) || WITHOUT_EFFECT.contains(&name) {
            continue;
        }
        let hint = match nearest(name, HONOURED) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => String::new(),
        };
        notes.push(format!("line {line}: `{name}` of `rel=\"rust\"` is not honoured{hint}"));
    }
    Ok(app)
}

fn kind(line: usize, attributes: &Attributes) -> Result<RustLinkKind, PageError> {
    match attributes.get("data-type") {
        None | Some("main") => Ok(RustLinkKind::Main),
        Some("worker") => Ok(RustLinkKind::Worker),
        Some(value) => Err(PageError::WrongValue {
            line,
            attribute: "data-type",
            value: value.to_owned(),
            expected: "`main` or `worker`",
        }),
    }
}

fn wasm_opt(line: usize, attributes: &Attributes) -> Result<Option<String>, PageError> {
    let Some(value) = attributes.get("data-wasm-opt") else { return Ok(None) };
    if ["", "0", "1", "2", "3", "4", "s", "z"].contains(&value) {
        return Ok(Some(value.to_owned()));
    }
    Err(PageError::WrongValue {
        line,
        attribute: "data-wasm-opt",
        value: value.to_owned(),
        expected: "`0` to `4`, `s` or `z`",
    })
}

/// Trunk separates features by commas or spaces, as cargo does.
fn features(text: Option<&str>) -> Vec<String> {
    let parts = text.unwrap_or_default().split([',', ' ', '\t', '\n']);
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}
