//! Writes DOM operations into the runtime's batch, and sends the batch when a call from the engine ends.

use hmr_abi::ops::{Method, Namespace, Op};

use crate::engine::send_dom;
use crate::placed::Set;
use crate::runtime::runtime;

pub(crate) use hmr_abi::ops::NodeId;

fn emit(op: Op<'_>) {
    op.encode(&mut runtime().batch.borrow_mut());
}

/// A fresh node number. Numbers are never reused: 2³¹ of them outlast any page that is being developed.
fn next_node() -> NodeId {
    let runtime = runtime();
    let id = runtime.last_node.get() % 0x7fff_ffff + 1;
    runtime.last_node.set(id);
    id
}

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
    runtime().placed.note(id, || Set::Attribute(name.to_owned()));
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
    runtime().placed.note(id, || Set::Class(name.to_owned()));
    emit(Op::SetClass { id, name, on });
}

pub(crate) fn set_style(id: NodeId, name: &str, value: &str) {
    runtime().placed.note(id, || Set::Style(name.to_owned()));
    emit(Op::SetStyle { id, name, value });
}

pub(crate) fn listen(id: NodeId, event: &str, handler: u32, flags: u8) {
    runtime().placed.note(id, || Set::Listener(event.to_owned(), flags));
    emit(Op::Listen { id, event, handler, flags });
}

pub(crate) fn unlisten(id: NodeId, event: &str, flags: u8) {
    emit(Op::Unlisten { id, event, flags });
}

pub(crate) fn set_key(id: NodeId, key: &str) {
    emit(Op::SetKey { id, key });
}

/// Calls a method of an element once everything else in the batch is done.
pub(crate) fn call(id: NodeId, method: Method) {
    Op::Call { id, method }.encode(&mut runtime().calls.borrow_mut());
}

/// Sends what was written since the last time, if anything.
pub(crate) fn flush() {
    let runtime = runtime();
    let mut batch = runtime.batch.take();
    batch.append(&mut runtime.calls.borrow_mut());
    if !batch.is_empty() {
        send_dom(&batch);
    }
}

/// Runs something and forgets the operations that it wrote: its nodes are gone with their root.
pub(crate) fn discarding(run: impl FnOnce()) {
    let runtime = runtime();
    let (batch, calls) = (runtime.batch.borrow().len(), runtime.calls.borrow().len());
    run();
    runtime.batch.borrow_mut().truncate(batch);
    runtime.calls.borrow_mut().truncate(calls);
}
