//! Calls in functions that make state, and calls of hooks that may.

use std::collections::BTreeMap;
use std::ops::Range;

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprAsync, ExprCall, ExprClosure, FieldValue, Item, Local, Member, Pat};

use crate::SiteKind;
use crate::edits::{Edit, Edits};
use crate::framework::{Call, Framework};
use crate::imports::{Called, Imports};
use crate::source::{Source, plain};

/// The function that calls.
#[derive(Clone, Copy)]
pub(crate) struct Owner<'a> {
    pub(crate) name: &'a str,
    /// What the names of its values begin with.
    pub(crate) prefix: Option<&'a str>,
}

/// Rewrites the calls in the body of a function.
pub(crate) fn rewrite(
    source: &Source<'_>,
    imports: &Imports,
    framework: Framework,
    owner: Owner<'_>,
    block: &Block,
    edits: &mut Edits<'_>,
) {
    let (bindings, used) = (Vec::new(), BTreeMap::new());
    let mut calls = Calls { source, edits, imports, framework, owner, bindings, used };
    calls.visit_block(block);
}

impl Call {
    /// The changes of a call whose arguments begin behind `open`.
    pub(crate) fn keep(
        self,
        framework: Framework,
        key: &str,
        range: Range<usize>,
        open: Range<usize>,
    ) -> [Edit; 2] {
        let keep = match self {
            Self::Hook => "keep_hook",
            Self::Readable => "keep_readable",
            Self::Value | Self::YewHook(_) | Self::Function(_) => "keep",
        };
        let before = format!("{}::{keep}!({key:?}, ", framework.runtime());
        let [before, _] = Edit::around(range, before, "");
        [before, Edit::replace(open, ", ")]
    }
}

struct Calls<'a, 'e> {
    source: &'a Source<'a>,
    edits: &'a mut Edits<'e>,
    imports: &'a Imports,
    framework: Framework,
    owner: Owner<'a>,
    /// The names that the initial values around the current expression are bound to.
    bindings: Vec<String>,
    /// How often each name was used.
    used: BTreeMap<String, usize>,
}

impl Calls<'_, '_> {
    /// The name of what a call makes: that of its binding, with a number if the function has used it before.
    fn key(&mut self, otherwise: &str) -> String {
        let name = self.bindings.last().map_or(otherwise, String::as_str);
        let name = match self.owner.prefix {
            Some(prefix) => format!("{prefix}.{name}"),
            None => name.to_owned(),
        };
        let used = self.used.entry(name.clone()).or_default();
        *used += 1;
        if *used == 1 { name } else { format!("{name}#{}", *used - 1) }
    }

    fn known(&mut self, call: &ExprCall, how: Call) {
        let Expr::Path(path) = &*call.func else { return };
        let Some(last) = path.path.segments.last() else { return };
        let Some(argument) = call.args.first() else { return };
        let range = self.source.range(call.span());
        let called = self.source.range(path.span());
        let name = called.start..self.source.range(last.ident.span()).end;
        // Nothing that is rewritten may lose a line.
        let is_in_one_line = !self.source.text[name.clone()].contains('\n');
        let runtime = self.framework.runtime();
        match how {
            Call::Function(function) => {
                if is_in_one_line && path.qself.is_none() {
                    let edit = Edit::replace(name, format!("{runtime}::{function}"));
                    self.edits.add(SiteKind::Context, (self.owner.name, function), range, [edit]);
                }
            }
            Call::YewHook(function) => {
                if is_in_one_line && path.qself.is_none() && call.args.len() == 1 {
                    let key = self.key("state");
                    let argument = self.source.range(argument.span());
                    let open = format!("{runtime}::kept!({key:?}, ");
                    let [open, close] = Edit::around(argument, open, ")");
                    let name = Edit::replace(name, format!("{runtime}::{function}"));
                    let owner = (self.owner.name, &*key);
                    self.edits.add(SiteKind::State, owner, range, [name, open, close]);
                }
            }
            Call::Value | Call::Readable | Call::Hook => {
                let key = self.key("state");
                let open = self.source.range(call.paren_token.span.open());
                let edits = how.keep(self.framework, &key, range.clone(), open);
                self.edits.add(SiteKind::State, (self.owner.name, &key), range, edits);
            }
        }
    }

    fn hook(&mut self, call: &ExprCall, span: Span) {
        let Expr::Path(path) = &*call.func else { return };
        let Some(last) = path.path.segments.last() else { return };
        let key = self.key(&plain(&last.ident));
        let range = self.source.range(span);
        let runtime = self.framework.runtime();
        let open = format!("{runtime}::leave({runtime}::enter({key:?}), ");
        let edits = Edit::around(range.clone(), open, ")");
        self.edits.add(SiteKind::Hook, (self.owner.name, &key), range, edits);
    }

    fn bound<'ast>(&mut self, name: Option<String>, visit: impl FnOnce(&mut Self) + 'ast) {
        let is_named = name.is_some();
        self.bindings.extend(name);
        visit(self);
        if is_named {
            self.bindings.pop();
        }
    }
}

impl<'ast> Visit<'ast> for Calls<'_, '_> {
    fn visit_local(&mut self, local: &'ast Local) {
        self.bound(first_name(&local.pat), |calls| visit::visit_local(calls, local));
    }

    fn visit_field_value(&mut self, field: &'ast FieldValue) {
        let name = match &field.member {
            Member::Named(name) => Some(plain(name)),
            Member::Unnamed(_) => None,
        };
        self.bound(name, |calls| visit::visit_field_value(calls, field));
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if let Expr::Path(path) = &*call.func {
            match self.imports.called(&path.path) {
                Called::Known(how) => self.known(call, how),
                Called::Custom => self.hook(call, call.span()),
                Called::Other => {}
            }
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_closure(&mut self, closure: &'ast ExprClosure) {
        // Hooks of Yew cannot be called in these: what looks like one is something else.
        if self.framework != Framework::Yew {
            visit::visit_expr_closure(self, closure);
        }
    }

    // What is made in these is made later, when no place is known.
    fn visit_expr_async(&mut self, _: &'ast ExprAsync) {}
    // It has an owner of its own.
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
