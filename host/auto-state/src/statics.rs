//! Variables of `thread_local!`: those in a cell are kept.
//!
//! A plain `static` is made by the compiler, before anything could be given back to it. It is left alone.

use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Expr, GenericArgument, Ident, ItemMacro, PathArguments, Token, Type, Visibility,
};

use crate::SiteKind;
use crate::edits::{Edit, Edits};
use crate::framework::Framework;
use crate::source::{Source, plain};
use crate::types::{is_conditional, one_line, state_path};

/// The cells whose content is kept.
const CELLS: [&str; 2] = ["Cell", "RefCell"];

/// Rewrites the initial values of the variables.
pub(crate) fn rewrite(source: &Source<'_>, framework: Framework, edits: &mut Edits<'_>) {
    let mut statics = Statics { source, edits, state: state_path(framework) };
    statics.visit_file(&source.file);
}

struct Statics<'a, 'e> {
    source: &'a Source<'a>,
    edits: &'a mut Edits<'e>,
    /// Where the runtime has what the code uses.
    state: String,
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
}

impl Statics<'_, '_> {
    fn variable(&mut self, variable: &Variable) {
        let Some((cell, content)) = variable.content() else { return };
        if is_conditional(&variable.attributes) {
            return;
        }
        let (name, state) = (plain(&variable.name), &self.state);
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

impl Variable {
    /// The name of its cell, and the type of what is in it.
    fn content(&self) -> Option<(String, &Type)> {
        let Type::Path(path) = &self.kind else { return None };
        let last = path.path.segments.last()?;
        let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
        let [GenericArgument::Type(content)] = &*arguments.args.iter().collect::<Vec<_>>() else {
            return None;
        };
        let cell = last.ident.to_string();
        CELLS.contains(&&*cell).then_some((cell, content))
    }
}
