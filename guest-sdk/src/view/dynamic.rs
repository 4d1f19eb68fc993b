//! Text and regions that change when what they read changes.

use std::cell::Cell;
use std::rc::Rc;

use hmr_abi::ops::NodeId;
use sycamore_reactive::create_child_scope;

use super::{Region, View, placed, rerender};
use crate::dom;
use crate::reactive::effect::effect_boxed;
use crate::reactive::reader::untrack;
use crate::state::scope;

/// A text node that is set again when what it reads changes.
pub(super) fn dynamic_text(mut text: Box<dyn FnMut() -> String>) -> View {
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

/// A region that renders again when what it reads changes, in a key scope of this name. Signals that the new content has, too, keep
/// their values.
pub(super) fn dynamic(name: &str, mut render: Box<dyn FnMut() -> View>) -> View {
    let region = Region::new();
    let view = region.view();
    let scope = scope::current().map(|scope| scope.unique_child(name));
    // The owner of the content is not part of the effect, which would dispose it before its signals can be parked.
    let owner = create_child_scope(|| {});
    let mut again = false;
    effect_boxed(Box::new(move || {
        let parked = scope.as_ref().filter(|_| again);
        again = true;
        if let Some(scope) = parked {
            rerender::park(&scope.instance, scope.path());
        }
        owner.dispose_children();
        let content = owner.run_in(|| match &scope {
            Some(scope) => scope::enter(scope.fresh(), &mut render),
            None => render(),
        });
        if let Some(scope) = parked {
            rerender::drop_parked(&scope.instance, scope.path());
        }
        // Nested content takes over from the previous content of this region.
        let taken_over = if parked.is_some() { placed::take_taken_over() } else { Vec::new() };
        untrack(|| region.replace(content, &taken_over));
    }));
    view
}
