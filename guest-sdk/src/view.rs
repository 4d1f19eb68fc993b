//! Views: what a component returns, as nodes that exist already but have no parent yet.
//!
//! A view is a list of root nodes and *regions*. A region is content that is replaced when what it reads changes;
//! a marker node follows the content and keeps its place. Nodes are created when the view is made and
//! inserted when their parent takes the view.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use sycamore_reactive::create_child_scope;

use crate::dom::{self, NodeId};
use crate::reactive::{Memo, effect_boxed, untrack};
use crate::runtime::runtime;
use crate::scope;
use crate::signal::Signal;

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
    /// The node that the region is in; 0 until it is placed.
    parent: Cell<NodeId>,
    content: RefCell<View>,
}

impl View {
    /// A view that shows nothing.
    pub const fn empty() -> Self {
        Self { parts: Vec::new() }
    }

    pub(crate) fn node(id: NodeId) -> Self {
        Self { parts: vec![Part::Node(id)] }
    }

    /// Inserts every node into `parent`, in front of `before`; 0 appends.
    pub(crate) fn place(&self, parent: NodeId, before: NodeId) {
        for part in &self.parts {
            match part {
                Part::Node(id) => dom::insert(parent, *id, before),
                Part::Region(region) => {
                    region.parent.set(parent);
                    region.content.borrow().place(parent, before);
                    dom::insert(parent, region.marker, before);
                }
            }
        }
    }

    /// Takes every node out of the document, for good, but for those that other content has taken over.
    pub(crate) fn remove(&self, taken_over: &BTreeSet<NodeId>) {
        for part in &self.parts {
            match part {
                Part::Node(id) if taken_over.contains(id) => {}
                Part::Node(id) => dom::remove(*id),
                Part::Region(region) => {
                    region.content.borrow().remove(taken_over);
                    dom::remove(region.marker);
                }
            }
        }
    }

    /// The first node in document order.
    pub(crate) fn first(&self) -> Option<NodeId> {
        self.parts.iter().find_map(|part| match part {
            Part::Node(id) => Some(*id),
            Part::Region(region) => region.content.borrow().first().or(Some(region.marker)),
        })
    }

    /// Gives the root nodes an identity among their siblings.
    pub(crate) fn set_key(&self, key: &str) {
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
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self {
            marker: dom::create_marker(),
            parent: Cell::new(0),
            content: RefCell::default(),
        })
    }

    pub(crate) fn view(self: &Rc<Self>) -> View {
        View { parts: vec![Part::Region(Rc::clone(self))] }
    }

    /// Where content goes: the parent, if the region is placed, and the node behind the content.
    pub(crate) fn place(&self) -> Option<(NodeId, NodeId)> {
        (self.parent.get() != 0).then(|| (self.parent.get(), self.marker))
    }

    /// Shows something else; the old content's nodes are gone, but for those that the new content has taken over. These are
    /// moved while they are in the document.
    pub(crate) fn replace(&self, content: View, taken_over: &BTreeSet<NodeId>) {
        let old = self.content.take();
        if taken_over.is_empty() {
            old.remove(taken_over);
        }
        if let Some((parent, before)) = self.place() {
            content.place(parent, before);
        }
        if !taken_over.is_empty() {
            old.remove(taken_over);
        }
        *self.content.borrow_mut() = content;
    }

    /// Notes content whose nodes are where they belong already.
    pub(crate) fn note(&self, content: View) {
        *self.content.borrow_mut() = content;
    }
}

/// Content that is allowed between tags.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in a view",
    label = "neither text nor a view, nor a closure or signal of these",
    note = "hint: format it, `{{format!(…)}}`, or make a `view!` of it"
)]
pub trait IntoView: Sized {
    /// Whether it is always one text node, whose text is [`IntoView::into_text`].
    const TEXT: bool = false;

    /// Creates the nodes.
    fn into_view(self) -> View;

    /// The text, if this is text.
    fn into_text(self) -> String {
        String::new()
    }
}

impl IntoView for View {
    fn into_view(self) -> View {
        self
    }
}

impl IntoView for () {
    fn into_view(self) -> View {
        View::empty()
    }
}

impl IntoView for &str {
    const TEXT: bool = true;

    fn into_view(self) -> View {
        View::node(dom::create_text(self))
    }

    fn into_text(self) -> String {
        self.to_owned()
    }
}

macro_rules! text {
    ($($type:ty),*) => {$(
        impl IntoView for $type {
            const TEXT: bool = true;

            fn into_view(self) -> View {
                self.to_string().as_str().into_view()
            }

            fn into_text(self) -> String {
                self.to_string()
            }
        }
    )*};
}

text!(
    String,
    &String,
    bool,
    char,
    f32,
    f64,
    i8,
    i16,
    i32,
    i64,
    i128,
    isize,
    u8,
    u16,
    u32,
    u64,
    u128,
    usize,
    std::borrow::Cow<'_, str>,
    std::rc::Rc<str>,
    std::fmt::Arguments<'_>
);

impl<V: IntoView> IntoView for Option<V> {
    fn into_view(self) -> View {
        self.map_or(View::empty(), V::into_view)
    }
}

impl<V: IntoView> IntoView for Vec<V> {
    fn into_view(self) -> View {
        View { parts: self.into_iter().flat_map(|view| view.into_view().parts).collect() }
    }
}

impl<F, V> IntoView for F
where
    F: FnMut() -> V + 'static,
    V: IntoView + 'static,
{
    fn into_view(self) -> View {
        follow(self)
    }
}

impl<T: IntoView + Clone + 'static> IntoView for Signal<T> {
    fn into_view(self) -> View {
        follow(move || self.get())
    }
}

impl<T: IntoView + Clone + 'static> IntoView for Memo<T> {
    fn into_view(self) -> View {
        follow(move || self.get())
    }
}

fn follow<V: IntoView + 'static>(mut f: impl FnMut() -> V + 'static) -> View {
    if V::TEXT {
        dynamic_text(Box::new(move || f().into_text()))
    } else {
        dynamic("?", Box::new(move || f().into_view()))
    }
}

fn dynamic_text(mut text: Box<dyn FnMut() -> String>) -> View {
    let mut shown: Option<(NodeId, String)> = None;
    let node = Rc::new(Cell::new(0));
    let created = Rc::clone(&node);
    effect_boxed(Box::new(move || {
        let new = text();
        match &mut shown {
            None => {
                created.set(dom::create_text(&new));
                shown = Some((created.get(), new));
            }
            Some((id, old)) if *old != new => {
                dom::set_text(*id, &new);
                *old = new;
            }
            Some(_) => {}
        }
    }));
    View::node(node.get())
}

/// A region that renders again when what it reads changes, in a key scope of this name. Content that it renders again keeps the
/// signals that it has again.
pub(crate) fn dynamic(name: &str, mut render: Box<dyn FnMut() -> View>) -> View {
    let region = Region::new();
    let view = region.view();
    let scope = scope::current().map(|scope| scope.inner(name));
    // The scope that owns the content is not part of the effect, which would dispose it before its signals can be parked.
    let owner = create_child_scope(|| {});
    let mut again = false;
    effect_boxed(Box::new(move || {
        let parked = scope.as_ref().filter(|_| again);
        again = true;
        if let Some(scope) = parked {
            scope.instance.park(scope.path());
        }
        owner.dispose_children();
        let content = owner.run_in(|| match &scope {
            Some(scope) => scope::enter(scope.fresh(), &mut render),
            None => render(),
        });
        if let Some(scope) = parked {
            scope.instance.drop_parked(scope.path());
        }
        // Nested content takes over from the previous content of this region.
        let taken_over = if parked.is_some() { runtime().placed.take() } else { BTreeSet::new() };
        untrack(|| region.replace(content, &taken_over));
    }));
    view
}

/// A region whose closure is known to render, with the name that its key scope gets; what `view!` writes for closures that
/// hold views.
pub fn region<V: IntoView + 'static>(
    name: &'static str,
    mut f: impl FnMut() -> V + 'static,
) -> View {
    if V::TEXT {
        return dynamic_text(Box::new(move || f().into_text()));
    }
    dynamic(name, Box::new(move || f().into_view()))
}
