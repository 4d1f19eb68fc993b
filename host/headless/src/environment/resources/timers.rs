//! The clock's part of the table: which resource fires next.

use hmr_abi::event::Resource;

use super::Resources;

/// A frame's length in milliseconds, at 60 frames a second.
const FRAME: f64 = 1000.0 / 60.0;

impl Resources {
    /// The resource that fires first, if one does until `end`, with its time. Its next firing is arranged.
    pub(crate) fn due(&mut self, end: f64) -> Option<(f64, u64)> {
        // Equal times fire in the order of opening, so the first of the smallest is taken.
        let at = (0..self.list.len())
            .reduce(|a, b| if self.list[b].due < self.list[a].due { b } else { a })?;
        let live = &mut self.list[at];
        let due = live.due;
        if due > end {
            return None;
        }
        live.due = match live.resource {
            Resource::Interval { ms } => due + period(ms),
            Resource::AnimationFrame {} => next_frame(due),
            _ => f64::INFINITY,
        };
        Some((due, live.serial))
    }
}

/// When a resource that is opened at `now` fires first; never if no clock fires it.
pub(super) fn first(resource: &Resource, now: f64) -> f64 {
    match resource {
        Resource::Interval { ms } | Resource::Timeout { ms } => now + period(*ms),
        Resource::AnimationFrame {} => next_frame(now),
        _ => f64::INFINITY,
    }
}

/// A delay as it is kept: at least a millisecond, so that time passes between firings.
fn period(ms: f64) -> f64 {
    ms.max(1.0)
}

/// The first frame after `now`; frames come at the same times for all requests.
fn next_frame(now: f64) -> f64 {
    // A hair more than `now`, since `now` may be a frame's time, rounded.
    ((now + 0.001) / FRAME).ceil() * FRAME
}
