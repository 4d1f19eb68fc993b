//! `#[component]` and `#[scoped]`.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Expr, FnArg, Ident, Index, ItemFn, Pat, PatType, Type, parse_quote};

use crate::error::Mistakes;
use crate::naming::name_block;
use crate::options::ComponentOptions;

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
    name_block(&mut function.block, &mut mistakes);
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
    let props: Vec<_> =
        function.sig.inputs.iter().filter_map(|input| Prop::read(input, &mut mistakes)).collect();
    name_block(&mut function.block, &mut mistakes);
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
    if !signature.generics.params.is_empty() {
        mistakes.on(
            &signature.generics,
            "a component cannot be generic",
            "take the type that you need, or a `View` as a prop",
        );
    }
    if signature.asyncness.is_some() {
        mistakes.at(
            signature.fn_token.span(),
            "a component cannot be `async`",
            "render at once, and set a signal when the answer is there",
        );
    }
    if matches!(signature.output, syn::ReturnType::Default) {
        mistakes.at(signature.ident.span(), "a component returns a `View`", "add `-> View`");
    }
}

/// What a prop is when it is left out.
enum Default {
    /// It cannot be.
    Required,
    /// Its type's default.
    OfType,
    /// This.
    Expr(Box<Expr>),
}

/// One argument of a component.
struct Prop {
    name: Ident,
    mutable: bool,
    ty: Type,
    default: Default,
    into: bool,
    docs: Vec<Attribute>,
}

impl Prop {
    fn read(input: &FnArg, mistakes: &mut Mistakes) -> Option<Self> {
        let FnArg::Typed(PatType { attrs, pat, ty, .. }) = input else {
            mistakes.on(input, "a component takes no `self`", "make it a function of its own");
            return None;
        };
        let Pat::Ident(name) = &**pat else {
            mistakes.on(pat, "a prop is a plain name", "take the value apart in the body");
            return None;
        };
        let mut prop = Self {
            name: name.ident.clone(),
            mutable: name.mutability.is_some(),
            ty: (**ty).clone(),
            default: Default::Required,
            into: false,
            docs: Vec::new(),
        };
        if let Type::ImplTrait(_) | Type::Reference(_) = &**ty {
            mistakes.on(
                ty,
                "a prop has an owned type",
                "take `String` for text, `Callback<T>` for a handler",
            );
        }
        for attribute in attrs {
            prop.attribute(attribute, mistakes);
        }
        let children = matches!(prop.type_name().as_deref(), Some("Children" | "ChildrenFn"));
        if children && !prop.is_optional() {
            prop.default = Default::OfType;
        }
        prop.into |= children || prop.type_name().as_deref() == Some("Callback");
        Some(prop)
    }

    fn attribute(&mut self, attribute: &Attribute, mistakes: &mut Mistakes) {
        if attribute.path().is_ident("doc") {
            self.docs.push(attribute.clone());
            return;
        }
        if !attribute.path().is_ident("prop") {
            mistakes.on(
                attribute,
                "a prop takes no such attribute",
                "`#[prop(…)]` and comments are known",
            );
            return;
        }
        let parsed = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("default") {
                let given = meta.input.peek(syn::Token![=]);
                self.default = if given {
                    Default::Expr(Box::new(meta.value()?.parse()?))
                } else {
                    Default::OfType
                };
                Ok(())
            } else if meta.path.is_ident("into") {
                self.into = true;
                Ok(())
            } else {
                Err(meta.error(
                    "`#[prop]` does not know this\nhint: write `default`, `default = value` or `into`",
                ))
            }
        });
        if let Err(error) = parsed {
            mistakes.push(error);
        }
    }

    fn type_name(&self) -> Option<String> {
        match &self.ty {
            Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        }
    }

    fn is_optional(&self) -> bool {
        !matches!(self.default, Default::Required)
    }

    fn default_tokens(&self) -> Option<TokenStream> {
        match &self.default {
            Default::Required => None,
            Default::OfType => Some(quote!(::core::default::Default::default())),
            Default::Expr(expr) => Some(quote!(#expr)),
        }
    }
}

fn expand(mut function: ItemFn, props: &[Prop], options: &ComponentOptions) -> TokenStream {
    let name = &function.sig.ident;
    let struct_name = format_ident!("{name}Props");
    let vis = &function.vis;
    let definition = define_props(name, &struct_name, vis, props);
    let exported = options.export.then(|| export_tokens(name, &struct_name, props, options));

    let arg = Ident::new("__hmr_props", Span::mixed_site());
    let fields = props.iter().map(|prop| {
        let name = &prop.name;
        if prop.mutable { quote!(mut #name) } else { quote!(#name) }
    });
    let destructure: syn::Stmt = parse_quote!(let #struct_name { #(#fields),* } = #arg;);
    function.sig.inputs = parse_quote!(#arg: #struct_name);
    function.block.stmts.insert(0, destructure);
    if options.reset {
        let text = name.to_string();
        function.block.stmts.insert(0, parse_quote!(::hmr_sdk::rt::reset_scope(#text);));
    }
    function.attrs.push(parse_quote!(#[allow(non_snake_case, clippy::needless_pass_by_value)]));
    quote!(#definition #function #exported)
}

/// The struct of a component's props, and the builder that its tag fills in. A required prop is a type parameter of
/// the builder, so that leaving it out is an error that names it.
fn define_props(
    name: &Ident,
    props_name: &Ident,
    vis: &syn::Visibility,
    props: &[Prop],
) -> TokenStream {
    let builder = format_ident!("{name}PropsBuilder");
    let types: Vec<_> = props.iter().map(|prop| &prop.ty).collect();
    let names: Vec<_> = props.iter().map(|prop| &prop.name).collect();
    let docs: Vec<_> = props.iter().map(|prop| &prop.docs).collect();
    let required: Vec<_> = props.iter().filter(|prop| !prop.is_optional()).collect();
    let states: Vec<_> = required.iter().map(|prop| state(prop)).collect();
    let missing = states.iter().map(|_| quote!(()));
    let none = props.iter().map(|_| quote!(::core::option::Option::None));
    let setters =
        props.iter().enumerate().map(|(at, prop)| setter(prop, at, &builder, &required, vis));
    let given: Vec<_> = required.iter().map(|prop| marker(name, &prop.name)).collect();
    let markers = required.iter().zip(&given).map(|(prop, given)| {
        let message = format!("`<{name}>` lacks the prop `{}`", prop.name);
        let label = format!("hint: add `{}={{…}}`", prop.name);
        quote! {
            #[doc(hidden)]
            #[diagnostic::on_unimplemented(message = #message, label = #label)]
            #vis trait #given {}
            impl #given for ::hmr_sdk::rt::Given {}
        }
    });
    let values = props.iter().enumerate().map(|(at, prop)| {
        let at = Index::from(at);
        if let Some(default) = prop.default_tokens() {
            quote!(match self.values.#at {
                ::core::option::Option::Some(value) => value,
                ::core::option::Option::None => #default,
            })
        } else {
            quote!(::hmr_sdk::rt::given(self.values.#at))
        }
    });
    let doc = format!("The props of `{name}`.");
    quote! {
        #[doc = #doc]
        #[allow(missing_docs)]
        #vis struct #props_name { #(#(#docs)* #vis #names: #types,)* }
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #vis struct #builder<#(#states),*> {
            values: (#(::core::option::Option<#types>,)*),
            state: ::core::marker::PhantomData<(#(#states,)*)>,
        }
        #(#markers)*
        impl ::hmr_sdk::rt::Props for #props_name {
            type Builder = #builder<#(#missing),*>;
            fn builder() -> Self::Builder {
                #builder { values: (#(#none,)*), state: ::core::marker::PhantomData }
            }
        }
        #[doc(hidden)]
        #[allow(missing_docs, clippy::must_use_candidate, clippy::return_self_not_must_use)]
        impl<#(#states),*> #builder<#(#states),*> {
            #(#setters)*
            #vis fn __build(self) -> #props_name
            where #(#states: #given),*
            {
                #props_name { #(#names: #values,)* }
            }
        }
    }
}

/// The trait that stands for "this required prop was given".
fn marker(component: &Ident, prop: &Ident) -> Ident {
    format_ident!("__{component}Has{}", camel(prop))
}

fn setter(
    prop: &Prop,
    at: usize,
    builder: &Ident,
    required: &[&Prop],
    vis: &syn::Visibility,
) -> TokenStream {
    let (name, ty, at) = (&prop.name, &prop.ty, Index::from(at));
    let (arg, value) = if prop.into {
        (quote!(impl ::core::convert::Into<#ty>), quote!(::core::convert::Into::into(value)))
    } else {
        (quote!(#ty), quote!(value))
    };
    let states = required
        .iter()
        .map(|other| if other.name == *name { quote!(::hmr_sdk::rt::Given) } else { state(other) });
    quote! {
        #vis fn #name(mut self, value: #arg) -> #builder<#(#states),*> {
            self.values.#at = ::core::option::Option::Some(#value);
            #builder { values: self.values, state: ::core::marker::PhantomData }
        }
    }
}

/// The type parameter that tells whether a required prop was given.
fn state(prop: &Prop) -> TokenStream {
    let state = format_ident!("Has{}", camel(&prop.name));
    quote!(#state)
}

fn camel(name: &Ident) -> String {
    name.to_string()
        .trim_start_matches("r#")
        .split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
        })
        .collect()
}

/// What makes a component mountable: its export, its manifest line, and the reading of its props.
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
                ::core::result::Result::Ok(::std::boxed::Box::new(move || #name(props)))
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

/// The lines of the manifest that tell what a component declares besides its name.
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
