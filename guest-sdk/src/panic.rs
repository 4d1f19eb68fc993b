//! Reports a panic to the engine before the module traps.

use std::cell::Cell;
use std::panic::{Location, PanicHookInfo};

use hmr_abi::event::PanicInfo;
use hmr_abi::text::cut;

thread_local! {
    /// The place to report for the next panic, if it is not where the panic is raised.
    static PLACE: Cell<Option<&'static Location<'static>>> = const { Cell::new(None) };
}

/// Panics, and reports a line of the user's code that is no longer on the call stack.
pub(crate) fn at(place: &'static Location<'static>, message: &str) -> ! {
    PLACE.set(Some(place));
    panic!("{message}")
}

/// The message and place of a panic.
pub(crate) fn describe(info: &PanicHookInfo<'_>) -> PanicInfo {
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message");
    // A message may have any length.
    let message = cut(message).into_owned();
    PLACE.take().or(info.location()).map_or_else(
        || PanicInfo { message: message.clone(), ..PanicInfo::default() },
        |place| PanicInfo {
            message: message.clone(),
            file: place.file().to_owned(),
            line: place.line(),
            column: place.column(),
        },
    )
}

/// Installs the hook, once.
#[cfg(target_arch = "wasm32")]
pub(crate) fn install() {
    use std::sync::Once;

    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            if let Ok(json) = crate::encoding::text(&describe(info)) {
                crate::engine::send_panic(&json);
            }
        }));
    });
}
