//! Static files, and the client that is embedded in the tool.

use std::{fmt::Write as _, fs::Metadata, path::PathBuf, time::UNIX_EPOCH};

use axum::{
    body::Bytes,
    extract::Path,
    http::{HeaderMap, Method, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use camino::{Utf8Path, Utf8PathBuf};
use rust_embed::Embed;
use tokio::fs::File;

use super::content::{Cache, Content, Source};
use crate::served::is_served;

/// The client's files. An unoptimised build of the tool reads them from the source tree, so that working on the
/// client needs no recompilation.
#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/../../client"]
#[include = "*.js"]
#[exclude = "node_modules/*"]
#[exclude = "test/*"]
#[exclude = "production/*"]
struct Client;

/// Serves a file of the client.
pub(super) async fn client(
    Path(path): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let Some(file) = Client::get(&path) else {
        return missing(&format!("/@hmr/client/{path}"));
    };
    let mut tag = String::new();
    for byte in file.metadata.sha256_hash() {
        _ = write!(tag, "{byte:02x}");
    }
    let content = Content {
        kind: kind(Utf8Path::new(&path)),
        cache: Cache::Revalidate,
        tag,
        modified: None,
        source: Source::Memory(Bytes::from(file.data.into_owned())),
    };
    content.answer(&method, &headers).await
}

/// A file that may be served.
#[derive(Debug)]
pub(super) struct Found {
    /// Where it is, without links.
    path: PathBuf,
    /// Its path in the request.
    name: Utf8PathBuf,
}

impl Found {
    /// Its whole content, if it can be read.
    pub(super) async fn read(&self) -> Option<Vec<u8>> {
        tokio::fs::read(&self.path).await.ok()
    }

    /// The answer to a request for it; none if it was removed.
    pub(super) async fn answer(&self, method: &Method, headers: &HeaderMap) -> Option<Response> {
        let file = File::open(&self.path).await.ok()?;
        let metadata = file.metadata().await.ok()?;
        let content = Content {
            kind: kind(&self.name),
            cache: Cache::Revalidate,
            tag: tag(&metadata),
            modified: metadata.modified().ok(),
            source: Source::File(file, metadata.len()),
        };
        Some(content.answer(method, headers).await)
    }
}

/// The path in a URL, decoded, without its first `/`; none if it cannot be the path of a file that is served.
pub(super) fn relative(url_path: &str) -> Option<Utf8PathBuf> {
    let decoded = percent_encoding::percent_decode_str(url_path).decode_utf8().ok()?;
    let relative = Utf8Path::new(decoded.trim_start_matches('/'));
    let clean = !decoded.contains(['\0', '\\']) && is_served(relative);
    clean.then(|| relative.to_owned())
}

/// The file at `relative`, if it is inside `folder`.
///
/// The path is made canonical first and compared then, so that neither `..` nor a link leads outside.
pub(super) async fn find(folder: &Utf8Path, relative: &Utf8Path) -> Option<Found> {
    let folder = tokio::fs::canonicalize(folder).await.ok()?;
    let path = tokio::fs::canonicalize(folder.join(relative)).await.ok()?;
    // A link may lead to a file of the folder that is not served by its own name.
    let inside = Utf8Path::from_path(path.strip_prefix(&folder).ok()?)?;
    // Opening a pipe would wait for a writer.
    let is_file = tokio::fs::metadata(&path).await.is_ok_and(|it| it.is_file());
    let served = is_file && is_served(inside);
    served.then(|| Found { path, name: relative.to_owned() })
}

/// The answer with a file of a folder, if it is there.
pub(super) async fn static_file(
    folder: &Utf8Path,
    relative: &Utf8Path,
    request: &Parts,
) -> Option<Response> {
    let found = find(folder, relative).await?;
    found.answer(&request.method, &request.headers).await
}

/// What changes when the content of a file may have.
fn tag(metadata: &Metadata) -> String {
    let modified = metadata.modified().ok();
    let modified = modified.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    format!("{:x}-{:x}{}", metadata.len(), modified.as_nanos(), identity(metadata))
}

/// Identifies a file that has replaced another one with the same stamp.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> String {
    use std::os::unix::fs::MetadataExt as _;
    let (inode, seconds, nanos) = (metadata.ino(), metadata.ctime(), metadata.ctime_nsec());
    format!("-{inode:x}-{seconds:x}{nanos:x}")
}

/// Identifies a file that has replaced another one with the same stamp: not available on this system.
#[cfg(not(unix))]
const fn identity(_: &Metadata) -> &'static str {
    ""
}

/// The media type, by the file's name.
pub(super) fn kind(path: &Utf8Path) -> String {
    match mime_guess::from_path(path).first_or_octet_stream() {
        kind if kind.type_() == "text" => format!("{kind}; charset=utf-8"),
        kind => kind.to_string(),
    }
}

/// The response for a path that does not exist.
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
        std::fs::write(folder.join(".env"), "no").expect("a file");
        let read = async |path: &str| find(&folder, &relative(path)?).await?.read().await;
        assert_eq!(read("/a%20b.css").await.as_deref(), Some(&b"ok"[..]));
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
            "/.env",
            "/%2eenv",
        ] {
            assert_eq!(read(path).await, None, "{path}");
        }
        #[cfg(unix)]
        {
            for (name, target) in [("link", base.join("secret")), ("name", folder.join(".env"))] {
                std::os::unix::fs::symlink(target, folder.join(name)).expect("a link");
                assert_eq!(read(name).await, None, "{name}");
            }
        }
    }
}
