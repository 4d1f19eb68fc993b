//! Manual requests of people and their tools: versions, and experiments. The dev loop decides and answers.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::oneshot;

use super::{ServerEvent, Shared};
use crate::coordinator::{Denied, VariantRequest};

/// A manual request.
#[derive(Debug)]
pub enum Request {
    /// The modules and their versions.
    Versions,
    /// To pin a module to a version, or to unpin it.
    Pin {
        /// The module.
        module: String,
        /// The version's hash.
        hash: Option<String>,
    },
    /// To restore a version.
    Restore {
        /// The module.
        module: String,
        /// The version's hash.
        hash: String,
    },
    /// The experiments.
    Experiments,
    /// To start, change or end an experiment.
    Experiment {
        /// The module.
        module: String,
        /// Its variants; none to end it.
        variants: Vec<VariantRequest>,
    },
    /// To give one page a version.
    Assign {
        /// The module.
        module: String,
        /// The page's id.
        page: String,
        /// The version's hash, or `newest`.
        hash: String,
    },
}

/// The answer of the dev loop: JSON, or why the request was denied.
pub type Answer = Result<Value, Denied>;

/// The body of a request to pin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PinBody {
    module: String,
    hash: Option<String>,
}

/// The body of a request to restore.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RestoreBody {
    module: String,
    hash: String,
}

/// The body of a request about an experiment.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum ExperimentBody {
    Start { module: String, variants: Vec<VariantBody> },
    Assign { module: String, page: String, hash: String },
}

/// A variant in the body of a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VariantBody {
    hash: String,
    #[serde(default = "one")]
    weight: u32,
}

fn one() -> u32 {
    1
}

/// The versions to compare.
#[derive(Deserialize)]
pub(super) struct Compared {
    module: String,
    from: String,
    to: String,
}

pub(super) async fn versions(State(shared): State<Arc<Shared>>) -> Response {
    send_request(&shared, Request::Versions).await
}

pub(super) async fn pin(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    match serde_json::from_slice(&body) {
        Ok(PinBody { module, hash }) => send_request(&shared, Request::Pin { module, hash }).await,
        Err(error) => malformed(&error, r#"{"module":"board","hash":"…"}"#),
    }
}

pub(super) async fn restore(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    match serde_json::from_slice(&body) {
        Ok(RestoreBody { module, hash }) => {
            send_request(&shared, Request::Restore { module, hash }).await
        }
        Err(error) => malformed(&error, r#"{"module":"board","hash":"…"}"#),
    }
}

pub(super) async fn experiments(State(shared): State<Arc<Shared>>) -> Response {
    send_request(&shared, Request::Experiments).await
}

pub(super) async fn experiment(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let request = match serde_json::from_slice(&body) {
        Ok(ExperimentBody::Start { module, variants }) => {
            let variant = |VariantBody { hash, weight }| VariantRequest { hash, weight };
            Request::Experiment { module, variants: variants.into_iter().map(variant).collect() }
        }
        Ok(ExperimentBody::Assign { module, page, hash }) => Request::Assign { module, page, hash },
        Err(error) => {
            let example = r#"{"module":"board","variants":[{"hash":"newest","weight":1},{"hash":"…","weight":1}]}` or `{"module":"board","page":"…","hash":"…"}"#;
            return malformed(&error, example);
        }
    };
    send_request(&shared, request).await
}

/// Compares two versions. That takes some time, so it runs outside the dev loop.
pub(super) async fn compare(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<Compared>, QueryRejection>,
) -> Response {
    let Ok(Query(Compared { module, from, to })) = query else {
        let text =
            "name what to compare\nhint: `/@hmr/versions/compare?module=board&from=HASH&to=HASH`\n";
        return (StatusCode::BAD_REQUEST, text).into_response();
    };
    let published = shared.published();
    let bytes = |hash: &str| {
        let version = published.versions.get(&module, hash);
        version
            .map(|version| version.bytes.clone())
            .ok_or_else(|| Denied::NoVersion { module: module.clone(), hash: hash.to_owned() })
    };
    let (from, to) = match (bytes(&from), bytes(&to)) {
        (Ok(from), Ok(to)) => (from, to),
        (Err(denied), _) | (_, Err(denied)) => return refused(&denied),
    };
    let compared = tokio::task::spawn_blocking(move || hmr_build::compare(&from, &to)).await;
    match compared {
        Ok(Ok(comparison)) => json(&serde_json::json!(comparison)),
        Ok(Err(reason)) => failed(&format!("the versions cannot be compared: {reason}")),
        Err(error) => failed(&format!("the versions cannot be compared: {error}")),
    }
}

/// Sends a request to the dev loop, and waits for its answer.
async fn send_request(shared: &Shared, request: Request) -> Response {
    let (reply, answer) = oneshot::channel();
    shared.emit(ServerEvent::Request { request, reply });
    match answer.await {
        Ok(Ok(value)) => json(&value),
        Ok(Err(denied)) => refused(&denied),
        Err(_) => failed("the tool is ending"),
    }
}

fn refused(denied: &Denied) -> Response {
    let status = match denied {
        Denied::NoModule(_) | Denied::NoVersion { .. } => StatusCode::NOT_FOUND,
        Denied::IsPinned(_) | Denied::HasExperiment(_) => StatusCode::CONFLICT,
        Denied::Malformed(_) => StatusCode::BAD_REQUEST,
    };
    (status, format!("{denied}\n")).into_response()
}

fn failed(reason: &str) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{reason}\n")).into_response()
}

fn malformed(error: &serde_json::Error, example: &str) -> Response {
    let text = format!("the body is not what was expected: {error}\nhint: send `{example}`\n");
    (StatusCode::BAD_REQUEST, text).into_response()
}

/// A JSON response that must not be cached.
pub(super) fn json(value: &Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (kind, value.to_string()).into_response()
}
