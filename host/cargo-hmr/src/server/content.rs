//! A file's content as a static file server sends it: with validators, so that a browser fetches only what has changed, and in
//! ranges, so that a video can be sought.

use std::{
    io::SeekFrom,
    ops::RangeInclusive,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use headers::{
    ContentRange, ETag, HeaderMapExt as _, IfMatch, IfModifiedSince, IfNoneMatch, IfRange,
    IfUnmodifiedSince, LastModified,
};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

/// How much of a file is read at once, in bytes.
const CHUNK: usize = 64 << 10;

/// When the year 10000 begins, in seconds since 1970.
const YEAR_10000: u64 = 253_402_300_800;

/// How long a browser may use content without a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cache {
    /// Not at all: the browser checks each time whether it has changed.
    Revalidate,
    /// For ever: its address has its hash.
    Keep,
}

/// Requested content.
pub(super) struct Content {
    /// The media type.
    pub(super) kind: String,
    /// How long a browser may use it.
    pub(super) cache: Cache,
    /// What changes when the content does: text without quotes.
    pub(super) tag: String,
    /// When it was written, if that is known.
    pub(super) modified: Option<SystemTime>,
    /// Where it is.
    pub(super) source: Source,
}

/// Where content is.
pub(super) enum Source {
    /// In memory.
    Memory(Bytes),
    /// In a file, with its length in bytes.
    File(tokio::fs::File, u64),
}

/// The part of the content that is sent.
#[derive(Debug, PartialEq)]
enum Part {
    Whole,
    Range(RangeInclusive<u64>),
    NotModified,
    PreconditionFailed,
    OutOfRange,
}

impl Content {
    /// The answer to a `GET` or `HEAD` with these headers.
    pub(super) async fn answer(self, method: &Method, request: &HeaderMap) -> Response {
        let length = match &self.source {
            Source::Memory(bytes) => bytes.len() as u64,
            Source::File(_, length) => *length,
        };
        let tag = format!("\"{}\"", self.tag).parse::<ETag>().ok();
        let modified = self.modified.filter(|at| has_http_date(*at));
        let part = part(method, request, length, tag.as_ref(), modified);
        let (status, range) = match part {
            Part::Whole => (StatusCode::OK, None),
            Part::Range(range) => (StatusCode::PARTIAL_CONTENT, Some(range)),
            Part::NotModified => (StatusCode::NOT_MODIFIED, None),
            Part::PreconditionFailed => return StatusCode::PRECONDITION_FAILED.into_response(),
            Part::OutOfRange => {
                let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
                response.headers_mut().typed_insert(ContentRange::unsatisfied_bytes(length));
                return response;
            }
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(self.cache.header()));
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if let Some(tag) = tag {
            headers.typed_insert(tag);
        }
        if let Some(modified) = modified {
            headers.typed_insert(LastModified::from(modified));
        }
        if status == StatusCode::NOT_MODIFIED {
            return (status, headers).into_response();
        }
        if let Ok(kind) = HeaderValue::from_str(&self.kind) {
            headers.insert(header::CONTENT_TYPE, kind);
        }
        let (start, count) = match &range {
            Some(range) => (*range.start(), range.end() - range.start() + 1),
            None => (0, length),
        };
        if let Some(Ok(range)) = range.map(|range| ContentRange::bytes(range, length)) {
            headers.typed_insert(range);
        }
        headers.insert(header::CONTENT_LENGTH, count.into());
        let body = if method == Method::HEAD {
            Ok(Body::empty())
        } else {
            self.source.body(start, count).await
        };
        match body {
            Ok(body) => (status, headers, body).into_response(),
            Err(error) => {
                let text = format!("the file cannot be read: {error}\n");
                (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
            }
        }
    }
}

impl Cache {
    const fn header(self) -> &'static str {
        match self {
            Self::Revalidate => "no-cache",
            Self::Keep => "private, max-age=31536000, immutable",
        }
    }
}

impl Source {
    /// So many bytes of it, from `start` on.
    async fn body(self, start: u64, count: u64) -> std::io::Result<Body> {
        match self {
            Self::Memory(bytes) => {
                let start = usize::try_from(start).unwrap_or(bytes.len()).min(bytes.len());
                let count = usize::try_from(count).unwrap_or(usize::MAX);
                let end = start.saturating_add(count).min(bytes.len());
                Ok(bytes.slice(start..end).into())
            }
            Self::File(mut file, _) => {
                file.seek(SeekFrom::Start(start)).await?;
                let stream = ReaderStream::with_capacity(file.take(count), CHUNK);
                Ok(Body::from_stream(stream))
            }
        }
    }
}

/// Whether a time is in the years 1970 to 9999, which dates in headers are made for. Files may have any other.
fn has_http_date(time: SystemTime) -> bool {
    time.duration_since(UNIX_EPOCH).is_ok_and(|since| since.as_secs() < YEAR_10000)
}

/// Decides by the conditions of a request (RFC 9110, 13.2.2) what it gets of content with these validators.
fn part(
    method: &Method,
    request: &HeaderMap,
    length: u64,
    tag: Option<&ETag>,
    modified: Option<SystemTime>,
) -> Part {
    if let Some(condition) = request.typed_get::<IfMatch>() {
        if !tag.is_some_and(|tag| condition.precondition_passes(tag)) {
            return Part::PreconditionFailed;
        }
    } else if let (Some(condition), Some(modified)) =
        (request.typed_get::<IfUnmodifiedSince>(), modified)
        && !condition.precondition_passes(modified)
    {
        return Part::PreconditionFailed;
    }
    if let Some(condition) = request.typed_get::<IfNoneMatch>() {
        if !tag.is_none_or(|tag| condition.precondition_passes(tag)) {
            return Part::NotModified;
        }
    } else if let (Some(condition), Some(modified)) =
        (request.typed_get::<IfModifiedSince>(), modified)
        && !condition.is_modified(modified)
    {
        return Part::NotModified;
    }
    let last = modified.map(LastModified::from);
    let is_other = request
        .typed_get::<IfRange>()
        .is_some_and(|condition| condition.is_modified(tag, last.as_ref()));
    let range = request.get(header::RANGE).and_then(|range| range.to_str().ok());
    match range {
        Some(range) if method == Method::GET && !is_other => one_range(range, length),
        _ => Part::Whole,
    }
}

/// The part that a `Range` header requests. A header that is malformed, or has several ranges, is ignored, as RFC 9110 allows.
fn one_range(header: &str, length: u64) -> Part {
    let bounds = header.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-'));
    let (first, last) = match bounds {
        Some(("", count)) => match digits(count) {
            Some(0) => return Part::OutOfRange,
            Some(count) => (length.saturating_sub(count), u64::MAX),
            None => return Part::Whole,
        },
        Some((first, "")) => match digits(first) {
            Some(first) => (first, u64::MAX),
            None => return Part::Whole,
        },
        Some((first, last)) => match (digits(first), digits(last)) {
            (Some(first), Some(last)) if first <= last => (first, last),
            _ => return Part::Whole,
        },
        None => return Part::Whole,
    };
    if first >= length {
        return Part::OutOfRange;
    }
    Part::Range(first..=last.min(length - 1))
}

fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_date_that_http_cannot_write_is_left_out() {
        let seconds = Duration::from_secs;
        let dates = [
            (UNIX_EPOCH - seconds(1), None),
            (UNIX_EPOCH, Some("Thu, 01 Jan 1970 00:00:00 GMT")),
            (UNIX_EPOCH + seconds(253_402_300_799), Some("Fri, 31 Dec 9999 23:59:59 GMT")),
            (UNIX_EPOCH + seconds(253_402_300_800), None),
        ];
        for (modified, expected) in dates {
            let content = Content {
                kind: "text/plain".into(),
                cache: Cache::Revalidate,
                tag: "tag".into(),
                modified: Some(modified),
                source: Source::Memory(Bytes::from_static(b"text")),
            };
            let mut request = HeaderMap::new();
            request.insert(header::RANGE, HeaderValue::from_static("bytes=0-1"));
            let answer = content.answer(&Method::GET, &request).await;
            assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT);
            let date = answer.headers().get(header::LAST_MODIFIED);
            assert_eq!(date.map(HeaderValue::as_bytes), expected.map(str::as_bytes));
        }
    }

    #[test]
    fn a_range_is_one_range_of_what_is_there() {
        for (header, part) in [
            ("bytes=0-3", Part::Range(0..=3)),
            ("bytes=4-", Part::Range(4..=9)),
            ("bytes=9-9", Part::Range(9..=9)),
            ("bytes=-3", Part::Range(7..=9)),
            ("bytes=-99", Part::Range(0..=9)),
            ("bytes=8-99", Part::Range(8..=9)),
            ("bytes=10-", Part::OutOfRange),
            ("bytes=-0", Part::OutOfRange),
            ("bytes=0-1,3-4", Part::Whole),
            ("bytes=3-1", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes", Part::Whole),
            ("lines=1-2", Part::Whole),
            ("bytes=99999999999999999999-", Part::Whole),
        ] {
            assert_eq!(one_range(header, 10), part, "{header}");
        }
        assert_eq!(one_range("bytes=0-", 0), Part::OutOfRange);
    }
}
