//! One swap from its bytes to its end: which kind it is, the steps, and the report.
//!
//! Nothing of the page is borrowed while an observer is notified of a step, so it may use the page. What it does to the
//! module waits for the end of the swap.

use std::cell::RefCell;
use std::time::Instant;

use hmr_abi::state::{Snapshot, TransformOp};
use hmr_guest::ModuleError;

use super::Failure;
use super::candidate::{instantiate, migrate, restore};
use super::capture::{Captured, capture_for_update, restore_memory, without_state};
use super::replace::{commit, note_version, render_update};
use super::settle::{deliver_waiting, settle, settle_swap};
use crate::guest::Guest;
use crate::guest::code::Code;
use crate::module::Modules;
use crate::module::record::ModuleRecord;
use crate::mounts::Mounts;
use crate::page::PageState;
use crate::page::health::check_health;
use crate::page::notify::notify_listeners;
use crate::page::snapshots::last_good_snapshot;
use crate::report::log::LogLevel;
use crate::report::swap::Swap;
use hmr_protocol::{SwapOutcome, SwapStep};

/// The input of a swap.
pub(crate) struct Update<'a> {
    pub(crate) module: &'a str,
    pub(crate) bytes: &'a [u8],
    /// The transform to apply to the state, once.
    pub(crate) transform: Vec<TransformOp>,
    /// Whether code that runs these bytes already is replaced as well.
    pub(crate) again: bool,
    /// Whether the state of the code that runs is dropped.
    pub(crate) clean: bool,
}

impl<'a> Update<'a> {
    /// An update to these bytes that keeps the state.
    pub(crate) fn to(module: &'a str, bytes: &'a [u8]) -> Self {
        Self { module, bytes, transform: Vec::new(), again: false, clean: false }
    }
}

/// What the page has of a module whose code is to be replaced.
enum MountState {
    /// Code that runs, or ran until it trapped, with instances.
    Mounted,
    /// Only instances that could not be mounted.
    Failed,
    /// Nothing.
    NotMounted,
}

/// Goes through the steps of one swap, reporting each.
struct Transaction<'a> {
    state: &'a RefCell<PageState>,
    swap: Swap,
    observe: &'a mut dyn FnMut(SwapStep),
    began: Instant,
}

impl Transaction<'_> {
    fn enter(&mut self, step: SwapStep) {
        self.leave();
        self.state.borrow_mut().log.step(&mut self.swap, step);
        (self.observe)(step);
        notify_listeners(self.state);
        self.began = Instant::now();
    }

    /// Notes how long the step took that was entered last.
    fn leave(&mut self) {
        if let Some(last) = self.swap.events.last() {
            self.swap.duration.insert(*last, self.began.elapsed().as_secs_f64() * 1000.0);
        }
    }

    fn take_steps(
        &mut self,
        code: Result<Code, ModuleError>,
        update: &Update<'_>,
    ) -> Result<(), Failure> {
        let module = update.module;
        self.enter(SwapStep::Prepare);
        let code = code.map_err(|error| (SwapStep::Prepare, error.to_string()))?;
        if let Some(record) = self.state.borrow_mut().modules.get_mut(module) {
            record.start_swap();
        }
        self.enter(SwapStep::Quiesce);
        let mut captured = if update.clean {
            without_state(&self.state.borrow().mounts, module)
        } else {
            self.enter(SwapStep::Capture);
            let PageState { modules, mounts, log, .. } = &mut *self.state.borrow_mut();
            capture_for_update(modules, mounts, log, module)
        };
        let replaced = self.replace(code, update, &mut captured);
        if replaced.is_err() {
            restore_memory(&mut self.state.borrow_mut().modules, module, captured);
        }
        replaced
    }

    /// From instantiate to commit.
    fn replace(
        &mut self,
        code: Code,
        update: &Update<'_>,
        captured: &mut Captured,
    ) -> Result<(), Failure> {
        let module = update.module;
        self.enter(SwapStep::Instantiate);
        let mut guest = instantiate(&self.state.borrow(), module, &code)?;
        let given = self.migrate(&mut guest, update, &captured.snapshot)?;
        self.enter(SwapStep::Restore);
        let candidate = {
            let PageState { dom, modules, .. } = &mut *self.state.borrow_mut();
            let report = &mut self.swap.report;
            restore(dom, modules, guest, &captured.snapshot, &given, report)?
        };
        self.enter(SwapStep::Render);
        let held = std::mem::take(&mut captured.held);
        let (before, replaced) = {
            let state = &mut *self.state.borrow_mut();
            // It was captured before the hooks ran, so that an undo discards their effects.
            let before = last_good_snapshot(&state.modules, &state.mounts, module);
            (before, render_update(state, module, code, candidate, held, &mut self.swap))
        };
        self.enter(SwapStep::Commit);
        let state = &mut *self.state.borrow_mut();
        commit(state, module, replaced, Some(before));
        if let Some(record) = state.modules.get_mut(module).filter(|_| update.clean) {
            // State that was dropped on purpose must not come back when code that trapped is restarted.
            record.set_last_good(given);
        }
        Ok(())
    }

    /// The state for the new code, migrated by it unless the state is dropped.
    fn migrate(
        &mut self,
        guest: &mut Guest,
        update: &Update<'_>,
        captured: &Snapshot,
    ) -> Result<Snapshot, Failure> {
        if update.clean {
            return Ok(captured.clone());
        }
        self.enter(SwapStep::Migrate);
        migrate(guest, Snapshot { transform: update.transform.clone(), ..captured.clone() })
    }

    /// Ends the swap: delivers what waited, checks the health of new code, and lets the page settle.
    fn end(mut self, ended: Result<(), Failure>) -> Swap {
        let module = self.swap.module.clone();
        let committed = ended.is_ok();
        if let Err((step, error)) = ended {
            self.swap.outcome = SwapOutcome::RolledBack;
            self.swap.step = Some(step);
            self.swap.error = Some(error.clone());
            self.enter(SwapStep::Rollback);
            let text = format!("the swap was rolled back in the step `{step}`: {error}");
            self.state.borrow_mut().log.write(LogLevel::Warn, &module, text);
        }
        if committed {
            self.enter(SwapStep::Probation);
        }
        let mut state = self.state.borrow_mut();
        // Earlier invalidations, already handled, do not concern the new code.
        state.invalidations.clear_handled();
        release(&mut state, &module);
        if committed {
            check_committed(&mut state, &module, &self.swap.hash);
        }
        drop(state);
        self.leave();
        let swap = settle_swap(&mut self.state.borrow_mut(), self.swap);
        notify_listeners(self.state);
        swap
    }
}

/// Lets a module be called again after its swap, and delivers what waited.
fn release(state: &mut PageState, module: &str) {
    if let Some(record) = state.modules.get_mut(module) {
        record.end_swap();
    }
    deliver_waiting(state, module);
}

/// Checks the health of code that a swap has committed, unless it is gone already.
fn check_committed(state: &mut PageState, module: &str, hash: &str) {
    let is_there = |record: &ModuleRecord| !record.has_failed() && *record.code().hash == *hash;
    if state.modules.get(module).is_some_and(is_there) {
        check_health(&mut state.modules, &mut state.log, module);
    }
}

/// Runs a swap. `observe` is notified of each step as it is entered.
pub(crate) fn run(
    state: &RefCell<PageState>,
    update: &Update<'_>,
    observe: &mut dyn FnMut(SwapStep),
) -> Swap {
    let swap = Swap::new(update.module, hmr_build::hash_of(update.bytes));
    state.borrow_mut().begin();
    let code = Code::compile(update.bytes);
    let (decided, mount_state) = {
        let PageState { modules, mounts, .. } = &*state.borrow();
        let decided = outcome_without_steps(modules, mounts, update, code.as_ref());
        (decided, mount_state(mounts, update.module))
    };
    if let Some((outcome, error)) = decided {
        return end_without_steps(state, swap.ended(outcome, error), update.module, code);
    }
    let mut transaction = Transaction { state, swap, observe, began: Instant::now() };
    match (mount_state, code) {
        (MountState::Failed, Ok(code)) => load(transaction, code),
        (MountState::Failed, Err(error)) => {
            transaction.enter(SwapStep::Prepare);
            transaction.end(Err((SwapStep::Prepare, error.to_string())))
        }
        (_, code) => {
            let ended = transaction.take_steps(code, update);
            transaction.end(ended)
        }
    }
}

/// Ends a swap that has no steps.
fn end_without_steps(
    state: &RefCell<PageState>,
    mut swap: Swap,
    module: &str,
    code: Result<Code, ModuleError>,
) -> Swap {
    if swap.outcome == SwapOutcome::RolledBack && code.is_err() {
        swap.step = Some(SwapStep::Prepare);
    }
    let mut page = state.borrow_mut();
    if let (SwapOutcome::NotMounted, Ok(code)) = (swap.outcome, code) {
        note_version(&mut page, module, code);
    }
    page.log.swap_ended(swap.clone());
    settle(&mut page);
    drop(page);
    notify_listeners(state);
    swap
}

/// Tries a version where the one before could not be mounted. The result is reported where it is mounted.
fn load(transaction: Transaction<'_>, code: Code) -> Swap {
    let Transaction { state, mut swap, observe, .. } = transaction;
    let module = swap.module.clone();
    let mut page = state.borrow_mut();
    let before = page.log.swaps().len();
    note_version(&mut page, &module, code);
    settle(&mut page);
    let loaded = page.log.swaps()[before..].iter().find(|other| other.module == module).cloned();
    drop(page);
    swap = loaded.unwrap_or_else(|| swap.ended(SwapOutcome::NotMounted, None));
    swap.events.iter().for_each(|step| observe(*step));
    notify_listeners(state);
    swap
}

fn mount_state(mounts: &Mounts, module: &str) -> MountState {
    let mut placed = mounts.of_module(module).peekable();
    if placed.peek().is_none() {
        MountState::NotMounted
    } else if placed.all(|mount| mount.failed) {
        MountState::Failed
    } else {
        MountState::Mounted
    }
}

/// The outcome of a swap that enters no step.
fn outcome_without_steps(
    modules: &Modules,
    mounts: &Mounts,
    update: &Update<'_>,
    code: Result<&Code, &ModuleError>,
) -> Option<(SwapOutcome, Option<String>)> {
    let module = update.module;
    if modules.is_swapping(module) {
        let error = format!("another swap of `{module}` is under way");
        return Some((SwapOutcome::RolledBack, Some(error)));
    }
    let record = modules.get(module);
    let is_current = record.is_some_and(|record| {
        record.has_guest() && !record.has_trapped() && *record.code().bytes == *update.bytes
    });
    if is_current && !update.again {
        return Some((SwapOutcome::Unchanged, None));
    }
    if matches!(mount_state(mounts, module), MountState::NotMounted) {
        return Some(match code {
            Ok(_) => (SwapOutcome::NotMounted, None),
            Err(error) => (SwapOutcome::RolledBack, Some(error.to_string())),
        });
    }
    let reason = declines(record?, mounts, module, code.ok()?)?;
    Some((SwapOutcome::Declined, Some(reason)))
}

/// Why a mounted component accepts no hot update, in the code that runs or in the new one.
fn declines(record: &ModuleRecord, mounts: &Mounts, module: &str, new: &Code) -> Option<String> {
    let mounted = mounts.mounted_of(module);
    mounted.iter().filter_map(|instance| mounts.get(*instance)).find_map(|mount| {
        let component = &mount.placement.component;
        let of = |code: &Code| code.manifest.declines.get(component).cloned();
        let reason = of(record.code()).or_else(|| of(new))?;
        Some(format!("`{component}` accepts no hot update: {reason}"))
    })
}
