//! A module's bytes, compiled and checked against the ABI, before any of it runs.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use hmr_abi::manifest::Manifest;
use hmr_guest::{ModuleError, check};
use wasmtime::Module;

use super::machine::{self, CompileError};

/// Bytes that were compiled and checked.
#[derive(Clone)]
pub(crate) struct Code {
    pub(crate) bytes: Arc<[u8]>,
    /// The content hash of `bytes`, as the tool names versions.
    pub(crate) hash: Arc<str>,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) module: Module,
    /// The names behind `hmr_component:`, in the order of the export section.
    pub(crate) components: Vec<String>,
}

/// How much compiled code the process keeps. Tests open pages with the same bytes again and again.
const MOST_KEPT: usize = 32;

impl Code {
    /// Compiles and checks bytes, unless this process did so recently.
    pub(crate) fn compile(bytes: &[u8]) -> Result<Self, ModuleError> {
        static KEPT: Mutex<VecDeque<Code>> = Mutex::new(VecDeque::new());
        let kept = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept().iter().find(|code| *code.bytes == *bytes).cloned();
        if let Some(code) = known {
            return Ok(code);
        }
        let code = Self::compile_again(bytes)?;
        let mut kept = kept();
        kept.truncate(MOST_KEPT - 1);
        kept.push_front(code.clone());
        Ok(code)
    }

    fn compile_again(bytes: &[u8]) -> Result<Self, ModuleError> {
        if !bytes.starts_with(b"\0asm") {
            return Err(ModuleError::NotWasm);
        }
        let module = machine::compile(bytes).map_err(|error| match error {
            CompileError::Machine(error) => ModuleError::Machine(error),
            CompileError::Invalid(error) => ModuleError::Invalid(error),
        })?;
        let (manifest, components) = check(bytes, &module)?;
        let hash = hmr_build::hash_of(bytes).into();
        Ok(Self { bytes: bytes.into(), hash, manifest: manifest.into(), module, components })
    }
}
