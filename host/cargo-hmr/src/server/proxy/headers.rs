//! The headers of requests and answers that are passed on. Pure.

use axum::http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{self, Entry},
};
use hmr_trunk::Proxy;

/// Headers about one connection, which are not passed on (RFC 9110, 7.6.1), and `Expect`, which the server has answered.
const OF_CONNECTION: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::EXPECT,
];
/// What the headers of this tool begin with.
const OWN: &str = "x-hmr-";
/// What the cookies of this tool begin with. Browsers send those of every server on this machine to each of them.
const OWN_COOKIES: &str = "hmr-key-";
/// The headers that would let another site read an answer.
const SHARING: &str = "access-control-";

/// The headers of a request as the backend gets it. `app` names the application that is served, and `upgrade` the protocol that the
/// connection may switch to.
pub(super) fn outgoing(
    from: &HeaderMap,
    proxy: &Proxy,
    app: &str,
    upgrade: Option<HeaderValue>,
) -> HeaderMap {
    let mut headers = end_to_end(from);
    remove_named(&mut headers, OWN);
    remove_own_cookies(&mut headers);
    // The client names the backend.
    if let Some(host) = headers.remove(header::HOST) {
        let scheme = HeaderValue::from_static("http");
        for (name, value) in [("x-forwarded-host", host), ("x-forwarded-proto", scheme)] {
            // A server before this one knows better what the browser has asked for.
            headers.entry(name).or_insert(value);
        }
    }
    if let Ok(via) = HeaderValue::try_from(format!("1.1 {}", pseudonym(app))) {
        headers.append(header::VIA, via);
    }
    if let Some(protocol) = upgrade {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, protocol);
    }
    for (name, value) in &proxy.request_headers {
        if value.is_empty() {
            headers.remove(name);
        } else {
            headers.insert(name, value.clone());
        }
    }
    headers
}

/// The headers of a backend's answer as they are passed back.
pub(super) fn returned(from: &HeaderMap) -> HeaderMap {
    let mut headers = end_to_end(from);
    remove_named(&mut headers, SHARING);
    headers
}

/// Whether the server of this application has passed on the request before.
pub(super) fn passed_through(headers: &HeaderMap, app: &str) -> bool {
    let pseudonym = pseudonym(app);
    tokens(headers, &header::VIA).any(|via| via.split(' ').any(|part| part == pseudonym))
}

/// The protocol that a request wants its connection to switch to, if that is the one of web sockets.
pub(super) fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let wanted = tokens(headers, &header::CONNECTION).any(|it| it.eq_ignore_ascii_case("upgrade"));
    let protocol = headers.get(header::UPGRADE).filter(|_| wanted)?;
    protocol.as_bytes().eq_ignore_ascii_case(b"websocket").then(|| protocol.clone())
}

/// What is called this server in the header `Via`.
fn pseudonym(app: &str) -> String {
    format!("hmr-{}", app.get(..16).unwrap_or(app))
}

/// The headers without those about the connection.
fn end_to_end(from: &HeaderMap) -> HeaderMap {
    let named = tokens(from, &header::CONNECTION).filter_map(|name| name.parse().ok());
    let named: Vec<HeaderName> = named.collect();
    let mut headers = from.clone();
    for name in OF_CONNECTION.iter().chain(&named) {
        headers.remove(name);
    }
    headers
}

/// The parts of all values of a header that is a list.
fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

fn remove_named(headers: &mut HeaderMap, start: &str) {
    let named = headers.keys().filter(|name| name.as_str().starts_with(start));
    let named: Vec<HeaderName> = named.cloned().collect();
    for name in named {
        headers.remove(name);
    }
}

fn remove_own_cookies(headers: &mut HeaderMap) {
    let Entry::Occupied(cookies) = headers.entry(header::COOKIE) else { return };
    let (name, values) = cookies.remove_entry_mult();
    let values: Vec<HeaderValue> = values.filter_map(|value| without_own(&value)).collect();
    for value in values {
        headers.append(&name, value);
    }
}

/// The cookies of a header without those of this tool; none if there are no others.
fn without_own(value: &HeaderValue) -> Option<HeaderValue> {
    let bytes = value.as_bytes();
    let is_other = |cookie: &&[u8]| !cookie.trim_ascii().starts_with(OWN_COOKIES.as_bytes());
    let cookies: Vec<&[u8]> = bytes.split(|byte| *byte == b';').collect();
    let others: Vec<&[u8]> = cookies.iter().copied().filter(is_other).collect();
    if others.len() == cookies.len() {
        return Some(value.clone());
    }
    let joined = others.join(&b';');
    HeaderValue::from_bytes(joined.trim_ascii()).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{super::route::tests::proxy, *};

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let line = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let mut headers = HeaderMap::new();
        for (name, value) in lines.iter().map(line) {
            headers.append(name, value);
        }
        headers
    }

    fn sent(lines: &[(&'static str, &'static str)]) -> Vec<String> {
        let headers = outgoing(&headers(lines), &proxy("/api", "http://a/api"), "app", None);
        let line = |(name, value): (&HeaderName, &HeaderValue)| {
            format!("{name}: {}", value.to_str().expect("text"))
        };
        let lines = headers.iter().map(line);
        let mut lines: Vec<String> = lines.filter(|line| line != "via: 1.1 hmr-app").collect();
        lines.sort();
        lines
    }

    #[test]
    fn what_is_about_the_connection_is_not_passed_on() {
        let lines = [
            ("accept", "*/*"),
            ("connection", "keep-alive, X-Hop"),
            ("keep-alive", "timeout=5"),
            ("x-hop", "1"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("expect", "100-continue"),
            ("content-length", "5"),
        ];
        assert_eq!(sent(&lines), ["accept: */*", "content-length: 5"]);
    }

    #[test]
    fn the_backend_gets_neither_the_key_nor_the_token() {
        let lines = [
            ("x-hmr-key", "secret"),
            ("x-hmr-token", "secret"),
            ("cookie", "a=1; hmr-key-8080=secret; b=hmr-key-1"),
            ("cookie", "hmr-key-8081=secret"),
            ("cookie", "c=2"),
        ];
        assert_eq!(sent(&lines), ["cookie: a=1; b=hmr-key-1", "cookie: c=2"]);
    }

    #[test]
    fn the_first_server_says_what_the_browser_has_asked_for() {
        let own = sent(&[("host", "localhost:8080")]);
        assert_eq!(own, ["x-forwarded-host: localhost:8080", "x-forwarded-proto: http"]);
        let before = [("host", "a"), ("x-forwarded-host", "b"), ("x-forwarded-proto", "https")];
        assert_eq!(sent(&before), ["x-forwarded-host: b", "x-forwarded-proto: https"]);
    }

    #[test]
    fn headers_of_the_settings_replace_or_remove_others() {
        let mut proxy = proxy("/api", "http://a/api");
        proxy.request_headers = headers(&[("x-new", "1"), ("origin", "http://a"), ("accept", "")]);
        let from = headers(&[("accept", "*/*"), ("origin", "http://b")]);
        let sent = outgoing(&from, &proxy, "app", None);
        assert_eq!(sent.get("x-new").map(HeaderValue::as_bytes), Some(&b"1"[..]));
        assert_eq!(sent.get("origin").map(HeaderValue::as_bytes), Some(&b"http://a"[..]));
        assert_eq!(sent.get("accept"), None);
    }

    #[test]
    fn no_answer_is_shared_with_other_sites() {
        let from = headers(&[
            ("access-control-allow-origin", "*"),
            ("connection", "close"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
        ]);
        let returned = returned(&from);
        assert_eq!(returned.len(), 2);
        assert_eq!(returned.get_all("set-cookie").iter().count(), 2);
    }

    #[test]
    fn a_web_socket_is_asked_for_by_two_headers() {
        let asks = |lines| upgrade(&headers(lines)).is_some();
        assert!(asks(&[("connection", "keep-alive, Upgrade"), ("upgrade", "WebSocket")]));
        assert!(!asks(&[("upgrade", "websocket")]));
        assert!(!asks(&[("connection", "upgrade"), ("upgrade", "h2c")]));
        let sent = outgoing(
            &headers(&[("connection", "upgrade"), ("upgrade", "websocket")]),
            &proxy("/api", "http://a/api"),
            "app",
            Some(HeaderValue::from_static("websocket")),
        );
        assert!(asks_again(&sent), "{sent:?}");
    }

    fn asks_again(headers: &HeaderMap) -> bool {
        upgrade(headers).is_some()
    }

    #[test]
    fn a_circle_is_found() {
        let sent = outgoing(&HeaderMap::new(), &proxy("/api", "http://a/api"), "app", None);
        assert!(passed_through(&sent, "app"));
        assert!(!passed_through(&sent, "other"));
        assert!(passed_through(&headers(&[("via", "1.0 fred, 1.1 hmr-app (x)")]), "app"));
    }
}
