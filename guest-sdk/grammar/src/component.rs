//! `#[component]` and `#[scoped]`.

mod props;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, ItemFn, ReturnType, Type, parse_quote};

use crate::error::Mistakes;
use crate::naming::name_block;
use crate::options::ComponentOptions;
use crate::origin::Origins;
use props::{Prop, camel, define_props};

/// `#[scoped]` on a function.
#[must_use]
pub fn scoped(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    if !attribute.is_empty() {
        mistakes.on(attribute, "`#[scoped]` takes no arguments", "write `#[scoped]`");
    }
    let mut function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => return with_item(&error.to_compile_error(), item),
    };
    let mut origins = Origins::default();
    let inputs = function.sig.inputs.iter().filter_map(|input| match input {
        syn::FnArg::Typed(input) => Some(&*input.pat),
        syn::FnArg::Receiver(_) => None,
    });
    origins.parameters_of(inputs);
    name_block(&mut function.block, origins, &mut mistakes);
    let name = function.sig.ident.to_string();
    let guard = Ident::new("__hmr_scope", Span::mixed_site());
    function
        .block
        .stmts
        .insert(0, parse_quote!(let #guard = ::hmr_sdk::rt::enter_function(#name);));
    let mistakes = mistakes.tokens();
    quote!(#mistakes #function)
}

/// `#[component]` or `#[component(…)]` on a function.
#[must_use]
pub fn component(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let options = ComponentOptions::read(attribute, &mut mistakes);
    let mut function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => return with_item(&error.to_compile_error(), item),
    };
    check_signature(&function, &mut mistakes);
    check_generics(&function, options.export, &mut mistakes);
    let props: Vec<_> =
        function.sig.inputs.iter().filter_map(|input| Prop::read(input, &mut mistakes)).collect();
    let mut origins = Origins::default();
    for prop in &props {
        origins.parameter(prop.name.to_string(), prop.default_tokens().unwrap_or_default());
    }
    name_block(&mut function.block, origins, &mut mistakes);
    if let Some(errors) = mistakes.tokens() {
        return errors;
    }
    expand(function, &props, &options)
}

/// The errors, and the item as it was, so that uses of it are not errors too.
pub(crate) fn with_item(errors: &TokenStream, item: &TokenStream) -> TokenStream {
    quote!(#errors #item)
}

fn check_signature(function: &ItemFn, mistakes: &mut Mistakes) {
    let signature = &function.sig;
    let name = signature.ident.to_string();
    if !name.starts_with(char::is_uppercase) {
        let better = camel(&signature.ident);
        mistakes.at(
            signature.ident.span(),
            &format!("a component's name begins with a capital letter, `{name}` does not"),
            &format!("call it `{better}`"),
        );
    }
    if signature.asyncness.is_some() {
        mistakes.at(
            signature.fn_token.span(),
            "a component cannot be `async`",
            "render at once, and set a signal when the answer is there",
        );
    }
    match &signature.output {
        ReturnType::Default => {
            mistakes.at(signature.ident.span(), "a component returns a `View`", "add `-> View`");
        }
        ReturnType::Type(_, ty) if !may_be_view(ty) => {
            mistakes.on(
                ty,
                "a component returns a `View`",
                "write `-> View`, which `view!` makes, or `-> impl IntoView`",
            );
        }
        ReturnType::Type(..) => {}
    }
}

/// Checks the parameters of a component for types and constants.
fn check_generics(function: &ItemFn, exported: bool, mistakes: &mut Mistakes) {
    let generics = &function.sig.generics;
    if let Some(lifetime) = generics.lifetimes().next() {
        mistakes.on(
            lifetime,
            "a component has no lifetime parameters: its props are owned",
            "take `String` for text, `Rc<T>` for what is shared",
        );
    } else if exported && !generics.params.is_empty() {
        mistakes.on(
            generics,
            "a component that pages can mount cannot be generic",
            "export a component that uses this one with the types that pages need",
        );
    }
}

/// Whether a type can be `View`, under any name. It has no parameters, so `Option<View>` for instance is another one.
fn may_be_view(ty: &Type) -> bool {
    match ty {
        Type::Path(path) => path.path.segments.iter().all(|segment| segment.arguments.is_none()),
        Type::Paren(inner) => may_be_view(&inner.elem),
        Type::Group(inner) => may_be_view(&inner.elem),
        Type::ImplTrait(_) | Type::Macro(_) | Type::Verbatim(_) => true,
        _ => false,
    }
}

fn expand(mut function: ItemFn, props: &[Prop], options: &ComponentOptions) -> TokenStream {
    let name = &function.sig.ident;
    let struct_name = format_ident!("{name}Props");
    let vis = &function.vis;
    let generics = &function.sig.generics;
    let definition = define_props(name, &struct_name, vis, props, generics);
    let rest = (!generics.params.is_empty()).then(|| quote!(..));
    let (_, in_type, _) = generics.split_for_impl();
    let type_of_props = quote!(#struct_name #in_type);
    let exported = options.export.then(|| export_tokens(name, &struct_name, props, options));

    let arg = Ident::new("__hmr_props", Span::mixed_site());
    let fields = props.iter().map(|prop| {
        let name = &prop.name;
        if prop.mutable { quote!(mut #name) } else { quote!(#name) }
    });
    let destructure: syn::Stmt = parse_quote!(let #struct_name { #(#fields,)* #rest } = #arg;);
    function.sig.inputs = parse_quote!(#arg: #type_of_props);
    function.block.stmts.insert(0, destructure);
    if options.reset {
        let text = name.to_string();
        function.block.stmts.insert(0, parse_quote!(::hmr_sdk::rt::reset_scope(#text);));
    }
    function.attrs.push(parse_quote!(#[allow(non_snake_case, clippy::needless_pass_by_value)]));
    quote!(#definition #function #exported)
}

/// The code for mounting a component: its export, its manifest line, and the reading of its props.
fn export_tokens(
    name: &Ident,
    props_name: &Ident,
    props: &[Prop],
    options: &ComponentOptions,
) -> TokenStream {
    let text = name.to_string();
    let symbol = format!("hmr_component:{name}");
    let line = name.span().start().line.to_string();
    let version = options.version.as_ref().map_or_else(
        || quote!(::core::option::Option::None),
        |version| quote!(::core::option::Option::Some(#version)),
    );
    let export = quote!(::hmr_sdk::rt::Export { mount, version: #version });
    let facts = facts(&text, options);
    let manifest = manifest(&quote! {
        ::core::concat!("abi\t1\ncomponent\t", #text, "\t", ::core::file!(), "\t", #line, "\n", #facts)
    });
    let fields = props.iter().map(|prop| {
        let (field, key) = (&prop.name, prop.name.to_string());
        let key = key.trim_start_matches("r#");
        let ty = &prop.ty;
        if prop.into
            && matches!(prop.type_name().as_deref(), Some("Children" | "ChildrenFn" | "Callback"))
        {
            return quote!(#field: ::core::default::Default::default());
        }
        if let Some(default) = prop.default_tokens() {
            quote_spanned!(ty.span()=> #field: match props.optional::<#ty>(#key)? {
                ::core::option::Option::Some(value) => value,
                ::core::option::Option::None => #default,
            })
        } else {
            quote_spanned!(ty.span()=> #field: props.required::<#ty>(#key)?)
        }
    });
    quote! {
        const _: () = {
            fn mount(
                props: &::hmr_sdk::rt::JsonProps,
            ) -> ::core::result::Result<::hmr_sdk::rt::Render, ::std::string::String> {
                let _ = props;
                let props = #props_name { #(#fields,)* };
                ::core::result::Result::Ok(::std::boxed::Box::new(move || {
                    ::hmr_sdk::IntoView::into_view(#name(props))
                }))
            }
            impl ::hmr_sdk::rt::Exported for #props_name {
                const NAME: &'static str = #text;
                const EXPORT: ::hmr_sdk::rt::Export = #export;
            }
            #[cfg(target_arch = "wasm32")]
            #[unsafe(export_name = #symbol)]
            extern "C" fn register() {
                ::hmr_sdk::rt::register(#text, #export);
            }
            #manifest
        };
    }
}

/// The lines of the manifest with what a component declares besides its name.
fn facts(name: &str, options: &ComponentOptions) -> String {
    let line = |kind: &str, fact: &Option<String>| {
        fact.as_ref().map_or(String::new(), |fact| format!("{kind}\t{name}\t{fact}\n"))
    };
    line("version", &options.version) + &line("decline", &options.decline)
}

/// Puts lines, a constant expression, into the module's manifest.
pub(crate) fn manifest(lines: &TokenStream) -> TokenStream {
    quote! {
        #[cfg(target_arch = "wasm32")]
        const LINES: &str = #lines;
        #[cfg(target_arch = "wasm32")]
        #[used]
        #[unsafe(link_section = "hmr.manifest")]
        static MANIFEST: [u8; LINES.len()] = ::hmr_sdk::rt::bytes(LINES);
    }
}
