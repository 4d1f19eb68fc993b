//! Variables of modules.
//!
//! Those of `thread_local!` in a cell, and the global signals and stores of Dioxus, are made when the program runs, and begin with their old
//! values. Atomic ones, and those in a lock, exist before that: the page calls a function behind each, which exchanges its content.

use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Expr, GenericArgument, Ident, ItemMacro, ItemStatic, PathArguments,
    StaticMutability, Token, Type, Visibility,
};

use crate::SiteKind;
use crate::edits::{Edit, Edits};
use crate::framework::Framework;
use crate::source::{Source, plain};
use crate::types::{is_conditional, one_line, state_path};

/// The cells whose content is kept.
const CELLS: [&str; 2] = ["Cell", "RefCell"];

/// The types of `static` variables whose content can be exchanged, apart from `AtomicU32` and its like.
const LOCKS: [&str; 3] = ["Mutex", "OnceLock", "RwLock"];

/// The types of Dioxus whose content is kept.
const GLOBALS: [&str; 2] = ["GlobalSignal", "GlobalStore"];

/// Rewrites the initial values of the variables.
pub(crate) fn rewrite(
    source: &Source<'_>,
    framework: Framework,
    unit: &str,
    edits: &mut Edits<'_>,
) {
    let mut statics = Statics { source, edits, framework, unit, number: 0 };
    statics.visit_file(&source.file);
}

struct Statics<'a, 'e> {
    source: &'a Source<'a>,
    edits: &'a mut Edits<'e>,
    framework: Framework,
    unit: &'a str,
    /// How many variables have a function behind them.
    number: usize,
}

impl<'ast> Visit<'ast> for Statics<'_, '_> {
    fn visit_item_macro(&mut self, item: &'ast ItemMacro) {
        let is_ours = item.mac.path.segments.last().is_some_and(|it| it.ident == "thread_local");
        if is_ours && let Ok(Variables(all)) = item.mac.parse_body() {
            for variable in &all {
                self.variable(variable);
            }
        }
        visit::visit_item_macro(self, item);
    }

    fn visit_item_static(&mut self, item: &'ast ItemStatic) {
        if content(&item.ty, &GLOBALS).is_some() {
            if self.framework == Framework::Dioxus {
                self.global(item);
            }
        } else {
            self.existing(item);
        }
        visit::visit_item_static(self, item);
    }
}

impl Statics<'_, '_> {
    fn variable(&mut self, variable: &Variable) {
        let Some((cell, content)) = content(&variable.kind, &CELLS) else { return };
        if is_conditional(&variable.attributes) {
            return;
        }
        let (name, state) = (plain(&variable.name), state_path(self.framework));
        let range = self.source.range(variable.initial.span());
        let keep = if cell == "Cell" { "keep_cell" } else { "keep_ref_cell" };
        let open = format!("{state}::{keep}!({}, {}, ", variable.name, one_line(content));
        let mut changes = Vec::from(Edit::around(range.clone(), open, ")"));
        // Its value is made when the program runs.
        if let Expr::Const(block) = &variable.initial {
            changes.push(Edit::replace(self.source.range(block.const_token.span()), ""));
        }
        self.edits.add(SiteKind::State, ("static", &name), range, changes);
    }

    /// `static COUNT: GlobalSignal<u32> = Signal::global(|| 0);`
    fn global(&mut self, item: &ItemStatic) {
        let Some((_, content)) = content(&item.ty, &GLOBALS) else { return };
        let Expr::Call(call) = &*item.expr else { return };
        let (Some(make), 1) = (call.args.first(), call.args.len()) else { return };
        if is_conditional(&item.attrs) {
            return;
        }
        let (name, runtime) = (plain(&item.ident), self.framework.runtime());
        let range = self.source.range(make.span());
        let open = format!("|| {runtime}::keep_global!({}, {}, ", item.ident, one_line(content));
        let changes = Edit::around(range.clone(), open, ")");
        self.edits.add(SiteKind::State, ("static", &name), range, changes);
    }

    /// `static NEXT: AtomicU32 = AtomicU32::new(0);`
    fn existing(&mut self, item: &ItemStatic) {
        let is_constant = matches!(item.mutability, StaticMutability::None);
        if !is_constant || is_conditional(&item.attrs) {
            return;
        }
        let Type::Path(path) = &*item.ty else { return };
        let Some(last) = path.path.segments.last() else { return };
        let is_atomic = last.ident.to_string().starts_with("Atomic") && last.arguments.is_none();
        if !is_atomic && content(&item.ty, &LOCKS).is_none() {
            return;
        }
        let (name, kind, state) =
            (plain(&item.ident), one_line(&item.ty), state_path(self.framework));
        let (unit, number) = (self.unit, self.number);
        self.number += 1;
        let declare = format!(
            " const _: () = {{ #[unsafe(export_name = \"hmr_variable_{unit}_{number}\")] extern \"C\" fn hmr_variable() {{ {state}::keep_static!({}, {kind}); }} }};",
            item.ident
        );
        let range = self.source.range(item.span());
        let edit = Edit::insert(range.end, declare);
        self.edits.add(SiteKind::State, ("static", &name), range, [edit]);
    }
}

/// What is written in `thread_local!`.
struct Variables(Vec<Variable>);

impl Parse for Variables {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut all = Vec::new();
        while !input.is_empty() {
            all.push(input.parse()?);
            if !input.is_empty() {
                input.parse::<Token![;]>()?;
            }
        }
        Ok(Self(all))
    }
}

/// `pub static COUNT: Cell<u32> = Cell::new(0)`
struct Variable {
    attributes: Vec<Attribute>,
    name: Ident,
    kind: Type,
    initial: Expr,
}

impl Parse for Variable {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        input.parse::<Token![static]>()?;
        let name = input.parse()?;
        input.parse::<Token![:]>()?;
        let kind = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok(Self { attributes, name, kind, initial: input.parse()? })
    }
}

/// If a type is one of these with one argument: its name, and the argument.
fn content<'a>(kind: &'a Type, outer: &[&str]) -> Option<(String, &'a Type)> {
    let Type::Path(path) = kind else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    let mut all = arguments.args.iter();
    let (Some(GenericArgument::Type(content)), None) = (all.next(), all.next()) else {
        return None;
    };
    let name = last.ident.to_string();
    outer.contains(&&*name).then_some((name, content))
}
