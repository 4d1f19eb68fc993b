//! Markup as pages get it: with the client inserted.

use axum::{
    http::{HeaderMap, HeaderName, header},
    response::{IntoResponse, Response},
};

use super::{Published, Shared};

/// Whether a browser asks for a page.
pub(super) fn navigates(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

pub(super) fn html_response(shared: &Shared, html: &[u8]) -> Response {
    // The Encoding Standard's replacement for bytes that are not UTF-8, as a browser would do it.
    let html = String::from_utf8_lossy(html);
    let Published { mut hello, experiments, .. } = shared.published();
    // A page that starts has no state to transform.
    hello.modules.iter_mut().for_each(|version| version.transform.clear());
    let markup = hmr_build::hash_of(html.as_bytes());
    // The page's variant depends on its id, which is known when its socket connects.
    let tried = hello.modules.extract_if(.., |version| experiments.runs(&version.module));
    let later: Vec<String> = tried.map(|version| version.module).collect();
    let config = serde_json::json!({
        "token": shared.token,
        "app": shared.app,
        "server": hello.server,
        "html": markup,
        "sequence": hello.sequence,
        "modules": hello.modules,
        "later": later,
        "failure": hello.failure,
        "budget": shared.config().loop_budget,
    });
    let body = inject(&html, &config.to_string());
    // A browser may keep the page in memory for when the user navigates back to it, which `no-store` would forbid. A page that it
    // takes from its cache then compares its markup.
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        (HeaderName::from_static("x-hmr-markup"), markup),
    ];
    (headers, body).into_response()
}

/// Inserts the client right after the doctype: a parser opens `html` and `head` there implicitly and adds the
/// attributes of the page's own `html` tag when it meets it.
fn inject(html: &str, config: &str) -> String {
    // `<` could end the script element from inside a string; JSON has an escape for it.
    let config = config.replace('<', "\\u003c");
    let at = doctype_end(html);
    let (head, rest) = html.split_at(at);
    format!(
        "{head}\n<script type=\"application/json\" id=\"hmr-config\">{config}</script>\n<script type=\"module\" src=\"/@hmr/client/main.js\"></script>\n{rest}"
    )
}

/// Where the doctype ends, or 0 if there is none. Comments and space may be before it.
pub(crate) fn doctype_end(html: &str) -> usize {
    let mut at = html.len() - html.trim_start_matches('\u{feff}').len();
    loop {
        at = html.len() - html[at..].trim_start().len();
        let rest = &html[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            match comment.find("-->") {
                Some(end) => at += 4 + end + 3,
                None => return 0,
            }
        } else if rest.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("<!doctype")) {
            return rest.find('>').map_or(0, |end| at + end + 1);
        } else {
            return 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_is_inserted_right_after_the_doctype() {
        for head in
            ["<!DOCTYPE html>", "\u{feff}<!doctype html>", " <!-- <head> -->\n<!doctype html>"]
        {
            let page = inject(&format!("{head}<html lang=en><p>"), "{}");
            assert!(page.starts_with(&format!("{head}\n<script")), "{page}");
            assert!(page.ends_with("<html lang=en><p>"), "{page}");
        }
        assert!(inject("<p>no doctype", "{}").starts_with("\n<script"));
        assert!(inject("<!-- no end", "{}").starts_with("\n<script"));
        assert!(inject("", "{}").starts_with("\n<script"));
    }

    #[test]
    fn a_message_cannot_close_the_script() {
        assert!(!inject("", r#"{"failure":"</script><b>"}"#).contains("</script><b>"));
    }
}
