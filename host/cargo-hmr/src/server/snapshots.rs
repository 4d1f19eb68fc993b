//! Saved snapshots over HTTP.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use camino::Utf8Path;

use super::{Shared, requests::json};
use crate::snapshots::{self, SnapshotError};

pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Response {
    match in_folder(&shared, snapshots::list).await {
        Ok(snapshots) => json(&serde_json::json!({ "snapshots": snapshots })),
        Err(error) => refused(&error),
    }
}

pub(super) async fn read(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response {
    match in_folder(&shared, move |folder| snapshots::read(folder, &name)).await {
        Ok(text) => {
            let kind =
                [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
            (kind, text).into_response()
        }
        Err(error) => refused(&error),
    }
}

pub(super) async fn write(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    body: Bytes,
) -> Response {
    match in_folder(&shared, move |folder| snapshots::write(folder, &name, &body)).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refused(&error),
    }
}

pub(super) async fn remove(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Response {
    match in_folder(&shared, move |folder| snapshots::remove(folder, &name)).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refused(&error),
    }
}

/// Works with the folder on a thread that may block.
async fn in_folder<T: Send + 'static>(
    shared: &Shared,
    work: impl FnOnce(&Utf8Path) -> Result<T, SnapshotError> + Send + 'static,
) -> Result<T, SnapshotError> {
    let folder = shared.config().snapshots;
    tokio::task::spawn_blocking(move || work(&folder))
        .await
        .unwrap_or_else(|error| Err(SnapshotError::Io(error.into())))
}

fn refused(error: &SnapshotError) -> Response {
    let status = match error {
        SnapshotError::Name(_) | SnapshotError::Content(_) => StatusCode::BAD_REQUEST,
        SnapshotError::Missing(_) => StatusCode::NOT_FOUND,
        SnapshotError::TooMany => StatusCode::INSUFFICIENT_STORAGE,
        SnapshotError::Io(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, format!("{error}\n")).into_response()
}
