//! Operations on a module by its name: call its exports, put wrappers around them, and measure their calls.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use super::Page;
use super::error::PageError;
use crate::guest::Guest;
use crate::guest::value::Value;
use crate::guest::wrappers::{CallError, Calls, Original, Patch, Profile};
use crate::page::call::call;

/// A module by its name: it always refers to the version that runs.
#[derive(Clone)]
pub struct ModuleProxy {
    page: Page,
    name: String,
}

impl fmt::Debug for ModuleProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModuleProxy").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ModuleProxy {
    /// The module's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The functions that the version that runs exports, by name.
    ///
    /// # Errors
    /// If the module does not run.
    pub fn exports(&self) -> Result<Vec<String>, PageError> {
        self.with_guest(Guest::exports)
    }

    /// Copies bytes out of the module's memory.
    ///
    /// # Errors
    /// If the module does not run, or the bytes are not all in its memory.
    pub fn read(&self, address: u32, length: u32) -> Result<Vec<u8>, PageError> {
        let read = |guest: &mut Guest| guest.read(address, length).map(<[u8]>::to_vec);
        self.with_guest(read)?.ok_or_else(|| self.outside(address, length as usize))
    }

    /// Copies bytes into the module's memory, for instance to where its `hmr_alloc` made room.
    ///
    /// # Errors
    /// If the module does not run, or there is not enough room for the bytes.
    pub fn write(&self, address: u32, bytes: &[u8]) -> Result<(), PageError> {
        let written = self.with_guest(|guest| guest.write(address, bytes))?;
        written.ok_or_else(|| self.outside(address, bytes.len()))
    }

    fn outside(&self, address: u32, length: usize) -> PageError {
        PageError::Memory { module: self.name.clone(), address, length }
    }

    fn with_guest<R>(&self, look: impl FnOnce(&mut Guest) -> R) -> Result<R, PageError> {
        let mut state = self.page.state.borrow_mut();
        let guest = state.modules.get_mut(&self.name).and_then(|record| record.guest_mut());
        guest.map(look).ok_or_else(|| PageError::NotRunning(self.name.clone()))
    }

    /// Calls an export of the version that runs. The code's requests are handled as after an event.
    ///
    /// # Errors
    /// If the module does not run or is being swapped, does not export the function, takes other arguments, or traps.
    pub fn call(&self, export: &str, params: &[Value]) -> Result<Vec<Value>, PageError> {
        let name = &self.name;
        let mut state = self.page.state.borrow_mut();
        if state.modules.is_swapping(name) {
            return Err(PageError::Swapping(name.clone()));
        }
        let why =
            |why: String| PageError::Call { module: name.clone(), export: export.to_owned(), why };
        let guest = state.modules.get_mut(name).and_then(|record| record.guest_mut());
        let guest = guest.ok_or_else(|| PageError::NotRunning(name.clone()))?;
        // A call that cannot be made is the caller's fault, and no trap of the module.
        guest.check_call(export, params).map_err(|fault| why(fault.to_string()))?;
        state.begin();
        let during = format!("the export `{export}`");
        let answer = call(&mut state, name, &during, |guest| guest.invoke(export, params));
        let answer = answer.ok_or_else(|| {
            why(state.log.traps().last().map(ToString::to_string).unwrap_or_default())
        });
        drop(state);
        self.page.settle();
        answer
    }
}

impl Page {
    /// A module by its name.
    ///
    /// # Errors
    /// If the page has none of that name.
    pub fn module(&self, name: &str) -> Result<ModuleProxy, PageError> {
        self.calls_of(name)?;
        Ok(ModuleProxy { page: self.clone(), name: name.to_owned() })
    }

    /// Puts a function around an export, until it is rolled back: the engine's calls and those through proxies go
    /// through it, in this version and in later ones. The last that was put on is the outermost.
    ///
    /// The wrapper runs while the page is in use: it cannot use the page itself.
    ///
    /// # Errors
    /// If the page has no such module.
    pub fn patch_function(
        &self,
        module: &str,
        export: &str,
        wrapper: impl FnMut(&mut Original<'_>, &[Value]) -> Result<Vec<Value>, CallError> + 'static,
    ) -> Result<Patch, PageError> {
        Ok(self.calls_of(module)?.wrap(export, Rc::new(RefCell::new(wrapper))))
    }

    /// Measures the calls of a module's exports from now on.
    ///
    /// # Errors
    /// If the page has no such module.
    pub fn profile(&self, module: &str) -> Result<Profile, PageError> {
        Ok(self.calls_of(module)?.profile())
    }

    /// Takes all listeners and all wrappers away, and ends all measurements. The page keeps running.
    pub fn cleanup(&self) {
        let mut state = self.state.borrow_mut();
        state.log.clear_listeners();
        for (_, record) in state.modules.iter() {
            record.calls.clear();
        }
    }

    fn calls_of(&self, module: &str) -> Result<Rc<Calls>, PageError> {
        let state = self.state.borrow();
        let found = state.modules.get(module).map(|record| Rc::clone(&record.calls));
        found.ok_or_else(|| PageError::NoModule(module.to_owned()))
    }
}
