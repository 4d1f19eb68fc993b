//! Views: what a component returns, as nodes that exist already but have no parent yet.
//!
//! A view is a list of root nodes and *regions*. A region is content that is replaced when what it reads changes;
//! a marker node follows the content and keeps its position. Nodes are created when the view is made and
//! inserted when their parent takes the view.

pub(crate) mod attribute;
pub(crate) mod component;
pub(crate) mod dynamic;
pub(crate) mod element;
pub(crate) mod field;
pub(crate) mod flow;
pub(crate) mod into_view;
pub(crate) mod placed;
pub(crate) mod rerender;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use hmr_abi::ops::NodeId;

use crate::dom;

/// The output of a component.
#[derive(Clone, Default)]
#[must_use = "a view shows only where it is part of another"]
pub struct View {
    pub(crate) parts: Vec<Part>,
}

#[derive(Clone)]
pub(crate) enum Part {
    Node(NodeId),
    Region(Rc<Region>),
}

/// Content that changes, in front of a marker.
pub(crate) struct Region {
    marker: NodeId,
    /// The node that the region is in; 0 until it is inserted.
    parent: Cell<NodeId>,
    content: RefCell<View>,
}

impl View {
    /// A view that shows nothing.
    pub const fn empty() -> Self {
        Self { parts: Vec::new() }
    }

    pub(super) fn node(id: NodeId) -> Self {
        Self { parts: vec![Part::Node(id)] }
    }

    /// Inserts every node into `parent`, in front of `before`; 0 appends.
    pub(crate) fn insert(&self, parent: NodeId, before: NodeId) {
        for part in &self.parts {
            match part {
                Part::Node(id) => dom::insert(parent, *id, before),
                Part::Region(region) => {
                    region.parent.set(parent);
                    region.content.borrow().insert(parent, before);
                    dom::insert(parent, region.marker, before);
                }
            }
        }
    }

    /// Removes every node, except those that other content has taken over, which are in order.
    pub(super) fn remove(&self, taken_over: &[NodeId]) {
        for part in &self.parts {
            match part {
                Part::Node(id) if taken_over.binary_search(id).is_ok() => {}
                Part::Node(id) => dom::remove(*id),
                Part::Region(region) => {
                    region.content.borrow().remove(taken_over);
                    dom::remove(region.marker);
                }
            }
        }
    }

    /// The first node in document order.
    pub(super) fn first(&self) -> Option<NodeId> {
        self.parts.iter().find_map(|part| match part {
            Part::Node(id) => Some(*id),
            Part::Region(region) => region.content.borrow().first().or(Some(region.marker)),
        })
    }

    /// Gives the root nodes an identity among their siblings.
    pub(super) fn set_key(&self, key: &str) {
        let nodes = self.parts.iter().filter_map(|part| match part {
            Part::Node(id) => Some(*id),
            Part::Region(_) => None,
        });
        for (index, id) in nodes.enumerate() {
            if index == 0 {
                dom::set_key(id, key);
            } else {
                dom::set_key(id, &format!("{key}/{index}"));
            }
        }
    }
}

impl Region {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Self {
            marker: dom::create_marker(),
            parent: Cell::new(0),
            content: RefCell::default(),
        })
    }

    pub(super) fn view(self: &Rc<Self>) -> View {
        View { parts: vec![Part::Region(Rc::clone(self))] }
    }

    /// Where content is inserted: the parent, and the node behind the content. `None` until the region is inserted.
    pub(super) fn position(&self) -> Option<(NodeId, NodeId)> {
        (self.parent.get() != 0).then(|| (self.parent.get(), self.marker))
    }

    /// Replaces the content. The old content's nodes are removed, except those that the new content has taken over: these are moved
    /// while they are in the document.
    pub(super) fn replace(&self, content: View, taken_over: &[NodeId]) {
        let old = self.content.take();
        if taken_over.is_empty() {
            old.remove(taken_over);
        }
        if let Some((parent, before)) = self.position() {
            content.insert(parent, before);
        }
        if !taken_over.is_empty() {
            old.remove(taken_over);
        }
        *self.content.borrow_mut() = content;
    }

    /// Sets the content, whose nodes are in the right position already.
    pub(super) fn set_content(&self, content: View) {
        *self.content.borrow_mut() = content;
    }
}
