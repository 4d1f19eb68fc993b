//! Makes the document show a fresh rendering, with the nodes of the old one wherever the two have a pair.
//!
//! In: the root in the document and what rendered below it, the root outside of it with the fresh rendering.
//! Out: the document shows the fresh rendering; the fresh tree's numbers stand for the nodes that stayed.
//! What neither rendering asked for is left as it is. Nothing here can fail.

use std::collections::{HashMap, HashSet};

use crate::dom::{Dom, Node, Rendered};
use crate::reconcile::{Kind, Rendering, Shape, find_pairs};
use crate::tree::{Tree, change_attribute, change_classes};

/// Reconciles what `old_serial` rendered below `root` with what `fresh` rendered below `apart`.
pub(crate) fn reconcile(dom: &mut Dom, root: Node, old_serial: u64, apart: Node, fresh: &mut Tree) {
    let old = Rendering::read(dom, root, old_serial);
    // A fresh rendering by the tree that made the old one has the same serial; the roots tell them apart.
    let new = Rendering::read(dom, apart, fresh.serial);
    let pairs = find_pairs(&old, &new);
    let mut stays: HashMap<usize, Node> = HashMap::from([(0, root)]);
    for (old_at, new_at) in &pairs {
        let (was, is) = (&old.0[*old_at], &new.0[*new_at]);
        stays.insert(*new_at, was.node);
        if let Some(origin) = dom.beside(is.node).and_then(|beside| beside.origin) {
            fresh.adopt(origin.id, was.node);
            dom.beside_mut(was.node).origin = Some(origin);
        }
        dom.detach(is.node);
        dom.forget_one(is.node);
    }
    drop_unpaired(dom, &old, &stays);
    for (at, shape) in new.0.iter().enumerate() {
        if !shape.is_placed() {
            arrange(dom, &new, at, &stays);
        }
    }
    for (old_at, new_at) in pairs {
        patch(dom, &old.0[old_at], &new.0[new_at]);
    }
    if dom.focused.is_some_and(|focused| !dom.is_connected(focused)) {
        dom.focused = None;
    }
}

/// Rule 6: puts the children of a fresh node in order below the node that shows it.
fn arrange(dom: &Dom, new: &Rendering<Node>, at: usize, stays: &HashMap<usize, Node>) {
    let shown = |at: usize| stays.get(&at).copied().unwrap_or(new.0[at].node);
    let holder = shown(at);
    let mut before = None;
    for child in new.0[at].children.iter().rev() {
        let node = shown(*child);
        if dom.parent(node) != Some(holder) || dom.next_sibling(node) != before {
            dom.insert(holder, node, before);
        }
        before = Some(node);
    }
}

/// Rule 4: changes a node that stayed where what the two renderings set differs.
fn patch(dom: &mut Dom, old: &Shape<Node>, new: &Shape<Node>) {
    let node = old.node;
    if let (Kind::Text(was), Kind::Text(is)) = (&old.kind, &new.kind)
        && was != is
    {
        dom.set_text(node, is);
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
    dom.beside_mut(node).rendered = is.clone();
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

/// Takes what found no mate out of the document.
fn drop_unpaired(dom: &mut Dom, old: &Rendering<Node>, stays: &HashMap<usize, Node>) {
    let kept: HashSet<Node> = stays.values().copied().collect();
    for shape in &old.0[1..] {
        if !kept.contains(&shape.node) {
            dom.detach(shape.node);
            dom.forget_one(shape.node);
        }
    }
}
