//! What a page's code can read at once: random bytes, the reader's time zone, and the page's address with its history.

use std::cell::RefCell;
use std::rc::Rc;

use hmr_abi::read::{Location, ReadRequest};
use hmr_abi::seeded::SeededBytes;
use url::Url;

/// See the file's documentation. Clones are the same values.
#[derive(Debug, Clone, Default)]
pub(crate) struct PageValues(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    random: SeededBytes,
    /// How many minutes local time is ahead of UTC.
    time_zone: f64,
    history: History,
}

impl PageValues {
    pub(crate) fn new(seed: u32, time_zone: f64, history: History) -> Self {
        let random = SeededBytes::new(seed);
        Self(Rc::new(RefCell::new(State { random, time_zone, history })))
    }

    pub(crate) fn fill_random(&self, bytes: &mut [u8]) {
        self.0.borrow_mut().random.fill(bytes);
    }

    /// Looks at the history, or changes it.
    pub(crate) fn history<R>(&self, look: impl FnOnce(&mut History) -> R) -> R {
        look(&mut self.0.borrow_mut().history)
    }

    /// The answer to a request, as JSON.
    pub(crate) fn read(&self, request: &ReadRequest) -> String {
        let state = self.0.borrow();
        match request {
            ReadRequest::TimeZone { .. } => serde_json::json!(state.time_zone).to_string(),
            ReadRequest::Location {} => serde_json::json!(state.history.location()).to_string(),
        }
    }
}

/// The addresses that a page had, and the one that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct History {
    entries: Vec<Url>,
    at: usize,
}

impl Default for History {
    fn default() -> Self {
        Self { entries: vec![start()], at: 0 }
    }
}

fn start() -> Url {
    Url::parse("http://localhost/").unwrap_or_else(|error| unreachable!("{error}"))
}

impl History {
    /// That of a page which was opened with this address.
    pub(crate) fn new(url: &str) -> Result<Self, String> {
        let url =
            start().join(url).map_err(|error| format!("`{url}` is not an address: {error}"))?;
        Ok(Self { entries: vec![url], at: 0 })
    }

    pub(crate) fn current(&self) -> &Url {
        &self.entries[self.at]
    }

    /// The addresses, from the first to the last, and the index of the current one.
    pub(crate) fn entries(&self) -> (Vec<String>, usize) {
        (self.entries.iter().map(ToString::to_string).collect(), self.at)
    }

    /// The parts of the current address.
    pub(crate) fn location(&self) -> Location {
        let url = self.current();
        Location {
            origin: url.origin().ascii_serialization(),
            path: url.path().to_owned(),
            query: url.query().unwrap_or_default().to_owned(),
            hash: url.fragment().unwrap_or_default().to_owned(),
        }
    }

    /// Resolves an address against the current one. Nothing if it is not an address.
    pub(crate) fn resolve(&self, url: &str) -> Option<Url> {
        self.current().join(url).ok()
    }

    /// Goes to an address of the same origin, after which there is none to go forward to.
    pub(crate) fn push(&mut self, url: &str) -> Result<(), String> {
        let url = self.own(url)?;
        self.entries.truncate(self.at + 1);
        self.entries.push(url);
        self.at += 1;
        Ok(())
    }

    /// Replaces the current address by another one of the same origin.
    pub(crate) fn replace(&mut self, url: &str) -> Result<(), String> {
        self.entries[self.at] = self.own(url)?;
        Ok(())
    }

    /// Goes back or forward. Nothing happens if there is no such address.
    pub(crate) fn go(&mut self, by: i64) {
        let to = i64::try_from(self.at).unwrap_or(0).saturating_add(by);
        if let Ok(to) = usize::try_from(to)
            && to < self.entries.len()
        {
            self.at = to;
        }
    }

    fn own(&self, url: &str) -> Result<Url, String> {
        let resolved = self.resolve(url).ok_or_else(|| format!("`{url}` is not an address"))?;
        if resolved.origin() == self.current().origin() {
            Ok(resolved)
        } else {
            Err(format!("`{url}` is of another origin than the page; a link or a form leads there"))
        }
    }
}
