//! HTTP requests, made by the engine. They are awaited in a task: see [`crate::spawn`] and [`crate::action`].

use std::collections::BTreeMap;

use hmr_abi::event::Resource;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::task::ask::Ask;

/// A `GET` request for a URL that is absolute, or relative to the page.
pub fn get(url: impl Into<String>) -> Request {
    Request::new("GET", url)
}

/// A `POST` request; see [`Request::body`] and [`Request::json`].
pub fn post(url: impl Into<String>) -> Request {
    Request::new("POST", url)
}

/// A request that is not sent yet.
#[derive(Debug, Clone)]
#[must_use = "it is sent by `send().await`"]
pub struct Request {
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: Option<String>,
    error: Option<String>,
}

impl Request {
    /// With any method, `PUT` for instance.
    pub fn new(method: &str, url: impl Into<String>) -> Self {
        Self {
            method: method.to_ascii_uppercase(),
            url: url.into(),
            headers: BTreeMap::new(),
            body: None,
            error: None,
        }
    }

    /// Sets a header field.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.insert(name.to_owned(), value.into());
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sets the body to a value as JSON, and `content-type` accordingly.
    pub fn json(self, value: &impl Serialize) -> Self {
        let text = serde_json::to_string(value);
        self.json_text(text)
    }

    fn json_text(mut self, text: serde_json::Result<String>) -> Self {
        match text {
            Ok(text) => self.header("content-type", "application/json").body(text),
            Err(error) => {
                self.error = Some(error.to_string());
                self
            }
        }
    }

    /// Sends it and waits for the answer. A status such as 404 is an answer, not an error: see [`Response::is_ok`].
    pub async fn send(self) -> Result<Response, HttpError> {
        let Self { method, url, headers, body, error } = self;
        if let Some(error) = error {
            return Err(HttpError::Body(error));
        }
        let Some(data) = Ask::new(Resource::Request { method, url, headers, body }).await else {
            return Err(HttpError::NoTask);
        };
        match serde_json::from_str(&data) {
            Ok(Answer { error: Some(error), .. }) => Err(HttpError::Failed(error)),
            Ok(Answer { status, headers, body, .. }) => Ok(Response { status, headers, body }),
            Err(error) => {
                Err(HttpError::Failed(format!("the engine's answer does not parse: {error}")))
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Answer {
    error: Option<String>,
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

/// A server's response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Response {
    /// The status code, 200 for instance.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status code is one of success, 200 to 299.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header field; upper and lower case are the same.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.headers.iter();
        fields.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The header fields by name.
    #[must_use]
    pub fn headers(&self) -> &BTreeMap<String, String> {
        &self.headers
    }

    /// The body.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.body
    }

    /// The body, read as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        serde_json::from_str(&self.body)
            .map_err(|error| HttpError::Json { status: self.status, error: error.to_string() })
    }
}

/// Why there is no readable response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The request failed: no connection, no such host, not allowed by its CORS policy.
    #[error("the request failed: {0}")]
    Failed(String),
    /// The request's body could not be written as JSON.
    #[error("the request's body cannot be written as JSON: {0}")]
    Body(String),
    /// The answer's body is not the JSON that was expected.
    #[error("the answer, of status {status}, is not the expected JSON: {error}")]
    Json {
        /// The answer's status code.
        status: u16,
        /// The JSON error.
        error: String,
    },
    /// It was awaited outside of a task.
    #[error("a request was awaited outside of a task; start one with `spawn` or `action`")]
    NoTask,
}
