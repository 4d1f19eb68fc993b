//! Mistakes in the macros' input, collected so that all are reported at once.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Mistakes(Option<syn::Error>);

impl Mistakes {
    /// Notes a mistake at a place, with what to do about it.
    pub(crate) fn at(&mut self, span: Span, message: &str, hint: &str) {
        self.push(syn::Error::new(span, with_hint(message, hint)));
    }

    /// Notes a mistake that stretches over some tokens.
    pub(crate) fn on(&mut self, tokens: impl ToTokens, message: &str, hint: &str) {
        self.push(syn::Error::new_spanned(tokens, with_hint(message, hint)));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            none => *none = Some(error),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The mistakes as `compile_error!`s, if there are any.
    pub(crate) fn tokens(&self) -> Option<TokenStream> {
        self.0.as_ref().map(syn::Error::to_compile_error)
    }
}

/// A text as an expression at whose place the compiler warns. A procedural macro cannot warn by itself, so it uses something
/// that is deprecated for the reason given.
pub(crate) fn suspicious(
    span: Span,
    constant: &str,
    text: &str,
    message: &str,
    hint: &str,
) -> TokenStream {
    let constant = Ident::new(constant, span);
    let note = with_hint(message, hint);
    quote_spanned!(span=> { #[deprecated(note = #note)] const #constant: &str = #text; #constant })
}

fn with_hint(message: &str, hint: &str) -> String {
    if hint.is_empty() { message.to_owned() } else { format!("{message}\nhint: {hint}") }
}

/// The name most like a wrong one, if one is like it at all.
pub(crate) fn most_alike<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .map(|(_, name)| name)
}
