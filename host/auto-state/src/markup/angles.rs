//! Markup with tags in angle brackets: `html!` of Yew, `view!` of Leptos.

use proc_macro2::{Delimiter, TokenTree};

use super::{Reader, Tag, condition};

impl Reader<'_> {
    /// Reads the nodes in `tokens`. What is not understood ends it; tags before that stay.
    pub(super) fn angles(&mut self, tokens: &[TokenTree]) {
        let mut open: Vec<(StartOrEnd, Tag)> = Vec::new();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Punct(mark) if mark.as_char() == '<' => {
                    let Some(tag) = StartOrEnd::read(&tokens[at..]) else { return };
                    let length = tag.length;
                    if !self.tag(&tokens[at..at + length], tag, &mut open) {
                        return;
                    }
                    at += length;
                }
                TokenTree::Ident(word)
                    if self.has_conditions() && (word == "if" || word == "for") =>
                {
                    let Some(length) = condition(&tokens[at..]) else { return };
                    self.code(&tokens[at..at + length]);
                    at += length;
                    let Some(TokenTree::Group(body)) = tokens.get(at) else { return };
                    self.angles(&body.stream().into_iter().collect::<Vec<_>>());
                    at += 1;
                }
                TokenTree::Ident(word) if self.has_conditions() && word == "else" => {
                    match tokens.get(at + 1) {
                        Some(TokenTree::Group(body)) => {
                            self.angles(&body.stream().into_iter().collect::<Vec<_>>());
                            at += 2;
                        }
                        _ => at += 1,
                    }
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    self.group(group);
                    at += 1;
                }
                TokenTree::Literal(_) => at += 1,
                // Leptos has texts without quotes.
                _ if !self.has_conditions() => at += 1,
                _ => return,
            }
        }
    }

    /// Reads a start tag or an end tag, which consists of `tokens`. Returns whether it was understood.
    fn tag(
        &mut self,
        tokens: &[TokenTree],
        tag: StartOrEnd,
        open: &mut Vec<(StartOrEnd, Tag)>,
    ) -> bool {
        let range = self.range(tokens);
        let own_name = || tokens.get(tag.first_name..tag.end_of_name).map(|it| self.range(it));
        let own_name = own_name().unwrap_or(range.clone());
        if tag.ends {
            // An element like `br` has no end.
            let Some(at) = open.iter().rposition(|(start, _)| start.name == tag.name) else {
                return false;
            };
            let Some((start, mut found)) = open.drain(at..).next() else { return false };
            found.range.end = range.end;
            found.names.push(own_name);
            if !start.is_slot {
                self.found(found);
            }
            return true;
        }
        let name = tag.name.clone().unwrap_or_default();
        let found = Tag {
            name,
            range: range.clone(),
            start: range,
            names: vec![own_name],
            is_path: tag.end_of_name > tag.first_name + 1,
        };
        // Values of attributes.
        self.code(&tokens[tag.end_of_name.min(tokens.len())..]);
        if !tag.closes_itself {
            open.push((tag, found));
        } else if !tag.is_slot {
            self.found(found);
        }
        true
    }
}

/// A start tag or an end tag.
struct StartOrEnd {
    /// The last name of its path; none for a fragment or a name that is computed.
    name: Option<String>,
    ends: bool,
    closes_itself: bool,
    /// Whether it is an argument of the component around it.
    is_slot: bool,
    /// The tokens of its path, from here
    first_name: usize,
    /// to here.
    end_of_name: usize,
    /// How many tokens it has.
    length: usize,
}

impl StartOrEnd {
    /// Reads a tag that begins with the first token.
    fn read(tokens: &[TokenTree]) -> Option<Self> {
        let is = |at: usize, mark: char| matches!(tokens.get(at), Some(TokenTree::Punct(it)) if it.as_char() == mark);
        let ends = is(1, '/');
        let first_name = if ends { 2 } else { 1 };
        let mut at = first_name;
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
        let (end_of_name, mut is_slot) = (at, false);
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
                    let length = at + 1;
                    return Some(Self {
                        name,
                        ends,
                        closes_itself,
                        is_slot,
                        first_name,
                        end_of_name,
                        length,
                    });
                }
                TokenTree::Ident(word) if word == "slot" && depth == 0 => {
                    is_slot |= !is(at + 1, '=') && !is(at - 1, '=');
                }
                _ => {}
            }
            at += 1;
        }
    }
}
