//! The server: pages, modules by hash, the client, and the socket.
//!
//! Manual requests of a developer ([`requests`]) go to the dev loop, which answers.
//!
//! It serves the files and versions that it is given and passes on messages of pages; it decides nothing. The dev loop shares a
//! [`Shared`] with it: what it has decided ([`Published`]), and the queues to all pages.
//!
//! Trust (in [`trust`]): every request's `Host` is checked against the names of this server, the
//! `Origin` of the socket and of every request that could change something must be the page's own, the socket
//! requires a token of this process, nothing is readable across origins, and no path leads out of its folder. Requests that are passed on to
//! backends ([`proxy`]) are checked in the same way, and once more. Where other
//! machines can reach the server, every request must also have a key ([`key`]).

mod addresses;
mod applications;
mod connections;
mod content;
mod files;
mod html;
mod key;
mod limits;
mod outbox;
mod page;
mod proxy;
mod requests;
mod site;
mod snapshots;
mod socket;
mod trust;

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock, atomic::AtomicBool},
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use camino::Utf8PathBuf;
use tokio::sync::{Notify, mpsc, oneshot};

pub(crate) use self::html::doctype_end;
pub use self::{
    addresses::{Bound, addresses, bound, listen},
    connections::serve,
    key::{EXPOSED, Key},
    proxy::Proxies,
    requests::{Answer, Request},
};
use hmr_protocol::{Hello, ServerMessage};

use self::{
    content::{Cache, Content, Source},
    outbox::Outboxes,
};
use crate::{
    coordinator::ClientEvent, experiment::Experiments, site::BuiltSite, versions::KeptVersions,
};

/// The largest body of a request that is not a snapshot, in bytes.
const LARGEST_BODY: usize = 64 << 10;

/// The longest nonce that is accepted, in bytes.
const LONGEST_NONCE: usize = 64;

/// What the dev loop and the server share.
pub struct Shared {
    /// What the server answers with now.
    published: RwLock<Published>,
    /// Notified when that changes.
    republished: Notify,
    /// Where pages and static files are found, and by which names the server may be called.
    pub config: RwLock<ServerConfig>,
    /// Whether swaps are rehearsed now.
    pub rehearsing: AtomicBool,
    outboxes: Outboxes,
    events: mpsc::UnboundedSender<ServerEvent>,
    token: String,
    /// Which application is served. It is the same after a restart of the tool.
    app: String,
}

/// What the server answers with, as the dev loop has decided.
#[derive(Debug, Clone)]
pub struct Published {
    /// Every version that can be fetched.
    pub versions: KeptVersions,
    /// The greeting of all pages.
    pub hello: Hello,
    /// The versions of single pages, which replace those of the greeting.
    pub experiments: Experiments,
}

/// The server's configuration.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The names that requests may use for it, in addition to those of this machine: in lower case, with a dot at the start for all names
    /// that end so.
    pub hosts: Vec<String>,
    /// The folder with `index.html`.
    pub root: Utf8PathBuf,
    /// The folder with static files.
    pub static_folder: Utf8PathBuf,
    /// The folder in which snapshots are saved.
    pub snapshots: Utf8PathBuf,
    /// The page and its files, if they are built.
    pub site: Option<Arc<BuiltSite>>,
    /// The proxies of the page's settings.
    pub proxies: Arc<Proxies>,
    /// The applications, by the names of their glue.
    pub applications: BTreeMap<String, String>,
    /// The budget of the loop guard that pages set before each call.
    pub loop_budget: i32,
}

/// What has happened at the server.
#[derive(Debug)]
pub enum ServerEvent {
    /// A page has done something.
    Client {
        /// Which connection: the page's path and a number.
        page: String,
        /// What.
        event: ClientEvent,
    },
    /// The backend of a proxy cannot be reached any more, or can be reached again.
    Backend {
        /// The path that is passed on to it.
        path: String,
        /// What happened, with what to do.
        message: String,
        /// Whether it was reached.
        reached: bool,
    },
    /// A person or a program has sent a request and waits for the answer.
    Request {
        /// The request.
        request: Request,
        /// The channel for the answer.
        reply: oneshot::Sender<Answer>,
    },
}

impl Shared {
    /// Makes what the server needs; `app` names the application, and `events` gets what pages do.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn new(
        published: Published,
        config: ServerConfig,
        app: String,
        events: mpsc::UnboundedSender<ServerEvent>,
    ) -> Result<Self, getrandom::Error> {
        Ok(Self {
            published: RwLock::new(published),
            republished: Notify::new(),
            config: RwLock::new(config),
            rehearsing: AtomicBool::new(false),
            outboxes: Outboxes::default(),
            events,
            token: random_name()?,
            app,
        })
    }

    /// Sets what the server answers with from now on.
    pub fn publish(&self, published: Published) {
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = published;
        self.republished.notify_waiters();
    }

    /// Sends a message to every page. What is published must include its content, and be set before.
    pub fn send(&self, message: &ServerMessage) {
        self.outboxes.send(message);
    }

    /// Sends a message to one page, by its connection.
    pub fn send_to(&self, page: &str, message: &ServerMessage) {
        self.outboxes.send_to(page, message);
    }

    fn published(&self) -> Published {
        self.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hello_for(&self, id: &str) -> Hello {
        let Published { mut hello, experiments, .. } = self.published();
        experiments.apply_to(&mut hello, id);
        hello
    }

    fn config(&self) -> ServerConfig {
        self.config.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn emit(&self, event: ServerEvent) {
        // The receiver is dropped only when the process is ending.
        _ = self.events.send(event);
    }

    fn emit_client(&self, page: &str, event: ClientEvent) {
        self.emit(ServerEvent::Client { page: page.to_owned(), event });
    }
}

/// 128 random bits as text.
///
/// # Errors
/// The system has no random numbers.
pub fn random_name() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The requested port and those after it are taken or not allowed.
    #[error(
        "cannot listen at {host}:{port}: {source}\nhint: name a free port with `--port`, or any with `--port 0`"
    )]
    Bind {
        /// The requested address.
        host: String,
        /// The requested port.
        port: u16,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The address is not one of this machine.
    #[error(
        "cannot listen at {0}: this machine does not have that address\nhint: correct `--host`, `addresses` in `Trunk.toml`, or `site-addr` for cargo-leptos"
    )]
    NotHere(String),
    /// The host is not an address.
    #[error(
        "`{0}` is not an address to listen at\nhint: use `127.0.0.1`, `::1`, `localhost`, `0.0.0.0`, `::` or an address of this machine; for a name by which requests call it there is `--allowed-host`"
    )]
    Host(String),
}

/// Everything that the server answers; with a `key`, only to requests that carry it.
pub fn router(shared: Arc<Shared>, key: Option<Key>) -> Router {
    let mut router = Router::new()
        .route("/@hmr/socket", get(socket::open))
        .route("/@hmr/session", get(session))
        .route("/@hmr/client/{*path}", get(files::client))
        .route("/@hmr/module/{module}/{file}", get(module))
        .route("/@hmr/module/{module}/{hash}/glue.js", get(applications::glue))
        .route("/@hmr/snippets/{module}/{hash}/{*path}", get(applications::snippet))
        .merge(manual_routes(&shared))
        .fallback(get(page::serve))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), proxy::guard));
    if let Some(key) = key {
        router = router.layer(middleware::from_fn_with_state(Arc::new(key), key::guard));
    }
    router
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), trust::guard))
        .with_state(shared)
}

/// Manual requests of people and their tools.
fn manual_routes(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    Router::new()
        .route("/@hmr/versions", get(requests::versions))
        .route("/@hmr/versions/pin", post(requests::pin))
        .route("/@hmr/versions/restore", post(requests::restore))
        .route("/@hmr/versions/compare", get(requests::compare))
        .route("/@hmr/experiments", get(requests::experiments).post(requests::experiment))
        .route("/@hmr/snapshots", get(snapshots::list))
        .route(
            "/@hmr/snapshots/{name}",
            get(snapshots::read)
                .post(snapshots::write)
                .delete(snapshots::remove)
                .layer(DefaultBodyLimit::max(crate::snapshots::LARGEST)),
        )
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(shared), trust::with_token))
}

/// The query of a page's request for its session.
#[derive(serde::Deserialize)]
struct SessionQuery {
    /// Repeated in the response, so that the page knows that it is not from a cache.
    nonce: Option<String>,
}

async fn session(State(shared): State<Arc<Shared>>, Query(query): Query<SessionQuery>) -> Response {
    let Published { hello, .. } = shared.published();
    let nonce = query.nonce.filter(|nonce| nonce.len() <= LONGEST_NONCE);
    let body = serde_json::json!({
        "token": shared.token,
        "app": shared.app,
        "server": hello.server,
        "nonce": nonce,
    })
    .to_string();
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], body)
        .into_response()
}

async fn module(
    State(shared): State<Arc<Shared>>,
    Path((module, file)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let hash = file.strip_suffix(".wasm").unwrap_or_default();
    let published = shared.published();
    let Some(version) = published.versions.get(&module, hash) else { return not_kept() };
    let content = Content {
        kind: "application/wasm".to_owned(),
        cache: Cache::Keep,
        tag: hash.to_owned(),
        modified: None,
        source: Source::Memory(version.bytes.clone()),
    };
    content.answer(&method, &headers).await
}

/// The answer for a file of a version that was dropped.
fn not_kept() -> Response {
    let text = "this version is not kept any more; load the page again\n";
    (StatusCode::NOT_FOUND, text).into_response()
}
