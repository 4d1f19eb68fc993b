//! Components in markup: the tags inside of `html!`.
//!
//! Markup is read as tokens, since the parser does not look into macros. Only macros that are known are looked into, and what is not
//! understood in markup ends the search in it.

use std::ops::Range;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::SiteKind;
use crate::edits::{Edit, Edits};
use crate::functions::Function;
use crate::numbers::{self, NumberedTag};
use crate::source::Source;

/// Macros whose arguments are expressions, as far as tags in them go.
const WITH_EXPRESSIONS: [&str; 9] =
    ["assert", "assert_eq", "classes", "dbg", "format", "html_nested", "matches", "props", "vec"];

/// Rewrites the tags of components. Returns them for the next version of the file.
pub(crate) fn rewrite(
    source: &Source<'_>,
    functions: &[Function],
    earlier: &[NumberedTag],
    edits: &mut Edits<'_>,
) -> Vec<NumberedTag> {
    let mut tags = Tags { source, found: Vec::new() };
    tags.code(source.tokens.clone());
    tags.found.sort_by_key(|tag| (tag.range.start, tag.range.end));
    let around = |tag: &Tag| {
        let is_around =
            |it: &&Function| it.body.start <= tag.range.start && tag.range.end <= it.body.end;
        functions.iter().filter(is_around).min_by_key(|it| it.body.len())
    };
    // Markup in a constant has no component around it.
    let found: Vec<(Tag, &Function)> =
        tags.found.into_iter().filter_map(|tag| around(&tag).map(|it| (tag, it))).collect();
    let new = found.iter().map(|(tag, function)| {
        NumberedTag::new(&function.name, &tag.name, &source.text[tag.start.clone()])
    });
    let numbered = numbers::assign(new.collect(), earlier);
    for ((Tag { name, range, .. }, function), NumberedTag { number, .. }) in
        found.into_iter().zip(&numbered)
    {
        let numbered = if *number == 0 { name } else { format!("{name}#{number}") };
        let key =
            if function.is_component { numbered } else { format!("{}.{numbered}", function.name) };
        let open = format!("{{::hmr_yew::at({key:?}, ::yew::html!{{");
        let edits_of_tag = [Edit::open(range.start, open), Edit::close(range.end, "})}")];
        edits.add(SiteKind::Tag, (&function.name, &key), range, edits_of_tag);
    }
    numbered
}

struct Tag {
    name: String,
    /// From the beginning of the start tag to the end of the end tag.
    range: Range<usize>,
    /// The start tag.
    start: Range<usize>,
}

struct Tags<'a> {
    source: &'a Source<'a>,
    found: Vec<Tag>,
}

impl Tags<'_> {
    /// Reads code, and the markup in it.
    fn code(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            if let [TokenTree::Ident(name), TokenTree::Punct(mark), rest @ ..] = &tokens[at..]
                && mark.as_char() == '!'
                && let Some(argument) = argument(rest)
            {
                self.called(&name.to_string(), argument);
                // `macro_rules! name { … }` has one token more.
                at += if matches!(rest, [TokenTree::Ident(_), ..]) { 4 } else { 3 };
                continue;
            }
            if let TokenTree::Group(group) = &tokens[at] {
                self.code(group.stream());
            }
            at += 1;
        }
    }

    fn called(&mut self, name: &str, argument: &Group) {
        if name == "html" {
            self.markup(&argument.stream().into_iter().collect::<Vec<_>>());
        } else if WITH_EXPRESSIONS.contains(&name) {
            self.code(argument.stream());
        }
    }

    /// Reads the nodes in `tokens`. What is not understood ends it; tags before that stay.
    fn markup(&mut self, tokens: &[TokenTree]) {
        let mut open: Vec<(Option<String>, Range<usize>)> = Vec::new();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Punct(mark) if mark.as_char() == '<' => {
                    let Some(tag) = StartOrEnd::read(&tokens[at..]) else { return };
                    let range = self.range(&tokens[at..at + tag.length]);
                    if tag.ends {
                        let Some((name, start)) = open.pop() else { return };
                        self.element(name, start.start..range.end, start);
                    } else if tag.closes_itself {
                        self.element(tag.name, range.clone(), range);
                    } else {
                        open.push((tag.name, range));
                    }
                    // Values of attributes.
                    self.expressions(&tokens[at..at + tag.length]);
                    at += tag.length;
                }
                TokenTree::Ident(word) if word == "if" || word == "for" => {
                    let Some(length) = condition(&tokens[at..]) else { return };
                    self.expressions(&tokens[at..at + length]);
                    at += length;
                    let Some(TokenTree::Group(body)) = tokens.get(at) else { return };
                    self.markup(&body.stream().into_iter().collect::<Vec<_>>());
                    at += 1;
                }
                TokenTree::Ident(word) if word == "else" => match tokens.get(at + 1) {
                    Some(TokenTree::Group(body)) => {
                        self.markup(&body.stream().into_iter().collect::<Vec<_>>());
                        at += 2;
                    }
                    _ => at += 1,
                },
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    self.code(group.stream());
                    at += 1;
                }
                TokenTree::Literal(_) => at += 1,
                _ => return,
            }
        }
    }

    /// Reads the groups among tokens as code.
    fn expressions(&mut self, tokens: &[TokenTree]) {
        for token in tokens {
            if let TokenTree::Group(group) = token {
                self.code(group.stream());
            }
        }
    }

    fn element(&mut self, name: Option<String>, range: Range<usize>, start: Range<usize>) {
        // Other elements are written in lower case.
        if let Some(name) = name.filter(|it| it.starts_with(char::is_uppercase)) {
            self.found.push(Tag { name, range, start });
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

/// A start tag or an end tag.
struct StartOrEnd {
    /// The last name of its path; none for a fragment or a name that is computed.
    name: Option<String>,
    ends: bool,
    closes_itself: bool,
    /// How many tokens it has.
    length: usize,
}

impl StartOrEnd {
    /// Reads a tag that begins with the first token.
    fn read(tokens: &[TokenTree]) -> Option<Self> {
        let is = |at: usize, mark: char| matches!(tokens.get(at), Some(TokenTree::Punct(it)) if it.as_char() == mark);
        let ends = is(1, '/');
        let mut at = if ends { 2 } else { 1 };
        let mut name = None;
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Ident(word) => name = Some(word.to_string()),
                TokenTree::Punct(mark) if mark.as_char() == ':' => {}
                _ => break,
            }
            at += 1;
            // An attribute comes after the last name of the path.
            if matches!(tokens.get(at), Some(TokenTree::Ident(_))) && !is(at - 1, ':') {
                break;
            }
        }
        // `<Field<u32> />`
        let mut depth = 0_usize;
        loop {
            match tokens.get(at)? {
                TokenTree::Punct(mark) if mark.as_char() == '<' => depth += 1,
                // The end of `->` and `=>`.
                TokenTree::Punct(mark)
                    if mark.as_char() == '>' && (is(at - 1, '-') || is(at - 1, '=')) => {}
                TokenTree::Punct(mark) if mark.as_char() == '>' && depth > 0 => depth -= 1,
                TokenTree::Punct(mark) if mark.as_char() == '>' => {
                    let closes_itself = !ends && is(at - 1, '/');
                    return Some(Self { name, ends, closes_itself, length: at + 1 });
                }
                _ => {}
            }
            at += 1;
        }
    }
}
