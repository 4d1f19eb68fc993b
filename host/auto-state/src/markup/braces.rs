//! Markup with names before groups: `rsx!` of Dioxus, `view!` of Sycamore.

use proc_macro2::{Delimiter, Group, TokenTree};

use super::{Reader, Tag, condition};
use crate::framework::Framework;

impl Reader<'_> {
    /// Reads the nodes of Dioxus in `tokens`, which may follow attributes.
    pub(super) fn rsx(&mut self, tokens: &[TokenTree]) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let rest = &tokens[at..];
            at += match token {
                TokenTree::Punct(mark) if mark.as_char() == ',' => 1,
                TokenTree::Ident(word) if word == "for" || word == "if" || word == "else" => {
                    let Some(length) = condition(rest) else { return };
                    self.code(&rest[..length]);
                    self.rsx_inside(rest.get(length));
                    length + 1
                }
                TokenTree::Ident(word) if word == "match" => {
                    let Some(length) = condition(rest) else { return };
                    self.code(&rest[..=length]);
                    length + 1
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    self.group(group);
                    1
                }
                TokenTree::Ident(_) | TokenTree::Literal(_) if is_attribute(rest) => {
                    self.value(rest)
                }
                // `..props`
                TokenTree::Punct(mark) if mark.as_char() == '.' => self.value(rest),
                TokenTree::Literal(_) => 1,
                TokenTree::Ident(_) | TokenTree::Punct(_) => match Path::read(rest) {
                    Some(path) => self.rsx_node(rest, &path),
                    None => return,
                },
                TokenTree::Group(_) => return,
            };
        }
    }

    /// Reads an attribute or another value: up to the next comma. Returns how many tokens it has.
    fn value(&mut self, tokens: &[TokenTree]) -> usize {
        let is_comma =
            |it: &TokenTree| matches!(it, TokenTree::Punct(mark) if mark.as_char() == ',');
        let length = tokens.iter().position(is_comma).unwrap_or(tokens.len());
        self.code(&tokens[..length]);
        length
    }

    /// Reads an element or a component. Returns how many tokens it has.
    fn rsx_node(&mut self, tokens: &[TokenTree], path: &Path) -> usize {
        let Some(TokenTree::Group(body)) = tokens.get(path.length) else { return tokens.len() };
        if body.delimiter() != Delimiter::Brace {
            return tokens.len();
        }
        let length = path.length + 1;
        // The key of a component must stay where the framework sees it.
        if !has_key(body) {
            self.named(&tokens[..length], path);
        }
        self.rsx_inside(tokens.get(path.length));
        length
    }

    fn rsx_inside(&mut self, token: Option<&TokenTree>) {
        if let Some(TokenTree::Group(group)) = token {
            self.rsx(&group.stream().into_iter().collect::<Vec<_>>());
        }
    }

    /// Reads the nodes of Sycamore in `tokens`.
    pub(super) fn sycamore(&mut self, tokens: &[TokenTree]) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let rest = &tokens[at..];
            at += match token {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                    self.group(group);
                    1
                }
                TokenTree::Literal(_) => match rest.get(1) {
                    // An element with a name in quotes.
                    Some(TokenTree::Group(_)) => self.sycamore_node(rest, &Path::of_literal()),
                    _ => 1,
                },
                TokenTree::Ident(_) | TokenTree::Punct(_) => match Path::read(rest) {
                    Some(path) => self.sycamore_node(rest, &path),
                    None => return,
                },
                TokenTree::Group(_) => return,
            };
        }
    }

    /// Reads an element or a component with its attributes and its children. Returns how many tokens it has.
    fn sycamore_node(&mut self, tokens: &[TokenTree], path: &Path) -> usize {
        let mut length = path.length;
        let group = |at: usize, delimiter: Delimiter| match tokens.get(at) {
            Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group.clone()),
            _ => None,
        };
        let attributes = group(length, Delimiter::Parenthesis);
        length += usize::from(attributes.is_some());
        let children = group(length, Delimiter::Brace);
        length += usize::from(children.is_some());
        if attributes.is_none() && children.is_none() {
            return tokens.len();
        }
        self.named(&tokens[..length], path);
        if let Some(attributes) = attributes {
            self.group(&attributes);
        }
        if let Some(children) = children {
            self.sycamore(&children.stream().into_iter().collect::<Vec<_>>());
        }
        length
    }

    /// Notes a component that consists of `tokens`.
    fn named(&mut self, tokens: &[TokenTree], path: &Path) {
        let range = self.range(tokens);
        let start = match self.framework {
            // The text that distinguishes it is that of its attributes.
            Framework::Sycamore => self.range(&tokens[..tokens.len().min(path.length + 1)]),
            _ => range.clone(),
        };
        let names = vec![self.range(&tokens[..path.length])];
        let is_path = path.length > 1;
        self.found(Tag { name: path.last.clone(), range, start, names, is_path });
    }
}

/// Whether tokens begin with `name:` or `"name":`, and not with a path.
fn is_attribute(tokens: &[TokenTree]) -> bool {
    let is_colon =
        |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(it)) if it.as_char() == ':');
    is_colon(1) && !is_colon(2)
}

/// Whether a component of Dioxus has a key.
fn has_key(body: &Group) -> bool {
    let tokens: Vec<TokenTree> = body.stream().into_iter().collect();
    tokens.windows(2).any(|it| {
        matches!(it, [TokenTree::Ident(name), TokenTree::Punct(mark)] if name == "key" && mark.as_char() == ':')
    })
}

/// The path before a group.
struct Path {
    last: String,
    /// How many tokens it has.
    length: usize,
}

impl Path {
    /// A name in quotes, which is no component's.
    fn of_literal() -> Self {
        Self { last: String::new(), length: 1 }
    }

    /// Reads names with `::` between them, perhaps with types behind them.
    fn read(tokens: &[TokenTree]) -> Option<Self> {
        let (mut at, mut depth, mut last) = (0, 0_usize, None);
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Ident(word) if depth == 0 => last = Some(word.to_string()),
                TokenTree::Punct(mark) if mark.as_char() == '<' => depth += 1,
                TokenTree::Punct(mark) if mark.as_char() == '>' => depth = depth.checked_sub(1)?,
                TokenTree::Punct(mark) if depth == 0 && ![':', '-'].contains(&mark.as_char()) => {
                    return None;
                }
                TokenTree::Group(_) if depth == 0 => break,
                _ => {}
            }
            at += 1;
        }
        last.map(|last| Self { last, length: at })
    }
}
