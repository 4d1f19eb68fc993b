//! Components in views, with the two that the language knows: `<Show>` and `<For>`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use rstml::node::KeyedAttribute;
use syn::spanned::Spanned;

use super::attributes::value_or_true;
use super::{Element, Views, name_of};
use crate::error::most_alike;
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
            setters.extend(quote_spanned!(span=> .children(move || #children)));
        }
        let props = quote_spanned!(span=> ::hmr_sdk::rt::builder(#name) #setters .__build());
        quote_spanned!(span=> ::hmr_sdk::rt::child(#label, #key, #props, #name))
    }

    pub(super) fn show(&mut self, element: &Element, outer: Space) -> TokenStream {
        let mut when = None;
        let mut fallback = quote!(|| ());
        for attribute in self.attributes(element) {
            match name_of(&attribute).as_str() {
                "when" => when = Some(self.value(&attribute)),
                "fallback" => fallback = self.value(&attribute),
                other => self.unknown_prop(&attribute, "Show", other, &["when", "fallback"]),
            }
        }
        let Some(when) = when else {
            self.mistakes.at(
                element.name().span(),
                "`<Show>` lacks its condition",
                "add `when={move || …}`",
            );
            return quote!(());
        };
        let children = self.fragment(&element.children, outer);
        quote!(::hmr_sdk::rt::show(#when, move || #children, #fallback))
    }

    pub(super) fn list(&mut self, element: &Element) -> TokenStream {
        let (mut each, mut key, mut view) = (None, None, None);
        for attribute in self.attributes(element) {
            match name_of(&attribute).as_str() {
                "each" => each = Some(self.value(&attribute)),
                "key" => key = Some(self.value(&attribute)),
                "view" => view = Some(self.value(&attribute)),
                other => self.unknown_prop(&attribute, "For", other, &["each", "key", "view"]),
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
        quote!(::hmr_sdk::rt::list(#each, #key, #view))
    }

    fn unknown_prop(&mut self, attribute: &KeyedAttribute, tag: &str, prop: &str, known: &[&str]) {
        let hint = most_alike(prop, known.iter().copied()).map_or_else(
            || format!("it has `{}`", known.join("`, `")),
            |known| format!("did you mean `{known}`?"),
        );
        self.mistakes.on(&attribute.key, &format!("`<{tag}>` has no prop `{prop}`"), &hint);
    }
}
