//! Pages as they are deployed: with addresses below the public URL, and without scripts in the markup.

use std::cell::RefCell;
use std::fmt;
use std::str::FromStr;

use lol_html::html_content::{ContentType, Element, TextChunk};
use lol_html::{Settings, element, rewrite_str, text};

/// The attributes with an address of something that a page loads, by element.
const ADDRESSES: [(&str, &str); 14] = [
    ("audio[src]", "src"),
    ("embed[src]", "src"),
    ("iframe[src]", "src"),
    ("image[href]", "href"),
    ("img[src]", "src"),
    ("input[src]", "src"),
    ("link[href]", "href"),
    ("object[data]", "data"),
    ("script[src]", "src"),
    ("source[src]", "src"),
    ("track[src]", "src"),
    ("use[href]", "href"),
    ("video[poster]", "poster"),
    ("video[src]", "src"),
];

/// Scripts in the markup that can be files as well.
const INLINE_MODULES: &str = "script[type=module]:not([src])";

/// What the URLs of all files begin with: a path with `/` at its start and end, `./`, or an address that ends with `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl Default for PublicUrl {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl PublicUrl {
    /// The text, with a `/` at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path that the files are served below, with `/` at its start and end; none if it is relative to the page.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        if self.0.starts_with('/') {
            return Some(&self.0);
        }
        let after = self.0.split_once("://")?.1;
        after.find('/').map(|at| &after[at..])
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text is not a public URL.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is not a path or an address\nhint: write it as `/path/`, `./` or `https://example.org/path/`"
)]
pub struct NotAPublicUrl(String);

impl FromStr for PublicUrl {
    type Err = NotAPublicUrl;

    fn from_str(text: &str) -> Result<Self, NotAPublicUrl> {
        let wrong = || NotAPublicUrl(text.to_owned());
        if text.contains(|letter: char| letter.is_whitespace() || "\"'<>\\?#".contains(letter)) {
            return Err(wrong());
        }
        let path = text.strip_prefix("./").unwrap_or(text);
        if path.split('/').any(|part| part == "..") {
            return Err(wrong());
        }
        let is_address = ["http://", "https://"].iter().any(|start| {
            text.strip_prefix(start).is_some_and(|rest| !rest.trim_matches('/').is_empty())
        });
        let is_relative = text == "." || text.starts_with("./");
        let is_path = text.starts_with('/') && !text.starts_with("//");
        // As Trunk takes it: a name alone is a path.
        let is_name = !text.is_empty() && !text.contains(':') && !text.starts_with(['.', '/']);
        let start = if is_name { "/" } else { "" };
        if !(is_address || is_relative || is_path || is_name) {
            return Err(wrong());
        }
        let end = if text.ends_with('/') { "" } else { "/" };
        Ok(Self(format!("{start}{text}{end}")))
    }
}

/// The scripts that are written into a page, in their order.
pub(super) fn inline_modules(html: &str) -> Result<Vec<String>, String> {
    let scripts = RefCell::new(Vec::<String>::new());
    let start = element!(INLINE_MODULES, |_| {
        scripts.borrow_mut().push(String::new());
        Ok(())
    });
    let content = text!(INLINE_MODULES, |chunk: &mut TextChunk<'_>| {
        if let Some(script) = scripts.borrow_mut().last_mut() {
            script.push_str(chunk.as_str());
        }
        Ok(())
    });
    let settings = Settings::new()
        .append_element_content_handler(start)
        .append_element_content_handler(content);
    rewrite_str(html, settings).map_err(|error| error.to_string())?;
    Ok(scripts.into_inner())
}

/// The new address for an old one, if it changes, and a value for the attribute `integrity`.
type NewAddress<'a> = dyn Fn(&str) -> Option<(String, Option<String>)> + 'a;

/// What changes in a page.
pub(super) struct Changes<'a> {
    /// Is added at the end of `<head>`.
    pub(super) head: &'a str,
    /// The addresses of the files that replace scripts in the markup, in the order of [`inline_modules`]. Empty texts leave a script as it is.
    pub(super) scripts: &'a [String],
    /// The new addresses.
    pub(super) address: &'a NewAddress<'a>,
}

/// Writes the changes into a page.
pub(super) fn rewrite(html: &str, changes: &Changes<'_>) -> Result<String, String> {
    let mut scripts = changes.scripts.iter();
    let inline = element!(INLINE_MODULES, |tag| {
        if let Some(address) = scripts.next().filter(|address| !address.is_empty()) {
            tag.set_attribute("src", address)?;
            tag.set_inner_content("", ContentType::Text);
        }
        Ok(())
    });
    let placed = std::cell::Cell::new(changes.head.is_empty());
    let head = element!("head", |tag| {
        if !placed.replace(true) {
            tag.append(changes.head, ContentType::Html);
        }
        Ok(())
    });
    let mut settings =
        Settings::new().append_element_content_handler(inline).append_element_content_handler(head);
    for (selector, attribute) in ADDRESSES {
        settings = settings.append_element_content_handler(element!(selector, move |tag| {
            change_address(tag, attribute, changes.address)
        }));
    }
    for selector in ["img[srcset]", "source[srcset]"] {
        settings = settings.append_element_content_handler(element!(selector, |tag| {
            let old = tag.get_attribute("srcset").unwrap_or_default();
            tag.set_attribute("srcset", &source_set(&old, changes.address))?;
            Ok(())
        }));
    }
    let rewritten = rewrite_str(html, settings).map_err(|error| error.to_string())?;
    if placed.get() {
        return Ok(rewritten);
    }
    // A page without the tags of its head: a parser opens it after the doctype.
    let at = crate::server::doctype_end(&rewritten);
    let (doctype, rest) = rewritten.split_at(at);
    Ok(format!("{doctype}\n{}{rest}", changes.head))
}

type HandlerResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;

fn change_address(
    tag: &mut Element<'_, '_>,
    attribute: &str,
    address: &NewAddress<'_>,
) -> HandlerResult {
    let old = tag.get_attribute(attribute).unwrap_or_default();
    let Some((new, integrity)) = address(&old) else { return Ok(()) };
    tag.set_attribute(attribute, &new)?;
    let takes_integrity = match tag.tag_name().as_str() {
        "script" => true,
        "link" => {
            tag.get_attribute("rel").is_some_and(|rel| rel.eq_ignore_ascii_case("stylesheet"))
        }
        _ => false,
    };
    if let Some(integrity) =
        integrity.filter(|_| takes_integrity && !tag.has_attribute("integrity"))
    {
        tag.set_attribute("integrity", &integrity)?;
    }
    Ok(())
}

/// A `srcset` with new addresses.
fn source_set(old: &str, address: &NewAddress<'_>) -> String {
    let one = |entry: &str| {
        let entry = entry.trim();
        let (url, rest) = entry.split_once(char::is_whitespace).unwrap_or((entry, ""));
        let url = address(url).map_or_else(|| url.to_owned(), |(new, _)| new);
        if rest.is_empty() { url } else { format!("{url} {rest}") }
    };
    old.split(',').map(one).collect::<Vec<_>>().join(", ")
}

/// A stylesheet with new addresses in its `url(…)`.
pub(super) fn stylesheet(css: &str, address: &dyn Fn(&str) -> Option<String>) -> String {
    let mut new = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(at) = rest.find("url(") {
        let (before, after) = rest.split_at(at + 4);
        new.push_str(before);
        let space = after.len() - after.trim_start().len();
        let quote = after[space..].chars().next().filter(|letter| "\"'".contains(*letter));
        let start = space + quote.map_or(0, char::len_utf8);
        let end = match quote {
            Some(quote) => after[start..].find(quote),
            None => after[start..].find([')', ' ', '\n']),
        };
        let Some(end) = end.map(|end| start + end) else {
            rest = after;
            continue;
        };
        new.push_str(&after[..start]);
        let old = &after[start..end];
        new.push_str(&address(old).unwrap_or_else(|| old.to_owned()));
        rest = &after[end..];
    }
    new.push_str(rest);
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> Option<String> {
        text.parse::<PublicUrl>().ok().map(|url| url.as_str().to_owned())
    }

    #[test]
    fn a_public_url_is_a_path_or_an_address() {
        assert_eq!(public("/").as_deref(), Some("/"));
        assert_eq!(public("/a/b").as_deref(), Some("/a/b/"));
        assert_eq!(public("app").as_deref(), Some("/app/"));
        assert_eq!(public("./").as_deref(), Some("./"));
        assert_eq!(public(".").as_deref(), Some("./"));
        assert_eq!(public("https://cdn.example/x").as_deref(), Some("https://cdn.example/x/"));
        for wrong in ["", "//host/", "https://", "ftp://a/", "/a b/", "/../", "/a?b", "..", "\"/"] {
            assert_eq!(public(wrong), None, "{wrong}");
        }
        let path = |text: &str| text.parse::<PublicUrl>().ok()?.path().map(str::to_owned);
        assert_eq!(path("https://cdn.example/x").as_deref(), Some("/x/"));
        assert_eq!((path("/a"), path("./")), (Some("/a/".to_owned()), None));
    }

    #[test]
    fn a_page_gets_new_addresses_and_files_for_its_scripts() {
        let html = "<!doctype html><html><head><link rel=stylesheet href=/a.css></head><body>\
             <img src=/a.png srcset=\"/a.png 1x, /b.png 2x\"><a href=/a.png>x</a>\
             <script type=module>import './x.js';\nx();</script><script>y()</script></body></html>";
        assert_eq!(inline_modules(html).as_deref(), Ok(&["import './x.js';\nx();".to_owned()][..]));
        let address = |old: &str| {
            old.strip_prefix('/').map(|path| (format!("/sub/{path}"), Some("sha384-x".to_owned())))
        };
        let scripts = ["/sub/page.js".to_owned()];
        let changes = Changes { head: "<meta name=x>", scripts: &scripts, address: &address };
        let page = rewrite(html, &changes).expect("it can be read");
        assert!(page.contains("<link rel=stylesheet href=\"/sub/a.css\" integrity=\"sha384-x\"><meta name=x></head>"), "{page}");
        assert!(
            page.contains("<img src=\"/sub/a.png\" srcset=\"/sub/a.png 1x, /sub/b.png 2x\">"),
            "{page}"
        );
        assert!(page.contains("<a href=/a.png>"), "{page}");
        assert!(
            page.contains("<script type=module src=\"/sub/page.js\"></script><script>y()</script>"),
            "{page}"
        );
    }

    #[test]
    fn a_page_without_a_head_gets_one_after_its_doctype() {
        let changes = Changes { head: "<meta name=x>", scripts: &[], address: &|_| None };
        let page = rewrite("<!doctype html><p>x", &changes).expect("it can be read");
        assert_eq!(page, "<!doctype html>\n<meta name=x><p>x");
    }

    #[test]
    fn a_stylesheet_gets_new_addresses() {
        let address = |old: &str| old.strip_prefix('/').map(|path| format!("/sub/{path}"));
        let css = "a { background: url(/a.png), url( \"/b c.png\" ), url(c.png) } b { src: url(";
        assert_eq!(
            stylesheet(css, &address),
            "a { background: url(/sub/a.png), url( \"/sub/b c.png\" ), url(c.png) } b { src: url("
        );
    }
}
