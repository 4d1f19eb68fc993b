//! Static files, and the client that is embedded in the tool.

use axum::{
    body::Bytes,
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use camino::Utf8Path;
use rust_embed::Embed;

/// The client's files. An unoptimised build of the tool reads them from the source tree, so that working on the
/// client needs no recompilation.
#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/../../client"]
#[include = "*.js"]
#[exclude = "node_modules/*"]
#[exclude = "test/*"]
struct Client;

/// Serves a file of the client.
pub(super) async fn client(Path(path): Path<String>) -> Response {
    match Client::get(&path) {
        Some(file) => with_type(&path, Bytes::from(file.data.into_owned())),
        None => missing(&format!("/@hmr/client/{path}")),
    }
}

/// The content of the file at a URL path below `folder`, if it is there and nowhere else.
///
/// The path is made canonical first and compared then, so that neither `..` nor a link leads out.
pub(super) async fn read_below(folder: &Utf8Path, url_path: &str) -> Option<Vec<u8>> {
    let decoded = percent_decoded(url_path)?;
    let relative = decoded.trim_start_matches('/');
    if relative.is_empty() || relative.contains(['\0', '\\']) {
        return None;
    }
    let folder = tokio::fs::canonicalize(folder).await.ok()?;
    let file = tokio::fs::canonicalize(folder.join(relative)).await.ok()?;
    if !file.starts_with(&folder) {
        return None;
    }
    tokio::fs::read(file).await.ok()
}

/// The path with `%xx` replaced, if that gives UTF-8.
fn percent_decoded(path: &str) -> Option<String> {
    percent_encoding::percent_decode_str(path).decode_utf8().ok().map(Into::into)
}

/// A response with the type that the file's name tells, which a browser must ask for again each time.
pub(super) fn with_type(path: &str, body: impl Into<Bytes>) -> Response {
    let kind = match mime_guess::from_path(Utf8Path::new(path)).first_or_octet_stream() {
        kind if kind.type_() == "text" => format!("{kind}; charset=utf-8"),
        kind => kind.to_string(),
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache".to_owned())], body.into())
        .into_response()
}

pub(super) fn missing(path: &str) -> Response {
    (StatusCode::NOT_FOUND, format!("there is no `{path}` here\n")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_outside_the_folder_is_read() {
        let keep = tempfile::tempdir().expect("a temporary folder");
        let base = Utf8Path::from_path(keep.path()).expect("UTF-8");
        let folder = base.join("static");
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join("a b.css"), "ok").expect("a file");
        std::fs::write(base.join("secret"), "no").expect("a file");
        std::fs::create_dir(base.join("static-too")).expect("a folder");
        std::fs::write(base.join("static-too/secret"), "no").expect("a file");
        assert_eq!(read_below(&folder, "/a%20b.css").await.as_deref(), Some(&b"ok"[..]));
        for path in [
            "/../secret",
            "/%2e%2e/secret",
            "/..%2fsecret",
            "//etc/passwd",
            "/",
            "/..\\secret",
            "/%00",
            "/%ff",
            "/../static-too/secret",
        ] {
            assert_eq!(read_below(&folder, path).await, None, "{path}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(base.join("secret"), folder.join("link")).expect("a link");
            assert_eq!(read_below(&folder, "/link").await, None);
        }
    }
}
