//! Dealing with instances that report that they cannot continue with their state.
//!
//! Such an instance is mounted again without its state, and the instance whose view placed it renders again with its state
//! kept; if that reports the same, its parent does, and so on. Each instance gets one turn at most until the page has
//! settled, so that an instance that always reports does not loop forever.

use crate::page::PageState;
use crate::page::render_again::{mount_again, render_again};
use crate::report::log::LogLevel;

/// Deals with one report. Returns whether there was one that could be dealt with.
pub(crate) fn handle_invalidation(state: &mut PageState) -> bool {
    let PageState { invalidations, mounts, modules, dom, .. } = &mut *state;
    let next = invalidations.next(|module, invalidation| {
        // Not while a swap holds its module, or that of the instance which placed it.
        let above = mounts.placed_by(dom, invalidation.instance);
        let above = above.and_then(|above| mounts.module_of(above));
        !modules.is_swapping(module) && !above.is_some_and(|above| modules.is_swapping(above))
    });
    let Some((module, invalidation)) = next else { return false };
    let instance = invalidation.instance;
    let mount = mounts.get(instance);
    if !mount.is_some_and(|mount| mount.placement.module == module && !mount.failed) {
        let text = format!("it invalidated the instance {instance}, which it has not mounted");
        state.log.write(LogLevel::Debug, &module, text);
        return true;
    }
    if !invalidations.take_turn(instance) {
        let text = format!(
            "the instance {instance} was invalidated again and is left as it is: {}",
            invalidation.reason
        );
        state.log.write(LogLevel::Warn, &module, text);
        return true;
    }
    let text = format!("the instance {instance} was invalidated: {}", invalidation.reason);
    state.log.write(LogLevel::Info, &module, text);
    mount_again(state, instance);
    match state.mounts.placed_by(&state.dom, instance) {
        Some(above) => {
            let placement = state.mounts.get(above).map(|mount| mount.placement.clone());
            if let Some(placement) = placement {
                render_again(state, above, &placement);
            }
        }
        None => state.log.problem(format!(
            "the invalidation of the instance {instance} of `{module}` went up to the page: {}",
            invalidation.reason
        )),
    }
    state.invalidations.note_handled(invalidation);
    true
}
