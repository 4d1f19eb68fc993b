//! The hooks of a project, as part of its builds: before the compiler, beside it, and after all else.
//!
//! What hooks write must not start builds without end, and what the developer saves while they run must not be lost. So it is noted when hooks
//! run. The first time that a file is written then, it may be either, and the build is followed by another one. If that happens again, and never while
//! no hooks run, the file is one of theirs: it starts no hooks, nor a build if they ran before the compiler.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use hmr_build::{App, CancelToken, Failure, HookOutcome};
use hmr_trunk::Stage;

use super::Session;
use crate::{
    coordinator::{Input, Outcome},
    events::Event,
    staging::Staging,
    watch::{Change, ChangeBatch, ChangeKind, HookWrite},
};

/// How much earlier than the clock the times of files may be.
const FILE_TIME: Duration = Duration::from_millis(20);

/// How many times are kept: those of the last builds.
const KEPT: usize = 24;

/// When hooks have run.
#[derive(Debug, Clone, Default)]
pub(super) struct HookTimes(Arc<Mutex<Vec<HookTime>>>);

#[derive(Debug, Clone, Copy)]
struct HookTime {
    stage: Stage,
    start: SystemTime,
    /// None while they run.
    end: Option<SystemTime>,
}

impl HookTimes {
    fn start(&self, stage: Stage) {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let more = (times.len() + 1).saturating_sub(KEPT);
        times.drain(..more);
        times.push(HookTime { stage, start: SystemTime::now(), end: None });
    }

    fn end(&self, stage: Stage) {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = times.iter_mut().rev().find(|time| time.stage == stage);
        if let Some(time) = last {
            time.end = Some(SystemTime::now());
        }
    }

    /// The hooks that ran when a file with this time was written: those that ran before the compiler come first.
    fn at(&self, modified: SystemTime) -> Option<HookTime> {
        let times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let running = times.iter().filter(|time| {
            modified + FILE_TIME >= time.start && time.end.is_none_or(|end| modified <= end)
        });
        running.max_by_key(|time| (time.stage == Stage::PreBuild, time.start)).copied()
    }
}

/// How often a file has changed while hooks ran.
#[derive(Debug, Clone, Copy, Default)]
struct Writes {
    /// How many times hooks ran then.
    times: usize,
    /// When those had started that ran the last time.
    last: Option<SystemTime>,
    /// Whether it has also changed while none ran.
    by_others: bool,
}

/// What is known of hooks while the tool runs.
#[derive(Debug, Default)]
pub(super) struct HookState {
    /// When they have run.
    pub(super) times: HookTimes,
    /// The files that have changed.
    writes: BTreeMap<Utf8PathBuf, Writes>,
    /// Whether those before the compiler have run.
    ran: bool,
    /// What those of the last build have written.
    pub(super) staged: Option<Arc<Staging>>,
    /// The number of the last build that was started.
    pub(super) generation: u64,
    /// Whether the page could not be built the last time: hooks may write what was missing.
    pub(super) site_failed: bool,
}

impl HookState {
    /// Decides whether hooks have written a file that has changed.
    fn decide(&mut self, path: &Utf8Path, modified: Option<SystemTime>) -> Option<HookWrite> {
        let time = modified.and_then(|modified| self.times.at(modified));
        let writes = self.writes.entry(path.to_owned()).or_default();
        let Some(time) = time else {
            writes.by_others = true;
            return None;
        };
        if writes.last.replace(time.start) != Some(time.start) {
            writes.times += 1;
        }
        Some(match time.stage {
            _ if writes.times < 2 || writes.by_others => HookWrite::Perhaps,
            Stage::PreBuild => HookWrite::Compiled,
            Stage::Build | Stage::PostBuild => HookWrite::Later,
        })
    }
}

/// What the hooks of one build have written.
pub(super) struct Staged {
    folder: Arc<Staging>,
    /// The files that are not the same as before.
    changed: Vec<Utf8PathBuf>,
}

/// The hooks of one build.
pub(super) struct Hooks {
    app: Arc<App>,
    times: HookTimes,
    cancel: CancelToken,
    /// None if the project has no hooks.
    staging: Option<Arc<Staging>>,
}

impl Hooks {
    /// Prepares the hooks of an application.
    ///
    /// # Errors
    /// The folder for what they write cannot be made.
    pub(super) fn prepare(
        app: &Arc<App>,
        times: HookTimes,
        cancel: CancelToken,
    ) -> Result<Self, Failure> {
        let folder = app.target_dir().join("stage");
        let has_hooks = app.site.as_ref().is_some_and(|site| !site.trunk.hooks.is_empty());
        let staging = has_hooks.then(|| Staging::new(&folder)).transpose().map_err(|error| {
            let text = format!("`{folder}` cannot be written: {error}\nhint: make it writable");
            Failure::plain("hooks cannot run", &text)
        })?;
        Ok(Self { app: Arc::clone(app), times, cancel, staging: staging.map(Arc::new) })
    }

    /// What they have written, compared with what those of the build before have.
    pub(super) fn staged(&self, before: Option<&Staging>) -> Option<Staged> {
        let folder = self.staging.clone()?;
        Some(Staged { changed: folder.changed_since(before), folder })
    }

    pub(super) fn has(&self, stage: Stage) -> bool {
        let hooks = self.app.site.iter().flat_map(|site| &site.trunk.hooks);
        hooks.into_iter().any(|hook| hook.stage == stage)
    }

    /// Runs the hooks of a stage; the outcome of the build, if it ends here.
    pub(super) fn run(&self, stage: Stage, report: &(dyn Fn(Event) + Sync)) -> Result<(), Outcome> {
        self.run_until(stage, &self.cancel, report)
    }

    /// Runs `work` with the hooks of the stage `build` beside it. The hooks are ended if it returns nothing.
    pub(super) fn beside<T>(
        &self,
        report: &(dyn Fn(Event) + Sync),
        work: impl FnOnce() -> Result<T, Outcome>,
    ) -> Result<T, Outcome> {
        let cancel = self.cancel.child();
        std::thread::scope(|scope| {
            let hooks = scope.spawn(|| self.run_until(Stage::Build, &cancel, report));
            let result = work();
            if result.is_err() {
                cancel.cancel();
            }
            let hooks = hooks.join().unwrap_or(Err(Outcome::Cancelled));
            result.and_then(|value| hooks.map(|()| value))
        })
    }

    fn run_until(
        &self,
        stage: Stage,
        cancel: &CancelToken,
        report: &(dyn Fn(Event) + Sync),
    ) -> Result<(), Outcome> {
        let (Some(staging), Some(site)) = (&self.staging, &self.app.site) else { return Ok(()) };
        if !self.has(stage) {
            return Ok(());
        }
        let message = format!("hooks of the stage `{}`", stage.name());
        report(Event::Progress { message });
        self.times.start(stage);
        let outcome = hmr_build::run_hooks(&site.trunk, stage, staging.path(), cancel);
        self.times.end(stage);
        match outcome {
            HookOutcome::Passed => Ok(()),
            HookOutcome::Failed(failure) => Err(Outcome::Failed(failure)),
            HookOutcome::Cancelled => Err(Outcome::Cancelled),
        }
    }
}

impl Session {
    /// Marks the files that hooks have written, or may have.
    pub(super) fn with_hook_writes(&mut self, mut batch: ChangeBatch) -> ChangeBatch {
        if self.app.site.as_ref().is_none_or(|site| site.trunk.hooks.is_empty()) {
            return batch;
        }
        for change in &batch.changes {
            let modified = std::fs::metadata(&change.path).and_then(|file| file.modified()).ok();
            if let Some(write) = self.hooks.decide(&change.path, modified) {
                batch.by_hooks.insert(change.path.clone(), write);
            }
        }
        batch
    }

    /// Whether the page may name files that hooks are still to write.
    pub(super) fn waits_for_hooks(&self) -> bool {
        let hooks = self.app.site.iter().flat_map(|site| &site.trunk.hooks);
        !self.hooks.ran && hooks.into_iter().any(|hook| hook.stage == Stage::PreBuild)
    }

    /// Handles the end of the hooks that run before the compiler: builds the page again if files that it names were missing.
    pub(super) fn hooks_ran(&mut self) {
        self.hooks.ran = true;
        if let Some(site) = self.site.clone().filter(|_| self.hooks.site_failed) {
            let page = site.site().file.clone();
            self.rebuild_site(site, written(vec![page]));
        }
    }

    /// Handles the end of a build: what its hooks have written is served if it has succeeded, and announced.
    pub(super) fn built(&mut self, generation: u64, outcome: Outcome, staged: Option<Staged>) {
        let newest = generation == self.hooks.generation;
        let mut changed = Vec::new();
        if newest && matches!(outcome, Outcome::Succeeded { .. }) {
            let (folder, files) = staged.map(|staged| (staged.folder, staged.changed)).unzip();
            if folder.is_some() || self.hooks.staged.is_some() {
                self.hooks.staged = folder;
                self.set_site(self.site.as_deref().cloned());
            }
            changed = files.unwrap_or_default();
        }
        self.step(Input::Built { generation, outcome });
        if !changed.is_empty() {
            self.step(Input::Changed(written(changed)));
        }
        self.watch();
    }
}

/// The batch for files that hooks have written, or that may be right now that they have.
fn written(paths: Vec<Utf8PathBuf>) -> ChangeBatch {
    let by_hooks = paths.iter().map(|path| (path.clone(), HookWrite::Compiled)).collect();
    let modified = |path| Change { path, kind: ChangeKind::Modified };
    let changes = paths.into_iter().map(modified).collect();
    ChangeBatch { changes, by_hooks, ..ChangeBatch::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_of_hooks_that_write_them_each_time() {
        let mut state = HookState::default();
        let (ours, theirs) = (Utf8Path::new("/app/input"), Utf8Path::new("/app/output"));
        let times = state.times.clone();
        let mut decide = |path: &Utf8Path| state.decide(path, Some(SystemTime::now()));
        assert_eq!(decide(ours), None);
        times.start(Stage::PreBuild);
        assert_eq!(decide(theirs), Some(HookWrite::Perhaps));
        assert_eq!(decide(theirs), Some(HookWrite::Perhaps), "the same run");
        assert_eq!(decide(ours), Some(HookWrite::Perhaps));
        times.end(Stage::PreBuild);
        std::thread::sleep(FILE_TIME);
        times.start(Stage::PreBuild);
        assert_eq!(decide(theirs), Some(HookWrite::Compiled));
        assert_eq!(decide(ours), Some(HookWrite::Perhaps));
        times.end(Stage::PreBuild);
        times.start(Stage::PostBuild);
        std::thread::sleep(2 * FILE_TIME);
        assert_eq!(decide(theirs), Some(HookWrite::Later));
        times.end(Stage::PostBuild);
        let later = SystemTime::now() + Duration::from_secs(1);
        assert_eq!(state.decide(theirs, Some(later)), None);
        for _ in 0..100 {
            times.start(Stage::PostBuild);
        }
        assert_eq!(times.0.lock().expect("it is free").len(), KEPT);
    }
}
