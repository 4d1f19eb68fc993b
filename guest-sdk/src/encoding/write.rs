//! From a value to text.

use std::fmt;

use serde::ser::{self, Serialize};
use serde_json::value::RawValue;

use super::raw::{RAW, raw};
use super::{SOME_BEGINS, scan};

/// Why a value cannot be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WriteError(String);

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WriteError {}

impl ser::Error for WriteError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl From<serde_json::Error> for WriteError {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

/// Writes a value.
pub(crate) fn write<T: Serialize + ?Sized>(value: &T) -> Result<Box<RawValue>, WriteError> {
    text(value).map(|text| raw(&text))
}

/// The text of a value.
pub(crate) fn text<T: Serialize + ?Sized>(value: &T) -> Result<String, WriteError> {
    let mut writer = Writer::default();
    value.serialize(&mut writer)?;
    String::from_utf8(writer.0).map_err(|error| WriteError(error.to_string()))
}

#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn put(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A text in quotation marks.
    fn string(&mut self, text: &str) {
        self.put("\"");
        for byte in text.bytes() {
            match byte {
                b'"' => self.put("\\\""),
                b'\\' => self.put("\\\\"),
                b'\n' => self.put("\\n"),
                b'\r' => self.put("\\r"),
                b'\t' => self.put("\\t"),
                8 => self.put("\\b"),
                12 => self.put("\\f"),
                ..b' ' => self.put(&format!("\\u{byte:04x}")),
                _ => self.0.push(byte),
            }
        }
        self.put("\"");
    }

    fn float(
        &mut self,
        finite: bool,
        value: f64,
        write: impl FnOnce(&mut Self) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        if finite {
            return write(self);
        }
        self.string(&value.to_string());
        Ok(())
    }

    /// Begins the value of an enum's variant that holds something.
    fn variant(&mut self, name: &str, opening: &str) {
        self.put("{");
        self.string(name);
        self.put(":");
        self.put(opening);
    }
}

/// The content of brackets or braces.
struct Items<'a> {
    writer: &'a mut Writer,
    first: bool,
    closing: &'static str,
    form: Form,
    /// Where a map begins whose keys have been text so far, and those keys.
    start: usize,
    keys: Vec<KeyPlace>,
}

/// A key that is written as text.
struct KeyPlace {
    start: usize,
    end: usize,
    /// Whether it is a number or `bool`, which is in quotation marks only as a key.
    bare: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Usual,
    /// JSON text that is a value already.
    Raw,
    /// A map whose keys have been text so far.
    Map,
    /// A map with a key that is not text.
    Pairs,
}

impl<'a> Items<'a> {
    fn new(writer: &'a mut Writer, closing: &'static str) -> Self {
        Self { writer, first: true, closing, form: Form::Usual, start: 0, keys: Vec::new() }
    }

    fn next(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.writer.put(",");
        }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WriteError> {
        self.next();
        value.serialize(&mut *self.writer)
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), WriteError> {
        if self.form == Form::Raw {
            let quoted = text(value)?;
            let raw = scan::string(&quoted).map_err(|error| WriteError(error.to_string()))?;
            self.writer.put(&raw);
            return Ok(());
        }
        self.next();
        self.writer.string(name);
        self.writer.put(":");
        value.serialize(&mut *self.writer)
    }

    /// Writes the entries so far again, as pairs, because of a key that is not text.
    fn change_to_pairs(&mut self) {
        let written = self.writer.0.split_off(self.start);
        let mut rest = std::mem::take(&mut self.keys).into_iter().peekable();
        self.writer.put("[");
        while let Some(key) = rest.next() {
            let quotes = usize::from(key.bare);
            // Every value except the last is followed by a comma.
            let end = rest.peek().map_or(written.len(), |next| next.start - 1 - self.start);
            let (from, to) = (key.start - self.start, key.end - self.start);
            self.writer.put("[");
            self.writer.0.extend_from_slice(&written[from + quotes..to - quotes]);
            self.writer.put(",");
            self.writer.0.extend_from_slice(&written[to + 1..end]);
            self.writer.put(if rest.peek().is_some() { "]," } else { "]" });
        }
        (self.form, self.closing) = (Form::Pairs, "]");
    }

    fn finish(self) {
        self.writer.put(self.closing);
    }
}

macro_rules! displayed {
    ($($name:ident: $type:ty),*) => {$(
        fn $name(self, value: $type) -> Result<(), WriteError> {
            self.put(&value.to_string());
            Ok(())
        }
    )*};
}

impl<'a> ser::Serializer for &'a mut Writer {
    type Ok = ();
    type Error = WriteError;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Items<'a>;
    type SerializeMap = Items<'a>;
    type SerializeStruct = Items<'a>;
    type SerializeStructVariant = Items<'a>;

    displayed! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_u128: u128
    }

    fn serialize_char(self, value: char) -> Result<(), WriteError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), WriteError> {
        self.string(value);
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), WriteError> {
        self.float(value.is_finite(), value.into(), |it| {
            Ok(serde_json::to_writer(&mut it.0, &value)?)
        })
    }

    fn serialize_f64(self, value: f64) -> Result<(), WriteError> {
        self.float(value.is_finite(), value, |it| Ok(serde_json::to_writer(&mut it.0, &value)?))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), WriteError> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<(), WriteError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), WriteError> {
        let start = self.0.len();
        value.serialize(&mut *self)?;
        let written = &self.0[start..];
        if written == b"null" || written.starts_with(SOME_BEGINS.as_bytes()) {
            self.0.splice(start..start, SOME_BEGINS.bytes());
            self.put("}");
        }
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), WriteError> {
        self.put("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), WriteError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), WriteError> {
        self.string(variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), WriteError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), WriteError> {
        self.variant(variant, "");
        value.serialize(&mut *self)?;
        self.put("}");
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'a>, WriteError> {
        self.put("[");
        Ok(Items::new(self, "]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'a>, WriteError> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items<'a>, WriteError> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items<'a>, WriteError> {
        self.variant(variant, "[");
        Ok(Items::new(self, "]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Items<'a>, WriteError> {
        let start = self.0.len();
        self.put("{");
        Ok(Items { form: Form::Map, start, ..Items::new(self, "}") })
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Items<'a>, WriteError> {
        if name == RAW {
            return Ok(Items { form: Form::Raw, ..Items::new(self, "") });
        }
        self.put("{");
        Ok(Items::new(self, "}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items<'a>, WriteError> {
        self.variant(variant, "{");
        Ok(Items::new(self, "}}"))
    }
}

macro_rules! elements {
    ($($trait:ident $name:ident),*) => {$(
        impl ser::$trait for Items<'_> {
            type Ok = ();
            type Error = WriteError;

            fn $name<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WriteError> {
                self.element(value)
            }

            fn end(self) -> Result<(), WriteError> {
                self.finish();
                Ok(())
            }
        }
    )*};
}

elements!(
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
);

macro_rules! fields {
    ($($trait:ident),*) => {$(
        impl ser::$trait for Items<'_> {
            type Ok = ();
            type Error = WriteError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), WriteError> {
                self.field(name, value)
            }

            fn end(self) -> Result<(), WriteError> {
                self.finish();
                Ok(())
            }
        }
    )*};
}

fields!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Items<'_> {
    type Ok = ();
    type Error = WriteError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), WriteError> {
        let text = if self.form == Form::Pairs { None } else { key_text(key).ok() };
        if text.is_none() && self.form == Form::Map {
            self.change_to_pairs();
        }
        self.next();
        let Some(text) = text else {
            self.writer.put("[");
            return key.serialize(&mut *self.writer);
        };
        let start = self.writer.0.len();
        self.writer.put(&text);
        let place = KeyPlace { start, end: self.writer.0.len(), bare: is_bare(&text, key)? };
        self.keys.push(place);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WriteError> {
        self.writer.put(if self.form == Form::Pairs { "," } else { ":" });
        value.serialize(&mut *self.writer)?;
        if self.form == Form::Pairs {
            self.writer.put("]");
        }
        Ok(())
    }

    fn end(self) -> Result<(), WriteError> {
        self.finish();
        Ok(())
    }
}

/// A key as `serde_json` makes text of it, in quotation marks; an error if it cannot.
fn key_text<T: Serialize + ?Sized>(key: &T) -> Result<String, WriteError> {
    let entry = serde_json::to_string(&Entry(key))?;
    let text = entry.strip_prefix('{').and_then(|rest| rest.strip_suffix(":null}"));
    text.map(str::to_owned).ok_or_else(|| ser::Error::custom("a key is not text"))
}

/// Whether a key, with this text, is a number or `bool`.
fn is_bare<T: Serialize + ?Sized>(text: &str, key: &T) -> Result<bool, WriteError> {
    // Most text does not look like one.
    let looks = text[1..].starts_with(|first: char| first.is_ascii_digit() || first == '-')
        || matches!(text, "\"true\"" | "\"false\"");
    if !looks {
        return Ok(false);
    }
    let mut alone = Writer::default();
    key.serialize(&mut alone)?;
    Ok(!alone.0.starts_with(b"\""))
}

/// A map with one key, whose value is `null`.
struct Entry<'a, T: ?Sized>(&'a T);

impl<T: Serialize + ?Sized> Serialize for Entry<'_, T> {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        ser::SerializeMap::serialize_entry(&mut map, self.0, &())?;
        ser::SerializeMap::end(map)
    }
}
