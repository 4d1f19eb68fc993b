//! Names the signals that a body makes after the bindings that they go to, and gives functions that it calls scopes of their own.
//!
//! Around `let count = signal(0);` two statements are added: one that begins the binding `count` and one that ends it. The user's
//! expression is not moved into a closure, so `?`, `return`, borrows and the lifetimes of temporaries keep their meaning. The binding
//! is a guard, which ends it when the expression returns early.
//!
//! A call `field("name")` of a function that may make signals becomes `leave(enter_call("field"), field("name"))`: what the
//! function makes is in a scope of that name, which is created only if it makes something. Arguments are evaluated
//! inside the scope; those that may make something return to the caller's scope by `leave(enter_caller(), …)`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Block, Expr, ExprCall, ExprStruct, ExprTuple, GenericArgument, Ident, Item, Local,
    Member, Pat, Stmt, Type, parse_quote, parse_quote_spanned,
};

use crate::error::Mistakes;
use crate::origin::Origins;

/// Names the bindings of a function's body, and removes the attribute `#[reset]` from them. `origins` has the parameters.
pub(crate) fn name_block(block: &mut Block, origins: Origins, mistakes: &mut Mistakes) {
    Naming { mistakes, origins, argument: false }.visit_block_mut(block);
}

/// Names the bindings inside an expression; mistakes are reported at its location.
pub(crate) fn name_expr(expr: &mut Expr) {
    let mut mistakes = Mistakes::default();
    let origins = Origins::default();
    Naming { mistakes: &mut mistakes, origins, argument: false }.visit_expr_mut(expr);
    if let Some(errors) = mistakes.tokens() {
        *expr = Expr::Verbatim(quote!({ #errors #expr }));
    }
}

/// The functions of the SDK.
const OF_THE_SDK: [&str; 42] = [
    "action",
    "after_update",
    "animation_frame",
    "batch",
    "before_update",
    "effect",
    "event_source",
    "hash_router",
    "health",
    "host_call",
    "in_scope",
    "input",
    "input_stream",
    "intersection_observer",
    "interval",
    "invalidate",
    "media_query",
    "memo",
    "mutation_observer",
    "now",
    "on_cleanup",
    "on_document",
    "on_window",
    "output",
    "output_stream",
    "provide_context",
    "prune",
    "resize_observer",
    "router",
    "router_at",
    "scope",
    "set_title",
    "signal",
    "signal_keyed",
    "sleep",
    "spawn",
    "storage_listener",
    "timeout",
    "try_context",
    "untrack",
    "use_context",
    "websocket",
];

/// The modules of the SDK that are called by their names.
const MODULES_OF_THE_SDK: [&str; 7] =
    ["clipboard", "host", "http", "location", "log", "random", "storage"];

/// Common types whose functions make no signals.
const FOREIGN_TYPES: [&str; 19] = [
    "Arc",
    "BTreeMap",
    "BTreeSet",
    "Box",
    "Callback",
    "Cell",
    "Cow",
    "Default",
    "Duration",
    "HashMap",
    "HashSet",
    "LocalTime",
    "NodeRef",
    "Option",
    "Rc",
    "RefCell",
    "Result",
    "String",
    "Vec",
];

struct Naming<'a> {
    mistakes: &'a mut Mistakes,
    /// The values that the variables found so far are bound to.
    origins: Origins,
    /// Whether the visited expression is evaluated in the scope of a call, though it belongs to the caller.
    argument: bool,
}

impl VisitMut for Naming<'_> {
    fn visit_block_mut(&mut self, block: &mut Block) {
        let mut stmts = Vec::with_capacity(block.stmts.len());
        for mut stmt in std::mem::take(&mut block.stmts) {
            let reset = take_reset(&mut stmt);
            let named = self.name_of(&mut stmt, reset.is_some());
            let bound = bound_by(&stmt);
            self.visit_stmt_mut(&mut stmt);
            if let Some((pattern, expr)) = bound {
                self.origins.bind(&pattern, &expr);
            }
            match named {
                Named::Whole(name, code) => {
                    let guard = Ident::new("__hmr_binding", Span::mixed_site());
                    let bind = Ident::new(binder(reset.is_some()), Span::mixed_site());
                    stmts.push(parse_quote!(let #guard = ::hmr_sdk::rt::#bind(#name, #code);));
                    stmts.push(stmt);
                    stmts.push(parse_quote!(::core::mem::drop(#guard);));
                    continue;
                }
                Named::Nothing => self.refuse(reset),
                Named::Parts => {}
            }
            stmts.push(stmt);
        }
        block.stmts = stmts;
    }

    /// The fields of a struct literal: `binding.field`.
    fn visit_expr_struct_mut(&mut self, literal: &mut ExprStruct) {
        let codes: Vec<_> =
            literal.fields.iter().map(|field| self.origins.code(&field.expr)).collect();
        visit_mut::visit_expr_struct_mut(self, literal);
        for (field, code) in literal.fields.iter_mut().zip(codes) {
            let Member::Named(name) = &field.member else { continue };
            if makes(&field.expr) && field.colon_token.is_some() {
                field.expr = named("bind_field", &name.to_string(), code, &field.expr);
            }
        }
    }

    /// Calls get their scopes, and arguments that may make something return to the caller's.
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Call(call) => {
                let callee = Callee::of(call);
                let argument = self.argument;
                self.argument = match callee {
                    Callee::Helper(_) => true,
                    Callee::Sdk => false,
                    Callee::Other => argument,
                };
                visit_mut::visit_expr_call_mut(self, call);
                self.argument = argument;
                if let Callee::Helper(name) = &callee {
                    *expr = scoped("enter_call", Some(name), expr);
                }
                if argument && !matches!(callee, Callee::Other) {
                    *expr = scoped("enter_caller", None, expr);
                }
            }
            Expr::Block(_) | Expr::If(_) | Expr::Match(_) | Expr::Struct(_) | Expr::Macro(_)
                if self.argument =>
            {
                self.argument = false;
                self.visit_expr_mut(expr);
                self.argument = true;
                if !matches!(expr, Expr::Macro(call) if !call.mac.path.is_ident("view")) {
                    *expr = scoped("enter_caller", None, expr);
                }
            }
            // Code that runs later, or repeatedly, runs in the scope of that time.
            Expr::Closure(_) | Expr::Async(_) => {
                if let Expr::Closure(closure) = &*expr {
                    self.origins.parameters_of(closure.inputs.iter());
                }
                let argument = std::mem::replace(&mut self.argument, false);
                visit_mut::visit_expr_mut(self, expr);
                self.argument = argument;
            }
            // Constants make nothing, and cannot call the functions of scopes.
            Expr::Const(_) => {}
            Expr::Repeat(repeat) => self.visit_expr_mut(&mut repeat.expr),
            _ => {
                self.note(expr);
                visit_mut::visit_expr_mut(self, expr);
            }
        }
    }

    fn visit_type_mut(&mut self, _: &mut Type) {}

    fn visit_generic_argument_mut(&mut self, _: &mut GenericArgument) {}

    fn visit_pat_mut(&mut self, _: &mut Pat) {}

    fn visit_attribute_mut(&mut self, _: &mut Attribute) {}

    /// Functions and other items inside the body are not part of it.
    fn visit_item_mut(&mut self, _: &mut Item) {}
}

/// The called function.
enum Callee {
    /// A function that may make something, and what its scope is named after.
    Helper(String),
    /// A function of the SDK, which names what it makes itself.
    Sdk,
    /// An expression that makes nothing, as far as is known.
    Other,
}

impl Callee {
    fn of(call: &ExprCall) -> Self {
        let Expr::Path(function) = &*call.func else { return Self::Other };
        let segments = function.path.segments.iter();
        let names: Vec<_> = segments.map(|segment| segment.ident.unraw().to_string()).collect();
        let Some((last, before)) = names.split_last() else { return Self::Other };
        let (first, of) = (before.first().map(String::as_str), before.last());
        let is = |names: &[&str], name: &str| names.contains(&name);
        if first == Some("hmr_sdk")
            || is(&OF_THE_SDK, last)
            || of.is_some_and(|of| is(&MODULES_OF_THE_SDK, of))
        {
            return Self::Sdk;
        }
        // Other code would run in the scope while a future waits.
        if first.is_some_and(|first| is(&["std", "core", "alloc"], first))
            || of.is_some_and(|of| is(&FOREIGN_TYPES, of))
            || last.starts_with(char::is_uppercase)
            || function.qself.is_some()
            || !call.attrs.is_empty()
            || call.args.iter().any(waits)
        {
            return Self::Other;
        }
        // The type of an associated function is more specific than `new`.
        let of = of.filter(|of| of.starts_with(char::is_uppercase));
        Self::Helper(of.map_or_else(|| last.clone(), |of| format!("{of}.{last}")))
    }
}

/// Whether evaluating this expression waits for a future.
fn waits(expr: &Expr) -> bool {
    struct Waits(bool);
    impl<'ast> Visit<'ast> for Waits {
        fn visit_expr_await(&mut self, _: &'ast syn::ExprAwait) {
            self.0 = true;
        }
        fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {}
        fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
    }
    let mut waits = Waits(false);
    waits.visit_expr(expr);
    waits.0
}

/// The expression, evaluated in a scope that is left with it.
fn scoped(enter: &str, name: Option<&str>, expr: &Expr) -> Expr {
    let span = Span::mixed_site().located_at(expr.span());
    let (enter, leave) = (Ident::new(enter, span), Ident::new("leave", span));
    parse_quote_spanned!(span=> ::hmr_sdk::rt::#leave(::hmr_sdk::rt::#enter(#name), #expr))
}

impl Naming<'_> {
    /// Notes what an expression binds in its parts.
    fn note(&mut self, expr: &Expr) {
        match expr {
            Expr::ForLoop(each) => self.origins.bind(&each.pat, &each.expr.to_token_stream()),
            Expr::Let(bound) => self.origins.bind(&bound.pat, &bound.expr.to_token_stream()),
            Expr::Match(choice) => {
                for arm in &choice.arms {
                    self.origins.bind(&arm.pat, &choice.expr.to_token_stream());
                }
            }
            _ => {}
        }
    }

    /// The name of what a statement binds, if it may make signals. The parts of a tuple are named here.
    fn name_of(&self, stmt: &mut Stmt, reset: bool) -> Named {
        let Stmt::Local(Local { pat, init: Some(init), .. }) = stmt else { return Named::Nothing };
        if !makes(&init.expr) {
            return Named::Nothing;
        }
        let pat = bare(pat);
        if let (Pat::Tuple(names), Expr::Tuple(ExprTuple { elems, .. })) = (pat, &mut *init.expr) {
            for (name, expr) in names.elems.iter().zip(elems) {
                if let (Some(name), true) = (ident(name), makes(expr)) {
                    let code = self.origins.code(expr);
                    name_expr(expr);
                    *expr = named(binder(reset), &name, code, expr);
                }
            }
            return Named::Parts;
        }
        let code = self.origins.code(&init.expr);
        ident(pat).map_or(Named::Nothing, |name| Named::Whole(name, code))
    }

    /// Reports a `#[reset]` that marks nothing.
    fn refuse(&mut self, reset: Option<Attribute>) {
        if let Some(reset) = reset {
            self.mistakes.on(
                reset,
                "`#[reset]` marks a binding that makes signals, which this does not",
                "write `#[reset] let name = signal(…);`",
            );
        }
    }
}

/// Removes the attribute `#[reset]` from a `let`.
fn take_reset(stmt: &mut Stmt) -> Option<Attribute> {
    let Stmt::Local(Local { attrs, .. }) = stmt else { return None };
    let at = attrs.iter().position(|attribute| attribute.path().is_ident("reset"))?;
    Some(attrs.remove(at))
}

/// The function that begins a binding.
fn binder(reset: bool) -> &'static str {
    if reset { "bind_reset" } else { "bind" }
}

/// The expression with a name.
fn named(function: &str, name: &str, code: u64, expr: &Expr) -> Expr {
    let guard = Ident::new("__hmr_binding", Span::mixed_site());
    let function = Ident::new(function, Span::mixed_site());
    let tokens = quote!({ let #guard = ::hmr_sdk::rt::#function(#name, #code); #expr });
    Expr::Verbatim(tokens)
}

/// The part of a statement that gets a name.
enum Named {
    /// The binding, and the number for its code.
    Whole(String, u64),
    /// The parts of a tuple, which are named already.
    Parts,
    /// Nothing.
    Nothing,
}

/// The pattern of a `let`, and its value.
fn bound_by(stmt: &Stmt) -> Option<(Pat, TokenStream)> {
    let Stmt::Local(Local { pat, init: Some(init), .. }) = stmt else { return None };
    Some((pat.clone(), init.expr.to_token_stream()))
}

fn bare(pat: &Pat) -> &Pat {
    match pat {
        Pat::Type(typed) => bare(&typed.pat),
        Pat::Paren(inner) => bare(&inner.pat),
        pat => pat,
    }
}

fn ident(pat: &Pat) -> Option<String> {
    match bare(pat) {
        Pat::Ident(name) => Some(name.ident.to_string().trim_start_matches("r#").to_owned()),
        _ => None,
    }
}

/// Whether evaluating this expression may make signals. One that makes none for certain is not changed, for smaller code.
fn makes(expr: &Expr) -> bool {
    const NEVER: [&str; 12] = [
        "memo",
        "effect",
        "use_context",
        "try_context",
        "interval",
        "timeout",
        "animation_frame",
        "now",
        "json",
        "format",
        "view",
        "move",
    ];
    let last = |path: &syn::Path| path.segments.last().map(|last| last.ident.to_string());
    let never = |path: &syn::Path| last(path).is_some_and(|last| NEVER.contains(&last.as_str()));
    match expr {
        Expr::Lit(_) | Expr::Path(_) | Expr::Closure(_) | Expr::Field(_) => false,
        Expr::Call(call) => match &*call.func {
            Expr::Path(function) => !never(&function.path),
            _ => true,
        },
        Expr::Macro(call) => {
            !never(&call.mac.path)
                && !matches!(
                    last(&call.mac.path).as_deref(),
                    Some("panic" | "todo" | "unreachable" | "unimplemented")
                )
        }
        Expr::Paren(inner) => makes(&inner.expr),
        Expr::Group(inner) => makes(&inner.expr),
        Expr::Reference(inner) => makes(&inner.expr),
        Expr::Unary(inner) => makes(&inner.expr),
        _ => true,
    }
}
