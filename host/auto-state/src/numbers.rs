//! Numbers that distinguish tags of one name in one function, and stay the same while the code around them changes.
//!
//! In: the tags of the version before, and those of the new one. Out: a number for each new tag. A tag keeps its number if its text is the
//! same, wherever it is; the others are aligned in their order, so that one that is inserted or removed does not shift those behind it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// How many characters of a tag are compared.
const COMPARED: usize = 200;

/// A tag of a component, as it is remembered for the next version of its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberedTag {
    /// The function that it is in.
    pub(crate) function: String,
    /// The component.
    pub(crate) name: String,
    /// The start tag, in one line.
    pub(crate) text: String,
    pub(crate) number: usize,
    /// Whether the newest version has it. Others are remembered in case they come back.
    pub(crate) exists: bool,
}

impl NumberedTag {
    /// A tag without a number.
    pub(crate) fn new(function: &str, name: &str, text: &str) -> Self {
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ").chars().take(COMPARED).collect();
        Self { function: function.to_owned(), name: name.to_owned(), text, number: 0, exists: true }
    }

    fn is_alike(&self, other: &Self) -> bool {
        self.function == other.function && self.name == other.name
    }
}

/// Gives each tag its number. Returns what to remember: these tags in their order, then those that are gone.
pub(crate) fn assign(new: Vec<NumberedTag>, earlier: &[NumberedTag]) -> Vec<NumberedTag> {
    let mut all = new;
    let mut done: BTreeSet<usize> = BTreeSet::new();
    for first in 0..all.len() {
        if done.contains(&first) {
            continue;
        }
        let alike: Vec<usize> =
            (first..all.len()).filter(|at| all[*at].is_alike(&all[first])).collect();
        done.extend(&alike);
        let before: Vec<&NumberedTag> =
            earlier.iter().filter(|it| it.is_alike(&all[first])).collect();
        let texts: Vec<&str> = alike.iter().map(|at| &*all[*at].text).collect();
        let numbers = numbers(&texts, &before);
        for (at, number) in alike.into_iter().zip(numbers) {
            all[at].number = number;
        }
    }
    let is_gone =
        |it: &&NumberedTag| !all.iter().any(|new| new.is_alike(it) && new.number == it.number);
    let gone: Vec<NumberedTag> = earlier.iter().filter(is_gone).cloned().collect();
    all.extend(gone.into_iter().map(|it| NumberedTag { exists: false, ..it }));
    all
}

/// The numbers of tags with these texts, in their order.
fn numbers(texts: &[&str], earlier: &[&NumberedTag]) -> Vec<usize> {
    let mut numbers: Vec<Option<usize>> = vec![None; texts.len()];
    let mut left: Vec<&NumberedTag> = earlier.to_vec();
    // The same text. Of several, the first has the first.
    for (text, number) in texts.iter().zip(&mut numbers) {
        let same =
            |exists: bool| left.iter().position(|it| it.text == *text && it.exists == exists);
        if let Some(at) = same(true).or_else(|| same(false)) {
            *number = Some(left.remove(at).number);
        }
    }
    let open: Vec<usize> = (0..texts.len()).filter(|at| numbers[*at].is_none()).collect();
    left.retain(|it| it.exists);
    for (new, old) in aligned(&open.iter().map(|at| texts[*at]).collect::<Vec<_>>(), &left) {
        numbers[open[new]] = Some(left[old].number);
    }
    let mut next = earlier.iter().map(|it| it.number + 1).max().unwrap_or(0);
    let number = |number: Option<usize>| {
        number.unwrap_or_else(|| {
            next += 1;
            next - 1
        })
    };
    numbers.into_iter().map(number).collect()
}

/// Pairs of a new and an old tag, in the order of both, that are most similar altogether.
fn aligned(new: &[&str], old: &[&NumberedTag]) -> Vec<(usize, usize)> {
    // The best sum of the first `n` new and the first `o` old ones.
    let mut best = vec![vec![0_usize; old.len() + 1]; new.len() + 1];
    for n in 0..new.len() {
        for o in 0..old.len() {
            let paired = best[n][o] + similarity(new[n], &old[o].text);
            best[n + 1][o + 1] = paired.max(best[n][o + 1]).max(best[n + 1][o]);
        }
    }
    let (mut n, mut o, mut pairs) = (new.len(), old.len(), Vec::new());
    while n > 0 && o > 0 {
        if best[n][o] == best[n - 1][o] {
            n -= 1;
        } else if best[n][o] == best[n][o - 1] {
            o -= 1;
        } else {
            (n, o) = (n - 1, o - 1);
            pairs.push((n, o));
        }
    }
    pairs.reverse();
    pairs
}

/// How similar two texts are: 1 for nothing in common, up to 1,001 for the same beginning and end.
fn similarity(one: &str, other: &str) -> usize {
    let common =
        |pairs: &mut dyn Iterator<Item = (char, char)>| pairs.take_while(|(a, b)| a == b).count();
    let start = common(&mut one.chars().zip(other.chars()));
    let end = common(&mut one.chars().rev().zip(other.chars().rev()));
    let longest = one.chars().count().max(other.chars().count()).max(1);
    1 + 1_000 * (start + end).min(longest) / longest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of the tags in each of several versions, one after another.
    fn versions(versions: &[&[&str]]) -> Vec<Vec<usize>> {
        let mut earlier = Vec::new();
        let mut all = Vec::new();
        for texts in versions {
            let new = texts.iter().map(|text| NumberedTag::new("App", "Row", text)).collect();
            earlier = assign(new, &earlier);
            let existing = earlier.iter().filter(|it| it.exists);
            all.push(existing.map(|it| it.number).collect());
        }
        all
    }

    #[test]
    fn a_tag_that_is_inserted_or_removed_shifts_no_other() {
        assert_eq!(
            versions(&[&["a", "b"], &["new", "a", "b"], &["new", "b"], &["new", "a", "b", "c"]]),
            [vec![0, 1], vec![2, 0, 1], vec![2, 1], vec![2, 0, 1, 3]]
        );
        // Without any difference between them, the last one is new.
        assert_eq!(versions(&[&["a"], &["a", "a"]]), [vec![0], vec![0, 1]]);
    }

    #[test]
    fn a_tag_that_is_moved_or_changed_keeps_its_number() {
        assert_eq!(versions(&[&["a", "b", "c"], &["c", "a", "b"]]), [[0, 1, 2], [2, 0, 1]]);
        let before = ["<Row name=\"one\" />", "<Row name=\"two\" />"];
        let changed = ["<Row name=\"first\" open={true} />", "<Row name=\"two!\" />"];
        assert_eq!(versions(&[&before, &changed]), [[0, 1], [0, 1]]);
        let inserted =
            ["<Row name=\"zero\" on={1} />", "<Row name=\"one!\" />", "<Row name=\"two!\" />"];
        assert_eq!(versions(&[&before, &inserted]), [vec![0, 1], vec![2, 0, 1]]);
    }

    #[test]
    fn tags_of_other_names_and_functions_have_numbers_of_their_own() {
        let new = [("App", "Row"), ("App", "Item"), ("List", "Row"), ("App", "Row")];
        let new = new.map(|(function, name)| NumberedTag::new(function, name, "<same  />"));
        let numbers: Vec<usize> = assign(new.to_vec(), &[]).iter().map(|it| it.number).collect();
        assert_eq!(numbers, [0, 0, 0, 1]);
    }
}
