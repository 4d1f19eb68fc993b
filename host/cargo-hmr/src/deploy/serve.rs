//! `cargo hmr serve`: serves what was built, as a server in production would.
//!
//! Compressed copies are sent to browsers that take them, files with a hash in their names are kept by browsers, and navigations to other paths
//! get the page if it has a router.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Redirect, Response};
use camino::{Utf8Path, Utf8PathBuf};
use hmr_trunk::has_hash;
use tokio::sync::Notify;
use tower::ServiceExt as _;
use tower_http::services::{ServeDir, ServeFile};

use super::dist::{DistInfo, read_info};
use super::markup::PublicUrl;
use crate::events::Event;
use crate::served::is_served;
use crate::{server, signals};

/// What the command line asks for.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// The folder; absolute.
    pub dist: Utf8PathBuf,
    /// The address to listen at.
    pub host: String,
    /// The port to try first.
    pub port: u16,
    /// Whether a browser opens the page.
    pub open: bool,
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Nothing was built.
    #[error(
        "there is nothing in `{0}` that `cargo hmr build` has written\nhint: build the app first, `cargo hmr build`, or name its folder with `--dist`"
    )]
    NotBuilt(Utf8PathBuf),
    /// The server cannot listen.
    #[error(transparent)]
    Server(#[from] server::ServerError),
    /// Signals cannot be handled, or the addresses cannot be asked for.
    #[error("cannot start: {0}")]
    Io(#[from] std::io::Error),
}

/// Serves the folder until the process is interrupted. `on` is called with the addresses and with problems.
///
/// # Errors
/// Nothing was built, or the server cannot listen.
pub async fn serve(
    options: &ServeOptions,
    on: impl Fn(Event) + Clone + Send + Sync + 'static,
) -> Result<(), ServeError> {
    let ServeOptions { dist, host, port, open } = options;
    let stopped = Arc::new(Notify::new());
    let stop = Arc::clone(&stopped);
    signals::on_stop(move || stop.notify_one())?;
    let info = read_info(dist).ok_or_else(|| ServeError::NotBuilt(dist.clone()))?;
    let base = info.public_url.parse::<PublicUrl>().unwrap_or_default();
    let base = base.path().unwrap_or("/").to_owned();
    let hosts = [host.clone()];
    let listeners = server::listen(&hosts, *port)?;
    let bound = server::bound(&listeners)?;
    let urls = server::addresses(&listeners, &hosts, &[], None)?;
    let urls: Vec<String> =
        urls.into_iter().map(|url| format!("{}{base}", url.trim_end_matches('/'))).collect();
    let problems = on.clone();
    server::serve(listeners, &router(dist, &info, &base), move |message| {
        problems(Event::Problem { page: "the server".to_owned(), message });
    });
    let url = urls.first().cloned().unwrap_or_default();
    if *open {
        _ = ::open::that_detached(&url);
    }
    let port_taken = (*port != 0 && bound.port != *port).then_some(*port);
    on(Event::Ready { url, urls, app: dist.to_string(), port_taken, warning: None });
    stopped.notified().await;
    Ok(())
}

fn router(dist: &Utf8Path, info: &DistInfo, base: &str) -> Router {
    let page = info.spa.then(|| dist.join("index.html"));
    let fallback = tower::service_fn(move |request: Request| {
        let page = page.clone();
        async move { Ok(not_a_file(page, request).await) }
    });
    let files = ServeDir::new(dist).precompressed_br().precompressed_gzip().fallback(fallback);
    let path = base.trim_end_matches('/').to_owned();
    let router = if path.is_empty() {
        Router::new().fallback_service(files)
    } else {
        let to = base.to_owned();
        Router::new()
            .nest_service(&path, files)
            .route("/", axum::routing::get(move || async move { Redirect::temporary(&to) }))
    };
    router.layer(middleware::from_fn(with_headers)).layer(middleware::from_fn(
        move |request: Request, next: Next| with_base(path.clone(), request, next),
    ))
}

/// Redirections stay below `base`, a path without `/` at its end, and so do relative addresses of the page.
async fn with_base(base: String, request: Request, next: Next) -> Response {
    if !base.is_empty() && request.uri().path() == base {
        return Redirect::temporary(&format!("{base}/")).into_response();
    }
    let mut answer = next.run(request).await;
    let to = answer.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
    // The part that serves files does not know that they are below a path.
    let outside = to.filter(|to| !to.starts_with(&format!("{base}/")));
    if let Some(to) = outside.and_then(|to| HeaderValue::try_from(format!("{base}{to}")).ok()) {
        answer.headers_mut().insert(header::LOCATION, to);
    }
    answer
}

/// The answer for a path that is not a file.
async fn not_a_file(page: Option<Utf8PathBuf>, request: Request) -> Response {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let navigates = accept.is_some_and(|accept| accept.contains("text/html"));
    match page.filter(|_| navigates) {
        Some(page) => {
            let file = ServeFile::new(page).precompressed_br().precompressed_gzip();
            match file.oneshot(request).await {
                Ok(answer) => answer.into_response(),
                Err(never) => match never {},
            }
        }
        None => missing(request.uri()),
    }
}

fn missing(uri: &Uri) -> Response {
    (StatusCode::NOT_FOUND, format!("there is no `{}` here\n", uri.path())).into_response()
}

/// Files with a hash in their names never change; others are asked for again. Hidden files are not served.
async fn with_headers(request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    let decoded = percent_encoding::percent_decode_str(uri.path()).decode_utf8_lossy().into_owned();
    let path = Utf8Path::new(decoded.trim_start_matches('/'));
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_read {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    if !is_served(path) {
        return missing(&uri);
    }
    let keep = path.file_stem().is_some_and(has_hash)
        || path.components().any(|part| has_hash(part.as_str()));
    let mut answer = next.run(request).await;
    let cache = if keep && answer.status().is_success() {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}
