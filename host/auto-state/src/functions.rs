//! Functions: which are components, and how their bodies begin and end.

use std::ops::Range;

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{
    AttrStyle, Attribute, Block, ImplItemFn, ItemFn, ItemImpl, Meta, ReturnType, Signature, Type,
    TypeParamBound,
};

use crate::SiteKind;
use crate::calls::{self, Owner};
use crate::edits::{Edit, Edits};
use crate::framework::Framework;
use crate::imports::Imports;
use crate::source::{Source, plain};

/// The function of Yew that renders in a component that is a type.
const VIEW: &str = "view";

/// A function, and its part of the text.
pub(crate) struct Function {
    pub(crate) name: String,
    /// Whether it is a component: its name is part of the path already.
    pub(crate) is_component: bool,
    pub(crate) body: Range<usize>,
}

/// Rewrites the bodies of components, and the calls in functions. Returns all functions.
pub(crate) fn rewrite(
    source: &Source<'_>,
    imports: &Imports,
    framework: Framework,
    edits: &mut Edits<'_>,
) -> Vec<Function> {
    let around = None;
    let mut functions = Functions { source, edits, imports, framework, around, found: Vec::new() };
    functions.visit_file(&source.file);
    functions.found
}

/// What a function is.
enum Role {
    Component(String),
    /// Makes a part of a component's view when that calls it; Dioxus may also use it as a component.
    Part,
    Hook,
    Plain,
    /// Its code does not run in the page, or not as it is written.
    Other,
}

struct Functions<'a, 'e> {
    source: &'a Source<'a>,
    edits: &'a mut Edits<'e>,
    imports: &'a Imports,
    framework: Framework,
    /// The type whose methods are read.
    around: Option<String>,
    found: Vec<Function>,
}

impl Functions<'_, '_> {
    fn function(&mut self, attributes: &[Attribute], signature: &Signature, block: &Block) {
        let role = self.role(attributes, signature);
        let is_component = matches!(role, Role::Component(_));
        let has_body = is_component || matches!(role, Role::Part);
        let may_call = match role {
            Role::Component(_) | Role::Part | Role::Hook => true,
            // Hooks of Yew cannot be called elsewhere.
            Role::Plain => self.framework != Framework::Yew,
            Role::Other => false,
        };
        let name = match role {
            Role::Component(name) => name,
            Role::Part | Role::Hook | Role::Plain | Role::Other => plain(&signature.ident),
        };
        if has_body {
            self.body(&name, signature, block, attributes);
        }
        if may_call {
            let prefix = self.prefix(&name, is_component);
            let owner = Owner { name: &name, prefix: prefix.as_deref() };
            calls::rewrite(self.source, self.imports, self.framework, owner, block, self.edits);
        }
        self.found.push(Function { name, is_component, body: self.source.range(block.span()) });
    }

    /// What the names of values begin with that a function makes: nothing in a component, or in a hook, whose result has a name.
    fn prefix(&self, name: &str, is_component: bool) -> Option<String> {
        if is_component || name.starts_with("use_") {
            return None;
        }
        Some(self.around.as_ref().map_or_else(|| name.to_owned(), |it| format!("{it}::{name}")))
    }

    /// Has a component say that it renders. `attributes` may be those inside of the function.
    fn body(&mut self, name: &str, signature: &Signature, block: &Block, attributes: &[Attribute]) {
        let braces = block.brace_token.span;
        let open = self.source.range(braces.open());
        let close = self.source.range(braces.close());
        let inner = attributes.iter().filter(|it| matches!(it.style, AttrStyle::Inner(_)));
        let start = inner.map(|it| self.source.range(it.span()).end).max().unwrap_or(open.end);
        let runtime = self.framework.runtime();
        let around = match self.framework {
            Framework::Yew => {
                let begin = format!(" let _hmr_render = {runtime}::begin({name:?});");
                let edit = [Edit::insert(start, begin)];
                return self.edits.add(SiteKind::Start, (name, ""), open, edit);
            }
            Framework::Leptos if is_any_view(&signature.output) => "any_scope",
            Framework::Leptos | Framework::Sycamore => "scope",
            Framework::Dioxus => "view",
        };
        if block.stmts.is_empty() {
            return;
        }
        let result = match self.framework {
            Framework::Dioxus => format!(" -> {runtime}::Element"),
            _ => String::new(),
        };
        let before = format!(" {runtime}::{around}({name:?}, move ||{result} {{");
        let edits = Edit::around(start..close.start, before, "})");
        self.edits.add(SiteKind::Start, (name, ""), open, edits);
    }

    fn role(&self, attributes: &[Attribute], signature: &Signature) -> Role {
        if signature.constness.is_some() {
            return Role::Other;
        }
        for attribute in attributes {
            let Some(last) = attribute.path().segments.last() else { continue };
            let name = last.ident.to_string();
            match (&*name, self.framework) {
                ("component" | "function_component", Framework::Yew) => {
                    let given = match &attribute.meta {
                        Meta::List(arguments) => syn::parse2(arguments.tokens.clone()).ok(),
                        _ => None,
                    };
                    return Role::Component(plain(given.as_ref().unwrap_or(&signature.ident)));
                }
                ("component", _) if self.is_scope(attribute, signature) => {
                    return Role::Component(plain(&signature.ident));
                }
                ("component", _) => return Role::Plain,
                ("hook", Framework::Yew) => return Role::Hook,
                ("server" | "test", _) => return Role::Other,
                _ => {}
            }
        }
        // Dioxus takes any function with this result for a component.
        if self.framework == Framework::Dioxus
            && self.around.is_none()
            && signature.asyncness.is_none()
            && ends_with(&signature.output, "Element")
        {
            let name = plain(&signature.ident);
            let is_component = name.starts_with(char::is_uppercase);
            return if is_component { Role::Component(name) } else { Role::Part };
        }
        Role::Plain
    }

    /// Whether the body of a component can be called in a closure whose result is a view of the framework's.
    fn is_scope(&self, attribute: &Attribute, signature: &Signature) -> bool {
        let arguments = match &attribute.meta {
            Meta::List(arguments) => arguments.tokens.to_string(),
            _ => String::new(),
        };
        let result = &signature.output;
        let is_known = match self.framework {
            Framework::Leptos => is_into_view(result) || is_any_view(result),
            Framework::Sycamore => ends_with(result, "View"),
            Framework::Dioxus => ends_with(result, "Element"),
            Framework::Yew => true,
        };
        is_known && signature.asyncness.is_none() && !arguments.contains("transparent")
    }
}

fn is_any_view(result: &ReturnType) -> bool {
    ends_with(result, "AnyView")
}

/// Whether a result is a type whose path ends with this name, without arguments.
fn ends_with(result: &ReturnType, name: &str) -> bool {
    let ReturnType::Type(_, kind) = result else { return false };
    let Type::Path(path) = &**kind else { return false };
    path.path.segments.last().is_some_and(|it| it.ident == name && it.arguments.is_none())
}

/// Whether a result is `impl IntoView`.
fn is_into_view(result: &ReturnType) -> bool {
    let ReturnType::Type(_, kind) = result else { return false };
    let Type::ImplTrait(bounds) = &**kind else { return false };
    let [TypeParamBound::Trait(bound)] = &*bounds.bounds.iter().collect::<Vec<_>>() else {
        return false;
    };
    bound.path.segments.last().is_some_and(|it| it.ident == "IntoView")
}

impl<'ast> Visit<'ast> for Functions<'_, '_> {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        let around = self.around.take();
        self.function(&item.attrs, &item.sig, &item.block);
        visit::visit_item_fn(self, item);
        self.around = around;
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let around = self.around.replace(type_name(&item.self_ty).unwrap_or_default());
        let component = component_type(item);
        for each in &item.items {
            let syn::ImplItem::Fn(function) = each else { continue };
            self.method(function, component.as_deref());
        }
        visit::visit_item_impl(self, item);
        self.around = around;
    }
}

impl Functions<'_, '_> {
    fn method(&mut self, function: &ImplItemFn, component: Option<&str>) {
        let ImplItemFn { attrs: attributes, sig: signature, block, .. } = function;
        if self.framework != Framework::Yew {
            return self.function(attributes, signature, block);
        }
        let component = component.filter(|_| signature.ident == VIEW);
        let name = component.map_or_else(|| plain(&signature.ident), ToOwned::to_owned);
        if component.is_some() {
            self.body(&name, signature, block, attributes);
        }
        let is_component = component.is_some();
        self.found.push(Function { name, is_component, body: self.source.range(block.span()) });
    }
}

/// The name of the type that an `impl Component for …` makes a component.
pub(crate) fn component_type(item: &ItemImpl) -> Option<String> {
    let (implemented, _) = item.trait_.as_ref()?;
    if implemented.segments.last()?.ident != "Component" {
        return None;
    }
    type_name(&item.self_ty)
}

fn type_name(kind: &Type) -> Option<String> {
    let Type::Path(path) = kind else { return None };
    path.path.segments.last().map(|segment| plain(&segment.ident))
}
