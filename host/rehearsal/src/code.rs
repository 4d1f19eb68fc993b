//! A version of a module, and the code that was compiled from it.

use std::fmt;
use std::sync::Arc;

use hmr_abi::event::PanicInfo;
use hmr_abi::lines::{self, Lines, is_own};
use hmr_abi::text::with_place;
use hmr_guest::wasm::{ModuleLayout, custom_section};
use hmr_guest::{ModuleError, check};
use wasmtime::{Engine, Module};

use crate::base::{Base, Delta};
use crate::fault::{CallFrame, Fault};

/// The largest module that is rehearsed: a larger one takes longer to compile than anybody waits for, and too much memory.
const MOST_FUNCTIONS: usize = 30_000;
const MOST_BYTES: usize = 64 << 20;

/// A base is outdated if a version has more than one function of its own for so many of the base.
const OUTDATED_SHARE: usize = 8;

/// Why a version cannot be rehearsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// An engine cannot run the bytes as a module.
    #[error(transparent)]
    Module(#[from] ModuleError),
    /// The module is too large.
    #[error(
        "the module has {functions} functions in {bytes} bytes; up to {MOST_FUNCTIONS} functions in {MOST_BYTES} bytes are rehearsed"
    )]
    TooLarge {
        /// How many functions it has; 0 if they were not counted.
        functions: usize,
        /// Its size.
        bytes: usize,
    },
}

/// A version of a module that can be rehearsed.
pub struct Version {
    pub(crate) module: String,
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) layout: Arc<ModuleLayout>,
    pub(crate) compiled: Option<Compiled>,
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Version").field("module", &self.module).finish_non_exhaustive()
    }
}

impl Version {
    /// Reads a version of `module`, and compiles nothing.
    pub(crate) fn read(module: &str, bytes: &[u8]) -> Result<Self, VersionError> {
        check_size(0, bytes)?;
        let layout =
            ModuleLayout::read(bytes).map_err(|error| ModuleError::Invalid(error.to_string()))?;
        check_size(layout.functions().len(), bytes)?;
        Ok(Self {
            module: module.to_owned(),
            bytes: bytes.into(),
            layout: Arc::new(layout),
            compiled: None,
        })
    }

    /// Compiles all of it.
    pub(crate) fn compile(&self, engine: &Engine) -> Result<Compiled, ModuleError> {
        let module = Module::from_binary(engine, &self.bytes)
            .map_err(|error| ModuleError::Invalid(format!("{error:#}")))?;
        let (_, components) = check(&self.bytes, &module)?;
        Ok(Compiled { code: Code::Whole(module), components })
    }
}

fn check_size(functions: usize, bytes: &[u8]) -> Result<(), VersionError> {
    if functions > MOST_FUNCTIONS || bytes.len() > MOST_BYTES {
        return Err(VersionError::TooLarge { functions, bytes: bytes.len() });
    }
    Ok(())
}

/// Code that can be run, and the components that it has.
pub(crate) struct Compiled {
    pub(crate) code: Code,
    pub(crate) components: Vec<String>,
}

/// Compiled code.
pub(crate) enum Code {
    /// All of a version.
    Whole(Module),
    /// The code that a rehearsal may call.
    Split(Arc<Base>, Delta),
}

impl Code {
    /// Whether so much differs from the base that another base is worth its cost.
    pub(crate) fn is_outdated(&self) -> bool {
        match self {
            Self::Whole(_) => false,
            Self::Split(base, delta) => delta.functions.len() * OUTDATED_SHARE > base.len(),
        }
    }

    /// The error message, with the function and the source location, as far as they are known.
    pub(crate) fn describe(&self, version: &Version, fault: &Fault) -> String {
        let message = &fault.message;
        if let Some(PanicInfo { file, line, column, .. }) = &fault.panic
            && is_own(file)
        {
            return with_place(message, &format!(" ({file}:{line}:{column})"));
        }
        let lines = custom_section(&version.bytes, lines::SECTION)
            .and_then(|section| Lines::parse(&section).ok())
            .unwrap_or_default();
        let location =
            |frame: &CallFrame| lines.find(u32::try_from(self.offset(version, frame)?).ok()?);
        let located = fault.frames.iter().find_map(|frame| Some((frame, location(frame)?)));
        let at = located.map(|(_, (file, line))| format!(" ({file}:{line})"));
        if let Some(PanicInfo { file, line, column, .. }) = &fault.panic {
            let own = (!file.is_empty()).then(|| format!(" ({file}:{line}:{column})"));
            return with_place(message, &at.or(own).unwrap_or_default());
        }
        let frame = located.map(|(frame, _)| frame).or(fault.frames.first());
        let name = frame.and_then(|frame| self.name(&version.layout, frame));
        let name = name.filter(|name| !name.is_empty());
        let within = name.map(|name| format!(" in `{name}`")).unwrap_or_default();
        let at = at.unwrap_or_default();
        with_place(message, &format!("{within}{at}"))
    }

    /// Where in the version's binary a call was. It is not known of the base's code, whose constants are elsewhere.
    fn offset(&self, version: &Version, frame: &CallFrame) -> Option<usize> {
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

    fn name<'a>(&'a self, layout: &'a ModuleLayout, frame: &CallFrame) -> Option<&'a str> {
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
