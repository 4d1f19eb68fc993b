//! The procedural macros of hmr-sdk. What they do is in `hmr-grammar`, where it is tested as ordinary functions.

use proc_macro::TokenStream;

/// Turns markup into a `View`.
#[proc_macro]
pub fn view(input: TokenStream) -> TokenStream {
    hmr_grammar::view(input.into()).into()
}

/// Turns a function into a component: its arguments are props. With `export`, pages can mount it.
#[proc_macro_attribute]
pub fn component(attribute: TokenStream, item: TokenStream) -> TokenStream {
    hmr_grammar::component(attribute.into(), &item.into()).into()
}

/// Gives a function that makes signals a key scope of its own, and names its bindings as a component's are.
#[proc_macro_attribute]
pub fn scoped(attribute: TokenStream, item: TokenStream) -> TokenStream {
    hmr_grammar::scoped(attribute.into(), &item.into()).into()
}
