//! Starting a module's code, when the first of its components is mounted. This is reported as a swap.

use crate::guest::Guest;
use crate::page::PageState;
use crate::page::call::apply;
use crate::page::guest_call::stop_running;
use crate::page::health::check_health;
use crate::report::events::PageEvent;
use crate::report::swap::Swap;
use hmr_protocol::{SwapOutcome, SwapStep};

/// Starts a module's code unless it runs. Returns the swap that this begins, up to the step `render`.
pub(crate) fn start(state: &mut PageState, module: &str) -> Result<Option<Swap>, String> {
    let config = state.run_config(module);
    let Some(record) = state.modules.get(module) else { return Ok(None) };
    if record.has_trapped() {
        return Err(format!("the module `{module}` has trapped and is not running"));
    }
    if record.has_guest() {
        return Ok(None);
    }
    let code = record.code().clone();
    let mut swap = Swap::new(module, &*code.hash);
    state.log.step(&mut swap, SwapStep::Prepare);
    state.log.step(&mut swap, SwapStep::Instantiate);
    let started = Guest::start(&code, &config).and_then(|mut guest| {
        let effects = guest.take_effects();
        if let Some(record) = state.modules.get_mut(module) {
            record.start(guest);
        }
        apply(state, module, effects)
            .inspect_err(|_| stop_running(&mut state.modules, &mut state.log, module))
    });
    match started {
        Ok(()) => {
            state.log.step(&mut swap, SwapStep::Render);
            Ok(Some(swap))
        }
        Err(fault) => {
            swap.outcome = SwapOutcome::RolledBack;
            swap.step = Some(SwapStep::Instantiate);
            swap.error = Some(fault.to_string());
            state.log.step(&mut swap, SwapStep::Rollback);
            state.log.swap_ended(swap);
            Err(format!("the module `{module}` could not be started: {fault}"))
        }
    }
}

/// Ends the swap of code that was started for a component. There is no earlier version to go back to.
pub(crate) fn end_start(state: &mut PageState, mut swap: Swap) {
    let module = swap.module.clone();
    let PageState { modules, log, .. } = state;
    let prev = modules.get(&module).map(|record| record.info(&module));
    if let Some(record) = modules.get_mut(&module) {
        record.commit();
    }
    log.step(&mut swap, SwapStep::Commit);
    let next = modules.get(&module).map(|record| record.info(&module));
    if let (Some(prev), Some(next)) = (prev, next) {
        log.notify(PageEvent::Update { next, prev });
    }
    log.step(&mut swap, SwapStep::Probation);
    check_health(modules, log, &module);
    log.swap_ended(swap);
}
