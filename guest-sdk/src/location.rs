//! The page's address, and the reader's history. [`Router`](crate::Router) is built on it.
//!
//! Changes take effect when the handler, task or rendering that requests them has returned.

use std::borrow::Cow;

use hmr_abi::event::Resource;
use hmr_abi::read::ReadRequest;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock;
use crate::engine::requests::read;
use crate::event::Event;
use crate::host;
use crate::reactive::read_signal::ReadSignal;
use crate::reactive::signal::engine_signal;
use crate::resource;

/// The parts of a page's address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Location {
    /// The scheme and host, `https://example.org` for instance.
    pub origin: String,
    /// The path, which begins with `/`, as it is written in the address: with `%20` for a space.
    pub path: String,
    /// The query, without `?`.
    pub query: String,
    /// The fragment, without `#`.
    pub hash: String,
}

impl Default for Location {
    fn default() -> Self {
        let (origin, query, hash) = (String::new(), String::new(), String::new());
        Self { origin, path: "/".to_owned(), query, hash }
    }
}

impl Location {
    /// The value of a parameter of the query: of `tab` in `?tab=notes`, decoded. The first one, if there are several.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.parameters().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// The parameters of the query in their order, decoded.
    pub fn parameters(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let parts = self.query.split('&').filter(|part| !part.is_empty());
        parts.map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decoded(&name.replace('+', " ")), decoded(&value.replace('+', " ")))
        })
    }
}

/// The text that `%20` and the like stand for.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    match String::from_utf8_lossy(&bytes) {
        Cow::Borrowed(text) => text.to_owned(),
        Cow::Owned(text) => text,
    }
}

fn from_engine() -> Option<Location> {
    clock::note_read();
    read(&ReadRequest::Location {})
}

/// The page's address at this moment. [`follow`] is for what must change with it.
#[must_use]
pub fn get() -> Location {
    from_engine().unwrap_or_default()
}

/// The page's address, which effects, memos and views follow. In a rehearsal, which has no page, it is the address of the page that
/// will swap.
///
/// ```
/// # use hmr_sdk::prelude::*;
/// # #[component] fn App() -> View {
/// let location = location::follow();
/// view! { <p>{move || location.get().parameter("tab")}</p> }
/// # }
/// ```
#[must_use]
pub fn follow() -> ReadSignal<Location> {
    follow_links(None)
}

/// [`follow`], and clicks on links below a path lead to another address without a load.
pub(crate) fn follow_links(links: Option<String>) -> ReadSignal<Location> {
    let now = from_engine();
    // A snapshot has it, for rehearsals. In a page, the page's own address counts.
    let here = engine_signal("@location", now.clone().unwrap_or_default());
    let arrive = move |new: Location| {
        if here.with_untracked(|here| *here != new) {
            here.set(new);
        }
    };
    if let Some(now) = now {
        arrive(now);
    }
    let call = Box::new(move |event: Event| {
        if let Some(new) = resource::read(&event) {
            arrive(new);
        }
    });
    resource::open("location", Resource::Location { links }, call);
    here.into()
}

/// Goes to an address of the page's origin: absolute, or relative to the page. The reader can go back.
pub fn push(url: impl Into<String>) {
    host::notify("location.push", &json!({ "url": url.into() }));
}

/// Replaces the page's address by another one of its origin. The reader cannot go back to the one before.
pub fn replace(url: impl Into<String>) {
    host::notify("location.replace", &json!({ "url": url.into() }));
}

/// Goes back to the address before, as the reader's browser does.
pub fn back() {
    go(-1);
}

/// Goes forward again.
pub fn forward() {
    go(1);
}

/// Goes back, if `by` is negative, or forward in the reader's history. Nothing happens if there is no such address.
pub fn go(by: i32) {
    host::notify("location.go", &json!({ "by": by }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let query = "a=1&b=x+y%26z&&c&a=2&%C3%A9=%zz".to_owned();
        let location = Location { query, ..Location::default() };
        let pairs: Vec<_> = location.parameters().collect();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            pairs,
            [pair("a", "1"), pair("b", "x y&z"), pair("c", ""), pair("a", "2"), pair("é", "%zz")]
        );
        assert_eq!(location.parameter("a").as_deref(), Some("1"));
        assert_eq!(location.parameter("none"), None);
    }
}
