//! Proxies: which requests another server answers, checked.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use url::Url;

use crate::settings::SettingsError;

/// The path of the tool's own requests.
const OWN: &str = "/@hmr";

/// Requests that another server, the backend, answers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of Trunk")]
pub struct Proxy {
    /// `backend`: its URL, with the scheme `http` or `https`, without a query. Its path takes the place of [`path`](Self::path).
    pub backend: Url,
    /// `rewrite`, or the path of the backend: requests for it and for what is below it are passed on. It begins with `/`. If it ends with
    /// `/`, only what is below it is passed on.
    pub path: String,
    /// `request_headers`: they replace headers of each request. An empty value removes the header.
    pub request_headers: HeaderMap,
    /// `ws`: whether web sockets are passed on.
    pub ws: bool,
    /// `insecure`: whether certificates of the backend are not checked.
    pub insecure: bool,
    /// `no_system_proxy`: whether the proxy of the system is not used.
    pub no_system_proxy: bool,
    /// `no_redirect`: whether redirects of the backend are passed on, not followed.
    pub no_redirect: bool,
}

/// A proxy as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(expecting = "a table")]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of Trunk")]
pub(crate) struct RawProxy {
    pub(crate) backend: String,
    pub(crate) rewrite: Option<String>,
    #[serde(default)]
    pub(crate) request_headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) ws: bool,
    #[serde(default)]
    pub(crate) insecure: bool,
    #[serde(default, alias = "no-system-proxy")]
    pub(crate) no_system_proxy: bool,
    #[serde(default)]
    pub(crate) no_redirect: bool,
}

/// Checks the proxies of one file. `place` names it, and `table` is the name of the table: `proxy`.
pub(crate) fn check(
    place: &str,
    table: &str,
    raw: Vec<RawProxy>,
) -> Result<Vec<Proxy>, SettingsError> {
    let mut proxies: Vec<Proxy> = Vec::new();
    for raw in raw {
        let proxy = check_one(place, table, raw)?;
        let same =
            |other: &&Proxy| other.path.trim_end_matches('/') == proxy.path.trim_end_matches('/');
        if let Some(other) = proxies.iter().find(same) {
            return Err(SettingsError::Value {
                place: place.to_owned(),
                key: table.to_owned(),
                message: format!(
                    "two proxies have the path `{}`: those of `{}` and of `{}`",
                    proxy.path, other.backend, proxy.backend
                ),
                hint: "give one of them another path, or remove it; one proxy passes on both requests and web sockets if it has `ws = true`".to_owned(),
            });
        }
        proxies.push(proxy);
    }
    Ok(proxies)
}

fn check_one(place: &str, table: &str, raw: RawProxy) -> Result<Proxy, SettingsError> {
    let wrong = |key: &str, message: String, hint: String| SettingsError::Value {
        place: place.to_owned(),
        key: format!("{table}.{key}"),
        message,
        hint,
    };
    let (backend, is_socket) = backend(&raw.backend).ok_or_else(|| {
        wrong(
            "backend",
            format!("`{}` is not the URL of a server", raw.backend),
            "write the whole URL: `backend = \"http://localhost:9000/api\"`".to_owned(),
        )
    })?;
    let rewrite = raw.rewrite.filter(|path| !path.is_empty());
    let path = rewrite.unwrap_or_else(|| backend.path().to_owned());
    if !path.starts_with('/') {
        let hint = format!("begin it with `/`: `rewrite = \"/{path}\"`");
        return Err(wrong("rewrite", format!("`{path}` is not the path of a URL"), hint));
    }
    if path.trim_end_matches('/').is_empty() {
        let message =
            format!("all requests would be passed on to `{backend}`, that for the page too");
        let hint = "add the path of the requests that are meant: `backend = \"http://localhost:9000/api\"`, or `rewrite = \"/api\"` for Trunk";
        return Err(wrong("backend", message, hint.to_owned()));
    }
    if path == OWN || path.starts_with(&format!("{OWN}/")) {
        let message = format!("`{path}` is a path of this tool");
        return Err(wrong("rewrite", message, format!("choose a path that is not below `{OWN}`")));
    }
    let request_headers = headers(&raw.request_headers).map_err(|error| {
        let HeaderError { message, hint } = error;
        wrong("request_headers", message, hint)
    })?;
    Ok(Proxy {
        ws: raw.ws || is_socket,
        insecure: raw.insecure,
        no_system_proxy: raw.no_system_proxy,
        no_redirect: raw.no_redirect,
        backend,
        path,
        request_headers,
    })
}

/// The URL of a backend, and whether its scheme is that of web sockets.
fn backend(text: &str) -> Option<(Url, bool)> {
    let mut url = Url::parse(text).ok()?;
    let (scheme, is_socket) = match url.scheme() {
        "http" => ("http", false),
        "https" => ("https", false),
        "ws" => ("http", true),
        "wss" => ("https", true),
        _ => return None,
    };
    url.set_scheme(scheme).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    url.has_host().then_some((url, is_socket))
}

/// Why a header of the settings cannot be used.
pub(crate) struct HeaderError {
    pub(crate) message: String,
    pub(crate) hint: String,
}

/// Headers as they are sent.
pub(crate) fn headers(raw: &BTreeMap<String, String>) -> Result<HeaderMap, HeaderError> {
    let one = |(name, value): (&String, &String)| {
        let parsed = HeaderName::try_from(name).map_err(|_| HeaderError {
            message: format!("`{name}` is not the name of a header"),
            hint: "a name has letters, digits and `-`: `X-Example = \"value\"`".to_owned(),
        })?;
        let value = HeaderValue::try_from(value).map_err(|_| HeaderError {
            message: format!("the value of `{name}` is not one of a header"),
            hint: "a value is one line without control characters".to_owned(),
        })?;
        Ok((parsed, value))
    };
    raw.iter().map(one).collect()
}
