//! The rehearsal of a swap: whether new code can take a page's state over, before the page itself tries.
//!
//! In: a version's bytes, and the snapshot that a page holds. Out: a [`Rehearsal`], which reports that the code accepts
//! it, or in which step and why it does not. The code is instantiated, its components are registered, it migrates and
//! restores the snapshot, rendering into nothing, and is asked whether it is well. Nothing that it
//! does shows, and it is held to limits on time and memory.
//!
//! Compiling a whole module takes longer than a rehearsal may cost, so a [`Stage`] compiles little. From a [`Lesson`], a
//! run with marks, it learns which functions of a module a rehearsal calls, and has them compiled as a *base* for
//! all versions to come ([`base`]). Of a new version, only those of them are compiled that differ from the base by
//! more than addresses, and those whose names are new. Should a rehearsal call anything else, all of the version is
//! compiled and the rehearsal starts again. [`Rehearsal::outdated`] reports that there is something to learn.

mod base;
mod body;
mod frame;
mod guest;
mod hot;
mod lesson;
mod module_layout;
mod walk;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hmr_abi::constants::{HANDED_OVER_BYTES, MOST_FRAMES};
use hmr_abi::event::PanicInfo;
use hmr_abi::lines::{self, Lines, is_own};
use hmr_abi::state::{RestoreReport, TransformOp};
use wasmtime::{Config, Engine, Linker, Module, OptLevel, RegallocAlgorithm, Strategy};

use self::base::{Base, Delta};
use self::guest::{Fault, Frame, Host, linker};
use self::hot::HotSet;
pub use self::lesson::{Learned, Lesson};
use self::module_layout::ModuleLayout;
use crate::module::{ModuleError, check, check_exported, custom_section};

/// A base is outdated if a version brings more than one function for so many that the base has.
const OUTDATED_SHARE: usize = 8;

/// The largest module that is rehearsed: a larger one takes longer to compile than anybody waits for, and too much memory.
pub(crate) const MOST_FUNCTIONS: usize = 30_000;
pub(crate) const MOST_BYTES: usize = 64 << 20;

/// How long an epoch lasts.
const TICK: Duration = Duration::from_millis(10);

/// The limits of a rehearsal.
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

const LIMITS: RehearsalLimits = RehearsalLimits {
    time: Duration::from_secs(1),
    memory: 256 << 20,
    handed_over: HANDED_OVER_BYTES,
};

/// Why new code cannot take over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RehearsalFailure {
    /// The step of the swap that would fail: `prepare`, `instantiate`, `migrate`, `restore` or `probation`.
    pub step: &'static str,
    /// Why, for the developer to read.
    pub error: String,
    /// Whether the code ran for longer than it may.
    pub late: bool,
}

/// The result of a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a rehearsal that failed is not an error: look at its failure"]
pub struct Rehearsal {
    /// Nothing if the code takes the state over.
    pub failure: Option<RehearsalFailure>,
    /// The outcome of each piece of state, if the code got that far.
    pub report: Option<RestoreReport>,
    /// How long it took, compiling included.
    pub duration: Duration,
    /// How long the code itself ran, in the last round.
    pub run: Duration,
    /// Whether a lesson would make the next rehearsals of the module shorter.
    pub outdated: bool,
}

/// A version of a module that can be rehearsed.
pub struct Version {
    module: String,
    bytes: Arc<[u8]>,
    layout: Arc<ModuleLayout>,
    compiled: Option<Compiled>,
}

/// Code that can be run, and the components that it has.
struct Compiled {
    code: Code,
    components: Vec<String>,
}

/// Compiled code.
enum Code {
    /// All of a version.
    Whole(Module),
    /// The code that a rehearsal may call.
    Split(Arc<Base>, Delta),
}

impl std::fmt::Debug for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Version").field("module", &self.module).finish_non_exhaustive()
    }
}

/// Where versions are rehearsed. It remembers which functions of each module a rehearsal needs.
pub struct Stage {
    machine: Machine,
    known: BTreeMap<String, Known>,
}

/// Data about a module.
struct Known {
    hot: HotSet,
    /// Nothing if the module has something that a base cannot have.
    base: Option<Arc<Base>>,
}

/// The settings that code runs with.
#[derive(Clone)]
struct Machine {
    engine: Engine,
    linker: Linker<Host>,
    limits: RehearsalLimits,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("modules", &self.known.len()).finish_non_exhaustive()
    }
}

impl Stage {
    /// An empty stage.
    ///
    /// # Errors
    /// [`ModuleError::Machine`]: wasmtime does not run here.
    pub fn new() -> Result<Self, ModuleError> {
        let machine = Machine::new().map_err(|error| ModuleError::Machine(format!("{error:#}")))?;
        Ok(Self { machine, known: BTreeMap::new() })
    }

    /// The same stage with another limit on the time that the code may run in one rehearsal.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.machine.limits.time = limit;
        self
    }

    /// Reads a version, and compiles what a rehearsal of it may call, as far as that is known.
    ///
    /// # Errors
    /// [`ModuleError`]: an engine cannot run the bytes as a module.
    pub fn prepare(&self, module: &str, bytes: &[u8]) -> Result<Version, ModuleError> {
        let within = |functions| {
            let fits = functions <= MOST_FUNCTIONS && bytes.len() <= MOST_BYTES;
            let too_large = || ModuleError::TooLarge { functions, bytes: bytes.len() };
            fits.then_some(()).ok_or_else(too_large)
        };
        within(0)?;
        let layout =
            ModuleLayout::read(bytes).map_err(|error| ModuleError::Invalid(error.to_string()))?;
        within(layout.functions().len())?;
        let mut version = Version {
            module: module.to_owned(),
            bytes: bytes.into(),
            layout: Arc::new(layout),
            compiled: None,
        };
        if let Some(known) = self.known.get(module) {
            version.compiled = match self.split(&version, known)? {
                Some(split) => Some(split),
                None => Some(self.whole(&version)?),
            };
        }
        Ok(version)
    }

    /// A lesson about what taking `snapshot` over calls in a version. It takes as long as compiling all of the version, and
    /// can be learned on any thread; what was learned goes to [`Stage::take`] then.
    #[must_use]
    pub fn lesson(&self, version: &Version, snapshot: &str, transform: &[TransformOp]) -> Lesson {
        let hot = self.known.get(&version.module).map(|known| known.hot.clone());
        Lesson::new(self.machine.clone(), version, hot.unwrap_or_default(), snapshot, transform)
    }

    /// Remembers what was learned.
    pub fn take(&mut self, learned: Learned) {
        self.known.insert(learned.module, learned.known);
    }

    /// Whether it is known which functions a rehearsal of the module needs.
    #[must_use]
    pub fn knows(&self, module: &str) -> bool {
        self.known.contains_key(module)
    }

    /// Whether a rehearsal of a version with this state would call what no lesson has met, so that all of it would have to be
    /// compiled. It does not compile more than it takes to find out. Nothing if it cannot be found out: the version is
    /// compiled as a whole in any case, or runs for too long.
    pub fn misses(&self, version: &mut Version, snapshot: &str) -> Option<bool> {
        let Some(known) = self.known.get(&version.module) else { return Some(true) };
        let is_current = match (&version.compiled, &known.base) {
            (Some(Compiled { code: Code::Split(base, _), .. }), Some(current)) => {
                Arc::ptr_eq(base, current)
            }
            _ => false,
        };
        if !is_current {
            version.compiled = Some(self.split(version, known).ok()??);
        }
        let Compiled { code, components } = version.compiled.as_ref()?;
        let told = self.machine.walk(code, components, snapshot, &[], &mut None);
        match told.failure {
            Some((_, fault)) if fault.late => None,
            Some((_, fault)) => Some(fault.trapped),
            None => Some(false),
        }
    }

    /// Rehearses the swap to a version. `snapshot` is JSON as `docs/abi.md` describes it.
    pub fn rehearse(
        &mut self,
        version: &mut Version,
        snapshot: &str,
        transform: &[TransformOp],
    ) -> Rehearsal {
        let started = Instant::now();
        let mut missed = false;
        loop {
            let compiled = match version.compiled.take().map_or_else(|| self.whole(version), Ok) {
                Ok(compiled) => compiled,
                Err(error) => {
                    let failure =
                        RehearsalFailure { step: "prepare", error: error.to_string(), late: false };
                    return Rehearsal {
                        failure: Some(failure),
                        report: None,
                        duration: started.elapsed(),
                        run: Duration::ZERO,
                        outdated: false,
                    };
                }
            };
            let running = Instant::now();
            let mut guest = None;
            let told = self.machine.walk(
                &compiled.code,
                &compiled.components,
                snapshot,
                transform,
                &mut guest,
            );
            let run = running.elapsed();
            let unclear = told.failure.as_ref().is_some_and(|(_, fault)| {
                fault.trapped || fault.panic.as_ref().is_some_and(|info| !is_own(&info.file))
            });
            if unclear && matches!(compiled.code, Code::Split(..)) {
                // It called missing code, or really fails: then the complete version shows where.
                missed = true;
                continue;
            }
            let failure = told.failure.map(|(step, fault)| RehearsalFailure {
                step,
                error: compiled.code.describe(version, &fault),
                late: fault.late,
            });
            let outdated = missed || !self.knows(&version.module) || compiled.code.is_outdated();
            version.compiled = Some(compiled);
            return Rehearsal {
                failure,
                report: told.report,
                duration: started.elapsed(),
                run,
                outdated,
            };
        }
    }

    /// Compiles what a rehearsal may call. Nothing if the version fits no base.
    fn split(&self, version: &Version, known: &Known) -> Result<Option<Compiled>, ModuleError> {
        let Version { bytes, layout, .. } = version;
        let Some(base) = &known.base else { return Ok(None) };
        let present = known.hot.choose(layout);
        let Some(delta) = base.delta(&self.machine.engine, layout, bytes, &present) else {
            return Ok(None);
        };
        // Its imports are those of the version that the base was made from.
        let (_, components) = check_exported(bytes, &delta.module)?;
        Ok(Some(Compiled { code: Code::Split(Arc::clone(base), delta), components }))
    }

    /// Compiles all of a version.
    fn whole(&self, version: &Version) -> Result<Compiled, ModuleError> {
        let module = Module::from_binary(&self.machine.engine, &version.bytes)
            .map_err(|error| ModuleError::Invalid(format!("{error:#}")))?;
        let (_, components) = check(&version.bytes, &module)?;
        Ok(Compiled { code: Code::Whole(module), components })
    }
}

impl Code {
    /// Whether so much differs from the base that another base is worth its while.
    fn is_outdated(&self) -> bool {
        match self {
            Self::Whole(_) => false,
            Self::Split(base, delta) => delta.functions.len() * OUTDATED_SHARE > base.len(),
        }
    }

    /// The error, with the function and the place, as far as they are known.
    fn describe(&self, version: &Version, fault: &Fault) -> String {
        let message = &fault.message;
        if let Some(PanicInfo { file, line, column, .. }) = &fault.panic
            && is_own(file)
        {
            return format!("{message} ({file}:{line}:{column})");
        }
        let lines = custom_section(&version.bytes, lines::SECTION)
            .and_then(|section| Lines::parse(&section).ok())
            .unwrap_or_default();
        let place = |frame: &Frame| lines.find(u32::try_from(self.offset(version, frame)?).ok()?);
        let placed = fault.frames.iter().find_map(|frame| Some((frame, place(frame)?)));
        let at = placed.map(|(_, (file, line))| format!(" ({file}:{line})"));
        if let Some(PanicInfo { file, line, column, .. }) = &fault.panic {
            let own = (!file.is_empty()).then(|| format!(" ({file}:{line}:{column})"));
            return format!("{message}{}", at.or(own).unwrap_or_default());
        }
        let frame = placed.map(|(frame, _)| frame).or(fault.frames.first());
        let name = frame.and_then(|frame| self.name(&version.layout, frame));
        let name = name.filter(|name| !name.is_empty());
        let within = name.map(|name| format!(" in `{name}`")).unwrap_or_default();
        let at = at.unwrap_or_default();
        format!("{message}{within}{at}")
    }

    /// Where in the version's binary a call was. Of the base's code that is not known: its constants are elsewhere.
    fn offset(&self, version: &Version, frame: &Frame) -> Option<usize> {
        let offset = frame.offset?;
        match self {
            Self::Whole(_) => Some(offset),
            Self::Split(base, _) if Module::same(&frame.module, &base.module) => None,
            Self::Split(_, delta) => {
                let of_delta = ModuleLayout::read(&delta.bytes).ok()?;
                let (function, number) = of_delta.instruction(&delta.bytes, offset)?;
                let function = *delta.functions.get(function)?;
                version.layout.offsets(&version.bytes, function)?.get(number).copied()
            }
        }
    }

    fn name<'a>(&'a self, layout: &'a ModuleLayout, frame: &Frame) -> Option<&'a str> {
        let defined = match self {
            Self::Whole(_) => frame.function.checked_sub(layout.imported)? as usize,
            Self::Split(base, _) if Module::same(&frame.module, &base.module) => {
                return base.name(frame.function.checked_sub(layout.imported)?);
            }
            Self::Split(_, delta) => {
                *delta.functions.get(frame.function.checked_sub(delta.imported)? as usize)?
            }
        };
        layout.functions().get(defined).map(|function| function.name.as_str())
    }
}

impl Machine {
    fn new() -> wasmtime::Result<Self> {
        let engine = engine(Strategy::Winch).or_else(|_| engine(Strategy::Cranelift))?;
        let ticking = engine.weak();
        std::thread::Builder::new().name("hmr-rehearsal".to_owned()).spawn(move || {
            while let Some(engine) = ticking.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        })?;
        Ok(Self { linker: linker(&engine)?, engine, limits: LIMITS })
    }
}

fn engine(strategy: Strategy) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.strategy(strategy);
    config.epoch_interruption(true);
    config.wasm_backtrace_max_frames(NonZeroUsize::new(MOST_FRAMES));
    config.wasm_multi_memory(true);
    // Lessons are learned beside rehearsals: they are not to have all cores.
    config.parallel_compilation(false);
    // With Winch, this is about trampolines alone.
    config.cranelift_opt_level(OptLevel::None);
    config.cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass);
    Engine::new(&config)
}
