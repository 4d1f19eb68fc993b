//! Reads values.

use hmr_state::Value;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, Unexpected,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use crate::Error;

/// Reads one value.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'de>(pub(crate) &'de Value);

impl<'de> Reader<'de> {
    fn array<V: Visitor<'de>>(items: &'de [Value], visitor: V) -> Result<V::Value, Error> {
        let mut items = SeqDeserializer::new(items.iter().map(Reader));
        let value = visitor.visit_seq(&mut items)?;
        items.end()?;
        Ok(value)
    }

    fn map<V: Visitor<'de>>(
        entries: impl Iterator<Item = (Key<'de>, Reader<'de>)>,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let mut entries = MapDeserializer::new(entries);
        let value = visitor.visit_map(&mut entries)?;
        entries.end()?;
        Ok(value)
    }

    fn object<V: Visitor<'de>>(
        entries: &'de [(String, Value)],
        visitor: V,
    ) -> Result<V::Value, Error> {
        Self::map(entries.iter().map(|(name, it)| (Key::Name(name), Reader(it))), visitor)
    }

    /// A number as the smallest type that has it.
    fn number<V: Visitor<'de>>(number: &str, visitor: V) -> Result<V::Value, Error> {
        if let Ok(number) = number.parse() {
            visitor.visit_u64(number)
        } else if let Ok(number) = number.parse() {
            visitor.visit_i64(number)
        } else if let Ok(number) = number.parse() {
            visitor.visit_u128(number)
        } else if let Ok(number) = number.parse() {
            visitor.visit_i128(number)
        } else if let Ok(number) = number.parse() {
            visitor.visit_f64(number)
        } else {
            Err(Error::invalid_value(Unexpected::Other(number), &visitor))
        }
    }
}

macro_rules! floats {
    ($($method:ident $visit:ident $type:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.0 {
                Value::Number(text) | Value::Text(text) => match text.parse::<$type>() {
                    Ok(number) => visitor.$visit(number),
                    Err(_) => self.deserialize_any(visitor),
                },
                _ => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => Self::number(number, visitor),
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => Self::array(items, visitor),
            Value::Object(entries) => Self::object(entries, visitor),
        }
    }

    floats! { deserialize_f32 visit_f32 f32; deserialize_f64 visit_f64 f64; }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Value::Array(pairs) = self.0 else { return self.deserialize_any(visitor) };
        let pair = |pair: &'de Value| match pair.as_array() {
            Some([key, value]) => Some((Key::Value(Reader(key)), Reader(value))),
            _ => None,
        };
        match pairs.iter().map(pair).collect::<Option<Vec<_>>>() {
            Some(pairs) => Self::map(pairs.into_iter(), visitor),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Text(name) => visitor.visit_enum(Variant { name, content: &Value::Null }),
            Value::Object(entries) if entries.len() == 1 => {
                let (name, content) = &entries[0];
                visitor.visit_enum(Variant { name, content })
            }
            other => Err(Error::invalid_type(Unexpected::Other(other.kind()), &"a variant")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Error> for Reader<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The key of an entry.
enum Key<'de> {
    Name(&'de str),
    Value(Reader<'de>),
}

impl<'de> IntoDeserializer<'de, Error> for Key<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Name(name) => visitor.visit_borrowed_str(name),
            Self::Value(key) => key.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Name(_) => visitor.visit_some(self),
            Self::Value(key) => key.deserialize_option(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Self::Name(name) => visitor.visit_enum(Variant { name, content: &Value::Null }),
            Self::Value(key) => key.deserialize_enum(name, variants, visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// A variant of an enum.
struct Variant<'de> {
    name: &'de str,
    content: &'de Value,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Error;
    type Variant = Reader<'de>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Reader<'de>), Error> {
        let name = seed.deserialize(Key::Name(self.name))?;
        Ok((name, Reader(self.content)))
    }
}

impl<'de> VariantAccess<'de> for Reader<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.0 {
            Value::Null => Ok(()),
            other => Err(Error::invalid_type(
                Unexpected::Other(other.kind()),
                &"a variant without fields",
            )),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }
}
