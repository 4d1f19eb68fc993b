//! Functions: which are components, and the hooks that components and hooks call.

use std::collections::BTreeMap;
use std::ops::Range;

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{
    AttrStyle, Attribute, Block, Expr, ExprAsync, ExprCall, ExprClosure, Ident, ImplItemFn, Item,
    ItemFn, ItemImpl, Local, Meta, Pat,
};

use crate::SiteKind;
use crate::edits::{Edit, Edits};
use crate::imports::{Called, Imports};
use crate::source::Source;

/// The function that renders in a component that is a type.
const VIEW: &str = "view";

/// A function, and its part of the text.
pub(crate) struct Function {
    pub(crate) name: String,
    /// Whether it is a component: its name is part of the path already.
    pub(crate) is_component: bool,
    pub(crate) body: Range<usize>,
}

/// Rewrites the beginnings of components and the calls of hooks. Returns all functions.
pub(crate) fn rewrite(source: &Source<'_>, edits: &mut Edits<'_>) -> Vec<Function> {
    let imports = Imports::of(&source.file);
    let mut functions = Functions { source, edits, imports: &imports, found: Vec::new() };
    functions.visit_file(&source.file);
    functions.found
}

/// What the attributes of a function make of it.
enum Role {
    Component(String),
    Hook,
    Plain,
}

struct Functions<'a, 'e> {
    source: &'a Source<'a>,
    edits: &'a mut Edits<'e>,
    imports: &'a Imports,
    found: Vec<Function>,
}

impl Functions<'_, '_> {
    fn function(&mut self, item: &ItemFn) {
        let ItemFn { attrs: attributes, sig: signature, block, .. } = item;
        let role = role(attributes, &signature.ident);
        let name = match &role {
            Role::Component(name) => name.clone(),
            Role::Hook | Role::Plain => plain(&signature.ident),
        };
        let body = self.source.range(block.span());
        if let Role::Component(_) = role {
            self.begin(&name, block, attributes);
        }
        if matches!(role, Role::Component(_) | Role::Hook) {
            let mut calls = Calls {
                source: self.source,
                edits: self.edits,
                imports: self.imports,
                owner: &name,
                bindings: Vec::new(),
                used: BTreeMap::new(),
            };
            calls.visit_block(block);
        }
        let is_component = matches!(role, Role::Component(_));
        self.found.push(Function { name, is_component, body });
    }

    /// Has a component say that it renders. `attributes` may be those inside of the function.
    fn begin(&mut self, name: &str, block: &Block, attributes: &[Attribute]) {
        let open = self.source.range(block.brace_token.span.open());
        let inner = attributes.iter().filter(|it| matches!(it.style, AttrStyle::Inner(_)));
        let after = inner.map(|it| self.source.range(it.span()).end).max().unwrap_or(open.end);
        let edit = Edit::close(after, format!(" let _hmr_render = ::hmr_yew::begin({name:?});"));
        self.edits.add(SiteKind::Start, (name, ""), open, [edit]);
    }
}

impl<'ast> Visit<'ast> for Functions<'_, '_> {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.function(item);
        visit::visit_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        for each in &item.items {
            let syn::ImplItem::Fn(function) = each else { continue };
            let role = if function.sig.ident == VIEW { component_type(item) } else { None };
            self.method(function, role);
        }
        visit::visit_item_impl(self, item);
    }
}

impl Functions<'_, '_> {
    fn method(&mut self, function: &ImplItemFn, component: Option<String>) {
        let body = self.source.range(function.block.span());
        let is_component = component.is_some();
        let name = component.unwrap_or_else(|| plain(&function.sig.ident));
        if is_component {
            self.begin(&name, &function.block, &function.attrs);
        }
        self.found.push(Function { name, is_component, body });
    }
}

/// The name of the type that an `impl Component for …` makes a component.
pub(crate) fn component_type(item: &ItemImpl) -> Option<String> {
    let (implemented, _) = item.trait_.as_ref()?;
    if implemented.segments.last()?.ident != "Component" {
        return None;
    }
    let syn::Type::Path(path) = &*item.self_ty else { return None };
    path.path.segments.last().map(|segment| plain(&segment.ident))
}

fn role(attributes: &[Attribute], name: &Ident) -> Role {
    for attribute in attributes {
        let Some(last) = attribute.path().segments.last() else { continue };
        if last.ident == "component" || last.ident == "function_component" {
            let given = match &attribute.meta {
                Meta::List(arguments) => syn::parse2::<Ident>(arguments.tokens.clone()).ok(),
                _ => None,
            };
            return Role::Component(plain(given.as_ref().unwrap_or(name)));
        }
        if last.ident == "hook" {
            return Role::Hook;
        }
    }
    Role::Plain
}

/// The name as people say it: without `r#`.
pub(crate) fn plain(name: &Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").map_or_else(|| name.clone(), ToOwned::to_owned)
}

/// Rewrites the hooks that one function calls.
struct Calls<'a, 'e> {
    source: &'a Source<'a>,
    edits: &'a mut Edits<'e>,
    imports: &'a Imports,
    owner: &'a str,
    /// The names that the initial values around the current expression are bound to.
    bindings: Vec<String>,
    /// How often each name was used.
    used: BTreeMap<String, usize>,
}

impl Calls<'_, '_> {
    /// The name of what a call makes: that of its binding, with a number if the function has used it before.
    fn key(&mut self, otherwise: &str) -> String {
        let name = self.bindings.last().map_or(otherwise, String::as_str).to_owned();
        let used = self.used.entry(name.clone()).or_default();
        *used += 1;
        if *used == 1 { name } else { format!("{name}#{}", *used - 1) }
    }

    fn state(&mut self, call: &ExprCall, replacement: &str) {
        let (Expr::Path(path), [argument]) = (&*call.func, &*call.args.iter().collect::<Vec<_>>())
        else {
            return;
        };
        let Some(last) = path.path.segments.last() else { return };
        let name = self.source.range(path.span()).start..self.source.range(last.ident.span()).end;
        // Nothing that is rewritten may lose a line.
        if self.source.text[name.clone()].contains('\n') || path.qself.is_some() {
            return;
        }
        let key = self.key("state");
        let argument = self.source.range(argument.span());
        let edits = [
            Edit::replace(name, format!("::hmr_yew::{replacement}")),
            Edit::open(argument.start, format!("::hmr_yew::kept!({key:?}, ")),
            Edit::close(argument.end, ")"),
        ];
        let range = self.source.range(call.span());
        self.edits.add(SiteKind::State, (self.owner, &key), range, edits);
    }

    fn hook(&mut self, call: &ExprCall, span: Span) {
        let Expr::Path(path) = &*call.func else { return };
        let Some(last) = path.path.segments.last() else { return };
        let key = self.key(&plain(&last.ident));
        let range = self.source.range(span);
        let edits = [
            Edit::open(range.start, format!("::hmr_yew::leave(::hmr_yew::enter({key:?}), ")),
            Edit::close(range.end, ")"),
        ];
        self.edits.add(SiteKind::Hook, (self.owner, &key), range, edits);
    }
}

impl<'ast> Visit<'ast> for Calls<'_, '_> {
    fn visit_local(&mut self, local: &'ast Local) {
        let name = first_name(&local.pat);
        let is_named = name.is_some();
        self.bindings.extend(name);
        visit::visit_local(self, local);
        if is_named {
            self.bindings.pop();
        }
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if let Expr::Path(path) = &*call.func {
            match self.imports.called(&path.path) {
                Called::State(replacement) => self.state(call, replacement),
                Called::Custom => self.hook(call, call.span()),
                Called::Other => {}
            }
        }
        visit::visit_expr_call(self, call);
    }

    // Hooks cannot be called in these: what looks like one there is something else.
    fn visit_expr_closure(&mut self, _: &'ast ExprClosure) {}
    fn visit_expr_async(&mut self, _: &'ast ExprAsync) {}
    fn visit_item(&mut self, _: &'ast Item) {}
}

/// The first name that a pattern binds.
fn first_name(pattern: &Pat) -> Option<String> {
    struct Names(Option<String>);
    impl<'ast> Visit<'ast> for Names {
        fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
            self.0.get_or_insert_with(|| plain(&pattern.ident));
        }
    }
    let mut names = Names(None);
    names.visit_pat(pattern);
    names.0
}
