//! The environment variables of Trunk, from its command line in `src/cmd`: they replace values of the file.

use serde_json::{Map, Value};

use crate::settings::SettingsError;

/// What the text of a variable is.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Flag,
    Port,
    /// One text instead of a list.
    One,
    /// A list, separated by commas.
    List,
}

/// The variables, without `TRUNK_`, and the key of each. Whether the key is honoured is decided with the keys of the file.
const VARIABLES: &[(&str, &str, Kind)] = &[
    ("OFFLINE", "build.offline", Kind::Flag),
    ("REQUIRED_VERSION", "trunk_version", Kind::Text),
    ("BUILD_HTML_OUTPUT", "build.html_output", Kind::Text),
    ("BUILD_RELEASE", "build.release", Kind::Flag),
    ("BUILD_CARGO_PROFILE", "build.cargo_profile", Kind::Text),
    ("BUILD_DIST", "build.dist", Kind::Text),
    ("BUILD_FROZEN", "build.frozen", Kind::Flag),
    ("BUILD_LOCKED", "build.locked", Kind::Flag),
    ("BUILD_PUBLIC_URL", "build.public_url", Kind::Text),
    ("BUILD_PUBLIC_URL_NO_TRAILING_SLASH", "build.public_url_no_trailing_slash_fix", Kind::Flag),
    ("BUILD_NO_DEFAULT_FEATURES", "build.no_default_features", Kind::Flag),
    ("BUILD_ALL_FEATURES", "build.all_features", Kind::Flag),
    ("BUILD_FEATURES", "build.features", Kind::List),
    ("BUILD_FILEHASH", "build.filehash", Kind::Flag),
    ("BUILD_EXAMPLE", "build.example", Kind::Text),
    ("BUILD_ROOT_CERTIFICATE", "build.root_certificate", Kind::Text),
    ("BUILD_ACCEPT_INVALID_CERTS", "build.accept_invalid_certs", Kind::Flag),
    ("BUILD_NO_SRI", "build.no_sri", Kind::Flag),
    ("BUILD_ALLOW_SELF_CLOSING_SCRIPT", "build.allow_self_closing_script", Kind::Flag),
    ("TOOLS_SASS", "tools.sass", Kind::Text),
    ("TOOLS_WASM_BINDGEN", "tools.wasm_bindgen", Kind::Text),
    ("TOOLS_WASM_OPT", "tools.wasm_opt", Kind::Text),
    ("TOOLS_TAILWINDCSS", "tools.tailwindcss", Kind::Text),
    ("WATCH_WATCH", "watch.watch", Kind::One),
    ("WATCH_IGNORE", "watch.ignore", Kind::One),
    ("SERVE_ADDRESS", "serve.addresses", Kind::One),
    ("SERVE_PREFER_ADDRESS_FAMILY", "serve.prefer_address_family", Kind::Text),
    ("SERVE_PORT", "serve.port", Kind::Port),
    ("SERVE_ALIAS", "serve.aliases", Kind::One),
    ("SERVE_DISABLE_ADDRESS_LOOKUP", "serve.disable_address_lookup", Kind::Flag),
    ("SERVE_OPEN", "serve.open", Kind::Flag),
    ("SERVE_NO_AUTORELOAD", "serve.no_autoreload", Kind::Flag),
    ("SERVE_NO_ERROR_REPORTING", "serve.no_error_reporting", Kind::Flag),
    ("SERVE_NO_SPA", "serve.no_spa", Kind::Flag),
    ("SERVE_WS_PROTOCOL", "serve.ws_protocol", Kind::Text),
    ("SERVE_WS_BASE", "serve.ws_base", Kind::Text),
    ("SERVE_TLS_KEY_PATH", "serve.tls_key_path", Kind::Text),
    ("SERVE_TLS_CERT_PATH", "serve.tls_cert_path", Kind::Text),
    ("SERVE_SERVE_BASE", "serve.serve_base", Kind::Text),
    ("SERVE_PROXY_BACKEND", "serve.proxy_backend", Kind::Text),
    ("SERVE_PROXY_REWRITE", "serve.proxy_rewrite", Kind::Text),
    ("SERVE_PROXY_WS", "serve.proxy_ws", Kind::Flag),
    ("SERVE_PROXY_INSECURE", "serve.proxy_insecure", Kind::Flag),
    ("SERVE_PROXY_NO_SYSTEM_PROXY", "serve.proxy_no_system_proxy", Kind::Flag),
    ("SERVE_PROXY_NO_REDIRECT", "serve.proxy_no_redirect", Kind::Flag),
];

/// Variables that are of no importance here: the look of Trunk's output, and what Trunk passes to its hooks.
const IRRELEVANT: [&str; 8] = [
    "SKIP_VERSION_CHECK",
    "COLOR",
    "PROFILE",
    "HTML_FILE",
    "SOURCE_DIR",
    "STAGING_DIR",
    "DIST_DIR",
    "PUBLIC_URL",
];

/// Puts the values of `variables` into `values`; what is not honoured is added to `notes`.
pub(super) fn overlay(
    values: &mut Value,
    variables: impl IntoIterator<Item = (String, String)>,
    notes: &mut Vec<String>,
) -> Result<(), SettingsError> {
    for (name, text) in variables {
        let Some(short) = name.strip_prefix("TRUNK_") else { continue };
        if IRRELEVANT.contains(&short) {
            continue;
        }
        let Some((_, path, kind)) = VARIABLES.iter().find(|(known, ..)| *known == short) else {
            notes.push(format!("the environment variable `{name}` is not honoured"));
            continue;
        };
        set(values, path, kind.value(&name, &text)?);
        match short {
            // As in Trunk, a proxy of the environment is the only one.
            "SERVE_PROXY_BACKEND" => remove(values, &["proxy", "proxies"]),
            "REQUIRED_VERSION" => remove(values, &["trunk-version"]),
            "SERVE_ADDRESS" => {
                if let Some(serve) = values.get_mut("serve") {
                    remove(serve, &["address"]);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

impl Kind {
    fn value(self, name: &str, text: &str) -> Result<Value, SettingsError> {
        let wrong = |expected| SettingsError::Variable {
            name: name.to_owned(),
            value: text.to_owned(),
            expected,
        };
        Ok(match self {
            Self::Text => text.into(),
            Self::Flag => text.parse::<bool>().map_err(|_| wrong("`true` or `false`"))?.into(),
            Self::Port => {
                text.parse::<u16>().map_err(|_| wrong("a number from 0 to 65535"))?.into()
            }
            Self::One => vec![text].into(),
            Self::List => text.split(',').map(str::trim).collect::<Vec<_>>().into(),
        })
    }
}

/// Sets the value of a key of at most two names.
fn set(values: &mut Value, path: &str, value: Value) {
    let (table, key) = path.split_once('.').unwrap_or(("", path));
    let Some(root) = values.as_object_mut() else { return };
    let target = match table {
        "" => Some(root),
        table => root.entry(table).or_insert_with(|| Map::new().into()).as_object_mut(),
    };
    if let Some(target) = target {
        target.insert(key.to_owned(), value);
    }
}

fn remove(values: &mut Value, keys: &[&str]) {
    if let Some(values) = values.as_object_mut() {
        values.retain(|key, _| !keys.contains(&key.as_str()));
    }
}
