//! `#[derive(Route)]`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{Data, DeriveInput, Fields, Ident, LitStr, Variant};

use crate::error::Mistakes;

/// A part of a path between two slashes.
enum Part {
    Literal(String),
    /// The value of a field.
    Field(Ident),
    /// The value of a field, of all parts that follow.
    Rest(Ident),
}

/// One variant with its path.
struct Place {
    name: Ident,
    parts: Vec<Part>,
}

/// `#[derive(Route)]` on an enum.
#[must_use]
pub fn route(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let mut mistakes = Mistakes::default();
    let mut places = Vec::new();
    if let Data::Enum(data) = &input.data {
        places.extend(data.variants.iter().filter_map(|variant| place(variant, &mut mistakes)));
    } else {
        mistakes.on(&input.ident, "routes are an enum", "make it one, a variant for each route");
    }
    if !input.generics.params.is_empty() {
        mistakes.on(&input.generics, "routes have no parameters", "give the fields their types");
    }
    mistakes.tokens().unwrap_or_else(|| expand(&input.ident, &places))
}

fn place(variant: &Variant, mistakes: &mut Mistakes) -> Option<Place> {
    let mut given = variant.attrs.iter().filter(|attribute| attribute.path().is_ident("route"));
    let Some(attribute) = given.next() else {
        let message = format!("`{}` has no path", variant.ident);
        mistakes.on(&variant.ident, &message, "write `#[route(\"/path\")]` above it");
        return None;
    };
    let path: LitStr = match attribute.parse_args() {
        Ok(path) => path,
        Err(error) => {
            mistakes.at(error.span(), "a route is a path", "write `#[route(\"/users/:id\")]`");
            return None;
        }
    };
    let parts = parts_of(&path, mistakes)?;
    check_fields(variant, &path, &parts, mistakes);
    Some(Place { name: variant.ident.clone(), parts })
}

fn parts_of(path: &LitStr, mistakes: &mut Mistakes) -> Option<Vec<Part>> {
    let text = path.value();
    let Some(inner) = text.strip_prefix('/') else {
        mistakes.on(path, "a path begins with `/`", &format!("write `\"/{text}\"`"));
        return None;
    };
    if inner.is_empty() {
        return Some(Vec::new());
    }
    let segments: Vec<&str> = inner.split('/').collect();
    let mut parts = Vec::new();
    for (at, segment) in segments.iter().enumerate() {
        let field = |name: &str, mistakes: &mut Mistakes| {
            if let Ok(mut name) = syn::parse_str::<Ident>(name) {
                name.set_span(path.span());
                return Some(name);
            }
            let message = format!("`{name}` cannot be the name of a field");
            mistakes.on(path, &message, "write `:id`, or `*path` for all that follows");
            None
        };
        parts.push(if let Some(name) = segment.strip_prefix(':') {
            Part::Field(field(name, mistakes)?)
        } else if let Some(name) = segment.strip_prefix('*') {
            if at + 1 < segments.len() {
                mistakes.on(path, "`*` takes all that follows", "put it at the end of the path");
            }
            Part::Rest(field(name, mistakes)?)
        } else {
            if segment.is_empty() {
                mistakes.on(path, "the path has an empty part", "leave one slash out");
            }
            Part::Literal((*segment).to_owned())
        });
    }
    Some(parts)
}

/// Each field is in the path once, and each name of the path is a field.
fn check_fields(variant: &Variant, path: &LitStr, parts: &[Part], mistakes: &mut Mistakes) {
    let fields: Vec<&Ident> = match &variant.fields {
        Fields::Named(fields) => {
            fields.named.iter().filter_map(|field| field.ident.as_ref()).collect()
        }
        Fields::Unit => Vec::new(),
        Fields::Unnamed(fields) => {
            let hint = format!("write `{} {{ id: … }}`", variant.ident);
            return mistakes.on(fields, "the fields of a route have names", &hint);
        }
    };
    let names = parts.iter().filter_map(|part| match part {
        Part::Field(name) | Part::Rest(name) => Some(name),
        Part::Literal(_) => None,
    });
    let names: Vec<&Ident> = names.collect();
    for (at, name) in names.iter().enumerate() {
        if !fields.contains(name) {
            let message = format!("`{}` has no field `{name}`", variant.ident);
            mistakes.on(path, &message, &format!("add `{name}` to its fields"));
        }
        if names[..at].contains(name) {
            mistakes.on(path, &format!("`{name}` is in the path twice"), "take one out");
        }
    }
    for field in fields {
        if !names.contains(&field) {
            let message = format!("the path of `{}` lacks `{field}`", variant.ident);
            mistakes.on(field, &message, &format!("add `:{field}` to the path"));
        }
    }
}

fn expand(name: &Ident, places: &[Place]) -> TokenStream {
    let reads = places.iter().map(read);
    let writes = places.iter().map(write);
    quote! {
        impl ::hmr_sdk::Route for #name {
            fn parse(path: &str) -> ::core::option::Option<Self> {
                let __segments = ::hmr_sdk::rt::segments(path);
                let __segments: ::std::vec::Vec<&str> =
                    __segments.iter().map(::std::string::String::as_str).collect();
                #(#reads)*
                ::core::option::Option::None
            }

            fn path(&self) -> ::std::string::String {
                let mut __path = ::std::string::String::new();
                match self { #(#writes)* }
                ::hmr_sdk::rt::finished(__path)
            }
        }
    }
}

/// Returns the variant if the segments are its path.
fn read(place: &Place) -> TokenStream {
    let Place { name, parts } = place;
    let local =
        |field: &Ident| format_ident!("__of_{}", field.to_string().trim_start_matches("r#"));
    let patterns = parts.iter().map(|part| match part {
        Part::Literal(text) => text.to_token_stream(),
        Part::Field(field) => local(field).to_token_stream(),
        Part::Rest(field) => {
            let local = local(field);
            quote!(#local @ ..)
        }
    });
    let fields: Vec<&Ident> = parts.iter().filter_map(field_of).collect();
    let mut found = quote!(return ::core::option::Option::Some(Self::#name { #(#fields),* }););
    for part in parts.iter().rev() {
        let Some(field) = field_of(part) else { continue };
        let function = Ident::new(
            if matches!(part, Part::Rest(_)) { "rest" } else { "part" },
            Span::call_site(),
        );
        let local = local(field);
        found = quote! {
            if let ::core::option::Option::Some(#field) = ::hmr_sdk::rt::#function(#local) { #found }
        };
    }
    quote!(if let [#(#patterns),*] = __segments.as_slice() { #found })
}

fn field_of(part: &Part) -> Option<&Ident> {
    match part {
        Part::Field(field) | Part::Rest(field) => Some(field),
        Part::Literal(_) => None,
    }
}

/// The arm that writes the variant's path.
fn write(place: &Place) -> TokenStream {
    let Place { name, parts } = place;
    let fields = parts.iter().filter_map(field_of);
    let pushes = parts.iter().map(|part| match part {
        Part::Literal(text) => quote!(::hmr_sdk::rt::push_part(&mut __path, &#text);),
        Part::Field(field) => quote!(::hmr_sdk::rt::push_part(&mut __path, #field);),
        Part::Rest(field) => quote!(::hmr_sdk::rt::push_rest(&mut __path, #field);),
    });
    quote!(Self::#name { #(#fields),* } => { #(#pushes)* })
}
