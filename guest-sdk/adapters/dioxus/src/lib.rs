//! Signals of Dioxus whose values `cargo hmr dev` keeps when the code of an application is exchanged.
//!
//! The tool rewrites the calls of `use_signal` and its like in the copy of an application that it compiles, so that an application needs
//! none of this in its source. To call it by hand:
//!
//! ```ignore
//! let mut count = hmr_dioxus::keep_hook!("count", use_signal, || 0);
//! ```
//!
//! A value is found again by the path of component instances, which [`at`] and [`view`] make known, and by its name. Without the
//! development server, each hook does what the hook of Dioxus does.

mod instances;
mod made;

pub use self::instances::{at, view};
pub use self::made::{global, made, start, use_slot, Made};
pub use dioxus::prelude::Element;
pub use hmr_state as state;
pub use hmr_state::{enter, leave};

/// A hook that makes a value, with the value's name: `keep_hook!("count", use_signal, || 0)`.
#[macro_export]
macro_rules! keep_hook {
    ($name:literal, $hook:expr, $initial:expr $(,)?) => {{
        let initial = $initial;
        let codec = $crate::state::codec_of!(&initial);
        let slot = $crate::use_slot($name, codec);
        let started = slot.clone();
        let made = $hook(move || started.start(codec, initial));
        slot.set_read($crate::Made::read(&made, codec));
        made
    }};
}

/// Makes a value, with its name: `keep!("count", Signal::new, 0)`.
#[macro_export]
macro_rules! keep {
    ($name:literal, $make:expr, $initial:expr $(,)?) => {{
        let initial = $initial;
        let codec = $crate::state::codec_of_value!(&initial);
        let (begun, value) = $crate::start($name, codec, initial);
        let made = $make(value);
        $crate::made(begun, &made);
        made
    }};
}

/// The initial value of a global signal or store: `Signal::global(|| keep_global!(COUNT, u32, || 0))`.
#[macro_export]
macro_rules! keep_global {
    ($variable:ident, $type:ty, $make:expr) => {{
        let place = (module_path!(), stringify!($variable));
        $crate::global(place, $crate::state::codec!($type), $make, &$variable)
    }};
}
