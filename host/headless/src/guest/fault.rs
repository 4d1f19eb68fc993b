//! Why calls of a module fail, and where its code was.

use hmr_abi::event::PanicInfo;
use hmr_abi::lines::{self, Lines};
use hmr_abi::text::{cut_owned, with_place};
use hmr_guest::BrowserOnly;
use hmr_guest::wasm::custom_section;
use wasmtime::{Error, Trap, WasmBacktrace};

use super::Guest;
use super::machine::Limits;

/// Why a call failed. The module's earlier effects remain; its memory can no longer be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{}", panic_message(.0))]
    Panic(PanicInfo),
    #[error("{0}")]
    Trap(String),
    #[error("took longer than {0} ms")]
    Timeout(u128),
    /// The code's own budget was used up; in which function, if it has a name.
    #[error("ran for too long{}", .0.as_ref().map(|name| format!(" in `{name}`")).unwrap_or_default())]
    TooLong(Option<String>),
    #[error("{0}")]
    Malformed(String),
}

/// A line of the user's own sources.
type Location = (String, u32);

impl Fault {
    /// The fault of a call that wasmtime ended.
    pub(super) fn of_call(error: &Error, panic: Option<PanicInfo>, limits: &Limits) -> Self {
        if let Some(info) = panic {
            return Self::Panic(info);
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => Self::Timeout(limits.call.as_millis()),
            Some(trap) => Self::Trap(trap.to_string()),
            None => Self::Trap(cut_owned(error.root_cause().to_string())),
        }
    }

    /// The same fault with its source location, as a panic has it.
    fn at(self, location: Option<Location>) -> Self {
        let Some((file, line)) = location else { return self };
        Self::Panic(PanicInfo { message: self.to_string(), file, line, ..PanicInfo::default() })
    }
}

impl Guest {
    /// The fault of the call that has just failed, with its source location if that is known.
    pub(super) fn fault(&mut self, error: &Error) -> Fault {
        let panic = self.store.data_mut().transfer.panic.take();
        let budget = self.budget.map(|budget| budget.get(&mut self.store));
        if panic.is_none() && budget.and_then(|left| left.i32()).is_some_and(|left| left < 0) {
            let own = self.own_frame(error);
            let name = own.as_ref().map_or_else(|| innermost(error), |(name, _)| name.clone());
            return Fault::TooLong(name).at(own.map(|(_, location)| location));
        }
        match Fault::of_call(error, panic, &self.limits) {
            fault @ (Fault::Trap(_) | Fault::Timeout(_))
                if error.is::<Trap>() || error.is::<BrowserOnly>() =>
            {
                fault.at(self.own_frame(error).map(|(_, location)| location))
            }
            // A panic of the standard library or of a dependency: the user's own line led to it.
            Fault::Panic(info) if !lines::is_own(&info.file) => match self.own_frame(error) {
                Some((_, (file, line))) => {
                    Fault::Panic(PanicInfo { message: info.message, file, line, column: 0 })
                }
                None => Fault::Panic(info),
            },
            fault => fault,
        }
    }

    /// The innermost call of the user's own code: the function, and its source location.
    fn own_frame(&self, error: &Error) -> Option<(Option<String>, Location)> {
        let frames = error.downcast_ref::<WasmBacktrace>()?.frames();
        let lines = Lines::parse(&custom_section(self.bytes.as_ref()?, lines::SECTION)?).ok()?;
        frames.iter().find_map(|frame| {
            let offset = u32::try_from(frame.module_offset()?).ok()?;
            let (file, line) = lines.find(offset)?;
            Some((frame.func_name().map(str::to_owned), (file.to_owned(), line)))
        })
    }
}

/// The message of a panic, with the location if that is known.
fn panic_message(info: &PanicInfo) -> String {
    let PanicInfo { message, file, line, .. } = info;
    if file.is_empty() {
        message.clone()
    } else {
        with_place(message, &format!(" ({file}:{line})"))
    }
}

/// The name of the function that the code was in.
fn innermost(error: &Error) -> Option<String> {
    let frames = error.downcast_ref::<WasmBacktrace>()?.frames();
    let name = frames.iter().find_map(wasmtime::FrameInfo::func_name)?;
    Some(name.to_owned())
}
