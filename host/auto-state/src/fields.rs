//! Components that are types: their fields are their state.
//!
//! A component's `create` gives what it makes to the runtime, which replaces the fields by those of the component before. That is done if
//! all fields can be kept: a part of them could contradict the rest.

use std::collections::BTreeMap;

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{AttrStyle, Fields, FnArg, ImplItem, ImplItemFn, ItemImpl, ItemStruct, Pat};

use crate::SiteKind;
use crate::edits::{Edit, Edits};
use crate::framework::Framework;
use crate::functions::component_type;
use crate::source::{Source, plain};
use crate::types::{ERR, RESULT, is_conditional, one_line, state_path};

/// Rewrites the components that are types, where the file has the type, too.
pub(crate) fn rewrite(source: &Source<'_>, edits: &mut Edits<'_>) {
    let mut found = Found::default();
    found.visit_file(&source.file);
    for item in found.components {
        let Some(name) = component_type(item) else { continue };
        let Some(own) = found.structs.get(&name) else { continue };
        if let Some(changes) = changes(source, item, own) {
            let range = source.range(item.span());
            edits.add(SiteKind::Fields, ("", &name), range, changes);
        }
    }
}

#[derive(Default)]
struct Found<'a> {
    structs: BTreeMap<String, &'a ItemStruct>,
    components: Vec<&'a ItemImpl>,
}

impl<'a> Visit<'a> for Found<'a> {
    fn visit_item_struct(&mut self, item: &'a ItemStruct) {
        self.structs.insert(plain(&item.ident), item);
    }

    fn visit_item_impl(&mut self, item: &'a ItemImpl) {
        self.components.extend(
            (component_type(item).is_some() && item.generics.params.is_empty()).then_some(item),
        );
        visit::visit_item_impl(self, item);
    }
}

/// The changes of a component's implementation; none if it has nothing to keep, or is not understood.
fn changes(source: &Source<'_>, item: &ItemImpl, own: &ItemStruct) -> Option<Vec<Edit>> {
    let fields: Vec<_> = own.fields.iter().collect();
    let is_plain = matches!(own.fields, Fields::Named(_))
        && own.generics.params.is_empty()
        && !fields.iter().any(|it| is_conditional(&it.attrs));
    if !is_plain || fields.is_empty() || is_conditional(&item.attrs) || is_conditional(&own.attrs) {
        return None;
    }
    let create = item.items.iter().find_map(|it| match it {
        ImplItem::Fn(function) if function.sig.ident == "create" => Some(function),
        _ => None,
    })?;
    let name = plain(&own.ident);
    let (state, mut changes) = (state_path(Framework::Yew), wrapped(source, create, &name)?);
    let (mut names, mut bound, mut started, mut written) = (vec![], vec![], vec![], vec![]);
    for (at, field) in fields.iter().enumerate() {
        let ident = field.ident.as_ref()?;
        let (key, kind) = (plain(ident), one_line(&field.ty));
        names.push(format!("{key:?}"));
        bound.push(format!("{ident}: hmr_{at}"));
        started
            .push(format!("{ident}: hmr_start.field({key:?}, {state}::codec!({kind}), hmr_{at})"));
        written.push(format!(
            "{at} => {state}::write_field!({kind}, &self.{ident}, \"{name}.{key}\"), "
        ));
    }
    let (ident, names, bound, started) =
        (&own.ident, names.join(", "), bound.join(", "), started.join(", "));
    let code = format!(
        " impl ::hmr_yew::Fields for {ident} {{ const NAMES: &'static [&'static str] = &[{names}]; \
         fn started(self, hmr_start: &mut ::hmr_yew::FieldsStart) -> Self {{ let Self {{ {bound} }} = self; Self {{ {started} }} }} \
         fn field(&self, hmr_at: usize) -> {RESULT}<{state}::Value, {state}::NotCarried> {{ match hmr_at {{ {}_ => {ERR}({state}::NotCarried::new(\"no field\")) }} }} }}",
        written.concat()
    );
    changes.push(Edit::insert(source.range(item.span()).end, code));
    Some(changes)
}

/// Gives what `create` makes to the runtime.
fn wrapped(source: &Source<'_>, create: &ImplItemFn, name: &str) -> Option<Vec<Edit>> {
    let is_inner = |it: &syn::Attribute| matches!(it.style, AttrStyle::Inner(_));
    let [FnArg::Typed(argument)] = &*create.sig.inputs.iter().collect::<Vec<_>>() else {
        return None;
    };
    if create.attrs.iter().any(is_inner) {
        return None;
    }
    let mut changes = Vec::new();
    let context = match &*argument.pat {
        Pat::Ident(pattern) => pattern.ident.to_string(),
        Pat::Wild(pattern) => {
            changes.push(Edit::replace(source.range(pattern.span()), "hmr_context"));
            "hmr_context".to_owned()
        }
        _ => return None,
    };
    let braces = create.block.brace_token.span;
    let (open, close) = (source.range(braces.open()).end, source.range(braces.close()).start);
    let end = format!("}})(); ::hmr_yew::created({name:?}, {context}, hmr_made) ");
    changes.extend(Edit::around(open..close, " let hmr_made = (|| -> Self {", end));
    Some(changes)
}
