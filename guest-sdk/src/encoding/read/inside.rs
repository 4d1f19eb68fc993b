//! The content of lists, objects and variants.

use std::borrow::Cow;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};
use serde_json::value::RawValue;

use super::keys::KeyText;
use super::{Depth, ReadError, Text};

/// The elements of a list.
pub(super) struct Items<'de> {
    pub(super) items: std::vec::IntoIter<&'de RawValue>,
    pub(super) depth: Depth,
}

impl<'de> de::SeqAccess<'de> for &mut Items<'de> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadError> {
        let next = self.items.next();
        next.map(|item| seed.deserialize(Text(item.get(), self.depth))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// The entries of an object.
pub(super) struct Map<'de> {
    pub(super) entries: std::vec::IntoIter<(Cow<'de, str>, &'de RawValue)>,
    pub(super) value: Option<&'de RawValue>,
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
        seed.deserialize(Text(self.value.take().map_or("null", RawValue::get), self.depth))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// The entries of a map that is written as pairs.
pub(super) struct PairMap<'de> {
    pub(super) pairs: std::vec::IntoIter<(&'de RawValue, &'de RawValue)>,
    pub(super) value: Option<&'de RawValue>,
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
        seed.deserialize(Text(key.get(), self.depth)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        seed.deserialize(Text(self.value.take().map_or("null", RawValue::get), self.depth))
    }
}

/// A variant of an enum, with its content if it has any.
pub(super) struct Variant<'de> {
    pub(super) name: Cow<'de, str>,
    pub(super) content: Option<Text<'de>>,
}

impl<'de> de::EnumAccess<'de> for Variant<'de> {
    type Error = ReadError;
    type Variant = Content<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Content<'de>), ReadError> {
        let name: StrDeserializer<'_, ReadError> = (*self.name).into_deserializer();
        Ok((seed.deserialize(name)?, Content(self.content)))
    }
}

pub(super) struct Content<'de>(Option<Text<'de>>);

impl<'de> de::VariantAccess<'de> for Content<'de> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        match self.0 {
            None | Some(Text("null", _)) => Ok(()),
            Some(_) => Err(de::Error::invalid_type(
                de::Unexpected::Other("a variant with content"),
                &"a unit variant",
            )),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ReadError> {
        match self.0 {
            Some(content) => seed.deserialize(content),
            None => Err(de::Error::invalid_type(de::Unexpected::UnitVariant, &"a newtype variant")),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ReadError> {
        match self.0 {
            Some(content) => content.deserialize_any(visitor),
            None => Err(de::Error::invalid_type(de::Unexpected::UnitVariant, &"a tuple variant")),
        }
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.0 {
            Some(content) => content.deserialize_any(visitor),
            None => Err(de::Error::invalid_type(de::Unexpected::UnitVariant, &"a struct variant")),
        }
    }
}
