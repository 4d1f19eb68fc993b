//! HTTP requests of modules, and their answers.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use hmr_abi::event::Resource;
use serde_json::{Value, json};

use super::Page;
use crate::environment::HostTask;
use crate::environment::resources::Live;

/// A server's answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response(Result<Answer, String>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Response {
    /// A text.
    #[must_use]
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self::new(status, "text/plain;charset=utf-8", body.into())
    }

    /// A JSON value.
    ///
    /// ```
    /// # use hmr_headless::Response;
    /// # use serde_json::json;
    /// let answer = Response::json(200, json!({ "cards": ["milk"] })).header("etag", "\"1\"");
    /// # _ = answer;
    /// ```
    #[must_use]
    pub fn json(status: u16, value: impl Into<Value>) -> Self {
        Self::new(status, "application/json", value.into().to_string())
    }

    /// No answer: the server cannot be reached, for instance.
    #[must_use]
    pub fn failure(error: impl Into<String>) -> Self {
        Self(Err(error.into()))
    }

    fn new(status: u16, content_type: &str, body: String) -> Self {
        let headers = BTreeMap::from([("content-type".to_owned(), content_type.to_owned())]);
        Self(Ok(Answer { status, headers, body }))
    }

    /// Sets a header field. Names are lower-case, as a browser gives them.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        if let Ok(answer) = &mut self.0 {
            answer.headers.insert(name.to_ascii_lowercase(), value.into());
        }
        self
    }

    /// The data for the request's handler.
    fn data(&self) -> String {
        match &self.0 {
            Ok(Answer { status, headers, body }) => {
                json!({ "status": status, "headers": headers, "body": body }).to_string()
            }
            Err(error) => json!({ "error": error }).to_string(),
        }
    }
}

/// The answer to matching requests.
#[derive(Clone)]
pub(super) struct Server {
    method: String,
    pattern: String,
    answer: Rc<dyn Fn(&Request) -> Response>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.pattern)
    }
}

impl Server {
    pub(super) fn new(
        method: &str,
        pattern: &str,
        answer: impl Fn(&Request) -> Response + 'static,
    ) -> Self {
        let (method, pattern) = (method.to_owned(), pattern.to_owned());
        Self { method, pattern, answer: Rc::new(answer) }
    }

    fn serves(&self, request: &Request) -> bool {
        let plain = request.url.split(['?', '#']).next().unwrap_or_default();
        let url = if self.pattern.contains('?') { request.url.as_str() } else { plain };
        self.method.eq_ignore_ascii_case(&request.method) && matches(&self.pattern, url)
    }
}

/// Whether a text matches a pattern, in which `*` matches any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// An HTTP request of a module.
#[derive(Debug, Clone)]
pub struct Request {
    page: Page,
    serial: u64,
    /// The method, in capitals.
    pub method: String,
    /// As the module wrote it: absolute, or relative to the page.
    pub url: String,
    /// Header fields by name.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Option<String>,
    /// The module that asks.
    pub module: String,
    /// The instance that asks.
    pub instance: u32,
    /// The request's key: scopes, then the name, joined with `:`.
    pub key: String,
}

impl Request {
    fn new(page: Page, live: Live) -> Option<Self> {
        let Live { serial, module, instance, key, resource, .. } = live;
        let Resource::Request { method, url, headers, body } = resource else { return None };
        Some(Self { page, serial, method, url, headers, body, module, instance, key })
    }

    /// Whether an answer would still reach the module: it has none yet, and the module has not let go of it.
    #[must_use]
    pub fn is_in_flight(&self) -> bool {
        self.page
            .state
            .borrow()
            .environment
            .resources
            .get(self.serial)
            .is_some_and(Live::is_running)
    }

    /// Answers. Nothing happens if the request is no longer in flight.
    #[expect(clippy::needless_pass_by_value, reason = "an answer is given once")]
    pub fn answer(&self, response: Response) {
        self.page.act(|state| state.environment.fire(self.serial, Some(response.data())));
    }

    /// Lets the request fail, as it does when a server cannot be reached.
    pub fn fail(&self, error: impl Into<String>) {
        self.answer(Response::failure(error));
    }
}

impl Page {
    /// The HTTP requests that have no answer yet, in the order in which they were made.
    ///
    /// ```no_run
    /// # use hmr_headless::Response;
    /// # use serde_json::json;
    /// # fn test(page: &hmr_headless::Page) -> Result<(), hmr_headless::PageError> {
    /// page.find("button.load")?.click()?;
    /// let request = page.requests().remove(0);
    /// assert_eq!((request.method.as_str(), request.url.as_str()), ("GET", "/api/cards"));
    /// request.answer(Response::json(200, json!(["milk"])));
    /// assert_eq!(page.texts("li"), ["milk"]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        let state = self.state.borrow();
        let live = state
            .environment
            .resources
            .running(|resource| matches!(resource, Resource::Request { .. }));
        live.into_iter().filter_map(|live| Request::new(self.clone(), live)).collect()
    }

    /// Answers the requests with this method whose URL matches, those in flight included. In `pattern`, `*` matches any text;
    /// without a `?` in it, a URL's query does not count. Of several that match, the one that was given last answers.
    ///
    /// ```
    /// # use hmr_headless::{Page, Response};
    /// # use serde_json::json;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let page = Page::builder().open()?;
    /// page.serve("GET", "/api/*", |request| match request.url.as_str() {
    ///     "/api/cards" => Response::json(200, json!(["milk"])),
    ///     _ => Response::text(404, "there is nothing"),
    /// });
    /// # Ok(())
    /// # }
    /// ```
    pub fn serve(
        &self,
        method: &str,
        pattern: &str,
        answer: impl Fn(&Request) -> Response + 'static,
    ) {
        let server = Server::new(method, pattern, answer);
        let waiting = self.requests();
        self.servers.borrow_mut().push(server);
        self.act(|state| {
            for request in waiting {
                state.environment.add_host_task(HostTask::Request(request.serial));
            }
        });
    }

    pub(super) fn run_server(&self, serial: u64) {
        let live = self.state.borrow().environment.resources.get(serial).cloned();
        let Some(request) = live.and_then(|live| Request::new(self.clone(), live)) else { return };
        let servers = self.servers.borrow().clone();
        let server = servers.into_iter().rev().find(|server| server.serves(&request));
        if let Some(server) = server.filter(|_| request.is_in_flight()) {
            let response = (server.answer)(&request);
            self.state.borrow_mut().environment.fire(serial, Some(response.data()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text) in [
            ("/api/*", "/api/"),
            ("/api/*", "/api/a/b"),
            ("*/a*b", "x/aab"),
            ("/a", "/a"),
            ("*", ""),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("/api/*", "/ap"), ("/a", "/ab"), ("/a*a", "/a"), ("a*b*c", "acb")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn responses_read_as_documented() {
        assert_eq!(
            Response::text(404, "no").header("X-Why", "gone").data(),
            r#"{"body":"no","headers":{"content-type":"text/plain;charset=utf-8","x-why":"gone"},"status":404}"#
        );
        assert_eq!(Response::failure("offline").data(), r#"{"error":"offline"}"#);
    }
}
