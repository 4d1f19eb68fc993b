//! Events that handlers get.

pub(crate) mod file;
pub(crate) mod handlers;

use std::cell::Cell;
use std::rc::Rc;

use hmr_abi::event::{DISPATCH_PREVENT, DISPATCH_STOP, EventData};

use file::File;

/// An event, and the methods to respond to it. Handlers get it by value; it is cheap to clone.
#[derive(Debug, Clone)]
pub struct Event {
    data: Rc<EventData>,
    flags: Rc<Cell<u32>>,
}

macro_rules! field {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> $type {
            self.data.$name
        }
    )*};
}

macro_rules! key_state {
    ($($(#[$doc:meta])* $name:ident: $field:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> bool {
            self.data.$field
        }
    )*};
}

macro_rules! text {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> String {
            self.data.$name.clone().unwrap_or_default()
        }
    )*};
}

impl Event {
    fn new(data: EventData) -> Self {
        Self { data: Rc::new(data), flags: Rc::default() }
    }

    /// The event's type, `click` for instance.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.data.kind
    }

    /// All data of the event from the engine.
    #[must_use]
    pub fn data_ref(&self) -> &EventData {
        &self.data
    }

    text! {
        /// The value of the form field that listens; empty for others.
        value;
        /// `key` of keyboard events; empty for others.
        key;
        /// `code` of keyboard events; empty for others.
        code;
        /// The data of input events and drops; empty for others.
        data;
    }

    /// The files that the reader has chosen in the field that listens to `input` or `change`, or that a `drop` brings.
    #[must_use]
    pub fn files(&self) -> Vec<File> {
        self.data.files.iter().cloned().map(File::from).collect()
    }

    /// Whether the check box or radio button that listens is checked.
    #[must_use]
    pub fn checked(&self) -> bool {
        self.data.checked.unwrap_or_default()
    }

    key_state! {
        /// Whether Alt is held.
        alt: alt_key;
        /// Whether Control is held.
        ctrl: ctrl_key;
        /// Whether Meta (⌘, ⊞) is held.
        meta: meta_key;
        /// Whether Shift is held.
        shift: shift_key;
    }

    field! {
        /// Whether the key is held down and repeats.
        repeat: bool;
        /// Whether an input method is composing.
        is_composing: bool;
        /// The mouse button of the event.
        button: i32;
        /// The mouse buttons that are held, a bit mask.
        buttons: u32;
        /// CSS pixels from the viewport's left edge.
        client_x: f64;
        /// CSS pixels from the viewport's top edge.
        client_y: f64;
        /// CSS pixels from the target's left padding edge.
        offset_x: f64;
        /// CSS pixels from the target's top padding edge.
        offset_y: f64;
        /// Horizontal amount of a wheel event.
        delta_x: f64;
        /// Vertical amount of a wheel event.
        delta_y: f64;
        /// How far the element that listens is scrolled down, in CSS pixels, for scroll events.
        scroll_top: f64;
        /// How far the element that listens is scrolled right, in CSS pixels, for scroll events.
        scroll_left: f64;
        /// Milliseconds since the Unix epoch; the clock of [`crate::now`].
        time: f64;
    }

    /// Prevents the browser's default action.
    pub fn prevent_default(&self) {
        self.flags.set(self.flags.get() | DISPATCH_PREVENT);
    }

    /// Keeps the event from the elements outside.
    pub fn stop_propagation(&self) {
        self.flags.set(self.flags.get() | DISPATCH_STOP);
    }
}
