//! JSON text as `serde_json`'s type for it, without parsing it again.

use serde::Deserialize;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::ReadError;

/// `serde_json`'s name for the struct that raw JSON text is written and read as, and for its one field.
pub(super) const RAW: &str = "$serde_json::private::RawValue";

/// JSON text that is known to be valid.
pub(crate) fn raw(text: &str) -> Box<RawValue> {
    // `serde_json` takes any text here.
    Box::<RawValue>::deserialize(Whole(text)).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

struct Whole<'de>(&'de str);

impl<'de> Deserializer<'de> for Whole<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_map(Raw(Some(self.0)))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Raw text as the map that `serde_json`'s type is read from.
pub(super) struct Raw<'de>(pub(super) Option<&'de str>);

impl<'de> MapAccess<'de> for Raw<'de> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        let key = self.0.map(|_| BorrowedStrDeserializer::new(RAW));
        key.map(|key| seed.deserialize(key)).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        seed.deserialize(BorrowedStrDeserializer::new(self.0.take().unwrap_or("null")))
    }
}
