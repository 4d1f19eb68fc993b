//! `view!`: from markup to a chain of calls per element.

mod attributes;
mod components;

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use rstml::node::{KeyedAttribute, Node, NodeBlock, NodeElement, RawText};
use rstml::{Infallible, Parser, ParserConfig};
use syn::spanned::Spanned;
use syn::{Expr, Stmt};

use crate::error::{Mistakes, most_similar};
use crate::naming::name_expr;
use crate::tags::{self, Space};

type Element = NodeElement<Infallible>;

/// Expands the markup of a `view!`.
#[must_use]
pub fn view(input: TokenStream) -> TokenStream {
    let void: HashSet<&'static str> = tags::void().collect();
    let config = ParserConfig::default().recover_block(true).always_self_closed_elements(void);
    let (nodes, errors) = Parser::new(config).parse_recoverable(input).split_vec();
    let mut views = Views { mistakes: Mistakes::default(), mismatched: false };
    let body = views.fragment(&nodes, Space::Html);
    // Omits the parser's message for an error that was already reported with a better message.
    let reported = !views.mistakes.is_empty();
    for error in errors.into_iter().flat_map(syn::Error::from) {
        views.parse_error(&error, reported);
    }
    match views.mistakes.tokens() {
        // An empty view, so that the compiler reports no type error besides the mistakes.
        Some(errors) => quote!({ #errors ::hmr_sdk::View::empty() }),
        None => body,
    }
}

struct Views {
    mistakes: Mistakes,
    /// Whether an element was closed by the tag of another one. Elements around it then have no closing tag.
    mismatched: bool,
}

impl Views {
    /// Several nodes as one `View`.
    fn fragment(&mut self, nodes: &[Node], outer: Space) -> TokenStream {
        let mut parts = self.parts(nodes, outer);
        match parts.len() {
            0 => quote!(::hmr_sdk::View::empty()),
            1 => {
                let part = parts.remove(0);
                quote!(::hmr_sdk::IntoView::into_view(#part))
            }
            _ => quote!(::hmr_sdk::IntoView::into_view(
                ::std::vec![#(::hmr_sdk::IntoView::into_view(#parts)),*]
            )),
        }
    }

    /// Each node as an expression that is `IntoView`.
    fn parts(&mut self, nodes: &[Node], outer: Space) -> Vec<TokenStream> {
        nodes.iter().filter_map(|node| self.node(node, outer)).collect()
    }

    fn node(&mut self, node: &Node, outer: Space) -> Option<TokenStream> {
        match node {
            Node::Element(element) => Some(self.element(element, outer)),
            Node::Fragment(fragment) => Some(self.fragment(&fragment.children, outer)),
            Node::Text(text) => Some(text.value.to_token_stream()),
            Node::Block(block) => block_part(block),
            Node::RawText(raw) => {
                self.bare_text(raw);
                None
            }
            Node::Doctype(doctype) => {
                self.mistakes.on(doctype, "a view has no doctype", "it belongs in `index.html`");
                None
            }
            Node::Comment(_) => None,
            Node::Custom(never) => {
                let _ = never;
                None
            }
        }
    }

    fn element(&mut self, element: &Element, outer: Space) -> TokenStream {
        let name = element.name().to_string();
        let tokens = match name.as_str() {
            "Show" => self.show(element, outer),
            "For" => self.list(element),
            _ if is_component(&name) => self.component(element, outer),
            _ => self.html(element, &name, outer),
        };
        self.check_closing(element);
        tokens
    }

    fn html(&mut self, element: &Element, tag: &str, outer: Space) -> TokenStream {
        let span = element.name().span();
        self.check_tag(tag, span);
        let space = Space::of(tag, outer);
        let create = space.function();
        let mut chain = quote_spanned!(span=> ::hmr_sdk::rt::#create(#tag));
        let mut late = TokenStream::new();
        let mut attributes = self.attributes(element);
        if tag == "hmr-component" {
            let what = placement_of(&attributes);
            let key = attributes.iter().position(|attribute| name_of(attribute) == "key");
            let key = key.map(|at| attributes.remove(at)).and_then(|key| expr_of_value(&key));
            let key = key.map_or_else(
                || quote!(::core::option::Option::None),
                |key| quote!(::core::option::Option::Some(&(#key))),
            );
            chain = quote_spanned!(span=> ::hmr_sdk::rt::placed(#what, #key));
        }
        for attribute in attributes {
            let (call, after_children) = self.attribute(&attribute, tag);
            if after_children { late.extend(call) } else { chain.extend(call) }
        }
        for child in &element.children {
            let Some(tokens) = self.node(child, space.inside(tag)) else { continue };
            match child {
                Node::Text(_) => chain.extend(quote!(.text(#tokens))),
                _ => chain.extend(quote!(.child(#tokens))),
            }
        }
        quote!(#chain #late)
    }

    fn check_tag(&mut self, tag: &str, span: Span) {
        if !tags::is_known(tag) {
            let hint = most_similar(tag, tags::all()).map_or_else(
                || "components begin with a capital letter, custom elements have a dash".to_owned(),
                |known| format!("did you mean `<{known}>`?"),
            );
            self.mistakes.at(span, &format!("there is no element `<{tag}>`"), &hint);
        }
    }

    /// Whether an element is closed as it was opened.
    fn check_closing(&mut self, element: &Element) {
        let name = element.name().to_string();
        match &element.close_tag {
            Some(close) if close.name.to_string() != name => {
                let closing = close.name.to_string();
                self.mismatched = true;
                if tags::is_void(&closing) {
                    let message = format!("`<{closing}>` cannot have children");
                    self.mistakes.on(&close.name, &message, &format!("write `<{closing} />`"));
                } else {
                    let message = format!("`<{name}>` is closed by `</{closing}>`");
                    self.mistakes.on(&close.name, &message, &format!("add `</{name}>` before it"));
                }
            }
            None if !self.mismatched
                && !element.open_tag.is_self_closed()
                && !tags::is_void(&name) =>
            {
                let hint = format!("add `</{name}>`, or write `<{name} />`");
                self.mistakes.on(element.name(), &format!("`<{name}>` is never closed"), &hint);
            }
            _ => {}
        }
    }

    fn bare_text(&mut self, raw: &RawText) {
        let text = raw.to_string_best();
        let hint = if text.contains(char::is_whitespace) {
            format!("write `\"{text}\"`")
        } else {
            format!("write `\"{text}\"`, or `{{{text}}}` if it is an expression")
        };
        self.mistakes.on(raw, "text in a view stands in quotation marks", &hint);
    }

    fn parse_error(&mut self, error: &syn::Error, reported: bool) {
        let message = error.to_string();
        match message.as_str() {
            "close tag was parsed while waiting for open tag" => self.mistakes.at(
                error.span(),
                "a closing tag that closes nothing",
                "take it out; elements like `<input>` have no closing tag",
            ),
            "wrong close tag found"
            | "open tag has no corresponding close tag"
            | "close tag generics missmatch" => {}
            other
                if other.starts_with('[') || (reported && other.contains("Node parse failed")) => {}
            other if other.contains("skipped after incorrect parsing") => {}
            _ => self.mistakes.push(error.clone()),
        }
    }
}

/// The known parts of the module, component and name in an `hmr-component` element.
fn placement_of(attributes: &[KeyedAttribute]) -> String {
    let value = |name: &str| {
        let attribute = attributes.iter().find(|attribute| name_of(attribute) == name)?;
        Some(attribute.value_literal_string().unwrap_or_else(|| "?".to_owned()))
    };
    let part = |name: &str| value(name).unwrap_or_default();
    let name = value("name").map(|name| format!(" {name}")).unwrap_or_default();
    format!("{}.{}{name}", part("module"), part("component")).replace([':', '#'], "_")
}

/// `{expr}` between tags.
fn block_part(block: &NodeBlock) -> Option<TokenStream> {
    let expr = expr_of(block)?;
    if let (Expr::Closure(_), Some(name)) = (&expr, region_name(&expr)) {
        return Some(quote!(::hmr_sdk::rt::region(#name, #expr)));
    }
    Some(quote!(#expr))
}

/// Whether a tag names a component: the last part of its path begins with a capital letter.
fn is_component(name: &str) -> bool {
    name.rsplit("::").next().unwrap_or(name).starts_with(char::is_uppercase) || name.contains("::")
}

fn name_of(attribute: &KeyedAttribute) -> String {
    attribute.key.to_string().replace("r#", "")
}

/// The expression of a block; a block that holds one expression only is that expression.
fn expr_of(block: &NodeBlock) -> Option<Expr> {
    let block = block.try_block()?.clone();
    Some(unwrap(Expr::Block(syn::ExprBlock { attrs: Vec::new(), label: None, block })))
}

fn expr_of_value(attribute: &KeyedAttribute) -> Option<Expr> {
    attribute.value().cloned().map(unwrap)
}

fn unwrap(expr: Expr) -> Expr {
    let mut expr = match expr {
        Expr::Block(block) if block.label.is_none() && block.attrs.is_empty() => {
            match block.block.stmts.as_slice() {
                [Stmt::Expr(inner, None)] => inner.clone(),
                _ => Expr::Block(block),
            }
        }
        other => other,
    };
    name_expr(&mut expr);
    expr
}

/// The key scope of a closure that renders: named after the first component in it, so that a region that is added
/// elsewhere does not rename it. Closures without a view make no components and need no scope.
fn region_name(expr: &Expr) -> Option<String> {
    fn search(tokens: TokenStream, seen_view: &mut bool, after_angle: &mut bool) -> Option<String> {
        for token in tokens {
            match token {
                TokenTree::Group(group) => {
                    *after_angle = false;
                    if let Some(found) = search(group.stream(), seen_view, after_angle) {
                        return Some(found);
                    }
                }
                TokenTree::Ident(ident) => {
                    let name = ident.to_string();
                    if *after_angle && name.starts_with(char::is_uppercase) && *seen_view {
                        return Some(name);
                    }
                    *seen_view |= name == "view";
                    *after_angle = false;
                }
                TokenTree::Punct(punct) => *after_angle = punct.as_char() == '<',
                TokenTree::Literal(_) => *after_angle = false,
            }
        }
        None
    }
    let mut seen_view = false;
    let found = search(expr.to_token_stream(), &mut seen_view, &mut false);
    found.map(|name| format!("?{name}")).or_else(|| seen_view.then(|| "?view".to_owned()))
}
