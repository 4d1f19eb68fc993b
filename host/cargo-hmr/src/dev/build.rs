//! One build: compile, prepare, run the gates. Runs on a thread that may block.

use std::{
    collections::BTreeMap,
    sync::{Arc, mpsc},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use hmr_abi::state::TransformOp;
use hmr_build::{
    App, BindError, Bindgen, BuildEvent, BuildOutcome, BuildRequest, CancelToken, CompiledModule,
    Diagnostic, Failure, GateOutcome, Module, ModuleKind, PreparedModule, Site, Toolchain,
    app::ApplicationTarget,
};
use hmr_trunk::Stage;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use super::{
    Message,
    hooks::{HookTimes, Hooks, Staged},
};
use crate::{
    coordinator::{BuiltModule, Outcome},
    events::{Event, Phases},
    graph::TRANSFORM,
    staging::Staging,
    versions::{Code, KeptVersions, ModuleVersion, Start},
};

type Messages = UnboundedSender<Message>;

/// What a build needs.
pub(super) struct BuildJob {
    pub(super) app: Arc<App>,
    pub(super) toolchain: Arc<Toolchain>,
    /// What earlier builds made.
    pub(super) kept: KeptVersions,
    pub(super) modules: Vec<String>,
    pub(super) bindgen: Arc<Bindgen>,
    pub(super) loop_guard: bool,
    pub(super) auto_state: bool,
    pub(super) cancel: CancelToken,
    /// Whether updates wait for the gates of their modules.
    pub(super) gates: bool,
    pub(super) hook_times: HookTimes,
    /// What the hooks of the last build have written.
    pub(super) staged: Option<Arc<Staging>>,
}

/// A module that may be announced if its gate passes.
struct Candidate {
    compiled: CompiledModule,
    code: Code,
}

impl BuildJob {
    /// Builds, and reports what takes time. Returns what hooks have written, too.
    pub(super) fn run(&self, messages: &Messages) -> (Outcome, Option<Staged>) {
        let cancel = self.cancel.child();
        let hooks = match Hooks::prepare(&self.app, self.hook_times.clone(), cancel) {
            Ok(hooks) => hooks,
            Err(failure) => return (Outcome::Failed(failure), None),
        };
        let outcome = self.run_with(&hooks, messages).unwrap_or_else(|outcome| outcome);
        let staged = hooks.staged(self.staged.as_deref());
        (outcome, staged)
    }

    /// Builds; the outcome, too, if it is no success.
    fn run_with(&self, hooks: &Hooks, messages: &Messages) -> Result<Outcome, Outcome> {
        let report: &(dyn Fn(Event) + Sync) = &|event| _ = messages.send(Message::Report(event));
        hooks.run(Stage::PreBuild, report)?;
        if hooks.has(Stage::PreBuild) {
            _ = messages.send(Message::HooksRan);
        }
        let started = Instant::now();
        let transforms = self.transforms().map_err(Outcome::Failed)?;
        let built_at = self.find_commit();
        let (prepared, phases) = hooks.beside(report, || {
            let compiled = self.compile(report)?;
            let compile = started.elapsed().as_secs_f64() * 1e3;
            let preparing = Instant::now();
            let prepared = self.prepare(compiled.clone(), report).map_err(|error| match error {
                BindError::Failed(failure) => Outcome::Refused { failure, compiled },
                BindError::Cancelled => Outcome::Cancelled,
            })?;
            let prepare = preparing.elapsed().as_secs_f64() * 1e3;
            Ok((prepared, Phases { compile, prepare, ..Phases::default() }))
        })?;
        match self.run_gates(&prepared, report) {
            GateOutcome::Passed => {}
            GateOutcome::Failed(failure) => {
                let compiled = prepared.into_iter().map(|candidate| candidate.compiled).collect();
                return Err(Outcome::Refused { failure, compiled });
            }
            GateOutcome::Cancelled => return Err(Outcome::Cancelled),
        }
        hooks.run(Stage::PostBuild, report)?;
        Ok(succeeded(prepared, transforms, &built_at, phases))
    }

    /// Compiles the modules.
    fn compile(&self, report: &(dyn Fn(Event) + Sync)) -> Result<Vec<CompiledModule>, Outcome> {
        // Before the minutes that a first build may take.
        for module in self.app.modules.iter().filter(|each| self.modules.contains(&each.name)) {
            if let ModuleKind::Application(target) = &module.kind {
                hmr_build::check_wasm_bindgen(&target.wasm_bindgen).map_err(Outcome::Failed)?;
            }
        }
        let request = BuildRequest {
            auto_state: self.auto_state,
            ..BuildRequest::new(&self.app, &self.toolchain, &self.modules)
        };
        let outcome = hmr_build::build(&request, &self.cancel, &mut |event| {
            report(match event {
                BuildEvent::Compiling { package, done } => {
                    Event::Progress { message: format!("compiling {package} ({done})") }
                }
                BuildEvent::Waiting { what } => Event::Waiting { what },
            });
        });
        match outcome {
            BuildOutcome::Built(compiled) => Ok(compiled),
            BuildOutcome::Failed(failure) => Err(Outcome::Failed(failure)),
            BuildOutcome::Cancelled => Err(Outcome::Cancelled),
        }
    }

    fn prepare(
        &self,
        compiled: Vec<CompiledModule>,
        report: &(dyn Fn(Event) + Sync),
    ) -> Result<Vec<Candidate>, BindError> {
        let candidate = |compiled: CompiledModule| {
            let module = self.app.modules.iter().find(|module| module.name == compiled.module);
            let code = match module.map(|module| &module.kind) {
                Some(ModuleKind::Application(target)) => {
                    let mut on = |message| report(Event::Progress { message });
                    let bound = self.bindgen.bind(
                        &compiled,
                        target,
                        self.loop_guard,
                        &self.cancel,
                        &mut on,
                    )?;
                    Code::Application(bound, self.start_of(&compiled.module, target))
                }
                Some(ModuleKind::Native { wasm_bindgen }) => {
                    self.prepare_native(&compiled, wasm_bindgen.as_deref(), report)?
                }
                None => Code::Native(prepare(&compiled, self.loop_guard)?, None),
            };
            Ok(Candidate { compiled, code })
        };
        compiled.into_iter().map(candidate).collect()
    }

    fn prepare_native(
        &self,
        compiled: &CompiledModule,
        wasm_bindgen: Option<&str>,
        report: &(dyn Fn(Event) + Sync),
    ) -> Result<Code, BindError> {
        let prepared = prepare(compiled, self.loop_guard)?;
        let Some(version) = wasm_bindgen.filter(|_| prepared.uses_browser) else {
            return Ok(Code::Native(prepared, None));
        };
        let mut on = |message| report(Event::Progress { message });
        let module = &compiled.module;
        let bound = self.bindgen.bind_native(module, &prepared, version, &self.cancel, &mut on)?;
        Ok(Code::Native(prepared, Some(bound)))
    }

    /// How an application is started: by the page, unless a script in it imports the glue.
    fn start_of(&self, module: &str, target: &ApplicationTarget) -> Start {
        let module = self.app.modules.iter().find(|it| it.name == module);
        let site = self.app.site.as_deref();
        let html = site.map_or("", Site::html);
        let imports = module
            .is_some_and(|it| hmr_build::imports_glue(html, &format!("{}.js", it.crate_name())));
        let initializer = target.initializer.as_ref().and_then(|path| path.file_name());
        let base = site.map_or("", Site::base);
        let slash = if base.is_empty() { "" } else { "/" };
        Start {
            by_page: !imports,
            initializer: initializer.map(|name| format!("{slash}{base}/{name}")),
        }
    }

    /// The one-off transforms of the modules' states, by module.
    fn transforms(&self) -> Result<BTreeMap<String, Vec<Value>>, Failure> {
        let mut transforms = BTreeMap::new();
        for module in self.app.modules.iter().filter(|each| self.modules.contains(&each.name)) {
            transforms.insert(module.name.clone(), transform(&self.app, module)?);
        }
        Ok(transforms)
    }

    /// Finds out which commit is built, while the compiler runs. It is stored in the versions that are sent on the channel.
    fn find_commit(&self) -> mpsc::Sender<Vec<Arc<ModuleVersion>>> {
        let (versions, built) = mpsc::channel::<Vec<Arc<ModuleVersion>>>();
        let folder = self.app.root.clone();
        std::thread::spawn(move || {
            if let Some(commit) = hmr_build::commit(&folder)
                && let Ok(versions) = built.recv()
            {
                for version in versions {
                    // A version that was built before keeps its first commit.
                    _ = version.commit.set(commit.clone());
                }
            }
        });
        versions
    }

    /// Runs the gates of the modules that have changed, up to the first that does not pass.
    fn run_gates(&self, modules: &[Candidate], report: &(dyn Fn(Event) + Sync)) -> GateOutcome {
        if !self.gates {
            return GateOutcome::Passed;
        }
        for Candidate { compiled, code } in modules {
            let module = self.app.modules.iter().find(|module| module.name == compiled.module);
            let Some(module) = module else { continue };
            // A version that is kept has passed its gate.
            let Some(gate) = module.gate.as_deref().filter(|_| !self.is_newest(module, code))
            else {
                continue;
            };
            let name = module.name.clone();
            report(Event::GateStarted { module: name.clone(), command: gate.to_owned() });
            let started = Instant::now();
            let outcome =
                hmr_build::gate(&name, gate, module.folder(), module.gate_limit, &self.cancel);
            let word = match outcome {
                GateOutcome::Passed => "passed",
                GateOutcome::Failed(_) => "failed",
                GateOutcome::Cancelled => "cancelled",
            };
            let duration_ms = started.elapsed().as_secs_f64() * 1e3;
            report(Event::GateFinished { module: name, outcome: word, duration_ms });
            if !matches!(outcome, GateOutcome::Passed) {
                return outcome;
            }
        }
        GateOutcome::Passed
    }

    fn is_newest(&self, module: &Module, code: &Code) -> bool {
        self.kept.newest(&module.name).is_some_and(|newest| newest.hash == code.hash())
    }
}

/// The outcome of a build whose gates have passed.
fn succeeded(
    prepared: Vec<Candidate>,
    mut transforms: BTreeMap<String, Vec<Value>>,
    built_at: &mpsc::Sender<Vec<Arc<ModuleVersion>>>,
    phases: Phases,
) -> Outcome {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    let mut modules = Vec::new();
    let mut warnings: Vec<Diagnostic> = Vec::new();
    for Candidate { compiled, code } in prepared {
        let CompiledModule { module, files, folders, warnings: own, .. } = compiled;
        let version = Arc::new(ModuleVersion::new(&module, code, now));
        let transform = transforms.remove(&module).unwrap_or_default();
        modules.push(BuiltModule { version, files, folders, transform });
        // Modules that share a crate share its warnings.
        warnings.extend(own);
    }
    warnings.dedup();
    // Without a checkout there is no receiver.
    _ = built_at.send(modules.iter().map(|module| Arc::clone(&module.version)).collect());
    Outcome::Succeeded { modules, warnings, phases }
}

fn prepare(compiled: &CompiledModule, guarded: bool) -> Result<PreparedModule, Failure> {
    let prepare = if guarded { hmr_build::prepare_guarded } else { hmr_build::prepare };
    std::fs::read(&compiled.wasm)
        .map_err(|error| format!("cannot read `{}`: {error}", compiled.wasm))
        .and_then(|bytes| prepare(&compiled.module, &bytes).map_err(|error| error.to_string()))
        .map_err(|message| {
            Failure::plain(&format!("`{}` cannot be used", compiled.module), &message)
        })
}

/// The transform that the next update applies once to a module's state, if its package has one.
fn transform(app: &App, module: &Module) -> Result<Vec<Value>, Failure> {
    let path = module.folder().join(TRANSFORM);
    let title = format!("the transform of `{}` cannot be used", module.name);
    let shown = path.strip_prefix(&app.workspace_root).unwrap_or(&path);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(Failure::plain(&title, &format!("cannot read `{shown}`: {error}")));
        }
    };
    let ops: Vec<TransformOp> = serde_json::from_str(&text).map_err(|error| {
        let mut failure = Failure::plain(
            &title,
            &format!(
                "`{shown}` is not a list of operations: {error}\nhint: for instance `[{{\"op\":\"rename\",\"from\":\"draft\",\"to\":\"title\"}}]`"
            ),
        );
        for diagnostic in &mut failure.diagnostics {
            diagnostic.file = Some(shown.to_string());
            diagnostic.line = u32::try_from(error.line()).ok();
            diagnostic.column = u32::try_from(error.column()).ok();
        }
        failure
    })?;
    ops.iter()
        .map(serde_json::to_value)
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::plain(&title, &format!("`{shown}`: {error}")))
}
