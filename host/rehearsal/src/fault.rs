//! Why calls fail in a rehearsal.

use std::time::Duration;

use hmr_abi::event::PanicInfo;
use hmr_abi::text::cut_owned;
use hmr_guest::BrowserOnly;
use wasmtime::{Error, Module, Trap, WasmBacktrace};

/// Why a call failed.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The error, without the location.
    pub(crate) message: String,
    /// The calls under way, the innermost first, if it was the code that failed.
    pub(crate) frames: Vec<CallFrame>,
    /// The code's own report of its panic, with its location.
    pub(crate) panic: Option<PanicInfo>,
    /// Whether the code may have called missing code: its trap looks like that, and has no message.
    pub(crate) may_be_missing_code: bool,
    /// Whether its time was over.
    pub(crate) late: bool,
    /// Whether the code has called a function that only browsers have.
    pub(crate) needs_browser: bool,
}

/// A call that was under way.
#[derive(Debug)]
pub(crate) struct CallFrame {
    pub(crate) module: Module,
    /// The index of the function.
    pub(crate) function: u32,
    /// Where in the binary it was.
    pub(crate) offset: Option<usize>,
}

impl Fault {
    pub(crate) fn plain(message: impl Into<String>) -> Self {
        Self {
            message: cut_owned(message.into()),
            frames: Vec::new(),
            panic: None,
            may_be_missing_code: false,
            late: false,
            needs_browser: false,
        }
    }

    /// The fault of a call that wasmtime ended.
    pub(crate) fn of_call(error: &Error, panic: Option<PanicInfo>, time_limit: Duration) -> Self {
        let frames = error.downcast_ref::<WasmBacktrace>().map_or(&[][..], WasmBacktrace::frames);
        let frames = frames.iter().map(|frame| CallFrame {
            module: frame.module().clone(),
            function: frame.func_index(),
            offset: frame.module_offset(),
        });
        if let Some(info) = panic {
            let message = info.message.clone();
            return Self { frames: frames.collect(), panic: Some(info), ..Self::plain(message) };
        }
        let trap = error.downcast_ref::<Trap>();
        let message = match trap {
            Some(Trap::Interrupt) => format!("ran for more than {} ms", time_limit.as_millis()),
            Some(trap) => trap.to_string(),
            None => error.root_cause().to_string(),
        };
        let missing = [Trap::UnreachableCodeReached, Trap::IndirectCallToNull];
        Self {
            frames: frames.collect(),
            may_be_missing_code: trap.is_some_and(|trap| missing.contains(trap)),
            late: matches!(trap, Some(Trap::Interrupt)),
            needs_browser: error.is::<BrowserOnly>(),
            ..Self::plain(message)
        }
    }
}
