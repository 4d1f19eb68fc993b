//! Components in markup.
//!
//! Markup is read as tokens, since the parser does not look into macros. Only macros that are known are looked into, and what is not
//! understood in markup ends the search in it.

mod angles;
mod braces;
mod calls;

use std::collections::BTreeMap;
use std::ops::Range;

use proc_macro2::{Delimiter, Group, TokenTree};

use self::calls::StateCall;
use crate::SiteKind;
use crate::edits::{Edit, Edits};
use crate::framework::Framework;
use crate::functions::Function;
use crate::imports::Imports;
use crate::numbers::{self, NumberedTag};
use crate::source::Source;

/// Macros whose arguments are expressions, as far as tags in them go.
const WITH_EXPRESSIONS: [&str; 9] =
    ["assert", "assert_eq", "classes", "dbg", "format", "html_nested", "matches", "props", "vec"];

/// Rewrites the tags of components. Returns them for the next version of the file.
pub(crate) fn rewrite(
    source: &Source<'_>,
    imports: &Imports,
    framework: Framework,
    functions: &[Function],
    earlier: &[NumberedTag],
    edits: &mut Edits<'_>,
) -> Vec<NumberedTag> {
    let (macros, tags, calls) = (Vec::new(), Vec::new(), Vec::new());
    let mut reader = Reader { source, imports, framework, macros, tags, calls };
    reader.code(&source.tokens.clone().into_iter().collect::<Vec<_>>());
    let Reader { mut tags, calls, .. } = reader;
    tags.sort_by_key(|(tag, _)| (tag.range.start, tag.range.end));
    rewrite_calls(calls, framework, functions, edits);
    // Markup in a constant has no component around it.
    let found: Vec<(Tag, String, &Function)> = tags
        .into_iter()
        .filter_map(|(tag, called)| around(functions, &tag.range).map(|it| (tag, called, it)))
        .collect();
    let new = found.iter().map(|(tag, _, function)| {
        NumberedTag::new(&function.name, &tag.name, &source.text[tag.start.clone()])
    });
    let numbered = numbers::assign(new.collect(), earlier);
    for ((tag, called, function), NumberedTag { number, .. }) in found.into_iter().zip(&numbered) {
        let name = &tag.name;
        let numbered = if *number == 0 { name.clone() } else { format!("{name}#{number}") };
        let key =
            if function.is_component { numbered } else { format!("{}.{numbered}", function.name) };
        let changes = changes(&tag, &key, &called, framework);
        edits.add(SiteKind::Tag, (&function.name, &key), tag.range, changes);
    }
    numbered
}

/// The innermost function around a part of the text.
fn around<'a>(functions: &'a [Function], range: &Range<usize>) -> Option<&'a Function> {
    let is_around = |it: &&Function| it.body.start <= range.start && range.end <= it.body.end;
    functions.iter().filter(is_around).min_by_key(|it| it.body.len())
}

/// Rewrites calls in the arguments of macros.
fn rewrite_calls(
    calls: Vec<StateCall>,
    framework: Framework,
    functions: &[Function],
    edits: &mut Edits<'_>,
) {
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    for StateCall { how, binding, range, open } in calls {
        let Some(function) = around(functions, &range) else { continue };
        // Not the name of a value that the function makes outside of macros.
        let name = format!("markup.{}", binding.as_deref().unwrap_or("state"));
        let name = if function.is_component { name } else { format!("{}.{name}", function.name) };
        let number = used.entry(format!("{}/{name}", function.name)).or_default();
        let key = if *number == 0 { name } else { format!("{name}#{number}") };
        *number += 1;
        let changes = how.keep(framework, &key, range.clone(), open);
        edits.add(SiteKind::State, (&function.name, &key), range, changes);
    }
}

/// The changes of a tag. `called` is the macro that it is in, as it is written there.
fn changes(tag: &Tag, key: &str, called: &str, framework: Framework) -> Vec<Edit> {
    let runtime = framework.runtime();
    let (open, close) = match framework {
        Framework::Yew => (format!("{{{runtime}::at({key:?}, ::yew::html!{{"), "})}"),
        Framework::Leptos => (format!("{{{runtime}::at({key:?}, || {called}!{{"), "})}"),
        Framework::Dioxus => (format!("{{{runtime}::at({key:?}, {called}!{{"), "})}"),
        Framework::Sycamore => {
            (format!("({{let _hmr_tagged = {runtime}::TAG + {key:?}; {called}!{{"), "}})")
        }
    };
    let mut changes = Vec::from(Edit::around(tag.range.clone(), open, close));
    if framework.lists().contains(&&*tag.name) {
        // Without the `::` at the start, which not all markup understands.
        let list = format!("{}::{}", runtime.trim_start_matches(':'), tag.name);
        changes.extend(tag.names.iter().map(|name| Edit::replace(name.clone(), list.clone())));
    }
    changes
}

/// A component in markup.
struct Tag {
    /// The last name of its path.
    name: String,
    /// From the beginning of the start tag to the end of the end tag.
    range: Range<usize>,
    /// The start tag.
    start: Range<usize>,
    /// The path, wherever it is written.
    names: Vec<Range<usize>>,
    /// Whether the path has more than the name.
    is_path: bool,
}

/// Reads the code of a file, and the markup in it.
struct Reader<'a> {
    source: &'a Source<'a>,
    imports: &'a Imports,
    framework: Framework,
    /// The macros with markup around what is read, as they are written.
    macros: Vec<String>,
    /// The tags, each with the macro that it is in.
    tags: Vec<(Tag, String)>,
    calls: Vec<StateCall>,
}

impl Reader<'_> {
    fn group(&mut self, group: &Group) {
        self.code(&group.stream().into_iter().collect::<Vec<_>>());
    }

    /// Reads code, and the markup in it.
    fn code(&mut self, tokens: &[TokenTree]) {
        let mut at = 0;
        while at < tokens.len() {
            if let [TokenTree::Ident(name), TokenTree::Punct(mark), rest @ ..] = &tokens[at..]
                && mark.as_char() == '!'
                && let Some(argument) = argument(rest)
            {
                let path = self.macro_path(&tokens[..=at]);
                self.called(&name.to_string(), path, argument);
                // `macro_rules! name { … }` has one token more.
                at += if matches!(rest, [TokenTree::Ident(_), ..]) { 4 } else { 3 };
                continue;
            }
            match &tokens[at] {
                TokenTree::Group(group) => self.group(group),
                TokenTree::Ident(_) => self.call(tokens, at),
                _ => {}
            }
            at += 1;
        }
    }

    /// The path of a macro whose last name is the last token.
    fn macro_path(&self, tokens: &[TokenTree]) -> String {
        let is_colon =
            |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ':');
        let mut first = tokens.len() - 1;
        // A name and `::` before it.
        while let Some(before) = first.checked_sub(3)
            && matches!(tokens[before], TokenTree::Ident(_))
            && tokens[before + 1..first].iter().all(is_colon)
        {
            first = before;
        }
        self.source.text[self.range(&tokens[first..])].split_whitespace().collect()
    }

    fn called(&mut self, name: &str, path: String, argument: &Group) {
        let is_markup = name == self.framework.markup();
        if !is_markup {
            if WITH_EXPRESSIONS.contains(&name) {
                self.group(argument);
            }
            return;
        }
        let tokens: Vec<TokenTree> = argument.stream().into_iter().collect();
        // A class for all elements, which markup inside of the markup would not have.
        let has_class = matches!(&*tokens, [TokenTree::Ident(class), TokenTree::Punct(_), ..] if class == "class");
        if self.framework == Framework::Leptos && has_class {
            return;
        }
        self.macros.push(path);
        match self.framework {
            Framework::Leptos | Framework::Yew => self.angles(&tokens),
            Framework::Sycamore => self.sycamore(&tokens),
            Framework::Dioxus => self.rsx(&tokens),
        }
        self.macros.pop();
    }

    /// Whether `if` and `for` are parts of markup in angle brackets.
    fn has_conditions(&self) -> bool {
        self.framework == Framework::Yew
    }

    /// Notes a tag, unless it is an element or one of the framework's own components.
    fn found(&mut self, tag: Tag) {
        // Elements are written in lower case.
        let is_component = tag.name.starts_with(char::is_uppercase);
        let own = self.framework.own_components();
        let is_own = own.contains(&&*tag.name) && (tag.is_path || self.imports.is_ours(&tag.name));
        let list = self.framework.lists().contains(&&*tag.name);
        let is_foreign_list = list && (tag.is_path || !self.imports.is_ours(&tag.name));
        if is_component && !is_own && !is_foreign_list {
            let called = self.macros.last().cloned().unwrap_or_default();
            self.tags.push((tag, called));
        }
    }

    fn range(&self, tokens: &[TokenTree]) -> Range<usize> {
        let ends = |token: &TokenTree| self.source.range(token.span());
        let start = tokens.first().map_or(0, |token| ends(token).start);
        start..tokens.last().map_or(start, |token| ends(token).end)
    }
}

/// The argument of a macro: the next group, perhaps after a name.
fn argument(rest: &[TokenTree]) -> Option<&Group> {
    match rest {
        [TokenTree::Group(group), ..] | [TokenTree::Ident(_), TokenTree::Group(group), ..] => {
            Some(group)
        }
        _ => None,
    }
}

/// How many tokens come before the body of an `if` or `for`.
fn condition(tokens: &[TokenTree]) -> Option<usize> {
    let is_body = |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
    tokens.iter().position(is_body)
}
