//! The name of the SDK in the package that uses a macro.

use hmr_grammar::Sdk;
use proc_macro::TokenStream;
use proc_macro_crate::{Error, FoundCrate, crate_name};

/// An expansion that reaches the SDK by the name that it has in the package which is compiled.
pub(crate) fn reached(expansion: proc_macro2::TokenStream) -> TokenStream {
    let expansion = match crate_name("hmr-sdk") {
        Ok(FoundCrate::Name(name)) if name != "hmr_sdk" => {
            hmr_grammar::reach(expansion, &Sdk::Named(name))
        }
        Err(Error::CrateNotFound { .. }) => hmr_grammar::reach(expansion, &Sdk::InScope),
        // The SDK itself; and without cargo's manifest variable, there is no other name.
        Ok(_) | Err(_) => expansion,
    };
    expansion.into()
}
