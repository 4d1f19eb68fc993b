//! The document: a tree of nodes with what a browser keeps in addition.
//!
//! `dom_query` parses, holds, serialises and selects; this wraps it, so that nothing else knows it, and
//! adds per node what markup cannot express: who rendered it and what they set ([`Rendered`]), the live state of
//! form fields ([`field`]), scroll offsets, and other properties. Nodes taken out stay valid until they are
//! forgotten, so an identity can be compared at any time.
//!
//! There is no layout and no style: there are no sizes or positions.

pub(crate) mod displaced;
pub(crate) mod edit;
pub(crate) mod field;
pub(crate) mod property;

use std::collections::{BTreeMap, HashMap};

use dom_query::{Document, LocalName, Matcher, NodeData, NodeRef};
use hmr_abi::event::FileData;
use hmr_abi::ops::Namespace;
use html5ever::{QualName, ns};

pub(crate) use dom_query::NodeId as Node;

use field::Field;

/// The depth that a document may have. Deeper trees are refused, so that walking one never runs out of stack.
pub(crate) const MAX_DEPTH: usize = 400;

/// A listener that a module put on an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listener {
    pub(crate) event: String,
    pub(crate) handler: u32,
    /// A sum of `hmr_abi::ops::LISTEN_*`.
    pub(crate) flags: u8,
}

/// The values set on a node by the module that rendered it. Everything else on the node came from elsewhere.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Rendered {
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) classes: BTreeMap<String, bool>,
    pub(crate) styles: BTreeMap<String, String>,
    pub(crate) properties: BTreeMap<String, serde_json::Value>,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) key: Option<String>,
}

/// Who rendered a node: the tree of a running module, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) tree: u64,
    pub(crate) id: u32,
}

/// The data stored for a node.
#[derive(Debug, Clone, Default)]
pub(crate) struct NodeState {
    pub(crate) origin: Option<Origin>,
    pub(crate) rendered: Rendered,
    pub(crate) field: Field,
    /// `scrollLeft` and `scrollTop`.
    pub(crate) scroll: (f64, f64),
    /// The children added by the module that renders into a node, in order. Others may have moved it away.
    pub(crate) placed: Vec<Node>,
    /// The node that it was put into.
    pub(crate) holder: Option<Node>,
    /// Of a text node, the requested text.
    pub(crate) text: String,
    /// Of a file field, the chosen files.
    pub(crate) files: Vec<FileData>,
    /// Of a `canvas`, the commands that were drawn since it was empty, a line each.
    pub(crate) drawing: Vec<String>,
    /// JavaScript properties that no attribute and no other state reflects.
    pub(crate) properties: BTreeMap<String, serde_json::Value>,
}

pub(crate) struct Dom {
    document: Document,
    node_state: HashMap<Node, NodeState>,
    pub(crate) focused: Option<Node>,
}

impl Dom {
    pub(crate) fn parse(html: &str) -> Self {
        Self { document: Document::from(html), node_state: HashMap::new(), focused: None }
    }

    pub(crate) fn at(&self, node: Node) -> NodeRef<'_> {
        self.document.tree.get_unchecked(&node)
    }

    pub(crate) fn node_state(&self, node: Node) -> Option<&NodeState> {
        self.node_state.get(&node)
    }

    pub(crate) fn node_state_mut(&mut self, node: Node) -> &mut NodeState {
        self.node_state.entry(node).or_default()
    }

    /// Drops the data stored for a node and all below it. Their identities stay comparable.
    pub(crate) fn forget(&mut self, node: Node) {
        for node in self.with_descendants(node) {
            self.node_state.remove(&node);
        }
    }

    pub(crate) fn forget_one(&mut self, node: Node) {
        self.node_state.remove(&node);
    }

    pub(crate) fn create_element(&self, namespace: Namespace, tag: &str) -> Node {
        let namespace = match namespace {
            Namespace::Html => ns!(html),
            Namespace::Svg => ns!(svg),
            Namespace::MathMl => ns!(mathml),
        };
        let name = QualName::new(None, namespace, LocalName::from(tag));
        self.document.tree.new_element_qualname(name).id
    }

    pub(crate) fn create_text(&self, text: &str) -> Node {
        self.document.tree.new_text(text).id
    }

    pub(crate) fn create_comment(&self) -> Node {
        self.document.tree.create_node(NodeData::Comment { contents: "".into() })
    }

    pub(crate) fn set_text(&self, node: Node, text: &str) {
        self.document.tree.update_node(&node, |node| {
            if let NodeData::Text { contents } = &mut node.data {
                *contents = text.into();
            }
        });
    }

    /// Puts `child` in front of `before`, or last. Both exist, and `child` is not above `parent`.
    pub(crate) fn insert(&self, parent: Node, child: Node, before: Option<Node>) {
        match before {
            Some(before) if before == child => {}
            Some(before) => self.at(before).insert_before(&child),
            None => self.at(parent).append_child(&child),
        }
    }

    pub(crate) fn detach(&self, node: Node) {
        self.at(node).remove_from_parent();
    }

    pub(crate) fn parent(&self, node: Node) -> Option<Node> {
        self.at(node).parent().map(|parent| parent.id)
    }

    pub(crate) fn next_sibling(&self, node: Node) -> Option<Node> {
        self.at(node).next_sibling().map(|node| node.id)
    }

    pub(crate) fn children(&self, node: Node) -> Vec<Node> {
        self.document.tree.child_ids_of(&node)
    }

    /// The node and all below it, in document order.
    pub(crate) fn with_descendants(&self, node: Node) -> Vec<Node> {
        std::iter::once(node).chain(self.document.tree.descendant_ids_of_it(&node)).collect()
    }

    /// The node and all above it, innermost first.
    pub(crate) fn with_ancestors(&self, node: Node) -> Vec<Node> {
        std::iter::once(node).chain(self.document.tree.ancestor_ids_of_it(&node, None)).collect()
    }

    pub(crate) fn is_connected(&self, node: Node) -> bool {
        self.with_ancestors(node).last() == Some(&self.document.root().id)
    }

    pub(crate) fn contains(&self, outer: Node, inner: Node) -> bool {
        self.with_ancestors(inner).contains(&outer)
    }

    pub(crate) fn is_element(&self, node: Node) -> bool {
        self.at(node).is_element()
    }

    pub(crate) fn is_text(&self, node: Node) -> bool {
        self.at(node).is_text()
    }

    /// The tag as it was written; empty for other nodes.
    pub(crate) fn tag(&self, node: Node) -> String {
        self.at(node).qual_name_ref().map(|name| name.local.to_string()).unwrap_or_default()
    }

    pub(crate) fn is(&self, node: Node, tags: &[&str]) -> bool {
        self.at(node).qual_name_ref().is_some_and(|name| tags.contains(&&*name.local))
    }

    pub(crate) fn namespace(&self, node: Node) -> String {
        self.at(node).qual_name_ref().map(|name| name.ns.to_string()).unwrap_or_default()
    }

    pub(crate) fn attribute(&self, node: Node, name: &str) -> Option<String> {
        self.at(node).attr(name).map(|value| value.to_string())
    }

    pub(crate) fn has_attribute(&self, node: Node, name: &str) -> bool {
        self.at(node).has_attr(name)
    }

    pub(crate) fn attributes(&self, node: Node) -> BTreeMap<String, String> {
        let all = self.at(node).attrs().into_iter();
        all.map(|one| (one.name.local.to_string(), one.value.to_string())).collect()
    }

    pub(crate) fn set_attribute(&self, node: Node, name: &str, value: &str) {
        self.at(node).set_attr(name, value);
    }

    pub(crate) fn remove_attribute(&self, node: Node, name: &str) {
        self.at(node).remove_attr(name);
    }

    pub(crate) fn text(&self, node: Node) -> String {
        self.at(node).text().to_string()
    }

    pub(crate) fn html(&self, node: Node) -> String {
        self.at(node).html().to_string()
    }

    pub(crate) fn inner_html(&self, node: Node) -> String {
        self.at(node).inner_html().to_string()
    }

    /// Replaces what an element contains by parsed markup.
    pub(crate) fn set_inner_html(&mut self, node: Node, html: &str) {
        self.clear(node);
        self.at(node).set_html(html);
    }

    pub(crate) fn append_html(&self, node: Node, html: &str) {
        self.at(node).append_html(html);
    }

    pub(crate) fn clear(&mut self, node: Node) {
        for child in self.children(node) {
            self.detach(child);
            self.forget(child);
        }
    }

    /// The document's own element.
    pub(crate) fn root(&self) -> Node {
        self.document.html_root().id
    }

    pub(crate) fn body(&self) -> Node {
        self.document.body().map_or_else(|| self.root(), |body| body.id)
    }

    /// The elements of the document that match, in document order; an error for an invalid selector.
    pub(crate) fn select(&self, selector: &str) -> Result<Vec<Node>, String> {
        let matcher = Matcher::new(selector).map_err(|error| format!("{:?}", error.kind))?;
        let root = self.document.root().id;
        let all = self.document.tree.descendant_ids_of_it(&root);
        Ok(all.filter(|node| self.at(*node).is_match(&matcher)).collect())
    }

    pub(crate) fn matches(&self, node: Node, selector: &str) -> bool {
        Matcher::new(selector).is_ok_and(|matcher| self.at(node).is_match(&matcher))
    }

    /// Whether `child` can go below `parent`: not above it, and not too deep.
    pub(crate) fn may_hold(&self, parent: Node, child: Node) -> Result<(), &'static str> {
        let above = self.with_ancestors(parent);
        if above.contains(&child) {
            return Err("a node cannot be inserted into itself");
        }
        if above.len() + self.height(child, MAX_DEPTH) > MAX_DEPTH {
            return Err("the tree is too deep");
        }
        Ok(())
    }

    /// The number of levels of a subtree, `limit` at most. Level by level, since a recursion could be deep.
    fn height(&self, node: Node, limit: usize) -> usize {
        let mut level = vec![node];
        let mut height = 0;
        while !level.is_empty() && height < limit {
            height += 1;
            let mut below = Vec::new();
            for node in level {
                let mut child = self.at(node).first_child();
                while let Some(node) = child {
                    below.push(node.id);
                    child = node.next_sibling();
                }
            }
            level = below;
        }
        height
    }
}
