//! One swap from its bytes to its end: which kind it is, the steps, and the accounting.

use std::cell::RefCell;
use std::time::Instant;

use hmr_abi::state::TransformOp;

use super::candidate::migrate;
use super::capture::Captured;
use super::{Failure, Outcome, Swap, SwapStep};
use crate::engine::{Health, State};
use crate::listen::{self, PageEvent};
use crate::module::{Code, ModuleError};
use crate::record::LogLevel;

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
    /// To these bytes, the state kept.
    pub(crate) fn to(module: &'a str, bytes: &'a [u8]) -> Self {
        Self { module, bytes, transform: Vec::new(), again: false, clean: false }
    }
}

/// The state of the module in the page that new bytes replace.
enum Meets {
    /// Code that runs, or ran until it trapped, with instances.
    Instances,
    /// Places in which nothing could be mounted.
    Failures,
    /// Nothing.
    Nothing,
}

/// Walks through the steps of one swap, reporting each.
pub(super) struct Walk<'a> {
    state: &'a RefCell<State>,
    swap: Swap,
    observe: &'a mut dyn FnMut(SwapStep),
    began: Instant,
}

impl Walk<'_> {
    fn enter(&mut self, step: SwapStep) {
        self.leave();
        self.swap.events.push(step);
        let event = PageEvent::Step {
            module: self.swap.module.clone(),
            hash: self.swap.hash.clone(),
            step,
        };
        self.state.borrow_mut().told.push_back(event);
        (self.observe)(step);
        listen::tell(self.state);
        self.began = Instant::now();
    }

    /// Notes how long the step took that was entered last.
    fn leave(&mut self) {
        if let Some(last) = self.swap.events.last() {
            self.swap.duration.insert(*last, self.began.elapsed().as_secs_f64() * 1000.0);
        }
    }

    fn steps(
        &mut self,
        code: Result<Code, ModuleError>,
        update: &Update<'_>,
    ) -> Result<(), Failure> {
        let name = update.module;
        self.enter(SwapStep::Prepare);
        let code = code.map_err(|error| (SwapStep::Prepare, error.to_string()))?;
        if let Some(module) = self.state.borrow_mut().modules.get_mut(name) {
            module.quiesced = true;
        }
        self.enter(SwapStep::Quiesce);
        let mut captured = if update.clean {
            self.state.borrow().without_state(name)
        } else {
            self.enter(SwapStep::Capture);
            self.state.borrow_mut().capture_for_update(name)
        };
        let taken = self.take_over(code, update, &mut captured);
        if taken.is_err() {
            self.state.borrow_mut().put_back_captured(name, captured);
        }
        taken
    }

    /// From instantiate to commit.
    fn take_over(
        &mut self,
        code: Code,
        update: &Update<'_>,
        captured: &mut Captured,
    ) -> Result<(), Failure> {
        let name = update.module;
        self.enter(SwapStep::Instantiate);
        let mut guest = self
            .state
            .borrow_mut()
            .instantiate(name, &code)
            .map_err(|error| (SwapStep::Instantiate, error))?;
        let mut given = captured.snapshot.clone();
        if !update.clean {
            self.enter(SwapStep::Migrate);
            given.transform.clone_from(&update.transform);
            given = migrate(&mut guest, given).map_err(|error| (SwapStep::Migrate, error))?;
        }
        self.enter(SwapStep::Restore);
        let candidate = self
            .state
            .borrow_mut()
            .restore(guest, &captured.snapshot, &given, &mut self.swap.report)
            .map_err(|error| (SwapStep::Restore, error))?;
        self.enter(SwapStep::Render);
        let held = std::mem::take(&mut captured.held);
        let mut state = self.state.borrow_mut();
        // That is the one that was captured before the hooks ran: an undoing leaves nothing of them.
        let before = state.last_good_snapshot(name);
        let old = state.render_update(name, code, candidate, held, &mut self.swap);
        drop(state);
        self.enter(SwapStep::Commit);
        let mut state = self.state.borrow_mut();
        state.commit(name, old, Some(before));
        if let Some(module) = state.modules.get_mut(name).filter(|_| update.clean) {
            // State that was dropped on purpose must not come back when code that trapped is restarted.
            module.last_good = Some(given);
        }
        drop(state);
        Ok(())
    }

    /// Ends the swap: delivers what waited, puts new code on probation, and lets the page settle.
    fn end(mut self, ended: Result<(), Failure>) -> Swap {
        let name = self.swap.module.clone();
        let committed = ended.is_ok();
        if let Err((step, error)) = ended {
            self.swap.outcome = Outcome::RolledBack;
            self.swap.step = Some(step);
            self.swap.error = Some(error.clone());
            self.enter(SwapStep::Rollback);
            let text = format!("the swap was rolled back in the step `{step}`: {error}");
            self.state.borrow_mut().write_log(LogLevel::Warn, &name, text);
        }
        if committed {
            self.enter(SwapStep::Probation);
        }
        let mut state = self.state.borrow_mut();
        // Earlier invalidations, already handled, do not concern the new code.
        state.invalidated.clear();
        state.release(&name);
        if committed {
            state.check_probation(&name, &self.swap.hash);
        }
        drop(state);
        self.leave();
        let swap = self.state.borrow_mut().ended_with_invalidations(self.swap);
        listen::tell(self.state);
        swap
    }
}

/// Runs a swap. `observe` is notified of each step as it is entered.
pub(crate) fn run(
    state: &RefCell<State>,
    update: &Update<'_>,
    observe: &mut dyn FnMut(SwapStep),
) -> Swap {
    let swap = Swap::new(update.module, hmr_build::hash_of(update.bytes));
    state.borrow_mut().begin();
    let code = Code::compile(update.bytes);
    let decided = state.borrow_mut().without_steps(update, code.as_ref());
    if let Some((outcome, error)) = decided {
        return conclude(state, swap.ended(outcome, error), update.module, code);
    }
    let meets = state.borrow().meets(update.module);
    let mut walk = Walk { state, swap, observe, began: Instant::now() };
    match (meets, code) {
        (Meets::Failures, Ok(code)) => load(walk, code),
        (Meets::Failures, Err(error)) => {
            walk.enter(SwapStep::Prepare);
            walk.end(Err((SwapStep::Prepare, error.to_string())))
        }
        (_, code) => {
            let ended = walk.steps(code, update);
            walk.end(ended)
        }
    }
}

/// Ends a swap that has no steps.
fn conclude(
    state: &RefCell<State>,
    mut swap: Swap,
    name: &str,
    code: Result<Code, ModuleError>,
) -> Swap {
    if swap.outcome == Outcome::RolledBack && code.is_err() {
        swap.step = Some(SwapStep::Prepare);
    }
    let mut page = state.borrow_mut();
    if let (Outcome::NotMounted, Ok(code)) = (swap.outcome, code) {
        page.note_version(name, code);
    }
    page.swaps.push(swap.clone());
    page.told.push_back(PageEvent::Swap(swap.clone()));
    page.settle();
    drop(page);
    listen::tell(state);
    swap
}

/// Tries a version where the one before could not be mounted. The result is reported where it is mounted.
fn load(walk: Walk<'_>, code: Code) -> Swap {
    let Walk { state, mut swap, observe, .. } = walk;
    let name = swap.module.clone();
    let mut page = state.borrow_mut();
    let before = page.swaps.len();
    page.note_version(&name, code);
    page.settle();
    let loaded = page.swaps[before..].iter().find(|other| other.module == name).cloned();
    drop(page);
    swap = loaded.unwrap_or_else(|| swap.ended(Outcome::NotMounted, None));
    swap.events.iter().for_each(|step| observe(*step));
    listen::tell(state);
    swap
}

impl State {
    fn meets(&self, name: &str) -> Meets {
        let mut placed =
            self.mounts.values().filter(|mount| mount.wanted.module == name).peekable();
        if placed.peek().is_none() {
            Meets::Nothing
        } else if placed.all(|mount| mount.failed) {
            Meets::Failures
        } else {
            Meets::Instances
        }
    }

    /// The outcome of a swap that enters no step.
    fn without_steps(
        &self,
        update: &Update<'_>,
        code: Result<&Code, &ModuleError>,
    ) -> Option<(Outcome, Option<String>)> {
        let name = update.module;
        if self.is_quiesced(name) {
            let error = format!("another swap of `{name}` is under way");
            return Some((Outcome::RolledBack, Some(error)));
        }
        let current = self.modules.get(name).filter(|module| {
            module.guest.is_some()
                && module.health == Health::Well
                && *module.code.bytes == *update.bytes
        });
        if current.is_some() && !update.again {
            return Some((Outcome::Unchanged, None));
        }
        if matches!(self.meets(name), Meets::Nothing) {
            return Some(match code {
                Ok(_) => (Outcome::NotMounted, None),
                Err(error) => (Outcome::RolledBack, Some(error.to_string())),
            });
        }
        let reason = self.declines(name, code.ok()?)?;
        Some((Outcome::Declined, Some(reason)))
    }

    /// Why a mounted component accepts no hot update, in the code that runs or in the new one.
    fn declines(&self, name: &str, new: &Code) -> Option<String> {
        let current = self.modules.get(name)?;
        let mounted = self.mounted_of(name);
        mounted.iter().filter_map(|instance| self.mounts.get(instance)).find_map(|mount| {
            let component = &mount.wanted.component;
            let of = |code: &Code| code.manifest.declines.get(component).cloned();
            let reason = of(&current.code).or_else(|| of(new))?;
            Some(format!("`{component}` accepts no hot update: {reason}"))
        })
    }

    /// Records a swap that has ended, and lets the page settle: invalidations that had to wait for its end are dealt with
    /// then, and reported with it.
    pub(crate) fn ended_with_invalidations(&mut self, swap: Swap) -> Swap {
        let at = self.swaps.len();
        self.swaps.push(swap);
        let told = self.told.len();
        self.settle();
        let invalidated = std::mem::take(&mut self.invalidated);
        let swap = &mut self.swaps[at];
        swap.invalidated = invalidated;
        let swap = swap.clone();
        self.told.insert(told, PageEvent::Swap(swap.clone()));
        swap
    }

    /// Lets a module be called again after its swap, and delivers what waited.
    pub(super) fn release(&mut self, name: &str) {
        if let Some(module) = self.modules.get_mut(name) {
            module.quiesced = false;
        }
        self.deliver_waiting(name);
    }
}
