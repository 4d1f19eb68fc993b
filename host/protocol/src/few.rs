//! Lists of swaps that are too long: what does not count is not kept while it is read.

use std::fmt;

use serde::{
    Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};

use crate::limits::MOST_SWAPS;
use crate::swap::Swap;

/// Reads a list of swaps. Of one that is too long, [`MOST_SWAPS`] and one more are kept, which shows that it was too long.
pub(crate) fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Swap>, D::Error> {
    from.deserialize_seq(Few)
}

struct Few;

impl<'de> Visitor<'de> for Few {
    type Value = Vec<Swap>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a list of swaps")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Swap>, A::Error> {
        let mut swaps = Vec::new();
        while swaps.len() <= MOST_SWAPS {
            let Some(swap) = list.next_element()? else { return Ok(swaps) };
            swaps.push(swap);
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(swaps)
    }
}
