//! The nodes that one running module has made, by the numbers that it gave them.
//!
//! In: batches of DOM operations. Out: changes of the document, and the calls (focus and the like) to make
//! once the module has returned. Which nodes of the document an instance renders into depends on its root;
//! a root outside of the document makes a rendering that is not visible yet.
//!
//! Everything that a document would refuse (bad names, cycles, unknown nodes) is refused here with a
//! [`TreeError`], which counts as a trap of the module.

pub(crate) mod attributes;

use std::collections::HashMap;

use hmr_abi::drawing::{self, Command, DrawingError};
use hmr_abi::ops::{DecodeError, LISTEN_CAPTURE, Method, Namespace, NodeId, Op, Ops, ROOT_BIT};

use crate::dom::{Dom, Listener, Node, Origin};

use self::attributes::{change, is_name, set_attribute, set_style};

/// An operation that makes no sense for the tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TreeError {
    #[error("a batch of DOM operations does not decode: {0}")]
    Decode(#[from] DecodeError),
    #[error("an operation names the node {0}, which does not exist")]
    Unknown(NodeId),
    #[error("an operation names the root of the instance {0}, which is not mounted")]
    UnknownRoot(u32),
    #[error("{0} cannot be the number of a node")]
    Number(NodeId),
    #[error("the node {0} exists already")]
    Exists(NodeId),
    #[error("the node {0} is not {1}")]
    Kind(NodeId, &'static str),
    #[error("the node {child} cannot go into {parent}: {why}")]
    Insert { parent: NodeId, child: NodeId, why: &'static str },
    #[error("`{0}` is no name that a document takes")]
    Name(String),
    #[error("the value of the property `{0}` is not JSON")]
    Json(String),
    #[error(transparent)]
    Drawing(#[from] DrawingError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Element,
    /// An element that is not let into the page; a comment keeps its place.
    Refused,
    Text,
    Marker,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    node: Node,
    kind: Kind,
}

/// A batch's requests beyond changes of the document.
#[derive(Debug, Default)]
pub(crate) struct TreeRequests {
    pub(crate) calls: Vec<(Node, Method)>,
    /// Drawings, by the numbers of their elements: a swap may find that one is an element of the document.
    pub(crate) drawings: Vec<(NodeId, Vec<Command>)>,
    pub(crate) warnings: Vec<String>,
}

/// The nodes of one running module.
#[derive(Debug)]
pub(crate) struct Tree {
    /// Distinguishes its nodes from those of other running modules.
    pub(crate) serial: u64,
    nodes: HashMap<NodeId, Known>,
    /// Nodes of a rendering that is being replaced: their numbers may be taken by new ones.
    aside: HashMap<NodeId, Known>,
    roots: HashMap<u32, Node>,
}

impl Tree {
    pub(crate) fn new(serial: u64) -> Self {
        Self { serial, nodes: HashMap::new(), aside: HashMap::new(), roots: HashMap::new() }
    }

    pub(crate) fn set_root(&mut self, instance: u32, node: Node) {
        self.roots.insert(instance, node);
    }

    /// Forgets an instance's root and all that the module rendered below it. The document keeps it.
    pub(crate) fn drop_root(&mut self, instance: u32, dom: &mut Dom) {
        if let Some(root) = self.roots.remove(&instance) {
            for node in dom.placed_below(root, self.serial) {
                self.forget_one(dom, node);
            }
            dom.node_state_mut(root).placed.clear();
        }
    }

    /// Frees the numbers of an instance's nodes, so that it can re-render under `root`; until
    /// [`Tree::settle_aside`] or [`Tree::put_back`], operations can still name the old nodes.
    pub(crate) fn set_aside(&mut self, instance: u32, root: Node, dom: &Dom) {
        let Some(old) = self.roots.insert(instance, root) else { return };
        for node in dom.placed_below(old, self.serial) {
            if let Some(id) = self.number(dom, node)
                && let Some(known) = self.nodes.remove(&id)
            {
                self.aside.insert(id, known);
            }
        }
    }

    /// Ends a fresh rendering: the old numbers are gone, and the instance renders into `root` again.
    pub(crate) fn settle_aside(&mut self, instance: u32, root: Node) {
        self.aside.clear();
        self.roots.insert(instance, root);
    }

    /// Undoes [`Tree::set_aside`]: forgets the fresh rendering.
    pub(crate) fn put_back(&mut self, instance: u32, root: Node, dom: &mut Dom) {
        self.drop_root(instance, dom);
        self.nodes.extend(self.aside.drain());
        self.roots.insert(instance, root);
    }

    /// The number of a node, if it is one of this tree's.
    pub(crate) fn number(&self, dom: &Dom, node: Node) -> Option<NodeId> {
        let origin = dom.node_state(node)?.origin?;
        (origin.tree == self.serial).then_some(origin.id)
    }

    /// Makes a number refer to another node of the document, which a swap found to be the same.
    pub(crate) fn adopt(&mut self, id: NodeId, node: Node) {
        if let Some(known) = self.nodes.get_mut(&id) {
            known.node = node;
        }
    }

    /// Applies a batch. Operations applied before an error stay applied.
    pub(crate) fn apply(
        &mut self,
        batch: &[u8],
        dom: &mut Dom,
        requested: &mut TreeRequests,
    ) -> Result<(), TreeError> {
        for op in Ops::new(batch) {
            self.apply_op(op?, dom, requested)?;
        }
        Ok(())
    }

    fn apply_op(
        &mut self,
        op: Op<'_>,
        dom: &mut Dom,
        requested: &mut TreeRequests,
    ) -> Result<(), TreeError> {
        match op {
            Op::CreateElement { id, namespace, tag } => {
                self.create_element(dom, requested, id, namespace, tag)?;
            }
            Op::CreateText { id, text } => {
                let node = self.add(dom, id, Kind::Text, |dom| dom.create_text(text))?;
                text.clone_into(&mut dom.node_state_mut(node).text);
            }
            Op::CreateMarker { id } => {
                self.add(dom, id, Kind::Marker, Dom::create_comment)?;
            }
            Op::Insert { parent, child, before } => self.insert(dom, parent, child, before)?,
            Op::Remove { id } => {
                let node = self.get(id)?.node;
                dom.put_back(node);
                dom.note_taken(node);
                dom.detach(node);
                self.forget(dom, node);
                if dom.focused.is_some_and(|focused| dom.contains(node, focused)) {
                    dom.focused = None;
                }
            }
            Op::SetText { id, text } => {
                let known = self.get(id)?;
                if known.kind != Kind::Text {
                    return Err(TreeError::Kind(id, "a text"));
                }
                dom.put_back(known.node);
                dom.set_text(known.node, text);
                text.clone_into(&mut dom.node_state_mut(known.node).text);
            }
            Op::SetKey { id, key } => {
                let node = self.get(id)?.node;
                dom.node_state_mut(node).rendered.key = Some(key.to_owned());
            }
            _ => return self.apply_to_element(op, dom, requested),
        }
        Ok(())
    }

    fn apply_to_element(
        &self,
        op: Op<'_>,
        dom: &mut Dom,
        requested: &mut TreeRequests,
    ) -> Result<(), TreeError> {
        match op {
            Op::SetAttribute { id, name, value } => {
                if let Some(node) = self.element(id)? {
                    set_attribute(dom, requested, node, name, value)?;
                }
            }
            Op::RemoveAttribute { id, name } => {
                if let Some(node) = self.element(id)? {
                    change(dom, node, name, None);
                }
            }
            Op::SetProperty { id, name, json } => {
                let value: serde_json::Value =
                    serde_json::from_str(json).map_err(|_| TreeError::Json(name.to_owned()))?;
                if let Some(node) = self.element(id)? {
                    dom.set_property(node, name, &value);
                    dom.node_state_mut(node).rendered.properties.insert(name.to_owned(), value);
                }
            }
            Op::SetClass { id, name, on } => {
                if name.is_empty() || name.contains([' ', '\t', '\n', '\r', '\x0c']) {
                    return Err(TreeError::Name(name.to_owned()));
                }
                if let Some(node) = self.element(id)? {
                    dom.node_state_mut(node).rendered.classes.insert(name.to_owned(), on);
                    dom.toggle_class(node, name, on);
                }
            }
            Op::SetStyle { id, name, value } => {
                if let Some(node) = self.element(id)? {
                    set_style(dom, node, name, value);
                }
            }
            Op::Listen { id, event, handler, flags } => {
                if let Some(node) = self.element(id)? {
                    let listeners = &mut dom.node_state_mut(node).rendered.listeners;
                    listeners.retain(|other| !is_listener(other, event, flags));
                    listeners.push(Listener { event: event.to_owned(), handler, flags });
                }
            }
            Op::Unlisten { id, event, flags } => {
                if let Some(node) = self.element(id)? {
                    let listeners = &mut dom.node_state_mut(node).rendered.listeners;
                    listeners.retain(|other| !is_listener(other, event, flags));
                }
            }
            // The element may have left in the same batch: then nothing is done with it.
            Op::Call { id, .. } | Op::Draw { id, .. } if !self.nodes.contains_key(&id) => {}
            Op::Call { id, method } => {
                if let Some(node) = self.element(id)? {
                    requested.calls.push((node, method));
                }
            }
            Op::Draw { id, commands } => self.request_drawing(id, commands, requested)?,
            _ => {}
        }
        Ok(())
    }

    fn request_drawing(
        &self,
        id: NodeId,
        commands: &str,
        requested: &mut TreeRequests,
    ) -> Result<(), TreeError> {
        let commands = drawing::read(commands)?;
        if self.element(id)?.is_some() {
            requested.drawings.push((id, commands));
        }
        Ok(())
    }

    /// Carries drawings out. Returns warnings about what cannot be drawn.
    pub(crate) fn draw(&self, dom: &mut Dom, drawings: Vec<(NodeId, Vec<Command>)>) -> Vec<String> {
        let mut warnings = Vec::new();
        for (id, commands) in drawings {
            let Some(node) = self.element_of(id) else { continue };
            if !dom.is(node, &["canvas"]) {
                let tag = dom.tag(node);
                warnings.push(format!("nothing is drawn on `{tag}`: it has no 2D context"));
                continue;
            }
            let unknown = commands.iter().filter(|(name, _)| !drawing::is_known(name));
            warnings
                .extend(unknown.map(|(name, _)| format!("`{name}` is not a command of a drawing")));
            drawing::record(&commands, &mut dom.node_state_mut(node).drawing);
        }
        warnings
    }

    /// The element of a number, if it is one.
    pub(crate) fn element_of(&self, id: NodeId) -> Option<Node> {
        self.element(id).ok().flatten()
    }

    fn get(&self, id: NodeId) -> Result<Known, TreeError> {
        self.nodes.get(&id).or_else(|| self.aside.get(&id)).copied().ok_or(TreeError::Unknown(id))
    }

    /// The element of a number; nothing if it is one that was not let into the page.
    fn element(&self, id: NodeId) -> Result<Option<Node>, TreeError> {
        match self.get(id)? {
            Known { node, kind: Kind::Element } => Ok(Some(node)),
            Known { kind: Kind::Refused, .. } => Ok(None),
            _ => Err(TreeError::Kind(id, "an element")),
        }
    }

    fn add(
        &mut self,
        dom: &mut Dom,
        id: NodeId,
        kind: Kind,
        make: impl FnOnce(&Dom) -> Node,
    ) -> Result<Node, TreeError> {
        if id == 0 || id & ROOT_BIT != 0 {
            return Err(TreeError::Number(id));
        }
        if self.nodes.contains_key(&id) {
            return Err(TreeError::Exists(id));
        }
        let node = make(dom);
        self.nodes.insert(id, Known { node, kind });
        dom.node_state_mut(node).origin = Some(Origin { tree: self.serial, id });
        Ok(node)
    }

    fn create_element(
        &mut self,
        dom: &mut Dom,
        requested: &mut TreeRequests,
        id: NodeId,
        namespace: Namespace,
        tag: &str,
    ) -> Result<(), TreeError> {
        if !is_name(tag) {
            return Err(TreeError::Name(tag.to_owned()));
        }
        let local = tag.rsplit(':').next().unwrap_or(tag);
        if local.eq_ignore_ascii_case("script") {
            let message = "a view may not hold a `script` element; it was left out";
            requested.warnings.push(message.to_owned());
            self.add(dom, id, Kind::Refused, Dom::create_comment)?;
            return Ok(());
        }
        self.add(dom, id, Kind::Element, |dom| dom.create_element(namespace, tag))?;
        Ok(())
    }

    fn insert(
        &mut self,
        dom: &mut Dom,
        parent: NodeId,
        child: NodeId,
        before: NodeId,
    ) -> Result<(), TreeError> {
        let fail = |why| TreeError::Insert { parent, child, why };
        let holder = if parent & ROOT_BIT == 0 {
            self.element(parent)?
        } else {
            let instance = parent & !ROOT_BIT;
            Some(*self.roots.get(&instance).ok_or(TreeError::UnknownRoot(instance))?)
        };
        let node = self.get(child)?.node;
        let before = if before == 0 { None } else { Some(self.get(before)?.node) };
        dom.put_back(node);
        let Some(holder) = holder else {
            dom.note_taken(node);
            dom.detach(node);
            return Ok(());
        };
        if parent & ROOT_BIT == 0 && dom.is(holder, &["hmr-component"]) {
            return Err(fail(
                "the children of `hmr-component` belong to the instance mounted in it",
            ));
        }
        let held_by = |node| dom.node_state(node).and_then(|node_state| node_state.holder);
        if before.is_some_and(|before| held_by(before) != Some(holder)) {
            return Err(fail("what it should stand before is no child of it"));
        }
        dom.may_hold(holder, node).map_err(fail)?;
        if before == Some(node) {
            return Ok(());
        }
        if let Some(before) = before {
            dom.put_back(before);
        }
        dom.insert(holder, node, before);
        dom.note_placed(holder, node, before);
        Ok(())
    }

    /// Frees the numbers of a node and of all of this tree below it.
    fn forget(&mut self, dom: &mut Dom, top: Node) {
        let below = dom.placed_below(top, self.serial);
        for node in std::iter::once(top).chain(below) {
            self.forget_one(dom, node);
        }
    }

    fn forget_one(&mut self, dom: &mut Dom, node: Node) {
        let Some(id) = self.number(dom, node) else { return };
        for known in [&mut self.nodes, &mut self.aside] {
            if known.get(&id).is_some_and(|known| known.node == node) {
                known.remove(&id);
            }
        }
        dom.forget_one(node);
    }
}

fn is_listener(listener: &Listener, event: &str, flags: u8) -> bool {
    listener.event == event && listener.flags & LISTEN_CAPTURE == flags & LISTEN_CAPTURE
}
