//! Restarting code that trapped.

use super::Failure;
use super::candidate::{Candidate, instantiate, restore};
use super::replace::install;
use crate::guest::code::Code;
use crate::page::PageState;
use crate::page::guest_call::stop_running;
use crate::page::snapshots::last_good_snapshot;

/// Replaces running code that trapped by a new instance of it with its last good state.
pub(crate) fn restart(state: &mut PageState, module: &str) {
    let now = state.clock.now();
    let Some(record) = state.modules.get_mut(module) else { return };
    let may_restart = record.begin_restart(now);
    let code = record.code().clone();
    if state.mounts.mounted_of(module).is_empty() {
        return stop_running(&mut state.modules, &mut state.log, module);
    }
    let candidate = if may_restart {
        prepare(state, module, &code).map_err(|(_, error)| error)
    } else {
        Err("it traps again and again".to_owned())
    };
    match candidate {
        Ok(candidate) => {
            state.log.restarts += 1;
            install(state, module, code, candidate);
        }
        Err(error) => {
            if let Some(record) = state.modules.get_mut(module) {
                record.give_up();
            }
            state.log.problem(format!(
                "the module `{module}` trapped and could not be started again: {error}"
            ));
        }
    }
}

/// A new instance with the last good state.
fn prepare(state: &mut PageState, module: &str, code: &Code) -> Result<Candidate, Failure> {
    let snapshot = last_good_snapshot(&state.modules, &state.mounts, module);
    let guest = instantiate(state, module, code)?;
    let PageState { dom, modules, .. } = state;
    restore(dom, modules, guest, &snapshot, &snapshot, &mut None)
}
