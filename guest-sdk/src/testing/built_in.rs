//! The host functions that every engine has, and what they change: the page's address and its title.

use hmr_abi::event::{Resource, ResourceRequest};
use hmr_abi::read::Location;
use serde_json::Value;

use super::Page;
use crate::engine::recorded;

/// The address and title of a page in a test.
#[derive(Debug)]
pub(super) struct BuiltIn {
    title: Option<String>,
    /// The addresses of the history, without the origin.
    history: Vec<String>,
    at: usize,
}

impl Default for BuiltIn {
    fn default() -> Self {
        let page = Self { title: None, history: vec!["/".to_owned()], at: 0 };
        page.publish();
        page
    }
}

/// A call of a function that this engine has.
pub(super) struct Call {
    key: String,
    handler: u32,
    function: String,
    argument: Value,
}

/// The call that a request makes, if it is one of a function that is built in here. Others are answered by the test.
pub(super) fn call_of(request: &ResourceRequest) -> Option<Call> {
    let ResourceRequest::Open { key, handler, resource, .. } = request else { return None };
    let Resource::Call { function, argument } = resource else { return None };
    let known = ["document.title", "location.push", "location.replace", "location.go"];
    known.contains(&function.as_str()).then(|| Call {
        key: key.clone(),
        handler: *handler,
        function: function.clone(),
        argument: argument.clone(),
    })
}

impl BuiltIn {
    fn publish(&self) {
        let url = &self.history[self.at];
        let (rest, hash) = url.split_once('#').unwrap_or((url, ""));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let location = Location {
            origin: "http://localhost".to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            hash: hash.to_owned(),
        };
        recorded(|all| all.location = location);
    }

    /// The address that `url` names: a path, a query or a fragment.
    fn resolve(&self, url: &str) -> String {
        let here = &self.history[self.at];
        let upto = |mark: &[char]| here.split(mark).next().unwrap_or_default();
        match url.chars().next() {
            Some('/') => url.to_owned(),
            Some('?') => upto(&['?', '#']).to_owned() + url,
            Some('#') => upto(&['#']).to_owned() + url,
            _ => {
                let path = upto(&['?', '#']);
                let folder = path.rfind('/').map_or("/", |at| &path[..=at]);
                folder.to_owned() + url
            }
        }
    }

    fn push(&mut self, url: &str) {
        let url = self.resolve(url);
        self.history.truncate(self.at + 1);
        self.history.push(url);
        self.at += 1;
    }

    fn go(&mut self, by: i64) {
        let to = i64::try_from(self.at).unwrap_or(0).saturating_add(by);
        if let Ok(to) = usize::try_from(to)
            && to < self.history.len()
        {
            self.at = to;
        }
    }
}

impl Page {
    /// The title that components have set.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.built_in.title.as_deref()
    }

    /// The page's address, without the origin: `/` at first.
    #[must_use]
    pub fn location(&self) -> &str {
        &self.built_in.history[self.built_in.at]
    }

    /// Goes to another address, as a link does: a path, a query or a fragment.
    pub fn set_location(&mut self, url: &str) {
        self.built_in.push(url);
        self.location_changed();
    }

    /// Goes back (-1) or forward (1) in the page's history, as the reader does.
    pub fn go_by(&mut self, by: i64) {
        self.built_in.go(by);
        self.location_changed();
    }

    /// Notifies the components that follow the address.
    fn location_changed(&mut self) {
        self.built_in.publish();
        let data = recorded(|all| serde_json::json!(all.location));
        let open = self.open_resources().into_iter();
        let following = open.filter(|(_, resource)| matches!(resource, Resource::Location { .. }));
        let keys: Vec<String> = following.map(|(key, _)| key).collect();
        for key in keys {
            self.fire_resource_with(&key, &data);
        }
    }

    pub(super) fn run_built_in(&mut self, call: Call) {
        let Call { key, handler, function, argument } = call;
        let text = |field: &str| argument[field].as_str().unwrap_or_default().to_owned();
        match function.as_str() {
            "document.title" => self.built_in.title = Some(text("title")),
            "location.push" => self.set_location(&text("url")),
            "location.replace" => {
                let url = self.built_in.resolve(&text("url"));
                let at = self.built_in.at;
                self.built_in.history[at] = url;
                self.location_changed();
            }
            _ => self.go_by(argument["by"].as_i64().unwrap_or(0)),
        }
        self.answer_open(&key, handler);
    }
}
