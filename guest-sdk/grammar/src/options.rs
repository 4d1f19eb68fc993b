//! The options in the parentheses of `#[component(…)]` and `#[migration(…)]`.

use proc_macro2::{Span, TokenStream};
use semver::Version;
use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Ident, LitStr, Path, Token};

use crate::error::{Mistakes, most_similar};

/// The options of `#[component(…)]`.
#[derive(Default)]
pub(crate) struct ComponentOptions {
    /// Pages can mount it.
    pub(crate) export: bool,
    /// Its old state is not restored.
    pub(crate) reset: bool,
    /// The version of its state.
    pub(crate) version: Option<String>,
    /// Why it accepts no hot update.
    pub(crate) decline: Option<String>,
}

const KNOWN: [&str; 5] = ["export", "reset", "version", "accept", "decline"];

impl ComponentOptions {
    pub(crate) fn read(attribute: TokenStream, mistakes: &mut Mistakes) -> Self {
        let mut options = Self::default();
        let mut needs_export: Option<(Span, &str)> = None;
        let mut accepts: Option<Span> = None;
        let parser = syn::meta::parser(|meta| {
            let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            match name.as_str() {
                "export" => options.export = true,
                "reset" => options.reset = true,
                "accept" => accepts = Some(meta.path.span()),
                "version" => {
                    let text: LitStr = meta.value()?.parse()?;
                    needs_export = Some((text.span(), "`version`"));
                    options.version = version(&text, mistakes);
                }
                "decline" => {
                    let text: LitStr = meta.value()?.parse()?;
                    needs_export = Some((text.span(), "`decline`"));
                    options.decline = reason(&text, mistakes);
                }
                _ => return Err(unknown(&meta, &name)),
            }
            Ok(())
        });
        if let Err(error) = parser.parse2(attribute) {
            mistakes.push(error);
        } else if let Some((span, what)) = needs_export.filter(|_| !options.export) {
            mistakes.at(
                span,
                &format!("{what} is for components that pages can mount"),
                "write `export` too; what is inside a component lives and migrates with it",
            );
        }
        if let Some(span) = accepts.filter(|_| options.decline.is_some()) {
            mistakes.at(
                span,
                "a component accepts hot updates or declines them",
                "leave one of `accept` and `decline` away; without both it accepts",
            );
        }
        options
    }
}

fn unknown(meta: &ParseNestedMeta<'_>, name: &str) -> syn::Error {
    let hint = most_similar(name, KNOWN).map_or_else(
        || "write `export`, `reset`, `version = \"…\"`, `accept` or `decline = \"…\"`".to_owned(),
        |similar| format!("did you mean `{similar}`?"),
    );
    meta.error(format!("`#[component]` does not know `{name}`\nhint: {hint}"))
}

/// A version as [semver](https://semver.org) has it.
fn version(text: &LitStr, mistakes: &mut Mistakes) -> Option<String> {
    match Version::parse(&text.value()) {
        Ok(version) => Some(version.to_string()),
        Err(error) => {
            let message = format!("`{}` is not a version: {error}", text.value());
            mistakes.at(text.span(), &message, "write three numbers, `1.0.0` for instance");
            None
        }
    }
}

/// A reason, which becomes part of a line of the manifest.
fn reason(text: &LitStr, mistakes: &mut Mistakes) -> Option<String> {
    let reason = text.value().split_whitespace().collect::<Vec<_>>().join(" ");
    if reason.is_empty() {
        mistakes.at(text.span(), "a reason is missing", "say why it accepts no hot update");
        return None;
    }
    Some(reason)
}

/// The options of `#[migration(…)]`.
pub(crate) struct MigrationOptions {
    pub(crate) component: Path,
    pub(crate) from: String,
    pub(crate) to: String,
}

/// The same as written, where something may be missing.
struct Written {
    component: Path,
    from: Option<LitStr>,
    to: Option<LitStr>,
}

const SHAPE: &str = "write `#[migration(Component, from = \"1.0.0\", to = \"1.1.0\")]`";

impl Parse for Written {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let component: Path = input.parse().map_err(|error| {
            syn::Error::new(error.span(), format!("which component?\nhint: {SHAPE}"))
        })?;
        let mut written = Self { component, from: None, to: None };
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let name: Ident = input.parse()?;
            let option = match name.to_string().as_str() {
                "from" => &mut written.from,
                "to" => &mut written.to,
                other => {
                    let message = format!("`#[migration]` does not know `{other}`\nhint: {SHAPE}");
                    return Err(syn::Error::new(name.span(), message));
                }
            };
            input.parse::<Token![=]>()?;
            *option = Some(input.parse()?);
        }
        Ok(written)
    }
}

impl MigrationOptions {
    pub(crate) fn read(attribute: TokenStream, mistakes: &mut Mistakes) -> Option<Self> {
        let written = match syn::parse2::<Written>(attribute) {
            Ok(written) => written,
            Err(error) => {
                mistakes.push(error);
                return None;
            }
        };
        let Written { component, from: Some(from), to: Some(to) } = written else {
            mistakes.on(&written.component, "a migration is between two versions", SHAPE);
            return None;
        };
        let versions = (version(&from, mistakes), version(&to, mistakes));
        let (Some(old), Some(new)) = versions else { return None };
        if old == new {
            mistakes.at(to.span(), "a migration leads to another version", "raise `to`");
            return None;
        }
        Some(Self { component, from: old, to: new })
    }
}
