//! Which requests are allowed.
//!
//! A page on another site can make a browser send requests here. The protection: the `Host` header
//! must be a name of this server (so a foreign name that resolves to 127.0.0.1 gets nothing), an `Origin` on
//! anything but plain reading must be the server's own, responses are marked as readable by the same origin
//! alone, and no response ever carries a CORS header. Requests that change something must also have the token in a header.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::Shared;

/// What the `Host` header names.
#[derive(Debug, PartialEq)]
enum Host {
    Address(IpAddr),
    /// In lower case.
    Name(String),
}

impl Host {
    /// What a header's value names, with or without a port. A value that a browser would never send is invalid: user names, several
    /// ports, more brackets than an IPv6 address has, a dot at the end, numbers that some programs read as addresses.
    fn parse(value: &str) -> Option<Self> {
        let (host, port) = if let Some(rest) = value.strip_prefix('[') {
            let (address, port) = rest.split_once(']')?;
            (Self::Address(IpAddr::V6(address.parse().ok()?)), port)
        } else {
            let end = value.find(':').unwrap_or(value.len());
            let (name, port) = value.split_at(end);
            let host = match name.parse() {
                Ok(address) => Self::Address(IpAddr::V4(address)),
                Err(_) => Self::Name(is_name(name).then(|| name.to_ascii_lowercase())?),
            };
            (host, port)
        };
        let number = port.strip_prefix(':');
        let fits = number.is_some_and(|number| {
            number.bytes().all(|byte| byte.is_ascii_digit()) && number.parse::<u16>().is_ok()
        });
        (port.is_empty() || fits).then_some(host)
    }

    /// The host that a request names, if it names exactly one.
    fn of(request: &Request) -> Option<Self> {
        let mut values = request.headers().get_all(header::HOST).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        // A full address in the request line would override the header.
        if request.uri().authority().is_some() {
            return None;
        }
        Self::parse(value.to_str().ok()?)
    }

    /// Whether it is this server. An IP address is never another site's name; a name is ours if it can mean only this machine,
    /// or is among those that the developer `allowed`.
    fn is_ours(&self, allowed: &[String]) -> bool {
        match self {
            Self::Address(_) => true,
            Self::Name(name) => {
                let is_allowed = |own: &String| match own.strip_prefix('.') {
                    Some(end) => {
                        name == end || name.strip_suffix(end).is_some_and(|it| it.ends_with('.'))
                    }
                    None => name == own,
                };
                name == "localhost"
                    || name.ends_with(".localhost")
                    || allowed.iter().any(is_allowed)
            }
        }
    }
}

/// Whether this is labels with dots between them. Where the last is a number, browsers read an address.
fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x"));
    name.split('.').all(is_label) && !is_number
}

/// Whether the request comes from a page of this server, or from no page at all.
fn own_origin(headers: &HeaderMap) -> bool {
    let own = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_own = |origin: &HeaderValue| match (origin.to_str(), own) {
        (Ok(origin), Some(own)) => {
            ["http://", "https://"].iter().any(|scheme| origin.strip_prefix(scheme) == Some(own))
        }
        _ => false,
    };
    headers.get_all(header::ORIGIN).iter().all(is_own)
}

/// Whether a browser marks the request as coming from another site's page.
fn cross_site(headers: &HeaderMap) -> bool {
    let mut sites = headers.get_all("sec-fetch-site").iter();
    sites.any(|site| matches!(site.to_str(), Ok("cross-site" | "same-site")))
}

/// Whether a page of another site has sent the request. A link there may open a page here: then a browser shows the answer, and the other
/// page cannot read it.
pub(super) fn is_foreign(method: &Method, headers: &HeaderMap) -> bool {
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|it| it == value);
    let opens_page = matches!(*method, Method::GET | Method::HEAD)
        && is("sec-fetch-mode", "navigate")
        && is("sec-fetch-dest", "document");
    !own_origin(headers) || (cross_site(headers) && !opens_page)
}

/// Refuses requests as the module's header describes, and marks every response.
pub(super) async fn guard(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match refusal(&shared, &request) {
        None => next.run(request).await,
        Some(refusal) => refusal,
    };
    mark(response.headers_mut());
    response
}

/// Marks a response. What a backend or the settings forbid in addition stays forbidden.
fn mark(headers: &mut HeaderMap) {
    for (name, value) in MARKS {
        let (name, value) = (HeaderName::from_static(name), HeaderValue::from_static(value));
        let is_stricter = |old: &HeaderValue| old.as_bytes().eq_ignore_ascii_case(b"deny");
        if name == header::CONTENT_SECURITY_POLICY {
            // A browser follows all of them.
            headers.append(name, value);
        } else if name != header::X_FRAME_OPTIONS || !headers.get(&name).is_some_and(is_stricter) {
            headers.insert(name, value);
        }
    }
}

/// The headers of all responses: they cannot be read by another site, read as another type, or shown in another site's frame.
const MARKS: [(&str, &str); 4] = [
    ("cross-origin-resource-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "frame-ancestors 'self'"),
    ("x-frame-options", "SAMEORIGIN"),
];

/// The response to a request that is not allowed.
fn refusal(shared: &Shared, request: &Request) -> Option<Response> {
    let Some(host) = Host::of(request) else {
        let text = "refused: the request must name this server in one `Host` header, as `localhost:8080` for instance\n";
        return Some((StatusCode::BAD_REQUEST, text).into_response());
    };
    let headers = request.headers();
    let internal = request.uri().path().starts_with("/@hmr/");
    let plain_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if !host.is_ours(&shared.config().hosts) {
        Some(refuse(
            "the `Host` header does not name this server\nhint: if the name is yours, start the tool with `--allowed-host NAME`, or add it to `allowed-hosts` in its configuration",
        ))
    } else if (internal || !plain_read) && !own_origin(headers) {
        Some(refuse("the `Origin` header is not this server's"))
    } else if internal && cross_site(headers) {
        Some(refuse("this is for pages of this server only"))
    } else {
        None
    }
}

/// Refuses requests that change something without the token of this process, which other sites cannot read.
/// A page of another site cannot even send such a header, since no response allows it to.
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
        refuse("the header `x-hmr-token` is not this server's token; `/@hmr/session` returns it")
    }
}

fn refuse(reason: &'static str) -> Response {
    (StatusCode::FORBIDDEN, format!("refused: {reason}\n")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_this_machine_an_address_or_an_allowed_name() {
        let names = ["dev.test".to_owned(), ".wide.test".to_owned()];
        let accepted = |host: &str| Host::parse(host).is_some_and(|host| host.is_ours(&names));
        for host in [
            "localhost",
            "localhost:8080",
            "127.0.0.1:8080",
            "[::1]:8080",
            "[::1]",
            "app.localhost:1",
            "DEV.test:80",
            "wide.test",
            "a.b.wide.test:80",
        ] {
            assert!(accepted(host), "{host}");
        }
        for host in [
            "evil.test",
            "evil.test:8080",
            "localhost.evil.test",
            "127.0.0.1.evil.test",
            "notlocalhost",
            "x.dev.test",
            "notwide.test",
            ".wide.test",
            ".localhost",
            "a..localhost",
        ] {
            assert!(!accepted(host), "{host}");
        }
    }

    #[test]
    fn what_no_browser_sends_is_not_a_host() {
        for host in [
            "",
            ":8080",
            "[[127.0.0.1",
            "[127.0.0.1]",
            "[::1",
            "::1",
            "[::1]]",
            "[::1]x",
            "[fe80::1%eth0]",
            "127.0.0.1:80:80",
            "127.0.0.1:",
            "127.0.0.1:x",
            "127.0.0.1:+80",
            "127.0.0.1:65536",
            "127.0.0.1.",
            "127.1",
            "0x7f.1",
            "0x7f000001",
            "2130706433",
            "localhost.",
            "localhost.:8080",
            "me@localhost",
            "me:secret@localhost",
            "http://localhost",
            "localhost/",
            "localhost, localhost",
            "local host",
            "localhost\t",
        ] {
            assert_eq!(Host::parse(host), None, "{host}");
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
        let mut two = headers(Some("http://127.0.0.1:8080"));
        two.append(header::ORIGIN, HeaderValue::from_static("http://evil.test"));
        assert!(!own_origin(&two));
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
