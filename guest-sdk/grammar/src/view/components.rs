//! Components in views, with the two that the language knows: `<Show>` and `<For>`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use rstml::node::KeyedAttribute;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Expr, Member, Stmt};

use super::attributes::value_or_true;
use super::{Element, Views, name_of};
use crate::error::most_similar;
use crate::tags::Space;

impl Views {
    pub(super) fn component(&mut self, element: &Element, outer: Space) -> TokenStream {
        let name = element.name();
        let span = name.span();
        let label = name.to_string();
        let label = label.rsplit("::").next().unwrap_or_default();
        let mut key = quote!(::core::option::Option::None);
        let mut setters = TokenStream::new();
        for attribute in self.attributes(element) {
            let prop = name_of(&attribute);
            if prop == "key" {
                let value = self.value(&attribute);
                key = quote!(::core::option::Option::Some(::std::string::ToString::to_string(&#value)));
                continue;
            }
            if prop.contains([':', '-', '.']) {
                self.mistakes.on(
                    &attribute.key,
                    &format!("a component has props, `{prop}` is for elements"),
                    &format!("make it a prop of `{label}`"),
                );
                continue;
            }
            let value = value_or_true(&attribute);
            let setter = &attribute.key;
            setters.extend(quote_spanned!(setter.span()=> .#setter(#value)));
        }
        if !element.children.is_empty() {
            let children = self.fragment(&element.children, outer);
            // The braces have the place of the tag: if the component takes no children, it is reported there.
            setters.extend(quote_spanned!(span=> .children(move || { #children })));
        }
        let types = &element.open_tag.generics.args;
        let types = (!types.is_empty()).then(|| quote!(::<#types>));
        let function = quote_spanned!(span=> #name #types);
        let props = quote_spanned!(span=> ::hmr_sdk::rt::builder(#function) #setters .__build());
        quote_spanned!(span=> ::hmr_sdk::rt::child(#label, #key, #props, #function))
    }

    pub(super) fn show(&mut self, element: &Element, outer: Space) -> TokenStream {
        let (mut when, mut name) = (None, None);
        let mut fallback = quote!(|| ());
        let mut about = None;
        for attribute in self.attributes(element) {
            match name_of(&attribute).as_str() {
                "when" => {
                    about = subject_of(&attribute);
                    when = Some(self.value(&attribute));
                }
                "fallback" => fallback = self.value(&attribute),
                "name" => name = Some(self.value(&attribute)),
                other => {
                    self.unknown_prop(&attribute, "Show", other, &["when", "fallback", "name"]);
                }
            }
        }
        let name = named(name, about);
        let Some(when) = when else {
            self.mistakes.at(
                element.name().span(),
                "`<Show>` lacks its condition",
                "add `when={move || …}`",
            );
            return quote!(());
        };
        let children = self.fragment(&element.children, outer);
        quote!(::hmr_sdk::rt::show(#name, #when, move || #children, #fallback))
    }

    pub(super) fn list(&mut self, element: &Element) -> TokenStream {
        let (mut each, mut key, mut view, mut name) = (None, None, None, None);
        let mut about = None;
        for attribute in self.attributes(element) {
            match name_of(&attribute).as_str() {
                "each" => {
                    about = subject_of(&attribute);
                    each = Some(self.value(&attribute));
                }
                "key" => key = Some(self.value(&attribute)),
                "view" => view = Some(self.value(&attribute)),
                "name" => name = Some(self.value(&attribute)),
                other => {
                    self.unknown_prop(&attribute, "For", other, &["each", "key", "view", "name"]);
                }
            }
        }
        if let Some(child) = element.children.first() {
            self.mistakes.on(child, "`<For>` has no children", "write `view={|item| view!{…}}`");
        }
        let mut need = |value: Option<TokenStream>, name: &str, example: &str| {
            value.unwrap_or_else(|| {
                self.mistakes.at(
                    element.name().span(),
                    &format!("`<For>` lacks `{name}`"),
                    &format!("add `{name}={{{example}}}`"),
                );
                quote!(())
            })
        };
        let each = need(each, "each", "move || items.get()");
        let key = need(key, "key", "|item| item.id");
        let view = need(view, "view", "|item| view!{…}");
        let name = named(name, about);
        quote!(::hmr_sdk::rt::list(#name, #each, #key, #view))
    }

    fn unknown_prop(&mut self, attribute: &KeyedAttribute, tag: &str, prop: &str, known: &[&str]) {
        let hint = most_similar(prop, known.iter().copied()).map_or_else(
            || format!("it has `{}`", known.join("`, `")),
            |known| format!("did you mean `{known}`?"),
        );
        self.mistakes.on(&attribute.key, &format!("`<{tag}>` has no prop `{prop}`"), &hint);
    }
}

/// The name of a `<Show>` or `<For>` for its key scope: the one that it was given, or that of what it is about.
fn named(given: Option<TokenStream>, about: Option<String>) -> TokenStream {
    match given {
        Some(name) => quote!(::core::convert::AsRef::<str>::as_ref(&#name)),
        None => about.unwrap_or_default().to_token_stream(),
    }
}

/// The subject of an attribute's value.
fn subject_of(attribute: &KeyedAttribute) -> Option<String> {
    subject(attribute.value()?)
}

/// The variable or field that an expression begins with: `todos` of `move || todos.get()` and of `!props.todos.get()`.
fn subject(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Closure(closure) => subject(&closure.body),
        Expr::Block(block) => match block.block.stmts.last()? {
            Stmt::Expr(last, None) => subject(last),
            _ => None,
        },
        Expr::Path(path) => path.path.get_ident().map(|name| name.unraw().to_string()),
        Expr::Field(field) => match &field.member {
            Member::Named(name) => Some(name.unraw().to_string()),
            Member::Unnamed(_) => subject(&field.base),
        },
        Expr::MethodCall(call) => subject(&call.receiver),
        Expr::Index(index) => subject(&index.expr),
        Expr::Unary(unary) => subject(&unary.expr),
        Expr::Reference(reference) => subject(&reference.expr),
        Expr::Paren(paren) => subject(&paren.expr),
        Expr::Binary(binary) => subject(&binary.left).or_else(|| subject(&binary.right)),
        Expr::Let(guard) => subject(&guard.expr),
        _ => None,
    }
}
