//! A component's arguments: the struct that they become, and the builder that its tag fills in.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, Expr, FnArg, GenericParam, Generics, Ident, Index, Pat, PatType, Type};

use crate::error::Mistakes;

/// The value of an omitted prop.
enum Default {
    /// It cannot be.
    Required,
    /// Its type's default.
    OfType,
    /// This.
    Expr(Box<Expr>),
}

/// One argument of a component.
pub(super) struct Prop {
    pub(super) name: Ident,
    pub(super) mutable: bool,
    pub(super) ty: Type,
    default: Default,
    pub(super) into: bool,
    docs: Vec<Attribute>,
}

impl Prop {
    pub(super) fn read(input: &FnArg, mistakes: &mut Mistakes) -> Option<Self> {
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
        prop.into |=
            children || matches!(prop.type_name().as_deref(), Some("Callback" | "ReadSignal"));
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

    pub(super) fn type_name(&self) -> Option<String> {
        match &self.ty {
            Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        }
    }

    fn is_optional(&self) -> bool {
        !matches!(self.default, Default::Required)
    }

    pub(super) fn default_tokens(&self) -> Option<TokenStream> {
        match &self.default {
            Default::Required => None,
            Default::OfType => Some(quote!(::core::default::Default::default())),
            Default::Expr(expr) => Some(quote!(#expr)),
        }
    }
}

/// The type parameters of a component, for the items that it becomes.
struct Parameters<'a> {
    generics: &'a Generics,
    /// With their bounds.
    declared: Vec<&'a GenericParam>,
    names: Vec<&'a Ident>,
    /// Those that are types, which props need not use.
    types: Vec<&'a Ident>,
}

impl<'a> Parameters<'a> {
    fn of(generics: &'a Generics) -> Self {
        let declared: Vec<_> = generics.params.iter().collect();
        let names = declared.iter().filter_map(|param| match param {
            GenericParam::Type(ty) => Some(&ty.ident),
            GenericParam::Const(constant) => Some(&constant.ident),
            GenericParam::Lifetime(_) => None,
        });
        let types = generics.type_params().map(|ty| &ty.ident).collect();
        Self { generics, names: names.collect(), types, declared }
    }
}

/// The struct of a component's props, and the builder that its tag fills in. A required prop is a type parameter of
/// the builder, so that leaving it out is an error that names it.
pub(super) fn define_props(
    name: &Ident,
    props_name: &Ident,
    vis: &syn::Visibility,
    props: &[Prop],
    generics: &Generics,
) -> TokenStream {
    let builder = format_ident!("{name}PropsBuilder");
    let parameters = Parameters::of(generics);
    let (in_impl, in_type, condition) = generics.split_for_impl();
    let Parameters { declared, names: parameter_names, types: type_parameters, .. } = &parameters;
    let types: Vec<_> = props.iter().map(|prop| &prop.ty).collect();
    let names: Vec<_> = props.iter().map(|prop| &prop.name).collect();
    let docs: Vec<_> = props.iter().map(|prop| &prop.docs).collect();
    let required: Vec<_> = props.iter().filter(|prop| !prop.is_optional()).collect();
    let states: Vec<_> = required.iter().map(|prop| state(prop)).collect();
    let missing = states.iter().map(|_| quote!(()));
    let none = props.iter().map(|_| quote!(::core::option::Option::None));
    let setters = props
        .iter()
        .enumerate()
        .map(|(at, prop)| setter(prop, at, &builder, &required, vis, &parameters));
    let given: Vec<_> = required.iter().map(|prop| marker(name, &prop.name)).collect();
    let markers = required.iter().map(|prop| define_marker(name, &prop.name, vis));
    let values = props.iter().enumerate().map(|(at, prop)| value_or_default(prop, at));
    let doc = format!("The props of `{name}`.");
    let childless = props.iter().all(|prop| prop.name != "children");
    let childless = childless.then(|| refuse_children(name, vis, &parameters));
    let (takes_children, no_children) = childless.unzip();
    let (unused_field, unused_value) = unused_parameters(&parameters).unzip();
    let of_parameters = condition.map(|condition| &condition.predicates);
    quote! {
        #[doc = #doc]
        #[allow(missing_docs)]
        #vis struct #props_name #in_impl #condition { #(#(#docs)* #vis #names: #types,)* #unused_field }
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #vis struct #builder<#(#declared,)* #(#states),*> #condition {
            values: (#(::core::option::Option<#types>,)*),
            state: ::core::marker::PhantomData<(#(#states,)* #(#type_parameters,)*)>,
        }
        #(#markers)*
        #takes_children
        impl #in_impl ::hmr_sdk::rt::Props for #props_name #in_type #condition {
            type Builder = #builder<#(#parameter_names,)* #(#missing),*>;
            fn builder() -> Self::Builder {
                #builder { values: (#(#none,)*), state: ::core::marker::PhantomData }
            }
        }
        #[doc(hidden)]
        #[allow(missing_docs, clippy::must_use_candidate, clippy::return_self_not_must_use)]
        impl<#(#declared,)* #(#states),*> #builder<#(#parameter_names,)* #(#states),*> #condition {
            #(#setters)*
            #no_children
            #vis fn __build(self) -> #props_name #in_type
            where #(#states: #given,)* #of_parameters
            {
                #props_name { #(#names: #values,)* #unused_value }
            }
        }
    }
}

/// The field, and its value, by which a struct has all type parameters, even those that no prop mentions.
fn unused_parameters(parameters: &Parameters<'_>) -> Option<(TokenStream, TokenStream)> {
    let types = &parameters.types;
    (!parameters.generics.params.is_empty()).then(|| {
        (
            quote!(__types: ::core::marker::PhantomData<fn() -> (#(#types,)*)>,),
            quote!(__types: ::core::marker::PhantomData,),
        )
    })
}

/// Makes children of a component that takes none an error with a hint: a trait that no type implements, and a method of the builder
/// that requires it.
fn refuse_children(
    name: &Ident,
    vis: &syn::Visibility,
    parameters: &Parameters<'_>,
) -> (TokenStream, TokenStream) {
    let ty = if parameters.names.is_empty() { "T" } else { "__Children" };
    let ty = Ident::new(ty, name.span());
    let takes = format_ident!("__{name}TakesChildren");
    let message = format!("`<{name}>` takes no children");
    let label = format!("hint: leave them out, or give `{name}` the prop `children: Children`");
    let definition = quote! {
        #[doc(hidden)]
        #[allow(dead_code)]
        #[diagnostic::on_unimplemented(message = #message, label = #label)]
        #vis trait #takes {}
    };
    let method = quote! {
        #[allow(dead_code)]
        #vis fn children<#ty: #takes>(self, _children: #ty) -> Self {
            self
        }
    };
    (definition, method)
}

/// The trait for "this required prop was given".
fn marker(component: &Ident, prop: &Ident) -> Ident {
    format_ident!("__{component}Has{}", camel(prop))
}

/// Defines that trait, with the error for a prop that was not given.
fn define_marker(component: &Ident, prop: &Ident, vis: &syn::Visibility) -> TokenStream {
    let given = marker(component, prop);
    let message = format!("`<{component}>` lacks the prop `{prop}`");
    let label = format!("hint: add `{prop}={{…}}`");
    quote! {
        #[doc(hidden)]
        #[diagnostic::on_unimplemented(message = #message, label = #label)]
        #vis trait #given {}
        impl #given for ::hmr_sdk::rt::Given {}
    }
}

/// The value of a prop when the struct is built.
fn value_or_default(prop: &Prop, at: usize) -> TokenStream {
    let at = Index::from(at);
    if let Some(default) = prop.default_tokens() {
        quote!(match self.values.#at {
            ::core::option::Option::Some(value) => value,
            ::core::option::Option::None => #default,
        })
    } else {
        quote!(::hmr_sdk::rt::given(self.values.#at))
    }
}

fn setter(
    prop: &Prop,
    at: usize,
    builder: &Ident,
    required: &[&Prop],
    vis: &syn::Visibility,
    parameters: &Parameters<'_>,
) -> TokenStream {
    let parameter_names = &parameters.names;
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
        #vis fn #name(mut self, value: #arg) -> #builder<#(#parameter_names,)* #(#states),*> {
            self.values.#at = ::core::option::Option::Some(#value);
            #builder { values: self.values, state: ::core::marker::PhantomData }
        }
    }
}

/// The type parameter for whether a required prop was given.
fn state(prop: &Prop) -> TokenStream {
    let state = format_ident!("Has{}", camel(&prop.name));
    quote!(#state)
}

pub(super) fn camel(name: &Ident) -> String {
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
