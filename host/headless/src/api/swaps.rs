//! Swapping modules.

use std::sync::Arc;

use super::Page;
use super::error::PageError;
use crate::report::swap::Swap;
use crate::swap::run::{Update, run};
use hmr_protocol::SwapStep;

impl Page {
    /// Replaces the running code of a module by other bytes, keeping its state.
    ///
    /// Unusable bytes are not an error of this call: the swap is rolled back, with the reason.
    pub fn swap(&self, module: &str, bytes: impl AsRef<[u8]>) -> Swap {
        self.swap_observed(module, bytes, |_| {})
    }

    /// [`Page::swap`], with a notification at each step. The page can be used meanwhile: what happens to the module from
    /// [`SwapStep::Quiesce`] on waits until the swap is over, and goes to the code that runs then.
    pub fn swap_observed(
        &self,
        module: &str,
        bytes: impl AsRef<[u8]>,
        mut observe: impl FnMut(SwapStep),
    ) -> Swap {
        self.run_update(&Update::to(module, bytes.as_ref()), &mut observe)
    }

    /// [`Page::swap`], with a change that is made to the state once: a JSON array of operations, as `docs/abi.md` has
    /// them.
    ///
    /// # Errors
    /// If the text is not such an array.
    pub fn swap_with(
        &self,
        module: &str,
        bytes: impl AsRef<[u8]>,
        transform: &str,
    ) -> Result<Swap, PageError> {
        let transform = serde_json::from_str(transform)
            .map_err(|error| PageError::Transform { why: error.to_string() })?;
        let update = Update { transform, ..Update::to(module, bytes.as_ref()) };
        Ok(self.run_update(&update, &mut |_| {}))
    }

    /// Restarts the running version and keeps its state: a swap to the same bytes.
    ///
    /// # Errors
    /// If the page has no such module.
    pub fn reload(&self, module: &str) -> Result<Swap, PageError> {
        let bytes = self.bytes(module).ok_or_else(|| PageError::NoModule(module.to_owned()))?;
        Ok(self.swap_again(module, &bytes, false))
    }

    /// Restarts the running version, without its state.
    ///
    /// # Errors
    /// If the page has no such module.
    pub fn restart(&self, module: &str) -> Result<Swap, PageError> {
        let bytes = self.bytes(module).ok_or_else(|| PageError::NoModule(module.to_owned()))?;
        Ok(self.swap_again(module, &bytes, true))
    }

    /// Goes back to the version before the one that runs, the state kept: a swap to the bytes from before.
    ///
    /// # Errors
    /// If the page has no such module, or the module no version before.
    pub fn rollback(&self, module: &str) -> Result<Swap, PageError> {
        let bytes = {
            let state = self.state.borrow();
            let record = state.modules.get(module);
            let record = record.ok_or_else(|| PageError::NoModule(module.to_owned()))?;
            record.previous().map(|code| Arc::clone(&code.bytes))
        };
        let bytes = bytes.ok_or_else(|| PageError::NoPrevious(module.to_owned()))?;
        Ok(self.swap_again(module, &bytes, false))
    }

    fn swap_again(&self, module: &str, bytes: &[u8], clean: bool) -> Swap {
        let update = Update { again: true, clean, ..Update::to(module, bytes) };
        self.run_update(&update, &mut |_| {})
    }

    fn run_update(&self, update: &Update<'_>, observe: &mut dyn FnMut(SwapStep)) -> Swap {
        let swap = run(&self.state, update, observe);
        self.settle();
        swap
    }
}
