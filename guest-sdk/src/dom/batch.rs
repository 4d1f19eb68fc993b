//! The batch of DOM operations that is being written. It is sent when a call from the engine ends.

use std::cell::{Cell, RefCell};

use hmr_abi::ops::{NodeId, Op};

use crate::engine::send_dom;

thread_local! {
    static BATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// Method calls, which go to the end of the batch, when the element is in the document.
    static CALLS: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// The number of the last node.
    static LAST_NODE: Cell<NodeId> = const { Cell::new(0) };
}

pub(super) fn emit(op: Op<'_>) {
    BATCH.with_borrow_mut(|batch| op.encode(batch));
}

pub(super) fn emit_at_end(op: Op<'_>) {
    CALLS.with_borrow_mut(|calls| op.encode(calls));
}

/// A new node number. Numbers are never reused: 2³¹ of them outlast any page that is being developed.
pub(super) fn next_node() -> NodeId {
    let id = LAST_NODE.get() % 0x7fff_ffff + 1;
    LAST_NODE.set(id);
    id
}

/// Sends the operations since the last time, if there are any.
pub(crate) fn flush() {
    let mut batch = BATCH.take();
    batch.append(&mut CALLS.take());
    if !batch.is_empty() {
        send_dom(&batch);
    }
}

/// Runs something and discards the operations that it wrote: its nodes are removed with their root.
pub(crate) fn discarding(run: impl FnOnce()) {
    let (batch, calls) = (BATCH.with_borrow(Vec::len), CALLS.with_borrow(Vec::len));
    run();
    BATCH.with_borrow_mut(|all| all.truncate(batch));
    CALLS.with_borrow_mut(|all| all.truncate(calls));
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn reset() {
    BATCH.take();
    CALLS.take();
    LAST_NODE.set(0);
}
