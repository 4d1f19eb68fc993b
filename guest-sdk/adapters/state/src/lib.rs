//! Keeps values of a web application while `cargo hmr dev` exchanges its code.
//!
//! A value is made at a [`Place`]: a path of component instances, and a name. Before the code is exchanged, the page asks for all
//! values ([`capture`]), and gives them to the new code before it starts ([`restore`]). When the new code makes a value at the same
//! place, it gets the old one ([`start`]). What happened to each is in the [`report`].
//!
//! The crates for frameworks (`hmr-yew`, `hmr-leptos` and their like) call this; applications rarely do. Without the page's part nothing is ever restored, and all
//! values are the initial ones.
//!
//! Types are kept if they implement [`Keep`]. [`codec!`] finds out at compile time whether one does, and accepts any type. The value of one that cannot be kept is reported as `not carried`.
//!
//! This crate has no dependencies unless a feature asks for them: the tool compiles it next to an application, whatever that depends on.

mod codec;
mod exports;
mod fields;
#[cfg(any(feature = "leptos", feature = "sycamore", feature = "dioxus"))]
mod frameworks;
mod keep;
mod node;
mod parse;
mod registry;
mod rendering;
mod slot;
mod value;
mod variables;

pub use self::codec::{of, of_value, ByKeep, Codec, NotKept, Probe};
pub use self::fields::{shape, Fields, Variant};
pub use self::keep::{Keep, NotCarried, ReadError};
pub use self::node::{Node, Numbered};
pub use self::registry::{
    capture, forget, hold, refuse, register, report, restore, settle, start, started, Held, Live,
    Place, Started,
};
pub use self::rendering::{
    begin, enter, leave, tag_segment, tagged, take_tag, InHook, Render, Tagged,
};
pub use self::slot::{Begun, Read, Slot};
pub use self::value::Value;
pub use self::variables::{variable_in_cell, variable_in_ref_cell, Variable};

/// The traits that [`codec!`] and [`keep_static!`] choose from.
#[doc(hidden)]
pub mod dispatch {
    pub use crate::codec::{ByKeep, NotKept};
    pub use crate::variables::{Declare, DeclareOther};
}
