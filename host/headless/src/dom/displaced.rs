//! Puts nodes back that others have taken out of their places: a translator, an extension, a script of the page.
//!
//! In: the nodes that a module has placed ([`NodeState::placed`]). Out: it is there, and its replacement is gone. What others
//! have put between stays, and a swap leaves alone what a reader has edited, and replaced texts that it does not change. The
//! browser client does the same.
//!
//! [`NodeState::placed`]: super::NodeState::placed

use std::collections::HashMap;

use super::{Dom, Node};

/// Displaced nodes that a swap leaves where they are, and the replacement of each, if there is one.
pub(crate) type LeftAlone = HashMap<Node, Option<Node>>;

/// Displaced children that follow each other, and the nodes that they belong between.
#[derive(Default)]
struct Gap {
    missing: Vec<Node>,
    after: Option<Node>,
    before: Option<Node>,
}

impl Dom {
    /// Notes that a module has put a node into another one, before one of its own there or last.
    pub(crate) fn note_placed(&mut self, holder: Node, node: Node, before: Option<Node>) {
        self.note_taken(node);
        let placed = &mut self.node_state_mut(holder).placed;
        let at = before.and_then(|before| placed.iter().position(|other| *other == before));
        placed.insert(at.unwrap_or(placed.len()), node);
        self.node_state_mut(node).holder = Some(holder);
    }

    /// Notes that a module has taken a node out.
    pub(crate) fn note_taken(&mut self, node: Node) {
        let holder = self.node_state.get_mut(&node).and_then(|node_state| node_state.holder.take());
        if let Some(holder) = holder.and_then(|holder| self.node_state.get_mut(&holder)) {
            holder.placed.retain(|other| *other != node);
        }
    }

    /// The nodes that the tree `serial` has placed below a node, wherever they are now: each node before those in it.
    pub(crate) fn placed_below(&self, node: Node, serial: u64) -> Vec<Node> {
        let mut found = self.placed_in(node, serial);
        let mut at = 0;
        while at < found.len() {
            found.extend(self.placed_in(found[at], serial));
            at += 1;
        }
        found
    }

    pub(crate) fn placed_in(&self, node: Node, serial: u64) -> Vec<Node> {
        let placed =
            self.node_state(node).map(|node_state| &*node_state.placed).unwrap_or_default();
        placed.iter().copied().filter(|child| self.serial_of(*child) == Some(serial)).collect()
    }

    fn serial_of(&self, node: Node) -> Option<u64> {
        Some(self.node_state(node)?.origin?.tree)
    }

    /// Whether a node is not where it was put, or was emptied for something next to it.
    fn is_displaced(&self, node: Node) -> bool {
        let Some(node_state) = self.node_state(node) else { return false };
        let Some(holder) = node_state.holder else { return false };
        let emptied =
            || self.is_text(node) && !node_state.text.is_empty() && self.text(node).is_empty();
        self.parent(node) != Some(holder) || emptied()
    }

    /// Puts a node back if it was displaced, with those that were displaced next to it.
    pub(crate) fn put_back(&mut self, node: Node) {
        let holder = self.node_state(node).and_then(|node_state| node_state.holder);
        let (Some(holder), Some(serial)) = (holder, self.serial_of(node)) else { return };
        if self.is_displaced(node) {
            let gaps = self.gaps(holder, serial).into_iter();
            gaps.filter(|gap| gap.missing.contains(&node)).for_each(|gap| self.close(holder, &gap));
        }
    }

    /// Puts all back that the tree `serial` has put below a node, for a swap. `is_unchanged` returns whether the swap
    /// changes none of the nodes that are missing in a gap of a node. Returns what was not put back.
    pub(crate) fn put_all_back(
        &mut self,
        top: Node,
        serial: u64,
        is_unchanged: impl Fn(Node, &[Node]) -> bool,
    ) -> LeftAlone {
        let mut left = LeftAlone::new();
        let below = self.placed_below(top, serial);
        for holder in std::iter::once(top).chain(below) {
            for gap in self.gaps(holder, serial) {
                let foreign = self.foreign(holder, &gap);
                if self.is_editable(holder) {
                    let missing = gap.missing.iter().copied();
                    let absent = missing.filter(|node| self.parent(*node) != Some(holder));
                    left.extend(absent.map(|node| (node, None)));
                } else if !foreign.is_empty() && is_unchanged(holder, &gap.missing) {
                    let place = self
                        .between(holder, &gap)
                        .find(|node| foreign.contains(node) || gap.missing.contains(node));
                    left.extend(gap.missing.into_iter().map(|node| (node, place)));
                } else {
                    self.close(holder, &gap);
                }
            }
        }
        left
    }

    /// Whether a reader can edit the content of an element.
    fn is_editable(&self, holder: Node) -> bool {
        let states = self.with_ancestors(holder).into_iter();
        let mut states = states.filter_map(|node| self.attribute(node, "contenteditable"));
        let state = states.find_map(|value| match value.to_ascii_lowercase().as_str() {
            "false" => Some(false),
            "" | "true" | "plaintext-only" => Some(true),
            _ => None,
        });
        state.unwrap_or(false)
    }

    fn gaps(&self, holder: Node, serial: u64) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let mut open = Gap::default();
        for child in self.placed_in(holder, serial) {
            if self.is_displaced(child) {
                open.missing.push(child);
                continue;
            }
            let gap = std::mem::replace(&mut open, Gap { after: Some(child), ..Gap::default() });
            gaps.push(Gap { before: Some(child), ..gap });
        }
        gaps.push(open);
        gaps.retain(|gap| !gap.missing.is_empty());
        gaps
    }

    /// The nodes in a gap.
    fn between<'a>(&'a self, holder: Node, gap: &'a Gap) -> impl Iterator<Item = Node> + 'a {
        let first = self.first_between(holder, gap);
        std::iter::successors(first, |node| self.next_sibling(*node))
            .take_while(|node| Some(*node) != gap.before)
    }

    fn first_between(&self, holder: Node, gap: &Gap) -> Option<Node> {
        match gap.after {
            Some(after) => self.next_sibling(after),
            None => self.children(holder).first().copied(),
        }
    }

    /// The nodes that others have put into a gap.
    fn foreign(&self, holder: Node, gap: &Gap) -> Vec<Node> {
        let ours =
            self.node_state(holder).map(|node_state| &*node_state.placed).unwrap_or_default();
        self.between(holder, gap)
            .filter(|node| !ours.contains(node) && !self.is_ours(*node))
            .collect()
    }

    fn close(&mut self, holder: Node, gap: &Gap) {
        let first = self.first_between(holder, gap);
        let foreign = self.foreign(holder, gap);
        let replacements = self.replacements(&gap.missing, &foreign);
        let mut place =
            replacements.first().copied().or(if gap.after.is_some() { first } else { gap.before });
        while let Some(node) = place.filter(|node| gap.missing.contains(node)) {
            place = self.next_sibling(node);
        }
        for node in &gap.missing {
            if self.is_text(*node) {
                let text = self
                    .node_state(*node)
                    .map(|node_state| node_state.text.clone())
                    .unwrap_or_default();
                self.set_text(*node, &text);
            }
            self.insert(holder, *node, place);
        }
        for replacement in replacements {
            self.detach(replacement);
            self.forget(replacement);
        }
    }

    /// Whether a node is what an engine shows instead of a component that fails.
    fn is_ours(&self, node: Node) -> bool {
        self.tag(node).starts_with("hmr-")
            || self.attribute(node, "class").as_deref() == Some("hmr-problem")
    }

    /// Which of the nodes between two of a module's replace the missing ones there.
    fn replacements(&self, missing: &[Node], foreign: &[Node]) -> Vec<Node> {
        // If there are at most as many as are missing, they replace these.
        if foreign.len() <= missing.len() {
            return foreign.to_vec();
        }
        let those = |fits: &dyn Fn(Node) -> bool| -> Vec<Node> {
            foreign.iter().copied().filter(|node| fits(*node)).collect()
        };
        let wraps = |outer| missing.iter().any(|node| self.contains(outer, *node));
        // A script that has marked up a text has put any number of nodes in its place.
        let has_text = missing.iter().any(|node| self.is_text(*node));
        [those(&wraps), those(&|node| self.is(node, &["font"])), those(&|_| has_text)]
            .into_iter()
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }
}
