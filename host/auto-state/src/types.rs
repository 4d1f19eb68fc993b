//! Types of the crate: code that writes and reads their values.
//!
//! Each field finds out for itself whether its type can be kept, so that the code compiles for any field; a value that cannot be kept
//! is reported when it is made again.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Field, Fields, GenericParam, Generics, Ident, ItemEnum, ItemImpl, ItemStruct, Type,
};

use crate::SiteKind;
use crate::edits::{Edit, Edits};
use crate::framework::Framework;
use crate::source::{Source, plain};

/// Names of the standard library, which a file may have given another meaning.
pub(crate) const RESULT: &str = "::core::result::Result";
const OK: &str = "::core::result::Result::Ok";
pub(crate) const ERR: &str = "::core::result::Result::Err";

/// The path of the runtime's types and macros for values.
pub(crate) fn state_path(framework: Framework) -> String {
    format!("{}::state", framework.runtime())
}

/// Adds an implementation of `Keep` behind each type.
pub(crate) fn rewrite(source: &Source<'_>, framework: Framework, edits: &mut Edits<'_>) {
    let mut by_hand = ByHand::default();
    by_hand.visit_file(&source.file);
    let mut types = Types { source, edits, by_hand, state: state_path(framework) };
    types.visit_file(&source.file);
}

/// Types for which the file implements `Keep` by itself.
#[derive(Default)]
struct ByHand(BTreeSet<String>);

impl<'ast> Visit<'ast> for ByHand {
    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let implemented = item.trait_.as_ref().and_then(|(path, _)| path.segments.last());
        if implemented.is_some_and(|it| it.ident == "Keep")
            && let Type::Path(own) = &*item.self_ty
            && let Some(own) = own.path.segments.last()
        {
            self.0.insert(own.ident.to_string());
        }
        visit::visit_item_impl(self, item);
    }
}

struct Types<'a, 'e> {
    source: &'a Source<'a>,
    edits: &'a mut Edits<'e>,
    by_hand: ByHand,
    /// Where the runtime has what the code uses.
    state: String,
}

impl Types<'_, '_> {
    /// Adds code behind an item.
    fn add(&mut self, item: &Item<'_>, variants: &[Variant<'_>]) {
        let Item { attributes, name, generics, span } = item;
        if self.by_hand.0.contains(&name.to_string()) {
            return;
        }
        let Some(header) = header(&self.state, name, generics) else { return };
        let Some(methods) = methods(&self.state, &plain(name), variants) else { return };
        let range = self.source.range(*span);
        let conditions = attributes.iter().filter(|it| it.path().is_ident("cfg"));
        let mut code = String::new();
        for condition in conditions {
            let condition = self.source.text_of(condition.span()).replace(['\n', '\r'], " ");
            _ = write!(code, " {condition}");
        }
        _ = write!(code, " {header} {{ {methods} }}");
        let edit = Edit::insert(range.end, code);
        self.edits.add(SiteKind::Type, ("", &plain(name)), range, [edit]);
    }
}

/// A struct or an enum.
struct Item<'a> {
    attributes: &'a [Attribute],
    name: &'a Ident,
    generics: &'a Generics,
    span: proc_macro2::Span,
}

impl<'ast> Visit<'ast> for Types<'_, '_> {
    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        let own = Variant { name: None, fields: &item.fields, is_plain: true };
        let ItemStruct { attrs: attributes, ident: name, generics, .. } = item;
        self.add(&Item { attributes, name, generics, span: item.span() }, &[own]);
    }

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        let variants: Vec<_> = item
            .variants
            .iter()
            .map(|it| Variant {
                name: Some(&it.ident),
                fields: &it.fields,
                is_plain: !is_conditional(&it.attrs),
            })
            .collect();
        let ItemEnum { attrs: attributes, ident: name, generics, .. } = item;
        self.add(&Item { attributes, name, generics, span: item.span() }, &variants);
    }
}

/// Whether something exists only under a condition.
pub(crate) fn is_conditional(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|it| it.path().is_ident("cfg") || it.path().is_ident("cfg_attr"))
}

/// `impl<T: Keep> Keep for Name<T>`; none for generics with anything but plain types.
fn header(state: &str, name: &Ident, generics: &Generics) -> Option<String> {
    let mut bounds = Vec::new();
    let mut names = Vec::new();
    if generics.where_clause.is_some() {
        return None;
    }
    for parameter in &generics.params {
        let GenericParam::Type(parameter) = parameter else { return None };
        if !parameter.bounds.is_empty() {
            return None;
        }
        bounds.push(format!("{}: {state}::Keep", parameter.ident));
        names.push(parameter.ident.to_string());
    }
    if names.is_empty() {
        return Some(format!("impl {state}::Keep for {name}"));
    }
    let (bounds, names) = (bounds.join(", "), names.join(", "));
    Some(format!("impl<{bounds}> {state}::Keep for {name}<{names}>"))
}

/// A variant of an enum, or the one form of a struct.
struct Variant<'a> {
    name: Option<&'a Ident>,
    fields: &'a Fields,
    /// Whether it always exists.
    is_plain: bool,
}

impl Variant<'_> {
    /// The fields, if each always exists.
    fn fields(&self) -> Option<Vec<&Field>> {
        let all: Vec<&Field> = self.fields.iter().collect();
        (self.is_plain && !all.iter().any(|it| is_conditional(&it.attrs))).then_some(all)
    }

    fn path(&self) -> String {
        self.name.map_or("Self".to_owned(), |name| format!("Self::{name}"))
    }

    /// `Self::Moved { x: f0, y: f1 }`, as a pattern or, with other values, as an expression.
    fn with(&self, values: &[String]) -> String {
        let fields: Vec<String> = (self.fields.iter().zip(values).enumerate())
            .map(|(at, (field, value))| match &field.ident {
                Some(name) => format!("{name}: {value}"),
                None => format!("{at}: {value}"),
            })
            .collect();
        format!("{} {{ {} }}", self.path(), fields.join(", "))
    }
}

/// The two methods of `Keep`.
fn methods(state: &str, name: &str, variants: &[Variant<'_>]) -> Option<String> {
    if variants.is_empty() {
        return None;
    }
    let (mut writes, mut reads, mut is_enum) = (String::new(), String::new(), false);
    for variant in variants {
        let code = VariantCode::of(state, name, variant)?;
        if let Some(tag) = variant.name.map(plain) {
            is_enum = true;
            let VariantCode { pattern, written, shape, read } = code;
            _ = write!(writes, "{pattern} => {state}::shape::variant({tag:?}, {written}), ");
            _ = write!(
                reads,
                "{tag:?} => {{ let hmr_fields = hmr_variant.{shape}(); _ = &hmr_fields; {OK}({read}) }}, "
            );
        } else {
            let VariantCode { pattern, written, shape, read } = code;
            _ = write!(writes, "{pattern} => {written}, ");
            _ = write!(
                reads,
                "let hmr_fields = {state}::Fields::{shape}(hmr_value); _ = &hmr_fields; {OK}({read})"
            );
        }
    }
    if is_enum {
        reads = format!(
            "let hmr_variant = {state}::Variant::of(hmr_value)?; match hmr_variant.name() {{ {reads} \
             hmr_other => {ERR}({state}::ReadError::variant({name:?}, hmr_other)) }}"
        );
    }
    Some(format!(
        "fn write(&self) -> {RESULT}<{state}::Value, {state}::NotCarried> {{ {OK}(match self {{ {writes} }}) }} \
         fn read(hmr_value: &{state}::Value) -> {RESULT}<Self, {state}::ReadError> {{ {reads} }}"
    ))
}

/// Code for one variant.
struct VariantCode {
    /// Matches it.
    pattern: String,
    /// Its fields as a value.
    written: String,
    /// The name of the form that its fields have.
    shape: &'static str,
    /// Makes it of read fields.
    read: String,
}

impl VariantCode {
    fn of(state: &str, name: &str, variant: &Variant<'_>) -> Option<Self> {
        let fields = variant.fields()?;
        let bound: Vec<String> = (0..fields.len()).map(|at| format!("hmr_{at}")).collect();
        let (mut written, mut read) = (Vec::new(), Vec::new());
        for (at, field) in fields.iter().enumerate() {
            let key = field.ident.as_ref().map_or_else(|| at.to_string(), plain);
            let place = match variant.name {
                Some(variant) => format!("{name}::{}.{key}", plain(variant)),
                None => format!("{name}.{key}"),
            };
            let kind = one_line(&field.ty);
            written.push(format!("({key:?}, {state}::write_field!({kind}, hmr_{at}, {place:?})?)"));
            read.push(format!("{state}::read_field!({kind}, hmr_fields, {key:?})?"));
        }
        let shape = match (&variant.fields, fields.len()) {
            (Fields::Named(_), _) => "named",
            (Fields::Unnamed(_), 1) => "newtype",
            (Fields::Unnamed(_), _) => "tuple",
            (Fields::Unit, _) => "unit",
        };
        Some(Self {
            pattern: variant.with(&bound),
            written: format!("{state}::shape::{shape}([{}])", written.join(", ")),
            shape,
            read: variant.with(&read),
        })
    }
}

/// The text of a type, without line ends.
pub(crate) fn one_line(kind: &Type) -> String {
    use quote::ToTokens as _;
    kind.to_token_stream().to_string().replace(['\n', '\r'], " ")
}
