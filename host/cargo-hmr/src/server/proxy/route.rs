//! Which paths a proxy passes on, and where to. Pure.

use hmr_trunk::Proxy;
use reqwest::Url;

/// Whether a proxy passes on requests for a path.
pub(super) fn covers(proxy: &Proxy, path: &str) -> bool {
    let Some(rest) = path.strip_prefix(&proxy.path) else { return false };
    proxy.path.ends_with('/') || rest.is_empty() || rest.starts_with('/')
}

/// Where a request for a path that the proxy covers is passed on to: the path of the proxy is replaced by that of the backend. None if the
/// path might lead out of it.
pub(super) fn target(proxy: &Proxy, path: &str, query: Option<&str>) -> Option<Url> {
    let rest = path.strip_prefix(&proxy.path)?;
    if rest.split(['/', '\\']).any(is_dots) || rest.contains('\\') {
        return None;
    }
    let mut url = proxy.backend.clone();
    if !rest.is_empty() {
        let start = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{start}/{}", rest.strip_prefix('/').unwrap_or(rest)));
    }
    url.set_query(query);
    Some(url)
}

/// Whether a part of a path is `.` or `..`, which URLs may also write with `%2e`.
fn is_dots(part: &str) -> bool {
    let plain = part.to_ascii_lowercase().replace("%2e", ".");
    plain == "." || plain == ".."
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn proxy(path: &str, backend: &str) -> Proxy {
        Proxy {
            backend: backend.parse().expect("a URL"),
            path: path.to_owned(),
            request_headers: axum::http::HeaderMap::new(),
            ws: false,
            insecure: false,
            no_system_proxy: false,
            no_redirect: false,
        }
    }

    #[test]
    fn a_path_covers_itself_and_what_is_below_it() {
        let plain = proxy("/api", "http://a/api");
        let below = proxy("/api/", "http://a/api/");
        for (path, by_plain, by_below) in [
            ("/api", true, false),
            ("/api/", true, true),
            ("/api/x/y", true, true),
            ("/apix", false, false),
            ("/ap", false, false),
            ("/x/api", false, false),
        ] {
            assert_eq!(covers(&plain, path), by_plain, "{path}");
            assert_eq!(covers(&below, path), by_below, "{path}");
        }
    }

    #[test]
    fn the_path_of_the_backend_replaces_that_of_the_proxy() {
        let to = |path: &str, backend: &str, request: &str| {
            let (request, query) = request.split_once('?').unzip();
            let (request, query) = (request.unwrap_or(path), query);
            target(&proxy(path, backend), request, query).map(|url| url.to_string())
        };
        for (path, backend, request, expected) in [
            ("/api", "http://a/api", "/api?", "http://a/api?"),
            ("/api", "http://a/api", "/api/?x=1&y=%20", "http://a/api/?x=1&y=%20"),
            ("/api", "http://a:9/api", "/api/b/c/?", "http://a:9/api/b/c/?"),
            ("/api/", "http://a", "/api/?", "http://a/?"),
            ("/api/", "http://a", "/api/b?", "http://a/b?"),
            ("/api/v1", "http://a/v2/", "/api/v1/b?", "http://a/v2/b?"),
            ("/api", "http://a", "/api//b?", "http://a//b?"),
            ("/api", "http://a", "/api/%2Fb%20c?", "http://a/%2Fb%20c?"),
        ] {
            assert_eq!(to(path, backend, request).as_deref(), Some(expected), "{request}");
        }
    }

    #[test]
    fn no_path_leads_out_of_the_backends() {
        let proxy = proxy("/api", "http://a/api");
        for path in ["/api/..", "/api/../x", "/api/b/%2E%2e/c", "/api/.%2e", "/api/.", "/api/..\\x"]
        {
            assert_eq!(target(&proxy, path, None), None, "{path}");
        }
        assert!(target(&proxy, "/api/..x/x..", None).is_some());
    }
}
