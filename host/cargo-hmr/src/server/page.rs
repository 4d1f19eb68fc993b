//! Pages: HTML files of the application's folder, with the client inserted; then static files.
//!
//! A navigation to a path that is not a file gets `index.html`, so that an application's own router may
//! have it; any other path that is not a file is 404.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};

use camino::Utf8Path;

use super::{
    Shared, applications,
    files::{self, static_file},
    html::{html_response, navigates},
    site,
};

/// Serves the files of the application.
pub(super) async fn serve(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (request, _) = request.into_parts();
    let path = request.uri.path();
    let Some(relative) = files::relative(path) else { return files::missing(path) };
    let config = shared.config();
    if let Some(site) = config.site.clone() {
        let answer = match applications::of_glue(&config, &relative) {
            Some(module) => applications::module_for_import(&shared, module).await,
            None => site::serve(&shared, &site, &relative, &request).await,
        };
        return with_headers(answer, &site.site().trunk.serve.headers);
    }
    if let Some(module) = applications::of_glue(&config, &relative) {
        return applications::module_for_import(&shared, module).await;
    }
    if let Some(name) = page_name(&relative)
        && let Some(html) = read(&config.root, name).await
    {
        return html_response(&shared, &html);
    }
    if let Some(response) = static_file(&config.static_folder, &relative, &request).await {
        return response;
    }
    if !navigates(&request.headers) {
        return files::missing(path);
    }
    if let Some(html) = read(&config.root, Utf8Path::new("index.html")).await {
        return html_response(&shared, &html);
    }
    let text = format!(
        "there is no `index.html` in `{}`\nhint: make one that places a component, for instance `<hmr-component module=\"…\" component=\"…\"></hmr-component>`\n",
        config.root
    );
    (StatusCode::NOT_FOUND, text).into_response()
}

/// An answer with the headers of the settings in the place of its own.
fn with_headers(mut answer: Response, headers: &HeaderMap) -> Response {
    for (name, value) in headers {
        answer.headers_mut().insert(name, value.clone());
    }
    answer
}

async fn read(folder: &Utf8Path, name: &Utf8Path) -> Option<Vec<u8>> {
    files::find(folder, name).await?.read().await
}

/// The HTML file of a path: top-level pages only; the empty path is `index.html`.
fn page_name(path: &Utf8Path) -> Option<&Utf8Path> {
    if path.as_str().is_empty() {
        return Some("index.html".into());
    }
    (!path.as_str().contains('/') && path.extension() == Some("html")).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_top_level_html_files_are_pages() {
        let name = |path: &'static str| page_name(path.into()).map(Utf8Path::as_str);
        assert_eq!(name(""), Some("index.html"));
        assert_eq!(name("about.html"), Some("about.html"));
        assert_eq!(name("src/x.html"), None);
        assert_eq!(name("Cargo.toml"), None);
    }
}
