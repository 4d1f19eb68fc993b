//! Names the signals that a body makes after the bindings that they go to.
//!
//! Around `let count = signal(0);` two statements are put: one that says "what is made now is `count`" and one that
//! takes it back. The user's expression stays where it is, outside of any closure, so `?`, `return`, borrows and the
//! lifetimes of temporaries mean what they meant. A guard does the taking back when the expression leaves early.

use proc_macro2::Span;
use quote::quote;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Block, Expr, ExprStruct, ExprTuple, Ident, Item, Local, Member, Pat, Stmt,
    parse_quote,
};

use crate::error::Mistakes;

/// Names the bindings of a function's body, and takes the attribute `#[reset]` off them.
pub(crate) fn name_block(block: &mut Block, mistakes: &mut Mistakes) {
    Naming { mistakes }.visit_block_mut(block);
}

/// Names the bindings inside an expression; mistakes are told in its place.
pub(crate) fn name_expr(expr: &mut Expr) {
    let mut mistakes = Mistakes::default();
    Naming { mistakes: &mut mistakes }.visit_expr_mut(expr);
    if let Some(errors) = mistakes.tokens() {
        *expr = Expr::Verbatim(quote!({ #errors #expr }));
    }
}

struct Naming<'a> {
    mistakes: &'a mut Mistakes,
}

impl VisitMut for Naming<'_> {
    fn visit_block_mut(&mut self, block: &mut Block) {
        let mut stmts = Vec::with_capacity(block.stmts.len());
        for mut stmt in std::mem::take(&mut block.stmts) {
            let reset = take_reset(&mut stmt);
            let named = name_of(&mut stmt, reset.is_some());
            self.visit_stmt_mut(&mut stmt);
            match named {
                Named::Whole(name) => {
                    let guard = Ident::new("__hmr_binding", Span::mixed_site());
                    let bind = Ident::new(binder(reset.is_some()), Span::mixed_site());
                    stmts.push(parse_quote!(let #guard = ::hmr_sdk::rt::#bind(#name);));
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
        visit_mut::visit_expr_struct_mut(self, literal);
        for field in &mut literal.fields {
            let Member::Named(name) = &field.member else { continue };
            if makes(&field.expr) && field.colon_token.is_some() {
                field.expr = named("bind_field", &name.to_string(), &field.expr);
            }
        }
    }

    /// Functions and other items inside the body are no part of it.
    fn visit_item_mut(&mut self, _: &mut Item) {}
}

impl Naming<'_> {
    /// Tells of a `#[reset]` that marks nothing.
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

/// Takes the attribute `#[reset]` off a `let`.
fn take_reset(stmt: &mut Stmt) -> Option<Attribute> {
    let Stmt::Local(Local { attrs, .. }) = stmt else { return None };
    let at = attrs.iter().position(|attribute| attribute.path().is_ident("reset"))?;
    Some(attrs.remove(at))
}

/// The function that begins a binding.
fn binder(reset: bool) -> &'static str {
    if reset { "bind_reset" } else { "bind" }
}

/// The expression with a name of its own.
fn named(function: &str, name: &str, expr: &Expr) -> Expr {
    let guard = Ident::new("__hmr_binding", Span::mixed_site());
    let function = Ident::new(function, Span::mixed_site());
    let tokens = quote!({ let #guard = ::hmr_sdk::rt::#function(#name); #expr });
    Expr::Verbatim(tokens)
}

/// What gets a name in a statement.
enum Named {
    /// What it binds.
    Whole(String),
    /// The parts of a tuple, which have their names by now.
    Parts,
    /// Nothing.
    Nothing,
}

/// The name of what a statement binds, if it may make signals. A tuple's parts get their names on the way.
fn name_of(stmt: &mut Stmt, reset: bool) -> Named {
    let Stmt::Local(Local { pat, init: Some(init), .. }) = stmt else { return Named::Nothing };
    if !makes(&init.expr) {
        return Named::Nothing;
    }
    let pat = bare(pat);
    if let (Pat::Tuple(names), Expr::Tuple(ExprTuple { elems, .. })) = (pat, &mut *init.expr) {
        for (name, expr) in names.elems.iter().zip(elems) {
            if let (Some(name), true) = (ident(name), makes(expr)) {
                name_expr(expr);
                *expr = named(binder(reset), &name, expr);
            }
        }
        return Named::Parts;
    }
    ident(pat).map_or(Named::Nothing, Named::Whole)
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

/// Whether evaluating this expression may make signals. What certainly makes none is left alone, for smaller code.
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
