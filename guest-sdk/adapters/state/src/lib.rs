//! Keeps values of a web application while `cargo hmr dev` exchanges its code.
//!
//! A value is made at a [`Place`]: a path of component instances, and a name. Before the code is exchanged, the page asks for all
//! values ([`capture`]), and gives them to the new code before it starts ([`restore`]). When the new code makes a value at the same
//! place, it gets the old one ([`start`]). What happened to each is in the [`report`].
//!
//! The crates for frameworks (`hmr-yew`) call this; applications rarely do. Without the page's part nothing is ever restored, and all
//! values are the initial ones.
//!
//! Types are kept if they implement [`Keep`]. [`codec!`] finds out at compile time whether one does, and accepts any type. The value of one that cannot be kept is reported as `not carried`.
//!
//! This crate has no dependencies unless a feature asks for them: the tool compiles it next to an application, whatever that depends on.

mod codec;
mod exports;
mod fields;
mod keep;
mod parse;
mod registry;
mod value;

pub use self::codec::{of, ByKeep, Codec, NotKept, Probe};
pub use self::fields::{shape, Fields, Variant};
pub use self::keep::{Keep, NotCarried, ReadError};
pub use self::registry::{
    capture, refuse, register, report, restore, settle, start, Live, Place, Started,
};
pub use self::value::Value;

/// The traits that [`codec!`] chooses from.
#[doc(hidden)]
pub mod dispatch {
    pub use crate::codec::{ByKeep, NotKept};
}
