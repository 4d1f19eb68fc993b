//! What modules render: their nodes ([`tree`]), which nodes of a new rendering are the same as before ([`reconcile`]), and
//! how the document is changed to show it ([`patch`]).

pub(crate) mod patch;
pub(crate) mod reconcile;
pub(crate) mod tree;
