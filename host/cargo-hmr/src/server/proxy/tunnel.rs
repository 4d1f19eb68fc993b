//! A connection that both ends have switched to web sockets: bytes are passed on as they are, so that protocols, extensions and the end of
//! the connection are agreed on by the two ends alone.

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use super::{answer, headers};

/// Accepts the switch of a backend, and connects the two ends.
pub(super) async fn open(here: OnUpgrade, response: reqwest::Response) -> Response {
    let mut headers = headers::returned(response.headers());
    for name in ["connection", "upgrade"] {
        if let Some(value) = response.headers().get(name) {
            headers.insert(name, value.clone());
        }
    }
    let mut there = match response.upgrade().await {
        Ok(there) => there,
        Err(error) => {
            let text = format!("the connection to the backend cannot be used: {error}");
            return answer(StatusCode::BAD_GATEWAY, &text);
        }
    };
    tokio::spawn(async move {
        // A page that has left before needs nothing, and either end learns that the other has closed.
        if let Ok(here) = here.await {
            _ = copy_bidirectional(&mut TokioIo::new(here), &mut there).await;
        }
    });
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}
