//! The clock and timers.

use hmr_abi::event::Resource;

use super::{ResourceHandle, open};
use crate::clock;

/// Milliseconds since the Unix epoch. It never goes back while a page lives.
#[must_use]
pub fn now() -> f64 {
    clock::read()
}

/// Calls `f` every `ms` milliseconds.
pub fn interval(name: &str, ms: impl Into<f64>, mut f: impl FnMut() + 'static) -> ResourceHandle {
    open(name, Resource::Interval { ms: ms.into().max(1.0) }, Box::new(move |_| f()))
}

/// Calls `f` once, `ms` milliseconds from now. A handler that requests it again before it fired restarts it.
pub fn timeout(name: &str, ms: impl Into<f64>, f: impl FnOnce() + 'static) -> ResourceHandle {
    let mut f = Some(f);
    let once = Box::new(move |_| {
        if let Some(f) = f.take() {
            f();
        }
    });
    open(name, Resource::Timeout { ms: ms.into().max(0.0) }, once)
}

/// Calls `f` before each repaint.
pub fn animation_frame(name: &str, mut f: impl FnMut() + 'static) -> ResourceHandle {
    open(name, Resource::AnimationFrame {}, Box::new(move |_| f()))
}
