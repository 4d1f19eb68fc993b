//! One build: compile, prepare, store. Runs on a thread that may block.

use std::{
    sync::{Arc, PoisonError},
    time::Instant,
};

use hmr_build::{
    App, Artifact, BuildEvent, BuildOutcome, BuildRequest, CancelToken, Diagnostic, Failure, Level,
    Toolchain,
};

use crate::{
    coordinator::{Compiled, Outcome},
    events::Phases,
    server::Shared,
};

/// What a build needs.
pub(super) struct Work {
    pub(super) app: Arc<App>,
    pub(super) toolchain: Arc<Toolchain>,
    pub(super) shared: Arc<Shared>,
    pub(super) modules: Vec<String>,
    pub(super) loop_guard: bool,
    pub(super) cancel: CancelToken,
}

impl Work {
    /// Builds, and puts what came of it into the store.
    pub(super) fn run(&self, progress: impl Fn(String)) -> Outcome {
        let started = Instant::now();
        let request =
            BuildRequest { app: &self.app, toolchain: &self.toolchain, modules: &self.modules };
        let outcome = hmr_build::build(
            &request,
            &self.cancel,
            &mut |BuildEvent::Compiling { package, done }| {
                progress(format!("compiling {package} ({done})"));
            },
        );
        let compile = started.elapsed().as_secs_f64() * 1e3;
        match outcome {
            BuildOutcome::Built(artifacts) => self.prepare(artifacts, compile),
            BuildOutcome::Failed(failure) => Outcome::Failed(failure),
            BuildOutcome::Cancelled => Outcome::Cancelled,
        }
    }

    fn prepare(&self, artifacts: Vec<Artifact>, compile: f64) -> Outcome {
        let started = Instant::now();
        let prepare = if self.loop_guard { hmr_build::prepare_guarded } else { hmr_build::prepare };
        let mut modules = Vec::new();
        let mut warnings: Vec<Diagnostic> = Vec::new();
        for artifact in artifacts {
            let prepared = std::fs::read(&artifact.wasm)
                .map_err(|error| format!("cannot read `{}`: {error}", artifact.wasm))
                .and_then(|bytes| {
                    prepare(&artifact.module, &bytes).map_err(|error| error.to_string())
                });
            let prepared = match prepared {
                Ok(prepared) => prepared,
                Err(message) => {
                    let title = format!("`{}` cannot be used", artifact.module);
                    return Outcome::Failed(failure(&title, &message));
                }
            };
            let bytes = prepared.bytes.len();
            let version = self
                .shared
                .store
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .add(&artifact.module, prepared);
            modules.push(Compiled { version, bytes, files: artifact.files });
            // Modules that share a crate share its warnings.
            warnings.extend(artifact.warnings);
        }
        warnings.dedup();
        let prepare = started.elapsed().as_secs_f64() * 1e3;
        Outcome::Succeeded {
            modules,
            warnings,
            phases: Phases { compile, prepare, ..Phases::default() },
        }
    }
}

/// A failure that no compiler has described.
pub(super) fn failure(title: &str, message: &str) -> Failure {
    let first = message.lines().next().unwrap_or_default().to_owned();
    let diagnostic = Diagnostic {
        level: Level::Error,
        message: first,
        code: None,
        file: None,
        line: None,
        column: None,
        rendered: message.to_owned(),
    };
    Failure { title: title.to_owned(), diagnostics: vec![diagnostic] }
}
