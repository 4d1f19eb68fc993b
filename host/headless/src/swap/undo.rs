//! Undoing a swap whose new code failed on probation.

use super::Failure;
use super::candidate::{instantiate, restore};
use super::replace::{commit, render_update};
use crate::guest::code::Code;
use crate::module::probation::Probation;
use crate::module::record::FailedProbation;
use crate::page::PageState;
use crate::page::guest_call::stop_running;
use crate::page::mounting::mount_again;
use crate::page::snapshots::{complete, follow_props};
use crate::report::log::LogLevel;
use crate::report::swap::Swap;
use hmr_protocol::{SwapOutcome, SwapStep};

/// Brings the version from before a swap back, with the state from before it.
pub(crate) fn undo(state: &mut PageState, module: &str) {
    let Some(record) = state.modules.get_mut(module) else { return };
    let Some(FailedProbation { probation, mut error }) = record.begin_undo() else { return };
    let mut swap = Swap::new(module, &*record.code().hash);
    swap.outcome = SwapOutcome::Undone;
    swap.error = Some(error.clone());
    state.log.step(&mut swap, SwapStep::Undo);
    let mut without_state = None;
    if state.mounts.mounted_of(module).is_empty() {
        stop_running(&mut state.modules, &mut state.log, module);
        if let Some(record) = state.modules.get_mut(module) {
            record.restore_version(probation.before, probation.previous);
        }
    } else {
        let (before, previous) = (probation.before.clone(), probation.previous.clone());
        if let Err((step, why)) = restore_version(state, module, probation, &mut swap) {
            state.log.step(&mut swap, SwapStep::Rollback);
            swap.step = Some(step);
            error = format!(
                "{error}; the version from before could not restore its state and starts without it: {why}"
            );
            swap.error = Some(error.clone());
            without_state = Some((before, previous));
        }
    }
    state.log.write(LogLevel::Warn, module, format!("the swap was undone: {error}"));
    state.log.swap_ended(swap);
    if let Some((before, previous)) = without_state {
        start_without_state(state, module, before, previous);
    }
}

/// Starts a version that could not restore the state from before the swap.
fn start_without_state(state: &mut PageState, module: &str, code: Code, previous: Option<Code>) {
    stop_running(&mut state.modules, &mut state.log, module);
    if let Some(record) = state.modules.get_mut(module) {
        record.restore_version(code, previous);
    }
    mount_again(state, module);
}

fn restore_version(
    state: &mut PageState,
    module: &str,
    probation: Probation,
    swap: &mut Swap,
) -> Result<(), Failure> {
    let Probation { before, previous, snapshot, .. } = probation;
    let snapshot = complete(&state.mounts, module, snapshot);
    state.log.step(swap, SwapStep::Instantiate);
    let guest = instantiate(state, module, &before)?;
    state.log.step(swap, SwapStep::Restore);
    let PageState { dom, modules, .. } = &mut *state;
    let candidate = restore(dom, modules, guest, &snapshot, &snapshot, &mut swap.report)?;
    state.log.step(swap, SwapStep::Render);
    let replaced = render_update(state, module, before, candidate, Vec::new(), swap);
    state.log.step(swap, SwapStep::Commit);
    commit(state, module, replaced, None);
    if let Some(record) = state.modules.get_mut(module) {
        record.set_previous(previous);
    }
    follow_props(&mut state.mounts, &snapshot);
    Ok(())
}
