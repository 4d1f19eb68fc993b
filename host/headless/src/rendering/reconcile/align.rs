//! Pairs two lists of siblings in order, so that the sum of the pairs' likeness is greatest.

use hmr_abi::constants::{ALIGNMENT_LIMIT, EQUAL, SAME_CLASS, SAME_NAME, SAME_TAG, SAME_TEXT};

use super::{Kind, Search, can_be_same};
use crate::rendering::tree::attributes::class_tokens;

/// The pairs of two lists of siblings without keys.
pub(super) fn align<N>(
    search: &Search<'_, N>,
    olds: &[usize],
    news: &[usize],
) -> Vec<(usize, usize)> {
    let equal = |old: usize, new: usize| search.old_digests[old] == search.fresh_digests[new];
    let start = olds.iter().zip(news).take_while(|(old, new)| equal(**old, **new)).count();
    let (left, right) = (&olds[start..], &news[start..]);
    let end = left
        .iter()
        .rev()
        .zip(right.iter().rev())
        .take_while(|(old, new)| equal(**old, **new))
        .count();
    let (left, last_left) = left.split_at(left.len() - end);
    let (right, last_right) = right.split_at(right.len() - end);
    let mut found: Vec<_> =
        olds[..start].iter().copied().zip(news[..start].iter().copied()).collect();
    found.extend(last_left.iter().copied().zip(last_right.iter().copied()));
    if left.len().saturating_mul(right.len()) > ALIGNMENT_LIMIT {
        found.extend(in_order(search, left, right));
    } else {
        found.extend(best(search, left, right));
    }
    found
}

/// The alignment with the greatest sum; of several, the one that pairs earliest.
fn best<N>(search: &Search<'_, N>, olds: &[usize], news: &[usize]) -> Vec<(usize, usize)> {
    let width = news.len() + 1;
    let mut sums = vec![0; (olds.len() + 1) * width];
    let mut alike = vec![0; olds.len() * news.len()];
    for i in (0..olds.len()).rev() {
        for j in (0..news.len()).rev() {
            let like = likeness(search, olds[i], news[j]);
            alike[i * news.len() + j] = like;
            let paired = if like > 0 { like + sums[(i + 1) * width + j + 1] } else { 0 };
            sums[i * width + j] =
                paired.max(sums[(i + 1) * width + j]).max(sums[i * width + j + 1]);
        }
    }
    let mut found = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < olds.len() && j < news.len() {
        let like = alike[i * news.len() + j];
        let sum = sums[i * width + j];
        if like > 0 && sum == like + sums[(i + 1) * width + j + 1] {
            found.push((olds[i], news[j]));
            i += 1;
            j += 1;
        } else if sum == sums[(i + 1) * width + j] {
            i += 1;
        } else {
            j += 1;
        }
    }
    found
}

fn in_order<N>(search: &Search<'_, N>, olds: &[usize], news: &[usize]) -> Vec<(usize, usize)> {
    let mut rest = olds.iter().copied().peekable();
    let mut found = Vec::new();
    for new in news {
        if let Some(old) = rest.next_if(|old| likeness(search, *old, *new) > 0) {
            found.push((old, *new));
        }
    }
    found
}

/// How similar two nodes are; 0 if they cannot be the same.
fn likeness<N>(search: &Search<'_, N>, old: usize, new: usize) -> u64 {
    let (before, after) = (&search.old[old], &search.fresh[new]);
    if !can_be_same(before, after) {
        return 0;
    }
    match (&before.kind, &after.kind) {
        (Kind::Text(a), Kind::Text(b)) if a == b => return SAME_TEXT,
        (Kind::Element { .. }, _) => {}
        _ => return SAME_TAG,
    }
    if search.old_digests[old] == search.fresh_digests[new] {
        return EQUAL;
    }
    // A node with an identity that the other tree has elsewhere waits for that one.
    let (was, is) = (before.identity(search.old), after.identity(search.fresh));
    if was != is
        && (was.is_some_and(|id| search.fresh_identities.contains(&id))
            || is.is_some_and(|id| search.old_identities.contains(&id)))
    {
        return 0;
    }
    let same = |name: &&str| {
        after.attribute(name).is_some() && after.attribute(name) == before.attribute(name)
    };
    if ["id", "name", "data-testid"].iter().any(same) {
        return SAME_NAME;
    }
    let (mut old_classes, mut new_classes) =
        (class_tokens(&before.rendered), class_tokens(&after.rendered));
    old_classes.sort_unstable();
    new_classes.sort_unstable();
    if !old_classes.is_empty() && old_classes == new_classes { SAME_CLASS } else { SAME_TAG }
}
