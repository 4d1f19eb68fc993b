//! Finding and replacing elements in the text of a page. Everything else stays as it is, byte for byte.

use std::cell::Cell;

use lol_html::html_content::{ContentType, Element as Tag};
use lol_html::{Settings, element, end, rewrite_str};

use super::attributes::Attributes;
use super::error::PageError;

/// What Trunk replaces.
const ASSETS: &str = "link[data-trunk], script[data-trunk]";

/// An element for Trunk.
pub(super) struct Element {
    /// The line of its tag, from 1.
    pub(super) line: usize,
    pub(super) script: bool,
    pub(super) attributes: Attributes,
}

/// What a page contains.
#[derive(Default)]
pub(super) struct Scan {
    /// In the order of the page.
    pub(super) elements: Vec<Element>,
    /// The lines of `<script …/>`.
    pub(super) self_closing: Vec<usize>,
}

/// Finds the elements for Trunk.
pub(super) fn scan(html: &str) -> Result<Scan, PageError> {
    let line =
        |tag: &Tag<'_, '_>| 1 + html[..tag.source_location().bytes().start].matches('\n').count();
    let mut elements = Vec::new();
    let mut self_closing = Vec::new();
    let asset = element!(ASSETS, |tag| {
        let pairs = tag.attributes().iter().map(|pair| (pair.name(), pair.value()));
        let attributes = Attributes::new(pairs);
        elements.push(Element { line: line(tag), script: tag.tag_name() == "script", attributes });
        Ok(())
    });
    let script = element!("script", |tag| {
        if tag.is_self_closing() {
            self_closing.push(line(tag));
        }
        Ok(())
    });
    let settings = Settings::new()
        .append_element_content_handler(asset)
        .append_element_content_handler(script);
    rewrite_str(html, settings).map_err(|error| PageError::Html { reason: error.to_string() })?;
    Ok(Scan { elements, self_closing })
}

/// What is written into a page.
pub(super) struct Changes<'a> {
    /// What replaces each element for Trunk, in the order of the page.
    pub(super) replacements: &'a [String],
    /// Is added at the end of `<body>`, or of the page if there is none.
    pub(super) at_end: &'a str,
    /// The `href` of `<base data-trunk-public-url>`.
    pub(super) public_url: &'a str,
}

/// Writes the changes into a page.
pub(super) fn rewrite(html: &str, changes: &Changes<'_>) -> Result<String, PageError> {
    let mut replacements = changes.replacements.iter();
    let asset = element!(ASSETS, |tag| {
        match replacements.next() {
            Some(text) if !text.is_empty() => tag.replace(text, ContentType::Html),
            _ => tag.remove(),
        }
        Ok(())
    });
    let base = element!("html head base[data-trunk-public-url]", |tag| {
        tag.remove_attribute("data-trunk-public-url");
        tag.set_attribute("href", changes.public_url)?;
        Ok(())
    });
    // A page may leave out the tags of its body.
    let missing = Cell::new(!changes.at_end.is_empty());
    let body = element!("html body", |tag| {
        if missing.replace(false) {
            tag.append(changes.at_end, ContentType::Html);
        }
        Ok(())
    });
    let document = end!(|end| {
        if missing.get() {
            end.append(changes.at_end, ContentType::Html);
        }
        Ok(())
    });
    let settings = Settings::new()
        .append_element_content_handler(asset)
        .append_element_content_handler(base)
        .append_element_content_handler(body)
        .append_document_content_handler(document);
    rewrite_str(html, settings).map_err(|error| PageError::Html { reason: error.to_string() })
}
