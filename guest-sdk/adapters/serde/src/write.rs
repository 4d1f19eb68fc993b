//! Writes values.

use hmr_state::Value;
use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use crate::Error;

/// Writes one value.
pub(crate) struct Writer;

macro_rules! numbers {
    ($($method:ident $type:ty;)*) => {$(
        fn $method(self, number: $type) -> Result<Value, Error> {
            Ok(Value::Number(number.to_string()))
        }
    )*};
}

macro_rules! floats {
    ($($method:ident $type:ty;)*) => {$(
        fn $method(self, number: $type) -> Result<Value, Error> {
            let text = number.to_string();
            Ok(if number.is_finite() { Value::Number(text) } else { Value::Text(text) })
        }
    )*};
}

impl Serializer for Writer {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Entries;
    type SerializeStruct = Entries;
    type SerializeStructVariant = Entries;

    numbers! {
        serialize_i8 i8; serialize_i16 i16; serialize_i32 i32; serialize_i64 i64; serialize_i128 i128;
        serialize_u8 u8; serialize_u16 u16; serialize_u32 u32; serialize_u64 u64; serialize_u128 u128;
    }
    floats! { serialize_f32 f32; serialize_f64 f64; }

    fn serialize_bool(self, value: bool) -> Result<Value, Error> {
        Ok(Value::Bool(value))
    }

    fn serialize_char(self, value: char) -> Result<Value, Error> {
        Ok(Value::Text(value.to_string()))
    }

    fn serialize_str(self, value: &str) -> Result<Value, Error> {
        Ok(Value::from(value))
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Value, Error> {
        Ok(Value::Array(bytes.iter().map(|byte| Value::Number(byte.to_string())).collect()))
    }

    fn serialize_none(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Value, Error> {
        Ok(Value::from(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        Ok(of_variant(Some(variant), value.serialize(self)?))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items, Error> {
        Ok(Items::new(None))
    }

    fn serialize_tuple(self, _: usize) -> Result<Items, Error> {
        Ok(Items::new(None))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items, Error> {
        Ok(Items::new(None))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items, Error> {
        Ok(Items::new(Some(variant)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries, Error> {
        Ok(Entries::new(None))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Entries, Error> {
        Ok(Entries::new(None))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Entries, Error> {
        Ok(Entries::new(Some(variant)))
    }
}

/// `{"Name":…}`
fn of_variant(variant: Option<&'static str>, value: Value) -> Value {
    match variant {
        Some(name) => Value::Object(vec![(name.to_owned(), value)]),
        None => value,
    }
}

/// An array that is being written.
pub(crate) struct Items {
    variant: Option<&'static str>,
    items: Vec<Value>,
}

impl Items {
    fn new(variant: Option<&'static str>) -> Self {
        Self { variant, items: Vec::new() }
    }

    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.items.push(value.serialize(Writer)?);
        Ok(())
    }

    fn into_value(self) -> Value {
        of_variant(self.variant, Value::Array(self.items))
    }
}

macro_rules! arrays {
    ($($trait:ident $method:ident;)*) => {$(
        impl $trait for Items {
            type Ok = Value;
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.push(value)
            }

            fn end(self) -> Result<Value, Error> {
                Ok(self.into_value())
            }
        }
    )*};
}

arrays! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

/// An object that is being written.
pub(crate) struct Entries {
    variant: Option<&'static str>,
    entries: Vec<(Value, Value)>,
}

impl Entries {
    fn new(variant: Option<&'static str>) -> Self {
        Self { variant, entries: Vec::new() }
    }

    fn push<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Error> {
        self.entries.push((Value::from(name), value.serialize(Writer)?));
        Ok(())
    }

    fn into_value(self) -> Value {
        let is_object = self.entries.iter().all(|(key, _)| key.as_text().is_some());
        let value = if is_object {
            let name = |key: Value| match key {
                Value::Text(name) => name,
                other => other.to_json(),
            };
            Value::Object(self.entries.into_iter().map(|(key, it)| (name(key), it)).collect())
        } else {
            let pair = |(key, value)| Value::Array(vec![key, value]);
            Value::Array(self.entries.into_iter().map(pair).collect())
        };
        of_variant(self.variant, value)
    }
}

impl SerializeMap for Entries {
    type Ok = Value;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.entries.push((key.serialize(Writer)?, Value::Null));
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let value = value.serialize(Writer)?;
        match self.entries.last_mut() {
            Some(entry) => entry.1 = value,
            None => return Err(Error("a value of a map without a key".to_owned())),
        }
        Ok(())
    }

    fn end(self) -> Result<Value, Error> {
        Ok(self.into_value())
    }
}

macro_rules! objects {
    ($($trait:ident)*) => {$(
        impl $trait for Entries {
            type Ok = Value;
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                self.push(name, value)
            }

            fn end(self) -> Result<Value, Error> {
                Ok(self.into_value())
            }
        }
    )*};
}

objects!(SerializeStruct SerializeStructVariant);
