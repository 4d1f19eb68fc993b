//! Functions of the browser, which no engine on wasmtime has.

use hmr_abi::browser::{is_module, trap_message};
use wasmtime::{ExternType, Linker, Module, Result};

/// A module has called a function that only browsers have. This is why its call has trapped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BrowserOnly {
    /// Which function, and what to do.
    message: String,
}

/// Defines the functions of the browser that a module imports: each traps with [`BrowserOnly`].
///
/// # Errors
/// wasmtime refuses a definition.
pub fn define_browser_imports<T: 'static>(linker: &mut Linker<T>, module: &Module) -> Result<()> {
    for import in module.imports().filter(|import| is_module(import.module())) {
        let ExternType::Func(signature) = import.ty() else { continue };
        let name = import.name().to_owned();
        linker.allow_shadowing(true);
        linker.func_new(import.module(), import.name(), signature, move |_, _, _| {
            Err(BrowserOnly { message: trap_message(&name) }.into())
        })?;
        linker.allow_shadowing(false);
    }
    Ok(())
}
