//! The path of the SDK in expansions, where it is not `::hmr_sdk`.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};

/// The name of the SDK in expansions.
const NAME: &str = "hmr_sdk";

/// How a package reaches the SDK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sdk {
    /// As a dependency of this name.
    Named(String),
    /// Through another package that re-exports the SDK's prelude: `hmr_sdk` is in scope then.
    InScope,
}

/// Replaces `::hmr_sdk` in an expansion by another path of the SDK.
#[must_use]
pub fn reach(expansion: TokenStream, sdk: &Sdk) -> TokenStream {
    let mut tokens: Vec<TokenTree> = Vec::new();
    for token in expansion {
        match token {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), reach(group.stream(), sdk));
                inner.set_span(group.span());
                tokens.push(inner.into());
            }
            TokenTree::Ident(name) if name == NAME && ends_in_global(&tokens) => match sdk {
                Sdk::Named(other) => {
                    tokens.push(Ident::new(other, name.span()).into());
                }
                Sdk::InScope => {
                    tokens.truncate(tokens.len() - 2);
                    tokens.push(name.into());
                }
            },
            other => tokens.push(other),
        }
    }
    tokens.into_iter().collect()
}

/// Whether tokens end in a `::` that begins a path.
fn ends_in_global(tokens: &[TokenTree]) -> bool {
    let colon = |token: &TokenTree| matches!(token, TokenTree::Punct(it) if it.as_char() == ':');
    let [before @ .., first, second] = tokens else { return false };
    let follows = match before.last() {
        // A keyword, `as` for instance, does not end a path, except those that can begin one.
        Some(TokenTree::Ident(word)) => {
            let word = word.to_string();
            matches!(word.as_str(), "crate" | "self" | "super" | "Self")
                || syn::parse_str::<Ident>(&word).is_ok()
        }
        _ => false,
    };
    colon(first) && colon(second) && !follows
}
