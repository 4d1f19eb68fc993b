//! A page without a browser: it uses the socket, and sends a test's messages.

use crate::dev::{Dev, SOON};
use crate::request::send;
use serde_json::{Value, json};
use std::net::TcpStream;
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, WebSocket};

/// A page, from the tool's point of view.
#[derive(Debug)]
pub struct Page(WebSocket<TcpStream>);

impl Page {
    /// Opens a page's socket.
    ///
    /// # Panics
    ///
    /// If the tool refuses it.
    #[must_use]
    pub fn open(dev: &Dev) -> Self {
        Self::open_at(dev.port())
    }

    /// Opens a page's socket to the tool that listens at a port of this machine.
    ///
    /// # Panics
    ///
    /// If the tool refuses it.
    #[must_use]
    pub fn open_at(port: u16) -> Self {
        let app = application(port);
        Self::try_open(port, &app).unwrap_or_else(|error| panic!("no socket opens: {error}"))
    }

    /// Opens the socket of a page that was loaded from an application.
    ///
    /// # Errors
    ///
    /// Why the tool refuses it.
    ///
    /// # Panics
    ///
    /// If nothing listens there.
    pub fn try_open(port: u16, app: &str) -> Result<Self, String> {
        let own = format!("127.0.0.1:{port}");
        let session = session(port);
        let token = session["token"].as_str().expect("the session has a token");
        let address = format!("ws://{own}/@hmr/socket?token={token}&app={app}&page=test");
        let mut request = address.into_client_request().expect("the address is right");
        let origin = format!("http://{own}").parse().expect("a header's value");
        request.headers_mut().insert("Origin", origin);
        let stream = TcpStream::connect(&own).expect("the server listens");
        stream.set_read_timeout(Some(SOON)).expect("a socket takes a timeout");
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The next message of a type.
    ///
    /// # Panics
    ///
    /// If it is not received soon.
    pub fn read(&mut self, kind: &str) -> Value {
        loop {
            let message = self.0.read().unwrap_or_else(|error| panic!("no `{kind}`: {error}"));
            let Message::Text(text) = message else { continue };
            let message: Value = serde_json::from_str(&text).expect("messages are JSON");
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// The module's version in the next update.
    ///
    /// # Panics
    ///
    /// If it is not received soon.
    pub fn update(&mut self, module: &str) -> Value {
        let update = self.read("hot-update");
        let versions = update["modules"].as_array().expect("an update has modules");
        let version = versions.iter().find(|version| version["module"] == module);
        version.unwrap_or_else(|| panic!("no `{module}` in {update}")).clone()
    }

    /// Sends the state of one fresh instance of a component, as a page does that has loaded its module.
    ///
    /// # Panics
    ///
    /// If the socket is closed.
    pub fn send_state(&mut self, module: &str, hash: &Value, component: &str, props: &Value) {
        let state = json!({"type": "state", "module": module, "hash": hash,
                           "snapshot": snapshot(component, props)});
        self.send(&state);
    }

    /// Requests a rehearsal with one fresh instance of a component, and reads the verdict.
    ///
    /// # Panics
    ///
    /// If it is not received soon.
    pub fn rehearse(
        &mut self,
        module: &str,
        hash: &Value,
        component: &str,
        props: &Value,
    ) -> Value {
        self.request_rehearsal(41, module, hash, component, props);
        let verdict = self.read("verdict");
        assert_eq!(verdict["id"], 41, "{verdict}");
        verdict
    }

    /// Requests a rehearsal with one fresh instance of a component, and does not wait for the verdict.
    ///
    /// # Panics
    ///
    /// If the socket is closed.
    pub fn request_rehearsal(
        &mut self,
        id: u64,
        module: &str,
        hash: &Value,
        component: &str,
        props: &Value,
    ) {
        self.send(&json!({"type": "rehearse", "id": id, "module": module, "hash": hash,
                         "snapshot": snapshot(component, props), "transform": []}));
    }

    /// Sends any message.
    ///
    /// # Panics
    ///
    /// If the socket is closed.
    pub fn send(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).expect("the socket takes a message");
    }
}

/// Which application is served at a port of this machine.
///
/// # Panics
///
/// If nothing listens there.
#[must_use]
pub fn application(port: u16) -> String {
    session(port)["app"].as_str().expect("the session names the application").to_owned()
}

fn session(port: u16) -> Value {
    let host = format!("127.0.0.1:{port}");
    let session = send(port, "GET /@hmr/session", &[("Host", &host)]);
    serde_json::from_str(&session.body).expect("the session is JSON")
}

/// A snapshot with one fresh instance.
fn snapshot(component: &str, props: &Value) -> String {
    let instance = json!({"instance": 3, "component": component, "props": props});
    json!({"abi": 1, "instances": [instance]}).to_string()
}
