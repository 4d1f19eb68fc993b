//! A server of a developer, to which the tool passes requests on.
//!
//! It reports in JSON what it got: `{"method","uri","headers":{name:[value]},"body"}`.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::thread;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::Value;
use tokio::sync::oneshot;

/// A running backend. It ends, with all of its connections, when it is dropped.
#[derive(Debug)]
pub struct Backend {
    /// Where it listens.
    pub at: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Backend {
    /// A backend at a free port of this machine.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// A backend at an address.
    ///
    /// # Panics
    ///
    /// If it is taken.
    #[must_use]
    pub fn start_at(at: SocketAddr) -> Self {
        let listener = TcpListener::bind(at).expect("an address that is free");
        listener.set_nonblocking(true).expect("a socket");
        let at = listener.local_addr().expect("an address");
        let (end, ended) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                tokio::select! {
                    _ = axum::serve(listener, router()) => {}
                    _ = ended => {}
                }
            });
        });
        Self { at, end: Some(end), thread: Some(thread) }
    }

    /// The address of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        drop(self.end.take());
        // A panic there is in the output.
        _ = self.thread.take().map(thread::JoinHandle::join);
    }
}

fn router() -> Router {
    Router::new()
        .route("/api/socket", any(socket))
        .route("/api/moved", any(|| async { (StatusCode::FOUND, [(header::LOCATION, "landed")]) }))
        .route("/api/teapot", any(teapot))
        .route("/api/slow", any(slow))
        .fallback(report)
}

/// An answer with headers that are passed on, and others that are not.
async fn teapot() -> Response {
    let headers = [
        ("set-cookie", "a=1"),
        ("access-control-allow-origin", "*"),
        ("content-security-policy", "default-src 'none'"),
        ("x-frame-options", "DENY"),
    ];
    (StatusCode::IM_A_TEAPOT, headers, "short and stout").into_response()
}

/// An answer of which the second part comes only when the first was read.
async fn slow() -> Response {
    let parts = futures_util::stream::unfold(0, |part| async move {
        if part == 1 {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        let text = Bytes::from(format!("part {part}\n"));
        (part < 2).then_some((Ok::<_, std::io::Error>(text), part + 1))
    });
    Body::from_stream(parts).into_response()
}

async fn socket(upgrade: WebSocketUpgrade) -> Response {
    upgrade.protocols(["echo"]).on_upgrade(echo)
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        let answer = match message {
            Message::Text(text) => Message::Text(format!("echo {text}").into()),
            Message::Binary(bytes) => Message::Binary(bytes),
            _ => continue,
        };
        if socket.send(answer).await.is_err() {
            return;
        }
    }
}

async fn report(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> String {
    let mut sent: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (name, value) in &headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        sent.entry(name.to_string()).or_default().push(value.into());
    }
    serde_json::json!({
        "method": method.as_str(),
        "uri": uri.to_string(),
        "headers": sent,
        "body": String::from_utf8_lossy(&body),
    })
    .to_string()
}
