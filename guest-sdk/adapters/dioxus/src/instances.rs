//! Instances of components, and their parts of the path.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use dioxus::core::{
    current_scope_id, has_context, provide_context, try_consume_context, use_hook, DynamicNode,
    Template, TemplateNode, VComponent, VNode,
};
use dioxus::prelude::*;
use hmr_state::{begin, tag_segment, Live, Node, Render};

/// The node of the nearest instance around.
#[derive(Clone)]
struct Around(Arc<Node>);

/// The node in which something is made now.
pub(crate) fn node() -> Option<Arc<Node>> {
    try_consume_context::<Around>().map(|around| around.0)
}

#[derive(Clone, PartialEq, Props)]
struct InstanceProps {
    segment: String,
    child: VNode,
}

/// Stands around a component, and gives it its part of the path.
fn instance(props: InstanceProps) -> Element {
    let around = use_hook(|| {
        let parent = node();
        provide_context(Around(Node::new(parent, String::new())))
    });
    around.0.set_segment(props.segment);
    Ok(props.child)
}

/// The name of [`instance`], by which it is known in a view.
const INSTANCE: &str = "hmr_dioxus::Instance";

/// A template that consists of one component.
const ONE: Template =
    Template { roots: &[TemplateNode::Dynamic { id: 0 }], node_paths: &[&[0]], attr_paths: &[] };

fn around(component: DynamicNode, segment: String) -> DynamicNode {
    let child = VNode::new(None, ONE, Box::new([component]), Box::new([]));
    DynamicNode::Component(VComponent::new(instance, InstanceProps { segment, child }, INSTANCE))
}

/// Gives a component in markup, which has no key, its part of the path.
pub fn at(tag: &'static str, element: Element) -> Element {
    element.map(|node| {
        let [DynamicNode::Component(component)] = &*node.dynamic_nodes else { return node };
        if component.name == INSTANCE {
            return node;
        }
        let nodes = Box::new([around(node.dynamic_nodes[0].clone(), tag_segment(tag, None))]);
        VNode::new(node.key.clone(), node.template, nodes, node.dynamic_attrs.clone())
    })
}

/// Values that belong to a component and are not hooks.
#[derive(Clone, Default)]
pub(crate) struct Values(pub(crate) Rc<RefCell<Vec<Rc<dyn Live>>>>);

thread_local! {
    /// The scopes whose components render now, outermost first.
    static SCOPES: RefCell<Vec<ScopeId>> = const { RefCell::new(Vec::new()) };
}

/// The time in which the component of a scope renders.
struct InScope {
    _render: Render,
}

impl Drop for InScope {
    fn drop(&mut self) {
        SCOPES.with(|scopes| _ = scopes.borrow_mut().pop());
    }
}

/// The body of a component, or of another function that makes a view. Components with keys in its result get their parts of the path.
pub fn view(component: &'static str, body: impl FnOnce() -> Element) -> Element {
    let scope = current_scope_id();
    // A component may call functions that make parts of its view, also under a condition. They are parts of the component.
    let is_part = SCOPES.with(|scopes| scopes.borrow().last() == Some(&scope));
    let _in_scope = (!is_part).then(|| {
        SCOPES.with(|scopes| scopes.borrow_mut().push(scope));
        // Not a hook: there must not be one more than the component has.
        if has_context::<Values>().is_none() {
            provide_context(Values::default());
        }
        InScope { _render: begin(component) }
    });
    body().map(|node| with_keys(&node))
}

/// The same view, in which components with keys are inside of instances.
fn with_keys(node: &VNode) -> VNode {
    let key = node.key.as_deref();
    let changed = |dynamic: &DynamicNode| match dynamic {
        DynamicNode::Component(component) if component.name != INSTANCE && key.is_some() => {
            around(dynamic.clone(), tag_segment(component.name, key))
        }
        DynamicNode::Fragment(nodes) => {
            DynamicNode::Fragment(nodes.iter().map(with_keys).collect())
        }
        other => other.clone(),
    };
    let nodes = node.dynamic_nodes.iter().map(changed).collect();
    VNode::new(node.key.clone(), node.template, nodes, node.dynamic_attrs.clone())
}
