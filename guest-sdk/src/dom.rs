//! DOM operations: one function for each, which writes it into the batch.

pub(crate) mod batch;
pub(crate) mod drawing;
#[cfg(feature = "web-sys")]
mod element;
pub(crate) mod node_ref;
pub(crate) mod tracked;

use hmr_abi::ops::{Method, Namespace, NodeId, Op};

use batch::{emit, emit_at_end, next_node};
use tracked::Set;

pub(crate) fn create_element(namespace: Namespace, tag: &str) -> NodeId {
    let id = next_node();
    emit(Op::CreateElement { id, namespace, tag });
    id
}

pub(crate) fn create_text(text: &str) -> NodeId {
    let id = next_node();
    emit(Op::CreateText { id, text });
    id
}

pub(crate) fn create_marker() -> NodeId {
    let id = next_node();
    emit(Op::CreateMarker { id });
    id
}

pub(crate) fn insert(parent: NodeId, child: NodeId, before: NodeId) {
    emit(Op::Insert { parent, child, before });
}

pub(crate) fn remove(id: NodeId) {
    emit(Op::Remove { id });
}

pub(crate) fn set_attribute(id: NodeId, name: &str, value: &str) {
    tracked::note(id, || Set::Attribute(name.to_owned()));
    emit(Op::SetAttribute { id, name, value });
}

pub(crate) fn remove_attribute(id: NodeId, name: &str) {
    emit(Op::RemoveAttribute { id, name });
}

pub(crate) fn set_property(id: NodeId, name: &str, json: &str) {
    emit(Op::SetProperty { id, name, json });
}

pub(crate) fn set_text(id: NodeId, text: &str) {
    emit(Op::SetText { id, text });
}

pub(crate) fn set_class(id: NodeId, name: &str, on: bool) {
    tracked::note(id, || Set::Class(name.to_owned()));
    emit(Op::SetClass { id, name, on });
}

pub(crate) fn set_style(id: NodeId, name: &str, value: &str) {
    tracked::note(id, || Set::Style(name.to_owned()));
    emit(Op::SetStyle { id, name, value });
}

pub(crate) fn listen(id: NodeId, event: &str, handler: u32, flags: u8) {
    tracked::note(id, || Set::Listener(event.to_owned(), flags));
    emit(Op::Listen { id, event, handler, flags });
}

pub(crate) fn unlisten(id: NodeId, event: &str, flags: u8) {
    emit(Op::Unlisten { id, event, flags });
}

pub(crate) fn set_key(id: NodeId, key: &str) {
    emit(Op::SetKey { id, key });
}

/// Calls a method of an element when everything else in the batch is done.
pub(crate) fn call(id: NodeId, method: Method) {
    emit_at_end(Op::Call { id, method });
}

/// Draws on a canvas when everything else in the batch is done.
pub(crate) fn draw(id: NodeId, commands: &str) {
    emit_at_end(Op::Draw { id, commands });
}
