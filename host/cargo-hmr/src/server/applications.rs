//! The files of modules that are made with wasm-bindgen.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, Method, header, request::Parts},
    response::{IntoResponse, Response},
};
use camino::Utf8Path;

use super::{
    ServerConfig, Shared,
    content::{Cache, Content, Source},
    files::{self, static_file},
    not_kept,
};

/// The folder in which pages expect the glue of applications that they start themselves.
const FOLDER: &str = "pkg";

/// Serves the script that registers the glue of a version.
pub(super) async fn glue(
    State(shared): State<Arc<Shared>>,
    Path((module, hash)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let versions = shared.published().versions;
    let glue = versions.get(&module, &hash).and_then(|it| it.glue.as_ref());
    let Some(glue) = glue else { return not_kept() };
    kept(glue.script.clone(), "glue.js".into(), &hash).answer(&method, &headers).await
}

/// Serves a module that comes with a crate, and that the glue imports.
pub(super) async fn snippet(
    State(shared): State<Arc<Shared>>,
    Path((module, hash, path)): Path<(String, String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let versions = shared.published().versions;
    let mut glues = versions.of(&module).iter().filter_map(|version| version.glue.as_ref());
    let found =
        glues.find(|glue| glue.snippets_hash == hash).and_then(|glue| glue.snippets.get(&path));
    let Some(bytes) = found else { return not_kept() };
    kept(bytes.clone(), Utf8Path::new(&path), &hash).answer(&method, &headers).await
}

fn kept(bytes: Bytes, name: &Utf8Path, hash: &str) -> Content {
    Content {
        kind: files::kind(name),
        cache: Cache::Keep,
        tag: hash.to_owned(),
        modified: None,
        source: Source::Memory(bytes),
    }
}

/// The answer with a file that a version names with Dioxus' `asset!`: `path` is below `assets`. The newest version comes first.
pub(super) async fn asset(shared: &Shared, path: &Utf8Path, request: &Parts) -> Option<Response> {
    let published = shared.published();
    let applications = published.versions.all().filter_map(|version| version.application.as_ref());
    let found = applications.flat_map(|application| &application.assets).find_map(|asset| {
        let inside = path.strip_prefix(&asset.path).ok()?;
        Some((asset.source.clone(), inside.to_owned()))
    });
    let (source, inside) = found?;
    if inside.as_str().is_empty() {
        return static_file(source.parent()?, source.file_name()?.into(), request).await;
    }
    static_file(&source, &inside, request).await
}

/// The application whose glue a path means: `pkg/name.js`, in any folder.
pub(super) fn of_glue<'a>(config: &'a ServerConfig, path: &Utf8Path) -> Option<&'a str> {
    let folder = path.parent()?.file_name()?;
    let module = config.applications.get(path.file_stem()?)?;
    (folder == FOLDER && path.extension() == Some("js")).then_some(module)
}

/// Serves the module that stands for the glue of an application. Before the first build has succeeded, it waits for that: only then
/// is it known what the application exports.
pub(super) async fn module_for_import(shared: &Shared, module: &str) -> Response {
    loop {
        let changed = shared.republished.notified();
        let versions = shared.published().versions;
        if let Some(glue) = versions.newest(module).and_then(|it| it.glue.as_ref()) {
            let headers = [
                (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
                (header::CACHE_CONTROL, "no-store"),
            ];
            return (headers, glue.module_for_import(module)).into_response();
        }
        changed.await;
    }
}
