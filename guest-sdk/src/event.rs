//! Events that handlers get.

pub(crate) mod file;
pub(crate) mod handlers;

use std::cell::{Cell, OnceCell};
use std::fmt;
use std::rc::Rc;

use hmr_abi::event::{DISPATCH_PREVENT, DISPATCH_STOP, EventData, FileData};

use file::File;
use serde::de::DeserializeOwned;

use crate::DEPLOYED;
use crate::encoding::{self, ReadError, scan};

/// An event, and the methods to respond to it. Handlers get it by value; it is cheap to clone.
#[derive(Clone)]
pub struct Event {
    received: Rc<Received>,
    flags: Rc<Cell<u32>>,
}

/// What the engine has sent. Each part is read on request, so that a module has only the code for parts that it uses.
struct Received {
    /// An object; the fields are those of [`EventData`].
    json: String,
    kind: OnceCell<String>,
    all: OnceCell<EventData>,
}

impl Received {
    fn field<T: DeserializeOwned + Default>(&self, name: &str) -> T {
        let fields = scan::entries(&self.json).unwrap_or_default();
        let value = fields.into_iter().find(|(key, _)| key == name);
        value.and_then(|(_, value)| encoding::read(value).ok()).unwrap_or_default()
    }
}

macro_rules! field {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $field:literal;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> $type {
            self.received.field($field)
        }
    )*};
}

impl Event {
    /// An event from JSON text.
    pub(crate) fn read(json: &[u8]) -> Result<Self, ReadError> {
        let json = String::from_utf8_lossy(json).into_owned();
        scan::entries(&json)?;
        let received = Received { json, kind: OnceCell::new(), all: OnceCell::new() };
        if !DEPLOYED {
            // Reports an engine that sends something else.
            _ = received.all.set(encoding::read(&received.json)?);
        }
        Ok(Self { received: Rc::new(received), flags: Rc::default() })
    }

    /// The event's type, `click` for instance.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.received.kind.get_or_init(|| self.received.field("type"))
    }

    /// All data of the event from the engine.
    #[must_use]
    pub fn data_ref(&self) -> &EventData {
        self.received.all.get_or_init(|| encoding::read(&self.received.json).unwrap_or_default())
    }

    /// The data of the event, if it has any.
    pub(crate) fn sent(&self) -> Option<String> {
        self.received.field("data")
    }

    field! {
        /// The value of the form field that listens; empty for others.
        value: String = "value";
        /// `key` of keyboard events; empty for others.
        key: String = "key";
        /// `code` of keyboard events; empty for others.
        code: String = "code";
        /// The data of input events and drops; empty for others.
        data: String = "data";
    }

    /// The files that the reader has chosen in the field that listens to `input` or `change`, or that a `drop` brings.
    #[must_use]
    pub fn files(&self) -> Vec<File> {
        let files: Vec<FileData> = self.received.field("files");
        files.into_iter().map(File::from).collect()
    }

    field! {
        /// Whether the check box or radio button that listens is checked.
        checked: bool = "checked";
        /// Whether Alt is held.
        alt: bool = "altKey";
        /// Whether Control is held.
        ctrl: bool = "ctrlKey";
        /// Whether Meta (⌘, ⊞) is held.
        meta: bool = "metaKey";
        /// Whether Shift is held.
        shift: bool = "shiftKey";
        /// Whether the key is held down and repeats.
        repeat: bool = "repeat";
        /// Whether an input method is composing.
        is_composing: bool = "isComposing";
        /// The mouse button of the event.
        button: i32 = "button";
        /// The mouse buttons that are held, a bit mask.
        buttons: u32 = "buttons";
        /// CSS pixels from the viewport's left edge.
        client_x: f64 = "clientX";
        /// CSS pixels from the viewport's top edge.
        client_y: f64 = "clientY";
        /// CSS pixels from the target's left padding edge.
        offset_x: f64 = "offsetX";
        /// CSS pixels from the target's top padding edge.
        offset_y: f64 = "offsetY";
        /// Horizontal amount of a wheel event.
        delta_x: f64 = "deltaX";
        /// Vertical amount of a wheel event.
        delta_y: f64 = "deltaY";
        /// How far the element that listens is scrolled down, in CSS pixels, for scroll events.
        scroll_top: f64 = "scrollTop";
        /// How far the element that listens is scrolled right, in CSS pixels, for scroll events.
        scroll_left: f64 = "scrollLeft";
        /// Milliseconds since the Unix epoch; the clock of [`crate::now`].
        time: f64 = "time";
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

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("data", self.data_ref())
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}
