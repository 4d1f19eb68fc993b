//! What the running code reads: which signals and memos it follows.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use sycamore_reactive as reactive;
use sycamore_reactive::ReadSignal;

thread_local! {
    static READER: RefCell<Reader> = const { RefCell::new(Reader { follows: false, reads: None }) };
}

/// A signal or memo, as its followers see it.
pub(crate) type Source = ReadSignal<Rc<dyn Any>>;

/// A reader of signals and memos.
#[derive(Default)]
pub(super) struct Reader {
    /// Whether it runs again when what it reads has changed: an effect, or a memo that one reads.
    pub(super) follows: bool,
    /// The sources read by a memo that is computed ahead of the notification.
    pub(super) reads: Option<Vec<Source>>,
}

/// Runs something that reads as this reader, and returns the reader.
pub(super) fn reading<R>(reader: Reader, run: impl FnOnce() -> R) -> (R, Reader) {
    let before = READER.replace(reader);
    let result = run();
    (result, READER.replace(before))
}

/// Runs something that runs again when what it reads has changed.
pub(super) fn following<R>(run: impl FnOnce() -> R) -> R {
    reading(Reader { follows: true, reads: None }, run).0
}

/// Whether the running code runs again when what it reads has changed.
pub(super) fn is_following() -> bool {
    READER.with_borrow(|reader| reader.follows)
}

/// Runs `f` without subscribing to what it reads.
pub fn untrack<R>(f: impl FnOnce() -> R) -> R {
    reactive::untrack(|| reading(Reader::default(), f).0)
}

/// The running effect, memo or view follows a source.
pub(crate) fn follow(source: Source) {
    source.track();
    READER.with_borrow_mut(|reader| {
        if let Some(reads) = &mut reader.reads {
            reads.push(source);
        }
    });
}

#[cfg(not(target_arch = "wasm32"))]
pub(super) fn reset() {
    READER.take();
}
