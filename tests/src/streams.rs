//! A server beside the tool, for pages that connect to one.

use std::convert::Infallible;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::WebSocketUpgrade;
use axum::extract::ws::{Message, WebSocket};
use axum::http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use futures_util::stream;
use tokio::time::sleep;

use crate::dev::SOON;

/// How often it sends something to each connection.
const INTERVAL: Duration = Duration::from_millis(50);

/// How long `/slow` takes.
const SLOW: Duration = Duration::from_secs(1);

/// A server with server-sent events at `/events`, a WebSocket at `/socket`, and an answer that takes a second at `/slow`. It runs
/// until the process of the test ends.
#[derive(Debug)]
pub struct StreamServer {
    url: String,
    open: Arc<AtomicUsize>,
}

/// Counts a connection for as long as it is open.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(open: Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::SeqCst);
        Self(open)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl StreamServer {
    /// Listens on a free port.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        listener.set_nonblocking(true).expect("a listener can be made asynchronous");
        let port = listener.local_addr().expect("it has an address").port();
        let open = Arc::new(AtomicUsize::new(0));
        let router = router(&open);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime starts").block_on(async {
                let listener =
                    tokio::net::TcpListener::from_std(listener).expect("the listener is valid");
                axum::serve(listener, router).await.expect("a server runs");
            });
        });
        Self { url: format!("http://127.0.0.1:{port}"), open }
    }

    /// Its address, without `/` at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits until so many connections for events and web sockets are open.
    ///
    /// # Panics
    ///
    /// If they are not in time.
    pub fn wait_for_connections(&self, expected: usize) {
        let end = Instant::now() + SOON;
        while self.open.load(Ordering::SeqCst) != expected {
            assert!(Instant::now() < end, "{} connections", self.open.load(Ordering::SeqCst));
            thread::sleep(INTERVAL);
        }
    }
}

fn router(open: &Arc<AtomicUsize>) -> Router {
    let (for_events, for_sockets) = (open.clone(), open.clone());
    Router::new()
        .route("/events", any(async move || events(Counted::new(for_events.clone()))))
        .route(
            "/socket",
            any(async move |upgrade: WebSocketUpgrade| {
                let counted = Counted::new(for_sockets.clone());
                upgrade.on_upgrade(|socket| send_until_closed(socket, counted))
            }),
        )
        .route(
            "/slow",
            any(async || {
                sleep(SLOW).await;
                ([(ACCESS_CONTROL_ALLOW_ORIGIN, "*")], "slow").into_response()
            }),
        )
}

fn events(counted: Counted) -> Response {
    let events = stream::unfold(counted, async |counted| {
        sleep(INTERVAL).await;
        Some((Ok::<_, Infallible>(Event::default().data("tick")), counted))
    });
    ([(ACCESS_CONTROL_ALLOW_ORIGIN, "*")], Sse::new(events)).into_response()
}

/// Sends until the other side closes the connection.
async fn send_until_closed(mut socket: WebSocket, _counted: Counted) {
    loop {
        tokio::select! {
            // Reading answers the message with which a connection is closed.
            received = socket.recv() => if !matches!(received, Some(Ok(_))) { return },
            () = sleep(INTERVAL) => if socket.send(Message::text("tick")).await.is_err() { return },
        }
    }
}
