//! One backend: the client that sends requests to it, and whether it can be reached.

use std::{
    error::Error,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    body::{Body, HttpBody as _},
    http::{HeaderMap, Method},
};
use hmr_trunk::Proxy;
use reqwest::{Client, Url, redirect::Policy};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// Whether a backend can be reached, when that has changed.
pub(super) struct Found {
    pub(super) message: String,
    pub(super) reached: bool,
}

/// A backend.
#[derive(Debug)]
pub(super) struct Backend {
    pub(super) proxy: Proxy,
    /// Made with the first request: reading the certificates of the system takes time.
    client: OnceLock<Result<Client, String>>,
    /// Whether the last request did not reach it.
    lost: AtomicBool,
}

impl Backend {
    pub(super) fn new(proxy: Proxy) -> Self {
        Self { proxy, client: OnceLock::new(), lost: AtomicBool::new(false) }
    }

    /// Sends a request, and returns the answer, of which the body is still to be read, or a text that says why there is none. `report` is
    /// called when the backend cannot be reached any more, and when it can be reached again.
    pub(super) async fn send(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Body,
        report: &(dyn Fn(Found) + Sync),
    ) -> Result<reqwest::Response, String> {
        let client = match self.client.get_or_init(|| client(&self.proxy)) {
            Ok(client) => client,
            Err(error) => return Err(format!("requests cannot be passed on: {error}")),
        };
        let mut request = reqwest::Request::new(method, url);
        *request.headers_mut() = headers;
        if !body.is_end_stream() {
            *request.body_mut() = Some(reqwest::Body::wrap_stream(body.into_data_stream()));
        }
        match client.execute(request).await {
            Ok(response) => {
                if self.lost.swap(false, Ordering::Relaxed) {
                    let message = format!("`{}` can be reached again", self.proxy.backend);
                    report(Found { message, reached: true });
                }
                Ok(response)
            }
            Err(error) => {
                let text = self.describe(&error);
                if error.is_connect() && !self.lost.swap(true, Ordering::Relaxed) {
                    report(Found { message: text.clone(), reached: false });
                }
                Err(text)
            }
        }
    }

    /// What is to be done if the backend is the wrong one.
    pub(super) fn correct(&self) -> String {
        format!("correct the `backend` of the proxy for `{}` in the settings", self.proxy.path)
    }

    fn describe(&self, error: &reqwest::Error) -> String {
        let (backend, reason) = (&self.proxy.backend, reasons(error));
        if error.is_redirect() {
            return format!("`{backend}` redirects too often: {reason}");
        }
        if !error.is_connect() {
            return format!(
                "`{backend}` did not answer completely: {reason}\nhint: see what this server reports"
            );
        }
        let hint = if reason.contains("certificate") {
            "if you trust this server, add `insecure = true` to the proxy".to_owned()
        } else {
            format!("start the server that listens there, or {}", self.correct())
        };
        format!("`{backend}` cannot be reached: {reason}\nhint: {hint}")
    }
}

fn client(proxy: &Proxy) -> Result<Client, String> {
    let mut builder = Client::builder()
        .http1_only()
        .connect_timeout(CONNECT)
        .referer(false)
        .redirect(if proxy.no_redirect { Policy::none() } else { Policy::default() })
        .danger_accept_invalid_certs(proxy.insecure);
    // No proxy of the system can reach this machine under these names.
    if proxy.no_system_proxy || is_here(&proxy.backend) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| reasons(&error))
}

/// Whether the host of a URL is this machine.
fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost"
        || host.ends_with(".localhost")
        || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

/// The reasons of an error without its own text, which repeats the URL; the last one says most.
fn reasons(error: &dyn Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_reached_directly() {
        let here = |url: &str| is_here(&url.parse().expect("a URL"));
        for url in
            ["http://localhost:1/", "http://api.localhost", "http://127.0.0.9", "http://[::1]:8/"]
        {
            assert!(here(url), "{url}");
        }
        for url in ["http://localhost.example.org", "http://192.0.2.1", "http://[2001:db8::1]"] {
            assert!(!here(url), "{url}");
        }
    }
}
