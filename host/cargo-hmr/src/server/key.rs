//! The key: a secret that every request must carry where other machines can reach the server.
//!
//! It is in the printed addresses. A browser that opens one gets it as a cookie, and is sent to the address without it;
//! programs send it in a header, or in the address each time. It is the same for each run on one application, so that open
//! pages keep working after a restart of the tool.

use std::{io::Write as _, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use camino::Utf8Path;

use super::{html::navigates, random_name};

/// The warning that other machines can reach the server.
pub const EXPOSED: &str = "other machines can reach this server. Anyone who has one of these addresses can read the page and its static files, the modules, \
    parts of sources in the compiler's messages, and saved snapshots; can save and delete snapshots, choose which versions pages run, and send requests to the servers that proxies name. \
    Pass them on only to people who may do that, and in networks that you trust: the connection is not encrypted";

/// The header in which programs send the key.
const HEADER: &str = "x-hmr-key";
/// The parameter of an address that has the key.
const PARAMETER: &str = "key";
/// The response to a request without the key.
const REFUSAL: &str = "refused: other machines can reach this server, so it requires a key\n\
    hint: open the whole address that `cargo hmr dev` has printed, with `?key=` and what follows; a program sends the key in the header `x-hmr-key`\n";

/// The secret of a server.
#[derive(Debug)]
pub struct Key {
    secret: String,
    cookie: String,
}

impl Key {
    /// The key that is kept in a file, which is made if there is none. `port` is where the server listens: browsers send a
    /// host's cookies to each of its ports.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn load(file: &Utf8Path, port: u16) -> Result<Self, getrandom::Error> {
        let kept = std::fs::read_to_string(file).ok();
        let secret = if let Some(kept) = kept.filter(|kept| is_secret(kept)) {
            kept
        } else {
            let secret = random_name()?;
            // If the key cannot be saved, it changes with each restart.
            _ = write(file, &secret);
            secret
        };
        Ok(Self { secret, cookie: format!("hmr-key-{port}") })
    }

    /// What an address ends with to carry it.
    #[must_use]
    pub fn query(&self) -> String {
        format!("?{PARAMETER}={}", self.secret)
    }

    fn is(&self, value: &[u8]) -> bool {
        subtle::ConstantTimeEq::ct_eq(self.secret.as_bytes(), value).into()
    }

    /// Whether the header or a cookie of a request has it.
    fn is_in(&self, headers: &HeaderMap) -> bool {
        let mut given = headers.get_all(HEADER).iter().map(HeaderValue::as_bytes);
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|it| it.to_str().ok());
        let mut cookies = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| {
            let (name, value) = cookie.trim().split_once('=')?;
            (name == self.cookie).then_some(value.as_bytes())
        });
        given.any(|value| self.is(value)) || cookies.any(|value| self.is(value))
    }

    /// A request without the headers that have it. Cookies are read by nothing behind the key but backends, which do not get those of this tool.
    fn removed_from(&self, mut request: Request) -> Request {
        let headers = request.headers_mut();
        headers.remove(HEADER);
        let has_secret = |value: &HeaderValue| {
            value.as_bytes().windows(self.secret.len()).any(|part| self.is(part))
        };
        if headers.get(header::REFERER).is_some_and(has_secret) {
            headers.remove(header::REFERER);
        }
        request
    }

    /// The query without the key, if it has it.
    fn taken_from(&self, query: &str) -> Option<String> {
        let is_key = |part: &&str| {
            part.split_once('=')
                .is_some_and(|(name, value)| name == PARAMETER && self.is(value.as_bytes()))
        };
        let (keys, others): (Vec<&str>, Vec<&str>) = query.split('&').partition(is_key);
        (!keys.is_empty()).then(|| others.join("&"))
    }
}

fn is_secret(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Writes a file that only its owner may read.
fn write(file: &Utf8Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // One of an earlier run may be open to others.
    _ = std::fs::remove_file(file);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(text.as_bytes())
}

/// Refuses requests without the key. What is behind it gets the others without it.
pub(super) async fn guard(
    State(key): State<Arc<Key>>,
    mut request: Request,
    next: Next,
) -> Response {
    let rest = request.uri().query().and_then(|query| key.taken_from(query));
    match rest {
        Some(rest) if request.method() == Method::GET && navigates(request.headers()) => {
            cleaned(&key, request.uri().path(), &rest)
        }
        Some(rest) => {
            *request.uri_mut() = with_query(request.uri(), &rest);
            next.run(key.removed_from(request)).await
        }
        None if key.is_in(request.headers()) => next.run(key.removed_from(request)).await,
        None => {
            let cache = [(header::CACHE_CONTROL, "no-store")];
            (StatusCode::FORBIDDEN, cache, REFUSAL).into_response()
        }
    }
}

/// An address with another query.
fn with_query(uri: &Uri, query: &str) -> Uri {
    let question = if query.is_empty() { "" } else { "?" };
    let changed = format!("{}{question}{query}", uri.path());
    // A part of a query that could be read can be read again.
    changed.parse().unwrap_or_else(|_| Uri::from_static("/"))
}

/// Gives a browser the key as a cookie, and sends it to the address without it.
fn cleaned(key: &Key, path: &str, query: &str) -> Response {
    // Two slashes at the start would be another host.
    let path = path.trim_start_matches(['/', '\\']);
    let question = if query.is_empty() { "" } else { "?" };
    let address = format!("/{path}{question}{query}");
    // `Lax`: a link in a chat opens the page, and nothing else of another site's carries the cookie.
    let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Lax", key.cookie, key.secret);
    let headers = [
        (header::LOCATION, address),
        (header::SET_COOKIE, cookie),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key { secret: "5e".repeat(16), cookie: "hmr-key-8080".into() }
    }

    #[test]
    fn the_key_is_found_in_the_query_and_leaves_it_as_it_was() {
        let key = key();
        let own = format!("key={}", key.secret);
        for (query, rest) in [
            (own.clone(), Some("")),
            (format!("a=1&{own}&b=%20"), Some("a=1&b=%20")),
            (format!("{own}&key=7"), Some("key=7")),
            ("key=7".to_owned(), None),
            ("key=".to_owned(), None),
            (format!("{own}0"), None),
            (format!("x{own}"), None),
            (String::new(), None),
        ] {
            assert_eq!(key.taken_from(&query).as_deref(), rest, "{query}");
        }
    }

    #[test]
    fn the_key_is_found_among_cookies_and_in_the_header() {
        let key = key();
        let has = |name: &'static str, value: String| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().expect("a value"));
            key.is_in(&headers)
        };
        let secret = &key.secret;
        assert!(has("x-hmr-key", secret.clone()));
        assert!(has("cookie", format!("a=b; hmr-key-8080={secret}; c")));
        assert!(!has("cookie", format!("hmr-key-8081={secret}")));
        assert!(!has("cookie", format!("hmr-key-8080={}", &secret[1..])));
        assert!(!has("cookie", "hmr-key-8080=".to_owned()));
        assert!(!has("authorization", secret.clone()));
    }

    #[test]
    fn the_key_is_kept_and_only_its_owner_may_read_it() {
        let keep = tempfile::tempdir().expect("a temporary folder");
        let file = Utf8Path::from_path(keep.path()).expect("UTF-8").join("deep/key");
        let first = Key::load(&file, 1).expect("a key");
        assert_eq!(Key::load(&file, 2).expect("a key").secret, first.secret);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&file).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::write(&file, "short").expect("a file");
        let next = Key::load(&file, 1).expect("a key");
        assert!(is_secret(&next.secret) && next.secret != first.secret);
    }

    #[test]
    fn the_address_without_the_key_is_of_this_server() {
        for path in ["//evil.test/x", "/\\evil.test/x", "///evil.test/x"] {
            let response = cleaned(&key(), path, "");
            let address = response.headers().get(header::LOCATION).expect("an address");
            assert_eq!(address, "/evil.test/x", "{path}");
        }
    }
}
