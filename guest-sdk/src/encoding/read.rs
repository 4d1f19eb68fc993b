//! From text to a value.
//!
//! A [`Text`] is one unparsed JSON value; its content is parsed only on request.

mod collections;
mod keys;
mod variant;

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeOwned, Deserializer, Visitor};
use serde_json::value::RawValue;

use self::collections::{Items, Map, PairMap};
use self::variant::Variant;
use super::SOME_BEGINS;

/// Why a value cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReadError {
    text: String,
    /// The missing field of a struct, if that is the error.
    pub(crate) missing: Option<&'static str>,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { text: message.to_string(), missing: None }
    }

    fn invalid_type(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        match unexpected {
            de::Unexpected::Unit => {
                Self::custom(format!("invalid type: null, expected {expected}"))
            }
            other => Self::custom(format!("invalid type: {other}, expected {expected}")),
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self { text: format!("missing field `{field}`"), missing: Some(field) }
    }
}

impl From<serde_json::Error> for ReadError {
    fn from(error: serde_json::Error) -> Self {
        de::Error::custom(error)
    }
}

/// How many levels of values may be nested, as in `serde_json`.
const MAX_DEPTH: u8 = 128;

/// How many more levels may be nested in a value.
#[derive(Clone, Copy)]
struct Depth {
    values: u8,
    /// Levels that add no text, such as options. `struct L(Option<Box<L>>)` can nest these without end.
    same: u8,
}

impl Depth {
    const WHOLE: Self = Self { values: MAX_DEPTH, same: MAX_DEPTH };

    /// The depth for a value inside this one.
    fn deeper(self) -> Result<Self, ReadError> {
        let values = self.values.checked_sub(1).ok_or_else(too_deep)?;
        Ok(Self { values, ..Self::WHOLE })
    }

    /// The depth for an inner value with the same text.
    fn same(self) -> Result<Self, ReadError> {
        let same = self.same.checked_sub(1).ok_or_else(too_deep)?;
        Ok(Self { same, ..self })
    }
}

fn too_deep() -> ReadError {
    de::Error::custom(format!("values are inside of others more than {MAX_DEPTH} deep"))
}

/// Reads a value. Text of any content is an error at worst.
pub(crate) fn read<T: DeserializeOwned>(json: &str) -> Result<T, ReadError> {
    let text: &RawValue = serde_json::from_str(json)?;
    T::deserialize(Text(text.get(), Depth::WHOLE))
}

/// The valid JSON text of one value, without surrounding space, and the remaining depth.
#[derive(Clone, Copy)]
struct Text<'de>(&'de str, Depth);

/// A map's entries; a list of pairs if keys are not text.
#[derive(Deserialize)]
#[serde(transparent)]
struct Pairs<'a>(#[serde(borrow)] Vec<(&'a RawValue, &'a RawValue)>);

/// An object's entries in their order.
struct Entries<'de>(Vec<(Cow<'de, str>, &'de RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    entries.push((key, map.next_value()?));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(All)
    }
}

/// Text, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Text<'de> {
    fn first(self) -> u8 {
        self.0.bytes().next().unwrap_or(b'n')
    }

    fn string(self) -> Result<Cow<'de, str>, ReadError> {
        let Key(text) = serde_json::from_str(self.0)?;
        Ok(text)
    }

    /// The content of `{"$some":…}`.
    fn inside_some(self) -> Option<&'de str> {
        let inside = self.0.strip_prefix(SOME_BEGINS)?.strip_suffix('}')?;
        serde_json::from_str::<&RawValue>(inside).ok().map(RawValue::get)
    }

    fn float(self) -> Option<f64> {
        match self.0 {
            r#""NaN""# => Some(f64::NAN),
            r#""inf""# => Some(f64::INFINITY),
            r#""-inf""# => Some(f64::NEG_INFINITY),
            _ => None,
        }
    }

    fn number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        number(self.0, visitor)
    }

    fn list<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let depth = self.1.deeper()?;
        let all: Vec<&RawValue> = serde_json::from_str(self.0)?;
        let count = all.len();
        let mut items = Items { items: all.into_iter(), depth };
        let value = visitor.visit_seq(&mut items)?;
        match items.items.len() {
            0 => Ok(value),
            _ => Err(de::Error::invalid_length(count, &"fewer elements")),
        }
    }

    fn object<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let depth = self.1.deeper()?;
        let Entries(all) = serde_json::from_str(self.0)?;
        visitor.visit_map(Map { entries: all.into_iter(), value: None, depth })
    }
}

/// Visits a number as `u64`, `i64` or `f64`: the first that it fits into.
fn number<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, ReadError> {
    if let Ok(value) = text.parse::<u64>() {
        visitor.visit_u64(value)
    } else if let Ok(value) = text.parse::<i64>()
        && text != "-0"
    {
        visitor.visit_i64(value)
    } else if let Ok(value) = text.parse::<f64>() {
        visitor.visit_f64(value)
    } else {
        Err(de::Error::custom(format!("`{text}` is not a number")))
    }
}

macro_rules! forward_any {
    ($($name:ident)*) => {$(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            self.deserialize_any(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.first() {
            b'n' => visitor.visit_unit(),
            b't' => visitor.visit_bool(true),
            b'f' => visitor.visit_bool(false),
            b'"' => match self.string()? {
                Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
                Cow::Owned(text) => visitor.visit_string(text),
            },
            b'[' => self.list(visitor),
            b'{' => self.object(visitor),
            _ => self.number(visitor),
        }
    }

    forward_any! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_char deserialize_str deserialize_string
        deserialize_unit deserialize_seq deserialize_identifier deserialize_ignored_any
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0.parse() {
            Ok(value) => visitor.visit_i128(value),
            Err(_) => self.deserialize_any(visitor),
        }
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0.parse() {
            Ok(value) => visitor.visit_u128(value),
            Err(_) => self.deserialize_any(visitor),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.float() {
            Some(value) => visitor.visit_f64(value),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_byte_buf(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.first() != b'[' {
            return self.deserialize_any(visitor);
        }
        match serde_json::from_str(self.0) {
            Ok(bytes) => visitor.visit_byte_buf(bytes),
            Err(_) => self.list(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.0 == "null" {
            visitor.visit_none()
        } else {
            visitor.visit_some(match self.inside_some() {
                Some(inside) => Self(inside, self.1.deeper()?),
                None => Self(self.0, self.1.same()?),
            })
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if name == "$serde_json::private::RawValue" {
            // The value is the text itself, which `serde_json` passes to the visitor.
            return Ok(serde_json::Deserializer::from_str(self.0)
                .deserialize_newtype_struct(name, visitor)?);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_any(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_any(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.first() == b'['
            && let Ok(Pairs(pairs)) = serde_json::from_str(self.0)
        {
            let depth = self.1.deeper()?;
            return visitor.visit_map(PairMap { pairs: pairs.into_iter(), value: None, depth });
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let _ = (name, variants);
        match self.first() {
            b'"' => visitor.visit_enum(Variant { name: self.string()?, content: None }),
            b'{' => {
                let depth = self.1.deeper()?;
                let Entries(all) = serde_json::from_str(self.0)?;
                let Ok([(name, content)]) = <[_; 1]>::try_from(all) else {
                    let message = "a variant with its content, an object with one key, is expected";
                    return Err(de::Error::custom(message));
                };
                visitor.visit_enum(Variant { name, content: Some(Text(content.get(), depth)) })
            }
            _ => self.deserialize_any(visitor),
        }
    }
}
