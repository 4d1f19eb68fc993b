//! Proxies: requests that other servers of the developer, the backends, answer.
//!
//! In: a request for a path that the settings give to a backend. Out: what the backend answers, or 502 if it cannot be reached. Bodies are
//! streamed in both directions, and a connection that both ends upgrade is a [`tunnel`] of bytes.
//!
//! A backend may trust this machine, and knows nothing of this server. So it gets no request of another site's page, except that a link
//! opens a page of it; nor the key or the token of this server; nor anything outside of its own path.

mod backend;
mod headers;
mod route;
mod tunnel;

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use hmr_trunk::Proxy;

use self::backend::Backend;
use super::{ServerEvent, Shared, trust};

/// The backends, by the paths that are passed on to them.
#[derive(Debug, Default)]
pub struct Proxies(Vec<Arc<Backend>>);

impl Proxies {
    /// The proxies of new settings. Those that have not changed keep their connections.
    #[must_use]
    pub fn updated<'a>(&self, proxies: impl IntoIterator<Item = &'a Proxy>) -> Self {
        let backend = |proxy: &Proxy| {
            let known = self.0.iter().find(|backend| backend.proxy == *proxy);
            known.cloned().unwrap_or_else(|| Arc::new(Backend::new(proxy.clone())))
        };
        Self(proxies.into_iter().map(backend).collect())
    }

    /// The backend of a path: of several, the one with the longest path.
    fn find(&self, path: &str) -> Option<Arc<Backend>> {
        let covering = self.0.iter().filter(|backend| route::covers(&backend.proxy, path));
        covering.max_by_key(|backend| backend.proxy.path.len()).cloned()
    }
}

/// Passes on requests for the paths of backends, and nothing below `/@hmr`.
pub(super) async fn guard(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let own = path == "/@hmr" || path.starts_with("/@hmr/");
    let backend = if own { None } else { shared.config().proxies.find(path) };
    match backend {
        Some(backend) => pass_on(&shared, &backend, request).await,
        None => next.run(request).await,
    }
}

async fn pass_on(shared: &Shared, backend: &Backend, mut request: Request) -> Response {
    if trust::is_foreign(request.method(), request.headers()) {
        let text = "the page of another site may not send requests through this server";
        return answer(StatusCode::FORBIDDEN, text);
    }
    if headers::passed_through(request.headers(), &shared.app) {
        let text = format!(
            "`{}` leads back to this server\nhint: {}",
            backend.proxy.backend,
            backend.correct()
        );
        return answer(StatusCode::LOOP_DETECTED, &text);
    }
    let Some(url) = route::target(&backend.proxy, request.uri().path(), request.uri().query())
    else {
        let text = "a path that is passed on to a backend has no `.` or `..` and no `\\`";
        return answer(StatusCode::BAD_REQUEST, text);
    };
    let upgrade = headers::upgrade(request.headers());
    if upgrade.is_some() && !backend.proxy.ws {
        let text = format!(
            "the proxy for `{}` does not pass on web sockets\nhint: add `ws = true` to it in the settings",
            backend.proxy.path
        );
        return answer(StatusCode::BAD_REQUEST, &text);
    }
    let here = upgrade.is_some().then(|| hyper::upgrade::on(&mut request));
    let (parts, body) = request.into_parts();
    let outgoing = headers::outgoing(&parts.headers, &backend.proxy, &shared.app, upgrade);
    let report = |found: backend::Found| {
        let (path, message, reached) = (backend.proxy.path.clone(), found.message, found.reached);
        shared.emit(ServerEvent::Backend { path, message, reached });
    };
    let response = match backend.send(parts.method, url, outgoing, body, &report).await {
        Ok(response) => response,
        Err(text) => return answer(StatusCode::BAD_GATEWAY, &text),
    };
    match here {
        Some(here) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
            tunnel::open(here, response).await
        }
        _ => returned(response),
    }
}

/// The answer of a backend, as it is passed back.
fn returned(response: reqwest::Response) -> Response {
    let (status, headers) = (response.status(), headers::returned(response.headers()));
    if status == StatusCode::SWITCHING_PROTOCOLS {
        let text = "the backend switches to another protocol without being asked";
        return answer(StatusCode::BAD_GATEWAY, text);
    }
    (status, headers, Body::from_stream(response.bytes_stream())).into_response()
}

fn answer(status: StatusCode, text: &str) -> Response {
    (status, format!("{text}\n")).into_response()
}
