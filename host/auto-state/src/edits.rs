//! Changes of a text, and the map of positions that follows from them.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Range;

use crate::{Rewritten, Site, SiteKind};

/// The comment that keeps a site as it is.
const RESET: &str = "// hmr: reset";

/// One change of the text.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    range: Range<usize>,
    text: String,
    order: Order,
}

/// What comes first of insertions at one position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    /// Ends. What begins last ends first.
    Close(Reverse<usize>),
    /// Beginnings. What ends last begins first.
    Open(Reverse<usize>),
    /// What replaces the text behind the position.
    Replace,
}

impl Edit {
    /// Inserts text before and behind a part of the text.
    pub(crate) fn around(
        range: Range<usize>,
        open: impl Into<String>,
        close: impl Into<String>,
    ) -> [Self; 2] {
        let Range { start, end } = range;
        [
            Self { range: start..start, text: open.into(), order: Order::Open(Reverse(end)) },
            Self { range: end..end, text: close.into(), order: Order::Close(Reverse(start)) },
        ]
    }

    /// Inserts text that belongs to what is before it.
    pub(crate) fn insert(at: usize, text: impl Into<String>) -> Self {
        Self { range: at..at, text: text.into(), order: Order::Close(Reverse(at)) }
    }

    /// Replaces a part of the text.
    pub(crate) fn replace(range: Range<usize>, text: impl Into<String>) -> Self {
        Self { range, text: text.into(), order: Order::Replace }
    }
}

/// The changes of one text.
pub(crate) struct Edits<'a> {
    text: &'a str,
    excluded: &'a BTreeSet<String>,
    /// The byte offset at which each line begins.
    lines: Vec<usize>,
    sites: Vec<Site>,
    changes: Vec<Edit>,
    ids: BTreeSet<String>,
}

impl<'a> Edits<'a> {
    pub(crate) fn new(text: &'a str, excluded: &'a BTreeSet<String>) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(newlines.map(|(at, _)| at + 1)).collect();
        Self { text, excluded, lines, sites: Vec::new(), changes: Vec::new(), ids: BTreeSet::new() }
    }

    /// Rewrites a site with `edits`, unless it is excluded or marked. `owner` is the function or item that it belongs to.
    pub(crate) fn add(
        &mut self,
        kind: SiteKind,
        (owner, key): (&str, &str),
        range: Range<usize>,
        edits: impl IntoIterator<Item = Edit>,
    ) {
        let id = self.unique(&format!("{}:{owner}/{key}", kind.name()));
        if self.excluded.contains(&id) || self.is_marked(range.start) {
            return;
        }
        let (line, column) = self.position(range.start);
        self.changes.extend(edits);
        self.sites.push(Site { id, kind, key: key.to_owned(), range, line, column });
    }

    /// Ids are used once in a file: functions in different modules of it may have one name.
    fn unique(&mut self, id: &str) -> String {
        let mut unique = id.to_owned();
        let mut number = 1;
        while !self.ids.insert(unique.clone()) {
            number += 1;
            unique = format!("{id}~{number}");
        }
        unique
    }

    /// Whether a comment on the same line or on the line before says that the value is not kept.
    fn is_marked(&self, at: usize) -> bool {
        let (line, _) = self.position(at);
        let is_marked = |line: usize| self.line(line).is_some_and(|text| text.contains(RESET));
        let is_comment =
            |line: usize| self.line(line).is_some_and(|text| text.trim_start().starts_with(RESET));
        is_marked(line) || (line > 1 && is_comment(line - 1))
    }

    /// The text of a line, counted from 1.
    fn line(&self, line: usize) -> Option<&'a str> {
        let start = *self.lines.get(line.checked_sub(1)?)?;
        self.text[start..].lines().next()
    }

    /// The line and the column of a position, counted from 1.
    fn position(&self, at: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= at);
        let start = self.lines[line - 1];
        (line, self.text[start..at].chars().count() + 1)
    }

    pub(crate) fn apply(mut self) -> Rewritten {
        self.changes.sort_by_key(|edit| (edit.range.start, edit.order));
        self.sites.sort_by_key(|site| (site.range.start, site.range.end));
        let mut text = String::with_capacity(self.text.len() * 2);
        let mut map = EditMap::default();
        let mut copied = 0;
        for edit in self.changes {
            text.push_str(&self.text[copied..edit.range.start]);
            map.changes.push(Change {
                rewritten: text.len()..text.len() + edit.text.len(),
                original: edit.range.clone(),
            });
            text.push_str(&edit.text);
            copied = edit.range.end;
        }
        text.push_str(&self.text[copied..]);
        Rewritten { text, sites: self.sites, map, tags: Vec::new() }
    }
}

impl SiteKind {
    fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Hook => "hook",
            Self::Start => "start",
            Self::Tag => "tag",
            Self::Type => "type",
            Self::Fields => "fields",
            Self::Context => "context",
        }
    }
}

/// A part of the rewritten text, and what was there before.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Change {
    rewritten: Range<usize>,
    original: Range<usize>,
}

/// Brings positions of a rewritten text back to the original one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditMap {
    /// In the order of both texts.
    changes: Vec<Change>,
}

impl EditMap {
    /// The byte offset in the original text. What was inserted is where it was inserted.
    #[must_use]
    pub fn to_original(&self, rewritten: usize) -> usize {
        let begun = self.changes.partition_point(|change| change.rewritten.start <= rewritten);
        let Some(change) = begun.checked_sub(1).map(|last| &self.changes[last]) else {
            return rewritten;
        };
        if rewritten < change.rewritten.end {
            change.original.start
        } else {
            rewritten - change.rewritten.end + change.original.end
        }
    }

    /// The byte offset in the rewritten text of what was at `original`; behind what was inserted there.
    #[must_use]
    pub fn to_rewritten(&self, original: usize) -> usize {
        let begun = self.changes.partition_point(|change| change.original.start <= original);
        let Some(change) = begun.checked_sub(1).map(|last| &self.changes[last]) else {
            return original;
        };
        change.rewritten.end + original.saturating_sub(change.original.end)
    }
}
