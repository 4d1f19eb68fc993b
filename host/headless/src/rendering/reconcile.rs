//! Decides which nodes of a fresh rendering are the same as nodes of the old one.
//!
//! In: two renderings, as [`Shape`]s. Out: pairs of their nodes. Nothing is changed here and no document
//! is read; [`crate::rendering::patch`] carries the pairs out. The rules are those of `docs/abi.md`,
//! "Reconciliation"; the browser client decides in the same way.

mod align;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::dom::{Dom, Node, Rendered};
use crate::rendering::tree::attributes::class_tokens;

/// Elements with state of a reader, for which a partner is looked for in the whole tree.
const STATEFUL: [&str; 10] = [
    "input",
    "textarea",
    "select",
    "details",
    "dialog",
    "video",
    "audio",
    "canvas",
    "iframe",
    "hmr-component",
];

/// The elements among them that a `name` distinguishes.
const FIELDS: [&str; 4] = ["input", "textarea", "select", "iframe"];

/// The kind of a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Root,
    Element { namespace: String, tag: String },
    Text(String),
    Marker,
}

/// One node of a rendering.
#[derive(Debug, Clone)]
pub(crate) struct Shape<N> {
    pub(crate) node: N,
    pub(crate) kind: Kind,
    pub(crate) rendered: Rendered,
    /// Positions in the parent list.
    pub(crate) children: Vec<usize>,
}

/// A rendering: its root first, each node before its children.
#[derive(Debug, Clone)]
pub(crate) struct Rendering<N>(pub(crate) Vec<Shape<N>>);

impl Rendering<Node> {
    /// The nodes that the tree `serial` has rendered below `root`, wherever others have moved them. Nodes of others are left out.
    pub(crate) fn read(dom: &Dom, root: Node, serial: u64) -> Self {
        let mut list = vec![Shape {
            node: root,
            kind: Kind::Root,
            rendered: Rendered::default(),
            children: Vec::new(),
        }];
        let mut at = 0;
        while at < list.len() {
            let holder = &list[at];
            let foreign = holder.is_placed();
            let children = if foreign { Vec::new() } else { dom.placed_in(holder.node, serial) };
            for child in children {
                let Some(node_state) = dom.node_state(child) else { continue };
                let place = list.len();
                list.push(Shape {
                    node: child,
                    kind: kind(dom, child),
                    rendered: node_state.rendered.clone(),
                    children: Vec::new(),
                });
                list[at].children.push(place);
            }
            at += 1;
        }
        Self(list)
    }
}

fn kind(dom: &Dom, node: Node) -> Kind {
    if dom.is_element(node) {
        Kind::Element { namespace: dom.namespace(node), tag: dom.tag(node) }
    } else if dom.is_text(node) {
        Kind::Text(
            dom.node_state(node).map(|node_state| node_state.text.clone()).unwrap_or_default(),
        )
    } else {
        Kind::Marker
    }
}

impl<N> Shape<N> {
    fn tag(&self) -> &str {
        if let Kind::Element { tag, .. } = &self.kind { tag } else { "" }
    }

    pub(crate) fn is_placed(&self) -> bool {
        self.tag() == "hmr-component"
    }

    pub(crate) fn is_select(&self) -> bool {
        self.tag() == "select"
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.rendered.attributes.get(name).map(String::as_str)
    }

    /// A value that a view sets, as an attribute or as a property.
    fn set_value(&self, name: &str) -> Option<String> {
        match self.rendered.properties.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(value) => Some(value.to_string()),
            None => self.attribute(name).map(str::to_owned),
        }
    }

    fn input_type(&self) -> String {
        self.set_value("type").map_or_else(|| "text".to_owned(), |kind| kind.to_ascii_lowercase())
    }

    /// The choice that a check box or a radio button represents: its value, else its name. Nothing for other nodes.
    fn choice(&self) -> Option<String> {
        let chooses = self.tag() == "input" && matches!(&*self.input_type(), "checkbox" | "radio");
        chooses
            .then(|| self.set_value("value").or_else(|| self.set_value("name")).unwrap_or_default())
    }

    fn is_stateful(&self) -> bool {
        STATEFUL.contains(&self.tag())
    }

    /// The identity of an element in the whole instance: its id, the name of a form field, or the summary of `details`.
    /// Radio buttons and check boxes may share a name, and their values distinguish them.
    fn identity(&self, all: &[Self]) -> Option<String> {
        let tag = self.tag();
        if let Some(id) = self.attribute("id").filter(|id| !id.is_empty()) {
            return Some(format!("{tag}#{id}"));
        }
        let name = self.attribute("name").unwrap_or_default();
        if tag == "details" {
            let mut children = self.children.iter().map(|child| &all[*child]);
            let summary = children.find(|child| child.tag() == "summary")?;
            return Some(format!("details[{name}={}]", summary.text(all)));
        }
        let name = if FIELDS.contains(&tag) { name } else { "" };
        let choice = self.choice().unwrap_or_default();
        let known = !name.is_empty() || !choice.is_empty();
        known.then(|| format!("{tag}[{name}={choice}]"))
    }

    fn text(&self, all: &[Self]) -> String {
        match &self.kind {
            Kind::Text(text) => text.clone(),
            _ => self.children.iter().map(|child| all[*child].text(all)).collect(),
        }
    }
}

/// Rule 1: whether a node can be kept for another.
fn can_be_same<N>(old: &Shape<N>, fresh: &Shape<N>) -> bool {
    if old.rendered.key != fresh.rendered.key {
        return false;
    }
    match (&old.kind, &fresh.kind) {
        (Kind::Text(_), Kind::Text(_)) => true,
        (a, b) if a != b => false,
        (Kind::Element { .. }, _) => {
            (old.tag() != "input"
                || (old.input_type() == fresh.input_type() && old.choice() == fresh.choice()))
                && (!old.is_placed()
                    || ["module", "component"]
                        .iter()
                        .all(|name| old.attribute(name) == fresh.attribute(name)))
        }
        _ => true,
    }
}

/// The search for pairs between two renderings.
struct Search<'a, N> {
    old: &'a [Shape<N>],
    fresh: &'a [Shape<N>],
    /// Equal numbers mean equal subtrees, on both sides.
    old_digests: Vec<usize>,
    fresh_digests: Vec<usize>,
    old_identities: HashSet<String>,
    fresh_identities: HashSet<String>,
    partner_of_old: Vec<Option<usize>>,
    partner_of_fresh: Vec<Option<usize>>,
}

/// Finds the pairs of nodes, old and fresh, that are the same; the roots are not among them.
pub(crate) fn find_pairs<N>(old: &Rendering<N>, fresh: &Rendering<N>) -> Vec<(usize, usize)> {
    let mut numbers = HashMap::new();
    let old_digests = digests(&old.0, &mut numbers);
    let fresh_digests = digests(&fresh.0, &mut numbers);
    let identities =
        |list: &[Shape<N>]| list.iter().filter_map(|shape| shape.identity(list)).collect();
    let mut search = Search {
        old: &old.0,
        fresh: &fresh.0,
        old_digests,
        fresh_digests,
        old_identities: identities(&old.0),
        fresh_identities: identities(&fresh.0),
        partner_of_old: vec![None; old.0.len()],
        partner_of_fresh: vec![None; fresh.0.len()],
    };
    search.align_children(0, 0);
    while search.adopt() {}
    let pairs = search.partner_of_old.iter().enumerate();
    pairs.filter_map(|(old, partner)| partner.map(|fresh| (old, fresh))).collect()
}

/// All data of a rendering about a node and those below it, except the handlers that listen.
type Facts = (Kind, Option<String>, Vec<String>, Vec<usize>);

fn digests<N>(list: &[Shape<N>], numbers: &mut HashMap<Facts, usize>) -> Vec<usize> {
    let mut digests = vec![0; list.len()];
    // Children come after their parents, so backwards each node's are known.
    for (at, shape) in list.iter().enumerate().rev() {
        let below = shape.children.iter().map(|child| digests[*child]).collect();
        let facts =
            (shape.kind.clone(), shape.rendered.key.clone(), facts_of(&shape.rendered), below);
        let next = numbers.len();
        digests[at] = *numbers.entry(facts).or_insert(next);
    }
    digests
}

/// What a view sets on a node, in an order that does not depend on when it was set.
fn facts_of(rendered: &Rendered) -> Vec<String> {
    let mut classes = class_tokens(rendered);
    classes.sort_unstable();
    let attributes = rendered.attributes.iter().filter(|(name, _)| *name != "class");
    let mut listeners: Vec<_> = rendered
        .listeners
        .iter()
        .map(|listener| format!("on {} {}", listener.event, listener.flags))
        .collect();
    listeners.sort_unstable();
    attributes
        .map(|(name, value)| format!("attribute {name}={value}"))
        .chain(classes.into_iter().map(|class| format!("class {class}")))
        .chain(rendered.styles.iter().map(|(name, value)| format!("style {name}={value}")))
        .chain(rendered.properties.iter().map(|(name, value)| format!("property {name}={value}")))
        .chain(listeners)
        .collect()
}

impl<N> Search<'_, N> {
    fn pair(&mut self, old: usize, fresh: usize) {
        self.partner_of_old[old] = Some(fresh);
        self.partner_of_fresh[fresh] = Some(old);
        self.align_children(old, fresh);
    }

    /// Rule 2, for the children of a pair that have no partner yet.
    fn align_children(&mut self, old: usize, fresh: usize) {
        let (all_old, all_fresh) = (self.old, self.fresh);
        let free = |list: &[usize], partners: &[Option<usize>]| -> Vec<usize> {
            list.iter().copied().filter(|at| partners[*at].is_none()).collect()
        };
        let mut olds = free(&all_old[old].children, &self.partner_of_old);
        let mut news = free(&all_fresh[fresh].children, &self.partner_of_fresh);
        let mut found = Vec::new();
        for new in &news {
            let shape = &all_fresh[*new];
            if shape.rendered.key.is_none() {
                continue;
            }
            if let Some(at) = olds.iter().position(|old| can_be_same(&all_old[*old], shape)) {
                found.push((olds.remove(at), *new));
            }
        }
        olds.retain(|old| all_old[*old].rendered.key.is_none());
        news.retain(|new| all_fresh[*new].rendered.key.is_none());
        found.extend(align::align(self, &olds, &news));
        for (old, new) in found {
            self.pair(old, new);
        }
    }

    /// Rule 3, for the first element that it applies to.
    fn adopt(&mut self) -> bool {
        let stateful = |shape: &Shape<N>| shape.is_stateful();
        let Some((old, fresh)) = self
            .by(|shape, _| named(shape, "id"))
            .or_else(|| {
                self.by(|shape, all| stateful(shape).then(|| shape.identity(all)).flatten())
            })
            .or_else(|| self.by(|shape, _| stateful(shape).then(|| named(shape, "name")).flatten()))
            .or_else(|| self.by_tag())
        else {
            return false;
        };
        self.pair(old, fresh);
        true
    }

    /// The first two elements without a partner that have the same mark and can be the same.
    fn by(
        &self,
        mark: impl Fn(&Shape<N>, &[Shape<N>]) -> Option<String>,
    ) -> Option<(usize, usize)> {
        let (olds, news) = (self.old_without_partner(), self.fresh_without_partner());
        news.into_iter().find_map(|fresh| {
            let shape = &self.fresh[fresh];
            let marked = mark(shape, self.fresh)?;
            let old = olds.iter().find(|old| {
                let other = &self.old[**old];
                mark(other, self.old).as_ref() == Some(&marked) && can_be_same(other, shape)
            })?;
            Some((*old, fresh))
        })
    }

    fn by_tag(&self) -> Option<(usize, usize)> {
        let (olds, news) = (self.old_without_partner(), self.fresh_without_partner());
        let only = |list: &[usize], all: &[Shape<N>], tag: &str| {
            let mut of_tag = list.iter().filter(|at| all[**at].tag() == tag);
            of_tag.next().filter(|_| of_tag.next().is_none()).copied()
        };
        news.iter().find_map(|fresh| {
            let shape = &self.fresh[*fresh];
            if !shape.is_stateful() || only(&news, self.fresh, shape.tag()) != Some(*fresh) {
                return None;
            }
            let old = only(&olds, self.old, shape.tag())?;
            can_be_same(&self.old[old], shape).then_some((old, *fresh))
        })
    }

    fn old_without_partner(&self) -> Vec<usize> {
        without_partner(self.old, &self.partner_of_old)
    }

    fn fresh_without_partner(&self) -> Vec<usize> {
        without_partner(self.fresh, &self.partner_of_fresh)
    }
}

/// An attribute, unless it is empty.
fn named<N>(shape: &Shape<N>, attribute: &str) -> Option<String> {
    shape.attribute(attribute).filter(|value| !value.is_empty()).map(str::to_owned)
}

/// The elements that rule 3 looks at, in document order.
fn without_partner<N>(list: &[Shape<N>], partners: &[Option<usize>]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut open = vec![0];
    while let Some(at) = open.pop() {
        let shape = &list[at];
        let named = shape.attribute("id").is_some_and(|id| !id.is_empty());
        if partners[at].is_none() && (shape.is_stateful() || named) {
            found.push(at);
        }
        open.extend(shape.children.iter().rev());
    }
    found
}
