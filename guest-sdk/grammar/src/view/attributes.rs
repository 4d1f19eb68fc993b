//! Attributes of elements: plain ones, directives, and their errors.

use std::collections::{HashMap, HashSet};

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use rstml::node::{KeyedAttribute, NodeAttribute};
use syn::Expr;
use syn::spanned::Spanned;

use super::{Element, Views, expr_of_value, name_of};
use crate::error::{most_similar, suspicious};
use crate::{names, tags};

/// The value of an attribute; one without a value is `true`.
pub(super) fn value_or_true(attribute: &KeyedAttribute) -> TokenStream {
    expr_of_value(attribute).map_or_else(|| quote!(true), |expr| quote!(#expr))
}

/// The event that an attribute listens for, and whether in the capture phase.
fn listened(name: &str) -> Option<(String, bool)> {
    let (event, capture) = match name {
        "bind:value" => ("input", false),
        "bind:checked" => ("change", false),
        _ => {
            let mut words = name.strip_prefix("on:")?.split(':');
            (words.next()?, words.any(|word| word == "capture"))
        }
    };
    Some((event.to_owned(), capture))
}

/// The name of an attribute, with a warning if it looks like a misspelling. The attributes of SVG, `MathML` and custom elements
/// are not known here.
fn checked_name(attribute: &KeyedAttribute, name: &str, tag: &str) -> TokenStream {
    match names::similar_attribute(name).filter(|_| tags::is_html(tag)) {
        None => quote!(#name),
        Some(similar) => {
            let message = format!("`<{tag}>` has no attribute `{name}`");
            let hint = did_you_mean("", similar);
            suspicious(attribute.key.span(), "UNKNOWN_ATTRIBUTE", name, &message, &hint)
        }
    }
}

fn did_you_mean(prefix: &str, similar: &str) -> String {
    format!(
        "did you mean `{prefix}{similar}`? If the name is your own, write `#[allow(deprecated)]` above the function"
    )
}

impl Views {
    /// The attributes that are well formed, each name once.
    pub(super) fn attributes(&mut self, element: &Element) -> Vec<KeyedAttribute> {
        let mut seen = HashSet::new();
        let mut listeners = HashMap::new();
        let mut kept = Vec::new();
        for attribute in element.attributes() {
            match attribute {
                NodeAttribute::Attribute(attribute) => {
                    let name = name_of(attribute);
                    if let Some(listened) = listened(&name)
                        && let Some(first) = listeners.insert(listened, name.clone())
                        && first != name
                    {
                        self.mistakes.on(
                            &attribute.key,
                            &format!("`{first}` and `{name}` listen for the same event"),
                            "an element has one handler for each event: do both in one `on:` handler, with `prop:` instead of `bind:`",
                        );
                    } else if seen.insert(name.clone()) {
                        kept.push(attribute.clone());
                    } else {
                        self.mistakes.on(
                            &attribute.key,
                            &format!("`{name}` is given twice"),
                            "keep one of them",
                        );
                    }
                }
                NodeAttribute::Block(block) => {
                    self.mistakes.on(block, "an attribute has a name", "write `name={value}`");
                }
            }
        }
        kept
    }

    /// The call for an attribute of an element, and whether it comes after the children: a `<select>` takes its value
    /// only once it has options.
    pub(super) fn attribute(
        &mut self,
        attribute: &KeyedAttribute,
        tag: &str,
    ) -> (TokenStream, bool) {
        let name = name_of(attribute);
        let span = attribute.key.span();
        let mut parts = name.splitn(2, ':');
        let (prefix, rest) = (parts.next().unwrap_or_default(), parts.next());
        let Some(rest) = rest else { return (self.plain(attribute, &name, tag), false) };
        let value = value_or_true(attribute);
        match prefix {
            "on" => (self.on(attribute, rest, tag), false),
            "class" => (quote_spanned!(span=> .class(#rest, #value)), false),
            "style" => (quote_spanned!(span=> .style(#rest, #value)), false),
            "prop" => (quote_spanned!(span=> .prop(#rest, #value)), true),
            "bind" => (self.bind(attribute, rest, &value), true),
            "xlink" | "xml" | "xmlns" => (quote_spanned!(span=> .attr(#name, #value)), false),
            _ => {
                const PREFIXES: [&str; 5] = ["on", "class", "style", "prop", "bind"];
                let hint = most_similar(prefix, PREFIXES).map_or_else(
                    || "`on:`, `class:`, `style:`, `prop:` and `bind:` are known".to_owned(),
                    |known| format!("did you mean `{known}:{rest}`?"),
                );
                self.mistakes.on(
                    &attribute.key,
                    &format!("there is no directive `{prefix}:`"),
                    &hint,
                );
                (TokenStream::new(), false)
            }
        }
    }

    fn plain(&mut self, attribute: &KeyedAttribute, name: &str, tag: &str) -> TokenStream {
        let span = attribute.key.span();
        match name {
            "key" => {
                let value = self.value(attribute);
                return quote_spanned!(span=> .key(#value));
            }
            "ref" => {
                let value = self.value(attribute);
                return quote_spanned!(span=> .node_ref(#value));
            }
            "draw" if tag == "canvas" => {
                let value = self.value(attribute);
                return quote_spanned!(span=> .draw(#value));
            }
            _ => {}
        }
        if self.is_listener(attribute, name) {
            return TokenStream::new();
        }
        let checked = checked_name(attribute, name, tag);
        if let Some(text) = attribute.value_literal_string() {
            return quote_spanned!(span=> .attr_text(#checked, #text));
        }
        let Some(expr) = expr_of_value(attribute) else {
            return quote_spanned!(span=> .attr_text(#checked, ""));
        };
        if tag == "hmr-component" && name == "props" && !matches!(expr, Expr::Closure(_)) {
            return quote_spanned!(span=> .attr(#name, ::hmr_sdk::rt::props(&#expr)));
        }
        quote_spanned!(span=> .attr(#checked, #expr))
    }

    /// Whether an attribute is one that would be run as a script, as `onclick` is: engines refuse it.
    fn is_listener(&mut self, attribute: &KeyedAttribute, name: &str) -> bool {
        let Some((on, event)) = name.split_at_checked(2) else { return false };
        if !on.eq_ignore_ascii_case("on") {
            return false;
        }
        let event = event.trim_start_matches(['-', '_']).to_ascii_lowercase();
        let event = names::similar_event(&event).unwrap_or(&event);
        let event = if event.is_empty() { "click" } else { event };
        self.mistakes.on(
            &attribute.key,
            &format!(
                "`{name}` is not how a view listens: attributes that begin with `on` are refused"
            ),
            &format!("write `on:{event}={{move |event| …}}`"),
        );
        true
    }

    fn bind(&mut self, attribute: &KeyedAttribute, what: &str, value: &TokenStream) -> TokenStream {
        let span = attribute.key.span();
        match what {
            "value" => quote_spanned!(span=> .bind_value(#value)),
            "checked" => quote_spanned!(span=> .bind_checked(#value)),
            _ => {
                self.mistakes.on(
                    &attribute.key,
                    &format!("`{what}` cannot be bound"),
                    &format!("`bind:value` and `bind:checked` can; write `prop:{what}` and an `on:` handler"),
                );
                TokenStream::new()
            }
        }
    }

    fn on(&mut self, attribute: &KeyedAttribute, rest: &str, tag: &str) -> TokenStream {
        const MODIFIERS: [(&str, u8); 4] =
            [("prevent", 1), ("stop", 2), ("capture", 4), ("passive", 8)];
        let span = attribute.key.span();
        let mut words = rest.split(':');
        let event = words.next().unwrap_or_default();
        let mut flags = 0;
        for word in words {
            if let Some((_, flag)) = MODIFIERS.iter().find(|(name, _)| *name == word) {
                flags |= flag;
            } else {
                let hint = most_similar(word, MODIFIERS.map(|(name, _)| name)).map_or_else(
                    || "`prevent`, `stop`, `capture` and `passive` are known".to_owned(),
                    |known| format!("did you mean `{known}`?"),
                );
                self.mistakes.on(
                    &attribute.key,
                    &format!("`on:` does not know the modifier `{word}`"),
                    &hint,
                );
            }
        }
        if expr_of_value(attribute).is_none() {
            let hint = format!("write `on:{rest}={{move |event| …}}`");
            self.mistakes.on(&attribute.key, &format!("`on:{rest}` has no handler"), &hint);
            return TokenStream::new();
        }
        let handler = self.value(attribute);
        // A custom element may fire any event.
        let similar = names::similar_event(event).filter(|_| !tag.contains('-'));
        let event = similar.map_or_else(
            || quote!(#event),
            |similar| {
                let message = format!("browsers have no event `{event}`");
                suspicious(span, "UNKNOWN_EVENT", event, &message, &did_you_mean("on:", similar))
            },
        );
        quote_spanned!(span=> .on(#event, #flags, #handler))
    }

    /// The value of an attribute that has to have one.
    pub(super) fn value(&mut self, attribute: &KeyedAttribute) -> TokenStream {
        if let Some(expr) = expr_of_value(attribute) {
            quote!(#expr)
        } else {
            let name = name_of(attribute);
            let hint = format!("write `{name}={{…}}`");
            self.mistakes.on(&attribute.key, &format!("`{name}` has no value"), &hint);
            quote!(())
        }
    }
}
