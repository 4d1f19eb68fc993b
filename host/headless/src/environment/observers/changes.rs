//! The changes below an element, found by comparing two snapshots of it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use serde_json::json;

/// A snapshot of the nodes below an element.
#[derive(Debug, Clone)]
pub(super) struct Shape<N> {
    /// The element itself first.
    order: Vec<N>,
    nodes: HashMap<N, Facts<N>>,
}

#[derive(Debug, Clone)]
struct Facts<N> {
    children: Vec<N>,
    attributes: BTreeMap<String, String>,
    text: Option<String>,
}

impl<N: Copy + Eq + Hash> Shape<N> {
    /// Takes the nodes, the element itself first: each with its children, its attributes and, of a text, the text.
    pub(super) fn read(
        nodes: impl Iterator<Item = (N, Vec<N>, BTreeMap<String, String>, Option<String>)>,
    ) -> Self {
        let (mut order, mut known) = (Vec::new(), HashMap::new());
        for (node, children, attributes, text) in nodes {
            order.push(node);
            known.insert(node, Facts { children, attributes, text });
        }
        Self { order, nodes: known }
    }
}

/// The changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    added: usize,
    removed: usize,
    attributes: BTreeSet<String>,
    text: bool,
}

impl Changes {
    /// The data for the observer's handler.
    pub(super) fn data(&self) -> String {
        let Self { added, removed, attributes, text } = self;
        json!({ "added": added, "removed": removed, "attributes": attributes, "text": text })
            .to_string()
    }
}

/// The changes between two snapshots; nothing if they are equal. Of a subtree that came or went, the topmost node counts; a moved
/// one came and went. The element's own attributes are not below it.
pub(super) fn between<N: Copy + Eq + Hash>(before: &Shape<N>, after: &Shape<N>) -> Option<Changes> {
    let mut changes = Changes::default();
    for (at, node) in after.order.iter().enumerate() {
        let (Some(was), Some(is)) = (before.nodes.get(node), after.nodes.get(node)) else {
            continue;
        };
        let (olds, news): (HashSet<N>, HashSet<N>) =
            (was.children.iter().copied().collect(), is.children.iter().copied().collect());
        let moved = out_of_order(&was.children, &is.children);
        changes.added += news.difference(&olds).count() + moved;
        changes.removed += olds.difference(&news).count() + moved;
        changes.text |= was.text != is.text;
        if at > 0 {
            let names = was.attributes.keys().chain(is.attributes.keys());
            let differ = names.filter(|name| was.attributes.get(*name) != is.attributes.get(*name));
            changes.attributes.extend(differ.cloned());
        }
    }
    (changes != Changes::default()).then_some(changes)
}

/// How many of the nodes in both lists must move to get from the order of one to that of the other.
fn out_of_order<N: Copy + Eq + Hash>(before: &[N], after: &[N]) -> usize {
    let places: HashMap<N, usize> = before.iter().copied().zip(0..).collect();
    let common: Vec<usize> = after.iter().filter_map(|node| places.get(node).copied()).collect();
    // The ends of the rising sequences found so far, by their length: the longest one can stay.
    let mut ends: Vec<usize> = Vec::new();
    for place in &common {
        let at = ends.partition_point(|end| end < place);
        match ends.get_mut(at) {
            Some(end) => *end = *place,
            None => ends.push(*place),
        }
    }
    common.len() - ends.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Node 0 with children; each attribute is `a`.
    fn shape(children: &[(u32, &str)]) -> Shape<u32> {
        let top = (0, children.iter().map(|(node, _)| *node).collect(), BTreeMap::new(), None);
        let below = children.iter().map(|(node, value)| {
            let attributes = BTreeMap::from([("a".to_owned(), (*value).to_owned())]);
            (*node, Vec::new(), attributes, None)
        });
        Shape::read(std::iter::once(top).chain(below.collect::<Vec<_>>()))
    }

    fn data(before: &[(u32, &str)], after: &[(u32, &str)]) -> Option<String> {
        between(&shape(before), &shape(after)).map(|changes| changes.data())
    }

    #[test]
    fn changes_are_counted() {
        let before = [(1, "x"), (2, "x"), (3, "x")];
        assert_eq!(data(&before, &before), None);
        assert_eq!(
            data(&before, &[(2, "x"), (3, "y"), (4, "x"), (5, "x")]).as_deref(),
            Some(r#"{"added":2,"attributes":["a"],"removed":1,"text":false}"#)
        );
        assert_eq!(
            data(&before, &[(3, "x"), (1, "x"), (2, "x")]).as_deref(),
            Some(r#"{"added":1,"attributes":[],"removed":1,"text":false}"#)
        );
    }
}
