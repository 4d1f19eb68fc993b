//! Mistakes in the macros' input. They are collected, so that all are reported at once.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Mistakes(Option<syn::Error>);

impl Mistakes {
    /// Reports a mistake at a position, with a hint.
    pub(crate) fn at(&mut self, span: Span, message: &str, hint: &str) {
        self.push(syn::Error::new(span, with_hint(message, hint)));
    }

    /// Reports a mistake at some tokens, with a hint.
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

/// A text as an expression, with a compiler warning at its position. A procedural macro cannot emit warnings, so the expression uses
/// a constant that is deprecated with the message as the note.
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

/// The known name that is most similar to a wrong one, if any is similar.
pub(crate) fn most_similar<'a>(
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
