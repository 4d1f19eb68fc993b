//! Calls in the arguments of macros that make state: in the children of a list, for instance.

use std::ops::Range;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::Reader;
use crate::framework::Call;
use crate::imports::Called;

/// A call that makes state.
pub(super) struct StateCall {
    pub(super) how: Call,
    /// The name that its result is bound to.
    pub(super) binding: Option<String>,
    /// The path and the arguments.
    pub(super) range: Range<usize>,
    /// The parenthesis before the arguments.
    pub(super) open: Range<usize>,
}

impl Reader<'_> {
    /// Notes a call that begins with the token at `at`, if it makes state and is in a macro: other calls are found by the parser.
    pub(super) fn call(&mut self, tokens: &[TokenTree], at: usize) {
        let before = at.checked_sub(1).map(|it| &tokens[it]);
        let is_part = matches!(before, Some(TokenTree::Punct(mark)) if ['.', ':', '!'].contains(&mark.as_char()));
        if self.macros.is_empty() || is_part {
            return;
        }
        let length = path_length(&tokens[at..]);
        let Some(TokenTree::Group(arguments)) = tokens.get(at + length) else { return };
        if arguments.delimiter() != Delimiter::Parenthesis || arguments.stream().is_empty() {
            return;
        }
        let path: TokenStream = tokens[at..at + length].iter().cloned().collect();
        let Ok(path) = syn::parse2::<syn::Path>(path) else { return };
        let Called::Known(how) = self.imports.called(&path) else { return };
        if !matches!(how, Call::Value | Call::Readable | Call::Hook) {
            return;
        }
        let range = self.range(&tokens[at..=at + length]);
        let open = self.source.range(arguments.span_open());
        self.calls.push(StateCall { how, binding: binding(&tokens[..at]), range, open });
    }
}

/// How many tokens the path has that begins with the first one.
fn path_length(tokens: &[TokenTree]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == '<' && at > 0 => depth += 1,
            TokenTree::Punct(mark) if mark.as_char() == '>' && depth > 0 => depth -= 1,
            TokenTree::Punct(mark) if mark.as_char() == ':' || depth > 0 => {}
            // Two names without anything between them are two expressions.
            TokenTree::Ident(_) if depth > 0 || at == 0 => {}
            TokenTree::Ident(_) if matches!(tokens[at - 1], TokenTree::Punct(_)) => {}
            TokenTree::Group(_) if depth > 0 => {}
            _ => break,
        }
        at += 1;
    }
    at
}

/// The first name of the pattern in `let pattern = `, with which the tokens end.
fn binding(before: &[TokenTree]) -> Option<String> {
    let is = |token: Option<&TokenTree>, text: &str| token.is_some_and(|it| it.to_string() == text);
    if !is(before.last(), "=") {
        return None;
    }
    let start =
        before.iter().rposition(|it| matches!(it, TokenTree::Ident(word) if word == "let"))?;
    let pattern = &before[start + 1..before.len() - 1];
    // With one of these, the `let` is of a statement before.
    let is_end = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if [';', '='].contains(&mark.as_char()));
    if pattern.iter().any(is_end) { None } else { first_name(pattern) }
}

/// The first name in a pattern.
fn first_name(pattern: &[TokenTree]) -> Option<String> {
    pattern.iter().find_map(|token| match token {
        TokenTree::Ident(word) if word != "mut" && word != "ref" => Some(word.to_string()),
        TokenTree::Group(group) => first_name(&group.stream().into_iter().collect::<Vec<_>>()),
        _ => None,
    })
}
