//! Components, signals and views for modules that cargo-hmr swaps without losing state.
//!
//! `docs/sdk.md` is the guide for component authors; `docs/abi.md` is what a module and its engine owe each other.
//! A component is a function that renders once; signals that it makes are captured under their key and restored in
//! the code that replaces it; effects bring changes to the nodes that show them, one operation at a time.

extern crate self as hmr_sdk;

mod attribute;
mod component;
mod dom;
mod element;
mod encoding;
mod engine;
mod event;
#[cfg(target_arch = "wasm32")]
mod exports;
mod flow;
mod held;
mod hooks;
pub mod host;
pub mod http;
mod instance;
pub mod log;
mod migration;
mod module;
mod panic;
mod placed;
mod port;
mod reactive;
mod resource;
mod runtime;
mod saved;
mod scope;
mod signal;
pub mod storage;
mod task;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod view;

pub use hmr_abi::state::{InstanceReport, KeyOutcome};
pub use hmr_macros::{component, migration, scoped, view};
pub use serde_json::json;

pub use crate::attribute::{IntoValue, Value};
pub use crate::component::{Callback, Children, ChildrenFn};
pub use crate::element::{FieldValue, NodeRef};
pub use crate::event::Event;
pub use crate::hooks::{after_update, before_update, health, invalidate, prune};
pub use crate::host::{HostError, host_call};
pub use crate::port::{Output, input, input_stream, output, output_stream};
pub use crate::reactive::{
    Memo, batch, effect, memo, on_cleanup, provide_context, try_context, untrack, use_context,
};
pub use crate::resource::{
    Closed, EventSource, EventSourceBuilder, Intersection, Listener, Message, Mutation,
    ResourceHandle, ServerEvent, Size, StorageArea, StorageChange, WebSocket, WebSocketBuilder,
    animation_frame, event_source, intersection_observer, interval, media_query, mutation_observer,
    now, on_document, on_window, resize_observer, storage_listener, timeout, websocket,
};
pub use crate::saved::{MigrationError, Saved};
pub use crate::scope::{in_scope, scope};
pub use crate::signal::{Signal, State, signal, signal_keyed};
pub use crate::task::{Action, Task, action, sleep, spawn};
pub use crate::view::{IntoView, View};

/// Everything that a component is written with.
pub mod prelude {
    pub use hmr_macros::{component, migration, scoped, view};

    // What the macros write needs it in packages that have the SDK through another one.
    #[doc(hidden)]
    pub use crate as hmr_sdk;
    pub use crate::hooks::{after_update, before_update, health, invalidate, prune};
    pub use crate::scope::{in_scope, scope};
    pub use crate::{
        Action, Callback, Children, ChildrenFn, Event, InstanceReport, IntoView, KeyOutcome,
        Listener, Memo, Message, MigrationError, NodeRef, Output, ResourceHandle, Saved, Signal,
        StorageArea, Task, View, WebSocket, action, animation_frame, batch, effect, event_source,
        host, host_call, http, input, input_stream, intersection_observer, interval, json, log,
        media_query, memo, mutation_observer, now, on_cleanup, on_document, on_window, output,
        output_stream, provide_context, resize_observer, signal, signal_keyed, sleep, spawn,
        storage, storage_listener, timeout, try_context, untrack, use_context, websocket,
    };
}

/// What the macros write. Not for use by hand: it changes with them.
#[doc(hidden)]
pub mod rt {
    pub use crate::component::{
        Export, Exported, Given, JsonProps, Mount, Props, Render, builder, child, given, register,
    };
    pub use crate::element::{html, mathml, placed, props, svg};
    pub use crate::flow::{list, show};
    pub use crate::migration::{Migrates, Migration, register_migration};
    pub use crate::scope::{
        bind, bind_field, bind_reset, enter_call, enter_caller, enter_function, leave, reset_scope,
    };
    pub use crate::view::region;

    /// The bytes of a manifest line, for a static.
    #[must_use]
    pub const fn bytes<const N: usize>(text: &str) -> [u8; N] {
        let text = text.as_bytes();
        let mut bytes = [0; N];
        let mut at = 0;
        while at < N {
            bytes[at] = text[at];
            at += 1;
        }
        bytes
    }

    const _: () = assert!(
        hmr_abi::ABI_VERSION == 1,
        "the manifest line of `#[component]` states another version"
    );
}
