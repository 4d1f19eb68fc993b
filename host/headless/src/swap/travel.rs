//! Swapping a module to the version that it runs, with another state: an earlier one, or one that was saved.

use std::sync::Arc;

use hmr_abi::state::{InstanceState, Snapshot};

use super::Failure;
use super::candidate::{instantiate, migrate, restore};
use super::replace::{commit, render_update};
use super::settle::settle_swap;
use crate::mounts::Mounts;
use crate::page::PageState;
use crate::page::guest_call::capture;
use crate::page::snapshots::{complete, follow_props};
use crate::report::log::LogLevel;
use crate::report::swap::Swap;
use hmr_protocol::{SwapOutcome, SwapStep};

/// The state to go to.
pub(crate) struct Destination {
    pub(crate) snapshot: Snapshot,
    /// The content hash of the version that it was captured from.
    pub(crate) hash: Arc<str>,
    /// Its position in the module's history, if it is from there.
    pub(crate) index: Option<usize>,
}

/// Gives a module another state.
pub(crate) fn travel(state: &mut PageState, module: &str, to: Destination) -> Swap {
    state.begin();
    let hash = state.modules.get(module).map(|record| record.code().hash.to_string());
    let mut swap = Swap::new(module, hash.unwrap_or_default());
    if let Err((step, error)) = change_state(state, &mut swap, to) {
        swap.outcome = SwapOutcome::RolledBack;
        let text = format!("the swap was rolled back in the step `{step}`: {error}");
        swap.step = Some(step);
        swap.error = Some(error);
        state.log.step(&mut swap, SwapStep::Rollback);
        state.log.write(LogLevel::Warn, module, text);
    }
    settle_swap(state, swap)
}

fn change_state(state: &mut PageState, swap: &mut Swap, to: Destination) -> Result<(), Failure> {
    let Destination { snapshot, hash, index } = to;
    let module = &swap.module.clone();
    let Some(record) = state.modules.get(module) else { return Ok(()) };
    let code = record.code().clone();
    state.log.step(swap, SwapStep::Quiesce);
    state.log.step(swap, SwapStep::Capture);
    if let Some(Ok(current)) = capture(&mut state.modules, &mut state.log, module)
        && let Some(record) = state.modules.get_mut(module)
    {
        record.history.note(&code.hash, &current);
    }
    let snapshot = complete(&state.mounts, module, snapshot);
    state.log.step(swap, SwapStep::Instantiate);
    let mut guest = instantiate(state, module, &code)?;
    let mut given = snapshot.clone();
    if code.hash != hash {
        state.log.step(swap, SwapStep::Migrate);
        given = migrate(&mut guest, given)?;
    }
    state.log.step(swap, SwapStep::Restore);
    let PageState { dom, modules, .. } = &mut *state;
    let candidate = restore(dom, modules, guest, &snapshot, &given, &mut swap.report)?;
    state.log.step(swap, SwapStep::Render);
    let replaced = render_update(state, module, code, candidate, Vec::new(), swap);
    state.log.step(swap, SwapStep::Commit);
    commit(state, module, replaced, None);
    if let (Some(index), Some(record)) = (index, state.modules.get_mut(module)) {
        record.history.go_to(index);
    }
    follow_props(&mut state.mounts, &snapshot);
    Ok(())
}

/// Gives each mounted instance of a module the state that was saved for it: that of the same number and component, else one
/// of the same component that is left.
pub(crate) fn assign(mounts: &Mounts, module: &str, snapshot: Snapshot) -> Snapshot {
    let mounted: Vec<(u32, &str)> = mounts
        .mounted_of(module)
        .into_iter()
        .filter_map(|id| Some((id, mounts.get(id)?.placement.component.as_str())))
        .collect();
    let mut left = snapshot.instances;
    let mut take = |fits: &dyn Fn(&InstanceState) -> bool| {
        let at = left.iter().position(fits)?;
        Some(left.remove(at))
    };
    let mut given: Vec<Option<InstanceState>> = mounted
        .iter()
        .map(|(id, component)| {
            take(&|state| state.instance == *id && state.component == *component)
        })
        .collect();
    for (state, (id, component)) in given.iter_mut().zip(&mounted) {
        if state.is_none()
            && let Some(found) = take(&|state| state.component == *component)
        {
            *state = Some(InstanceState { instance: *id, ..found });
        }
    }
    Snapshot { instances: given.into_iter().flatten().collect(), ..snapshot }
}
