//! A parsed file, and where its tokens are in the text.

use std::ops::Range;
use std::str::FromStr as _;

use proc_macro2::{Span, TokenStream};

/// A file that is Rust.
pub(crate) struct Source<'a> {
    pub(crate) text: &'a str,
    pub(crate) file: syn::File,
    pub(crate) tokens: TokenStream,
    /// How many bytes at the start are not part of the tokens' text: a byte order mark, a line `#!…`.
    skipped: usize,
}

impl<'a> Source<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let skipped = preamble(text);
        let tokens = TokenStream::from_str(&text[skipped..]).ok()?;
        let file = syn::parse2(tokens.clone()).ok()?;
        Some(Self { text, file, tokens, skipped })
    }

    /// The bytes of the text that a span is about.
    pub(crate) fn range(&self, span: Span) -> Range<usize> {
        let range = span.byte_range();
        range.start + self.skipped..range.end + self.skipped
    }

    /// The text of a span.
    pub(crate) fn text_of(&self, span: Span) -> &'a str {
        &self.text[self.range(span)]
    }
}

/// How long the part at the start is that rustc skips, too.
fn preamble(text: &str) -> usize {
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let rest = &text[mark..];
    // `#![…]` is an attribute.
    let is_interpreter =
        rest.strip_prefix("#!").is_some_and(|rest| !rest.trim_start().starts_with('['));
    mark + if is_interpreter { rest.find('\n').unwrap_or(rest.len()) } else { 0 }
}

/// Frees the texts that spans of this thread refer to. They must not be used any more.
pub(crate) fn forget_spans() {
    proc_macro2::extra::invalidate_current_thread_spans();
}

/// The name as people say it: without `r#`.
pub(crate) fn plain(name: &proc_macro2::Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").map_or_else(|| name.clone(), ToOwned::to_owned)
}
