//! From text to a value.
//!
//! A [`Text`] is one unparsed JSON value; its content is parsed only on request.

mod collections;
mod keys;
mod variant;

use std::borrow::Cow;

use serde::de::{self, DeserializeOwned, Deserializer, Visitor};

use self::collections::{Items, Map, PairMap};
use self::variant::Variant;
use super::error::ReadError;
use super::raw::{RAW, Raw};
use super::{SOME_BEGINS, scan};

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
    T::deserialize(Text(scan::value(json)?, Depth::WHOLE))
}

/// The valid JSON text of one value, without surrounding space, and the remaining depth.
#[derive(Clone, Copy)]
struct Text<'de>(&'de str, Depth);

impl<'de> Text<'de> {
    fn first(self) -> u8 {
        self.0.bytes().next().unwrap_or(b'n')
    }

    fn string(self) -> Result<Cow<'de, str>, ReadError> {
        scan::string(self.0)
    }

    /// The content of `{"$some":…}`.
    fn inside_some(self) -> Option<&'de str> {
        let inside = self.0.strip_prefix(SOME_BEGINS)?.strip_suffix('}')?;
        scan::value(inside).ok()
    }

    fn float(self) -> Option<f64> {
        match self.0 {
            r#""NaN""# => Some(f64::NAN),
            r#""inf""# => Some(f64::INFINITY),
            r#""-inf""# => Some(f64::NEG_INFINITY),
            _ => None,
        }
    }

    /// A value that is not a number.
    fn simple<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.first() {
            b'n' => visitor.visit_unit(),
            b't' => visitor.visit_bool(true),
            b'f' => visitor.visit_bool(false),
            b'"' => match self.string()? {
                Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
                Cow::Owned(text) => visitor.visit_string(text),
            },
            b'[' => self.list(visitor),
            _ => self.object(visitor),
        }
    }

    /// A value for a type that is not a number.
    fn not_a_number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.first() {
            b'-' | b'0'..=b'9' => integer(self.0, visitor),
            _ => self.simple(visitor),
        }
    }

    /// The entries of a map that is written as pairs.
    fn pairs(self) -> Option<Vec<(&'de str, &'de str)>> {
        let pair = |text| <[&str; 2]>::try_from(scan::items(text).ok()?).ok();
        let pairs = scan::items(self.0).ok()?.into_iter();
        pairs.map(|text| pair(text).map(|[key, value]| (key, value))).collect()
    }

    fn list<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let depth = self.1.deeper()?;
        let all = scan::items(self.0)?;
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
        let all = scan::entries(self.0)?;
        visitor.visit_map(Map { entries: all.into_iter(), value: None, depth })
    }
}

/// Visits a number as `u64`, `i64` or `f64`: the first that it fits into.
fn number<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, ReadError> {
    if text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) || text == "-0" {
        float(text, visitor)
    } else if let Ok(value) = text.parse::<u64>() {
        visitor.visit_u64(value)
    } else if let Ok(value) = text.parse::<i64>() {
        visitor.visit_i64(value)
    } else {
        float(text, visitor)
    }
}

fn float<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, ReadError> {
    match text.parse::<f64>() {
        Ok(value) => visitor.visit_f64(value),
        Err(_) => Err(not_a_number(text)),
    }
}

/// Visits a number for a type that is an integer. Without the code that reads other numbers, which is large.
fn integer<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, ReadError> {
    if let Ok(value) = text.parse::<u64>() {
        visitor.visit_u64(value)
    } else if let Ok(value) = text.parse::<i64>()
        && text != "-0"
    {
        visitor.visit_i64(value)
    } else {
        Err(ReadError::of(format!(
            "invalid type: floating point `{text}`, expected {}",
            &visitor as &dyn de::Expected
        )))
    }
}

fn not_a_number(text: &str) -> ReadError {
    ReadError::of(format!("`{text}` is not a number"))
}

macro_rules! integers {
    ($($name:ident)*) => {$(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            match self.first() {
                b'-' | b'0'..=b'9' => integer(self.0, visitor),
                _ => self.simple(visitor),
            }
        }
    )*};
}

macro_rules! forward_simple {
    ($($name:ident)*) => {$(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            self.not_a_number(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.first() {
            b'-' | b'0'..=b'9' => number(self.0, visitor),
            _ => self.simple(visitor),
        }
    }

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32
        deserialize_u64
    }

    forward_simple! {
        deserialize_bool deserialize_char deserialize_str deserialize_string deserialize_unit deserialize_seq
        deserialize_identifier
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_unit()
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0.parse() {
            Ok(value) => visitor.visit_i128(value),
            Err(_) => self.deserialize_i64(visitor),
        }
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0.parse() {
            Ok(value) => visitor.visit_u128(value),
            Err(_) => self.deserialize_u64(visitor),
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
            return self.not_a_number(visitor);
        }
        let bytes = scan::items(self.0)?.into_iter().map(str::parse).collect();
        match bytes {
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
        self.not_a_number(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if name == RAW {
            // The value is the text itself, which `serde_json` passes to the visitor.
            return visitor.visit_map(Raw(Some(self.0)));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.not_a_number(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.not_a_number(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.first() == b'['
            && let Some(pairs) = self.pairs()
        {
            let depth = self.1.deeper()?;
            return visitor.visit_map(PairMap { pairs: pairs.into_iter(), value: None, depth });
        }
        self.not_a_number(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.not_a_number(visitor)
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
                let all = scan::entries(self.0)?;
                let Ok([(name, content)]) = <[_; 1]>::try_from(all) else {
                    let message = "a variant with its content, an object with one key, is expected";
                    return Err(de::Error::custom(message));
                };
                visitor.visit_enum(Variant { name, content: Some(Text(content, depth)) })
            }
            _ => self.not_a_number(visitor),
        }
    }
}
