//! Who may ask for what.
//!
//! A page on another site can make a browser send requests here. What protects from that: the `Host` header
//! must be a name of this server (so a foreign name that resolves to 127.0.0.1 gets nothing), an `Origin` on
//! anything but plain reading must be the server's own, responses are marked as readable by the same origin
//! alone, and no response ever carries a CORS header. What changes something wants the token in a header besides.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::Shared;

/// The names that this server goes by.
pub(super) struct Names {
    host: String,
}

impl Names {
    pub(super) fn new(host: &str) -> Self {
        Self { host: host.to_ascii_lowercase() }
    }

    /// Whether a `Host` header names this server. An address is nobody else's name; a name is ours only if
    /// it can mean nothing but this machine, or was given on the command line.
    fn accept(&self, header: &str) -> bool {
        let name = without_port(header).to_ascii_lowercase();
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        name == "localhost"
            || name.ends_with(".localhost")
            || name == self.host
            || bare.parse::<IpAddr>().is_ok()
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') =>
        {
            name
        }
        _ => host,
    }
}

/// Whether the request comes from a page of this server, or from no page at all.
fn own_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let own = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    match (origin.to_str(), own) {
        (Ok(origin), Some(own)) => {
            ["http://", "https://"].iter().any(|scheme| origin.strip_prefix(scheme) == Some(own))
        }
        _ => false,
    }
}

/// Whether a browser says that another site's page is behind the request.
fn cross_site(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    matches!(site, Some("cross-site" | "same-site"))
}

/// Refuses what the module's header says must be refused, and marks every response.
pub(super) async fn guard(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let ours = host.is_some_and(|host| shared.names.accept(host));
    let internal = request.uri().path().starts_with("/@hmr/");
    let plain_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = if !ours {
        refuse(
            "the `Host` header does not name this server; start it with `--host` to use another name",
        )
    } else if (internal || !plain_read) && !own_origin(headers) {
        refuse("the `Origin` header is not this server's")
    } else if internal && cross_site(headers) {
        refuse("this is for pages of this server only")
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Lets a request through that changes something only with the token of this process, which other sites cannot read.
/// A page of another site could not even ask with such a header, since no response allows it to.
pub(super) async fn with_token(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let plain_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let token = request.headers().get("x-hmr-token").map(HeaderValue::as_bytes);
    if plain_read || token == Some(shared.token.as_bytes()) {
        next.run(request).await
    } else {
        refuse("the header `x-hmr-token` is not this server's token; ask `/@hmr/session` for it")
    }
}

fn refuse(reason: &'static str) -> Response {
    (StatusCode::FORBIDDEN, format!("refused: {reason}\n")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_this_machine_an_address_or_the_given_name() {
        let names = Names::new("dev.test");
        for host in [
            "localhost",
            "localhost:8080",
            "127.0.0.1:8080",
            "[::1]:8080",
            "[::1]",
            "app.localhost:1",
            "DEV.test:80",
        ] {
            assert!(names.accept(host), "{host}");
        }
        for host in [
            "evil.test",
            "evil.test:8080",
            "localhost.evil.test",
            "127.0.0.1.evil.test",
            "",
            ":8080",
            "notlocalhost",
        ] {
            assert!(!names.accept(host), "{host}");
        }
    }

    #[test]
    fn origins_are_our_own_or_absent_and_never_null() {
        let headers = |origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:8080"));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            headers
        };
        assert!(own_origin(&headers(None)));
        assert!(own_origin(&headers(Some("http://127.0.0.1:8080"))));
        for origin in [
            "null",
            "http://127.0.0.1",
            "http://127.0.0.1:8081",
            "http://localhost:8080",
            "file://127.0.0.1:8080",
            "",
        ] {
            assert!(!own_origin(&headers(Some(origin))), "{origin}");
        }
    }
}
