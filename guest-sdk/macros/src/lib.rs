//! The procedural macros of hmr-sdk. Their implementation is in `hmr-grammar`, where it is tested as ordinary functions.

mod sdk;

use proc_macro::TokenStream;

/// Turns markup into a `View`.
#[proc_macro]
pub fn view(input: TokenStream) -> TokenStream {
    sdk::reached(hmr_grammar::view(input.into()))
}

/// Turns a function into a component: its arguments are props. With `export`, pages can mount it; `version = "1.0.0"`
/// declares the version of its state, `reset` resets it with each update, and `decline = "reason"` says that it
/// accepts no hot update. In its body, `#[reset] let draft = signal(…);` resets one binding.
#[proc_macro_attribute]
pub fn component(attribute: TokenStream, item: TokenStream) -> TokenStream {
    sdk::reached(hmr_grammar::component(attribute.into(), &item.into()))
}

/// Gives a function that makes signals a key scope of its own, and names its bindings as a component's are.
#[proc_macro_attribute]
pub fn scoped(attribute: TokenStream, item: TokenStream) -> TokenStream {
    sdk::reached(hmr_grammar::scoped(attribute.into(), &item.into()))
}

/// Marks a function that brings a component's state from one version to another:
/// `#[migration(Board, from = "1.0.0", to = "1.1.0")] fn rename_draft(saved: &mut Saved) -> Result<(), MigrationError>`.
#[proc_macro_attribute]
pub fn migration(attribute: TokenStream, item: TokenStream) -> TokenStream {
    sdk::reached(hmr_grammar::migration(attribute.into(), &item.into()))
}

/// Reads and writes the addresses of an application as the variants of an enum:
/// `#[derive(Clone, PartialEq, Route)] enum Place { #[route("/users/:id")] User { id: u32 } }`.
#[proc_macro_derive(Route, attributes(route))]
pub fn route(input: TokenStream) -> TokenStream {
    sdk::reached(hmr_grammar::route(input.into()))
}
