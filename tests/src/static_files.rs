//! A plain server of static files, as a web host runs one: it knows nothing of the tool, and sends a strict content security policy.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::thread;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use tokio::sync::oneshot;
use tower_http::services::ServeDir;

/// Neither inline scripts nor inline styles.
pub const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; connect-src *";

/// The same for applications that make functions from text, as Dioxus does for the title of the page.
pub const POLICY_WITH_EVAL: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval' 'unsafe-eval'; style-src 'self'; img-src 'self' data:; connect-src *";

/// A running server. It ends when it is dropped.
#[derive(Debug)]
pub struct StaticFiles {
    at: SocketAddr,
    path: String,
    end: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl StaticFiles {
    /// Serves a folder below `path`, which begins and ends with `/`.
    ///
    /// # Panics
    ///
    /// If there is no free port.
    #[must_use]
    pub fn serve(folder: &Path, path: &str) -> Self {
        Self::serve_with(folder, path, POLICY)
    }

    /// Serves a folder at the root, and sends no policy: pages of other tools have inline scripts.
    ///
    /// # Panics
    ///
    /// If there is no free port.
    #[must_use]
    pub fn without_policy(folder: &Path) -> Self {
        Self::start(folder, "/", None)
    }

    /// Serves a folder below a path with another policy.
    ///
    /// # Panics
    ///
    /// If there is no free port.
    #[must_use]
    pub fn serve_with(folder: &Path, path: &str, policy: &'static str) -> Self {
        Self::start(folder, path, Some(policy))
    }

    fn start(folder: &Path, path: &str, policy: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket");
        let at = listener.local_addr().expect("an address");
        let (end, ended) = oneshot::channel::<()>();
        let files = ServeDir::new(folder);
        let router = match path.trim_end_matches('/') {
            "" => Router::new().fallback_service(files),
            path => Router::new().nest_service(path, files),
        };
        // Browsers ask for it, whatever the page says.
        let router = router.route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }));
        let router = match policy {
            Some(policy) => router.layer(middleware::from_fn(move |request, next| {
                with_policy(policy, request, next)
            })),
            None => router,
        };
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                tokio::select! {
                    _ = axum::serve(listener, router) => {}
                    _ = ended => {}
                }
            });
        });
        Self { at, path: path.to_owned(), end: Some(end), thread: Some(thread) }
    }

    /// The address of the page.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{}", self.at, self.path)
    }
}

impl Drop for StaticFiles {
    fn drop(&mut self) {
        drop(self.end.take());
        // A panic there is in the output.
        _ = self.thread.take().map(thread::JoinHandle::join);
    }
}

async fn with_policy(policy: &'static str, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let policy = HeaderValue::from_static(policy);
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    answer
}
