//! Where an instance is in its page, in words that stay the same across updates.

use crate::dom::{Dom, Node};
use crate::mounts::{Mounts, PLACEMENT, Placement, placements};

/// A component's path in the page, `board.Board#0 > card.Card left#2`: of each component from the outside in, the module,
/// the component, its name if it has one, and its position among those of the same name in its parent.
pub(crate) type InstancePath = String;

/// The paths of the instances that are in other instances.
pub(crate) fn nested_paths(mounts: &Mounts, dom: &Dom) -> Vec<(u32, InstancePath)> {
    let nested = mounts
        .mounted()
        .filter(|(_, mount)| dom.is_connected(mount.node) && outer(dom, mount.node).is_some());
    nested.map(|(instance, mount)| (instance, path_of(dom, mount.node))).collect()
}

/// The path of an element that a component goes into.
pub(crate) fn path_of(dom: &Dom, node: Node) -> InstancePath {
    let outer_node = outer(dom, node);
    let name_of = |node| {
        let Placement { module, component, .. } = Placement::read(dom, node);
        let name = dom.attribute(node, "name").map(|name| format!(" {name}"));
        format!("{module}.{component}{}", name.unwrap_or_default())
    };
    let name = name_of(node);
    let before = placements(dom).into_iter().take_while(|other| *other != node);
    let is_alike = |other: &Node| outer(dom, *other) == outer_node && name_of(*other) == name;
    let own = format!("{name}#{}", before.filter(is_alike).count());
    match outer_node {
        Some(outer) => format!("{} > {own}", path_of(dom, outer)),
        None => own,
    }
}

/// The element of the component that an element is in.
fn outer(dom: &Dom, node: Node) -> Option<Node> {
    let above = dom.with_ancestors(node).into_iter().skip(1);
    above.into_iter().find(|node| dom.is(*node, &[PLACEMENT]))
}
