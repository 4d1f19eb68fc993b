//! Finds the functions that a rehearsal of a module calls: it is rehearsed with marks. These are compiled as the base of
//! the versions to come.
//!
//! A state that was never touched teaches little: none of its values is decoded. So what the code makes of a state is taken out
//! of it again, marked as set, and rehearsed once more.

use std::sync::Arc;

use hmr_abi::exports;
use hmr_abi::state::{Snapshot, TransformOp};
use wasmtime::Module;

use super::base::Base;
use super::guest::Guest;
use super::hot::HotSet;
use super::module_layout::{MARKS, ModuleLayout};
use super::{Code, Known, Machine, Version};
use crate::module::{ModuleError, check};

/// Something to learn; see [`Stage::lesson`](super::Stage::lesson).
pub struct Lesson {
    machine: Machine,
    module: String,
    bytes: Arc<[u8]>,
    layout: Arc<ModuleLayout>,
    hot: HotSet,
    snapshot: String,
    transform: Vec<TransformOp>,
}

impl std::fmt::Debug for Lesson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lesson").field("module", &self.module).finish_non_exhaustive()
    }
}

/// The result of learning.
pub struct Learned {
    pub(super) module: String,
    pub(super) known: Known,
}

impl std::fmt::Debug for Learned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Learned").field("module", &self.module).finish_non_exhaustive()
    }
}

impl Lesson {
    pub(super) fn new(
        machine: Machine,
        version: &Version,
        hot: HotSet,
        snapshot: &str,
        transform: &[TransformOp],
    ) -> Self {
        Self {
            machine,
            module: version.module.clone(),
            bytes: Arc::clone(&version.bytes),
            layout: Arc::clone(&version.layout),
            hot,
            snapshot: snapshot.to_owned(),
            transform: transform.to_vec(),
        }
    }

    /// The module that it is about.
    #[must_use]
    pub fn module(&self) -> &str {
        &self.module
    }

    /// Learns it. The functions it called are learned regardless of the rehearsal's result.
    ///
    /// # Errors
    /// [`ModuleError`]: the version does not compile.
    pub fn learn(self) -> Result<Learned, ModuleError> {
        let marking = self
            .layout
            .marking(&self.bytes)
            .map_err(|error| ModuleError::Invalid(error.to_string()))?;
        let module = Module::from_binary(&self.machine.engine, &marking)
            .map_err(|error| ModuleError::Invalid(format!("{error:#}")))?;
        let (_, components) = check(&self.bytes, &module)?;
        let code = Code::Whole(module);
        let walk = |snapshot: &str, transform: &[TransformOp]| {
            let mut guest = None;
            _ = self.machine.walk(&code, &components, snapshot, transform, &mut guest);
            guest
        };
        let mut marks = vec![false; self.layout.functions().len()];
        let mut note = |guest: &mut Guest| {
            for (mark, called) in marks.iter_mut().zip(guest.memory_named(MARKS)) {
                *mark |= called == 1;
            }
        };
        if let Some(mut guest) = walk(&self.snapshot, &self.transform) {
            note(&mut guest);
            if let Some(touched) = touched(&mut guest)
                && let Some(mut guest) = walk(&touched, &[])
            {
                note(&mut guest);
            }
        }
        let all = self.layout.functions();
        let called = all.iter().zip(marks).filter(|(_, called)| *called);
        let mut hot = self.hot;
        hot.learn(all, called.map(|(function, _)| function.clone()));
        let present = hot.choose(&self.layout);
        let base = Base::compile(&self.machine.engine, &self.layout, &self.bytes, &present);
        Ok(Learned { module: self.module, known: Known { hot, base: base.map(Arc::new) } })
    }
}

/// The state that the code has now, as if all of it had been set.
fn touched(guest: &mut Guest) -> Option<String> {
    let captured = guest.query(exports::CAPTURE_STATE).ok()?;
    let mut snapshot: Snapshot = serde_json::from_slice(&captured).ok()?;
    for instance in &mut snapshot.instances {
        for signal in instance.signals.values_mut() {
            signal.set = true;
        }
    }
    serde_json::to_string(&snapshot).ok()
}
