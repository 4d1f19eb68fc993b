//! The time after commit, in which new code that traps or is not well is undone.

use hmr_abi::constants::PROBATION_CALLS;
use hmr_abi::state::{HealthReport, Snapshot};
use hmr_abi::text::cut_owned;

use super::{Candidate, Outcome, Swap, SwapStep};
use crate::engine::{Health, State};
use crate::guest::Guest;
use crate::listen::PageEvent;
use crate::module::Code;
use crate::record::{LogLevel, RefusedVersion};

/// New code that is being watched, and what it is undone to.
pub(crate) struct Probation {
    /// The code from before.
    before: Code,
    /// The code before that.
    previous: Option<Code>,
    /// The state of the old code, from before its hooks ran.
    snapshot: Snapshot,
    calls_left: u32,
    /// Why it is to be undone.
    pub(crate) failed: Option<String>,
}

impl Probation {
    /// The same, from its beginning.
    pub(super) fn again(self) -> Self {
        Self { calls_left: PROBATION_CALLS, failed: None, ..self }
    }

    pub(super) fn new(before: Code, previous: Option<Code>, snapshot: Snapshot) -> Self {
        Self { before, previous, snapshot, calls_left: PROBATION_CALLS, failed: None }
    }
}

impl State {
    /// Counts a call that a module's code got. After the last that it is watched for it is asked once more.
    pub(crate) fn count_call(&mut self, name: &str) {
        let Some(module) = self.modules.get_mut(name) else { return };
        let Some(probation) = module.probation.as_mut().filter(|it| it.failed.is_none()) else {
            return;
        };
        probation.calls_left = probation.calls_left.saturating_sub(1);
        if probation.calls_left > 0 {
            return;
        }
        self.check_health(name);
        if let Some(module) = self.modules.get_mut(name)
            && module.probation.as_ref().is_some_and(|probation| probation.failed.is_none())
        {
            module.probation = None;
        }
    }

    /// Asks code that a swap committed whether its instances are well, unless it is gone already.
    pub(super) fn check_probation(&mut self, name: &str, hash: &str) {
        let module = self.modules.get(name);
        if module.is_some_and(|module| module.can_go_on() && *module.code.hash == *hash) {
            self.check_health(name);
        }
    }

    /// Asks running code whether its instances are healthy. If not, it is undone once the page settles; code without a
    /// previous version is reported as a problem.
    pub(crate) fn check_health(&mut self, name: &str) {
        let Some((health, effects)) = self.call_held_back(name, Guest::health) else { return };
        self.log_effects(name, effects);
        let error = match health {
            Ok(report) => match describe(&report) {
                Some(error) => cut_owned(error),
                None => return,
            },
            Err(fault) => return self.trap(name, "the question for its health", &fault),
        };
        self.write_log(LogLevel::Error, name, format!("it is not well: {error}"));
        match self.modules.get_mut(name).and_then(|module| module.probation.as_mut()) {
            Some(probation) => probation.failed = Some(error),
            None => self.problem(format!("the module `{name}` is not well: {error}")),
        }
    }

    /// Brings the version from before a swap back, with the state from before it.
    pub(crate) fn undo(&mut self, name: &str) {
        let Some(module) = self.modules.get_mut(name) else { return };
        let Some(probation) = module.probation.take() else { return };
        let Probation { before, previous, snapshot, failed, .. } = probation;
        let error = failed.unwrap_or_default();
        let mut swap = Swap::new(name, &*module.code.hash);
        swap.outcome = Outcome::Undone;
        let refused = RefusedVersion { hash: swap.hash.clone(), error: error.clone() };
        swap.error = Some(error);
        module.refused.retain(|other| other.hash != refused.hash);
        module.refused.push(refused);
        let trapped = module.health == Health::Trapped;
        if trapped {
            // Code that trapped gets no further call, not even the one that disposes of it.
            module.guest = None;
        }
        module.health = Health::Well;
        self.pass(&mut swap, SwapStep::Undo);
        if self.mounted_of(name).is_empty() {
            self.stop_running(name);
            if let Some(module) = self.modules.get_mut(name) {
                (module.code, module.previous) = (before, previous);
            }
        } else if let Err((step, why)) =
            self.put_version_back(name, before, previous, snapshot, &mut swap)
        {
            swap.step = Some(step);
            if let Some(module) = self.modules.get_mut(name) {
                module.guest = None;
                module.health = Health::Stopped;
            }
            self.problem(format!(
                "the version of `{name}` from before the swap could not be put back: {why}"
            ));
        }
        self.write_log(
            LogLevel::Warn,
            name,
            format!("the swap was undone: {}", swap.error.as_deref().unwrap_or_default()),
        );
        self.told.push_back(PageEvent::Swap(swap.clone()));
        self.swaps.push(swap);
        self.deliver_waiting(name);
    }

    fn put_version_back(
        &mut self,
        name: &str,
        before: Code,
        previous: Option<Code>,
        snapshot: Snapshot,
        swap: &mut Swap,
    ) -> Result<(), super::Failure> {
        let snapshot = self.complete(name, snapshot);
        self.pass(swap, SwapStep::Instantiate);
        let guest = self.instantiate(name, &before).map_err(|why| (SwapStep::Instantiate, why))?;
        self.pass(swap, SwapStep::Restore);
        let candidate: Candidate = self
            .restore(guest, &snapshot, &snapshot, &mut swap.report)
            .map_err(|why| (SwapStep::Restore, why))?;
        self.pass(swap, SwapStep::Render);
        let old = self.render_update(name, before, candidate, Vec::new(), swap);
        self.pass(swap, SwapStep::Commit);
        self.commit(name, old, None);
        if let Some(module) = self.modules.get_mut(name) {
            module.previous = previous;
        }
        self.follow_props(&snapshot);
        Ok(())
    }

    /// Enters a step of a swap that is reported afterwards.
    pub(crate) fn pass(&mut self, swap: &mut Swap, step: SwapStep) {
        swap.events.push(step);
        let event = PageEvent::Step { module: swap.module.clone(), hash: swap.hash.clone(), step };
        self.told.push_back(event);
    }
}

fn describe(report: &HealthReport) -> Option<String> {
    let ill = report
        .instances
        .iter()
        .map(|ill| format!("the instance {} of `{}`: {}", ill.instance, ill.component, ill.error));
    let ill: Vec<_> = ill.collect();
    (!ill.is_empty()).then(|| ill.join("; "))
}
