//! Makes the document show a fresh rendering, with the nodes of the old one wherever the two have a pair.
//!
//! In: the root in the document and what rendered below it, the root outside of it with the fresh rendering.
//! Out: the document shows the fresh rendering; the fresh tree's numbers refer to the nodes that stayed.
//! Anything that neither rendering asked for is left unchanged. Nothing here can fail.

use std::collections::{HashMap, HashSet};

use crate::dom::displaced::LeftAlone;
use crate::dom::{Dom, Node, Rendered};
use crate::rendering::reconcile::{Kind, Rendering, Shape, find_pairs};
use crate::rendering::tree::Tree;
use crate::rendering::tree::attributes::{change_attribute, change_classes};

/// Reconciles what `old_serial` rendered below `root` with what `fresh` rendered below `apart`.
pub(crate) fn reconcile(dom: &mut Dom, root: Node, old_serial: u64, apart: Node, fresh: &mut Tree) {
    let old = Rendering::read(dom, root, old_serial);
    // A fresh rendering by the tree that made the old one has the same serial; the roots distinguish them.
    let new = Rendering::read(dom, apart, fresh.serial);
    let pairs = find_pairs(&old, &new);
    let pairing = Pairing::new(&old, &new, &pairs);
    let left =
        dom.put_all_back(root, old_serial, |holder, missing| pairing.is_unchanged(holder, missing));
    let free = |at: usize| new.0[at].is_select() && is_free(&new, at);
    for (old_at, _) in pairs.iter().filter(|(_, new_at)| free(*new_at)) {
        dom.forget_default_choice(old.0[*old_at].node);
    }
    let mut stays: HashMap<usize, Node> = HashMap::from([(0, root)]);
    let mut partners: HashMap<usize, usize> = HashMap::from([(0, 0)]);
    for (old_at, new_at) in &pairs {
        let (was, is) = (&old.0[*old_at], &new.0[*new_at]);
        stays.insert(*new_at, was.node);
        partners.insert(*new_at, *old_at);
        if let Some(origin) = dom.node_state(is.node).and_then(|node_state| node_state.origin) {
            fresh.adopt(origin.id, was.node);
            dom.node_state_mut(was.node).origin = Some(origin);
        }
        dom.detach(is.node);
        dom.forget_one(is.node);
    }
    for (at, shape) in new.0.iter().enumerate() {
        if !shape.is_placed() {
            let places = places(dom, &old, &new, at, &partners, &left);
            arrange(dom, &new, at, &stays, &places);
        }
    }
    drop_unpaired(dom, &old, &stays);
    for (old_at, new_at) in &pairs {
        patch(dom, &old.0[*old_at], &new.0[*new_at]);
    }
    // Only now the options have the values of the new rendering.
    for (old_at, _) in pairs.iter().filter(|(_, new_at)| free(*new_at)) {
        dom.settle_choice(old.0[*old_at].node);
    }
    if dom.focused.is_some_and(|focused| !dom.is_connected(focused)) {
        dom.focused = None;
    }
}

/// The planned changes of a swap to the nodes of the old rendering.
struct Pairing<'a> {
    old: &'a Rendering<Node>,
    new: &'a Rendering<Node>,
    /// Places in the old rendering by node.
    at: HashMap<Node, usize>,
    new_of: HashMap<usize, usize>,
    old_of: HashMap<usize, usize>,
}

impl<'a> Pairing<'a> {
    fn new(old: &'a Rendering<Node>, new: &'a Rendering<Node>, pairs: &[(usize, usize)]) -> Self {
        let with_roots = || std::iter::once((0, 0)).chain(pairs.iter().copied());
        Self {
            old,
            new,
            at: old.0.iter().enumerate().map(|(at, shape)| (shape.node, at)).collect(),
            new_of: with_roots().collect(),
            old_of: with_roots().map(|(old, new)| (new, old)).collect(),
        }
    }

    /// Whether the swap changes none of the texts that are missing in a gap, and neither moves anything nor puts something between
    /// them.
    fn is_unchanged(&self, holder: Node, missing: &[Node]) -> bool {
        let pair = self.at.get(&holder).and_then(|old| Some((old, self.new_of.get(old)?)));
        let Some((old_holder, new_holder)) = pair else { return false };
        let (olds, news) = (&self.old.0[*old_holder].children, &self.new.0[*new_holder].children);
        let unchanged = |node: &Node| {
            let old = self.at.get(node)?;
            let new = self.new_of.get(old)?;
            let (was, is) = (&self.old.0[*old].kind, &self.new.0[*new].kind);
            (was == is && !matches!(was, Kind::Element { .. })).then_some(*new)
        };
        let partners: Option<Vec<usize>> = missing.iter().map(unchanged).collect();
        let together = partners
            .is_some_and(|partners| news.windows(partners.len()).any(|run| run == partners));
        let places = news.iter().filter_map(|new| {
            let old = self.old_of.get(new)?;
            olds.iter().position(|other| other == old)
        });
        together && places.is_sorted()
    }
}

/// The current positions of a fresh node's children.
struct Places {
    /// Those that need not move, by their order.
    stay: HashSet<usize>,
    /// Those that stay out of the document, by their order, with their replacements.
    left: HashMap<usize, Option<Node>>,
    /// The node after the last one of the old rendering.
    end: Option<Node>,
}

fn places(
    dom: &Dom,
    old: &Rendering<Node>,
    new: &Rendering<Node>,
    at: usize,
    partners: &HashMap<usize, usize>,
    left: &LeftAlone,
) -> Places {
    let Some(old_at) = partners.get(&at) else {
        return Places { stay: HashSet::new(), left: HashMap::new(), end: None };
    };
    let holder = old.0[*old_at].node;
    let here = |at: usize| dom.parent(old.0[at].node) == Some(holder);
    let olds = &old.0[*old_at].children;
    let positions: Vec<Option<usize>> = new.0[at]
        .children
        .iter()
        .map(|child| {
            let partner = partners.get(child).filter(|partner| here(**partner))?;
            olds.iter().position(|other| other == partner)
        })
        .collect();
    let last = olds.iter().rev().find(|child| here(**child));
    // Nodes left unchanged at the end extend to the end of the holder.
    let open = olds.last().and_then(|last| left.get(&old.0[*last].node).copied().flatten());
    let end = last.filter(|_| open.is_none()).and_then(|last| dom.next_sibling(old.0[*last].node));
    let left = new.0[at].children.iter().enumerate().filter_map(|(order, child)| {
        let partner = partners.get(child).filter(|partner| olds.contains(partner))?;
        Some((order, *left.get(&old.0[*partner].node)?))
    });
    Places { stay: longest_rise(&positions), left: left.collect(), end }
}

/// Rule 6: puts the children of a fresh node in order below the node that shows it, with as few moves as can be.
fn arrange(
    dom: &mut Dom,
    new: &Rendering<Node>,
    at: usize,
    stays: &HashMap<usize, Node>,
    places: &Places,
) {
    let shown = |at: usize| stays.get(&at).copied().unwrap_or(new.0[at].node);
    let holder = shown(at);
    let children: Vec<Node> = new.0[at].children.iter().map(|child| shown(*child)).collect();
    for node in &children {
        dom.node_state_mut(*node).holder = Some(holder);
    }
    dom.node_state_mut(holder).placed.clone_from(&children);
    let mut before = places.end;
    for (order, node) in children.into_iter().enumerate().rev() {
        if let Some(place) = places.left.get(&order) {
            before = place.or(before);
            continue;
        }
        let there = dom.parent(node) == Some(holder) && dom.next_sibling(node) == before;
        if !places.stay.contains(&order) && !there {
            dom.insert(holder, node, before);
        }
        before = Some(node);
    }
}

/// The places in a list of a longest rising sequence.
fn longest_rise(list: &[Option<usize>]) -> HashSet<usize> {
    // The position of the smallest last element of a rise of each length, and the element before each.
    let mut tails: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; list.len()];
    for (at, value) in list.iter().enumerate().filter(|(_, value)| value.is_some()) {
        let length = tails.partition_point(|tail| list[*tail] < *value);
        before[at] = length.checked_sub(1).map(|last| tails[last]);
        if length < tails.len() {
            tails[length] = at;
        } else {
            tails.push(at);
        }
    }
    std::iter::successors(tails.last().copied(), |at| before[*at]).collect()
}

/// Whether the selection in a `select` is the reader's and not the module's.
fn is_free(new: &Rendering<Node>, at: usize) -> bool {
    let own = &new.0[at].rendered.properties;
    !own.contains_key("value") && !own.contains_key("selectedIndex") && !sets_option(new, at)
}

fn sets_option(new: &Rendering<Node>, at: usize) -> bool {
    let sets = |child: &usize| new.0[*child].rendered.properties.contains_key("selected");
    new.0[at].children.iter().any(|child| sets(child) || sets_option(new, *child))
}

/// Rule 4: changes a node that stayed where what the two renderings set differs.
fn patch(dom: &mut Dom, old: &Shape<Node>, new: &Shape<Node>) {
    let node = old.node;
    if let (Kind::Text(was), Kind::Text(is)) = (&old.kind, &new.kind)
        && was != is
    {
        dom.set_text(node, is);
        is.clone_into(&mut dom.node_state_mut(node).text);
    }
    let (was, is) = (&old.rendered, &new.rendered);
    let names = was.attributes.keys().chain(is.attributes.keys());
    for name in names.filter(|name| *name != "class") {
        if was.attributes.get(name) != is.attributes.get(name) {
            change_attribute(dom, node, name, was, is);
        }
    }
    change_classes(dom, node, was, is);
    patch_styles(dom, node, was, is);
    for (name, value) in &is.properties {
        if was.properties.get(name) != Some(value) && dom.property(node, name) != *value {
            dom.set_property(node, name, value);
        }
    }
    dom.node_state_mut(node).rendered = is.clone();
}

fn patch_styles(dom: &Dom, node: Node, was: &Rendered, is: &Rendered) {
    for name in was.styles.keys().filter(|name| !is.styles.contains_key(*name)) {
        dom.set_style(node, name, "");
    }
    for (name, value) in &is.styles {
        if was.styles.get(name) != Some(value) {
            dom.set_style(node, name, value);
        }
    }
}

/// Takes the nodes without a partner out of the document.
fn drop_unpaired(dom: &mut Dom, old: &Rendering<Node>, stays: &HashMap<usize, Node>) {
    let kept: HashSet<Node> = stays.values().copied().collect();
    for shape in &old.0[1..] {
        if !kept.contains(&shape.node) {
            dom.detach(shape.node);
            dom.forget_one(shape.node);
        }
    }
}
