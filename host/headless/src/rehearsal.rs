//! The rehearsal of a swap: whether new code can take a page's state over, before the page itself tries.
//!
//! In: a version's bytes, and the snapshot that a page holds. Out: a [`Rehearsal`], which says that the code takes
//! it, or in which step and why it does not. The code is instantiated, its components are registered, it migrates and
//! restores the snapshot, rendering into a tree that is thrown away, and is asked whether it is well. Nothing that it
//! does shows, and it is held to limits on time and memory.
//!
//! Compiling a whole module takes longer than a rehearsal may cost, so only what it calls is compiled. What that is,
//! a [`Stage`] learns once for each module, from a run with marks ([`Stage::learn`]), and keeps by the functions' names.
//! In a new version these are compiled, and those whose names are new. Should that not be enough, the rehearsal traps
//! at a call of a function that is not there; it is added, with what it calls, and the rehearsal starts again. After
//! [`MOST_ROUNDS`] of these, or if it was called through a table, all of the module is compiled.

mod guest;
mod hot;
mod outline;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hmr_abi::exports;
use hmr_abi::ops::Namespace;
use hmr_abi::state::{HealthReport, MigrateAnswer, RestoreReport, Snapshot, TransformOp};
use wasmtime::{Config, Engine, Linker, Module, OptLevel, Strategy};

use self::guest::{Fault, Guest, Host, linker};
use self::hot::HotSet;
use self::outline::{MARKS, MISSING, Outline, Partial};
use crate::dom::Dom;
use crate::module::{ModuleError, check};
use crate::swap::check_report;
use crate::tree::{Asked, Tree};

/// How often functions are added before all are.
const MOST_ROUNDS: u32 = 6;

/// How long an epoch lasts.
const TICK: Duration = Duration::from_millis(10);

/// What a rehearsal may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RehearsalLimits {
    /// How long it may run, compiling apart.
    time: Duration,
    /// How large the module's memory may grow, in bytes.
    memory: usize,
    /// How many bytes the module may hand over.
    handed_over: usize,
}

impl RehearsalLimits {
    fn ticks(&self) -> u64 {
        u64::try_from(self.time.as_millis() / TICK.as_millis()).unwrap_or(u64::MAX / 2) + 1
    }
}

const LIMITS: RehearsalLimits =
    RehearsalLimits { time: Duration::from_secs(1), memory: 256 << 20, handed_over: 64 << 20 };

/// Why new code cannot take over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RehearsalFailure {
    /// The step of the swap that would fail: `prepare`, `instantiate`, `migrate`, `restore` or `probation`.
    pub step: &'static str,
    /// Why, for the developer to read.
    pub error: String,
}

/// What a rehearsal came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a rehearsal that failed is not an error: look at its failure"]
pub struct Rehearsal {
    /// Nothing if the code takes the state over.
    pub failure: Option<RehearsalFailure>,
    /// What the code did with each piece of state, if it came to that.
    pub report: Option<RestoreReport>,
    /// How long it took, compiling included.
    pub duration: Duration,
    /// How long the code itself ran, in the last round.
    pub run: Duration,
    /// How many times it was started again with more functions.
    pub rounds: u32,
}

/// A version of a module that can be rehearsed.
pub struct Version {
    module: String,
    bytes: Arc<[u8]>,
    outline: Outline,
    present: Vec<bool>,
    code: Option<Code>,
}

struct Code {
    module: Module,
    /// The functions that it has, by their numbers among the defined ones of the whole module.
    present: Vec<usize>,
    components: Vec<String>,
}

impl std::fmt::Debug for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Version").field("module", &self.module).finish_non_exhaustive()
    }
}

/// Where versions are rehearsed. It remembers which functions of each module a rehearsal needs.
pub struct Stage {
    engine: Engine,
    linker: Linker<Host>,
    hot: BTreeMap<String, HotSet>,
    limits: RehearsalLimits,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("modules", &self.hot.len()).finish_non_exhaustive()
    }
}

impl Stage {
    /// An empty stage.
    ///
    /// # Errors
    /// [`ModuleError::Machine`]: wasmtime does not run here.
    pub fn new() -> Result<Self, ModuleError> {
        let engine = engine(Strategy::Winch)
            .or_else(|_| engine(Strategy::Cranelift))
            .map_err(|error| ModuleError::Machine(format!("{error:#}")))?;
        let ticking = engine.weak();
        std::thread::Builder::new()
            .name("hmr-rehearsal".to_owned())
            .spawn(move || {
                while let Some(engine) = ticking.upgrade() {
                    engine.increment_epoch();
                    drop(engine);
                    std::thread::sleep(TICK);
                }
            })
            .map_err(|error| {
                ModuleError::Machine(format!("no thread could be started: {error}"))
            })?;
        let linker = linker(&engine).map_err(|error| ModuleError::Machine(error.to_string()))?;
        Ok(Self { engine, linker, hot: BTreeMap::new(), limits: LIMITS })
    }

    /// The same stage with another limit on the time that the code may run in one rehearsal.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limits.time = limit;
        self
    }

    /// Reads a version, and compiles what rehearsals of its module have needed so far.
    ///
    /// # Errors
    /// [`ModuleError`]: the bytes are no module that an engine runs.
    pub fn prepare(&self, module: &str, bytes: &[u8]) -> Result<Version, ModuleError> {
        let outline =
            Outline::read(bytes).map_err(|error| ModuleError::Invalid(error.to_string()))?;
        let present = match self.hot.get(module) {
            Some(hot) => hot.choose(&outline),
            // Nothing is known of the module yet.
            None => vec![true; outline.functions().len()],
        };
        let mut version = Version {
            module: module.to_owned(),
            bytes: bytes.into(),
            outline,
            present,
            code: None,
        };
        if self.hot.contains_key(module) {
            self.compile(&mut version)?;
        }
        Ok(version)
    }

    /// Learns from a version that takes `snapshot` over which functions a rehearsal of its module needs. Takes as
    /// long as compiling all of it; for a time when nobody waits.
    ///
    /// # Errors
    /// [`ModuleError`]: the version does not compile.
    pub fn learn(
        &mut self,
        version: &Version,
        snapshot: &str,
        transform: &[TransformOp],
    ) -> Result<(), ModuleError> {
        let invalid = |error: wasmtime::Error| ModuleError::Invalid(format!("{error:#}"));
        let marking = version
            .outline
            .marking(&version.bytes)
            .map_err(|error| ModuleError::Invalid(error.to_string()))?;
        let module = Module::from_binary(&self.engine, &marking).map_err(invalid)?;
        let (_, components) = check(&version.bytes, &module)?;
        let mut guest = None;
        _ = self.walk(&module, &components, snapshot, transform, &mut guest);
        let marks = guest.map_or_else(Vec::new, |mut guest| guest.memory_named(MARKS));
        let called = version.outline.functions().iter().zip(marks);
        let called = called.filter(|(_, mark)| *mark == 1).map(|(function, _)| function);
        let hot = HotSet::new(version.outline.functions(), called.cloned());
        self.hot.insert(version.module.clone(), hot);
        Ok(())
    }

    /// Whether it is known which functions a rehearsal of the module needs.
    #[must_use]
    pub fn knows(&self, module: &str) -> bool {
        self.hot.contains_key(module)
    }

    /// Rehearses the swap to a version. `snapshot` is JSON as `docs/abi.md` describes it.
    pub fn rehearse(
        &mut self,
        version: &mut Version,
        snapshot: &str,
        transform: &[TransformOp],
    ) -> Rehearsal {
        let started = Instant::now();
        let mut rounds = 0;
        loop {
            if let Err(error) = self.compile(version) {
                let failure = RehearsalFailure { step: "prepare", error: error.to_string() };
                let duration = started.elapsed();
                let run = Duration::ZERO;
                return Rehearsal { failure: Some(failure), report: None, duration, run, rounds };
            }
            let Some(code) = &version.code else { continue };
            let running = Instant::now();
            let mut guest = None;
            let mut told =
                self.walk(&code.module, &code.components, snapshot, transform, &mut guest);
            let run = running.elapsed();
            let missing = guest.and_then(|mut guest| guest.global(MISSING));
            let missing = missing.and_then(|missing| usize::try_from(missing).ok());
            let whole = code.present.len() == version.outline.functions().len();
            let fault = told.failure.as_ref().map(|(_, fault)| fault);
            if fault.is_some_and(|fault| missing.is_some() || (fault.null_call && !whole)) {
                rounds += 1;
                self.add(version, missing.filter(|_| rounds <= MOST_ROUNDS));
                continue;
            }
            let failure = told
                .failure
                .take()
                .map(|(step, fault)| RehearsalFailure { step, error: version.describe(&fault) });
            return Rehearsal {
                failure,
                report: told.report,
                duration: started.elapsed(),
                run,
                rounds,
            };
        }
    }

    /// Adds a function that turned out to be needed, and those that it calls; all if it is not known which.
    fn add(&mut self, version: &mut Version, function: Option<usize>) {
        version.code = None;
        let Some(function) = function else { return version.present.fill(true) };
        let mut added = Vec::new();
        let mut waiting = vec![function];
        while let Some(function) = waiting.pop() {
            if version.present.get(function) == Some(&false) {
                version.present[function] = true;
                added.extend(version.outline.functions().get(function).cloned());
                waiting.extend(version.outline.calls(&version.bytes, function));
            }
        }
        if let Some(hot) = self.hot.get_mut(&version.module) {
            hot.extend(added);
        }
    }

    fn compile(&self, version: &mut Version) -> Result<(), ModuleError> {
        if version.code.is_some() {
            return Ok(());
        }
        let Partial { bytes, present } = version
            .outline
            .partial(&version.bytes, &version.present)
            .map_err(|error| ModuleError::Invalid(error.to_string()))?;
        let module = Module::from_binary(&self.engine, &bytes)
            .map_err(|error| ModuleError::Invalid(format!("{error:#}")))?;
        let (_, components) = check(&version.bytes, &module)?;
        version.code = Some(Code { module, present, components });
        Ok(())
    }

    /// Goes through the steps. The guest is handed out whatever came of it, if it could be started.
    fn walk(
        &self,
        module: &Module,
        components: &[String],
        snapshot: &str,
        transform: &[TransformOp],
        running: &mut Option<Guest>,
    ) -> Told {
        let mut told = Told::default();
        let clock = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0.0, |since| since.as_secs_f64() * 1e3);
        let mut step = "instantiate";
        let walked = Guest::start(module, &self.linker, self.limits, clock).and_then(|guest| {
            let guest = running.insert(guest);
            guest.register(components)?;
            step = "migrate";
            let snapshot = migrated(guest, snapshot, transform)?;
            step = "restore";
            let (snapshot, text) = snapshot;
            restore(guest, &snapshot, &text, &mut told.report)?;
            step = "probation";
            well(guest)
        });
        told.failure = walked.err().map(|fault| (step, fault));
        told
    }
}

/// How far the steps went.
#[derive(Default)]
struct Told {
    failure: Option<(&'static str, Fault)>,
    report: Option<RestoreReport>,
}

impl Version {
    /// What went wrong, with the place or else the name of the function.
    fn describe(&self, fault: &Fault) -> String {
        let function = fault.function.filter(|_| !fault.panicked);
        let present = self.code.as_ref().map_or(&[][..], |code| &code.present);
        let name = function
            .and_then(|index| present.get(index.checked_sub(self.outline.imported)? as usize))
            .and_then(|function| self.outline.functions().get(*function))
            .map(|function| function.name.as_str())
            .filter(|name| !name.is_empty());
        match name {
            Some(name) => format!("{} in `{name}`", fault.message),
            None => fault.message.clone(),
        }
    }
}

fn engine(strategy: Strategy) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.strategy(strategy);
    config.epoch_interruption(true);
    config.wasm_multi_memory(true);
    if let Strategy::Cranelift = strategy {
        config.cranelift_opt_level(OptLevel::None);
    }
    Engine::new(&config)
}

/// The snapshot that the code is to restore, and its text.
fn migrated(
    guest: &mut Guest,
    text: &str,
    transform: &[TransformOp],
) -> Result<(Snapshot, String), Fault> {
    let malformed = |error: serde_json::Error| {
        Fault::plain(format!("the snapshot of the page cannot be read: {error}"))
    };
    let mut snapshot: Snapshot = serde_json::from_str(text).map_err(malformed)?;
    if !guest.has(exports::MIGRATE) {
        return Ok((snapshot, text.to_owned()));
    }
    snapshot.transform = transform.to_vec();
    let argument = serde_json::to_vec(&snapshot).map_err(malformed)?;
    let answer = guest.ask(exports::MIGRATE, &argument)?;
    // The answer that says nothing leaves the state as it is.
    if answer.is_empty() {
        return Ok((snapshot, text.to_owned()));
    }
    match MigrateAnswer::parse(&answer) {
        Ok(MigrateAnswer::Failed { error }) => Err(Fault::plain(error)),
        Ok(MigrateAnswer::Migrated(snapshot)) => {
            let text = String::from_utf8_lossy(&answer).into_owned();
            Ok((snapshot, text))
        }
        Err(error) => Err(Fault::plain(format!(
            "the answer of `{}` is no such JSON: {error}",
            exports::MIGRATE
        ))),
    }
}

/// Lets the code restore the snapshot and render, into a tree that nobody sees.
fn restore(
    guest: &mut Guest,
    snapshot: &Snapshot,
    text: &str,
    report: &mut Option<RestoreReport>,
) -> Result<(), Fault> {
    let answer = guest.ask(exports::RESTORE_STATE, text.as_bytes())?;
    let told: RestoreReport = if answer.is_empty() {
        RestoreReport::default()
    } else {
        serde_json::from_slice(&answer).map_err(|error| {
            Fault::plain(format!(
                "the answer of `{}` is no such JSON: {error}",
                exports::RESTORE_STATE
            ))
        })?
    };
    let checked = check_report(&told, snapshot).map_err(Fault::plain);
    *report = Some(told);
    checked?;
    let mut dom = Dom::parse("");
    let mut tree = Tree::new(1);
    for state in &snapshot.instances {
        let root = dom.create_element(Namespace::Html, "div");
        tree.set_root(state.instance, root);
    }
    for batch in std::mem::take(&mut guest.store.data_mut().batches) {
        tree.apply(&batch, &mut dom, &mut Asked::default())
            .map_err(|error| Fault::plain(error.to_string()))?;
    }
    Ok(())
}

fn well(guest: &mut Guest) -> Result<(), Fault> {
    if !guest.has(exports::HEALTH) {
        return Ok(());
    }
    let answer = guest.query(exports::HEALTH)?;
    if answer.is_empty() {
        return Ok(());
    }
    let report: HealthReport = serde_json::from_slice(&answer).map_err(|error| {
        Fault::plain(format!("the answer of `{}` is no such JSON: {error}", exports::HEALTH))
    })?;
    match report.instances.first() {
        None => Ok(()),
        Some(ill) => Err(Fault::plain(format!(
            "the instance {} of `{}` is not well: {}",
            ill.instance, ill.component, ill.error
        ))),
    }
}
