//! The real tool as a server, for tests that talk HTTP with it.

use crate::demo::DemoCopy;
use crate::dev::Dev;
use crate::request::{Reply, send};
use serde_json::Value;
use std::net::TcpStream;
use std::time::Duration;
use tungstenite::WebSocket;
use tungstenite::client::IntoClientRequest;

/// A server, and the name by which requests call it.
#[derive(Debug)]
pub struct Server {
    /// The tool.
    pub dev: Dev,
    /// Its port.
    pub port: u16,
    /// Host and port.
    pub own: String,
    /// The served demo.
    pub demo: DemoCopy,
}

impl Server {
    /// Serves a copy of the demo; it is not built yet.
    ///
    /// # Panics
    ///
    /// If the tool does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same, with further arguments of the command.
    ///
    /// # Panics
    ///
    /// If the tool does not start.
    #[must_use]
    pub fn start_with(arguments: &[&str]) -> Self {
        let demo = DemoCopy::take();
        let dev = Dev::start_with(demo.folder(), arguments);
        let port = dev.port();
        Self { dev, port, own: format!("127.0.0.1:{port}"), demo }
    }

    /// The server's answer to a request for a path.
    ///
    /// # Panics
    ///
    /// If it does not answer.
    #[must_use]
    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        let mut all = vec![("Host", self.own.as_str())];
        all.extend(headers);
        send(self.port, &format!("GET {path}"), &all)
    }

    /// The token that requests with side effects must send.
    ///
    /// # Panics
    ///
    /// If the server does not report it.
    #[must_use]
    pub fn token(&self) -> String {
        let session = self.get("/@hmr/session", &[]);
        let session: Value = serde_json::from_str(&session.body).expect("the session is JSON");
        session["token"].as_str().expect("the session has a token").to_owned()
    }

    /// Opens the socket as a page of `origin` would, with `token`.
    ///
    /// # Errors
    ///
    /// It is refused.
    ///
    /// # Panics
    ///
    /// If nothing listens there.
    pub fn socket(
        &self,
        token: &str,
        origin: Option<&str>,
    ) -> Result<WebSocket<TcpStream>, String> {
        let address = format!("ws://{}/@hmr/socket?token={token}&page=test", self.own);
        let mut request = address.into_client_request().expect("the address is right");
        if let Some(origin) = origin {
            request
                .headers_mut()
                .insert("Origin", origin.parse().expect("the origin is a header's value"));
        }
        let stream = TcpStream::connect(&self.own).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket takes a timeout");
        tungstenite::client(request, stream)
            .map(|(socket, _)| socket)
            .map_err(|error| error.to_string())
    }

    /// Asserts that the server serves its page.
    ///
    /// # Panics
    ///
    /// If it does not.
    pub fn assert_alive(&self) {
        assert_eq!(
            self.get("/", &[("Accept", "text/html")]).status,
            200,
            "the server answers as before"
        );
    }
}
