//! The page of an application and its files, as Trunk or dx would serve them.

use axum::{
    body::Bytes,
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use camino::Utf8Path;
use hmr_trunk::Found;

use super::{
    Shared, applications,
    content::{Cache, Content, Source},
    files::{self, static_file},
    html::{html_response, navigates},
};
use crate::site::BuiltSite;

/// Answers a request for a path of a site.
pub(super) async fn serve(
    shared: &Shared,
    site: &BuiltSite,
    path: &Utf8Path,
    request: &Parts,
) -> Response {
    let base = site.site().base();
    let Some(inside) = below(path, base) else {
        // The address that is printed has no path.
        if path.as_str().is_empty() {
            return redirect(&format!("/{base}/"));
        }
        return files::missing(request.uri.path());
    };
    let file = site.site().file.file_name().unwrap_or("index.html");
    if inside.as_str().is_empty() || inside == file || inside == "index.html" {
        return html_response(shared, site.html().as_bytes());
    }
    if let Some(folder) = site.staged()
        && let Some(response) = static_file(folder, inside, request).await
    {
        return response;
    }
    if let Some(response) = built_file(site, inside, request).await {
        return response;
    }
    if let Ok(asset) = inside.strip_prefix("assets")
        && let Some(response) = applications::asset(shared, asset, request).await
    {
        return response;
    }
    let folders = site.folders().cloned().chain([shared.config().static_folder]);
    for folder in folders {
        if let Some(response) = static_file(&folder, inside, request).await {
            return response;
        }
    }
    if site.serves(inside)
        && let Some(response) = static_file(&shared.config().root, inside, request).await
    {
        return response;
    }
    if navigates(&request.headers) && site.site().has_router() {
        return html_response(shared, site.html().as_bytes());
    }
    files::missing(request.uri.path())
}

/// The path below the base of a site.
fn below<'a>(path: &'a Utf8Path, base: &str) -> Option<&'a Utf8Path> {
    path.strip_prefix(base).ok()
}

fn redirect(to: &str) -> Response {
    (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to.to_owned())]).into_response()
}

/// The answer with a file that the page names.
async fn built_file(site: &BuiltSite, path: &Utf8Path, request: &Parts) -> Option<Response> {
    match site.find(path.as_str())? {
        Found::File(file) => static_file(file.parent()?, file.file_name()?.into(), request).await,
        Found::Bytes { content, media_type } => {
            let content = Content {
                kind: format!("{media_type}; charset=utf-8"),
                cache: Cache::Revalidate,
                tag: hmr_build::hash_of(content),
                modified: None,
                source: Source::Memory(Bytes::copy_from_slice(content)),
            };
            Some(content.answer(&request.method, &request.headers).await)
        }
    }
}
