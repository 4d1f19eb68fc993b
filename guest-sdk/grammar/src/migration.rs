//! `#[migration]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, ItemFn, Path};

use crate::component::{manifest, with_item};
use crate::error::Mistakes;
use crate::options::MigrationOptions;

/// `#[migration(Component, from = "1.0.0", to = "1.1.0")]` on a function.
#[must_use]
pub fn migration(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let options = MigrationOptions::read(attribute, &mut mistakes);
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => return with_item(&error.to_compile_error(), item),
    };
    if function.sig.inputs.len() != 1 || function.sig.asyncness.is_some() {
        mistakes.at(
            function.sig.ident.span(),
            "a migration is a function of the saved state",
            "write `fn name(saved: &mut Saved) -> Result<(), MigrationError>`",
        );
    }
    match (options, mistakes.tokens()) {
        (Some(options), None) => expand(&function, &options),
        (_, errors) => with_item(&errors.unwrap_or_default(), item),
    }
}

fn expand(function: &ItemFn, options: &MigrationOptions) -> TokenStream {
    let (name, vis) = (&function.sig.ident, &function.vis);
    let text = name.to_string();
    let MigrationOptions { component, from, to } = options;
    let Some((props, component)) = props_of(component) else { return quote!(#function) };
    let symbol = format!("hmr_component:{component}/{from}/{to}");
    let line = format!("abi\t1\nmigration\t{component}\t{from}\t{to}\n");
    let manifest = manifest(&quote!(#line));
    let unversioned = format!(
        "`{component}` declares no version, so it has nothing to migrate to\nhint: write `#[component(export, version = \"{to}\")]`"
    );
    let doc = format!("Stands for the migration `{text}` in tests.");
    let exported = quote_spanned!(props.span()=> <#props as ::hmr_sdk::rt::Exported>);
    let run = quote_spanned!(function.sig.inputs.span()=> run: #name);
    // Only a module registers it, so that a build for the host may have no use for it.
    let unused = quote!(#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]);
    quote! {
        #[allow(clippy::unnecessary_wraps)]
        #unused
        #function
        #[doc = #doc]
        #[allow(non_camel_case_types)]
        #unused
        #vis struct #name {}
        const _: () = {
            impl ::hmr_sdk::rt::Migrates for #name {
                const MIGRATION: ::hmr_sdk::rt::Migration = ::hmr_sdk::rt::Migration {
                    component: #exported::NAME,
                    from: #from,
                    to: #to,
                    name: #text,
                    #run,
                };
            }
            ::core::assert!(#exported::EXPORT.version.is_some(), #unversioned);
            #[cfg(target_arch = "wasm32")]
            #[unsafe(export_name = #symbol)]
            extern "C" fn register() {
                ::hmr_sdk::rt::register_migration(<#name as ::hmr_sdk::rt::Migrates>::MIGRATION);
            }
            #manifest
        };
    }
}

/// The type of a component's props, and the component's name.
fn props_of(component: &Path) -> Option<(Path, Ident)> {
    let mut props = component.clone();
    let last = props.segments.last_mut()?;
    let name = last.ident.clone();
    last.ident = format_ident!("{name}Props", span = name.span());
    Some((props, name))
}
