//! The document that operations make, as far as tests need it.

use std::collections::BTreeMap;
use std::fmt::Write;

use hmr_abi::drawing;
use hmr_abi::ops::{NodeId, Op, ROOT_BIT, root_of};

#[derive(Debug)]
enum Kind {
    Root,
    Element(String),
    Text(String),
    Marker,
}

#[derive(Debug)]
struct Node {
    kind: Kind,
    parent: NodeId,
    children: Vec<NodeId>,
    attributes: BTreeMap<String, String>,
    properties: BTreeMap<String, String>,
    classes: Vec<String>,
    styles: BTreeMap<String, String>,
    listeners: BTreeMap<(String, bool), u32>,
    key: Option<String>,
    /// What is drawn on it.
    drawing: Vec<String>,
}

/// The nodes of a page.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: BTreeMap<NodeId, Node>,
}

impl Tree {
    /// Carries out one operation. Panics if it names an unknown node, which is a bug of the SDK.
    pub(super) fn apply(&mut self, op: &Op<'_>) {
        match *op {
            Op::CreateElement { id, tag, .. } => self.create(id, Kind::Element(tag.to_owned())),
            Op::CreateText { id, text } => self.create(id, Kind::Text(text.to_owned())),
            Op::CreateMarker { id } => self.create(id, Kind::Marker),
            Op::Insert { parent, child, before } => self.insert(parent, child, before),
            Op::Remove { id } => self.remove(&[id]),
            Op::SetAttribute { id, name, value } => {
                if name == "class" {
                    self.node(id).classes = value.split_whitespace().map(str::to_owned).collect();
                } else {
                    self.node(id).attributes.insert(name.to_owned(), value.to_owned());
                }
            }
            Op::RemoveAttribute { id, name } => _ = self.node(id).attributes.remove(name),
            Op::SetProperty { id, name, json } => {
                self.node(id).properties.insert(name.to_owned(), json.to_owned());
            }
            Op::SetText { id, text } => self.node(id).kind = Kind::Text(text.to_owned()),
            Op::SetClass { id, name, on } => {
                let classes = &mut self.node(id).classes;
                classes.retain(|class| class != name);
                if on {
                    classes.push(name.to_owned());
                }
            }
            Op::SetStyle { id, name, value } => {
                let styles = &mut self.node(id).styles;
                styles.remove(name);
                if !value.is_empty() {
                    styles.insert(name.to_owned(), value.to_owned());
                }
            }
            Op::Listen { id, event, handler, flags } => {
                let capture = flags & hmr_abi::ops::LISTEN_CAPTURE != 0;
                self.node(id).listeners.insert((event.to_owned(), capture), handler);
            }
            Op::Unlisten { id, event, flags } => {
                let capture = flags & hmr_abi::ops::LISTEN_CAPTURE != 0;
                self.node(id).listeners.remove(&(event.to_owned(), capture));
            }
            Op::SetKey { id, key } => self.node(id).key = Some(key.to_owned()),
            Op::Call { id, .. } => _ = self.node(id),
            Op::Draw { id, commands } => match drawing::read(commands) {
                Ok(commands) => drawing::record(&commands, &mut self.node(id).drawing),
                Err(error) => panic!("{error}: {commands}"),
            },
        }
    }

    fn create(&mut self, id: NodeId, kind: Kind) {
        let node = Node {
            kind,
            parent: 0,
            children: Vec::new(),
            attributes: BTreeMap::new(),
            properties: BTreeMap::new(),
            classes: Vec::new(),
            styles: BTreeMap::new(),
            listeners: BTreeMap::new(),
            key: None,
            drawing: Vec::new(),
        };
        assert!(self.nodes.insert(id, node).is_none(), "the node {id} exists already");
    }

    fn node(&mut self, id: NodeId) -> &mut Node {
        self.nodes
            .get_mut(&id)
            .unwrap_or_else(|| panic!("an operation names the unknown node {id}"))
    }

    fn insert(&mut self, parent: NodeId, child: NodeId, before: NodeId) {
        if parent & ROOT_BIT != 0 && !self.nodes.contains_key(&parent) {
            self.create(parent, Kind::Root);
        }
        self.detach(child);
        self.node(child).parent = parent;
        let siblings = &mut self.node(parent).children;
        let at = if before == 0 {
            siblings.len()
        } else {
            let at = siblings.iter().position(|sibling| *sibling == before);
            at.unwrap_or_else(|| panic!("the node {before} is not a child of {parent}"))
        };
        siblings.insert(at, child);
    }

    fn detach(&mut self, id: NodeId) {
        let parent = self.node(id).parent;
        if parent != 0 {
            self.node(parent).children.retain(|child| *child != id);
        }
    }

    /// The rendered content of an instance.
    pub(super) fn children_of_root(&self, instance: u32) -> Vec<NodeId> {
        self.nodes.get(&root_of(instance)).map_or(Vec::new(), |root| root.children.clone())
    }

    /// Removes nodes, with all below them.
    pub(super) fn remove(&mut self, ids: &[NodeId]) {
        for id in ids {
            self.detach(*id);
            if let Some(node) = self.nodes.get(id) {
                let mut children = node.children.clone();
                while let Some(child) = children.pop() {
                    if let Some(node) = self.nodes.remove(&child) {
                        children.extend(node.children);
                    }
                }
            }
            self.nodes.remove(id);
        }
    }

    /// The markup of all roots, in the order of their instances.
    pub(super) fn html(&self) -> String {
        let mut html = String::new();
        for id in
            self.nodes.iter().filter(|(_, node)| matches!(node.kind, Kind::Root)).map(|(id, _)| *id)
        {
            self.write(id, &mut html);
        }
        html
    }

    fn write(&self, id: NodeId, html: &mut String) {
        let Some(node) = self.nodes.get(&id) else { return };
        match &node.kind {
            Kind::Text(text) => html.push_str(text),
            Kind::Marker => {}
            Kind::Root => node.children.iter().for_each(|child| self.write(*child, html)),
            Kind::Element(tag) => {
                _ = write!(html, "<{tag}");
                if !node.classes.is_empty() {
                    _ = write!(html, " class=\"{}\"", node.classes.join(" "));
                }
                for (name, value) in &node.attributes {
                    _ = write!(html, " {name}=\"{value}\"");
                }
                if !node.styles.is_empty() {
                    let styles: Vec<_> =
                        node.styles.iter().map(|(name, value)| format!("{name}:{value}")).collect();
                    _ = write!(html, " style=\"{}\"", styles.join(";"));
                }
                for (name, json) in &node.properties {
                    _ = write!(html, " .{name}={json}");
                }
                html.push('>');
                node.children.iter().for_each(|child| self.write(*child, html));
                _ = write!(html, "</{tag}>");
            }
        }
    }

    /// The handler of the first element, in document order, that a selector finds and that listens.
    pub(super) fn handler(&self, selector: &str, event: &str) -> Option<u32> {
        self.find(selector, |node| {
            let bubbling = node.listeners.get(&(event.to_owned(), false));
            bubbling.or_else(|| node.listeners.get(&(event.to_owned(), true))).copied()
        })
    }

    /// The commands that were drawn on the first element that a selector finds.
    pub(super) fn drawing(&self, selector: &str) -> Option<&[String]> {
        self.find(selector, |node| Some(node.drawing.as_slice()))
    }

    /// What is found at the first element, in document order, that a selector finds and that has it.
    fn find<'a, R>(&'a self, selector: &str, get: impl Fn(&'a Node) -> Option<R>) -> Option<R> {
        let roots = self.nodes.iter().filter(|(_, node)| matches!(node.kind, Kind::Root));
        let mut ids: Vec<_> = roots.map(|(id, _)| *id).rev().collect();
        while let Some(id) = ids.pop() {
            let node = self.nodes.get(&id)?;
            if node.is(selector)
                && let Some(found) = get(node)
            {
                return Some(found);
            }
            ids.extend(node.children.iter().rev());
        }
        None
    }
}

impl Node {
    fn is(&self, selector: &str) -> bool {
        let Kind::Element(tag) = &self.kind else { return false };
        if let Some(id) = selector.strip_prefix('#') {
            return self.attributes.get("id").is_some_and(|own| own == id);
        }
        let (name, class) = selector.split_once('.').unwrap_or((selector, ""));
        (name.is_empty() || name == tag)
            && (class.is_empty() || self.classes.iter().any(|own| own == class))
    }
}
