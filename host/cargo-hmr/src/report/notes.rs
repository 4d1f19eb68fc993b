//! The notes about the keys of a swap's report: the most important first, and similar notes about many items of a
//! list are merged.

use std::collections::BTreeMap;

/// How much a note matters to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Something is lost or was undone. Never left out.
    Loss,
    /// Something has changed.
    Change,
    /// Something is new.
    New,
    /// Something was kept as an orphan.
    Orphan,
}

/// The result for a key, a task, a resource or a connection.
#[derive(Debug, Clone)]
pub(super) struct Note {
    pub(super) weight: Weight,
    /// What: a key as a rule, of which each part is a scope or the name.
    what: Vec<String>,
    /// How many keys the note is about.
    count: usize,
    /// The result, as the end of a sentence: ` migrated from u8`, `: invalid type`.
    how: String,
    /// Whether the merged notes have similar but different ends.
    varies: bool,
}

impl Note {
    pub(super) fn new(weight: Weight, what: &str, how: String) -> Self {
        let what = what.split(':').map(str::to_owned).collect();
        Self { weight, what, count: 1, how, varies: false }
    }

    /// The common part of notes that can be merged: the end, without quoted text and numbers.
    fn kind(&self) -> (Weight, String) {
        let mut quote = None;
        let mut kind = String::new();
        for c in self.how.chars() {
            match quote {
                Some(end) if c == end => quote = None,
                Some(_) => {}
                None if c == '"' || c == '`' => quote = Some(c),
                None if c.is_ascii_digit() => {}
                None => kind.push(c),
            }
        }
        (self.weight, kind)
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what.join(":"))?;
        if self.count > 1 {
            write!(f, " ×{}", self.count)?;
        }
        f.write_str(&self.how)?;
        f.write_str(if self.varies { ", and the like" } else { "" })
    }
}

/// The notes in the order of their weight, with those about the items of a list in one.
pub(super) fn collapsed(notes: Vec<Note>) -> Vec<Note> {
    let mut kinds: Vec<((Weight, String), Vec<Note>)> = Vec::new();
    for note in notes {
        let kind = note.kind();
        match kinds.iter_mut().find(|(other, _)| *other == kind) {
            Some((_, notes)) => notes.push(note),
            None => kinds.push((kind, vec![note])),
        }
    }
    let mut notes: Vec<Note> = kinds.into_iter().flat_map(|(_, notes)| merged(notes)).collect();
    notes.sort_by_key(|note| note.weight);
    notes
}

/// Merges notes of one kind that differ in only one part, if that is an item of a list or a number. Repeated for each part,
/// since lists may be nested.
fn merged(mut notes: Vec<Note>) -> Vec<Note> {
    let depth = notes.iter().map(|note| note.what.len()).max().unwrap_or_default();
    for part in 0..depth {
        let mut groups: Vec<Vec<Note>> = Vec::new();
        let mut known: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        for note in notes {
            let mut alike = note.what.clone();
            if part < alike.len() {
                class(&note.what, part).clone_into(&mut alike[part]);
            }
            let group = *known.entry(alike).or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            groups[group].push(note);
        }
        notes = groups.into_iter().filter_map(|group| one(group, part)).collect();
    }
    notes
}

/// A common name for parts that are merged: numbers, the items of a list, a name with any number.
fn class(what: &[String], part: usize) -> &str {
    let of_list = part > 0 && what[part - 1].starts_with("For(");
    match what[part].as_str() {
        number if number.parse::<i64>().is_ok() => "1..",
        _ if of_list => "…",
        name => name.split('#').next().unwrap_or(name),
    }
}

/// One note for a group.
fn one(group: Vec<Note>, part: usize) -> Option<Note> {
    let count = group.iter().map(|note| note.count).sum();
    let varies = group.iter().any(|note| note.varies || note.how != group[0].how);
    let parts: Vec<&str> =
        group.iter().filter_map(|note| note.what.get(part).map(String::as_str)).collect();
    let name = common(&parts);
    let mut first = group.into_iter().next()?;
    if let Some(name) = name {
        first.what[part] = name;
    }
    Some(Note { count, varies, ..first })
}

/// One name for parts of one class: `1..40`, `draft#…`, `…`.
fn common(parts: &[&str]) -> Option<String> {
    let first = *parts.first()?;
    if parts.iter().all(|part| *part == first) {
        return Some(first.to_owned());
    }
    let numbers: Option<Vec<i64>> = parts.iter().map(|part| part.parse().ok()).collect();
    if let Some(numbers) = numbers {
        let (least, most) = (numbers.iter().min()?, numbers.iter().max()?);
        return Some(format!("{least}..{most}"));
    }
    let base = |part: &str| part.split('#').next().unwrap_or_default().to_owned();
    let same = parts.iter().all(|part| base(part) == base(first));
    Some(if same { format!("{}#…", base(first)) } else { "…".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(notes: &[(Weight, &str, &str)]) -> Vec<String> {
        let notes = notes.iter().map(|(weight, what, how)| Note::new(*weight, what, (*how).into()));
        collapsed(notes.collect()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn losses_are_first_and_orphans_last() {
        let notes = [
            (Weight::Orphan, "a", " orphaned"),
            (Weight::New, "b", " added"),
            (Weight::Change, "c", " recovered"),
            (Weight::Loss, "d", ": invalid type"),
        ];
        assert_eq!(printed(&notes), ["d: invalid type", "c recovered", "b added", "a orphaned"]);
    }

    #[test]
    fn items_of_a_list_are_reported_once() {
        let keys: Vec<String> = (1..=40)
            .map(|item| format!("For(rows):{item}:Card:draft"))
            .chain((1..=3).map(|item| format!("For(rows):2:For(cells):{item}:n")))
            .chain((1..=2).map(|item| format!("For(rows):5:For(cells):{item}:n")))
            .chain(["milk", "tea"].map(|item| format!("For(names):{item}:n")))
            .chain(["n", "n#1", "n#2", "draft", "title", "left:on", "right:on"].map(str::to_owned))
            .collect();
        let notes: Vec<_> = keys.iter().map(|key| (Weight::Orphan, &**key, " orphaned")).collect();
        assert_eq!(
            printed(&notes),
            [
                "For(rows):1..40:Card:draft ×40 orphaned",
                "For(rows):2..5:For(cells):1..2:n ×4 orphaned",
                "For(rows):2:For(cells):3:n orphaned",
                "For(names):…:n ×2 orphaned",
                "n#… ×3 orphaned",
                "draft orphaned",
                "title orphaned",
                "left:on orphaned",
                "right:on orphaned",
            ]
        );
    }

    #[test]
    fn reasons_that_quote_values_are_reported_once() {
        let notes = [
            (
                Weight::Loss,
                "For(rows):1:n",
                ": invalid type: string \"milk\", expected u32 at column 6",
            ),
            (
                Weight::Loss,
                "For(rows):2:n",
                ": invalid type: string \"tea\", expected u32 at column 5",
            ),
            (Weight::Loss, "For(rows):3:n", ": unknown variant `Busy`"),
        ];
        assert_eq!(
            printed(&notes),
            [
                "For(rows):1..2:n ×2: invalid type: string \"milk\", expected u32 at column 6, and the like",
                "For(rows):3:n: unknown variant `Busy`",
            ]
        );
    }
}
