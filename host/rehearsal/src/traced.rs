//! What traces have found out about a module, and what it saves.

use std::sync::Arc;

use hmr_guest::{ModuleError, check_exports};
use wasmtime::Engine;

use crate::base::Base;
use crate::called::CalledFunctions;
use crate::code::{Code, Compiled, Version};

/// What traces have found out about a module.
pub(crate) struct Traced {
    pub(crate) called: CalledFunctions,
    /// Nothing if the module has something that a base cannot have.
    pub(crate) base: Option<Arc<Base>>,
}

impl Traced {
    /// Compiles what a rehearsal of a version may call. Nothing if the version fits no base.
    pub(crate) fn split(
        &self,
        engine: &Engine,
        version: &Version,
    ) -> Result<Option<Compiled>, ModuleError> {
        let Version { bytes, layout, .. } = version;
        let Some(base) = &self.base else { return Ok(None) };
        let selection = self.called.select(layout);
        let Some(delta) = base.delta(engine, layout, bytes, &selection) else {
            return Ok(None);
        };
        // Its imports are those of the version that the base was made from.
        let (_, components) = check_exports(bytes, &delta.module)?;
        Ok(Some(Compiled { code: Code::Split(Arc::clone(base), delta), components }))
    }
}
