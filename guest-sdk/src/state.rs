//! The state that a snapshot holds: signals and their keys, values of earlier versions, and what happens to each in a restore.
//!
//! Nothing here notifies followers. [`scope`] makes keys, [`signals`] has the signals of an instance by key, and [`restore`] decides the
//! outcome of each.

pub(crate) mod binding;
pub(crate) mod code;
pub(crate) mod instance;
pub(crate) mod key;
pub(crate) mod keyed;
pub(crate) mod node;
pub(crate) mod orphans;
pub(crate) mod restore;
pub(crate) mod saved;
pub(crate) mod scope;
pub(crate) mod signals;
