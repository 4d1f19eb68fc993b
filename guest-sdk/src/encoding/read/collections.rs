//! The content of lists and objects.

use std::borrow::Cow;

use serde::de::{self, DeserializeSeed};

use super::keys::KeyText;
use super::{Depth, ReadError, Text};

/// The elements of a list.
pub(super) struct Items<'de> {
    pub(super) items: std::vec::IntoIter<&'de str>,
    pub(super) depth: Depth,
}

impl<'de> de::SeqAccess<'de> for &mut Items<'de> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadError> {
        let next = self.items.next();
        next.map(|item| seed.deserialize(Text(item, self.depth))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// The entries of an object.
pub(super) struct Map<'de> {
    pub(super) entries: std::vec::IntoIter<(Cow<'de, str>, &'de str)>,
    pub(super) value: Option<&'de str>,
    pub(super) depth: Depth,
}

impl<'de> de::MapAccess<'de> for Map<'de> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(KeyText(key, Depth::WHOLE)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        seed.deserialize(Text(self.value.take().unwrap_or("null"), self.depth))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// The entries of a map that is written as pairs.
pub(super) struct PairMap<'de> {
    pub(super) pairs: std::vec::IntoIter<(&'de str, &'de str)>,
    pub(super) value: Option<&'de str>,
    pub(super) depth: Depth,
}

impl<'de> de::MapAccess<'de> for PairMap<'de> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        let Some((key, value)) = self.pairs.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(Text(key, self.depth)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        seed.deserialize(Text(self.value.take().unwrap_or("null"), self.depth))
    }
}
